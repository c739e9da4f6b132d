"use strict";
// Sorts tables by a column, and copies them.
{
  const say = (place, text) => {
    const status = place.querySelector("[role=status]");
    status.textContent = text;
    setTimeout(() => { status.textContent = ""; }, 2500);
  };

  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.v === undefined ? cell.textContent.trim() : cell.dataset.v;
  };

  // First the way that is read most (best first), then the other, then the table's own order.
  const waysOf = (heading) => (heading.dataset.kind === "text"
    ? ["ascending", "descending", ""] : ["descending", "ascending", ""]);

  const sort = (table, column, way) => {
    const headings = [...table.querySelectorAll("tr.names th")];
    const text = headings[column].dataset.kind === "text";
    for (const each of headings) each.removeAttribute("aria-sort");
    if (way) headings[column].setAttribute("aria-sort", way);
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => a.dataset.place - b.dataset.place);
    if (way) {
      const sign = way === "ascending" ? 1 : -1;
      rows.sort((a, b) => {
        const [x, y] = [value(a, column), value(b, column)];
        if (x === "" || y === "") return (x === "") - (y === "");  // nothing measured: last
        return sign * (text ? x.localeCompare(y, undefined, { numeric: true }) : x - y);
      });
    }
    table.tBodies[0].append(...rows);
  };

  const turn = (table, heading) => {
    const ways = waysOf(heading);
    const now = heading.getAttribute("aria-sort") ?? "";
    const way = ways[(ways.indexOf(now) + 1) % 3];
    sort(table, heading.cellIndex, way);
    pageState.set(`sort.${table.dataset.name}`, way && `${heading.cellIndex}.${way}`);
  };

  // What an address says, as far as the table has such a column.
  const restore = (table) => (text) => {
    const [column, way] = text.split(".");
    const heading = table.querySelectorAll("tr.names th")[column];
    if (!text) sort(table, 0, "");
    else if (heading && waysOf(heading).includes(way)) sort(table, Number(column), way);
  };

  const cells = (table, exact) => [
    [...table.querySelectorAll("tr.names th")].map((heading) => heading.dataset.full),
    ...[...table.tBodies[0].rows].map((row) => [...row.cells].map((cell, column) =>
      exact ? value(row, column) : cell.textContent.trim())),
  ];

  // A spreadsheet computes a text that begins so; the row's name is the only one.
  const asText = (cell) => (/^'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(cell) ? `'${cell}` : cell);

  const asCsv = (table) => cells(table, true).map((row) => row.map((cell, column) =>
    column ? cell : asText(cell)).map((cell) =>
    /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell).join(",")).join("\n") + "\n";

  const asMarkdown = (table) => {
    const [head, ...rows] = cells(table, false);
    const line = (row) => `| ${row.map((cell) =>
      cell.replace(/[\\`*_[\]<>|~$&]/g, "\\$&")).join(" | ")} |`;
    const rule = head.map((_, column) => (column ? "--:" : ":--"));
    return [head, rule, ...rows].map(line).join("\n") + "\n";
  };

  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {  // refused, or no such thing in this browser
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };

  for (const table of document.querySelectorAll("table.scores")) {
    [...table.tBodies[0].rows].forEach((row, place) => { row.dataset.place = place; });
    for (const heading of table.querySelectorAll("tr.names th")) {
      const button = document.createElement("button");
      button.type = "button";
      button.title = `Sort by ${heading.dataset.full}`;
      button.append(...heading.childNodes);
      button.addEventListener("click", () => turn(table, heading));
      heading.append(button);
    }
    const tools = document.querySelector(`.tools[data-for="${CSS.escape(table.dataset.name)}"]`);
    for (const [label, write] of [["Copy CSV", asCsv], ["Copy Markdown", asMarkdown]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.addEventListener("click", async () => {
        await copy(write(table));
        say(tools, "Copied");
      });
      tools.append(button);
    }
    const status = document.createElement("span");
    status.setAttribute("role", "status");
    tools.append(status);
    pageState.on(`sort.${table.dataset.name}`, restore(table));
  }
}
