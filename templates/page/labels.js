// Names of lines where they end, in place of a legend; below the figure where there is no room beside it.
const LABEL_HEIGHT = 15;
const FARTHEST = 45; // pixels that a name may be from the end of its line
const MOST_NAMES = 12; // of many lines

function widthOf(text) {
  widthOf.context ??= document.createElement("canvas").getContext("2d");
  widthOf.context.font = `13px ${getComputedStyle(document.body).fontFamily}`;
  return widthOf.context.measureText(text).width;
}


// Decides where names go, before the figure is laid out: beside the ends of lines, else in a legend below.
function placeNames(figure) {
  figure.names = [];
  figure.margin.r = 14;
  const { lines } = figure.view;
  if (lines.length < 2) return;
  const many = lines.length >= MANY_LINES;
  if (figure.width < 560) {
    if (!many) figure.names = null;
    return;
  }
  figure.margin.r += Math.max(...lines.map((line) => widthOf(line.run.short)));
  for (const end of inOrderOfWeight(figure, lines)) {
    const box = { run: end.line.run, colour: end.line.colour, left: end.x + 5, right: end.x + 5 + widthOf(end.line.run.short), y: end.y };
    if (!findRoom(figure, box, figure.names, many ? 0 : FARTHEST)) {
      if (many) continue;
      // Names far from their lines would mislead.
      figure.names = null;
      figure.margin.r = 14;
      return;
    }
    figure.names.push(box);
  }
}

function drawLabels(figure) {
  figure.labels.replaceChildren();
  figure.legend?.remove();
  figure.legend = null;
  const { lines, points, names, styles } = figure.view;
  if (points) return drawLegend(figure, names.map((name, k) => [null, page.families[name].name, styles[k][0], styles[k][1][1]]));
  if (figure.names === null) return drawLegend(figure, lines.map((line) => [line.run.id, line.run.label, line.colour]));
  for (const { run, colour, left, y } of figure.names) {
    const label = add(figure.labels, "span", "", run.short);
    label.dataset.run = run.id;
    label.style.color = readable(colour);
    label.style.left = `${left}px`;
    label.style.top = `${y}px`;
  }
}

// Where lines end in view; of many lines the best, the worst and some between.
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
  const spread = Array.from({ length: MOST_NAMES }, (_, i) => ranked[Math.round((i * (ranked.length - 1)) / (MOST_NAMES - 1))]);
  return [...new Set([spread[0], spread.at(-1), ...spread])].filter((end) => end);
}

// Moves a box down and up, at most `farthest` pixels, until it covers no other; whether there was room.
function findRoom(figure, box, placed, farthest) {
  const [top, bottom] = [figure.margin.t - 4, figure.height - figure.margin.b + 4];
  const hits = (y) => placed.some((other) => Math.abs(other.y - y) < LABEL_HEIGHT && box.left < other.right && other.left < box.right);
  for (let away = 0; away <= farthest; away += 3) {
    for (const y of [box.y + away, box.y - away]) {
      if (y < top || y > bottom || hits(y)) continue;
      box.y = y;
      return true;
    }
  }
  return false;
}

function drawLegend(figure, entries) {
  figure.legend = document.createElement("div");
  figure.legend.className = "legend";
  for (const [id, name, colour, mark] of entries) {
    const entry = add(figure.legend, "span", mark ? "marked" : "", name);
    if (mark) entry.dataset.mark = mark;
    entry.style.setProperty("--c", colour);
    if (id) entry.dataset.run = id;
  }
  figure.legend.addEventListener("pointerover", (event) => lightUp(event.target.dataset.run ?? null));
  figure.legend.addEventListener("pointerleave", () => lightUp(null));
  figure.element.after(figure.legend);
}

// A line's colour for small text: towards the ink until it can be read.
function readable(colour) {
  return `color-mix(in oklab, ${colour} 72%, var(--ink))`;
}
