// What a figure shows: which lines, in which colours, where on the axes.

// The lines of a figure, in finer points where the reader has zoomed in on its first steps.
function linesOf(figure) {
  const theme = isDark() ? "dark" : "light";
  return figure.spec.lines.map((stored) => {
    const fine = stored.fine && figure.zoom !== null && figure.x === "step" && figure.zoom.x[1] < stored.fine.n && stored.fine.n <= stored.last;
    const curve = stored.fine && figure.x === "log" ? joined(pointsOf(stored.fine), pointsOf(stored)) : pointsOf(fine ? stored.fine : stored);
    return { ...curve, id: stored.id, ...nameOf(stored.id), colour: stored[theme], dash: stored.dash, mark: stored.mark, last: stored.last, behind: stored.behind ?? false, words: stored.words, runs: stored.runs, clocks: stored.clocks ?? {}, events: stored.events ?? [], evaluation: stored.evaluation ? { ...pointsOf(stored.evaluation), last: stored.last, clocks: stored.clocks ?? {} } : null, spikes: stored.spikes?.map(arrayAt) };
  });
}

// The line of a run in a figure, null where it has none.
function lineOf(figure, id) {
  return figure.view.all.find((one) => one.id === id) ?? lateLine(figure, id);
}

// Both curves as one, the fine one as far as it goes: a log axis gives its beginning most room.
function joined(fine, coarse) {
  const end = fine.step[fine.step.length - 1];
  const from = coarse.step.findIndex((step) => step > end);
  if (from < 0) return fine;
  const both = (name) => {
    if (coarse[name] === null) return null;
    const values = Float64Array.from([...fine[name], ...coarse[name].subarray(from)]);
    if (errors.has(coarse[name])) errors.set(values, errors.get(coarse[name]));
    return values;
  };
  return { step: both("step"), mean: both("mean"), min: both("min"), max: both("max") };
}

// A step as a place of the x axis, before a log axis takes its logarithm.
function placeOf(figure, line, step) {
  if (figure.x === "share") return step / line.last;
  const clock = line.clocks[figure.x];
  return clock ? along(...clock, step) : step;
}

// Straight between the points of an axis, and on beyond its ends.
function along(from, to, at) {
  let low = 0;
  let high = from.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (from[middle] <= at) low = middle;
    else high = middle;
  }
  return to[low] + ((at - from[low]) / (from[high] - from[low] || 1)) * (to[high] - to[low]);
}

function xsOf(figure, line) {
  if (figure.x === "share" || figure.x in line.clocks) return Float64Array.from(line.step, (step) => placeOf(figure, line, step));
  return figure.x === "log" ? Float64Array.from(line.step, (step) => (step > 0 ? step : NaN)) : line.step;
}

// The whole range of both axes, as plotly has them: log axes as powers of ten.
function wholeRange(figure) {
  const { x, y } = figure.axes;
  const ends = (axis, scale) => axis.ranges[scale].map((value) => (scale === "log" ? Math.log10(value) : value));
  return { x: ends(x, figure.x), y: figure.out ? reach(figure, ends(y, figure.y)) : ends(y, figure.y) };
}

const FURTHEST = 1e300; // beyond it axes lose digits

// A range of values, as the axis has it, as far as all lines and spikes go.
function reach(figure, [low, high]) {
  const room = 0.03 * (high - low);
  let [first, last] = [low + room, high - room];
  for (const line of linesOf(figure)) {
    const found = [line.mean ?? line.max, ...(figure.spec.raw ? [line.min, line.max] : []), line.evaluation?.mean ?? [], line.spikes?.[1] ?? []];
    for (const values of found) {
      for (const value of values) {
        const at = figure.axisY(Math.max(-FURTHEST, Math.min(FURTHEST, value)));
        if (!Number.isFinite(at)) continue;
        if (at < first) first = at;
        if (at > last) last = at;
      }
    }
  }
  const more = 0.03 * (last - first);
  return [first < low ? first - more : low, last > high ? last + more : high];
}

// Whether lines or spikes go beyond the range of the axis.
function hasOutliers(figure) {
  const { y, out } = figure;
  const found = Object.keys(figure.spec.y.ranges).some((scale) => {
    Object.assign(figure, { y: scale, out: false });
    const whole = wholeRange(figure).y;
    const [low, high] = reach(figure, whole);
    return low < whole[0] || high > whole[1];
  });
  Object.assign(figure, { y, out });
  return found;
}

// Whether any line has a value to show in the range of the x axis.
function hasValues(figure, lines, [left, right]) {
  return lines.some((line) => {
    const xs = xsOf(figure, line);
    return (line.mean ?? line.max).some((value, k) => {
      const x = figure.x === "log" ? Math.log10(xs[k]) : xs[k];
      return Number.isFinite(value) && (value > 0 || figure.y !== "log") && x >= left && x <= right;
    });
  });
}

// A band as polygons, one for each stretch without gaps. What a log axis cannot show reaches its lower end.
function bandTrace(figure, line, floor) {
  const xs = xsOf(figure, line);
  const log = figure.y === "log";
  const x = [];
  const y = [];
  let start = null;
  for (let k = 0; k <= xs.length; k += 1) {
    const shown = k < xs.length && Number.isFinite(xs[k]) && Number.isFinite(line.max[k]) && (!log || line.max[k] > 0);
    if (shown && start === null) start = k;
    if (shown || start === null) continue;
    for (let i = start; i < k; i += 1) { x.push(xs[i]); y.push(line.max[i]); }
    for (let i = k - 1; i >= start; i -= 1) { x.push(xs[i]); y.push(Math.max(line.min[i], log ? floor : -Infinity)); }
    x.push(null);
    y.push(null);
    start = null;
  }
  return { x, y };
}

// A thin line for each spike, from the smoothed line up.
function spikeTrace(figure, line) {
  if (!line.spikes || !line.mean) return { x: [], y: [] };
  const x = [];
  const y = [];
  line.spikes[0].forEach((step, k) => {
    const place = placeOf(figure, line, step);
    x.push(place, place, null);
    y.push(line.mean[nearestPoint(line.step, step)], line.spikes[1][k], null);
  });
  return { x, y };
}

// Values of lines between two gaps, which lines do not show: of their means, or of what else is drawn.
function lonePoints(figure, lines, valuesOf = (line) => line.mean ?? line.max) {
  const found = { x: [], y: [] };
  for (const line of figure.spec.marked ? [] : lines) {
    const [xs, ys] = [xsOf(figure, line), valuesOf(line)];
    const shown = (k) => k >= 0 && k < xs.length && Number.isFinite(ys[k]) && Number.isFinite(xs[k]) && (figure.y !== "log" || ys[k] > 0);
    for (let k = 0; k < xs.length; k += 1) {
      if (!shown(k) || shown(k - 1) || shown(k + 1)) continue;
      found.x.push(xs[k]);
      found.y.push(ys[k]);
    }
  }
  return found;
}

// Where lines leave the range of the y axis: the step of the furthest value of each stretch beyond.
function beyond(figure, lines) {
  const [low, high] = figure.range.y.map((end) => (figure.y === "log" ? 10 ** end : end));
  const [left, right] = figure.range.x;
  const found = [];
  const taken = new Set();
  for (const line of lines) {
    if (!line.mean) continue;
    const xs = xsOf(figure, line);
    for (const above of [true, false]) {
      let furthest = null;
      let begun = false; // whether a value in range came before
      for (let k = 0; k <= xs.length; k += 1) {
        const at = figure.x === "log" ? Math.log10(xs[k]) : xs[k];
        const value = line.mean[k];
        const out = k < xs.length && Number.isFinite(value) && at >= left && at <= right && (above ? value > high : value < low && (figure.y !== "log" || value > 0));
        if (out && (furthest === null || (above ? value > line.mean[furthest] : value < line.mean[furthest]))) furthest = k;
        if (!out && Number.isFinite(value) && at >= left && at <= right && furthest === null) begun = true;
        if (out || furthest === null) continue;
        // A line that begins beyond is marked where it crosses the edge.
        if (!begun) furthest = k - 1;
        const place = figure.x === "log" ? Math.log10(xs[furthest]) : xs[furthest];
        const spot = `${Math.round((60 * (place - left)) / (right - left))} ${above}`;
        if (!taken.has(spot)) found.push({ x: xs[furthest], y: above ? high : low, symbol: above ? "triangle-up" : "triangle-down", colour: line.colour });
        taken.add(spot);
        furthest = null;
      }
    }
  }
  return found;
}

// Lines of one colour as one trace, with gaps between them: a thousand traces would be too many.
function mergedTrace(figure, lines) {
  const length = lines.reduce((sum, line) => sum + line.step.length + 1, 0);
  const x = new Float64Array(length);
  const y = new Float64Array(length);
  let at = 0;
  for (const line of lines) {
    x.set(xsOf(figure, line), at);
    y.set(line.mean ?? line.max, at);
    at += line.step.length;
    x[at] = NaN;
    y[at] = NaN;
    at += 1;
  }
  return { x, y };
}
