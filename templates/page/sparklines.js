// Sparklines: the smoothed curve of each run over its whole width, on the axis that all rows of the table share.
function addSparklines(table) {
  const cells = [...table.element.querySelectorAll("td.sparkline")];
  if (!cells.length) return;
  const curveOf = (cell) => page.curves[cell.parentElement.dataset.run];
  if (many) {
    // Few rows: all at once.
    for (const cell of cells) cell.append(packedSparkline(many.places.get(cell.parentElement.dataset.run), many.ranges[table.wrapper.id]));
    return;
  }
  let range = null;
  const draw = (cell) => {
    if (cell.firstChild) return;
    watcher.unobserve(cell);
    range ??= rangeOf(cells.map(curveOf));
    cell.append(sparkline(pointsOf(curveOf(cell)), range));
  };
  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) draw(target);
  }, { rootMargin: "200px" });
  for (const cell of cells) watcher.observe(cell);
  addEventListener("beforeprint", () => cells.forEach(draw));
}

// Log where all values are above zero and span more than 1.5 powers of ten.
function rangeOf(curves) {
  let low = Infinity;
  let high = -Infinity;
  for (const curve of curves.some((one) => one.counts) ? curves.filter((one) => one.counts) : curves) {
    for (const value of arrayAt(curve.mean)) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  const log = low > 0 && Math.log10(high / low) > 1.5;
  return { low: log ? Math.log(low) : low, high: log ? Math.log(high) : high, log };
}

function sparkline({ step, mean }, { low, high, log }) {
  const [first, last] = [step[0], step[step.length - 1]];
  let d = "";
  let pen = false;
  const gap = Math.max(1, Math.floor(mean.length / 90));
  for (let k = 0; k < mean.length; k += gap) {
    // The first value of each stretch: one that is missing every second time must not hide the others.
    const found = mean.subarray(k, k + gap).find(Number.isFinite) ?? NaN;
    const value = log ? Math.log(found) : found;
    if (Number.isFinite(value)) d += `${pen ? "L" : "M"}${(1 + ((step[k] - first) / Math.max(last - first, 1)) * 94).toFixed(1)} ${(1 + Math.min(Math.max((high - value) / (high - low || 1), 0), 1) * 20).toFixed(1)}${pen ? "" : "h0"}`;
    pen = Number.isFinite(value);
  }
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "spark");
  svg.setAttribute("viewBox", "0 0 96 22");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", d);
  svg.append(path);
  return svg;
}

// The same from codes of all runs, whose points are spread evenly over each run.
function packedSparkline(at, { low, high }) {
  const { points } = many.sparks;
  const values = arrayAt(many.sparks.array).subarray(at * points, (at + 1) * points);
  return sparkline({ step: stepsOf(points, points), mean: values }, { low, high, log: false });
}
