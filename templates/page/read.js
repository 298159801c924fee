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
  // A value that was tapped stays until another place is tapped.
  element.addEventListener("pointerdown", (event) => { if (event.pointerType !== "mouse") point(figure, event); });
  element.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") leave(); });
  element.addEventListener("blur", leave);
  element.addEventListener("keydown", (event) => onKey(figure, event));
  figure.labels.addEventListener("pointerover", (event) => lightUp(event.target.dataset.run ?? null));
}

addEventListener("pointerdown", (event) => { if (event.pointerType !== "mouse" && !event.target.closest?.(".plot, .legend")) leave(); });

function leave() {
  tip.hidden = true;
  lightUp(null);
}

function point(figure, event) {
  if (!figure.drawn || event.target.closest?.(".labels button")) return;
  const box = figure.element.getBoundingClientRect();
  const found = nearestOf(figure, event.clientX - box.left, event.clientY - box.top);
  if (!found) return leave();
  lightUp(found.id);
  showTip(figure, found, event.clientX, event.clientY);
}

const nearestOf = (figure, x, y) => figure.nearest?.(x, y) ?? (figure.nearest ? null : (figure.view.points ? nearestMark : nearestLine)(figure, x, y));

function nearestLine(figure, x, y) {
  const { l, r, t, b } = figure.margin;
  if (x < l - 4 || x > figure.width - r + 4 || y < t || y > figure.height - b) return null;
  let found = null;
  let least = figure.run === null ? NEAR : Infinity;
  for (const line of figure.view.lines) {
    const k = nearestPoint(line.step, figure.stepAt(line, x));
    const away = Math.hypot(figure.py((line.mean ?? line.max)[k]) - y, figure.px(placeOf(figure, line, line.step[k])) - x);
    if (away < least || (figure.run !== null && !found)) [least, found] = [away, { id: line.id, line, k }];
  }
  return found;
}

function nearestMark(figure, x, y) {
  let found = null;
  let least = NEAR;
  for (const point of figure.view.points) {
    const [markX, markY] = figure.markAt(point);
    const away = Math.hypot(markX - x, markY - y);
    if (away < least) [least, found] = [away, { id: point.id, point }];
  }
  return found;
}

// What is said of a place: rows of a name and a value.
function readings(figure, { point, line, k, stop }) {
  if (stop) return figure.readingsOf(stop);
  if (point) {
    const axis = figure.axes.x;
    const place = point.places[figure.by];
    const rows = [[figure.spec.word, formOf([point.value])(point.value)], [words.family, figure.spec.groups[point.group].name]];
    return figure.rows ? rows : [...rows, [axis.title, axis.ticks ? axis.ticks[Math.round(place)] : countText(place)]];
  }
  const [mean, low, high] = line.words ?? figure.spec.readings;
  if (figure.spec.marked) return [[words.threshold, figure.axes.x.ticks[k]], [mean, Number.isFinite(line.mean[k]) ? countText(line.mean[k]) : page.notation.missing]];
  const parts = line.mean ? [line.mean, line.min, line.max] : [line.min, line.max];
  const known = [...parts, line.evaluation?.mean].map((part) => errors.get(part)).filter(Boolean);
  const write = formOf(parts.map((part) => part[k]), known);
  const rows = [[words.step, countText(line.step[k])]];
  if (line.mean) rows.push([mean, write(line.mean[k])]);
  if (line.min !== line.max || !line.mean) rows.push([low || words.minimum, write(line.min[k])], [high || words.maximum, write(line.max[k])]);
  if (line.evaluation) {
    const at = nearestPoint(line.evaluation.step, line.step[k]);
    rows.push([`${figure.spec.evaluation}, ${words.step.toLowerCase()} ${countText(line.evaluation.step[at])}`, write(line.evaluation.mean[at])]);
  }
  return [...rows, ...eventRows(figure, line, k)];
}

// A run's name; or what the runs of a mark share.
const foundName = ({ id, name }) => (name === undefined ? nameOf(id) : { label: name, note: "" });

function showTip(figure, found, x, y) {
  const rows = readings(figure, found);
  tip.replaceChildren();
  const { label, note } = foundName(found);
  add(tip, "b", "", note ? `${label} · ${note}` : label);
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
  const all = (figure.view.stops?.length ? figure.view.stops : figure.view.points) ?? figure.view.lines;
  if (!all.length) return;
  const current = figure.reading ?? { place: 0, part: 0 };
  const place = figure.reading ? (current.place + between + (figure.view.points ? along : 0) + all.length) % all.length : 0;
  const part = figure.reading ? Math.min(Math.max(current.part + along / 50, 0), 1) : 0;
  figure.reading = { place, part };
  const line = figure.view.lines[place];
  const found = line ? { id: line.id, line, k: Math.round(part * (line.step.length - 1)) } : { id: all[place].id, name: all[place].name, point: all[place], stop: figure.view.stops?.[place] };
  lightUp(found.id);
  const box = figure.element.getBoundingClientRect();
  const [x, y] = line
    ? [figure.px(placeOf(figure, line, line.step[found.k])), figure.py((line.mean ?? line.max)[found.k])]
    : figure.markAt(found.point);
  showTip(figure, found, box.left + x, box.top + (Number.isFinite(y) ? y : figure.margin.t));
  spoken.textContent = `${foundName(found).label}: ${readings(figure, found).map((row) => row.join(" ")).join(", ")}`;
}
