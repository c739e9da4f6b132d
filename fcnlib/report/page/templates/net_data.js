"use strict";
// What the page knows of each net: its blocks of JSON, each read when it is first asked for.
const netData = (() => {
  const blocks = new Map();
  const block = (id) => {
    if (!blocks.has(id)) {
      blocks.set(id, JSON.parse(document.getElementById(id)?.textContent ?? "{}"));
    }
    return blocks.get(id);
  };
  return {
    // A task of a net with its classes and image IDs, or undefined.
    task(experiment, name) {
      const { tasks = {} } = block(`net-data-${experiment}`);
      const task = tasks[name ?? Object.keys(tasks)[0]];
      return task && {
        ...task,
        key: `${task.classes}/${task.kept ?? ""}`,  // equal where classes are the same
        ids: block("net-images")[task.images] ?? [],
        ...block("net-classes")[task.classes],
      };
    },
    tasks: (experiment) => Object.keys(block(`net-data-${experiment}`).tasks ?? {}),
    curve: (experiment) => block(`net-data-${experiment}`).curve,
    claims: (experiment) => block(`net-data-${experiment}`).claims ?? [],
  };
})();

// An element with text or elements in it; nothing is ever read as markup.
const element = (name, attributes = {}, ...content) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...content);
  return made;
};

// A link to another part of the page, with the state that it is to be in.
const placeLink = (text, place, changes = {}) => element("a", {
  href: `#${place}&${Object.entries(changes).map((pair) => pair.map(encodeURIComponent).join("="))
    .join("&")}`.replace(/&$/, ""),
  onclick: (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    pageState.go(place, changes);
    document.getElementById(place)?.querySelector("summary")?.focus({ preventScroll: true });
  },
}, text);

// An image's ID; where the table's image browser has the image, a link to it with the net's labels.
const imageLink = (() => {
  const browsers = new Map();  // by table
  const browserOf = (table) => {
    if (!browsers.has(table)) {
      const block = document.querySelector(`#more-${CSS.escape(table)}-browser > script`);
      browsers.set(table, block ? JSON.parse(block.textContent) : { images: [], tasks: [] });
    }
    return browsers.get(table);
  };
  return (id, { table, task, row }, changes = {}) => {
    const { images, tasks } = browserOf(table);
    const place = images.findIndex(({ name }) => name === id);
    const net = tasks.find(({ name }) => name === task)?.nets.indexOf(row) ?? -1;
    if (place < 0 || net < 0) return element("span", {}, id);
    const state = `task.${task},right.${net},image.${place}`;
    return placeLink(id, `more-${table}-browser`, { ...changes, [`images.${table}`]: state });
  };
})();

const percentText = (share) => {
  const percent = 100 * share;
  return percent > 0 && percent < 0.05 ? "< 0.1 %" : `${percent.toFixed(1)} %`;
};
const countText = (number) => number.toLocaleString("en-US");
