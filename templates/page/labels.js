// Names of lines where they end, in place of a legend; below the figure where there is no room beside it.
const LABEL_HEIGHT = 15;
const FARTHEST = 60; // pixels that a name may be from the end of its line
const MOST_NAMES = 12; // of many lines

function widthOf(text) {
  widthOf.context ??= document.createElement("canvas").getContext("2d");
  widthOf.context.font = `13px ${getComputedStyle(document.body).fontFamily}`;
  return widthOf.context.measureText(text).width;
}

// Makes room for names, before the figure is laid out, and decides where they go.
function placeNames(figure) {
  const { every } = figure.view;
  if (every?.length >= 2 && figure.width >= 560) figure.margin.r += Math.min(0.35 * figure.width, Math.max(...every.map((line) => widthOf(line.short))));
  nameLines(figure);
  if (figure.names === null && figure.width >= 560) figure.margin.r = 14;
}

// Names beside the ends of lines, else (null) in a legend below.
function nameLines(figure) {
  figure.names = [];
  const { lines, every } = figure.view;
  if (!(every?.length >= 2)) return;
  const many = lines.length >= MANY_LINES;
  const stands = many ? chosenAmong(figure, lines) : null;
  const few = stands && stands.length <= MOST_NAMES ? stands : null;
  if (figure.width < 560 || figure.margin.r <= 14) {
    if (!many || few) figure.names = null;
    figure.inLegend = few ?? (every.length < MANY_LINES ? every : lines);
    return;
  }
  const { margin } = figure;
  const ends = endsOf(figure, few ?? lines);
  const kept = many ? fewOf(ends) : ends;
  const room = figure.height - margin.t - margin.b + 8;
  const places = kept.length * LABEL_HEIGHT <= room ? spread(kept.map((end) => end.y), margin.t - 4, figure.height - margin.b + 4) : null;
  const far = places?.some((y, k) => Math.abs(y - kept[k].y) > (many ? Infinity : FARTHEST));
  if (places === null || far) {
    // Names far from their lines would mislead.
    figure.names = null;
    figure.inLegend = every.length < MANY_LINES ? every : lines;
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
  const focused = document.activeElement;
  const { run } = (figure.labels.contains(focused) || figure.legend?.contains(focused) ? focused : figure.element).dataset;
  figure.labels.replaceChildren();
  figure.legend?.remove();
  figure.legend = null;
  const { points, groups } = figure.view;
  if (points) drawLegend(figure, groups.map((group) => ({ ...group, name: group.name, colour: isDark() ? group.dark : group.light, sign: page.marks[group.mark] })));
  else if (figure.names === null) drawLegend(figure, figure.inLegend.map((line) => ({ id: line.id, runs: runsOf(line), name: line.label, colour: line.colour, dash: line.dash, sign: figure.spec.marked ? page.marks[line.mark] : null })));
  else {
    for (const { line, left, y } of figure.names) {
      const label = labelButton(figure.labels, line.id, runsOf(line));
      label.textContent = line.short;
      label.title = words.hand;
      label.style.color = readable(line.colour);
      label.style.left = `${left}px`;
      label.style.top = `${y}px`;
    }
    if (figure.names.length) asToolbar(figure.labels, words.lines);
  }
  if (run !== undefined) [...figure.element.parentElement.querySelectorAll(".labels button, .legend button")].find((one) => one.dataset.run === run)?.focus();
  dressLabels(figure);
}

// A name is a button that keeps what it names.
function labelButton(parent, id, runs) {
  const label = add(parent, "button");
  label.type = "button";
  if (id) label.dataset.run = id;
  if (runs.length !== 1 || runs[0] !== id) label.dataset.runs = runs.join(" ");
  return label;
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
      if (x >= figure.margin.l) ends.push({ line, x: Math.max(x, evaluationEnd(figure, line)), y });
      break;
    }
  }
  const inside = (y) => Math.min(Math.max(y, figure.margin.t), figure.height - figure.margin.b);
  return ends.sort((a, b) => a.y - b.y).map((end) => ({ ...end, y: inside(end.y) }));
}

// Where the evaluation of a line ends in view: its name stands clear of the last point.
function evaluationEnd(figure, { evaluation }) {
  const ends = evaluation ? [...xsOf(figure, evaluation)].filter((x) => figure.axisX(x) <= figure.range.x[1]).map((x) => figure.px(x)) : [];
  return ends.findLast(Number.isFinite) ?? 0;
}

// Of many lines the first, the last and some between.
function fewOf(ends) {
  if (ends.length <= MOST_NAMES) return ends;
  return [...new Set(Array.from({ length: MOST_NAMES }, (_, i) => ends[Math.round((i * (ends.length - 1)) / (MOST_NAMES - 1))]))];
}

function drawLegend(figure, entries) {
  if (entries.length < 2 && figure.spec.points) return;
  figure.legend = document.createElement("div");
  figure.legend.className = "legend";
  for (const { id, runs, name, colour, dash, sign } of entries) {
    const entry = labelButton(figure.legend, id, runs);
    if (sign) entry.className = "marked";
    if (sign) entry.dataset.mark = sign;
    else entry.append(sampleOf(dash));
    entry.append(name);
    entry.title = words.hand;
    entry.style.setProperty("--c", colour);
  }
  asToolbar(figure.legend, words.lines);
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
