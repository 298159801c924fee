// A figure as a file: what is seen of it, light, on white, with its title, its caption and the fonts inside.
const SAVED_PAD = 16;
const SAVED_LINE = 19;

async function exportView(figure) {
  const { view, layout, over, names, ink, soft } = inTheLight(figure);
  const { width, height } = figure;
  const url = await Plotly.toImage({ data: view.traces, layout }, { format: "svg", width, height });
  const plot = new DOMParser().parseFromString(decodeURIComponent(url.slice(url.indexOf(",") + 1)), "image/svg+xml").documentElement;
  const made = svgElement(null, "svg", { xmlns: SVG, color: ink, "font-family": getComputedStyle(document.body).fontFamily });
  svgElement(made, "style").textContent = fontFaces();
  const paper = svgElement(made, "rect", { width: "100%", height: "100%", fill: "#ffffff" });
  const room = width - 2 * SAVED_PAD;
  const title = [figure.caption?.querySelector("b")?.textContent, figure.spec.family].filter(Boolean).join(" ");
  let y = writeLines(made, title, { y: SAVED_PAD, room, fill: ink, "font-size": 17, "font-weight": 600 });
  const sheet = svgElement(made, "g", { transform: `translate(0 ${y})` });
  for (const [name, value] of [["x", 0], ["y", 0], ["width", width], ["height", height]]) plot.setAttribute(name, value);
  sheet.append(document.importNode(plot, true), over);
  for (const { text, left, at, opacity, colour } of names.beside) {
    // White around the letters keeps them apart from lines that pass behind them.
    svgElement(sheet, "text", { x: left, y: at + 4.5, fill: colour, opacity, "font-size": 13, stroke: "#ffffff", "stroke-width": 3, "stroke-linejoin": "round", "paint-order": "stroke" }).textContent = text;
  }
  y += height + 6;
  y = writeLegend(made, names.below, y, room, ink);
  y = writeLines(made, captionOf(figure), { y, room, fill: soft, "font-size": 14 });
  for (const [name, value] of Object.entries({ width, height: y + SAVED_PAD, viewBox: `0 0 ${width} ${y + SAVED_PAD}` })) made.setAttribute(name, value);
  paper.setAttribute("height", y + SAVED_PAD);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(made)], { type: "image/svg+xml" }));
  link.download = `${figure.name.split("/").pop()}.svg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// What is seen of a figure, as a light page shows it: the page is light for as long as colours are read.
function inTheLight(figure) {
  const { dataset } = document.documentElement;
  const [theme, shown] = [dataset.theme, figure.view];
  dataset.theme = "light";
  figure.view = figure.by === null ? figure.makeView() : marksView(figure); // a picture of thousands of marks is none
  drawChosen(figure);
  const [ink, soft] = ["ink", "soft"].map(colourOf);
  const over = figure.chosenLayer.cloneNode(true);
  for (const veil of over.querySelectorAll(".veil")) setAll(veil, { fill: "#ffffff", "fill-opacity": 0.74 });
  for (const mark of over.querySelectorAll(".event")) setAll(mark, { fill: "#ffffff", "stroke-width": 1.5, "stroke-linejoin": "round" });
  const found = { view: figure.view, layout: { ...figure.makeLayout(), paper_bgcolor: "#fff", plot_bgcolor: "#fff" }, over, names: savedNames(figure), ink, soft };
  if (theme) dataset.theme = theme;
  else delete dataset.theme;
  figure.view = shown;
  drawChosen(figure);
  return found;
}

// Names of lines, beside them or below, as they are seen.
function savedNames(figure) {
  const stands = new Set(chosenAmong(figure, figure.view.points ?? figure.view.all)?.map((line) => line.id));
  const opacity = (id) => (stands.size && !stands.has(id) ? 0.45 : 1);
  if (figure.view.points) return { beside: [], below: figure.view.groups.length < 2 ? [] : figure.view.groups.map((group) => ({ text: group.name, colour: group.light, sign: page.marks[group.mark], opacity: 1 })) };
  const colours = new Map(figure.view.every.map((line) => [line.id, line.colour]));
  if (figure.names === null) return { beside: [], below: figure.inLegend.filter((line) => !isolated || !stands.size || stands.has(line.id)).map((line) => ({ text: line.label, colour: colours.get(line.id), dash: line.dash, sign: figure.spec.marked ? page.marks[line.mark] : null, opacity: opacity(line.id) })) };
  return { beside: figure.names.map(({ line, left, y }) => ({ text: line.short, left, at: y, opacity: opacity(line.id), colour: plainColour(readable(colours.get(line.id) ?? line.colour)) })), below: [] };
}

function captionOf(figure) {
  const parts = [...(figure.caption?.childNodes ?? [])].filter((part) => !part.matches?.("b, .anchor"));
  return parts.map((part) => part.textContent).join("").replace(/\s+/g, " ").trim();
}

function setAll(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}

function svgElement(parent, tag, { xmlns, ...attributes } = {}) {
  const made = document.createElementNS(SVG, tag);
  setAll(made, attributes);
  parent?.append(made);
  return made;
}

function textWidth(text, size) {
  return (widthOf(text) * size) / 13;
}

// Text in as many lines as the room needs; gives back where it ends.
function writeLines(parent, text, { y, room, ...look }) {
  const lines = [""];
  for (const word of text.split(" ").filter(Boolean)) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (lines.at(-1) && textWidth(longer, look["font-size"]) > room) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  const height = Math.max(SAVED_LINE, look["font-size"] * 1.3);
  lines.forEach((line, k) => { svgElement(parent, "text", { x: SAVED_PAD, y: y + height * (k + 0.8), ...look }).textContent = line; });
  return y + height * lines.length;
}

function writeLegend(parent, entries, top, room, ink) {
  let [x, y] = [SAVED_PAD, top];
  for (const { text, colour, dash, sign, opacity } of entries) {
    const width = 34 + textWidth(text, 13) + 14;
    if (x > SAVED_PAD && x + width > SAVED_PAD + room) [x, y] = [SAVED_PAD, y + SAVED_LINE];
    const entry = svgElement(parent, "g", { transform: `translate(${x} ${y})`, opacity });
    if (sign) svgElement(entry, "text", { x: 8, y: 14, fill: colour, "font-size": 13 }).textContent = sign;
    else svgElement(entry, "path", { d: "M0 10H26", stroke: colour, "stroke-width": 2.5, "stroke-dasharray": dash && dash !== "solid" ? dash.replaceAll("px", "") : "none" });
    svgElement(entry, "text", { x: 32, y: 14.5, fill: ink, "font-size": 13 }).textContent = text;
    x += width;
  }
  return entries.length ? y + SAVED_LINE + 8 : y + 8;
}

// The page's own font, as its stylesheet holds it.
function fontFaces() {
  return [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
    .filter((rule) => rule instanceof CSSFontFaceRule && /Report Sans/.test(rule.cssText) && /normal/.test(rule.style.fontStyle || "normal"))
    .map((rule) => rule.cssText.replaceAll("<", ""))
    .join("");
}

// plotly reads tags, entities and TeX in text.
function plain(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("$", "&#36;");
}
