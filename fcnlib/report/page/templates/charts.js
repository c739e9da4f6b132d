"use strict";
// Puts a chart to explore in the place of its picture, once the part that it stands in is opened.
{
  const unpacked = (script) => {
    const bytes = Uint8Array.from(atob(script.textContent), (sign) => sign.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  };

  let loading = null;
  const library = () => {
    loading ??= unpacked(document.getElementById("chart-library")).then((code) => {
      const script = document.createElement("script");
      script.textContent = code;
      document.head.append(script);
    });
    return loading;
  };

  const make = (tag, values, ...children) => {
    const element = Object.assign(document.createElement(tag), values);
    element.append(...children);
    return element;
  };

  const swatch = (colour, dash) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "chart swatch");
    svg.setAttribute("viewBox", "0 0 28 11");
    svg.setAttribute("aria-hidden", "true");
    const line = document.createElementNS(svg.namespaceURI, "path");
    const look = { d: "M1 5.5H27", stroke: colour, "stroke-width": 2, "stroke-dasharray": dash };
    for (const [name, value] of Object.entries(look)) line.setAttribute(name, value);
    svg.append(line);
    return svg;
  };

  // What the reader sees of a chart, as text for the address: linear,100-800,off.2
  const asText = ({ linear, zoom, off }) => [
    linear ? "linear" : "", zoom ? zoom.join("-") : "", ...[...off].map((net) => `off.${net}`),
  ].filter(Boolean).join(",");
  const fromText = (text) => {
    const seen = { linear: false, zoom: null, off: new Set() };
    for (const part of text.split(",")) {
      const [start, end] = part.split("-").map(Number);
      if (part === "linear") seen.linear = true;
      else if (/^off\.\d+$/.test(part)) seen.off.add(Number(part.slice(4)));
      else if (start < end) seen.zoom = [start, end];
    }
    return seen;
  };

  const explore = (figure, name, text) => {
    const given = JSON.parse(text);
    const { nets, panels } = given.usermeta;
    const whole = [0, given.params.find((each) => each.name === "end").value];
    let seen = fromText("");
    let embedded = null;
    let drawing = Promise.resolve();
    let points = [];
    let dragged = null;

    const plot = make("div", { className: "chart plot" });
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", figure.querySelector("img").alt);
    const place = make("th", { scope: "col" });
    const rows = nets.map(([net, colour, dash], index) => {
      const box = make("input", { type: "checkbox" });
      box.addEventListener("change", () => {
        if (box.checked) seen.off.delete(index); else seen.off.add(index);
        change();
      });
      const label = make("label", {}, box, swatch(colour, dash), make("span", { textContent: net }));
      const cells = panels.map(() => make("td", {}));
      return { net, box, label, cells,
        row: make("tr", {}, make("th", { scope: "row" }, label), ...cells) };
    });
    const headings = panels.map((title) => make("th", { scope: "col", textContent: title }));
    const table = make("table", {}, make("thead", {}, make("tr", {}, place, ...headings)),
      make("tbody", {}, ...rows.map(({ row }) => row)));

    const log = make("input", { type: "checkbox" });
    log.addEventListener("change", () => { seen.linear = !log.checked; change(); });
    const ends = ["from", "to"].map(() => make("input", { type: "number", min: 0, max: whole[1] }));
    const typed = () => {
      const [start, end] = ends.map((end) => end.valueAsNumber);
      if (start < end) zoom([start, end]); else refresh();
    };
    for (const end of ends) end.addEventListener("change", typed);
    const reset = make("button", { type: "button", textContent: "Whole run" });
    reset.addEventListener("click", () => zoom(null));
    const controls = make("p", { className: "view tools" },
      make("label", {}, "iterations", ends[0]), make("label", {}, "to", ends[1]), reset,
      make("label", {}, log, "log axis"));
    const note = make("p", { className: "note", textContent:
      `${given.description} Drag over the chart to zoom in, double-click for the whole run.` });

    // A part of the run; null for all of it, and for what is no part of it.
    const part = (range) => {
      if (!range) return null;
      const [start, end] = [Math.max(0, Math.floor(range[0])), Math.min(whole[1], Math.ceil(range[1]))];
      return start < end && end - start < whole[1] ? [start, end] : null;
    };
    const zoom = (range) => {
      seen.zoom = part(range);
      change();
    };
    const change = () => {
      pageState.set(`chart.${name}`, asText(seen));
      refresh();
    };

    // The last values at or before a place; those at the end where the reader points to none.
    const show = (at) => {
      place.textContent = `iteration ${Math.round(at).toLocaleString("en")}`;
      for (const { net, cells } of rows) {
        panels.forEach((panel, index) => {
          const last = points.findLast((each) =>
            each.net === net && each.panel === panel && Number(each.x) <= at);
          cells[index].textContent = last ? Number(Number(last.value).toPrecision(3)) : "";
        });
      }
    };

    const refresh = () => { drawing = drawing.then(draw); };
    const draw = async () => {
      const [start, end] = seen.zoom ?? whole;
      const values = { start, end, off: nets.map(([net]) => net).filter((_, i) => seen.off.has(i)) };
      const spec = JSON.parse(text, (key, value) => {
        if (key === "type" && value === "log" && seen.linear) return "linear";
        return key === "width" ? Math.max(200, plot.clientWidth - 75) : value;
      });
      for (const each of spec.params) if (each.name in values) each.value = values[each.name];
      embedded?.finalize();
      embedded = await vegaEmbed(plot, spec, {
        renderer: "svg", actions: false, tooltip: false, defaultStyle: false,
        logLevel: 1 });  // errors alone: it warns of what is zoomed out of sight
      const { view } = embedded;
      // The whole has a name, and its values stand in the table.
      plot.querySelector("svg").setAttribute("aria-hidden", "true");
      points = view.data("points");
      view.addSignalListener("cursor", (_, value) => show(value.x?.[0] ?? end));
      view.addSignalListener("brush", (_, value) => { dragged = value.x ?? null; });
      rows.forEach(({ box, row }, index) => {
        box.checked = !seen.off.has(index);
        row.classList.toggle("off", !box.checked);
      });
      log.checked = !seen.linear;
      [ends[0].value, ends[1].value] = [start, end];
      reset.hidden = !seen.zoom;
      show(end);
    };

    addEventListener("pointerup", () => {
      const range = dragged;
      dragged = null;
      if (range && range[0] < range[1]) zoom(range);
    });
    plot.addEventListener("dblclick", () => zoom(null));
    figure.append(make("div", { className: "explore" },
      plot, make("div", { className: "side" }, table, controls), note));
    pageState.on(`chart.${name}`, (text) => {
      seen = fromText(text);
      seen.zoom = part(seen.zoom);
      refresh();
    });
    let width = 0;
    new ResizeObserver(() => {
      if (plot.clientWidth && plot.clientWidth !== width) {
        width = plot.clientWidth;
        refresh();
      }
    }).observe(plot);
  };

  for (const script of document.querySelectorAll("script.explored")) {
    const figure = script.closest("figure");
    const opened = new ResizeObserver(async () => {
      if (!figure.clientWidth) return;
      opened.disconnect();
      const [text] = await Promise.all([unpacked(script), library()]);
      explore(figure, script.dataset.name, text);
    });
    if ("DecompressionStream" in window) opened.observe(figure);
  }
}
