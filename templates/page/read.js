// Reading values: by pointer, or by arrow keys (left and right along a line, up and down between lines).
const NEAR = 36; // pixels within which a line counts as pointed at
const tip = add(document.body, "div");
tip.id = "tip";
tip.hidden = true;
tip.setAttribute("aria-hidden", "true");
const spoken = add(document.body, "div", "hidden-text");
spoken.setAttribute("role", "status");

function listenTo(figure) {
  const { element } = figure;
  let waiting = false;
  element.addEventListener("pointermove", (event) => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      point(figure, event);
    });
  });
  element.addEventListener("pointerdown", (event) => { if (event.pointerType !== "mouse") point(figure, event); });
  element.addEventListener("pointerleave", leave);
  element.addEventListener("blur", leave);
  element.addEventListener("keydown", (event) => onKey(figure, event));
  figure.labels.addEventListener("pointerover", (event) => lightUp(event.target.dataset.run ?? null));
}

function leave() {
  tip.hidden = true;
  lightUp(null);
}

function point(figure, event) {
  if (!figure.drawn || event.target.closest?.(".labels span")) return;
  const box = figure.element.getBoundingClientRect();
  const found = figure.view.points
    ? nearestMark(figure, event.clientX - box.left, event.clientY - box.top)
    : nearestLine(figure, event.clientX - box.left, event.clientY - box.top);
  if (!found) return leave();
  lightUp(found.run.id);
  showTip(figure, found, event.clientX, event.clientY);
}

function nearestLine(figure, x, y) {
  const { l, r, t, b } = figure.margin;
  if (x < l - 4 || x > figure.width - r + 4 || y < t || y > figure.height - b) return null;
  const at = figure.xAt(x);
  let found = null;
  let least = figure.spec.run === null ? NEAR : Infinity;
  for (const line of figure.view.lines) {
    const wanted = figure.fraction ? at * Math.max(line.run.steps - 1, 1) : at;
    const k = nearestPoint(line.step, wanted);
    const away = Math.hypot(figure.py((line.mean ?? line.max)[k]) - y, figure.px(xOf(figure, line.run, line.step[k])) - x);
    if (away < least || (figure.spec.run !== null && !found)) [least, found] = [away, { run: line.run, line, k }];
  }
  return found;
}

function nearestMark(figure, x, y) {
  let found = null;
  let least = NEAR;
  for (const run of figure.view.points) {
    const [markX, markY] = figure.markAt(run);
    const away = Math.hypot(markX - x, markY - y);
    if (away < least) [least, found] = [away, { run }];
  }
  return found;
}

// What is said of a place: rows of a name and a value.
function readings(figure, { run, line, k }) {
  if (!line) return [["AvgFinalLoss", lossText(run.avg)], ["Family", page.families[run.family].name]];
  if (figure.spec.kind === "thresholds") return [["Threshold", page.thresholds[k]], ["First step below", Number.isFinite(line.mean[k]) ? countText(line.mean[k]) : "–"]];
  const rows = [["Step", countText(line.step[k])]];
  if (line.smooth === false) return [...rows, ...(line.min === line.max ? [["Loss", lossText(line.min[k])]] : [["Least", lossText(line.min[k])], ["Greatest", lossText(line.max[k])]])];
  if (figure.spec.kind === "seeds") return [...rows, ["Geometric mean", lossText(line.mean[k])], ["Least of the seeds", lossText(line.min[k])], ["Greatest of the seeds", lossText(line.max[k])]];
  rows.push([page.families[run.family].line, lossText(line.mean[k])]);
  rows.push([line.smooth ? "Least loss" : "Rolling minimum", lossText(line.min[k])], [line.smooth ? "Greatest loss" : "Rolling maximum", lossText(line.max[k])]);
  return rows;
}

function showTip(figure, found, x, y) {
  const rows = readings(figure, found);
  tip.replaceChildren();
  add(tip, "b", "", found.run.label === found.run.name ? found.run.name : `${found.run.label} · ${found.run.name}`);
  const table = add(tip, "table");
  for (const [name, value] of rows) {
    const row = add(table, "tr");
    add(row, "td", "", name);
    add(row, "td", "", value);
  }
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, x + width + 24 > innerWidth ? x - width - 14 : x + 14)}px`;
  tip.style.top = `${Math.max(4, Math.min(y + 14, innerHeight - height - 6))}px`;
}

function onKey(figure, event) {
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (event.key === "Escape") return leave();
  if (!(event.key in moves) || !figure.drawn) return;
  event.preventDefault();
  const [along, between] = moves[event.key];
  const all = figure.view.points ?? figure.view.lines.map((line) => line.run);
  if (!all.length) return;
  const current = figure.reading ?? { place: 0, part: 0 };
  const place = figure.reading ? (current.place + between + (figure.view.points ? along : 0) + all.length) % all.length : 0;
  const part = figure.reading ? Math.min(Math.max(current.part + along / 50, 0), 1) : 0;
  figure.reading = { place, part };
  const run = all[place];
  const line = figure.view.lines[place];
  const found = line ? { run, line, k: Math.round(part * (line.step.length - 1)) } : { run };
  lightUp(run.id);
  const box = figure.element.getBoundingClientRect();
  const [x, y] = line
    ? [figure.px(xOf(figure, run, line.step[found.k])), figure.py((line.mean ?? line.max)[found.k])]
    : figure.markAt(run);
  showTip(figure, found, box.left + x, box.top + (Number.isFinite(y) ? y : figure.margin.t));
  spoken.textContent = `${run.label}: ${readings(figure, found).map((row) => row.join(" ")).join(", ")}`;
}
