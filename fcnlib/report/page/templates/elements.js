"use strict";
// What the scripts of the page's parts share: elements, links within the page, and its data.

// An element with text or elements in it; nothing is ever read as markup. What it has as a property
// is set, `on...` listens to an event, and all else is an attribute.
const element = (name, properties = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
};

const svgElement = (name, attributes = {}, ...children) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

const button = (label, onclick, properties = {}) =>
  element("button", { type: "button", onclick, ...properties }, label);

const columnHeading = (heading) => element("th", { scope: "col" }, heading);

// A link to another place of the page, with values of the address that it is to have there.
const placeLink = (text, place, changes = {}) => {
  const values = Object.entries(changes).map((pair) => pair.map(encodeURIComponent).join("="));
  return element("a", {
    href: `#${[place, ...values].join("&")}`,
    onclick: (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      pageState.go(place, changes);
      document.getElementById(place)?.querySelector("summary")?.focus({ preventScroll: true });
    },
  }, text);
};

// The value of a block of JSON, which is read once, when it is first asked for.
const jsonOf = (() => {
  const values = new Map();
  return (block) => {
    if (!values.has(block)) values.set(block, JSON.parse(block.textContent));
    return values.get(block);
  };
})();

// What is packed as base64 of "gzip" or "deflate".
const unpacked = (text, format) => {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format)));
};
