"use strict";
// Copies what is shown of a table as CSV, Markdown and LaTeX, and the command of an experiment.
{
  // A spreadsheet computes a text that begins so; the row's name is the only one.
  const asText = (cell) => (/^'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(cell) ? `'${cell}` : cell);

  const asCsv = ({ headings, value, shown }) => {
    const { columns, rows } = shown();
    const quoted = (cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
    const lines = rows.map((row) => columns.map((column) =>
      (column ? value(row, column) : asText(value(row, column)))));
    return [columns.map((column) => headings[column].dataset.full), ...lines]
      .map((line) => `${line.map(quoted).join(",")}\n`).join("");
  };

  const texts = ({ headings, shown }, write) => {
    const { columns, rows } = shown();
    return [
      columns.map((column) => write(headings[column].dataset.full)),
      ...rows.map((row) => columns.map((column) =>
        write(row.cells[column].textContent.trim(), row.cells[column].querySelector("strong")))),
    ];
  };

  const asMarkdown = (table) => {
    const escaped = (text) => text.replace(/[\\`*_[\]<>|~$&]/g, "\\$&");
    const [head, ...rows] = texts(table, escaped);
    const rule = head.map((_, column) => (column ? "--:" : ":--"));
    return [head, rule, ...rows].map((line) => `| ${line.join(" | ")} |\n`).join("");
  };

  // As in the LaTeX files of the run.
  const LATEX = {
    ...Object.fromEntries([..."&%$#_{}"].map((sign) => [sign, `\\${sign}`])),
    "[": "{[}", "*": "{*}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}",
    "\\": "\\textbackslash{}", "<": "\\textless{}", ">": "\\textgreater{}", "|": "\\textbar{}",
    "±": "$\\pm$", "×": "$\\times$", "\u2212": "$-$", "†": "\\dag{}", "‡": "\\ddag{}", "–": "--",
  };
  const asLatex = (table) => {
    const escaped = (text) => [...text].map((sign) => LATEX[sign] ?? sign).join("");
    const [head, ...rows] = texts(table, (text, best) =>
      (best ? `\\textbf{${escaped(text)}}` : escaped(text)));
    const line = (cells) => `${cells.join(" & ")} \\\\`;
    return [
      "% Needs \\usepackage{booktabs}.",
      `\\begin{tabular}{${head.map((_, column) => "rl"[Number(!column)]).join("")}}`,
      "\\toprule", line(head), "\\midrule", ...rows.map(line), "\\bottomrule", "\\end{tabular}", "",
    ].join("\n");
  };

  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {  // refused, or no such thing in this browser
      const area = element("textarea", { value: text });
      (document.querySelector("dialog[open]") ?? document.body).append(area);  // all else is inert
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };

  for (const table of scoreTables) {
    for (const [form, write] of [["CSV", asCsv], ["Markdown", asMarkdown], ["LaTeX", asLatex]]) {
      table.line.append(button(`Copy ${form}`, async () => {
        await copy(write(table));
        table.say("Copied");
      }));
    }
  }

  for (const pre of document.querySelectorAll("#experiments pre")) {
    pre.after(element("div", { className: "tools" },
      element("button", { type: "button", className: "copy" }, "Copy the command"),
      element("span", { role: "status" })));
  }
  // Of the panel of a net too, which shows clones of these.
  document.addEventListener("click", async ({ target }) => {
    if (!target.matches("button.copy")) return;
    await copy(target.parentElement.previousElementSibling.textContent);
    target.nextElementSibling.textContent = "Copied";
    setTimeout(() => { target.nextElementSibling.textContent = ""; }, 2500);
  });
}
