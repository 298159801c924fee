// Tables: sorted, filtered, with the reader's columns, copied as text; and a curve in each row.
const FILTER_FROM = 8; // rows; fewer are read at a glance
const MOST_FAMILIES = 100; // that a filter offers; more are searched for
const tables = [];

class Table {
  constructor(wrapper) {
    this.wrapper = wrapper;
    this.element = wrapper.querySelector("table");
    this.heads = [...this.element.tHead.rows[0].cells];
    this.body = this.element.tBodies[0];
    this.hidden = new Set(this.heads.flatMap((head, i) => (head.classList.contains("off") ? [i] : [])));
    const held = many?.tables[wrapper.id];
    this.rows = held ? new HeldRows(this, held) : new WrittenRows(this);
    this.order = Array.from({ length: this.rows.count }, (_, i) => i);
    this.isKept = null; // a row's number -> whether the filter leaves it; null where there is none
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
    if (this.rows.count >= FILTER_FROM) this.addFilter(tools);
    this.addColumns(tools);
    this.said = document.createElement("span");
    for (const [name, write] of [[words.copy_csv, csvOf], [words.copy_latex, latexOf], [words.copy_markdown, markdownOf]]) {
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
    this.rows.begin();
  }

  isNumeric(i) {
    return this.heads[i].classList.contains("n");
  }

  // What a row is sorted by: a number, a text, null where a number is missing.
  value(row, i) {
    const text = this.rows.text(row, i);
    if (!this.isNumeric(i)) return text;
    const full = this.rows.full(row, i);
    const number = Number(full ?? text.replaceAll(",", "").replace("−", "-"));
    return Number.isNaN(number) || (full === undefined && text === "") ? null : number;
  }

  sort(i) {
    const rising = this.heads[i].getAttribute("aria-sort") !== "ascending";
    for (const head of this.heads) if (head.hasAttribute("aria-sort")) head.setAttribute("aria-sort", "none");
    this.heads[i].setAttribute("aria-sort", rising ? "ascending" : "descending");
    const collator = new Intl.Collator(undefined, { numeric: true });
    const keyed = this.order.map((row) => [this.value(row, i), row]);
    // What is missing comes last either way.
    keyed.sort(([a], [b]) => {
      if (a === null || a === "" || b === null || b === "") return (a === null || a === "") - (b === null || b === "");
      return (rising ? 1 : -1) * (typeof a === "number" ? a - b : collator.compare(a, b));
    });
    this.order = keyed.map(([, row]) => row);
    this.rows.show();
  }

  get kept() {
    return this.isKept ? this.order.filter((row) => this.isKept[row]) : this.order;
  }

  addFilter(tools) {
    const total = this.rows.count;
    const input = add(tools, "input");
    Object.assign(input, { type: "search", placeholder: this.rows.isHeld ? filled(words.search_all, countText(total)) : words.filter });
    input.setAttribute("aria-label", filled(words.filter_of, this.wrapper.dataset.name));
    const families = this.heads.findIndex((head) => head.dataset.key === "family");
    const select = families < 0 ? null : this.addFamilies(tools, families);
    const counted = add(tools, "span", "said");
    counted.setAttribute("role", "status");
    const apply = () => {
      const wanted = input.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      const all = !wanted.length && !select?.value;
      this.isKept = all ? null : Uint8Array.from({ length: total }, (_, row) => {
        const text = this.rows.words(row);
        return wanted.every((word) => text.includes(word)) && (!select?.value || this.rows.text(row, families) === select.value);
      });
      this.rows.show();
      const left = this.kept.length;
      counted.textContent = left === total ? "" : filled(words.left, countText(left), countText(total));
      const slugs = this.kept.map((row) => this.rows.run(row)).filter((run) => run !== undefined);
      const family = this.wrapper.closest("section.family")?.id.replace(/^family-/, "") ?? null;
      document.dispatchEvent(new CustomEvent("reportgen:rows", { detail: { table: this.wrapper.id, family, all, slugs } }));
    };
    input.addEventListener("input", apply);
    select?.addEventListener("change", apply);
  }

  addFamilies(tools, column) {
    const names = [...new Set(this.order.map((row) => this.rows.text(row, column)))];
    if (names.length < 2 || names.length > MOST_FAMILIES) return null;
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
    for (const row of this.element.rows) if (!row.matches(".room")) row.cells[i].classList.toggle("off", !shown);
  }

  // Headings and rows as shown: text, and numbers in full.
  shown() {
    const columns = this.heads.map((_, i) => i).filter((i) => !this.hidden.has(i) && this.heads[i].dataset.kind !== "sparkline");
    const cell = (row, i) => ({ text: this.rows.text(row, i), full: this.rows.full(row, i) ?? (this.value(row, i) ?? ""), numeric: this.isNumeric(i) });
    return {
      heads: columns.map((i) => ({ text: this.heads[i].textContent.trim(), numeric: this.isNumeric(i) })),
      rows: this.kept.map((row) => columns.map((i) => cell(row, i))),
    };
  }
}

// Rows that the page holds as HTML.
class WrittenRows {
  constructor(table) {
    this.table = table;
    this.elements = [...table.body.rows];
    this.count = this.elements.length;
    this.isHeld = false;
  }

  begin() {
    for (const row of this.elements) if (row.dataset.run || row.dataset.runs) addKeep(row);
    addSparklines(this.table);
  }

  text(row, i) {
    return cellText(this.elements[row].cells[i]);
  }

  full(row, i) {
    return this.elements[row].cells[i].dataset.v;
  }

  run(row) {
    return this.elements[row].dataset.run;
  }

  words(row) {
    return this.elements[row].textContent.toLowerCase();
  }

  show() {
    const { body, order, isKept } = this.table;
    order.forEach((row) => { this.elements[row].hidden = Boolean(isKept) && !isKept[row]; });
    body.append(...order.map((row) => this.elements[row]));
  }

  print() {}

  donePrinting() {}

  end() {}
}

function cellText(cell) {
  return [...cell.childNodes].filter((node) => !node.classList?.contains("differs")).map((node) => node.textContent).join("").trim();
}

function addTables(root) {
  for (const wrapper of root.querySelectorAll(".table[data-name]")) {
    const table = new Table(wrapper);
    tables.push(table);
    table.enhance();
  }
}

function dropTables(root) {
  for (let k = tables.length - 1; k >= 0; k -= 1) {
    if (!root.contains(tables[k].wrapper)) continue;
    tables[k].rows.end();
    tables.splice(k, 1);
  }
}
