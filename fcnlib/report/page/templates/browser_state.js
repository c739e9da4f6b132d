"use strict";
// What an image browser shows: a task, what is on its left and right, and an image, in an order of
// all images. In the address it is NAME.VALUE,NAME.VALUE with the names of `initial`, of values
// that are not as at first: task.geometric,view.swipe,hidden.3-4
const VOID = 255;  // the label of pixels that do not count

class BrowserState {
  constructor(data) {
    this.data = data;
    this.tasks = new Map(data.tasks.map((task) => [task.name, task]));
    this.state = this.initial();
  }

  // What is shown at first: the truth beside the best net, of the image that it does worst.
  initial(task = this.data.tasks[0].name) {
    return {
      task, left: "truth", right: this.best(task), view: "pair", opacity: 60, at: 50, errors: false,
      sort: "iu", descending: false, hidden: new Set(), image: null,
    };
  }

  // The net with the best mean IU of all test images, as in the table, or of all nets but one.
  best(task, without) {
    const { mean_iu: means } = this.tasks.get(task);
    const others = [...means.keys()].filter((net) => net !== without);
    return others.reduce((a, b) => ((means[b] ?? -1) > (means[a] ?? -1) ? b : a));
  }

  get task() { return this.tasks.get(this.state.task); }

  // The net that images are sorted by.
  get judged() {
    const { left, right } = this.state;
    return [right, left, this.best(this.state.task)].find(Number.isInteger);
  }

  // What an image is sorted by; undefined: nothing to sort by, so it comes last.
  value(image) {
    const { sort, left } = this.state;
    const { mean_iu: means, class_iu: classes } = this.task.images[image];
    if (sort === "iu") return means[this.judged] ?? undefined;
    if (sort !== "gain") return classes[this.judged][sort];
    const [a, b] = [means[left], means[this.judged]];
    return a == null || b == null ? undefined : a - b;
  }

  get order() {
    const sign = this.state.descending ? -1 : 1;
    const values = this.data.images.map((_, image) => this.value(image));
    return [...values.keys()].sort((a, b) => {
      if (values[a] === undefined || values[b] === undefined) {
        return (values[a] === undefined) - (values[b] === undefined) || a - b;
      }
      return sign * (values[a] - values[b]) || a - b;
    });
  }

  get image() { return this.state.image ?? this.order[0]; }

  label(side) {
    return { truth: "Truth", photograph: "Photograph" }[side] ?? this.task.nets[side];
  }

  // A change; of what images are sorted by, it begins with the first again.
  change(changes) {
    const again = ["sort", "descending", "task"].some((key) => key in changes);
    Object.assign(this.state, again ? { image: null } : {}, changes);
    const { left, right, sort } = this.state;
    if (sort === "gain" && ![left, right].every(Number.isInteger)) this.state.sort = "iu";
  }

  get address() {
    const first = { ...this.initial(this.state.task), task: this.data.tasks[0].name };
    return Object.entries(this.state).filter(([key, value]) =>
      (value instanceof Set ? value.size : value !== first[key])).map(([key, value]) =>
      `${key}.${value instanceof Set ? [...value].join("-") : Number(value) || value}`).join(",");
  }

  // What an address says, as far as there is such a thing.
  restore(text) {
    const given = Object.fromEntries(text.split(",").filter(Boolean).map((part) => {
      const at = part.indexOf(".");
      return [part.slice(0, at), part.slice(at + 1)];
    }));
    const number = (key, above) => {
      const found = Number(given[key]);
      return given[key] && Number.isInteger(found) && found >= 0 && found < above ? found : null;
    };
    const state = this.initial(this.tasks.has(given.task) ? given.task : undefined);
    const { nets, classes } = this.tasks.get(state.task);
    for (const side of ["left", "right"]) {
      if (["truth", "photograph"].includes(given[side])) state[side] = given[side];
      else state[side] = number(side, nets.length) ?? state[side];
    }
    if (["swipe", "all"].includes(given.view)) state.view = given.view;
    state.opacity = number("opacity", 101) ?? state.opacity;
    state.at = number("at", 101) ?? state.at;
    state.image = number("image", this.data.images.length);
    state.errors = given.errors === "1" || given.errors === "true";
    state.descending = given.descending === "1" || given.descending === "true";
    const both = [state.left, state.right].every(Number.isInteger);
    if (given.sort === "gain" && both) state.sort = "gain";
    else if (number("sort", classes.length) !== null) state.sort = given.sort;
    state.hidden = new Set((given.hidden ?? "").split("-").filter(Boolean).map(Number)
      .filter((index) => index === VOID || index < classes.length));
    this.state = state;
  }
}

// An image's ID; where the table's image browser has the image, a link to it with the net's labels.
const imageLink = (id, { table, task, experiment }, changes = {}) => {
  const place = `more-${table}-browser`;
  const block = document.querySelector(`#${CSS.escape(place)} > script`);
  const { images, tasks } = block ? jsonOf(block) : { images: [], tasks: [] };
  const image = images.findIndex(({ name }) => name === id);
  const net = tasks.find(({ name }) => name === task)?.experiments.indexOf(experiment) ?? -1;
  if (image < 0 || net < 0) return element("span", {}, id);
  const state = `task.${task},right.${net},image.${image}`;
  return placeLink(id, place, { ...changes, [`images.${table}`]: state });
};
