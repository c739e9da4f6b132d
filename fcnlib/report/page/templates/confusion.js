"use strict";
// Heat maps of what is labelled as what: of one net by shares of each class, or how two differ.
{
  const ORDERS = {
    class: "as in the data set",
    confused: "most confused first",
    similar: "similar classes adjacent",
  };
  const SMALLEST = 10, LARGEST = 28, NUMBERED = 23;  // pixels of a cell
  const LISTED = 6;  // labels of a class
  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

  // A net's counts with names and shares; null where the class has no pixels.
  const matrixOf = (experiment, taskName) => {
    const task = netData.task(experiment, taskName);
    if (!task?.counts) return null;
    const kept = task.kept ?? task.names.map((_, index) => index);
    const pixels = task.counts.map(sum);
    const names = kept.map((index) => task.names[index]);
    const colours = kept.map((index) => task.colours[index]);
    if (task.kept) {
      names.push(`${task.names.length - kept.length} other classes`);
      colours.push("transparent");
    }
    const images = new Map(task.most.map(([truth, label, ...list]) => [`${truth},${label}`, list]));
    return {
      ...task, names, colours, pixels, images,
      share: (truth, label) => (pixels[truth] ? task.counts[truth][label] / pixels[truth] : null),
    };
  };

  const wrong = (matrix, truth) => {
    const right = matrix.share(truth, truth);
    return right === null ? -1 : 1 - right;
  };

  // Starts with the two that are confused most; each next one is the most alike of those left.
  const chain = (matrix) => {
    const alike = (a, b) => (matrix.share(a, b) ?? 0) + (matrix.share(b, a) ?? 0);
    const left = new Set(matrix.names.keys());
    let last = 0;
    for (const a of left) {
      const most = (c) => Math.max(0, ...[...left].filter((b) => b !== c).map((b) => alike(c, b)));
      if (most(a) > most(last)) last = a;
    }
    const order = [];
    while (left.size) {
      order.push(last);
      left.delete(last);
      const previous = last;
      last = [...left].reduce((best, each) => (best === null
        || alike(previous, each) > alike(previous, best) ? each : best), null);
    }
    return order;
  };

  const orderOf = (matrix, name) => {
    const classes = [...matrix.names.keys()];
    if (name === "confused") return classes.sort((a, b) => wrong(matrix, b) - wrong(matrix, a));
    return name === "similar" ? chain(matrix) : classes;
  };

  // The confusion that a reader sees first: the most frequent one, or the largest difference.
  const first = (value, classes) => {
    let [place, most] = [[0, 0], 0];
    for (let truth = 0; truth < classes; truth += 1) {
      for (let label = 0; label < classes; label += 1) {
        const found = Math.abs(value(truth, label) ?? 0);
        if (truth !== label && found > most) [place, most] = [[truth, label], found];
      }
    }
    return place;
  };

  const explorer = (root) => {
    const table = root.dataset.table;
    const nets = JSON.parse(root.dataset.nets);
    const rowOf = new Map(nets);
    const key = `confusion.${table}`;
    const state = { net: nets[0][0], task: "", order: "class", other: "", cell: null };
    let made = false;
    let matrix, other, order, places;

    const canvas = element("canvas", {
      tabindex: 0, role: "application", "aria-roledescription": "heat map",
      "aria-describedby": `cell-${table}`,
    });
    const map = element("div", { class: "map" }, canvas);
    const panel = element("div", { class: "cell" });
    const legend = element("p", { class: "note legend-of-map" });
    const spoken = element("p", { class: "spoken", id: `cell-${table}`, role: "status" });
    const select = (label, change) => {
      const input = element("select", { "aria-label": label, onchange: () => { change(input.value); } });
      return { input, label: element("label", {}, `${label} `, input) };
    };
    const controls = {
      net: select("Net", (value) => change({ net: value, cell: null })),
      other: select("Compared with", (value) => change({ other: value, cell: null })),
      task: select("Task", (value) => change({ task: value, cell: null })),
      order: select("Order", (value) => change({ order: value })),
    };
    const fill = ({ input, label }, options, value) => {
      input.replaceChildren(...options.map(([each, text]) =>
        element("option", { value: each, selected: each === value && "" }, text)));
      input.value = value;
      label.hidden = options.length < 2;
    };

    const value = (truth, label) => {
      const own = matrix.share(truth, label);
      if (!other || own === null) return own;
      return own - (other.share(truth, label) ?? 0);
    };

    // What the state says, as far as there is such a thing.
    const settle = () => {
      if (!rowOf.has(state.net)) state.net = nets[0][0];
      const tasks = netData.tasks(state.net);
      if (!tasks.includes(state.task)) [state.task] = tasks;
      matrix = matrixOf(state.net, state.task);
      const comparable = nets.filter(([each]) => each !== state.net
        && netData.task(each, state.task)?.counts
        && netData.task(each, state.task).key === matrix.key);
      if (!comparable.some(([each]) => each === state.other)) state.other = "";
      other = state.other ? matrixOf(state.other, state.task) : null;
      if (!(state.order in ORDERS)) state.order = "class";
      order = orderOf(matrix, state.order);
      places = new Map(order.map((each, place) => [each, place]));
      if (!state.cell?.every((each) => places.has(each))) {
        state.cell = first(value, order.length);
      }
      fill(controls.net, nets, state.net);
      fill(controls.other, [["", "no net"], ...comparable], state.other);
      fill(controls.task, tasks.map((each) => [each, each]), state.task);
      fill(controls.order, Object.entries(ORDERS), state.order);
    };

    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    let size, gutter, scale;

    const measure = (context) => {
      const room = root.clientWidth > 800 ? root.clientWidth - 290 : root.clientWidth;
      const widest = Math.max(...matrix.names.map((name) => context.measureText(name).width));
      gutter = Math.min(Math.ceil(widest) + 22, root.clientWidth > 500 ? 170 : 105);
      size = Math.max(SMALLEST, Math.min(LARGEST, Math.floor((room - gutter - 4) / order.length)));
      scale = other
        ? Math.max(0.01, ...order.flatMap((t) => order.map((l) => Math.abs(value(t, l) ?? 0)))) : 1;
    };

    const shortened = (context, text, width) => {
      let short = text;
      while (short && context.measureText(`${short}\u2026`).width > width) short = short.slice(0, -1);
      return context.measureText(text).width <= width ? text : `${short}\u2026`;
    };

    const drawNames = (context) => {
      const [chosen, label] = state.cell;
      const write = (name, at, strong) => {
        context.fillStyle = colour(strong ? "--ink" : "--soft");
        context.font = `${strong ? "600 " : ""}${Math.min(12, size)}px system-ui, sans-serif`;
        context.fillText(shortened(context, name, gutter - 18), gutter - 16, at);
      };
      const chip = (index, at) => {
        context.fillStyle = matrix.colours[index];
        context.fillRect(gutter - 12, at - 4, 8, 8);
        context.strokeStyle = colour("--soft");
        context.lineWidth = 0.5;
        context.strokeRect(gutter - 12, at - 4, 8, 8);
      };
      context.textAlign = "right";
      context.textBaseline = "middle";
      order.forEach((each, place) => {
        const at = gutter + (place + 0.5) * size;
        write(matrix.names[each], at, each === chosen);
        chip(each, at);
      });
      context.save();  // those of the columns, read from below
      context.rotate(-Math.PI / 2);
      context.translate(-gutter, 0);
      context.textAlign = "left";
      order.forEach((each, place) => {
        const at = gutter + (place + 0.5) * size;
        context.fillStyle = colour(each === label ? "--ink" : "--soft");
        context.font = `${each === label ? "600 " : ""}${Math.min(12, size)}px system-ui, sans-serif`;
        context.fillText(shortened(context, matrix.names[each], gutter - 18), 16, at);
        context.fillStyle = matrix.colours[each];
        context.fillRect(4, at - 4, 8, 8);
        context.strokeStyle = colour("--soft");
        context.lineWidth = 0.5;
        context.strokeRect(4, at - 4, 8, 8);
      });
      context.restore();
    };

    const drawCell = (context, truth, label) => {
      const [x, y] = [label, truth].map((each) => gutter + places.get(each) * size);
      const share = value(truth, label);
      const strength = share === null ? 0 : Math.sqrt(Math.min(1, Math.abs(share) / scale));
      const rising = other ? share > 0 : truth === label;
      context.fillStyle = colour("--page");
      context.fillRect(x, y, size - 1, size - 1);
      context.globalAlpha = strength;
      context.fillStyle = colour(rising ? "--up" : "--down");
      context.fillRect(x, y, size - 1, size - 1);
      context.globalAlpha = 1;
      const number = Math.round(100 * Math.abs(share ?? 0));
      if (size < NUMBERED || !number) return;
      context.fillStyle = colour(strength > 0.6 ? "--page" : "--ink");
      context.font = `${size < 26 ? 9.5 : 10.5}px system-ui, sans-serif`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(`${other && share < 0 ? "\u2212" : ""}${number}`, x + size / 2, y + size / 2);
    };

    const draw = () => {
      const context = canvas.getContext("2d");
      context.font = "600 12px system-ui, sans-serif";
      measure(context);
      const side = gutter + order.length * size + 2;
      const density = devicePixelRatio || 1;
      canvas.width = canvas.height = Math.round(side * density);
      canvas.style.width = `${side}px`;
      context.setTransform(density, 0, 0, density, 0, 0);
      drawNames(context);
      for (const truth of order) for (const label of order) drawCell(context, truth, label);
      const [x, y] = [...state.cell].reverse().map((each) => gutter + places.get(each) * size);
      context.strokeStyle = colour("--ink");
      context.lineWidth = 2;
      context.strokeRect(x - 0.5, y - 0.5, size, size);
      canvas.setAttribute("aria-label", `Confusion of ${rowOf.get(state.net)}${other
        ? ` minus ${rowOf.get(state.other)}` : ""}: rows are the truth, columns the labels; `
        + "arrow keys move from cell to cell");
    };

    const nameOf = (truth, label) => (truth === label
      ? `${matrix.names[truth]}, rightly labelled`
      : `${matrix.names[truth]} labelled as ${matrix.names[label]}`);

    const shareText = (found, truth, label) => (found.pixels[truth]
      ? `${percentText(found.share(truth, label))} of its pixels `
        + `(${countText(found.counts[truth][label])} of ${countText(found.pixels[truth])})`
      : "no pixel of the class in the test images");

    const differenceText = (truth, label) => {
      const points = 100 * (value(truth, label) ?? 0);
      return `${points < 0 ? "\u2212" : "+"}${Math.abs(points).toFixed(1)} points`;
    };

    const imagesOf = (truth, label) => {
      const list = matrix.images.get(`${truth},${label}`);
      if (!list) {
        return truth === label ? [] : [element("p", { class: "note" },
          matrix.counts[truth][label]
            ? "Images are listed from 0.5 % of the class on." : "In no image.")];
      }
      const items = [];
      for (let place = 0; place < list.length; place += 2) {
        items.push(element("li", {}, imageLink(matrix.ids[list[place]],
          { table, task: state.task, row: rowOf.get(state.net) }),
          ` ${countText(list[place + 1])} pixels`));
      }
      return [element("h5", {}, "Images with most of it"), element("ol", {}, ...items)];
    };

    // What else the class is labelled as, the most first.
    const labelsOf = (truth) => {
      const found = order.filter((label) => matrix.counts[truth][label])
        .sort((a, b) => matrix.counts[truth][b] - matrix.counts[truth][a]);
      const items = found.slice(0, LISTED).map((label) => element("li", {},
        element("button", { type: "button", onclick: () => change({ cell: [truth, label] }) },
          truth === label ? `${matrix.names[label]} (right)` : matrix.names[label]),
        ` ${percentText(matrix.share(truth, label))}`));
      const more = found.length - items.length;
      return !items.length ? [] : [
        element("h5", {}, `All that ${matrix.names[truth]} is labelled as`),
        element("ol", {}, ...items),
        ...more > 0 ? [element("p", { class: "note" }, `and ${more} more`)] : [],
      ];
    };

    const describe = () => {
      const [truth, label] = state.cell;
      const lines = other
        ? [[state.net, matrix], [state.other, other]].map(([net, each]) =>
          element("p", {}, `${rowOf.get(net)}: ${shareText(each, truth, label)}`))
        : [element("p", {}, shareText(matrix, truth, label))];
      if (other) lines.push(element("p", {}, element("b", {}, differenceText(truth, label))));
      panel.replaceChildren(element("h4", {}, nameOf(truth, label)), ...lines,
        ...imagesOf(truth, label), ...labelsOf(truth));
      spoken.textContent = `${nameOf(truth, label)}: `
        + (other ? differenceText(truth, label) : shareText(matrix, truth, label));
    };

    const chip = (name, text) => element("span", {}, element("i", { style: `background:var(${name})` }),
      text);
    const explain = () => {
      const most = (100 * scale).toFixed(scale < 0.1 ? 1 : 0);
      legend.replaceChildren("Rows: the truth. Columns: the label. ", ...other
        ? [chip("--up", `more often by ${rowOf.get(state.net)}`), " ",
          chip("--down", `more often by ${rowOf.get(state.other)}`),
          ` (full colour: ${most} points)`]
        : [chip("--up", "right"), " ", chip("--down", "confused"),
          ". The colour grows with the root of the share."]);
    };

    const show = () => {
      if (!root.closest("details").open) return;
      if (!made) {
        made = true;
        root.hidden = false;
        root.append(
          element("p", { class: "choices" }, ...Object.values(controls).map(({ label }) => label)),
          element("div", { class: "both" }, element("div", {}, map, legend), panel), spoken);
        new ResizeObserver(() => { if (root.clientWidth) draw(); }).observe(root);
      }
      settle();
      draw();
      describe();
      explain();
    };

    const change = (changes) => {
      Object.assign(state, changes);
      show();
      pageState.set(key, [state.net, state.task, state.order, state.other, ...state.cell].join("."));
    };

    const cellAt = (event) => {
      const box = canvas.getBoundingClientRect();
      const [column, row] = [event.clientX - box.left, event.clientY - box.top]
        .map((at) => Math.floor((at - gutter) / size));
      // A class's name stands for its largest confusion.
      if (row in order && column < 0) {
        const truth = order[row];
        const labels = order.filter((label) => label !== truth);
        return labels.length ? [truth, labels.reduce((a, b) =>
          (Math.abs(value(truth, b) ?? 0) > Math.abs(value(truth, a) ?? 0) ? b : a))] : [truth, truth];
      }
      return row in order && column in order ? [order[row], order[column]] : null;
    };
    canvas.addEventListener("click", (event) => {
      const cell = cellAt(event);
      if (cell) change({ cell });
    });
    canvas.addEventListener("pointermove", (event) => {
      const cell = cellAt(event);
      canvas.title = cell ? `${nameOf(...cell)}: ${other
        ? differenceText(...cell) : percentText(matrix.share(...cell) ?? 0)}` : "";
    });
    canvas.addEventListener("keydown", (event) => {
      const [row, column] = state.cell.map((each) => places.get(each));
      const last = order.length - 1;
      const to = {
        ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1],
        ArrowRight: [row, column + 1], Home: [row, 0], End: [row, last],
      }[event.key];
      if (!to) return;
      event.preventDefault();
      change({ cell: to.map((at) => order[Math.max(0, Math.min(last, at))]) });
      const x = gutter + places.get(state.cell[1]) * size;  // in sight, where the map scrolls
      map.scrollLeft = Math.max(x + 2 * size - map.clientWidth, Math.min(x - size, map.scrollLeft));
    });

    root.closest("details").addEventListener("toggle", show);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (made) draw(); });
    pageState.on(key, (text) => {
      const [net, task, by, than, truth, label] = text.split(".");
      const cell = truth && label ? [Number(truth), Number(label)] : null;
      Object.assign(state, { net, task: task ?? "", order: by ?? "", other: than ?? "", cell });
      show();
    });
    if (!made) show();  // opened before this script was read
  };

  for (const root of document.querySelectorAll(".confusion")) explorer(root);
}
