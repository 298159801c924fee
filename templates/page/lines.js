// What a figure shows, as lines over steps: which of a run's curves, in which colours, over which ranges.
const MANY_LINES = page.manyLines;

// The lines of a comparison or of one run, for the part of the x axis that is in view.
function linesOf(figure) {
  const { kind } = figure.spec;
  if (kind === "run-log" || kind === "run-linear") return [runLine(figure)];
  const family = page.families[figure.spec.family];
  const theme = isDark() ? "dark" : "light";
  const colours = family.colours[theme];
  if (kind === "seeds") return family.groups.map((group) => ({ run: group, colour: group.colours[theme], dash: group.dash, ...pointsOf(group, "curve") }));
  if (kind === "thresholds") return family.runs.map((id, place) => thresholdLine(runs.get(id), family.stepsTo[place], colours[place], family.dashes[place]));
  return family.runs.map((id, place) => {
    const run = runs.get(id);
    const which = kind === "linear" || isWithin(figure, run, run.early.n) ? "early" : "curve";
    return { run, colour: colours[place], dash: family.dashes?.[place], ...pointsOf(run, which) };
  });
}

// Steps to each threshold, over the thresholds' places from 0.
function thresholdLine(run, stepsTo, colour, dash) {
  const steps = Float64Array.from(stepsTo, (step) => step ?? NaN);
  return { run, colour, dash, n: steps.length, step: stepsOf(steps.length, steps.length), mean: steps, min: steps, max: steps };
}

function runLine(figure) {
  const run = runs.get(figure.spec.run);
  const first = figure.spec.kind === "run-linear" || isWithin(figure, run, run.start.n);
  const raw = pointsOf(run, first ? "start" : "raw");
  const smooth = first ? null : pointsOf(run, "curve");
  return { run, colour: null, ...raw, mean: smooth ? smooth.mean : raw.min === raw.max ? raw.min : null, smooth: !first };
}

// Whether the reader has zoomed in on the first `steps` steps of a run.
function isWithin(figure, run, steps) {
  return figure.zoom !== null && figure.zoom.x[1] <= xOf(figure, run, steps - 1) && steps < run.steps;
}

function xOf(figure, run, step) {
  return figure.fraction ? step / Math.max(run.steps - 1, 1) : step;
}

// x values of a line: steps, or fractions of its run's training.
function xsOf(figure, line) {
  return figure.fraction ? Float64Array.from(line.step, (step) => xOf(figure, line.run, step)) : line.step;
}

// The whole range of both axes; log axes as powers of ten, as plotly has them.
function wholeRange(figure, lines) {
  const family = page.families[figure.spec.family];
  const compares = figure.spec.run === null;
  let right = 0;
  let low = Infinity;
  let high = -Infinity;
  const take = (value) => {
    if (!Number.isFinite(value) || (figure.log && value <= 0)) return;
    if (value < low) low = value;
    if (value > high) high = value;
  };
  for (const line of lines) {
    right = Math.max(right, xOf(figure, line.run, line.step[line.step.length - 1]));
    const banded = !compares || (figure.band && lines.length < MANY_LINES);
    if (line.mean) line.mean.forEach(take);
    if (banded || !line.mean) {
      line.min.forEach(take);
      line.max.forEach(take);
    }
  }
  if (figure.spec.kind === "thresholds") return { x: [-0.25, right + 0.25], y: yRange(figure, 0, high) };
  const x = compares && figure.spec.kind === "log" && family.xRange && !figure.fraction ? family.xRange : [0, right || 1];
  if (low > high) [low, high] = figure.log ? [1e-3, 1] : [0, 1];
  if (compares && family.yRange) [low, high] = family.yRange;
  return { x, y: yRange(figure, low, high) };
}

// Whether any line has a value to show between two places of the x axis.
function hasValues(figure, lines, [left, right]) {
  const inside = (line, k) => xOf(figure, line.run, line.step[k]) >= left && xOf(figure, line.run, line.step[k]) <= right;
  return lines.some((line) => (line.mean ?? line.max).some((value, k) => Number.isFinite(value) && (value > 0 || !figure.log) && inside(line, k)));
}

// A little more than low to high.
function yRange(figure, low, high) {
  if (!figure.log) return linearRange(Math.max(Math.min(0, low), -Number.MAX_VALUE / 4), Math.min(high, Number.MAX_VALUE / 2));
  const [bottom, top] = [Math.log10(Math.max(low, Number.MIN_VALUE)), Math.log10(Math.max(high, Number.MIN_VALUE))];
  const pad = Math.max(0.04 * (top - bottom), 0.05);
  return [bottom - pad, top + pad];
}

// From zero or below; never so short or so long that plotly cannot divide by its length.
function linearRange(bottom, top) {
  return [bottom, top > bottom ? Math.max(top + 0.04 * (top - bottom), bottom + 1e-300) : bottom + 1];
}

// A band as polygons, one for each stretch without gaps. What a log axis cannot show reaches its lower end.
function bandTrace(figure, line, floor) {
  const xs = xsOf(figure, line);
  const x = [];
  const y = [];
  let start = null;
  for (let k = 0; k <= xs.length; k += 1) {
    const shown = k < xs.length && Number.isFinite(line.max[k]) && (!figure.log || line.max[k] > 0);
    if (shown && start === null) start = k;
    if (shown || start === null) continue;
    for (let i = start; i < k; i += 1) { x.push(xs[i]); y.push(line.max[i]); }
    for (let i = k - 1; i >= start; i -= 1) { x.push(xs[i]); y.push(Math.max(line.min[i], figure.log ? floor : -Infinity)); }
    x.push(null);
    y.push(null);
    start = null;
  }
  return { x, y };
}

// Lines of one colour as one trace, with gaps between them: a thousand traces would be too many.
function mergedTrace(figure, lines) {
  const length = lines.reduce((sum, line) => sum + line.step.length + 1, 0);
  const x = new Float64Array(length);
  const y = new Float64Array(length);
  let at = 0;
  for (const line of lines) {
    x.set(xsOf(figure, line), at);
    y.set(line.mean, at);
    at += line.step.length;
    x[at] = NaN;
    y[at] = NaN;
    at += 1;
  }
  return { x, y };
}
