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

  for (const script of document.querySelectorAll("script.explored")) {
    const figure = script.closest("figure");
    const opened = new ResizeObserver(async () => {
      if (!figure.clientWidth) return;
      opened.disconnect();
      const [specification] = await Promise.all([unpacked(script), library()]);
      exploreChart(figure, script.dataset.name, specification);
    });
    if ("DecompressionStream" in window) opened.observe(figure);  // else the picture stays
  }
}
