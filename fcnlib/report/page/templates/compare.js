"use strict";
// Compares two rows of a table: marks them, and shows their difference below.
for (const { name, table, rows, headings, panel } of scoreTables) {
  if (rows.length < 2) continue;
  const nameOf = (row) => row.cells[0].textContent.trim();
  const change = () => {
    apply();
    const places = choices.map(({ value }) => value);
    pageState.set(`compare.${name}`, places.every(Boolean) ? places.join("-") : "");
  };
  const choices = ["row", "another row"].map((text) => element("select", { onchange: change },
    new Option(text, ""), ...rows.map((row, place) => new Option(nameOf(row), place))));

  // The numbers as they are displayed, whose difference a reader can check.
  const number = (text) => parseFloat(text.replaceAll(",", "").replace("\u2212", "-"));
  const digits = (text) => text.match(/\.(\d+)/)?.[1].length ?? 0;
  const difference = (a, b) => {
    const [x, y] = [a, b].map((cell) => cell.textContent.trim());
    const by = number(x) - number(y);
    if (Number.isNaN(by)) return element("td");
    const text = Math.abs(by).toLocaleString("en", {
      minimumFractionDigits: Math.max(digits(x), digits(y)),
      maximumFractionDigits: Math.max(digits(x), digits(y)),
    });
    const size = Number(text.replaceAll(",", ""));
    const sign = !size ? "\u00b1" : by > 0 ? "+" : "\u2212";
    const cell = element("td", { className: a.matches(".first") ? "first" : "" }, sign + text);
    cell.dataset.v = by < 0 ? -size : size;
    return cell;
  };

  const apply = () => {
    const [a, b] = choices.map((choice) => (choice.value === "" ? null : rows[choice.value]));
    const both = a && b && a !== b;
    for (const row of rows) row.classList.toggle("compared", Boolean(both && (row === a || row === b)));
    table.tFoot?.remove();
    if (!both) return;
    const cells = headings.map((heading, column) => {
      const cell = column ? difference(a.cells[column], b.cells[column])
        : element("th", { scope: "row" }, `${nameOf(a)} minus ${nameOf(b)}`);
      cell.hidden = heading.hidden;
      return cell;
    });
    table.append(element("tfoot", {}, element("tr", {}, ...cells)));
  };

  panel.append(element("p", {}, element("label", {}, "Compare", choices[0]),
    element("label", {}, "with", choices[1])));
  pageState.on(`compare.${name}`, (text) => {
    const places = text.split("-");
    choices.forEach((choice, index) => {
      const place = places[index] ?? "";
      choice.value = /^\d+$/.test(place) && place in rows ? place : "";
    });
    if (text) panel.open = true;
    apply();
  });
}
