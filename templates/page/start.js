// Figures are drawn when they come near the view, and given up when many others have been drawn since.
const MOST_DRAWN = 24;
// To draw one takes longer than a frame, so one that comes by while the page moves waits until it rests.
const RESTS_AFTER = 120;
const LONGEST_WAIT = 600;
let moved = -Infinity;
addEventListener("scroll", () => { moved = performance.now(); }, { passive: true, capture: true });

const byElement = new Map();
const nearWatcher = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    const figure = byElement.get(target);
    if (!figure) continue;
    figure.visible = isIntersecting;
    // Each in a task of its own, so that the page answers between them.
    if (isIntersecting && figure.drawn && figure.stale) figure.showChosen();
    else if (isIntersecting && figure.drawn) drawLit(figure);
    else if (isIntersecting) setTimeout(drawAtRest, 0, figure, performance.now() + LONGEST_WAIT);
  }
}, { rootMargin: "300px 0px" });
const sizeWatcher = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const figure = byElement.get(target);
    if (figure?.drawn && target.clientWidth > 0 && target.clientWidth !== figure.width) figure.show({});
  }
});

function addFigures(root) {
  for (const element of root.querySelectorAll(".plot[data-figure]")) {
    const figure = page.figures[element.dataset.figure].panels ? new EffectsFigure(element) : new Figure(element);
    figures.push(figure);
    byElement.set(element, figure);
    nearWatcher.observe(element);
    sizeWatcher.observe(element);
  }
}

function dropFigures(root) {
  for (let k = figures.length - 1; k >= 0; k -= 1) {
    const figure = figures[k];
    if (!root.contains(figure.element)) continue;
    nearWatcher.unobserve(figure.element);
    sizeWatcher.unobserve(figure.element);
    byElement.delete(figure.element);
    if (figure.drawn) figure.purge();
    figure.visible = false;
    figures.splice(k, 1);
  }
}

function drawAtRest(figure, latest) {
  if (figure.drawn || !figure.visible) return;
  const wait = Math.min(moved + RESTS_AFTER, latest) - performance.now();
  if (wait > 0) {
    setTimeout(drawAtRest, wait, figure, latest);
    return;
  }
  figure.draw();
  const away = figures.filter((one) => one.drawn && !one.visible);
  const drawn = figures.filter((one) => one.drawn).length;
  for (const one of away.slice(0, Math.max(0, drawn - MOST_DRAWN))) one.purge();
}

// On paper a page is light, and as wide as the paper; two figures with their captions fit a page.
const [PAPER_WIDTH, PAPER_HEIGHT] = ["180mm", "83mm"];
function print() {
  printing = true;
  for (const figure of figures.filter((one) => one.run === null || one.element.closest("details")?.open)) {
    figure.element.style.width = PAPER_WIDTH;
    if (figure.run === null) figure.fitHeight();
    figure.draw();
  }
  for (const table of tables) table.rows.print();
}

function donePrinting() {
  printing = false;
  for (const figure of figures) {
    Object.assign(figure.element.style, { width: "", height: "" });
    figure.fitHeight();
  }
  for (const table of tables) table.rows.donePrinting();
  redrawAll();
}

function startPrinting() {
  const media = matchMedia("print");
  media.addEventListener("change", () => {
    if (media.matches) return print();
    donePrinting();
  });
  addEventListener("beforeprint", print);
  addEventListener("afterprint", donePrinting);
}

function start() {
  addFigures(document);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
  startPrinting();
  addTables(document);
  addComparing(document);
  if (many) {
    addLookups(document);
    watchParts();
  }
  addSettings();
  foldContents();
  followReading(document);
  startAddress();
  document.documentElement.classList.add("ready");
}

if (many) loadIndex().then(start);
else start();
