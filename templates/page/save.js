// A figure as a file: light, on white, with its names and the font inside, whatever the page looks like.
async function saveFigure(figure) {
  const root = document.documentElement;
  const { theme } = root.dataset;
  root.dataset.theme = "light"; // for as long as colours are read
  const { traces } = figure.makeView();
  const layout = figure.makeLayout();
  const ink = colourOf("ink");
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  const below = !figure.boxes && (figure.names === null || figure.view.points);
  Object.assign(layout, { paper_bgcolor: "#fff", plot_bgcolor: "#fff" });
  if (!figure.boxes) Object.assign(layout, {
    showlegend: Boolean(below),
    legend: { orientation: "h", yanchor: "top", y: -70 / (figure.height - 68), font: { color: ink } },
    annotations: below ? layout.annotations : figure.names.map((name) => annotationOf(figure, name, ink)),
  });
  if (below) layout.margin = { ...layout.margin, b: 46 + 24 * Math.ceil(traces.length / 8) };
  layout.height = figure.height - figure.margin.b + layout.margin.b;
  const data = traces.map((trace) => ({ ...trace, showlegend: trace.name !== undefined }));
  const url = await Plotly.toImage({ data, layout }, { format: "svg", width: layout.width, height: layout.height });
  const svg = decodeURIComponent(url.slice(url.indexOf(",") + 1));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([svg.replace(/<svg[^>]*>/, (open) => `${open}<style>${fontFaces()}</style>`)], { type: "image/svg+xml" }));
  link.download = `${figure.name.split("/").pop()}.svg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// The page's own font, as its stylesheet holds it.
function fontFaces() {
  return [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
    .filter((rule) => rule instanceof CSSFontFaceRule && /Report Sans/.test(rule.cssText) && /normal/.test(rule.style.fontStyle || "normal"))
    .map((rule) => rule.cssText.replaceAll("<", ""))
    .join("");
}

function annotationOf(figure, { line, left, y }, ink) {
  const { l, r, t, b } = figure.margin;
  return {
    xref: "paper", yref: "paper", x: (left - l) / (figure.width - l - r), y: 1 - (y - t) / (figure.height - t - b),
    xanchor: "left", yanchor: "middle", showarrow: false, text: plain(line.short), font: { size: 13, color: ink },
  };
}

// plotly reads tags, entities and TeX in text.
function plain(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("$", "&#36;");
}
