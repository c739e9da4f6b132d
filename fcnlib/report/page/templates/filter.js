"use strict";
// Shows some rows and columns of a table; the tools for it open below the table.
for (const { name, table, rows, headings, line, panel, status } of scoreTables) {
  const change = () => { apply(); keep(); };
  const search = element("input", {
    type: "search", placeholder: "part of a name", oninput: change,
  });
  const boxes = headings.slice(1).map((heading) => {
    const box = element("input", { type: "checkbox", checked: true, onchange: change });
    return { box, label: element("label", {}, box, heading.dataset.full) };
  });
  const hiddenParts = element("span");
  const all = button("Show all", () => { restoreRows(""); restoreColumns(""); keep(); });

  const keep = () => {
    const off = boxes.flatMap(({ box }, place) => (box.checked ? [] : [place + 1]));
    pageState.set(`rows.${name}`, search.value.trim());
    pageState.set(`hidden.${name}`, off.join(","));
  };

  // Which columns stand below which heading that spans several.
  const groups = [...table.tHead.querySelectorAll("th[colspan]")];
  const spans = groups.map((group) => group.colSpan);
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = row.cells[0].textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    boxes.forEach(({ box }, place) => {
      for (const row of [headings[0].parentElement, ...rows, ...table.tFoot?.rows ?? []]) {
        row.cells[place + 1].hidden = !box.checked;
      }
    });
    let first = 0;
    groups.forEach((group, place) => {
      const below = boxes.slice(first, first += spans[place]);
      const left = below.filter(({ box }) => box.checked).length;
      group.hidden = !left;
      group.colSpan = left || 1;
    });
    const counts = [[rows.filter((row) => !row.hidden), rows, "rows"],
      [boxes.filter(({ box }) => box.checked), boxes, "columns"]];
    hiddenParts.textContent = counts.filter(([some, every]) => some.length < every.length)
      .map(([some, every, what]) => `${some.length} of ${every.length} ${what}`).join(", ");
    all.hidden = !hiddenParts.textContent;
  };

  const restoreRows = (text) => {
    search.value = text;
    if (text) panel.open = true;
    apply();
  };
  const restoreColumns = (text) => {
    const off = new Set(text.split(","));
    boxes.forEach(({ box }, place) => { box.checked = !off.has(String(place + 1)); });
    if (text) panel.open = true;
    apply();
  };

  panel.append(element("p", {}, element("label", {}, "Rows with", search)), element("fieldset", {},
    element("legend", {}, "Columns"), ...boxes.map(({ label }) => label)));
  line.append(panel, hiddenParts, all, status);
  apply();
  pageState.on(`rows.${name}`, restoreRows);
  pageState.on(`hidden.${name}`, restoreColumns);
}
