"use strict";
// The tables of numbers, and what the scripts that sort, filter, compare and copy them share.
const scoreTables = (() => {
  return [...document.querySelectorAll("table.scores")].map((table) => {
    const { name } = table.dataset;
    const line = document.querySelector(`.tools[data-for="${CSS.escape(name)}"]`);
    const panel = element("details", { className: "panel" },
      element("summary", {}, "Filter and compare"));
    const status = element("span", { role: "status" });
    const rows = [...table.tBodies[0].rows];  // in the table's own order, however it is sorted
    rows.forEach((row, place) => { row.dataset.place = place; });
    const headings = [...table.querySelectorAll("tr.names th")];
    let saying = 0;
    return {
      name, table, rows, headings, line, panel, status,
      say(text) {
        status.textContent = text;
        clearTimeout(saying);
        saying = setTimeout(() => { status.textContent = ""; }, 2500);
      },
      // A number as exact as it is known, or a text.
      value(row, column) {
        const cell = row.cells[column];
        return cell.dataset.v === undefined ? cell.textContent.trim() : cell.dataset.v;
      },
      // What is not hidden, in the order of the moment.
      shown() {
        const columns = headings.flatMap((heading, column) => (heading.hidden ? [] : [column]));
        const lines = [...table.tBodies[0].rows, ...table.tFoot?.rows ?? []];
        return { columns, rows: lines.filter((row) => !row.hidden) };
      },
    };
  });
})();
