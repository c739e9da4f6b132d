"use strict";
// A chart of curves with its legend and its controls; what the reader makes of it is in the address.
const exploreChart = (() => {
  const LETTER = 7.5;  // pixels of a title's

  // As text: linear,100-800,off.2 is a linear axis, a part of the run, and the third net off.
  const asText = ({ linear, zoom, off }) => [
    linear ? "linear" : "", zoom ? zoom.join("-") : "", ...[...off].map((net) => `off.${net}`),
  ].filter(Boolean).join(",");
  const fromText = (text) => {
    const view = { linear: false, zoom: null, off: new Set() };
    for (const part of text.split(",")) {
      if (part === "linear") view.linear = true;
      else if (/^off\.\d+$/.test(part)) view.off.add(Number(part.slice(4)));
      else if (/^\d+-\d+$/.test(part)) view.zoom = part.split("-").map(Number);
    }
    return view;
  };

  // A part of the run; null for all of it, and for what is no part of it.
  const partOf = (end, range) => {
    if (!range) return null;
    const [from, to] = [Math.max(0, Math.floor(range[0])), Math.min(end, Math.ceil(range[1]))];
    return from < to && to - from < end ? [from, to] : null;
  };

  const swatch = (stroke, dash) => svgElement("svg", {
    class: "chart swatch", viewBox: "0 0 28 11", "aria-hidden": "true",
  }, svgElement("path", {
    d: "M1 5.5H27", stroke, "stroke-width": 2, "stroke-dasharray": dash,
  }));

  // The nets, to be switched on and off, with their values at the cursor.
  const makeLegend = ({ nets, panels }, turn) => {
    const place = columnHeading("iteration");
    const rows = nets.map(([net, colour, dash], index) => {
      const box = element("input", {
        type: "checkbox", onchange: () => turn(index, box.checked),
      });
      const label = element("label", {}, box, swatch(colour, dash), element("span", {}, net));
      const cells = panels.map(() => element("td"));
      const row = element("tr", {}, element("th", { scope: "row" }, label), ...cells);
      return { net, box, cells, row };
    });
    const table = element("table", {},
      element("thead", {}, element("tr", {}, place, ...panels.map(columnHeading))),
      element("tbody", {}, ...rows.map(({ row }) => row)));
    return {
      table,
      mark(off) {
        rows.forEach(({ box, row }, index) => {
          box.checked = !off.has(index);
          row.classList.toggle("off", off.has(index));
        });
      },
      // The last values at or before a place.
      show(points, at) {
        place.textContent = `iteration ${Math.round(at).toLocaleString("en")}`;
        for (const { net, cells } of rows) {
          panels.forEach((panel, index) => {
            const last = points.findLast((point) =>
              point.net === net && point.panel === panel && Number(point.x) <= at);
            cells[index].textContent = last ? Number(Number(last.value).toPrecision(3)) : "";
          });
        }
      },
    };
  };

  const makeControls = (end, zoom, turnLog) => {
    const log = element("input", { type: "checkbox", onchange: () => turnLog(log.checked) });
    const ends = ["from", "to"].map(() => element("input", {
      type: "number", min: 0, max: end,
      onchange: () => zoom(ends.map((input) => input.valueAsNumber)),
    }));
    const whole = button("Whole run", () => zoom(null));
    return {
      line: element("p", { className: "view tools" },
        element("label", {}, "iterations", ends[0]), element("label", {}, "to", ends[1]), whole,
        element("label", {}, log, "log axis")),
      show({ linear, zoom: part }) {
        log.checked = !linear;
        [ends[0].value, ends[1].value] = part ?? [0, end];
        whole.hidden = !part;
      },
    };
  };

  // A title on as many lines as it needs.
  const wrapped = (title, letters) => title.split(" ").reduce((lines, word) => {
    const line = lines.length ? `${lines.at(-1)} ${word}` : "";
    return line && line.length <= letters ? [...lines.slice(0, -1), line] : [...lines, word];
  }, []);

  // The specification as the reader wants it: its parameters, the axis of losses, and its width.
  const adapted = (specification, values, linear, width) => {
    const spec = JSON.parse(specification, (key, value) => {
      if (key === "type" && value === "log" && linear) return "linear";
      return key === "width" ? width : value;
    });
    for (const each of spec.params) if (each.name in values) each.value = values[each.name];
    for (const panel of spec.vconcat) panel.title = wrapped(panel.title, width / LETTER);
    return spec;
  };

  return (figure, name, specification) => {
    const { usermeta, params, description } = JSON.parse(specification);
    const end = params.find((each) => each.name === "end").value;
    let view = fromText("");
    let embedded = null;
    let dragged = null;

    const plot = element("div", {
      className: "chart plot", role: "img", "aria-label": figure.querySelector("img").alt,
    });

    const draw = async () => {
      const [from, to] = view.zoom ?? [0, end];
      const off = usermeta.nets.map(([net]) => net).filter((_, index) => view.off.has(index));
      const width = Math.max(90, plot.clientWidth - 75);  // beside the numbers of the axis
      const spec = adapted(specification, { start: from, end: to, off }, view.linear, width);
      embedded?.finalize();
      embedded = await vegaEmbed(plot, spec, {
        renderer: "svg", actions: false, tooltip: false, defaultStyle: false,
        logLevel: 1 });  // errors alone: it warns of what is zoomed out of sight
      // The whole has a name, and its values stand in the table.
      plot.querySelector("svg").setAttribute("aria-hidden", "true");
      const points = embedded.view.data("points");
      embedded.view.addSignalListener("cursor", (_, { x }) => legend.show(points, x?.[0] ?? to));
      embedded.view.addSignalListener("brush", (_, { x }) => { dragged = x ?? null; });
      legend.mark(view.off);
      legend.show(points, to);
      controls.show(view);
    };
    let drawing = Promise.resolve();
    const redraw = () => { drawing = drawing.then(draw); };
    const change = (values) => {
      Object.assign(view, values);
      pageState.set(`chart.${name}`, asText(view));
      redraw();
    };

    const zoom = (range) => {
      const empty = range && !(range[0] < range[1]);  // what was typed is put back
      change(empty ? {} : { zoom: partOf(end, range) });
    };
    const legend = makeLegend(usermeta, (net, on) => {
      if (on) view.off.delete(net); else view.off.add(net);
      change({});
    });
    const controls = makeControls(end, zoom, (log) => change({ linear: !log }));
    addEventListener("pointerup", () => {
      if (dragged) zoom(dragged);
      dragged = null;
    });
    plot.addEventListener("dblclick", () => zoom(null));

    const note = `${description} Drag over the chart to zoom in, double-click for the whole run.`;
    figure.append(element("div", { className: "explore" }, plot,
      element("div", { className: "side" }, legend.table, controls.line),
      element("p", { className: "note" }, note)));
    pageState.on(`chart.${name}`, (text) => {
      view = fromText(text);
      view.zoom = partOf(end, view.zoom);
      redraw();
    });
    let width = 0;
    new ResizeObserver(() => {
      if (!plot.clientWidth || plot.clientWidth === width) return;
      width = plot.clientWidth;
      redraw();
    }).observe(plot);
  };
})();
