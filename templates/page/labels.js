// Names of lines where they end, in place of a legend; below the figure where there is no room beside it.
const LABEL_HEIGHT = 15;

function widthOf(text) {
  widthOf.context ??= document.createElement("canvas").getContext("2d");
  widthOf.context.font = `13px ${getComputedStyle(document.body).fontFamily}`;
  return widthOf.context.measureText(text).width;
}

const labelOf = (run) => (run.label.length > 22 ? `${run.label.slice(0, 21)}…` : run.label);

function hasLegend(figure) {
  return figure.width < 560 && figure.view.lines.length > 1 && figure.view.lines.length < MANY_LINES;
}

// Room at the right for the names of lines that end there.
function labelRoom(figure) {
  if (hasLegend(figure) || figure.view.lines.length < 2) return 14;
  return 14 + Math.max(...figure.view.lines.map((line) => widthOf(labelOf(line.run))));
}

function drawLabels(figure) {
  figure.labels.replaceChildren();
  figure.legend?.remove();
  figure.legend = null;
  const { lines, points } = figure.view;
  if (points) return drawLegend(figure, figure.view.names.map((name, place) => [null, page.families[name].name, figure.view.palette[place % figure.view.palette.length]]));
  if (lines.length < 2) return;
  if (hasLegend(figure)) return drawLegend(figure, lines.map((line) => [line.run.id, line.run.label, line.colour]));
  const placed = [];
  for (const end of inOrderOfWeight(figure, lines)) {
    const box = { left: end.x + 5, right: end.x + 5 + widthOf(labelOf(end.line.run)), y: end.y };
    if (!findRoom(figure, box, placed, lines.length < MANY_LINES)) continue;
    placed.push(box);
    const label = add(figure.labels, "span", "", labelOf(end.line.run));
    label.dataset.run = end.line.run.id;
    label.style.color = readable(end.line.colour);
    label.style.left = `${box.left}px`;
    label.style.top = `${box.y}px`;
  }
}

// Where lines end in view; of many lines the best and the worst come first.
function inOrderOfWeight(figure, lines) {
  const ends = [];
  for (const line of lines) {
    const xs = xsOf(figure, line);
    for (let k = xs.length - 1; k >= 0; k -= 1) {
      const [x, y] = [figure.px(xs[k]), figure.py(line.mean[k])];
      if (xs[k] > figure.range.x[1] || !Number.isFinite(y)) continue;
      if (x >= figure.margin.l && y > figure.margin.t - 4 && y < figure.height - figure.margin.b + 4) ends.push({ line, x, y });
      break;
    }
  }
  if (lines.length < MANY_LINES) return ends.sort((a, b) => a.y - b.y);
  const ranked = ends.sort((a, b) => (a.line.run.avg ?? Infinity) - (b.line.run.avg ?? Infinity));
  return [ranked.shift(), ranked.pop(), ...ranked].filter((end) => end);
}

// Moves a box down, then up, until it covers no other; few lines are all named, of many those that fit.
function findRoom(figure, box, placed, mayMove) {
  const hits = (y) => placed.some((other) => Math.abs(other.y - y) < LABEL_HEIGHT && box.left < other.right && other.left < box.right);
  const [top, bottom] = [figure.margin.t, figure.height - figure.margin.b];
  const wanted = Math.min(Math.max(box.y, top), bottom);
  for (let away = 0; away <= (mayMove ? bottom - top : 0); away += 3) {
    for (const y of [wanted + away, wanted - away]) {
      if (y < top - 4 || y > bottom + 4 || hits(y)) continue;
      box.y = y;
      return true;
    }
  }
  return false;
}

function drawLegend(figure, entries) {
  figure.legend = document.createElement("div");
  figure.legend.className = "legend";
  for (const [id, name, colour] of entries) {
    const entry = add(figure.legend, "span", "", name);
    entry.style.setProperty("--c", colour);
    if (id) entry.dataset.run = id;
  }
  figure.element.after(figure.legend);
}

// A line's colour for small text: towards the ink until it can be read.
function readable(colour) {
  return `color-mix(in oklab, ${colour} 72%, var(--ink))`;
}
