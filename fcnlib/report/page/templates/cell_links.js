"use strict";
// A click on a number puts it into the address; such an address leads to it and marks it.
{
  const at = ({ name }, cell) => `${name}.${cell.parentElement.dataset.place}.${cell.cellIndex}`;
  let marked = null;
  const mark = (cell) => {
    marked?.removeAttribute("aria-current");
    marked = cell;
    cell?.setAttribute("aria-current", "true");
  };

  for (const each of scoreTables) {
    const { table, rows, panel, say } = each;
    panel.append(element("p", {}, "A click on a number of the table puts it into the address."));
    const cells = () => [...table.tBodies[0].rows].filter((row) => !row.hidden)
      .map((row) => [...row.cells].slice(1).filter((cell) => !cell.hidden));
    // One stop of the Tab key for the table; arrows go from there.
    let stop = rows[0]?.cells[1];
    if (stop) stop.tabIndex = 0;
    const go = (cell) => {
      stop.removeAttribute("tabindex");
      stop = cell;
      cell.tabIndex = 0;
      cell.focus();
    };
    const choose = (cell) => {
      const again = cell === marked;
      mark(again ? null : cell);
      pageState.set("cell", again ? "" : at(each, cell));
      say(again ? "" : "The address leads to this number");
    };
    table.tBodies[0].addEventListener("click", (event) => {
      const cell = event.target.closest("td");
      if (cell && !event.target.closest("a, button") && getSelection().isCollapsed) choose(cell);
    });
    table.tBodies[0].addEventListener("keydown", (event) => {
      if (event.target.tagName !== "TD") return;
      const grid = cells();
      const y = grid.findIndex((row) => row.includes(event.target));
      const x = grid[y]?.indexOf(event.target);
      const next = {
        ArrowLeft: () => grid[y][x - 1], ArrowRight: () => grid[y][x + 1],
        ArrowUp: () => grid[y - 1]?.[x], ArrowDown: () => grid[y + 1]?.[x],
      }[event.key]?.();
      if (next) go(next);
      else if (event.key === "Enter" || event.key === " ") choose(event.target);
      else return;
      event.preventDefault();
    });
  }

  // After the place of the address has been gone to, which its part of the page is.
  const lead = (text) => {
    const [, name, row, column] = text.match(/^(.+)\.(\d+)\.(\d+)$/) ?? [];
    const cell = scoreTables.find((each) => each.name === name)?.rows[row]?.cells[column];
    mark(cell?.tagName === "TD" ? cell : null);
    if (!marked) return;
    const details = marked.closest("details");
    if (details) details.open = true;
    const scroll = () => marked?.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", scroll);
    else queueMicrotask(scroll);
  };
  pageState.on("cell", lead);
}
