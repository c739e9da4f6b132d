"use strict";
// Puts a chart to explore in the place of its picture, once the part that it stands in is opened.
{
  const text = (script) => unpacked(script.textContent, "gzip").text();

  let loading = null;
  const library = () => {
    loading ??= text(document.getElementById("chart-library")).then((code) => {
      document.head.append(element("script", {}, code));
    });
    return loading;
  };

  for (const script of document.querySelectorAll("script.explored")) {
    const figure = script.closest("figure");
    const opened = new ResizeObserver(async () => {
      if (!figure.clientWidth) return;
      opened.disconnect();
      const [specification] = await Promise.all([text(script), library()]);
      exploreChart(figure, script.dataset.name, specification);
    });
    if ("DecompressionStream" in window) opened.observe(figure);  // else the picture stays
  }
}
