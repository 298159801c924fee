// Figures are drawn when they come near the view, and given up when many others have been drawn since.
const MOST_DRAWN = 24;


function startFigures() {
  const byElement = new Map();
  for (const element of document.querySelectorAll(".plot[data-figure]")) {
    const figure = page.figures[element.dataset.figure].panels ? new EffectsFigure(element) : new Figure(element);
    figures.push(figure);
    byElement.set(element, figure);
  }
  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      const figure = byElement.get(target);
      figure.visible = isIntersecting;
      // Each in a task of its own, so that the page answers between them.
      if (isIntersecting && figure.drawn) drawLit(figure);
      else if (isIntersecting) setTimeout(() => drawIfNear(figure));
    }
  }, { rootMargin: "300px 0px" });
  const resizer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const figure = byElement.get(target);
      if (figure.drawn && target.clientWidth > 0 && target.clientWidth !== figure.width) figure.show({});
    }
  });
  for (const element of byElement.keys()) {
    watcher.observe(element);
    resizer.observe(element);
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
}

function drawIfNear(figure) {
  if (figure.drawn || !figure.visible) return;
  figure.draw();
  const away = figures.filter((one) => one.drawn && !one.visible);
  const drawn = figures.filter((one) => one.drawn).length;
  for (const one of away.slice(0, Math.max(0, drawn - MOST_DRAWN))) one.purge();
}

// On paper a page is light, and as wide as the paper.
const PAPER_WIDTH = "180mm";
function print() {
  printing = true;
  for (const figure of figures.filter((one) => one.run === null || one.element.closest("details")?.open)) {
    figure.element.style.width = PAPER_WIDTH;
    figure.draw();
  }
}

function donePrinting() {
  printing = false;
  for (const figure of figures) figure.element.style.width = "";
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

startFigures();
startPrinting();
for (const wrapper of document.querySelectorAll(".table[data-name]")) {
  const table = new Table(wrapper);
  table.enhance();
  addSparklines(table);
}
addSettings();
foldContents();
followReading();
addEventListener("hashchange", unfoldTarget);
unfoldTarget();
document.documentElement.classList.add("ready");
