// Tables as text: for spreadsheets, for papers, for notes.
function csvOf({ heads, rows }) {
  // What a spreadsheet would take for a formula gets an apostrophe before it; many part cells at semicolons.
  const field = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const safe = (text) => text.replace(/(^|[;\t\r\n])(?=[\s"]*[=+\-@\uff1d\uff0b\uff0d\uff20])/g, "$1'");
  return [heads.map(({ text }) => field(safe(text))), ...rows.map((row) => row.map(({ text, full, numeric }) => field(numeric && !Number.isNaN(Number(full)) ? String(full) : safe(text))))]
    .map((fields) => fields.join(","))
    .join("\r\n") + "\r\n";
}

// A number's power, or raised figures alone: what LaTeX sets as mathematics.
const RAISED = /((?:[\d.,]+×)?10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)/;
const lowered = (text) => text.replace("×", "\\times").replaceAll(",", "{,}").replace(/[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+/, (power) => `^{${[...power].map((c) => "-0123456789"[page.notation.raised.indexOf(c)]).join("")}}`);
// At the beginning of a row they would belong to the end of the one before.
const OF_THE_ROW_BEFORE = { "[": "{[}", "*": "{*}" };
// Letters up to this one are known to LaTeX; others are shown by their number.
const LAST_LETTER = "\u017f";

function latexOf({ heads, rows }) {
  const one = (character) => page.latex[character] ?? OF_THE_ROW_BEFORE[character] ?? (character <= LAST_LETTER ? character : `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`);
  const escaped = (text) => text.replace(/[\u0000-\u001f\u007f-\u00a0]/g, " ").split(RAISED).map((part, k) => (k % 2 ? `$${lowered(part)}$` : [...part].map(one).join(""))).join("");
  const line = (cells) => `  ${cells.join(" & ")} \\\\`;
  return [
    `\\begin{tabular}{${heads.map(({ numeric }) => (numeric ? "r" : "l")).join("")}}`,
    "  \\toprule",
    line(heads.map(({ text }) => escaped(text))),
    "  \\midrule",
    ...rows.map((row) => line(row.map(({ text }) => escaped(text)))),
    "  \\bottomrule",
    "\\end{tabular}",
    "",
  ].join("\n");
}

function markdownOf({ heads, rows }) {
  const field = (text) => text.replace(/[\\|`*_<>[\]]/g, "\\$&").replace(/\s+/g, " ");
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(heads.map(({ text }) => field(text))), line(heads.map(({ numeric }) => (numeric ? "---:" : "---"))), ...rows.map((row) => line(row.map(({ text }) => field(text)))), ""].join("\n");
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = add(document.body, "textarea", "hidden-text", text);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
