// Lighting up: a run that is pointed at, in a figure or in a row, shows in all figures and rows in view.
let litRun = null;
const MOST_SINGLE = 12; // of more lines that stand out, those of one colour are one path
const MOST_BANDED = 3; // of more the bands would hide each other

function lightUp(id) {
  if (id === litRun) return;
  for (const row of rowsOf(litRun)) row.classList.remove("lit");
  litRun = id;
  for (const row of rowsOf(litRun)) row.classList.add("lit");
  for (const figure of figures) if (figure.drawn && figure.visible) drawLit(figure);
}

const isLit = (id) => id !== undefined && id === litRun;

// Looked for each time: rows come and go as a reader scrolls.
function rowsOf(id) {
  return id === null ? [] : document.querySelectorAll(`:is(tr, summary)[data-run="${CSS.escape(id)}"]`);
}

// The layers over a drawn figure: what the reader's choice lets stand out, and what is pointed at.
function addLayers(figure) {
  figure.over = document.createElementNS(SVG, "svg");
  figure.over.setAttribute("class", "over");
  figure.over.setAttribute("aria-hidden", "true");
  figure.chosenLayer = document.createElementNS(SVG, "g");
  figure.litLayer = document.createElementNS(SVG, "g");
  figure.over.append(figure.chosenLayer, figure.litLayer);
  figure.element.append(figure.over);
}

// What the reader's choice lets stand out, over the drawn figure, whose other lines step back.
function drawChosen(figure) {
  const layer = figure.chosenLayer;
  layer.replaceChildren();
  const marks = figure.boxes ? chosenAmong(figure, figure.view.points) : null;
  if (marks) figure.fade(layer, marks);
  if (!figure.view.points) {
    const found = isolated && chosenAmong(figure, figure.view.all) ? null : standing(figure);
    const clip = clipOf(figure, layer);
    if (found) {
      addVeil(clip, plotOf(figure));
      const front = found.filter((line) => !line.behind);
      addBehind(figure, clip, found.filter((line) => line.behind));
      if (front.length > MOST_SINGLE) addMerged(figure, clip, front, Math.max(0.3, Math.min(0.9, 40 / front.length)));
      else for (const line of front) addLine(figure, clip, line, { band: front.length <= MOST_BANDED, width: 2.25 });
    }
    for (const line of markedLines(figure)) addEvents(figure, layer, clip, line);
  }
  dressLabels(figure);
}

// The line that is pointed at, with its band, over all others.
function drawLit(figure) {
  const layer = figure.litLayer;
  layer.replaceChildren();
  const line = figure.run === null && figure.view.all ? lineOf(figure, litRun) : null;
  const point = figure.view.points?.find((one) => one.id === litRun);
  dressLabels(figure);
  if (point) {
    const [cx, cy] = figure.markAt(point);
    const box = figure.ringOf?.(point);
    const ring = document.createElementNS(SVG, box ? "rect" : "circle");
    for (const [name, value] of Object.entries({ ...(box ?? { cx, cy, r: 9 }), fill: "none", stroke: "currentColor", "stroke-width": 2 })) ring.setAttribute(name, value);
    layer.append(ring);
  }
  if (!line) return;
  const clip = clipOf(figure, layer);
  if (!chosenAmong(figure, figure.view.all)) addVeil(clip, plotOf(figure));
  addLine(figure, clip, line, { band: true, width: 2.5 });
  addEvents(figure, layer, clip, line);
}

// Names of lines that stand out, or are pointed at, among those that step back.
function dressLabels(figure) {
  const lines = figure.view.points ?? figure.view.all;
  const found = chosenAmong(figure, lines);
  const stands = new Set(found?.map((line) => line.id));
  const lit = figure.run === null && lines.some((line) => line.id === litRun);
  figure.element.classList.toggle("dimmed", lit || found !== null);
  for (const name of [...figure.labels.children, ...(figure.legend?.children ?? [])]) {
    const { run } = name.dataset;
    name.classList.toggle("lit", run !== undefined && (run === litRun || stands.has(run)));
    name.setAttribute("aria-pressed", String(areKept(name)));
  }
}

function clipOf(figure, layer) {
  const clip = document.createElementNS(SVG, "svg");
  const box = plotOf(figure);
  setAll(clip, { ...box, viewBox: `${box.x} ${box.y} ${box.width} ${box.height}` });
  layer.append(clip);
  return clip;
}

// The box within the axes.
function plotOf({ margin: { l, r, t, b }, width, height }) {
  return { x: l, y: t, width: Math.max(width - l - r, 0), height: Math.max(height - t - b, 0) };
}

// Over the other lines, in the page's colour: to draw them again, paler, would take too long for a thousand.
function addVeil(parent, box) {
  const veil = document.createElementNS(SVG, "rect");
  setAll(veil, { class: "veil", ...box });
  parent.append(veil);
}

function addLine(figure, clip, line, { band, width }) {
  if (band && figure.band && figure.spec.bands !== "none") {
    addPath(clip, bandPath(figure, line), faded(line.colour, 0.3), "none");
    const spikes = spikeTrace(figure, line);
    addPath(clip, linePath(figure, spikes.x, spikes.y), "none", faded(line.colour, 0.5), 1);
  }
  if (line.evaluation) addPath(clip, linePath(figure, xsOf(figure, line.evaluation), line.evaluation.mean), "none", line.colour, 1);
  const path = addPath(clip, linePath(figure, xsOf(figure, line), line.mean ?? line.max), "none", line.colour, width);
  if (line.dash && line.dash !== "solid") setAll(path, { "stroke-dasharray": line.dash.replaceAll("px", ""), "stroke-linecap": "butt" });
}

// Runs behind their groups, in the colours of these.
function addBehind(figure, clip, lines) {
  const colours = new Map(figure.view.lines.flatMap((group) => runsOf(group).map((run) => [run, group.colour])));
  addMerged(figure, clip, lines.map((line) => ({ ...line, colour: colours.get(line.id) ?? line.colour })), 0.45);
}

function addMerged(figure, clip, lines, alpha) {
  const byColour = new Map();
  for (const line of lines) byColour.set(line.colour, (byColour.get(line.colour) ?? "") + linePath(figure, xsOf(figure, line), line.mean ?? line.max));
  for (const [colour, d] of byColour) addPath(clip, d, "none", faded(colour, alpha), 1.25);
}

function addPath(parent, d, fill, stroke, width = 2.5) {
  const path = document.createElementNS(SVG, "path");
  for (const [name, value] of Object.entries({ d, fill, stroke, "stroke-width": width, "stroke-linejoin": "round", "stroke-linecap": "round" })) path.setAttribute(name, value);
  parent.append(path);
  return path;
}

const clampPixel = (value) => Math.max(-1e4, Math.min(1e4, value)).toFixed(1);

function linePath(figure, xs, ys) {
  let d = "";
  let pen = false;
  for (let k = 0; k < xs.length; k += 1) {
    const shown = xs[k] !== null && Number.isFinite(xs[k]) && Number.isFinite(ys[k]) && (figure.y !== "log" || ys[k] > 0);
    // A line of no length is a dot: a value between two gaps is seen.
    if (shown) d += `${pen ? "L" : "M"}${clampPixel(figure.px(xs[k]))} ${clampPixel(figure.py(ys[k]))}${pen ? "" : "h0"}`;
    pen = shown;
  }
  return d;
}

function bandPath(figure, line) {
  const { x, y } = bandTrace(figure, line, figure.y === "log" ? 10 ** (figure.range.y[0] - 1) : 0);
  let d = "";
  let pen = false;
  x.forEach((value, k) => {
    if (value === null) d += pen ? "Z" : "";
    else d += `${pen ? "L" : "M"}${clampPixel(figure.px(value))} ${clampPixel(figure.py(y[k]))}`;
    pen = value !== null;
  });
  return d;
}
