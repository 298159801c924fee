// Names of lines where they end, in place of a legend; below the figure where there is no room beside it.
const LABEL_HEIGHT = 15;
const FARTHEST = 60; // pixels that a name may be from the end of its line
const MOST_NAMES = 12; // of many lines

function widthOf(text) {
  widthOf.context ??= document.createElement("canvas").getContext("2d");
  widthOf.context.font = `13px ${getComputedStyle(document.body).fontFamily}`;
  return widthOf.context.measureText(text).width;
}

// Decides where names go, before the figure is laid out: beside the ends of lines, else in a legend below.
function placeNames(figure) {
  figure.names = [];
  const { lines } = figure.view;
  if (lines.length < 2) return;
  const many = lines.length >= MANY_LINES;
  if (figure.width < 560) {
    if (!many) figure.names = null;
    return;
  }
  const { margin } = figure;
  margin.r += Math.min(0.35 * figure.width, Math.max(...lines.map((line) => widthOf(line.short))));
  const ends = endsOf(figure, lines);
  const kept = many ? fewOf(ends) : ends;
  const room = figure.height - margin.t - margin.b + 8;
  const places = kept.length * LABEL_HEIGHT <= room ? spread(kept.map((end) => end.y), margin.t - 4, figure.height - margin.b + 4) : null;
  const far = places?.some((y, k) => Math.abs(y - kept[k].y) > (many ? Infinity : FARTHEST));
  if (places === null || far) {
    // Names far from their lines would mislead.
    figure.names = null;
    margin.r = 14;
    return;
  }
  const left = Math.max(...kept.map((end) => end.x), 0) + 8;
  figure.names = kept.map(({ line, x }, k) => ({ line, left: many ? left : x + 5, y: places[k] }));
}

// Rising places at least a label apart, in the order of the lines' ends, near those wanted.
function spread(wanted, top, bottom) {
  const places = [];
  for (const y of wanted) places.push(Math.max(y, top, places.length ? places.at(-1) + LABEL_HEIGHT : -Infinity));
  let limit = bottom;
  for (let k = places.length - 1; k >= 0; k -= 1) {
    places[k] = Math.min(places[k], limit);
    limit = places[k] - LABEL_HEIGHT;
  }
  return places;
}

function drawLabels(figure) {
  figure.labels.replaceChildren();
  figure.legend?.remove();
  figure.legend = null;
  const { lines, points, groups } = figure.view;
  if (points) return drawLegend(figure, groups.map(({ name, mark, light, dark }) => ({ name, colour: isDark() ? dark : light, sign: page.marks[mark] })));
  if (figure.names === null) return drawLegend(figure, lines.map((line) => ({ id: line.id, name: line.label, colour: line.colour, dash: line.dash, sign: figure.spec.marked ? page.marks[line.mark] : null })));
  for (const { line, left, y } of figure.names) {
    const label = add(figure.labels, "span", "", line.short);
    label.dataset.run = line.id;
    label.style.color = readable(line.colour);
    label.style.left = `${left}px`;
    label.style.top = `${y}px`;
  }
}

// Where lines end in view, from top to bottom; those beyond an edge in the order that they have there.
function endsOf(figure, lines) {
  const ends = [];
  for (const line of lines) {
    const xs = xsOf(figure, line);
    const ys = line.mean ?? line.max;
    for (let k = xs.length - 1; k >= 0; k -= 1) {
      const [x, y] = [figure.px(xs[k]), figure.py(ys[k])];
      if (!Number.isFinite(x) || figure.axisX(xs[k]) > figure.range.x[1] || !Number.isFinite(y)) continue;
      if (x >= figure.margin.l) ends.push({ line, x, y });
      break;
    }
  }
  const inside = (y) => Math.min(Math.max(y, figure.margin.t), figure.height - figure.margin.b);
  return ends.sort((a, b) => a.y - b.y).map((end) => ({ ...end, y: inside(end.y) }));
}

// Of many lines the first, the last and some between.
function fewOf(ends) {
  if (ends.length <= MOST_NAMES) return ends;
  return [...new Set(Array.from({ length: MOST_NAMES }, (_, i) => ends[Math.round((i * (ends.length - 1)) / (MOST_NAMES - 1))]))];
}

function drawLegend(figure, entries) {
  if (entries.length < 2) return;
  figure.legend = document.createElement("div");
  figure.legend.className = "legend";
  for (const { id, name, colour, dash, sign } of entries) {
    const entry = add(figure.legend, "span", sign ? "marked" : "");
    if (sign) entry.dataset.mark = sign;
    else entry.append(sampleOf(dash));
    entry.append(name);
    entry.style.setProperty("--c", colour);
    if (id) entry.dataset.run = id;
  }
  figure.legend.addEventListener("pointerover", (event) => lightUp(event.target.closest("[data-run]")?.dataset.run ?? null));
  figure.legend.addEventListener("pointerleave", () => lightUp(null));
  figure.element.after(figure.legend);
}

// A short piece of a line, with its dashes.
function sampleOf(dash) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ class: "sample", viewBox: "0 0 26 6", "aria-hidden": "true" })) svg.setAttribute(name, value);
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", "M0 3H26");
  if (dash && dash !== "solid") line.setAttribute("stroke-dasharray", dash.replaceAll("px", ""));
  svg.append(line);
  return svg;
}

// A line's colour for small text: towards the ink until it can be read.
function readable(colour) {
  return `color-mix(in oklab, ${colour} 72%, var(--ink))`;
}
