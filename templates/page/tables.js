// Tables: sorted, filtered, with the reader's columns, copied as CSV or LaTeX; and a curve in each row.
const FILTER_FROM = 8; // rows; fewer are read at a glance

class Table {
  constructor(wrapper) {
    this.wrapper = wrapper;
    this.element = wrapper.querySelector("table");
    this.heads = [...this.element.tHead.rows[0].cells];
    this.body = this.element.tBodies[0];
    this.rows = [...this.body.rows];
    this.hidden = new Set(this.heads.flatMap((head, i) => (head.classList.contains("off") ? [i] : [])));
    this.sheet = null;
  }

  enhance() {
    this.heads.forEach((head, i) => {
      if (head.dataset.kind === "sparkline") return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => this.sort(i));
      head.append(button);
      head.setAttribute("aria-sort", "none");
    });
    const tools = document.createElement("div");
    tools.className = "tools";
    this.wrapper.querySelector(".scroll").before(tools);
    if (this.rows.length >= FILTER_FROM) this.addFilter(tools);
    this.addColumns(tools);
    this.said = document.createElement("span");
    for (const [name, write] of [[words.copy_csv, csvOf], [words.copy_latex, latexOf]]) {
      const button = add(tools, "button", "", name);
      button.type = "button";
      button.addEventListener("click", () => copy(write(this.shown())).then((done) => { this.said.textContent = done ? words.copied : words.not_copied; }));
    }
    this.said.className = "said";
    this.said.setAttribute("role", "status");
    tools.append(this.said);
    this.body.addEventListener("pointerover", (event) => lightUp(event.target.closest("tr")?.dataset.run ?? null));
    this.body.addEventListener("pointerleave", () => lightUp(null));
    this.body.addEventListener("focusin", (event) => lightUp(event.target.closest("tr")?.dataset.run ?? null));
    this.body.addEventListener("focusout", () => lightUp(null));
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("tr[data-run]");
      if (row && !event.target.closest("a, button, details") && !String(getSelection())) location.hash = `#run-${row.dataset.run}`;
    });
  }

  value(row, i) {
    const cell = row.cells[i];
    if (!this.heads[i].classList.contains("n")) return cell.textContent.trim();
    const number = Number(cell.dataset.v ?? cell.textContent.replaceAll(",", "").replace("−", "-"));
    return Number.isNaN(number) || (cell.dataset.v === undefined && cell.textContent.trim() === "") ? null : number;
  }

  sort(i) {
    const rising = this.heads[i].getAttribute("aria-sort") !== "ascending";
    for (const head of this.heads) if (head.hasAttribute("aria-sort")) head.setAttribute("aria-sort", "none");
    this.heads[i].setAttribute("aria-sort", rising ? "ascending" : "descending");
    const collator = new Intl.Collator(undefined, { numeric: true });
    const keyed = this.rows.map((row) => [this.value(row, i), row]);
    // What is missing comes last either way.
    keyed.sort(([a], [b]) => {
      if (a === null || a === "" || b === null || b === "") return (a === null || a === "") - (b === null || b === "");
      return (rising ? 1 : -1) * (typeof a === "number" ? a - b : collator.compare(a, b));
    });
    this.rows = keyed.map(([, row]) => row);
    this.body.append(...this.rows);
  }

  addFilter(tools) {
    const input = add(tools, "input");
    Object.assign(input, { type: "search", placeholder: words.filter });
    input.setAttribute("aria-label", filled(words.filter_of, this.wrapper.dataset.name));
    const families = this.heads.findIndex((head) => head.dataset.key === "family");
    const select = families < 0 ? null : this.addFamilies(tools, families);
    const counted = add(tools, "span", "said");
    counted.setAttribute("role", "status");
    const apply = () => {
      const wanted = input.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      let left = 0;
      for (const row of this.rows) {
        const text = row.textContent.toLowerCase();
        const kept = wanted.every((word) => text.includes(word)) && (!select?.value || row.cells[families].textContent.trim() === select.value);
        row.hidden = !kept;
        left += kept;
      }
      counted.textContent = left === this.rows.length ? "" : filled(words.left, countText(left), countText(this.rows.length));
    };
    input.addEventListener("input", apply);
    select?.addEventListener("change", apply);
  }

  addFamilies(tools, column) {
    const names = [...new Set(this.rows.map((row) => row.cells[column].textContent.trim()))];
    if (names.length < 2) return null;
    const select = add(tools, "select");
    select.setAttribute("aria-label", words.family);
    add(select, "option", "", words.families).value = "";
    for (const name of names) add(select, "option", "", name.length > 40 ? `${name.slice(0, 39)}…` : name).value = name;
    return select;
  }

  addColumns(tools) {
    const details = add(tools, "details", "columns");
    add(details, "summary", "", words.columns);
    const list = add(details, "div", "list");
    this.heads.forEach((head, i) => {
      const label = add(list, "label");
      const box = add(label, "input");
      box.type = "checkbox";
      box.checked = !this.hidden.has(i);
      label.append(` ${head.textContent.trim()}`);
      box.addEventListener("change", () => this.showColumn(i, box.checked));
    });
    document.addEventListener("click", (event) => { if (!details.contains(event.target)) details.open = false; });
    details.addEventListener("keydown", (event) => { if (event.key === "Escape") { details.open = false; details.querySelector("summary").focus(); } });
  }

  showColumn(i, shown) {
    if (shown) this.hidden.delete(i);
    else this.hidden.add(i);
    for (const row of this.element.rows) row.cells[i].classList.toggle("off", !shown);
  }

  // Headings and rows as shown: text, and numbers in full.
  shown() {
    const columns = this.heads.map((_, i) => i).filter((i) => !this.hidden.has(i) && this.heads[i].dataset.kind !== "sparkline");
    const rows = this.rows.filter((row) => !row.hidden);
    const cell = (row, i) => ({ text: cellText(row.cells[i]), full: row.cells[i].dataset.v ?? (this.value(row, i) ?? ""), numeric: this.heads[i].classList.contains("n") });
    return { heads: columns.map((i) => ({ text: this.heads[i].textContent.trim(), numeric: this.heads[i].classList.contains("n") })), rows: rows.map((row) => columns.map((i) => cell(row, i))) };
  }
}

function cellText(cell) {
  return [...cell.childNodes].filter((node) => !node.classList?.contains("differs")).map((node) => node.textContent).join("").trim();
}

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

// Sparklines: the smoothed curve of each run over its whole width, on the axis that all rows of the table share.
function addSparklines(table) {
  const cells = [...table.element.querySelectorAll("td.sparkline")];
  if (!cells.length) return;
  const curveOf = (cell) => page.curves[cell.parentElement.dataset.run];
  let range = null;
  const watcher = new IntersectionObserver((entries) => {
    range ??= rangeOf(cells.map(curveOf));
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      target.append(sparkline(curveOf(target), range));
    }
  }, { rootMargin: "200px" });
  for (const cell of cells) watcher.observe(cell);
}

// Log where all values are above zero and span more than 1.5 powers of ten.
function rangeOf(curves) {
  let low = Infinity;
  let high = -Infinity;
  for (const curve of curves.some((one) => one.counts) ? curves.filter((one) => one.counts) : curves) {
    for (const value of arrayAt(curve.mean)) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  const log = low > 0 && Math.log10(high / low) > 1.5;
  return { low: log ? Math.log(low) : low, high: log ? Math.log(high) : high, log };
}

function sparkline(curve, { low, high, log }) {
  const { step, mean } = pointsOf(curve);
  const [first, last] = [step[0], step[step.length - 1]];
  let d = "";
  let pen = false;
  const gap = Math.max(1, Math.floor(mean.length / 90));
  for (let k = 0; k < mean.length; k += gap) {
    // The first value of each stretch: one that is missing every second time must not hide the others.
    const found = mean.subarray(k, k + gap).find(Number.isFinite) ?? NaN;
    const value = log ? Math.log(found) : found;
    if (Number.isFinite(value)) d += `${pen ? "L" : "M"}${(1 + ((step[k] - first) / Math.max(last - first, 1)) * 94).toFixed(1)} ${(1 + Math.min(Math.max((high - value) / (high - low || 1), 0), 1) * 20).toFixed(1)}${pen ? "" : "h0"}`;
    pen = Number.isFinite(value);
  }
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "spark");
  svg.setAttribute("viewBox", "0 0 96 22");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", d);
  svg.append(path);
  return svg;
}
