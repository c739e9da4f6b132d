"use strict";
// Heat maps of what is labelled as what: of one net by shares of each class, or how two differ.
// Blue is what is right, and where a net is better than another one; orange is the opposite.
{
  const ORDERS = {
    class: "as in the data set",
    confused: "most confused first",
    similar: "similar classes adjacent",
  };
  const LISTED = 6;  // labels of a class

  // The label with the largest value of some, of a class.
  const largest = (value, truth, labels) => labels.reduce((a, b) =>
    (Math.abs(value(truth, b) ?? 0) > Math.abs(value(truth, a) ?? 0) ? b : a));

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
    const { best } = root.dataset;
    const state = { net: best, task: "", order: "class", other: "", cell: null };
    let made = false;
    let matrix, other, order, places, strongest;

    const canvas = element("canvas", {
      tabIndex: 0, role: "application", "aria-roledescription": "heat map",
      "aria-describedby": `cell-${table}`,
    });
    const map = confusionMap(canvas);
    const scrolled = element("div", { className: "map" }, canvas);
    const panel = element("div", { className: "cell" });
    const legend = element("p", { className: "note legend-of-map" });
    const spoken = element("p", { className: "spoken", id: `cell-${table}`, role: "status" });
    const select = (label, onchange) => {
      const input = element("select", {
        "aria-label": label, onchange: () => change(onchange(input.value)),
      });
      return { input, label: element("label", {}, `${label} `, input) };
    };
    const controls = {
      net: select("Net", (net) => ({ net, cell: null })),
      other: select("Compared with", (than) => ({ other: than, cell: null })),
      task: select("Task", (task) => ({ task, cell: null })),
      order: select("Order", (by) => ({ order: by })),
    };
    const fill = ({ input, label }, options, value) => {
      input.replaceChildren(...options.map(([each, text]) => new Option(text, each)));
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
      if (!rowOf.has(state.net)) state.net = best;
      const tasks = netData.tasks(state.net);
      if (!tasks.includes(state.task)) [state.task] = tasks;
      matrix = confusionMatrix.of(state.net, state.task);
      const comparable = nets.filter(([each]) => each !== state.net
        && netData.task(each, state.task)?.counts
        && netData.task(each, state.task).key === matrix.key);
      if (!comparable.some(([each]) => each === state.other)) state.other = "";
      other = state.other ? confusionMatrix.of(state.other, state.task) : null;
      if (!(state.order in ORDERS)) state.order = "class";
      order = confusionMatrix.order(matrix, state.order);
      places = new Map(order.map((each, place) => [each, place]));
      if (!state.cell?.every((each) => places.has(each))) {
        state.cell = first(value, order.length);
      }
      strongest = other
        ? Math.max(0.01, ...order.flatMap((t) => order.map((l) => Math.abs(value(t, l) ?? 0)))) : 1;
      fill(controls.net, nets, state.net);
      fill(controls.other, [["", "no net"], ...comparable], state.other);
      fill(controls.task, tasks.map((each) => [each, each]), state.task);
      fill(controls.order, Object.entries(ORDERS), state.order);
    };

    const draw = () => {
      const view = { matrix, other, order, places, value, strongest, cell: state.cell };
      map.draw(view, root.clientWidth);
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
        return truth === label ? [] : [element("p", { className: "note" },
          matrix.counts[truth][label]
            ? "Images are listed from 0.5 % of the class on." : "In no image.")];
      }
      const net = { table, task: state.task, experiment: state.net };
      const items = [];
      for (let place = 0; place < list.length; place += 2) {
        items.push(element("li", {}, imageLink(matrix.ids[list[place]], net),
          ` ${countText(list[place + 1])} pixels`));
      }
      return [element("h5", {}, "Images with most of it"), element("ol", {}, ...items)];
    };

    // What else the class is labelled as, the most first.
    const labelsOf = (truth) => {
      const found = order.filter((label) => matrix.counts[truth][label])
        .sort((a, b) => matrix.counts[truth][b] - matrix.counts[truth][a]);
      const items = found.slice(0, LISTED).map((label) => element("li", {},
        button(truth === label ? `${matrix.names[label]} (right)` : matrix.names[label],
          () => change({ cell: [truth, label] })),
        ` ${percentText(matrix.share(truth, label))}`));
      const more = found.length - items.length;
      return !items.length ? [] : [
        element("h5", {}, `All that ${matrix.names[truth]} is labelled as`),
        element("ol", {}, ...items),
        ...more > 0 ? [element("p", { className: "note" }, `and ${more} more`)] : [],
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

    const chip = (name, text) =>
      element("span", {}, element("i", { style: `background:var(${name})` }), text);
    const explain = () => {
      const most = (100 * strongest).toFixed(strongest < 0.1 ? 1 : 0);
      legend.replaceChildren("Rows: the truth. Columns: the label. ", ...other
        ? [`${rowOf.get(state.net)} minus ${rowOf.get(state.other)}: `,
          chip("--up", "better, as more is right (on the diagonal) or less confused"), " ",
          chip("--down", "worse"), ` (full colour: ${most} points).`]
        : [chip("--up", "right"), " ", chip("--down", "confused"),
          ". The colour grows with the root of the share."]);
    };

    const show = () => {
      if (!root.closest("details").open) return;
      if (!made) {
        made = true;
        root.hidden = false;
        root.append(
          element("p", { className: "choices" },
            ...Object.values(controls).map(({ label }) => label)),
          element("div", { className: "both" }, element("div", {}, scrolled, legend), panel),
          spoken);
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

    // A class's name stands for its largest confusion.
    const cellAt = (event) => {
      const [row, column] = map.at(event);
      if (!(row in order)) return null;
      const truth = order[row];
      if (column in order) return [truth, order[column]];
      const labels = order.filter((label) => label !== truth);
      if (column >= 0) return null;
      return [truth, labels.length ? largest(value, truth, labels) : truth];
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
      const [left, right] = map.column();  // in sight, where the map scrolls
      scrolled.scrollLeft = Math.max(right - scrolled.clientWidth, Math.min(left, scrolled.scrollLeft));
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

  for (const root of document.querySelectorAll(".confusion > .explorer")) explorer(root);
}
