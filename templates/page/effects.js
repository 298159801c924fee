// Figures of effects: panels of points and heat maps, by the rules of reportgen/figures/panels.py.
const PANEL_GAP = 24;
const PANEL_LEAST = 250; // of a panel of points
const CELL_LINE = 17;
const ROW_NAMES = 0.42; // part of a panel that names of its rows may take

class EffectsFigure extends Figure {
  // What is chosen for the axis of values, as of any figure.
  valueRange() {
    return this.spec.y.ranges[this.y].map((end) => (this.y === "log" ? Math.log10(end) : end));
  }

  onValues(value) {
    return this.y === "log" ? Math.log10(value) : value;
  }

  fitHeight() {
    const width = this.element.clientWidth;
    if (width) this.element.style.height = `${panelBoxes(this, width).height}px`;
  }

  draw() {
    this.prepare();
    this.width = this.element.clientWidth;
    this.fitHeight();
    this.height = this.element.clientHeight;
    this.range = { x: [0, 1], y: this.valueRange() };
    this.margin = { l: 0, r: 0, t: 0, b: 0 };
    this.names = [];
    this.boxes = panelBoxes(this, this.width).boxes;
    this.view = this.makeView();
    Plotly.react(this.canvas, this.view.traces, this.makeLayout(), { displayModeBar: false, doubleClick: false, showTips: false, responsive: false });
    this.drawn = true;
    this.element.dataset.drawn = "";
    this.stale = false;
    drawChosen(this);
    drawLit(this);
    this.sayWhatIsSeen();
  }

  showChosen() {
    this.stale = false;
    drawChosen(this);
    drawLit(this);
  }

  // What the reader's choice lets stand out: of heat maps the other cells fade, of panels all but the chosen marks.
  fade(layer, chosen) {
    const standing = new Set(chosen.map((point) => point.spot));
    this.spec.panels.forEach((panel, at) => {
      if (panel.kind !== "map") return addVeil(layer, this.boxes[at]);
      for (const spot of panel.spots) if (!standing.has(spot)) addVeil(layer, this.ringOf({ panel, at, spot, value: spot.mean }));
    });
    const colour = this.spec[isDark() ? "dark" : "light"];
    for (const point of chosen) {
      if (point.panel.kind === "map" || (this.y === "log" && point.value <= 0)) continue;
      const [cx, cy] = this.markAt(point);
      setAll(layer.appendChild(document.createElementNS(SVG, "circle")), { cx, cy, r: 4.5, fill: colour });
    }
  }

  makeView() {
    const traces = [];
    const [points, stops] = [[], []];
    this.spec.panels.forEach((panel, at) => {
      traces.push(...panelTraces(this, panel).map((trace) => ({ ...trace, xaxis: axisName("x", at), yaxis: axisName("y", at) })));
      for (const spot of panel.spots) {
        if (panel.kind === "map" || panel.means || !spot.runs.length) stops.push({ id: null, panel, at, spot, value: spot.mean, name: spot.label, runs: spot.runs });
        spot.runs.forEach((id, k) => points.push({ id, panel, at, spot, value: spot.values[k], runs: [id] }));
      }
    });
    return { lines: [], points, stops, groups: [], traces, empty: !points.length };
  }

  makeLayout() {
    return effectsLayout(this);
  }

  // Where a mark or a cell is, in pixels.
  markAt({ panel, at, spot, value }) {
    const box = this.boxes[at];
    const shareOf = (place, [from, to]) => (place - from) / (to - from);
    const across = panel.log ? [Math.log10(spot.place), panel.range.map(Math.log10)] : [spot.place, panel.range];
    if (panel.kind === "map") return [box.x + shareOf(...across) * box.width, box.y + ((spot.row + 0.5) / panel.rows.length) * box.height];
    const part = shareOf(this.onValues(value ?? spot.values[0] ?? worseEnd(this)), this.valueRange());
    if (panel.kind === "category") return [box.x + part * box.width, box.y + ((spot.place + 0.5) / panel.ticks.length) * box.height];
    return [box.x + shareOf(...across) * box.width, box.y + (1 - part) * box.height];
  }

  // A run that lights up: a ring around its mark, a frame around its cell.
  ringOf(point) {
    if (point.panel.kind !== "map") return null;
    const box = this.boxes[point.at];
    const [x, y] = this.markAt(point);
    const [width, height] = [(0.96 * box.width) / point.panel.ticks.length, (0.92 * box.height) / point.panel.rows.length];
    return { x: x - width / 2, y: y - height / 2, width, height };
  }

  nearest(x, y) {
    let found = null;
    let least = Infinity;
    for (const one of [...this.view.stops, ...this.view.points]) {
      if (one.panel.kind === "map" && one.id !== null) continue;
      const [markX, markY] = this.markAt(one);
      const box = this.boxes[one.at];
      const inCell = one.panel.kind === "map" && Math.abs(markX - x) <= box.width / one.panel.ticks.length / 2 && Math.abs(markY - y) <= box.height / one.panel.rows.length / 2;
      const away = Math.hypot(markX - x, markY - y);
      if ((inCell || (one.panel.kind !== "map" && away < NEAR)) && away < least) [least, found] = [away, one];
    }
    return found && { id: found.id, name: found.name, stop: found };
  }

  readingsOf({ panel, spot, id, value }) {
    const [mean, spread, n] = spot.texts;
    if (id !== null) return [[panel.title, spot.name], [this.spec.word, formOf(spot.values)(value)]];
    const rows = spot.values.length > 1 ? [[this.spec.mean, mean]] : [[this.spec.word, mean]];
    if (spread) rows.push([words.spread, spread.replace(/^sd /, "")]);
    if (spot.interval) rows.push([words.interval, spot.interval.map(formOf([...spot.interval, spot.mean])).join(" \u2013 ")]);
    return [...rows, [words.runs, n.replace(/^n /, "")]];
  }

  // What is read at a place that is no run's.
  describe() {}
}

const axisName = (letter, at) => (at === 0 ? letter : `${letter}${at + 1}`);
const worseEnd = (figure) => figure.spec.y.ranges[figure.y][figure.spec.higher ? 0 : 1];
const rowNames = (panel) => (panel.kind === "map" ? panel.rows : panel.ticks.map(([, name]) => name));

// The narrowest column of a heat map that holds its words.
function cellWidth(panel) {
  const texts = panel.spots.flatMap((spot) => spot.texts.filter(Boolean));
  return Math.max(...texts.map(widthOf), ...panel.ticks.map(([, name]) => widthOf(name))) + 10;
}

// Where each panel stands, and how high they are together.
function panelBoxes(figure, width) {
  const { panels } = figure.spec;
  const leftOf = (panel, cell) => {
    if (panel.kind === "number") return Math.max(...valueTexts(figure, 220).ticktext.map(widthOf), 12) + 36;
    return Math.min(Math.max(...rowNames(panel).map(widthOf)) + 36, ROW_NAMES * cell);
  };
  const fits = (columns) => {
    const cell = (width - (columns - 1) * PANEL_GAP) / columns;
    return panels.every((panel) => (panel.kind === "map" ? (cell - leftOf(panel, cell)) / panel.ticks.length >= cellWidth(panel) : cell >= PANEL_LEAST));
  };
  let columns = Math.min(panels.length, 4);
  while (columns > 1 && !fits(columns)) columns -= 1;
  const cell = (width - (columns - 1) * PANEL_GAP) / columns;
  const boxes = [];
  let top = 0;
  for (let start = 0; start < panels.length; start += columns) {
    let tallest = 0;
    panels.slice(start, start + columns).forEach((panel, k) => {
      const left = leftOf(panel, cell);
      const above = panel.name ? 30 : 14;
      const lines = panel.spots.some((spot) => spot.texts[1]) ? 3 : 2;
      const height = panel.kind === "map" ? panel.rows.length * (lines * CELL_LINE + 12)
        : panel.kind === "category" ? 16 + 30 * panel.ticks.length
          : columns === 1 ? Math.min(340, Math.max(210, 0.55 * cell)) : 240;
      boxes.push({ x: k * (cell + PANEL_GAP) + left, y: top + above, width: cell - left - 14, height });
      tallest = Math.max(tallest, above + height + 54);
    });
    top += tallest;
  }
  return { boxes, height: top };
}

// Ticks of the axis of values, as long as it is.
function valueTexts(figure, pixels, gap = 34) {
  const log = figure.y === "log";
  const [from, to] = figure.spec.y.ranges[figure.y];
  const tickvals = ticksOf(from, to, pixels / gap, { log });
  return { type: log ? "log" : "linear", tickvals, ticktext: tickTexts(tickvals, log), range: figure.valueRange() };
}

// Ticks of an attribute: its values as far as their names do not touch, else round numbers.
function attributeTicks(panel, width) {
  const type = panel.log ? "log" : "linear";
  const range = panel.range.map((end) => (panel.log ? Math.log10(end) : end));
  if (!panel.ticks.length) {
    const tickvals = ticksOf(panel.range[0], panel.range[1], width / 70, { log: panel.log });
    return { type, range, tickvals, ticktext: tickTexts(tickvals, panel.log) };
  }
  const kept = [];
  let free = -Infinity;
  for (const [place, name] of panel.ticks) {
    const middle = (((panel.log ? Math.log10(place) : place) - range[0]) / (range[1] - range[0])) * width;
    if (middle - widthOf(name) / 2 < free) continue;
    kept.push([place, name]);
    free = middle + widthOf(name) / 2 + 10;
  }
  return { type, range, tickvals: kept.map(([place]) => place), ticktext: kept.map(([, name]) => plain(name)) };
}

// A name that fits, its middle left out.
function shortened(name, room) {
  if (widthOf(name) <= room) return name;
  let kept = name.length;
  const cut = () => `${name.slice(0, Math.ceil(kept / 2))}…${name.slice(name.length - Math.floor(kept / 2))}`;
  while (kept > 4 && widthOf(cut()) > room) kept -= 1;
  return cut();
}

function effectsLayout(figure) {
  const [ink, soft, grid, rule, paper] = ["ink", "soft", "grid", "rule", "paper"].map(colourOf);
  const font = { family: getComputedStyle(document.body).fontFamily, size: 13, color: soft };
  const axis = { gridcolor: grid, linecolor: rule, zeroline: false, tickfont: font, ticks: "outside", tickcolor: rule, ticklen: 4, automargin: false, fixedrange: true };
  const titled = (text, standoff) => ({ title: { text: plain(text), font: { ...font, color: ink }, standoff } });
  const layout = {
    width: figure.width, height: figure.height, margin: { l: 0, r: 0, t: 0, b: 0, pad: 0 }, showlegend: false, hovermode: false, dragmode: false,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font, shapes: [], annotations: [],
  };
  figure.spec.panels.forEach((panel, at) => {
    const box = figure.boxes[at];
    const [x, y] = [axisName("x", at), axisName("y", at)];
    const domains = [[box.x / figure.width, (box.x + box.width) / figure.width], [1 - (box.y + box.height) / figure.height, 1 - box.y / figure.height]];
    const room = Math.min(ROW_NAMES * figure.width, box.x);
    const rows = { type: "linear", range: [rowNames(panel).length - 0.5, -0.5], tickvals: rowNames(panel).map((_, k) => k), ticktext: rowNames(panel).map((name) => plain(shortened(name, room - 34))), ticks: "" };
    let across = { ...titled(panel.title, 8), ...attributeTicks(panel, box.width), showgrid: false, showline: true };
    let upright = { ...titled(figure.spec.y.title, 6), ...valueTexts(figure, box.height) };
    if (panel.kind === "category") {
      across = { ...titled(figure.spec.y.title, 8), ...valueTexts(figure, box.width, 70), showline: true };
      upright = { ...titled(panel.title, 6), ...rows, showgrid: true };
    }
    if (panel.kind === "map") {
      across = { ...across, ticks: "", showline: false };
      upright = { ...titled(panel.rowsTitle, 6), ...rows, showgrid: false, showline: false };
      addCells(layout, panel, { x, y, box, rule, ink, paper });
    }
    layout[x.replace("x", "xaxis")] = { ...axis, ...across, domain: domains[0], anchor: y };
    layout[y.replace("y", "yaxis")] = { ...axis, ...upright, domain: domains[1], anchor: x };
    if (panel.name) layout.annotations.push({ text: `<b>${plain(panel.name)}</b>`, xref: "paper", yref: "paper", x: domains[0][0], y: domains[1][1], yshift: 4, xanchor: "left", yanchor: "bottom", showarrow: false, font: { ...font, color: ink } });
    if (!panel.spots.some((spot) => spot.runs.length)) layout.annotations.push({ text: figure.spec.nothing, xref: `${x} domain`, yref: `${y} domain`, x: 0.5, y: 0.5, showarrow: false });
  });
  return layout;
}

// A heat map: the bundle of plotly.js that a page carries has none, so cells are rectangles with words.
function addCells(layout, panel, { x, y, box, rule, ink, paper }) {
  const room = (0.96 * box.width) / panel.ticks.length - 2;
  for (const { place, row, shade, texts } of panel.spots) {
    const colour = shade === null ? paper : shadeOf(shade);
    layout.shapes.push({
      type: "rect", layer: "below", xref: x, yref: y, x0: place - 0.48, x1: place + 0.48, y0: row - 0.46, y1: row + 0.46,
      line: { width: shade === null ? 1 : 0, color: rule }, fillcolor: colour,
    });
    const lines = texts.filter((text) => text && widthOf(text) <= room).map((text, k) => (k === 0 && text === texts[0] ? `<b>${text}</b>` : text));
    if (lines.length) layout.annotations.push({ text: lines.join("<br>"), xref: x, yref: y, x: place, y: row, showarrow: false, borderpad: 0, font: { size: 13, color: shade === null ? ink : readableOn(colour) } });
  }
}

const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

function shadeOf(shade) {
  const stops = page.shades[isDark() ? "dark" : "light"].map(channels);
  const place = Math.min(Math.max(shade, 0), 1) * (stops.length - 1);
  const left = Math.min(Math.floor(place), stops.length - 2);
  const mixed = stops[left].map((one, k) => Math.round(one + (place - left) * (stops[left + 1][k] - one)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

// Black or white, whichever is further from the colour (WCAG's contrast).
function readableOn(colour) {
  const [red, green, blue] = channels(colour).map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return (light + 0.05) / 0.06 > 1.05 / (light + 0.05) ? "#1a1a1a" : "#ffffff";
}

function panelTraces(figure, panel) {
  const common = { type: "scatter", mode: "markers", hoverinfo: "skip", showlegend: false };
  if (panel.kind === "map") return [{ ...common, mode: "lines", x: [0], y: [null] }];
  const colour = figure.spec[isDark() ? "dark" : "light"];
  const ink = colourOf("ink");
  const lying = panel.kind === "category";
  const at = (places, values) => (lying ? { x: values, y: places } : { x: places, y: values });
  const seen = (value) => (figure.y === "log" && value <= 0 ? null : value);
  const several = panel.means;
  const runs = panel.spots.flatMap((spot) => spot.values.map((value) => [spot.place, seen(value)]));
  const means = panel.spots.filter((spot) => spot.mean !== null);
  const traces = [];
  const [places, values] = [means.map((spot) => spot.place), means.map((spot) => seen(spot.mean))];
  if (panel.joined) traces.push({ ...common, ...at(places, values), mode: "lines", line: { width: 1.5, color: faded(colour, 0.55) } });
  traces.push({ ...common, ...at(runs.map(([place]) => place), runs.map(([, value]) => value)), marker: { size: several ? 6 : 9, color: faded(colour, several ? 0.4 : 0.95) } });
  if (several) {
    const ends = means.map((spot) => spot.interval ?? [spot.mean, spot.mean]);
    const errors = { type: "data", symmetric: false, array: ends.map(([, high], k) => high - means[k].mean), arrayminus: ends.map(([low], k) => means[k].mean - low), color: ink, thickness: 1.25, width: 4 };
    traces.push({ ...common, ...at(places, values), marker: { size: 9, symbol: "diamond", color: ink }, [lying ? "error_x" : "error_y"]: errors });
  }
  const lost = panel.spots.filter((spot) => spot.values.length < spot.of).map((spot) => spot.place);
  if (lost.length) traces.push({ ...common, ...at(lost, lost.map(() => worseEnd(figure))), cliponaxis: false, marker: { size: 8, symbol: "x-thin", color: ink, line: { width: 1.5, color: ink } } });
  return traces;
}
