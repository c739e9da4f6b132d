"use strict";
// Sorts a table by a click on a heading.
for (const { name, table, rows, headings, value } of scoreTables) {
  // First the way that is read most (best first), then the other, then the table's own order.
  const waysOf = (heading) => (heading.dataset.kind === "text"
    ? ["ascending", "descending", ""] : ["descending", "ascending", ""]);

  const sort = (column, way) => {
    const text = headings[column].dataset.kind === "text";
    for (const each of headings) each.removeAttribute("aria-sort");
    if (way) headings[column].setAttribute("aria-sort", way);
    const sorted = [...rows];
    if (way) {
      const sign = way === "ascending" ? 1 : -1;
      sorted.sort((a, b) => {
        const [x, y] = [value(a, column), value(b, column)];
        if (x === "" || y === "") return (x === "") - (y === "");  // nothing measured: last
        return sign * (text ? x.localeCompare(y, undefined, { numeric: true }) : x - y);
      });
    }
    table.tBodies[0].append(...sorted);
  };

  headings.forEach((heading, column) => {
    const onclick = () => {
      const ways = waysOf(heading);
      const way = ways[(ways.indexOf(heading.getAttribute("aria-sort") ?? "") + 1) % 3];
      sort(column, way);
      pageState.set(`sort.${name}`, way && `${column}.${way}`);
    };
    heading.append(element("button", {
      type: "button", title: `Sort by ${heading.dataset.full}`, onclick,
    }, ...heading.childNodes));
  });

  // What an address says, as far as the table has such a column.
  pageState.on(`sort.${name}`, (text) => {
    const [column, way] = text.split(".");
    const heading = /^\d+$/.test(column) ? headings[column] : null;
    if (!text) sort(0, "");
    else if (heading && waysOf(heading).includes(way)) sort(Number(column), way);
  });
}
