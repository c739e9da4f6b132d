"use strict";
// A panel at the side with all that the page knows of a net, opened by its name in a table.
{
  const tables = [...document.querySelectorAll("table[data-experiments]")].map((table) => {
    const experiments = table.dataset.experiments.split(",");
    const rows = new Map();  // by experiment
    [...table.tBodies[0].rows].forEach((row, place) => {
      if (experiments[place]) rows.set(experiments[place], row);
    });
    return { name: table.dataset.name, element: table, rows };
  });
  const nameOf = (row) => row.cells[0].textContent.trim();
  const tableOf = (experiment, name) =>
    tables.find((table) => table.name === name && table.rows.has(experiment))
    ?? tables.find((table) => table.rows.has(experiment));

  const part = (heading, ...content) => (content.flat().length
    ? [element("section", {}, element("h3", {}, heading), ...content.flat())] : []);

  // The numbers of a row of a table of the page, each with its column's name and unit.
  const numbers = (table, row) => {
    const headings = [...table.querySelectorAll("tr.names th")];
    const items = [...row.cells].flatMap((cell, place) => {
      const text = cell.textContent.trim();
      return place && text && !cell.matches(".paper, .diff") ? [element("div", {},
        element("dt", {}, headings[place].dataset.own ?? headings[place].dataset.full),
        element("dd", {}, text))] : [];
    });
    return items.length ? [element("dl", { className: "values" }, ...items)] : [];
  };

  // The same net's row in the table of costs.
  const costRow = (table, row) => {
    const beside = document.querySelector(`table[data-name="${CSS.escape(`${table.name}-cost`)}"]`);
    return [...beside?.tBodies[0].rows ?? []].find((each) => nameOf(each) === nameOf(row));
  };
  const costs = (table, row) => {
    const found = costRow(table, row);
    if (!found) return [];
    const items = numbers(found.closest("table"), found);
    return items.some((each) => each.textContent.includes("whole training job"))
      ? [...items, element("p", { className: "note" }, "The whole training job includes start-up and "
        + "validation; a training time among the scores does not.")] : items;
  };

  // A small chart of a line, with its lowest and highest value beside it; a sentence of one point.
  const chart = (title, line, { log = false, digits = 2 } = {}) => {
    if (!line?.length) return [];
    if (line.length < 2) {
      const [iteration, value] = line[0];
      const found = `${title}: ${value.toFixed(digits)}, at iteration ${iteration} alone`;
      return [element("p", { className: "note" }, found)];
    }
    const [wide, high] = [260, 90];
    const scaled = (y) => (log ? Math.log10(Math.max(y, 1e-12)) : y);
    const ys = line.map(([, y]) => scaled(y));
    const low = Math.min(...ys);
    const top = Math.max(...ys);
    const end = line.at(-1)[0] || 1;
    const at = ([x, y]) => [34 + (wide - 40) * (x / end),
      6 + (high - 24) * (1 - (top > low ? (scaled(y) - low) / (top - low) : 0.5))];
    const text = (x, y, words, anchor) => svgElement("text", { x, y, "text-anchor": anchor }, words);
    const shown = (y) => (log ? 10 ** y : y).toFixed(digits);
    const dots = line.length > 4 ? [] : line.map((point) => {
      const [cx, cy] = at(point);
      return svgElement("circle", { cx, cy, r: 2.5 });
    });
    const label = `${title}: from ${line[0][1].toFixed(digits)} to `
      + `${line.at(-1)[1].toFixed(digits)} at iteration ${line.at(-1)[0]}`;
    return [element("figure", {}, svgElement("svg", {
      viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": label, class: "line",
    }, svgElement("path", { d: "M34 6V72H254", class: "axes" }),
    svgElement("polyline", { points: line.map((point) => at(point).map((n) => n.toFixed(1))).join(" ") }),
    ...dots, text(30, 14, shown(top), "end"), text(30, 72, shown(low), "end"),
    text(34, 86, "0", "start"), text(254, 86, `${countText(end)} iterations`, "end")),
    element("figcaption", {}, title))];
  };

  const curves = (experiment) => {
    const curve = netData.curve(experiment);
    const charts = curve ? [
      ...chart("Loss per pixel (log scale)", curve.loss, { log: true }),
      ...chart("Mean IU in training (%)", curve.iu, { digits: 1 }),
    ] : [];
    return charts.length ? [element("div", { className: "curves" }, ...charts)] : [];
  };

  const median = (numbers) => {
    const sorted = [...numbers].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  };

  // Each class's IU as a bar, with marks of the other nets; where it is short of them comes first.
  const classes = (experiment, table) => {
    const task = netData.task(experiment);
    if (!task?.iu.some((iu) => iu !== null)) return [];
    const others = [...table.rows.keys()].filter((each) => each !== experiment)
      .map((each) => netData.task(each)).filter((each) => each?.classes !== undefined
        && each.names === task.names && each.iu.length === task.iu.length);
    const found = task.iu.flatMap((own, index) => {
      const theirs = others.map(({ iu }) => iu[index]).filter((iu) => iu !== null);
      if (own === null) return [];
      return [theirs.length ? { index, own, half: median(theirs), best: Math.max(...theirs) }
        : { index, own }];
    });
    found.sort((a, b) => (a.own - (a.half ?? 0)) - (b.own - (b.half ?? 0)));
    const mark = (name, value) => (value === undefined ? []
      : [element("i", { className: name, style: `left:${value}%` })]);
    const number = (value) => element("td", {}, value === undefined ? "" : value.toFixed(1));
    const rows = found.map(({ index, own, half, best }) => element("tr", {},
      element("th", { scope: "row" }, element("div", {},
        element("span", {}, task.names[index]),
        element("span", { className: "bar", "aria-hidden": "true" },
          element("b", { style: `width:${own}%` }), ...mark("half", half), ...mark("best", best)))),
      number(own), ...others.length ? [number(half), number(best)] : []));
    const heads = ["Class", "IU (%)", ...others.length ? ["median", "best"] : []];
    return [
      element("table", { className: "plain classes" }, element("thead", {}, element("tr", {},
        ...heads.map(columnHeading))),
      element("tbody", {}, ...rows)),
      element("p", { className: "note" }, others.length
        ? `Median and best of the ${others.length} other nets of the table with these classes, as `
          + "marks on the bars; the classes furthest below the median come first."
        : "No other net of the table has scores of these classes."),
    ];
  };

  const confusion = (experiment, table) => {
    const task = netData.task(experiment);
    if (!task) return [];
    if (!task.counts) return [element("p", { className: "note" }, "There are no counts of this net.")];
    const pixels = task.counts.map((row) => row.reduce((total, count) => total + count, 0));
    const nameAt = (place) => (task.kept ? task.names[task.kept[place]] : task.names[place]);
    const most = task.most.map(([truth, label]) =>
      ({ truth, label, share: task.counts[truth][label] / pixels[truth] }))
      .sort((a, b) => b.share - a.share).slice(0, 5);
    const place = `more-${table.name}-confusion`;
    const at = (cell) => ({
      row: "", [`confusion.${table.name}`]: [experiment, netData.tasks(experiment)[0], "class", "",
        ...cell].join("."),
    });
    return [
      element("ol", {}, ...most.map(({ truth, label, share }) => element("li", {},
        placeLink(`${nameAt(truth)} as ${nameAt(label)}`, place, at([truth, label])),
        ` ${percentText(share)}`))),
      element("p", {}, placeLink("All of its confusions", place, at([]))),
    ];
  };

  const images = (experiment, table) => {
    const task = netData.task(experiment);
    const net = { table: table.name, task: netData.tasks(experiment)[0], experiment };
    if (!task?.worst?.length) return [];
    const list = (title, found) => element("div", {}, element("h4", {}, title),
      element("ol", {}, ...found.map(([place, iu]) => element("li", {},
        imageLink(task.ids[place], net, { row: "" }), ` ${iu.toFixed(1)} %`))));
    const lists = [list("Worst", task.worst), list("Best", task.best)];
    const links = lists.flatMap((each) => [...each.querySelectorAll("a")]);
    const without = links.length < task.worst.length + task.best.length
      ? " Names without a link are not among the images on this page." : "";
    return [element("div", { className: "images" }, ...lists),
      element("p", { className: "note" }, "Mean IU over the classes that occur in the image or in "
        + `its prediction; of the first run.${without}`)];
  };

  const claims = (experiment) => {
    const items = netData.claims(experiment).flatMap((id) => {
      const claim = document.getElementById(`claim-${id}`);
      return claim ? [element("li", {}, claim.querySelector(".verdict").cloneNode(true), " ",
        placeLink(claim.querySelector(".statement").textContent, claim.id, { row: "" }))] : [];
    });
    return items.length ? [element("ul", {}, ...items)] : [];
  };

  // What the page says at its end: runs, values, what differs from the base, and the command.
  const provenance = (experiment) => {
    const there = document.getElementById(`run-${experiment}`);
    return [...there?.cloneNode(true).children ?? []].slice(1);
  };

  const close = button("\u2715", () => dialog.close(), { className: "close", "aria-label": "Close" });
  const heading = element("h2", { id: "drawer-title" });
  const content = element("div");
  const dialog = element("dialog", {
    id: "drawer", "aria-labelledby": "drawer-title",
    onclick: (event) => { if (event.target === dialog) dialog.close(); },
    onclose: () => { if (!dialog.open) pageState.leave("row"); },  // it may be open again by now
  }, element("div", { className: "top" }, heading, close), content);
  document.body.append(dialog);

  const open = (experiment, name) => {
    const table = tableOf(experiment, name);
    if (!table) return;
    const row = table.rows.get(experiment);
    const title = document.querySelector(`#table-${CSS.escape(table.name)} h3`);
    heading.textContent = nameOf(row);
    content.replaceChildren(
      element("p", { className: "note" }, title?.textContent ?? "", " \u00b7 ",
        element("code", {}, experiment)),
      ...row.classList.contains("collapsed") ? [element("p", { className: "warn" }, row.title)] : [],
      ...part("Scores", numbers(table.element, row)),
      ...part("Training", curves(experiment)),
      ...part("Classes", classes(experiment, table)),
      ...part("Largest confusions", confusion(experiment, table)),
      ...part("Images", images(experiment, table)),
      ...part("Claims that rest on it", claims(experiment)),
      ...part("Costs", costs(table, row)),
      ...part("Values and provenance", provenance(experiment)));
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    close.focus({ preventScroll: true });
  };

  pageState.on("row", (text) => {
    const [experiment, name] = text.split(".");
    if (experiment) open(experiment, name); else if (dialog.open) dialog.close();
  });

  document.getElementById("reading")?.before(element("p", { className: "note" },
    "A click on the name of a net, in any table, opens all that this page knows of it."));
  for (const table of tables) {
    for (const [experiment, row] of table.rows) {
      const show = () => {
        open(experiment, table.name);
        const first = tableOf(experiment).name === table.name;
        pageState.enter("row", first ? experiment : `${experiment}.${table.name}`);
      };
      const headings = [row, costRow(table, row)].flatMap((each) => (each ? [each.cells[0]] : []));
      for (const heading of headings) {
        heading.append(element("button", {
          type: "button", className: "net", "aria-haspopup": "dialog", onclick: show,
        }, ...heading.childNodes));
      }
    }
  }
}
