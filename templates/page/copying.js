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

// Of article at 10 pt: what its text holds, a letter's width at most, and what is between two columns; rows of a page.
const [TEXT_PT, LETTER_PT, BETWEEN_PT, LONG_TABLE] = [345, 5, 12, 40];

function latexOf({ heads, rows }) {
  const one = (character) => page.latex[character] ?? OF_THE_ROW_BEFORE[character] ?? (character <= LAST_LETTER ? character : `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`);
  const escaped = (text) => text.replace(/[\u0000-\u001f\u007f-\u00a0]/g, " ").split(RAISED).map((part, k) => (k % 2 ? `$${lowered(part)}$` : [...part].map(one).join(""))).join("");
  const line = (cells) => `  ${cells.join(" & ")} \\\\`;
  const [layout, head, body] = [heads.map(({ numeric }) => (numeric ? "r" : "l")).join(""), line(heads.map(({ text }) => escaped(text))), rows.map((row) => line(row.map(({ text }) => escaped(text))))];
  const wide = heads.reduce((sum, { text }, i) => sum + LETTER_PT * Math.max(text.length, ...rows.map((row) => row[i].text.length)) + BETWEEN_PT, 0) > TEXT_PT;
  const needs = (packages) => `% Needs in the preamble: \\usepackage{${packages}}`;
  if (rows.length > LONG_TABLE) {
    return [needs("booktabs,longtable"), ...(wide ? [`% ${words.wide_latex}`] : []), `\\begin{longtable}{${layout}}`, "  \\toprule", head, "  \\midrule", "  \\endhead", "  \\bottomrule", "  \\endfoot", ...body, "\\end{longtable}", ""].join("\n");
  }
  const [smaller, end] = wide ? ["\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%", "}"] : [null, ""];
  return [needs(wide ? "booktabs,graphicx" : "booktabs"), ...(smaller ? [smaller] : []), `\\begin{tabular}{${layout}}`, "  \\toprule", head, "  \\midrule", ...body, "  \\bottomrule", `\\end{tabular}${end}`, ""].join("\n");
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
