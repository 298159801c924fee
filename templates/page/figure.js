// A figure: drawn by plotly when it comes into view; what lights up lies over it as an SVG of its own.
const SVG = "http://www.w3.org/2000/svg";
const figures = [];
let printing = false; // on paper a page is light
const ROW_HEIGHT = 22;
const TICK_LINE = 17;
const NARROWEST_SLOT = 30;
const isTouch = matchMedia("(pointer: coarse)").matches;

class Figure {
  constructor(element) {
    const { figure: name, kind, of } = element.dataset;
    const spec = page.figures[name];
    Object.assign(this, { element, spec, kind, run: of || null, name, drawn: false, visible: false, zoom: null, view: null, out: false, stale: false });
    this.caption = element.closest("figure")?.querySelector("figcaption");
    this.by = spec.by ? Object.keys(spec.by)[0] : null;
    this.x = spec.by ? "step" : spec.x.scale;
    this.y = spec.y.scale;
    this.band = true;
    this.opened = { x: this.x, y: this.y, by: this.by, band: true, out: false };
    Object.assign(this, this.wanted());
    this.fitHeight();
    this.finding = element.getAttribute("aria-label");
  }

  get axes() {
    return { x: this.spec.by ? this.spec.by[this.by] : this.spec.x, y: this.spec.y };
  }

  get rows() {
    return this.by !== null && this.by === this.spec.rows;
  }

  // Settings that this figure can have, among others.
  possible(settings) {
    const can = {
      x: (scale) => this.by === null && scale in this.spec.x.ranges,
      y: (scale) => scale in this.spec.y.ranges,
      by: (key) => this.by !== null && key in this.spec.by,
      band: () => this.by === null,
      out: () => this.spec.lines !== undefined,
      zoom: () => true,
    };
    return Object.fromEntries(Object.entries(settings).filter(([key, value]) => can[key](value)));
  }

  // How it is drawn where the reader has set nothing for it alone.
  usual() {
    return { ...this.opened, ...this.possible(allFigures) };
  }

  // What the reader has set for it alone.
  own() {
    const usual = this.possible(this.usual());
    const own = Object.fromEntries(Object.keys(usual).filter((key) => this[key] !== usual[key]).map((key) => [key, this[key]]));
    return this.zoom === null ? own : { ...own, zoom: this.zoom };
  }

  // How the reader's view has it.
  wanted() {
    return this.possible({ ...this.usual(), zoom: null, ...ownSettings.get(this.name) });
  }

  // A change by the reader, which goes into the address.
  change(changes) {
    this.show(changes);
    this.keepOwn();
    record("figure", this.element.closest("figure"));
  }

  keepOwn() {
    const own = this.own();
    if (Object.keys(own).length) ownSettings.set(this.name, own);
    else ownSettings.delete(this.name);
  }

  // A row for each run takes its own height.
  fitHeight() {
    if (this.by === null && !printing) return;
    this.element.style.height = this.rows ? `${90 + ROW_HEIGHT * this.spec.points.length}px` : printing ? PAPER_HEIGHT : "";
  }

  // Makes the layers once; purging keeps them.
  prepare() {
    if (this.canvas) return;
    this.canvas = add(this.element, "div", "canvas");
    addLayers(this);
    this.labels = add(this.element, "div", "labels");
    this.note = addTools(this);
    this.element.setAttribute("role", "application");
    this.element.setAttribute("aria-roledescription", "figure");
    this.element.setAttribute("aria-label", `${this.finding} ${words.keys}`);
    this.element.tabIndex = 0;
    listenTo(this);
    keepByClick(this);
  }

  makeView() {
    return this.by === null ? linesView(this) : viewOfMarks(this);
  }

  makeLayout() {
    return layoutOf(this);
  }

  draw() {
    this.prepare();
    this.width = this.element.clientWidth;
    this.height = this.element.clientHeight;
    const whole = this.by === null ? wholeRange(this) : marksRange(this);
    this.range = this.zoom ?? whole;
    this.view = this.makeView();
    this.margin = { l: roomForTicks(this), r: 14, t: 22, b: inTwoLines(this) ? 46 + TICK_LINE : 46 };
    placeNames(this);
    Plotly.react(this.canvas, this.view.traces, this.makeLayout(), { displayModeBar: false, doubleClick: false, showTips: false, responsive: false });
    if (!this.drawn) {
      this.canvas.on("plotly_relayout", (change) => onZoom(this, change));
      this.canvas.on("plotly_doubleclick", () => this.change({ zoom: null }));
    }
    this.drawn = true;
    this.element.dataset.drawn = "";
    this.stale = false;
    this.describe();
    drawLabels(this);
    drawChosen(this);
    drawLit(this);
    this.sayWhatIsSeen();
  }

  // What the reader's choice lets stand out: over what is drawn, or drawn again where marks are few.
  showChosen() {
    this.stale = false;
    if (this.view.points) return this.draw();
    if (this.view.lines.length >= MANY_LINES) {
      nameLines(this);
      drawLabels(this);
    }
    drawChosen(this);
    drawLit(this);
  }

  purge() {
    Plotly.purge(this.canvas);
    this.drawn = false;
    delete this.element.dataset.drawn;
    this.labels.replaceChildren();
    this.chosenLayer.replaceChildren();
    this.litLayer.replaceChildren();
  }

  // Changes what is shown; a figure out of view is drawn again when it comes back.
  show(changes) {
    if ("y" in changes || "x" in changes || "by" in changes || "out" in changes) this.zoom = null;
    Object.assign(this, changes);
    if ("by" in changes) this.fitHeight();
    if (this.drawn && this.visible) this.draw();
    else if (this.drawn) this.purge();
    this.onShown?.();
    this.sayWhatIsSeen();
  }

  // The caption in the words of the scales that are chosen.
  sayWhatIsSeen() {
    const state = { x: this.x, y: this.y, missing: this.y, by: this.by, band: this.band ? this.spec.bands : "none" };
    for (const part of this.caption?.querySelectorAll("[data-says]") ?? []) part.textContent = this.spec.says?.[part.dataset.says]?.[state[part.dataset.says]] ?? "";
    if (!this.caption) return;
    this.seen ??= Object.assign(document.createElement("span"), { className: "seen" });
    if (!this.seen.isConnected) this.caption.insertBefore(this.seen, this.caption.querySelector(".anchor"));
    this.seen.textContent = this.drawn ? seenWords(this) : "";
  }

  // Values in the units of the axes.
  axisX(x) {
    return (this.rows ? this.y : this.x) === "log" ? Math.log10(x) : x;
  }

  axisY(y) {
    if (this.rows || this.y !== "log") return y;
    return y > 0 ? Math.log10(y) : -Infinity;
  }

  px(x) {
    const [from, to] = this.range.x;
    return this.margin.l + ((this.axisX(x) - from) / (to - from)) * (this.width - this.margin.l - this.margin.r);
  }

  py(y) {
    const [from, to] = this.range.y;
    return this.height - this.margin.b - ((this.axisY(y) - from) / (to - from)) * (this.height - this.margin.t - this.margin.b);
  }

  // Where the mark of a run is, in pixels.
  markAt(point) {
    const place = point.places[this.by];
    return this.rows ? [this.px(point.value), this.py(place)] : [this.px(place), this.py(point.value)];
  }

  // The step of a line that is under a pixel of the plot.
  stepAt(line, pixel) {
    const [from, to] = this.range.x;
    const at = from + ((pixel - this.margin.l) / (this.width - this.margin.l - this.margin.r)) * (to - from);
    const clock = line.clocks[this.x];
    return clock ? along(clock[1], clock[0], at) : (this.x === "log" ? 10 ** at : at) * (this.x === "share" ? line.last : 1);
  }

  // Says whether zooming further would show more.
  describe() {
    if (this.zoom === null || this.by !== null || this.spec.marked) {
      this.note.textContent = "";
      return;
    }
    const [line] = this.view.lines;
    const gapOf = ({ step }) => (step.length > 1 ? (step[step.length - 1] - step[0]) / (step.length - 1) : 1);
    const gap = gapOf(line);
    const stored = this.spec.lines.find((one) => one.id === line.id);
    const every = gap < 1.01 ? words.every : filled(words.gap, countText(gap));
    const finest = gap < 1.01 || !stored.fine || gap <= gapOf(pointsOf(stored.fine)) * 1.01 || this.zoom.x[0] > stored.fine.n;
    this.note.textContent = `${finest ? words.full : words.finer} (${every})`;
  }
}

function add(parent, tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

function isDark() {
  if (printing) return false;
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

// A colour of the stylesheet, as plotly can read it.
const colourOf = (name) => plainColour(`var(--${name})`);

function plainColour(css) {
  const probe = add(document.body, "span");
  probe.style.color = css;
  const colour = getComputedStyle(probe).color;
  probe.remove();
  // Blends of two colours are computed in a space that plotly does not know; a canvas gives them as sRGB.
  const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return `rgb(${red}, ${green}, ${blue})`;
}

function faded(colour, alpha) {
  const probe = colour.startsWith("#")
    ? [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16))
    : colour.match(/\d+/g).slice(0, 3);
  return `rgba(${[...probe].join(", ")}, ${alpha})`;
}

// What a caption adds: the part that is seen, what stands out, and what is marked.
function seenWords(figure) {
  let said = figure.zoom === null ? "" : zoomWords(figure);
  if (figure.out) said += words.seen_all;
  const { points, every } = figure.view;
  const marks = points ?? every.filter((line) => !line.behind);
  const found = chosenAmong(figure, marks);
  const only = isolated && !figure.boxes;
  if (found) said += filled(only ? words.seen_only : words.seen_kept, countText(found.length), countText(marks.length), points ? words.marks_of_runs : words.lines_of_runs, kept.size ? words.seen_by_keeping : words.seen_by_rows);
  const events = eventWords(figure);
  return said + (events && filled(words.seen_events, events));
}

function zoomWords(figure) {
  const { x, y } = figure.axes;
  const ends = (which, log) => figure.zoom[which].map((end) => (log ? 10 ** end : end)).sort((a, b) => a - b);
  const texts = (values) => values.map(formOf(values));
  const values = (which) => texts(ends(which, figure.y === "log"));
  const places = () => {
    if (x.ticks) return ends("x", false).map((end) => x.ticks[Math.min(Math.max(Math.round(end), 0), x.ticks.length - 1)]);
    const found = ends("x", figure.x === "log");
    if (figure.x === "share") return found.map((end) => `${+(100 * end).toFixed(1)} %`);
    return x.whole && figure.x in { step: 1, log: 1 } ? found.map(countText) : texts(found);
  };
  const lower = (title) => title.slice(0, 1).toLowerCase() + title.slice(1);
  const title = lower(x.titles[figure.x] ?? x.title);
  return figure.rows
    ? filled(words.seen_zoom, lower(y.title), ...values("x"), "", "", "").replace(/,[^,]*$/, ".")
    : filled(words.seen_zoom, title, ...places(), lower(y.title), ...values("y"));
}

function linesView(figure) {
  const every = linesOf(figure);
  const lines = leftOf(figure, every);
  const floor = figure.y === "log" ? 10 ** (figure.range.y[0] - 1) : 0;
  const traces = [];
  const common = { type: "scatter", mode: "lines", hoverinfo: "skip", showlegend: false };
  const front = lines.filter((line) => !line.behind);
  const behind = lines.filter((line) => line.behind);
  if (behind.length) {
    const colour = faded(colourOf("soft"), 0.22);
    traces.push({ ...common, ...mergedTrace(figure, behind), line: { width: 0.75, color: colour } }, ...dots(lonePoints(figure, behind), colour, common));
  }
  if (figure.spec.raw) traces.push(...rawTraces(figure, front[0], common, floor));
  else if (front.length < MANY_LINES) {
    const banded = figure.spec.bands === "all" || (figure.spec.bands === "pointed" && front.length <= MOST_BANDED);
    for (const line of figure.band && banded ? front : []) {
      traces.push({ ...common, ...bandTrace(figure, line, floor), fill: "toself", fillcolor: faded(line.colour, 0.17), line: { width: 0 } });
      traces.push({ ...common, ...spikeTrace(figure, line), line: { width: 0.75, color: faded(line.colour, 0.4) } });
    }
    for (const line of front) traces.push(...evaluationTraces(figure, line, common), ...lineTraces(figure, line, common));
  } else {
    const alpha = Math.max(0.12, Math.min(0.55, 25 / front.length));
    for (const colour of new Set(front.map((line) => line.colour))) {
      const same = front.filter((line) => line.colour === colour);
      traces.push({ ...common, ...mergedTrace(figure, same), line: { width: 1, color: faded(colour, alpha), simplify: true } }, ...dots(lonePoints(figure, same), faded(colour, alpha), common));
    }
  }
  const out = beyond(figure, front);
  if (out.length) {
    traces.push({ ...common, mode: "markers", cliponaxis: false, x: out.map((mark) => mark.x), y: out.map((mark) => mark.y), marker: { size: 7, symbol: out.map((mark) => mark.symbol), color: out.map((mark) => mark.colour) } });
  }
  return { lines: front, all: lines, every: every.filter((line) => !line.behind), traces, empty: !hasValues(figure, lines, figure.range.x) };
}

function lineTraces(figure, line, common) {
  const isMarked = figure.spec.marked;
  const drawn = {
    ...common, name: plain(line.label), x: xsOf(figure, line), y: line.mean ?? line.max, mode: isMarked ? "lines+markers" : "lines",
    line: { width: 1.75, color: line.colour, dash: line.dash }, marker: { symbol: line.mark, size: 7, color: line.colour },
  };
  return [drawn, ...dots(lonePoints(figure, [line]), line.colour, common)];
}

// Values of the evaluation, as logged: points on a dotted line.
function evaluationTraces(figure, { evaluation, colour }, common) {
  if (!evaluation) return [];
  return [{ ...common, x: xsOf(figure, evaluation), y: evaluation.mean, mode: "lines+markers", line: { width: 1, color: colour, dash: "2px,4px" }, marker: { size: 5, color: colour } }];
}

function dots(lone, colour, common) {
  return lone.x.length ? [{ ...common, ...lone, mode: "markers", marker: { size: 4, color: colour } }] : [];
}

function rawTraces(figure, line, common, floor) {
  line.colour = colourOf("accent");
  const raw = colourOf("soft");
  const traces = [];
  const thin = (values) => dots(lonePoints(figure, [line], values), faded(raw, 0.55), common);
  if (line.min !== line.max) {
    traces.push({ ...common, ...bandTrace(figure, line, floor), fill: "toself", fillcolor: faded(raw, 0.3), line: { width: 0.5, color: faded(raw, 0.55) } }, ...thin((one) => one.max));
  } else if (line.mean && line.mean !== line.min) {
    traces.push({ ...common, x: xsOf(figure, line), y: line.min, line: { width: 1, color: faded(raw, 0.55) } }, ...thin((one) => one.min));
  }
  if (line.mean) traces.push({ ...common, x: xsOf(figure, line), y: line.mean, line: { width: line.mean === line.min ? 1 : 1.75, color: line.colour } }, ...dots(lonePoints(figure, [line]), line.colour, common));
  traces.push(...evaluationTraces(figure, line, common));
  return traces;
}

// One mark a run, coloured by family; against an attribute, or one row a run.
function marksView(figure) {
  const { spec, by, rows } = figure;
  const theme = isDark() ? "dark" : "light";
  const every = spec.points.filter((point) => by in point.places && (figure.y !== "log" || point.value > 0));
  const points = leftOf(figure, every);
  const stands = new Set(chosenAmong(figure, points)?.map((point) => point.id));
  const alike = spec.groups.length >= MANY_LINES; // then no colour tells families apart
  const used = alike ? [0] : [...new Set(points.map((point) => point.group))].sort((a, b) => a - b);
  const traces = used.map((group) => {
    const own = alike ? points : points.filter((point) => point.group === group);
    const [at, values] = [own.map((point) => point.places[by]), own.map((point) => point.value)];
    const { name, mark } = spec.groups[group];
    return {
      type: "scatter", mode: "markers", hoverinfo: "skip", showlegend: false, cliponaxis: false, name: plain(name), x: rows ? values : at, y: rows ? at : values,
      marker: { color: own.map((point) => faded(spec.groups[group][theme], stands.size && !stands.has(point.id) ? 0.15 : 0.9)), symbol: mark, size: points.length > 200 ? 6 : 9, line: { width: mark.endsWith("open") ? 1.5 : 0 } },
    };
  });
  return { lines: [], points, groups: alike ? [] : used.map((group) => ({ ...spec.groups[group], runs: every.filter((point) => point.group === group).flatMap(runsOf) })), traces, empty: !points.length };
}

function marksRange(figure) {
  const ends = (axis, scale) => axis.ranges[scale].map((value) => (scale === "log" ? Math.log10(value) : value));
  const [places, values] = [figure.axes.x.ranges.step, ends(figure.axes.y, figure.y)];
  return figure.rows ? { x: values, y: [places[1], places[0]] } : { x: places, y: values };
}

// The axis of values: ticks with their texts.
function valueTicks(figure, which) {
  const range = figure.range[which].map((end) => (figure.y === "log" ? 10 ** end : end));
  const room = which === "y" ? (figure.height - 68) / 34 : (figure.width - 80) / 70;
  const tickvals = ticksOf(range[0], range[1], room, { log: figure.y === "log", whole: figure.axes.y.whole });
  return { type: figure.y === "log" ? "log" : "linear", tickvals, ticktext: tickTexts(tickvals, figure.y === "log") };
}

// A name as far as there is room for it.
function fitting(name, room) {
  let shown = [...name];
  while (shown.length > 1 && widthOf(shown.join("")) > room) shown = [...shown.slice(0, -2), "…"];
  return shown.join("");
}

const widestOf = (texts) => Math.max(...texts.map(widthOf)) + 12;
const slotOf = (figure) => Math.max(figure.width - 90, 1) / figure.axes.x.ticks.length;

// Names below an axis: of numbers a few say what is between them, of words each is needed, so that every other one
// is a line lower where there is no room.
function inTwoLines(figure) {
  const { ticks } = figure.axes.x;
  if (!ticks || figure.rows) return false;
  const slot = slotOf(figure);
  return ticks.some((text) => !/^[\d\s.,×−+e⁻⁰¹²³⁴⁵⁶⁷⁸⁹-]+$/.test(text)) && widestOf(ticks) > slot && slot > NARROWEST_SLOT;
}

// The axis of steps, of thresholds, or of what the marks are compared by.
function placeTicks(figure, which) {
  const { ticks, whole } = figure.axes.x;
  if (ticks && which === "y") return { type: "linear", tickvals: [...ticks.keys()], ticktext: ticks.map((text) => plain(fitting(text, 0.45 * figure.width - 16))) };
  if (ticks && inTwoLines(figure)) {
    const room = 2 * slotOf(figure) - 12;
    return { type: "linear", tickangle: 0, tickvals: [...ticks.keys()], ticktext: ticks.map((text, k) => (k % 2 ? "<br>" : "") + plain(fitting(text, room))) };
  }
  if (ticks) {
    const every = Math.max(1, Math.ceil(widestOf(ticks) / slotOf(figure)));
    const kept = [...ticks.keys()].filter((k) => k % every === 0);
    return { type: "linear", tickvals: kept, ticktext: kept.map((k) => plain(ticks[k])) };
  }
  const log = figure.x === "log";
  const range = figure.range[which].map((end) => (log ? 10 ** end : end));
  const tickvals = ticksOf(range[0], range[1], (figure.width - 80) / 84, { log, whole: whole && figure.x === "step" });
  const ticktext = figure.x === "share" ? tickvals.map((value) => `${+(100 * value).toFixed(1)}\u00a0%`) : tickTexts(tickvals, log);
  return { type: log ? "log" : "linear", tickvals, ticktext };
}

// Room for the numbers of the vertical axis and its title next to them.
function roomForTicks(figure) {
  const { ticktext } = figure.rows ? placeTicks(figure, "y") : valueTicks(figure, "y");
  return Math.min(0.45 * figure.width, Math.max(...ticktext.map(widthOf), 12)) + (figure.rows ? 16 : 36);
}

function layoutOf(figure) {
  const [ink, soft, grid, rule] = ["ink", "soft", "grid", "rule"].map(colourOf);
  const font = { family: getComputedStyle(document.body).fontFamily, size: 13, color: soft };
  const axis = { gridcolor: grid, linecolor: rule, zerolinecolor: rule, zeroline: false, tickfont: font, ticks: "outside", tickcolor: rule, ticklen: 4, automargin: false };
  const titled = (text, standoff) => ({ title: { text, font: { ...font, color: ink }, standoff } });
  const { x, y } = figure.axes;
  const [across, upright] = figure.rows
    ? [{ ...titled(y.title, 8), ...valueTicks(figure, "x") }, { ...placeTicks(figure, "y"), ticks: "" }]
    : [{ ...titled(x.titles[figure.x] ?? x.title, 8), ...placeTicks(figure, "x") }, { ...titled(y.title, 6), ...valueTicks(figure, "y") }];
  return {
    width: figure.width, height: figure.height, margin: figure.margin, showlegend: false, hovermode: false,
    annotations: figure.view.empty ? [{ text: figure.spec.nothing, xref: "paper", yref: "paper", x: 0.5, y: 0.5, showarrow: false }] : [],
    dragmode: isTouch ? false : "zoom", paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font,
    xaxis: { ...axis, range: figure.range.x, showgrid: figure.rows, showline: true, ...across },
    yaxis: { ...axis, range: figure.range.y, ...upright },
  };
}

function onZoom(figure, change) {
  if (!("xaxis.range[0]" in change) && !("yaxis.range[0]" in change)) return;
  const at = (name, axis) => (`${name}.range[0]` in change ? [change[`${name}.range[0]`], change[`${name}.range[1]`]] : figure.range[axis]);
  figure.change({ zoom: { x: at("xaxis", "x"), y: at("yaxis", "y") } });
}
