// Keeping: what a reader clicks stays lit in all figures and rows; all else fades, or is left out.
const kept = new Set(); // slugs of runs
let isolated = false;
let rowsLeft = null; // slugs of the rows that the filter of a table leaves, null for all
let filterTable = null; // the id of that table

const allRuns = () => many?.slugs ?? Object.keys(page.curves);

// The runs that stand out, null where none does.
const chosen = () => (kept.size ? kept : rowsLeft);

const isRun = (id) => (many ? many.places.has(id) : id in page.curves);

// The runs that a line, a mark, a cell or an entry of a legend stands for; the median of all stands for none.
const runsOf = (mark) => mark.runs ?? (isRun(mark.id) ? [mark.id] : []);

// Whether a mark stands out among others; a figure that holds none of the chosen runs stays as it is.
function chosenAmong(figure, marks) {
  const runs = figure.run === null ? chosen() : null;
  if (runs === null) return null;
  const found = marks.filter((mark) => runsOf(mark).some((run) => runs.has(run)));
  return found.length ? found : null;
}

// The lines that stand out, null where none does; with those that come only when they are asked for.
function standing(figure) {
  const found = chosenAmong(figure, figure.view.all);
  if (!figure.spec.crowd || figure.run !== null || kept.size > MOST_SINGLE) return found;
  const late = [...kept].filter((run) => !found?.some((line) => line.id === run)).map((run) => lateLine(figure, run)).filter(Boolean);
  return late.length ? [...(found ?? []), ...late] : found;
}

// What is left of the marks of a figure where the reader isolates some.
const leftOf = (figure, marks) => (isolated && chosenAmong(figure, marks)) || marks;

// Keeps runs, or lets them go: these alone, or with those that are kept already.
function keep(runs, { adding, at }) {
  if (!runs.length) return;
  const all = runs.every((run) => kept.has(run));
  const letGo = all && (adding || kept.size === new Set(runs).size);
  if (!adding) kept.clear();
  for (const run of runs) {
    if (letGo) kept.delete(run);
    else kept.add(run);
  }
  showKept();
  record("keep", at);
}

function isolate(only) {
  isolated = only;
  showKept();
  record("isolate");
}

function showAll() {
  kept.clear();
  isolated = false;
  clearFilters();
  showKept();
  record("all");
}

// Rows, figures and words after a change.
let wereLeftOut = false;
function showKept() {
  if (!chosen()) isolated = false;
  for (const row of document.querySelectorAll("tr[data-run], tr[data-runs], td[data-runs]")) if (row.classList.contains("kept") !== areKept(row)) dressRow(row);
  for (const figure of figures) {
    if (figure.run !== null) continue; // a run's own figure shows that run
    // To leave lines out a figure is drawn again; else what stands out lies over it.
    if (isolated || wereLeftOut) figure.show({});
    else if (figure.drawn && figure.visible) figure.showChosen();
    else if (figure.drawn) figure.stale = true;
    figure.sayWhatIsSeen();
  }
  wereLeftOut = isolated;
  sayKept();
}

// The runs that an element stands for; whether all of them are kept.
const runsIn = ({ dataset }) => (dataset.runs ?? dataset.run).split(" ").filter(Boolean);
const areKept = (element) => {
  const runs = kept.size > 0 ? runsIn(element) : [];
  return runs.length > 0 && runs.every((run) => kept.has(run));
};

// A row as the reader's choice has it; rows that are made later ask for it themselves.
function dressRow(row) {
  const on = areKept(row);
  row.classList.toggle("kept", on);
  row.querySelector("button.keep")?.setAttribute("aria-pressed", String(on));
}

// A button behind the name of a row: the keyboard's way to keep its run.
function addKeep(row) {
  const head = row.querySelector("th");
  if (!head || row.querySelector("button.keep")) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "keep";
  button.setAttribute("aria-label", filled(words.keep, head.textContent.trim()));
  head.append(button);
  dressRow(row);
}

// With Shift, Ctrl or Cmd, and by touch, a click adds.
const adds = (event) => event.shiftKey || event.ctrlKey || event.metaKey || event.pointerType === "touch";

function onClick(event) {
  const { target } = event;
  const mark = target.closest?.("tr[data-run], [data-runs], .legend button, .labels button");
  if (!mark || (target.closest("a, button, details, input, select") && !target.closest("button.keep, .legend, .labels"))) return;
  const chosenText = String(getSelection());
  if (chosenText && !event.shiftKey && mark.matches("tr, td")) return; // the reader marks text
  if (event.shiftKey) getSelection().removeAllRanges();
  keep(runsIn(mark), { adding: adds(event), at: mark.closest("figure, .table") });
}

// A click in a figure is a press that does not drag, where a line is near; a second tap, where taps read values.
function keepByClick(figure) {
  let pressed = null;
  let before = null;
  figure.element.addEventListener("pointerdown", (event) => {
    pressed = event.button === 0 && !event.target.closest("button") ? { x: event.clientX, y: event.clientY, lit: litRun } : null;
  }, true);
  addEventListener("pointerup", (event) => {
    const from = pressed;
    pressed = null;
    if (!from || !figure.drawn || Math.hypot(event.clientX - from.x, event.clientY - from.y) > 4) return;
    const box = figure.element.getBoundingClientRect();
    const found = nearestOf(figure, event.clientX - box.left, event.clientY - box.top);
    if (!found || (event.pointerType === "touch" && from.lit !== found.id)) return;
    // Two clicks are a double click, which zooms out: the first is taken back.
    if (before && event.timeStamp - before.time < 350) {
      restoreKept(before.kept);
      before = null;
      return;
    }
    before = { kept: [...kept], time: event.timeStamp };
    keep(runsOf(found.stop ?? found.point ?? found.line), { adding: adds(event), at: figure.element.closest("figure") });
  });
  figure.element.addEventListener("keydown", (event) => {
    if (event.target !== figure.element || (event.key !== "Enter" && event.key !== " ")) return;
    const read = figure.view?.stops?.[figure.reading?.place];
    const mark = read ?? (figure.view?.points ?? figure.view?.all ?? []).find((one) => one.id === litRun);
    event.preventDefault();
    if (mark) keep(runsOf(mark), { adding: adds(event), at: figure.element.closest("figure") });
  });
}

function restoreKept(runs) {
  kept.clear();
  for (const run of runs) kept.add(run);
  showKept();
  record("keep");
}

// The filter of a table reaches the figures; the last one that was used counts.
document.addEventListener("reportgen:rows", ({ detail: { table, all, slugs } }) => {
  const { rows, order } = tables.find(({ wrapper }) => wrapper.id === table);
  if ((all && table !== filterTable) || !order.some((row) => rows.run(row) !== undefined)) return;
  rowsLeft = all ? null : new Set(slugs);
  filterTable = all ? null : table;
  showKept();
  record("filter", document.getElementById(table));
});

// What is kept, in words, with what can be done about it; above all else at the foot of the window.
const bar = add(document.body, "aside");
bar.id = "kept";
bar.setAttribute("aria-label", words.kept_runs);
const keptText = add(bar, "span", "count");
keptText.setAttribute("role", "status");
const barTools = add(bar, "span", "tools");
const isolating = barButton(words.isolate, () => isolate(!isolated));
barButton(words.show_all, showAll);
const linkButton = barButton(words.link, () => copyLink(linkButton));

function barButton(text, onPress) {
  const button = add(barTools, "button", "", text);
  button.type = "button";
  button.addEventListener("click", onPress);
  return button;
}

function sayKept() {
  const runs = chosen();
  const some = runs !== null;
  const text = some ? filled(kept.size ? words.kept : words.filtered, countText(runs.size), countText(allRuns().length)) : filled(words.all_shown, countText(allRuns().length));
  if (some || bar.classList.contains("some")) keptText.textContent = text;
  bar.classList.toggle("some", some);
  barTools.hidden = !some;
  isolating.setAttribute("aria-pressed", String(isolated));
}
barTools.hidden = true;

// A group of buttons that takes one stop of the Tab key; arrow keys go from one to the next.
function asToolbar(element, name) {
  element.setAttribute("role", "toolbar");
  element.setAttribute("aria-label", name);
  const buttons = [...element.querySelectorAll("button")];
  buttons.forEach((button, k) => { button.tabIndex = k ? -1 : 0; });
  element.onkeydown = (event) => {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const at = buttons.indexOf(document.activeElement);
    if (!move || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    buttons[at].tabIndex = -1;
    const next = buttons[(at + move + buttons.length) % buttons.length];
    next.tabIndex = 0;
    next.focus();
  };
}

document.addEventListener("click", onClick);
