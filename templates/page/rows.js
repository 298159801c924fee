// Rows of a long table: drawn as they come into view, from columns that the page holds once.
const BEYOND = 12; // rows drawn above and below those in view
const MOST_PRINTED = 100;
const LONG = 40; // characters from which a cell is cut, and shown whole when it is pointed at

const slugsOf = (places) => places.map((at) => many.slugs[at]).join(" ");

class HeldRows {
  constructor(table, held) {
    this.table = table;
    this.held = held;
    this.count = held.rows;
    this.isHeld = true;
    this.columns = held.columns.map(({ text, value, bold, differs, members }) => ({
      text: text && this.column(text), value: value && this.column(value), bold: new Set(bold), differs: new Set(differs), members,
    }));
    this.drawn = new Map(); // place -> element
    this.scroll = table.wrapper.querySelector(".scroll");
    this.printed = false;
  }

  // A column of the table, often a part of one that another table has whole.
  column([place, first]) {
    const values = many.pool[place];
    return (row) => values[first + row];
  }

  begin() {
    const { element, body, heads } = this.table;
    element.setAttribute("aria-rowcount", this.count + 1);
    element.tHead.rows[0].setAttribute("aria-rowindex", 1);
    this.fitColumns(heads);
    this.above = this.spacer();
    this.below = this.spacer();
    body.replaceChildren(this.above, this.below);
    this.note = this.table.wrapper.querySelector(".some");
    let waiting = false;
    const later = () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; this.draw(); });
    };
    this.scroll.addEventListener("scroll", later, { passive: true });
    // Another size of text makes other rows.
    this.resizer = new ResizeObserver(() => { this.height = 0; later(); });
    this.resizer.observe(this.scroll);
    this.show();
  }

  end() {
    this.resizer.disconnect();
  }

  spacer() {
    const row = document.createElement("tr");
    row.className = "room";
    row.setAttribute("aria-hidden", "true");
    add(row, "td").colSpan = this.table.heads.length;
    return row;
  }

  // As wide as the longest text of each column: columns that grew as rows came would jump.
  fitColumns(heads) {
    const context = document.createElement("canvas").getContext("2d");
    const { fontSize, fontFamily } = getComputedStyle(this.table.element);
    context.font = `${fontSize} ${fontFamily}`;
    heads.forEach((head, i) => {
      const { text } = this.columns[i];
      if (!text) return;
      let longest = "";
      for (let row = 0; row < this.count; row += 1) {
        const found = text(row);
        if (found.length > longest.length) longest = found;
      }
      const width = Math.min(context.measureText(longest).width * 1.04 + 2, 30 * parseFloat(fontSize));
      head.style.minWidth = `calc(${Math.ceil(width)}px + 1rem)`;
    });
  }

  text(row, i) {
    return this.columns[i].text?.(row) ?? "";
  }

  full(row, i) {
    return this.columns[i].value?.(row) ?? undefined;
  }

  run(row) {
    const { runs } = this.held;
    if (runs === null) return undefined;
    return many.slugs[typeof runs === "number" ? runs + row : runs[row]];
  }

  words(row) {
    this.found ??= Array.from({ length: this.count }, (_, k) => this.columns.map((_, i) => this.text(k, i)).join(" ").toLowerCase());
    return this.found[row];
  }

  // Draws from the first row on, in the order and with the filter that are chosen.
  show() {
    for (const row of this.drawn.values()) row.remove();
    this.drawn.clear();
    this.list = this.table.kept;
    this.scroll.scrollTop = 0;
    const some = Math.min(MOST_PRINTED, this.list.length);
    if (this.note) this.note.textContent = filled(words.some_rows, countText(some), countText(this.count));
    this.draw();
  }

  draw() {
    if (this.printed || !this.list) return;
    if (!this.height) {
      if (!this.drawn.size) this.place(0, Math.min(1, this.list.length));
      this.height = this.drawn.values().next().value?.getBoundingClientRect().height || 33;
    }
    const { scrollTop, clientHeight } = this.scroll;
    const first = Math.max(0, Math.floor(scrollTop / this.height) - BEYOND);
    const end = Math.min(this.list.length, Math.ceil((scrollTop + (clientHeight || 700)) / this.height) + BEYOND);
    this.place(Math.min(first, Math.max(0, end - 1)), end);
  }

  // Keeps the rows that are there: a reader may be in one of them.
  place(first, end) {
    for (const [place, row] of this.drawn) {
      if (place >= first && place < end) continue;
      if (row.contains(document.activeElement)) this.scroll.focus({ preventScroll: true });
      row.remove();
      this.drawn.delete(place);
    }
    let next = this.below;
    for (let place = end - 1; place >= first; place -= 1) {
      let row = this.drawn.get(place);
      if (!row) {
        row = this.rowAt(place);
        this.drawn.set(place, row);
        next.before(row);
      }
      next = row;
    }
    const height = this.height || 0;
    this.above.firstChild.style.height = `${first * height}px`;
    this.below.firstChild.style.height = `${(this.list.length - end) * height}px`;
    this.above.hidden = first === 0;
    this.below.hidden = end === this.list.length;
  }

  rowAt(place) {
    const number = this.list[place];
    const run = this.run(number);
    const row = document.createElement("tr");
    row.setAttribute("aria-rowindex", place + 2);
    const members = this.held.members?.[number];
    if (run !== undefined) row.dataset.run = run;
    else if (members?.length) row.dataset.runs = slugsOf(members);
    if (isLit(run)) row.classList.add("lit");
    this.table.heads.forEach((head, i) => row.append(this.cell(number, run, head, i)));
    if (row.dataset.run || row.dataset.runs) addKeep(row);
    return row;
  }

  cell(number, run, head, i) {
    const isNaming = head.classList.contains("head");
    const cell = document.createElement(isNaming ? "th" : "td");
    if (this.table.hidden.has(i)) cell.className = "off";
    if (head.dataset.kind === "sparkline") {
      cell.classList.add("sparkline");
      cell.append(packedSparkline(many.places.get(run), many.ranges[this.table.wrapper.id]));
      return cell;
    }
    const text = this.text(number, i);
    if (isNaming) {
      cell.scope = "row";
      if (run !== undefined) add(cell, "a", "", text).href = `#run-${run}`;
      else cell.textContent = text;
    } else if (this.columns[i].bold.has(number)) add(cell, "strong", "", text);
    else cell.textContent = text;
    if (this.table.isNumeric(i)) cell.classList.add("n");
    else if (text.length > LONG) {
      cell.classList.add("long");
      cell.title = text;
    }
    const members = this.columns[i].members?.[number];
    if (members?.length) {
      cell.dataset.runs = slugsOf(members);
      cell.classList.toggle("kept", areKept(cell));
    }
    if (this.columns[i].differs.has(number)) add(cell, "span", "differs", " ≠").title = words.differs;
    return cell;
  }

  // On paper the first rows of what is shown; a sentence says how many there are.
  print() {
    this.printed = true;
    this.place(0, Math.min(MOST_PRINTED, this.list.length));
    this.below.hidden = true;
  }

  donePrinting() {
    this.printed = false;
    requestAnimationFrame(() => this.draw()); // once it is as high as on the screen
  }
}
