// What happened in a curve, marked where a reader looks at it: at lines that are lit or kept, and on a run's own figure.
const EVENT_PLACE = 7; // pixels within which an event counts as pointed at
const MOST_EVENTS = 40; // of a line
const MARKED_LINES = 3; // of more kept lines the marks would be a thicket

// Shapes around 0 0.
const SHAPES = {
  drop: "M-5 -4H5L0 5Z",
  spike: "M-5 4H5L0 -5Z",
  recovery: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0",
  divergence: "M-5 -5L5 5M-5 5L5 -5",
};
const SIGNS = { plateau: "▬", drop: "▼", spike: "▲", recovery: "○", divergence: "×" };

// The events of a line that lie within the range of the figure.
function eventsIn(figure, line) {
  if (!line.events.length || figure.spec.marked) return [];
  const [left, right] = figure.range.x;
  const inside = (step) => {
    const at = figure.axisX(placeOf(figure, line, step));
    return at >= left && at <= right;
  };
  return line.events.filter(([kind, step, until]) => inside(step) || (kind === "plateau" && inside(until))).slice(0, MOST_EVENTS);
}

// The lines whose events are marked: what is lit, and few that are kept.
function markedLines(figure) {
  if (figure.view.points) return [];
  if (figure.run !== null) return figure.view.lines;
  const found = chosenAmong(figure, figure.view.lines) ?? [];
  return found.length <= MARKED_LINES ? found : [];
}

function addEvents(figure, layer, clip, line) {
  for (const [kind, step, until, before, after] of eventsIn(figure, line)) {
    const x = figure.px(placeOf(figure, line, step));
    if (kind === "plateau") {
      const y = figure.py(before);
      addPath(clip, `M${clampPixel(x)} ${clampPixel(y)}H${clampPixel(figure.px(placeOf(figure, line, until)))}`, "none", "currentColor", 9).setAttribute("opacity", 0.16);
      continue;
    }
    const y = kind === "spike" ? figure.py(after) : kind === "drop" ? figure.py(Math.sqrt(before * after)) : figure.py(levelAt(line, step));
    const shape = document.createElementNS(SVG, "path");
    const { t, b } = figure.margin;
    const inside = Math.min(Math.max(Number.isFinite(y) ? y : t, t + 5), figure.height - b - 5);
    shape.setAttribute("d", SHAPES[kind]);
    setAll(shape, { class: "event", transform: `translate(${x.toFixed(1)} ${inside.toFixed(1)})`, stroke: line.colour });
    layer.append(shape);
  }
}

// The value of a line at a step, or the last before it: none is finite once it diverged.
function levelAt(line, step) {
  const values = line.mean ?? line.max;
  let k = nearestPoint(line.step, step);
  while (k > 0 && !Number.isFinite(values[k])) k -= 1;
  return values[k];
}

// Rows of the reading at a place: the events there, and the plateau that it lies on.
function eventRows(figure, line, k) {
  const here = figure.px(placeOf(figure, line, line.step[k]));
  const near = ([kind, step, until]) => {
    const from = figure.px(placeOf(figure, line, step));
    return kind === "plateau" ? here >= from && here <= figure.px(placeOf(figure, line, until)) : Math.abs(here - from) <= EVENT_PLACE;
  };
  return eventsIn(figure, line).filter(near).map(([kind, step, until, before, after]) => {
    const levels = [before, after].filter((value) => value !== null);
    const write = formOf(levels);
    const steps = kind === "plateau" ? `${countText(step)} to ${countText(until)}` : countText(step);
    return [`${page.events[kind]}, ${words.step.toLowerCase()} ${steps}`, levels.map(write).join(" → ")];
  });
}

// The kinds that are marked in a figure, as its caption explains them.
function eventWords(figure) {
  const kinds = new Set(markedLines(figure).flatMap((line) => eventsIn(figure, line).map(([kind]) => kind)));
  return Object.keys(SIGNS).filter((kind) => kinds.has(kind)).map((kind) => `${SIGNS[kind]} ${page.events[kind].toLowerCase()}`).join(", ");
}
