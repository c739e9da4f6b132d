"use strict";
// Shows a table's test images with the truth and the labels of its nets, side by side, one over the
// other, or all at once. What the page has of a table is read when its browser is opened.
{
  const KEYS = "Keys: \u2190 \u2192 image, 1\u20139 net on the right, T truth on the left, P photograph, "
    + "X exchange, S swipe, A all, E errors only, + \u2212 opacity.";

  const percent = (iu) => (iu === null || iu === undefined ? "\u2013" : `${iu.toFixed(1)}\u202f%`);
  const points = (gain) => `${gain < 0 ? "\u2212" : "+"}${Math.abs(gain).toFixed(1)}`;

  class Browser extends BrowserState {
    constructor(details) {
      super(jsonOf(details.querySelector("script")));
      this.name = details.dataset.table;
      this.voidColour = details.dataset.void;
      this.pictures = new BrowserPictures(this.data, this.voidColour);
      this.root = element("div", { onkeydown: (event) => this.key(event) });
      this.drawn = 0;
      this.build();
      details.append(this.root);
    }

    restore(text) {
      super.restore(text);
      this.show();
    }

    set(changes) {
      this.change(changes);
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
        ([view, label]) => button(label, () => this.set({ view }), { value: view }));
      this.place = element("p", { className: "place", role: "status" });
      const named = (label, sign, act) => button(sign, act, { title: label, "aria-label": label });
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
      this.direction = button("", () => this.set({ descending: !this.state.descending }));
      const tasks = [...this.tasks.keys()].map((task) => new Option(task));
      this.root.append(
        element("div", { className: "controls" },
          ...(tasks.length > 1 ? [choice("Task", "task", tasks, (task) => this.turn(task))] : []),
          choice("Left", "left", [], (left) => this.set({ left: this.side(left) })),
          named("Exchange left and right", "\u21c4", () => this.exchange()),
          choice("Right", "right", [], (right) => this.set({ right: this.side(right) })),
          element("div", { className: "views", role: "group", "aria-label": "View" }, ...this.views),
          element("label", {}, "Opacity ", this.controls.opacity, this.shownOpacity),
          element("label", {}, this.controls.errors, " Errors only"),
        ),
        this.stage,
        element("div", { className: "under" },
          named("Previous image", "\u2190", () => this.step(-1)),
          named("Next image", "\u2192", () => this.step(1)), this.place,
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
      const best = this.best(this.state.task, right);
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

    show() {
      const { state, task } = this;
      const option = (value) => new Option(this.label(value), value);
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
      const sorts = [new Option(`mean IU of ${net}`, "iu")];
      if (task.nets.length > 1) sorts.push(new Option(`gain of ${left} over ${net}`, "gain"));
      sorts.push(element("optgroup", { label: `IU of one class, ${net}` },
        ...[...occurring].map((index) => new Option(task.classes[index][0], index))));
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
      const all = (text, without) =>
        button(text, () => this.set({ hidden: new Set(without) }), { "data-class": text });
      this.chips.replaceChildren(
        element("span", {}, `Classes, IU of ${this.label(this.judged)} in this image:`),
        ...found.map((index) => chip(index, ...this.task.classes[index],
          percent(classes[this.judged][index]))),
        chip(VOID, "void", this.voidColour, "not counted"),
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
      const [first, ...others] = this.data.tasks;
      const by = others.length ? ` by ${first.name} mean IU` : "";
      const over = first.nets.length > 1 ? ", over all nets" : "";
      const text = `${place} of ${this.thumbs.length}: ${name}, rank ${rank} of ${this.data.tested}`
        + by + over;
      if (this.place.textContent !== text) this.place.textContent = text;
    }

    async draw() {
      this.drawn += 1;
      delete this.stage.dataset.shown;
      const [turn, image] = [this.drawn, this.image];
      const { width, height } = this.data.images[image];
      this.stage.style.setProperty("--aspect", width / height);
      if (turn === 1) this.compose();  // so that nothing below moves
      const decoded = await this.pictures.decoded(this.task, image);
      if (turn !== this.drawn) return;  // another was asked for since
      this.compose(decoded);
      this.stage.dataset.shown = String(turn);
    }

    // The pictures in their places, empty without a photograph.
    compose(decoded = []) {
      const { view, left, right } = this.state;
      const sides = view === "all" ? ["photograph", "truth", ...this.task.nets.keys()] : [left, right];
      const paint = (side, wide) => this.paint(side, decoded, wide);
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

    paint(side, decoded, wide) {
      const { errors, hidden, opacity } = this.state;
      const labels = side === "photograph" ? null : {
        net: Number.isInteger(side) ? side : this.judged, ofTruth: side === "truth",
        classes: this.task.classes, errors, hidden, opacity,
      };
      const canvas = this.pictures.paint(this.image, decoded, labels, wide);
      canvas.setAttribute("aria-label", this.label(side));
      return canvas;
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
