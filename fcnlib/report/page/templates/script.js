"use strict";
// Everything here is an extra: the page is complete without it.
const say = (place, text) => {
  const status = place.querySelector("[role=status]");
  status.textContent = text;
  setTimeout(() => { status.textContent = ""; }, 2500);
};

const value = (row, column) => {
  const cell = row.cells[column];
  return cell.dataset.v === undefined ? cell.textContent.trim() : cell.dataset.v;
};

const sort = (table, heading) => {
  const body = table.tBodies[0];
  const column = heading.cellIndex;
  const text = heading.dataset.kind === "text";
  const now = heading.getAttribute("aria-sort");
  // First the way that is read most (best first), then the other, then the table's own order.
  const ways = text ? ["ascending", "descending", null] : ["descending", "ascending", null];
  const way = ways[(ways.indexOf(now) + 1) % 3];
  for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
  if (way) heading.setAttribute("aria-sort", way);
  const rows = [...body.rows];
  rows.sort((a, b) => a.dataset.place - b.dataset.place);
  if (way) {
    const sign = way === "ascending" ? 1 : -1;
    rows.sort((a, b) => {
      const [x, y] = [value(a, column), value(b, column)];
      if (x === "" || y === "") return (x === "") - (y === "");  // nothing measured: last
      return sign * (text ? x.localeCompare(y, undefined, { numeric: true }) : x - y);
    });
  }
  body.append(...rows);
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
    button.addEventListener("click", () => sort(table, heading));
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
}

const dialog = document.createElement("dialog");
const large = document.createElement("img");
document.body.append(dialog);
dialog.append(large);
dialog.addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => { large.removeAttribute("src"); });
for (const link of document.querySelectorAll("a.zoom")) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    large.src = link.href;
    large.alt = link.querySelector("img").alt;
    dialog.showModal();
  });
}

// A link to something closed opens it; printing shows everything but provenance.
const openTarget = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const closed = target?.closest("details");
  if (!closed || closed.open) return;
  closed.open = true;
  target.scrollIntoView();
};
addEventListener("hashchange", openTarget);
openTarget();
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll(".part details")) details.open = true;
});
