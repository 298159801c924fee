// A figure: drawn by plotly when it comes into view; what lights up lies over it as an SVG of its own.
const SVG = "http://www.w3.org/2000/svg";
const figures = [];
const ATTRIBUTE_NAMES = { digits: "Digits", layers: "Layers", heads: "Heads", seed: "Seed", steps_k: "Thousand steps", insert_mode: "Insert mode" };
const isTouch = matchMedia("(pointer: coarse)").matches;

class Figure {
  constructor(element) {
    const { kind, family, of } = element.dataset;
    const spec = { kind, family, run: of || null };
    Object.assign(this, { element, spec, name: element.dataset.figure, drawn: false, visible: false, zoom: null, view: null });
    this.log = ["log", "seeds", "attribute", "run-log"].includes(kind);
    this.band = true;
    this.fraction = false;
    this.attribute = "digits";
    this.finding = element.getAttribute("aria-label");
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
    this.margin = { l: this.width < 560 ? 48 : 58, r: 14, t: 22, b: 46 };
    placeNames(this);
    Plotly.react(this.canvas, traces, layoutOf(this), {
      displayModeBar: false, doubleClick: false, showTips: false, responsive: false,
    });
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
    if (this.drawn && this.visible) this.draw();
    else if (this.drawn) this.purge();
    this.onShown?.();
  }

  px(x) {
    const [from, to] = this.range.x;
    return this.margin.l + ((x - from) / (to - from)) * (this.width - this.margin.l - this.margin.r);
  }

  py(y) {
    const [from, to] = this.range.y;
    const at = this.log ? (y > 0 ? Math.log10(y) : -Infinity) : y;
    return this.height - this.margin.b - ((at - from) / (to - from)) * (this.height - this.margin.t - this.margin.b);
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
  return { lines, traces, range };
}

// Marks of families, as plotly names them and as text has them.
const MARKS = [["circle", "●"], ["square", "■"], ["diamond", "◆"], ["triangle-up", "▲"], ["triangle-down", "▼"], ["circle-open", "○"], ["square-open", "□"], ["diamond-open", "◇"]];

// AvgFinalLoss against an attribute: one mark a run, coloured by family.
function scatterView(figure) {
  const points = page.runs.filter((run) => run.avg !== null && run.attributes[figure.attribute] !== undefined && (!figure.log || run.avg > 0));
  const names = Object.keys(page.families);
  const palette = page.familyColours[isDark() ? "dark" : "light"];
  const traces = names.map((name, place) => {
    const own = points.filter((run) => run.family === name);
    return {
      type: "scatter", mode: "markers", hoverinfo: "skip", showlegend: false, name: plain(page.families[name].name),
      x: own.map((run) => run.attributes[figure.attribute]), y: own.map((run) => run.avg),
      marker: { color: faded(palette[place % palette.length], 0.85), symbol: MARKS[place % MARKS.length][0], size: points.length > 200 ? 6 : 9, line: { width: MARKS[place % MARKS.length][0].endsWith("open") ? 1.5 : 0 } },
    };
  });
  const xs = points.map((run) => run.attributes[figure.attribute]);
  const [left, right] = points.length ? [Math.min(...xs), Math.max(...xs)] : [0, 1];
  const ys = points.map((run) => (figure.log ? Math.log10(run.avg) : run.avg));
  const [low, high] = points.length ? [Math.min(...ys), Math.max(...ys)] : [0, 1];
  const [padX, padY] = [Math.max((right - left) * 0.05, 0.5), Math.max((high - low) * 0.08, figure.log ? 0.3 : high * 0.1)];
  return { lines: [], points, names, palette, traces, range: { x: [left - padX, right + padX], y: [figure.log ? low - padY : Math.min(0, low), high + padY] } };
}

function layoutOf(figure) {
  const [ink, soft, grid, rule] = ["ink", "soft", "grid", "rule"].map(colourOf);
  const scatter = figure.spec.kind === "attribute";
  const narrow = figure.width < 560;
  const font = { family: getComputedStyle(document.body).fontFamily, size: 13, color: soft };
  const axis = {
    gridcolor: grid, linecolor: rule, zerolinecolor: rule, zeroline: false, tickfont: font, ticks: "outside", tickcolor: rule, ticklen: 4,
    exponentformat: "power", showexponent: "all", automargin: false,
  };
  const xName = scatter ? ATTRIBUTE_NAMES[figure.attribute] : figure.fraction ? "Fraction of training" : "Training step";
  const thresholds = figure.spec.kind === "thresholds";
  const whole = scatter && figure.range.x[1] - figure.range.x[0] < 16;
  return {
    width: figure.width, height: figure.height, margin: figure.margin, showlegend: false, hovermode: false,
    dragmode: isTouch ? false : "zoom", paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font,
    xaxis: {
      ...axis, range: figure.range.x, showgrid: false, showline: true, nticks: narrow ? 5 : 9,
      title: { text: xName, font: { ...font, color: ink }, standoff: 8 },
      ...(thresholds ? { tickvals: page.thresholds.map((_, place) => place), ticktext: page.thresholds, title: { text: "Threshold", font: { ...font, color: ink }, standoff: 8 } } : whole ? { dtick: 1, tickformat: "d" } : scatter || figure.fraction ? {} : { tickformat: ",d" }),
    },
    yaxis: {
      ...axis, range: figure.range.y, type: figure.log ? "log" : "linear",
      title: { text: thresholds ? "First step below" : scatter ? "AvgFinalLoss (nats per token)" : "Loss (nats per token)", font: { ...font, color: ink }, standoff: 6 },
      ...(figure.log ? logTicks(figure.range.y, figure.height) : thresholds ? { tickformat: ",d" } : {}),
    },
  };
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
