"use strict";
// Shows a table's test images with the truth and the labels of its nets, side by side, one over the
// other, or all at once. What the page has of a table is read when its browser is opened.
{
  const VOID = 255;
  const VOID_COLOUR = "{{ void }}";
  const KEPT = 8;  // images that stay decoded
  const KEYS = "Keys: \u2190 \u2192 image, 1\u20139 net on the right, T truth on the left, P photograph, "
    + "X exchange, S swipe, A all, E errors only, + \u2212 opacity.";

  const photograph = (place) => document.getElementById(`photograph-${place}`).textContent;

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

  const loaded = async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    return image;
  };

  // The label maps of an image, [1 + nets, height, width]: no picture, as browsers that hide what
  // they are alter the pixels that a script reads from one.
  const unpacked = async (text) => {
    const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };

  const percent = (iu) => (iu === null || iu === undefined ? "\u2013" : `${iu.toFixed(1)}\u202f%`);
  const points = (gain) => `${gain < 0 ? "\u2212" : "+"}${Math.abs(gain).toFixed(1)}`;

  class Browser {
    constructor(details) {
      this.name = details.dataset.table;
      this.title = details.dataset.title;
      this.data = JSON.parse(details.querySelector("script").textContent);
      this.tasks = this.data.tasks.map((task) => task.name);
      this.data.tasks = Object.fromEntries(this.data.tasks.map((task) => [task.name, task]));
      this.root = element("div", { onkeydown: (event) => this.key(event) });
      this.kept = new Map();
      this.drawn = 0;
      this.state = this.initial();
      this.build();
      details.append(this.root);
    }

    // What is shown at first: the truth beside the best net, of the image that it does worst.
    initial(task = this.tasks[0]) {
      const nets = this.data.tasks[task].nets.map((_, net) => net);
      const best = nets.reduce((a, b) => (this.mean(task, b) > this.mean(task, a) ? b : a), 0);
      return {
        task, left: "truth", right: best, view: "pair", opacity: 60, at: 50, errors: false,
        sort: "iu", descending: false, hidden: new Set(), image: null,
      };
    }

    mean(task, net) {
      const scores = this.data.tasks[task].images.map((image) => image.mean_iu[net] ?? 0);
      return scores.reduce((a, b) => a + b, 0) / scores.length;
    }

    get task() { return this.data.tasks[this.state.task]; }

    // The net that images are sorted by.
    get judged() {
      const { left, right } = this.state;
      return [right, left, this.initial(this.state.task).right].find(Number.isInteger);
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

    // In the address only what is not as at first: task.geometric,view.swipe,hidden.3-4
    get address() {
      const first = this.initial();
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
      const state = this.initial(this.tasks.includes(given.task) ? given.task : this.tasks[0]);
      const { nets, classes } = this.data.tasks[state.task];
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
      this.show();
    }

    // A change of what is shown; of what images are sorted by, it begins with the first again.
    set(changes) {
      const again = ["sort", "descending", "task"].some((key) => key in changes);
      Object.assign(this.state, again ? { image: null } : {}, changes);
      const { left, right, sort } = this.state;
      if (sort === "gain" && ![left, right].every(Number.isInteger)) this.state.sort = "iu";
      if (Object.keys(changes).join() === "at") this.divide(); else this.show();
      clearTimeout(this.waiting);  // browsers refuse many changes of the address in a second
      this.waiting = setTimeout(() => pageState.set(`images.${this.name}`, this.address), 150);
    }

    build() {
      const choice = (label, key, options, change) => {
        const select = element("select", { onchange: () => change(select.value) }, ...options);
        this.controls[key] = select;
        return element("label", {}, `${label} `, select);
      };
      this.controls = {};
      const range = (label, key, max) => element("input", {
        type: "range", min: 0, max, "aria-label": label,
        oninput: (event) => this.set({ [key]: event.target.valueAsNumber }),
      });
      this.controls.opacity = range("Opacity of the labels", "opacity", 100);
      this.shownOpacity = element("output");
      this.controls.at = range("Where the left picture ends", "at", 100);
      this.controls.errors = element("input", {
        type: "checkbox", onchange: (event) => this.set({ errors: event.target.checked }),
      });
      this.views = [["pair", "Side by side"], ["swipe", "Swipe"], ["all", "All nets"]].map(
        ([view, label]) => element("button", {
          type: "button", value: view, onclick: () => this.set({ view }),
        }, label));
      this.place = element("p", { className: "place", role: "status" });
      const step = (label, sign, by) => element("button", {
        type: "button", title: label, "aria-label": label, onclick: () => this.step(by),
      }, sign);
      this.stage = element("div", {
        className: "stage", tabIndex: 0, role: "group", onpointerdown: (event) => this.drag(event),
        onpointermove: (event) => event.buttons && this.drag(event),
      });
      this.chips = element("div", { className: "chips", role: "group", "aria-label": "Classes" });
      this.strip = element("div", { className: "strip", role: "group", "aria-label": "Images" });
      this.thumbs = this.data.images.map((image, place) => element("button", {
        type: "button", title: image.name, onclick: () => this.set({ image: place }),
      }, element("img", {
        loading: "lazy", decoding: "async", alt: "", width: image.width, height: image.height,
        src: photograph(image.photograph),
      }), element("span", {}), element("i", {})));
      this.direction = element("button", {
        type: "button", onclick: () => this.set({ descending: !this.state.descending }),
      });
      const tasks = this.tasks.map((task) => element("option", { value: task }, task));
      this.root.append(
        element("div", { className: "controls" },
          ...(tasks.length > 1 ? [choice("Task", "task", tasks, (task) => this.turn(task))] : []),
          choice("Left", "left", [], (left) => this.set({ left: this.side(left) })),
          element("button", {
            type: "button", title: "Exchange left and right", "aria-label": "Exchange left and right",
            onclick: () => this.exchange(),
          }, "\u21c4"),
          choice("Right", "right", [], (right) => this.set({ right: this.side(right) })),
          element("div", { className: "views", role: "group", "aria-label": "View" }, ...this.views),
          element("label", {}, "Opacity ", this.controls.opacity, this.shownOpacity),
          element("label", {}, this.controls.errors, " Errors only"),
        ),
        this.stage,
        element("div", { className: "under" }, step("Previous image", "\u2190", -1),
          step("Next image", "\u2192", 1), this.place,
          element("span", { className: "sorting" },
            choice("Sort by", "sort", [], (sort) => this.sort(sort)), this.direction)),
        this.strip,
        this.chips,
        element("p", { className: "note keys" }, KEYS),
      );
    }

    // The number of a net, or what else is on a side.
    side(value) { return /^\d+$/.test(value) ? Number(value) : value; }

    turn(task) { this.set({ ...this.initial(task), view: this.state.view }); }

    exchange() { this.set({ left: this.state.right, right: this.state.left }); }

    // Scores from the worst; gains, which are of the left net over the right one, from the largest.
    sort(sort) {
      if (sort !== "gain") { this.set({ sort, descending: false }); return; }
      const right = this.judged;
      const others = this.task.nets.map((_, net) => net).filter((net) => net !== right);
      const best = others.reduce((a, b) =>
        (this.mean(this.state.task, b) > this.mean(this.state.task, a) ? b : a));
      const { left } = this.state;
      this.set({ sort, right, descending: true, left: Number.isInteger(left) && left !== right ? left : best });
    }

    step(by) {
      const { order } = this;
      const place = order.indexOf(this.image) + by;
      this.set({ image: order[Math.min(Math.max(place, 0), order.length - 1)] });
    }

    drag(event) {
      const box = this.stage.querySelector(".swipe")?.getBoundingClientRect();
      if (!box) return;
      const share = (event.clientX - box.left) / box.width;
      this.set({ at: Math.round(100 * Math.min(Math.max(share, 0), 1)) });
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.matches("select")) return;
      const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
      if (event.key in moves && event.target.matches("[type=range]")) return;
      const { view, opacity, errors } = this.state;
      const toggle = (other) => this.set({ view: view === other ? "pair" : other });
      const keys = {
        t: () => this.set({ left: "truth" }),
        p: () => this.set({ left: "photograph" }),
        x: () => this.exchange(),
        s: () => toggle("swipe"),
        a: () => toggle("all"),
        e: () => this.set({ errors: !errors }),
        "+": () => this.set({ opacity: Math.min(opacity + 10, 100) }),
        "-": () => this.set({ opacity: Math.max(opacity - 10, 0) }),
      };
      const pressed = event.key.toLowerCase();
      if (event.key in moves) {
        const onThumb = this.strip.contains(document.activeElement);
        this.step(moves[event.key]);
        if (onThumb) this.thumbs[this.image].focus();
      } else if (/^[1-9]$/.test(pressed) && pressed <= this.task.nets.length) {
        this.set({ right: pressed - 1 });
      } else if (pressed in keys) {
        keys[pressed]();
      } else return;
      event.preventDefault();
    }

    label(side) {
      return { truth: "Truth", photograph: "Photograph" }[side] ?? this.task.nets[side];
    }

    show() {
      const { state, task } = this;
      const option = (value) => element("option", { value }, this.label(value));
      for (const side of ["left", "right"]) {
        const select = this.controls[side];
        select.replaceChildren(option("truth"), option("photograph"),
          ...task.nets.map((_, net) => option(net)));
        select.value = String(state[side]);
      }
      if (this.controls.task) this.controls.task.value = state.task;
      this.controls.opacity.value = state.opacity;
      this.shownOpacity.textContent = `${state.opacity}\u202f%`;
      this.controls.errors.checked = state.errors;
      for (const button of this.views) {
        button.setAttribute("aria-pressed", String(button.value === state.view));
      }
      this.showSorts();
      this.showStrip();
      this.showChips();
      this.showPlace();
      this.draw();
    }

    showSorts() {
      const { state, task } = this;
      const net = task.nets[this.judged];
      const occurring = new Set(task.images.flatMap((image) => Object.keys(image.class_iu[this.judged])));
      const left = Number.isInteger(state.left) ? this.label(state.left) : "another net";
      const sorts = [element("option", { value: "iu" }, `mean IU of ${net}`)];
      if (task.nets.length > 1) {
        sorts.push(element("option", { value: "gain" }, `gain of ${left} over ${net}`));
      }
      sorts.push(element("optgroup", { label: `IU of one class, ${net}` },
        ...[...occurring].map((index) => element("option", { value: index }, task.classes[index][0]))));
      this.controls.sort.replaceChildren(...sorts);
      this.controls.sort.value = state.sort;
      this.direction.textContent = state.descending ? "highest first" : "lowest first";
    }

    showStrip() {
      const { order, image } = this;
      const values = order.map((place) => this.value(place));
      order.forEach((place, rank) => {
        const thumb = this.thumbs[place];
        const value = values[rank];
        const gain = this.state.sort === "gain";
        const [text, bar] = thumb.querySelectorAll("span, i");
        text.textContent = gain && value !== undefined ? points(value) : percent(value);
        bar.style.width = `${Math.min(Math.abs(value ?? 0), 100)}%`;
        bar.className = gain && value < 0 ? "loss" : "";
        thumb.setAttribute("aria-label",
          `${this.data.images[place].name}: ${text.textContent}`);
        thumb.tabIndex = place === image ? 0 : -1;
        if (place === image) thumb.setAttribute("aria-current", "true");
        else thumb.removeAttribute("aria-current");
      });
      if (order.some((place, rank) => this.strip.children[rank] !== this.thumbs[place])) {
        const focused = document.activeElement;
        this.strip.replaceChildren(...order.map((place) => this.thumbs[place]));
        if (this.thumbs.includes(focused)) focused.focus();
      }
      const [thumb, strip] = [this.thumbs[image], this.strip];
      if (thumb.offsetLeft < strip.scrollLeft
        || thumb.offsetLeft + thumb.offsetWidth > strip.scrollLeft + strip.clientWidth) {
        strip.scrollLeft = thumb.offsetLeft - (strip.clientWidth - thumb.offsetWidth) / 2;
      }
    }

    // The classes that occur in the image, in truth or in what the nets in sight say.
    showChips() {
      const { hidden, view, left, right } = this.state;
      const { class_iu: classes } = this.task.images[this.image];
      const nets = view === "all" ? [...this.task.nets.keys()]
        : [left, right, this.judged].filter(Number.isInteger);
      const found = [...new Set(nets.flatMap((net) => Object.keys(classes[net]).map(Number)))];
      found.sort((a, b) => a - b);
      const chip = (index, name, colour, text) => element("button", {
        type: "button", "aria-pressed": String(!hidden.has(index)), "data-class": index,
        onclick: (event) => (event.shiftKey ? this.only(index) : this.toggle(index)),
        title: "Shift and click: this class alone",
      }, element("span", { className: "chip", style: `background: ${colour}` }), ` ${name} `,
      element("small", {}, text));
      const focused = document.activeElement?.dataset.class;
      const all = (text, without) => element("button", {
        type: "button", "data-class": text, onclick: () => this.set({ hidden: new Set(without) }),
      }, text);
      this.chips.replaceChildren(
        element("span", {}, `Classes, IU of ${this.label(this.judged)}:`),
        ...found.map((index) => chip(index, ...this.task.classes[index],
          percent(classes[this.judged][index]))),
        chip(VOID, "void", VOID_COLOUR, "not counted"),
        all("All", []), all("None", [...this.task.classes.keys(), VOID]),
      );
      if (focused) this.chips.querySelector(`[data-class="${focused}"]`)?.focus();
    }

    toggle(index) {
      const hidden = new Set(this.state.hidden);
      if (!hidden.delete(index)) hidden.add(index);
      this.set({ hidden });
    }

    only(index) {
      const others = [...this.task.classes.keys(), VOID].filter((each) => each !== index);
      this.set({ hidden: new Set(others) });
    }

    showPlace() {
      const { name, rank } = this.data.images[this.image];
      const place = this.order.indexOf(this.image) + 1;
      const text = `${place} of ${this.thumbs.length}: ${name}, rank ${rank} of ${this.data.tested}`;
      if (this.place.textContent !== text) this.place.textContent = text;
    }

    // The photograph and the label maps of an image.
    async decoded(image) {
      const key = `${this.state.task} ${image}`;
      const found = this.kept.get(key) ?? Promise.all([
        loaded(photograph(this.data.images[image].photograph)),
        unpacked(this.task.images[image].maps),
      ]);
      this.kept.delete(key);
      this.kept.set(key, found);  // the latest is last
      if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
      return found;
    }

    async draw() {
      this.drawn += 1;
      delete this.stage.dataset.shown;
      const [turn, image] = [this.drawn, this.image];
      const { width, height } = this.data.images[image];
      this.stage.style.setProperty("--aspect", width / height);
      if (turn === 1) this.compose();  // so that nothing below moves
      const [photo, maps] = await this.decoded(image);
      if (turn !== this.drawn) return;  // another was asked for since
      this.compose(photo, maps);
      this.stage.dataset.shown = String(turn);
    }

    // The pictures in their places, empty without a photograph.
    compose(photo, maps) {
      const { view, left, right } = this.state;
      const sides = view === "all" ? ["photograph", "truth", ...this.task.nets.keys()] : [left, right];
      const paint = (side, wide) => this.paint(side, photo, maps, wide);
      if (view === "swipe") this.composeSwipe(sides, paint);
      else {
        this.stage.className = `stage ${view}`;
        this.stage.replaceChildren(...sides.map((side) => element("figure", {},
          paint(side, view === "all" ? 240 : 480),
          element("figcaption", {}, ...this.caption(side)))));
      }
      this.stage.setAttribute("aria-label",
        `${this.data.images[this.image].name}: ${sides.map((side) => this.label(side)).join(", ")}`);
    }

    composeSwipe(sides, paint) {
      const [left, right] = sides.map((side) => paint(side, 720));
      const captions = sides.map((side) => element("span", {}, ...this.caption(side)));
      const box = element("div", { className: "swipe" }, right, left, element("i"));
      if (this.stage.contains(this.controls.at)) {  // keeps the focus
        this.stage.querySelector(".swipe").replaceWith(box);
        this.stage.querySelector(".captions").replaceChildren(...captions);
      } else {
        this.stage.className = "stage swiped";
        this.stage.replaceChildren(box, this.controls.at,
          element("div", { className: "captions" }, ...captions));
      }
      this.divide();
    }

    // Where the left picture ends.
    divide() {
      this.stage.style.setProperty("--at", `${this.state.at}%`);
      this.controls.at.value = this.state.at;
    }

    caption(side) {
      const parts = [element("b", {}, this.label(side))];
      if (side === "truth" && this.state.errors) {
        parts.push(` where ${this.label(this.judged)} is wrong`);
      }
      if (!Number.isInteger(side)) return parts;
      const { mean_iu: means, class_iu: classes } = this.task.images[this.image];
      parts.push(` mean IU ${percent(means[side])}`);
      const { sort } = this.state;
      if (/^\d+$/.test(sort)) {
        parts.push(`, ${this.task.classes[sort][0]} ${percent(classes[side][sort])}`);
      }
      return parts;
    }

    // At least as wide as asked for: the photograph smooth, labels with sharp edges.
    paint(side, photo, maps, wide) {
      const { width, height } = this.data.images[this.image];
      const scale = Math.max(1, Math.ceil(wide / width));
      const canvas = element("canvas", {
        width: scale * width, height: scale * height, role: "img", "aria-label": this.label(side),
      });
      if (!photo) return canvas;
      const context = canvas.getContext("2d");
      context.drawImage(photo, 0, 0, canvas.width, canvas.height);
      if (side === "photograph") return canvas;
      const layer = element("canvas", { width, height });
      const pixels = new ImageData(this.overlay(side, maps, width * height), width, height);
      layer.getContext("2d").putImageData(pixels, 0, 0);
      context.imageSmoothingEnabled = false;
      context.drawImage(layer, 0, 0, canvas.width, canvas.height);
      return canvas;
    }

    // RGBA of every pixel of the labels.
    overlay(side, maps, size) {
      const { errors, hidden } = this.state;
      const colours = this.colours();
      const net = Number.isInteger(side) ? side : this.judged;
      const [truth, said] = [maps.subarray(0, size), maps.subarray((1 + net) * size, (2 + net) * size)];
      const labels = side === "truth" ? truth : said;
      const classes = this.task.classes.length;
      const on = new Uint8Array(256).fill(1);
      for (const index of hidden) on[index] = 0;
      const pixels = new Uint32Array(size);
      for (let i = 0; i < size; i += 1) {
        const [is, isVoid] = [labels[i], truth[i] >= classes];
        if (!errors) pixels[i] = on[is < classes ? is : VOID] && colours[is];
        else if (isVoid) pixels[i] = on[VOID] && colours[VOID];
        // A wrong pixel belongs to two classes.
        else if (truth[i] !== said[i]) pixels[i] = (on[truth[i]] || on[said[i]]) && colours[is];
      }
      return new Uint8ClampedArray(pixels.buffer);
    }

    // Of each label; black ones are bare, as a photograph under black is dark, unless errors are
    // looked for or nothing is to be seen of the photograph.
    colours() {
      const { errors, opacity } = this.state;
      const rgba = ([r, g, b], a) => new Uint32Array(Uint8Array.of(r, g, b, a).buffer)[0];
      const parts = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
      const alpha = Math.round(2.55 * opacity);
      const found = new Uint32Array(256).fill(rgba(parts(VOID_COLOUR), alpha));
      this.task.classes.forEach(([, hex], index) => {
        const bare = hex === "#000000" && !errors && opacity < 100;
        found[index] = bare ? 0 : rgba(parts(hex), alpha);
      });
      return found;
    }
  }

  for (const details of document.querySelectorAll("details.browser")) {
    let [browser, text] = [null, ""];
    const open = () => {
      if (browser || !details.open || !details.querySelector("script")) return;
      browser = new Browser(details);
      browser.restore(text);
    };
    pageState.on(`images.${details.dataset.table}`, (given) => {
      text = given;
      browser?.restore(text);
    });
    details.addEventListener("toggle", open);
    open();
  }
}
