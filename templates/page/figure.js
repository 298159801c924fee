// A figure: drawn by plotly when it comes into view; what lights up lies over it as an SVG of its own.
const SVG = "http://www.w3.org/2000/svg";
const figures = [];
const ATTRIBUTE_NAMES = { digits: "Digits", layers: "Layers", heads: "Heads", seed: "Seed", steps_k: "Thousand steps", insert_mode: "Insert mode", run: "Run", rank: "Rank, from the best" };
const ROW_HEIGHT = 22;
const isTouch = matchMedia("(pointer: coarse)").matches;

class Figure {
  constructor(element) {
    const { kind, family, of } = element.dataset;
    const spec = { kind, family, run: of || null };
    Object.assign(this, { element, spec, name: element.dataset.figure, drawn: false, visible: false, zoom: null, view: null });
    this.log = ["log", "seeds", "attribute", "run-log"].includes(kind);
    this.band = true;
    this.fraction = false;
    this.attribute = page.comparedBy;
    this.fitHeight();
    this.finding = element.getAttribute("aria-label");
  }

  // A row for each run takes its own height.
  fitHeight() {
    if (this.spec.kind !== "attribute") return;
    this.element.style.height = this.attribute === "run" ? `${90 + ROW_HEIGHT * page.runs.length}px` : "";
  }

  // Makes the layers once; purging keeps them.
  prepare() {
    if (this.canvas) return;
    this.canvas = add(this.element, "div", "canvas");
    this.over = document.createElementNS(SVG, "svg");
    this.over.setAttribute("class", "over");
    this.over.setAttribute("aria-hidden", "true");
    this.element.append(this.over);
    this.labels = add(this.element, "div", "labels");
    this.labels.setAttribute("aria-hidden", "true");
    this.note = addTools(this);
    this.element.setAttribute("role", "application");
    this.element.setAttribute("aria-roledescription", "figure");
    this.element.setAttribute("aria-label", `${this.finding} Arrow keys read the values.`);
    this.element.tabIndex = 0;
    listenTo(this);
  }

  draw() {
    this.prepare();
    this.width = this.element.clientWidth;
    this.height = this.element.clientHeight;
    this.view = this.spec.kind === "attribute" ? scatterView(this) : linesView(this);
    const { traces, range } = this.view;
    this.range = this.zoom ?? range;
    const room = this.view.rows ? roomForRows : roomForTicks;
    // Once more where plotly's own numbers turned out to need other room.
    for (let k = 0; k < 2 && (k === 0 || Math.abs(room(this) - this.margin.l) > 1); k += 1) {
      this.margin = { l: room(this), r: 14, t: 22, b: 46 };
      placeNames(this);
      Plotly.react(this.canvas, traces, layoutOf(this), {
        displayModeBar: false, doubleClick: false, showTips: false, responsive: false,
      });
    }
    if (!this.drawn) {
      this.canvas.on("plotly_relayout", (change) => onZoom(this, change));
      this.canvas.on("plotly_doubleclick", () => this.show({ zoom: null }));
    }
    this.drawn = true;
    this.element.dataset.drawn = "";
    this.describe();
    drawLabels(this);
    drawLit(this);
  }

  purge() {
    Plotly.purge(this.canvas);
    this.drawn = false;
    delete this.element.dataset.drawn;
    this.labels.replaceChildren();
    this.over.replaceChildren();
  }

  // Changes what is shown; a figure out of view is drawn anew when it comes back.
  show(changes) {
    if ("log" in changes || "fraction" in changes || "attribute" in changes) this.zoom = null;
    Object.assign(this, changes);
    if ("attribute" in changes) this.fitHeight();
    if (this.drawn && this.visible) this.draw();
    else if (this.drawn) this.purge();
    this.onShown?.();
  }

  px(x) {
    const [from, to] = this.range.x;
    const at = this.view.rows ? this.lossAt(x) : x;
    return this.margin.l + ((at - from) / (to - from)) * (this.width - this.margin.l - this.margin.r);
  }

  py(y) {
    const [from, to] = this.range.y;
    const at = this.view.rows ? y : this.lossAt(y);
    return this.height - this.margin.b - ((at - from) / (to - from)) * (this.height - this.margin.t - this.margin.b);
  }

  // A loss in the units of its axis.
  lossAt(loss) {
    if (!this.log) return loss;
    return loss > 0 ? Math.log10(loss) : -Infinity;
  }

  // Where the mark of a run is, in pixels.
  markAt(run) {
    const place = this.view.places.get(run.id);
    return this.view.rows ? [this.px(run.avg), this.py(place)] : [this.px(place), this.py(run.avg)];
  }

  // The x value under a pixel of the plot.
  xAt(pixel) {
    const [from, to] = this.range.x;
    return from + ((pixel - this.margin.l) / (this.width - this.margin.l - this.margin.r)) * (to - from);
  }

  // Says whether zooming further would show more.
  describe() {
    if (this.zoom === null || ["attribute", "thresholds"].includes(this.spec.kind)) {
      this.note.textContent = "";
      return;
    }
    const [line] = this.view.lines;
    const gap = line.step.length > 1 ? (line.step[line.step.length - 1] / (line.step.length - 1)) : 1;
    const every = gap < 1.01 ? "every step" : `one point every ${countText(gap)} steps`;
    const whole = wholeCurveGap(this, line.run);
    this.note.textContent = gap < whole * 0.99
      ? `Finer points: ${every}, the finest that this page holds.`
      : `These are all the points that this page holds: ${every}.`;
  }
}

function wholeCurveGap(figure, run) {
  const which = figure.spec.kind.startsWith("run-") ? (figure.spec.kind === "run-linear" ? "start" : "raw") : figure.spec.kind === "linear" ? "early" : "curve";
  const { step } = pointsOf(run, which);
  return step.length > 1 ? step[step.length - 1] / (step.length - 1) : 1;
}

function add(parent, tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

// A colour of the stylesheet, as plotly can read it.
function colourOf(name) {
  const probe = add(document.body, "span");
  probe.style.color = `var(--${name})`;
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

function linesView(figure) {
  const lines = linesOf(figure);
  const range = wholeRange(figure, lines);
  const single = figure.spec.run !== null;
  const floor = figure.log ? 10 ** ((figure.zoom ?? range).y[0] - 1) : 0;
  const traces = [];
  const common = { type: "scatter", mode: "lines", hoverinfo: "skip", showlegend: false };
  if (single) {
    const [line] = lines;
    line.colour = colourOf("accent");
    const raw = colourOf("soft");
    if (line.min !== line.max) {
      traces.push({ ...common, ...bandTrace(figure, line, floor), fill: "toself", fillcolor: faded(raw, 0.3), line: { width: 0.5, color: faded(raw, 0.55) } });
    } else if (line.smooth) {
      traces.push({ ...common, x: xsOf(figure, line), y: line.min, line: { width: 1, color: faded(raw, 0.55) } });
    }
    if (line.mean) traces.push({ ...common, x: xsOf(figure, line), y: line.mean, line: { width: line.smooth ? 1.75 : 1, color: line.colour } });
  } else if (lines.length < MANY_LINES) {
    const isThresholds = figure.spec.kind === "thresholds";
    for (const line of figure.band && !isThresholds ? lines : []) {
      traces.push({ ...common, ...bandTrace(figure, line, floor), fill: "toself", fillcolor: faded(line.colour, 0.17), line: { width: 0 } });
    }
    for (const line of lines) {
      traces.push({ ...common, name: plain(line.run.label), x: xsOf(figure, line), y: line.mean, mode: isThresholds ? "lines+markers" : "lines", line: { width: 1.75, color: line.colour, dash: line.dash } });
    }
  } else {
    const alpha = Math.max(0.12, Math.min(0.55, 25 / lines.length));
    for (const colour of new Set(lines.map((line) => line.colour))) {
      const same = lines.filter((line) => line.colour === colour);
      traces.push({ ...common, ...mergedTrace(figure, same), line: { width: 1, color: faded(colour, alpha), simplify: true } });
    }
  }
  return { lines, traces, range, empty: !hasValues(figure, lines, range.x) };
}

// Marks of families, as plotly names them and as text has them.
const MARKS = [["circle", "●"], ["square", "■"], ["diamond", "◆"], ["triangle-up", "▲"], ["triangle-down", "▼"], ["circle-open", "○"], ["square-open", "□"], ["diamond-open", "◇"]];

// AvgFinalLoss of all runs: one mark each, coloured by family; against an attribute, or one row a run.
function scatterView(figure) {
  const rows = figure.attribute === "run";
  const runsWithLoss = page.runs.filter((run) => run.avg !== null);
  const place = placesOf(figure.attribute, runsWithLoss);
  const points = runsWithLoss.filter((run) => place.has(run.id) && (!figure.log || run.avg > 0));
  const names = Object.keys(page.families).filter((name) => points.some((run) => run.family === name));
  const all = Object.keys(page.families);
  const palette = page.familyColours[isDark() ? "dark" : "light"];
  const shifts = shiftsOf(points, place);
  const places = new Map(points.map((run) => [run.id, place.get(run.id) + shifts.get(run.family)]));
  const styles = names.map((name) => [palette[all.indexOf(name) % palette.length], MARKS[all.indexOf(name) % MARKS.length]]);
  const traces = names.map((name, k) => {
    const own = points.filter((run) => run.family === name);
    const [at, losses] = [own.map((run) => places.get(run.id)), own.map((run) => run.avg)];
    const [colour, [symbol]] = styles[k];
    return {
      type: "scatter", mode: "markers", hoverinfo: "skip", showlegend: false, name: plain(page.families[name].name),
      x: rows ? losses : at, y: rows ? at : losses,
      marker: { color: faded(colour, 0.85), symbol, size: points.length > 200 ? 6 : 9, line: { width: symbol.endsWith("open") ? 1.5 : 0 } },
    };
  });
  const [left, right] = extent([...places.values()]);
  const [low, high] = extent(points.map((run) => (figure.log ? Math.log10(run.avg) : run.avg)));
  const [padX, padY] = [Math.max((right - left) * 0.05, 0.5), Math.max((high - low) * 0.08, figure.log ? 0.3 : high * 0.1)];
  const losses = [figure.log ? low - padY : Math.min(0, low), high + padY];
  const range = rows ? { x: losses, y: [runsWithLoss.length - 0.5, -0.5] } : { x: [left - padX, right + padX], y: losses };
  return { lines: [], points, places, rows: rows ? runsWithLoss : null, names, styles, traces, range };
}

const extent = (values) => values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], values.length ? [values[0], values[0]] : [0, 1]);

// Run id -> its place on the axis that is not the loss.
function placesOf(attribute, among) {
  if (attribute === "run") return new Map(among.map((run, row) => [run.id, row]));
  if (attribute === "rank") return new Map([...among].sort((a, b) => a.avg - b.avg).map((run, place) => [run.id, place + 1]));
  return new Map(among.filter((run) => run.attributes[attribute] !== undefined).map((run) => [run.id, run.attributes[attribute]]));
}

// Families side by side where they share a place, by the rule of the figures on paper.
function shiftsOf(points, place) {
  const families = [...new Set(points.map((run) => run.family))];
  const places = [...new Set(points.map((run) => place.get(run.id)))].sort((a, b) => a - b);
  const shared = new Set(points.map((run) => `${place.get(run.id)} ${run.family}`)).size > places.length;
  const gap = places.slice(1).reduce((least, at, k) => Math.min(least, at - places[k]), Infinity);
  const shift = shared ? Math.min(0.1, 0.5 / (families.length - 1)) * (Number.isFinite(gap) ? gap : 1) : 0;
  return new Map(families.map((name, k) => [name, (k - (families.length - 1) / 2) * shift]));
}

// Room for the numbers of the vertical axis and its title beside them; plotly's own are measured as drawn.
function roomForTicks(figure) {
  const { ticktext } = lossTicks(figure, "y");
  const drawn = () => [...figure.canvas.querySelectorAll(".ytick text")].map((text) => text.getBoundingClientRect().width);
  return Math.max(figure.width < 560 ? 48 : 58, Math.max(...(ticktext?.map(widthOf) ?? drawn())) + 36);
}

const roomForRows = (figure) => Math.max(...figure.view.rows.map((run) => widthOf(run.short))) + 16;

function layoutOf(figure) {
  const [ink, soft, grid, rule] = ["ink", "soft", "grid", "rule"].map(colourOf);
  const font = { family: getComputedStyle(document.body).fontFamily, size: 13, color: soft };
  const axis = {
    gridcolor: grid, linecolor: rule, zerolinecolor: rule, zeroline: false, tickfont: font, ticks: "outside", tickcolor: rule, ticklen: 4,
    exponentformat: "power", showexponent: "all", automargin: false,
  };
  const titled = (text, standoff) => ({ title: { text, font: { ...font, color: ink }, standoff } });
  const { rows } = figure.view;
  return {
    width: figure.width, height: figure.height, margin: figure.margin, showlegend: false, hovermode: false,
    annotations: figure.view.empty ? [{ text: "Nothing to show", xref: "paper", yref: "paper", x: 0.5, y: 0.5, showarrow: false }] : [],
    dragmode: isTouch ? false : "zoom", paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font,
    xaxis: {
      ...axis, range: figure.range.x, showgrid: false, showline: true,
      ...(rows ? { ...titled("AvgFinalLoss (nats per token)", 8), ...lossTicks(figure, "x") } : stepAxis(figure, titled)),
    },
    yaxis: {
      ...axis, range: figure.range.y,
      ...(rows ? rowTicks(figure) : { ...titled(lossName(figure), 6), ...lossTicks(figure, "y") }),
    },
  };
}

function lossName(figure) {
  if (figure.spec.kind === "thresholds") return "First step below";
  return figure.spec.kind === "attribute" ? "AvgFinalLoss (nats per token)" : "Loss (nats per token)";
}

function lossTicks(figure, axis) {
  if (figure.log) return { type: "log", ...logTicks(figure.range[axis], axis === "y" ? figure.height : figure.width / 2) };
  return figure.spec.kind === "thresholds" ? { type: "linear", tickformat: ",d" } : { type: "linear" };
}

// The axis of steps, of thresholds, or of what AvgFinalLoss is compared by.
function stepAxis(figure, titled) {
  const nticks = figure.width < 560 ? 5 : 9;
  if (figure.spec.kind === "thresholds") return { ...titled("Threshold", 8), tickvals: page.thresholds.map((_, place) => place), ticktext: page.thresholds };
  if (figure.spec.kind === "attribute") {
    const whole = figure.range.x[1] - figure.range.x[0] < 16 ? { dtick: 1, tickformat: "d" } : { nticks };
    return { ...titled(ATTRIBUTE_NAMES[figure.attribute], 8), ...whole };
  }
  if (figure.fraction) return { ...titled("Fraction of training", 8), nticks };
  return { ...titled("Training step", 8), nticks, tickformat: ",d" };
}

function rowTicks(figure) {
  const names = figure.view.rows.map((run) => plain(run.short));
  return { type: "linear", ticks: "", tickvals: names.map((_, row) => row), ticktext: names };
}

// Ticks of a log axis: powers of ten, and of a short one their multiples.
function logTicks([low, high], height) {
  const most = Math.max(3, Math.floor(height / 36));
  const powers = [];
  for (let power = Math.ceil(low); power <= high; power += Math.max(1, Math.ceil((high - low) / most))) powers.push(10 ** power);
  for (const factors of [[1], [1, 2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9]]) {
    const ticks = factors.length === 1 ? powers : [];
    for (let power = Math.floor(low); factors.length > 1 && power <= high; power += 1) {
      for (const factor of factors) ticks.push(factor * 10 ** power);
    }
    const shown = ticks.filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high);
    if (shown.length >= 3) return { tickvals: shown, ticktext: shown.map(tickText) };
  }
  return { nticks: 4, exponentformat: "e" }; // closer than any multiple of a power
}

function tickText(value) {
  const [figures, power] = value.toExponential(0).split("e");
  if (Number(power) === 0) return figures;
  const tens = `10${[...String(Number(power))].map((c) => SUPERSCRIPTS[c]).join("")}`;
  return figures === "1" ? tens : `${figures}×${tens}`;
}

function onZoom(figure, change) {
  if (!("xaxis.range[0]" in change) && !("yaxis.range[0]" in change)) return;
  const at = (name, axis) => (`${name}.range[0]` in change ? [change[`${name}.range[0]`], change[`${name}.range[1]`]] : figure.range[axis]);
  figure.show({ zoom: { x: at("xaxis", "x"), y: at("yaxis", "y") } });
}
