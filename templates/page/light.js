// Lighting up: a run that is pointed at, in a figure or in a row, shows in all figures and rows in view.
let litRun = null;

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

// The run's line and band over the drawn figure, whose other lines step back.
function drawLit(figure) {
  figure.over.replaceChildren();
  const line = lineOf(figure, litRun);
  const point = figure.view.points?.find((one) => one.id === litRun);
  figure.element.classList.toggle("dimmed", figure.run === null && Boolean(line || point));
  for (const label of figure.labels.children) label.classList.toggle("lit", label.dataset.run === litRun);
  if (point) {
    const [cx, cy] = figure.markAt(point);
    const box = figure.ringOf?.(point);
    const ring = document.createElementNS(SVG, box ? "rect" : "circle");
    for (const [name, value] of Object.entries({ ...(box ?? { cx, cy, r: 9 }), fill: "none", stroke: "currentColor", "stroke-width": 2 })) ring.setAttribute(name, value);
    figure.over.append(ring);
  }
  if (!line || figure.run !== null) return;
  const clip = clipOf(figure);
  addVeil(figure, clip);
  const xs = xsOf(figure, line);
  if (figure.band && figure.spec.bands !== "none") {
    addPath(figure, clip, bandPath(figure, line), faded(line.colour, 0.3), "none");
    const spikes = spikeTrace(figure, line);
    addPath(figure, clip, linePath(figure, spikes.x, spikes.y), "none", faded(line.colour, 0.5), 1);
  }
  if (line.evaluation) addPath(figure, clip, linePath(figure, xsOf(figure, line.evaluation), line.evaluation.mean), "none", line.colour, 1);
  addPath(figure, clip, linePath(figure, xs, line.mean ?? line.max), "none", line.colour);
}

function clipOf(figure) {
  const clip = document.createElementNS(SVG, "svg");
  const { l, r, t, b } = figure.margin;
  const box = { x: l, y: t, width: Math.max(figure.width - l - r, 0), height: Math.max(figure.height - t - b, 0) };
  for (const [name, value] of Object.entries({ ...box, viewBox: `${box.x} ${box.y} ${box.width} ${box.height}` })) clip.setAttribute(name, value);
  figure.over.append(clip);
  return clip;
}

// Over the other lines, in the page's colour: to draw them again, paler, would take too long for a thousand.
function addVeil(figure, parent) {
  const veil = document.createElementNS(SVG, "rect");
  veil.setAttribute("class", "veil");
  for (const name of ["x", "y", "width", "height"]) veil.setAttribute(name, parent.getAttribute(name));
  parent.append(veil);
}

function addPath(figure, parent, d, fill, stroke, width = 2.5) {
  const path = document.createElementNS(SVG, "path");
  for (const [name, value] of Object.entries({ d, fill, stroke, "stroke-width": width, "stroke-linejoin": "round", "stroke-linecap": "round" })) path.setAttribute(name, value);
  parent.append(path);
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
