// A figure as a file: light, on white, with its names inside, whatever the page looks like.
function saveFigure(figure) {
  const root = document.documentElement;
  const { theme } = root.dataset;
  root.dataset.theme = "light"; // for as long as colours are read
  const { traces } = figure.spec.kind === "attribute" ? scatterView(figure) : linesView(figure);
  const layout = layoutOf(figure);
  const ink = colourOf("ink");
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  const below = figure.names === null || figure.view.points;
  Object.assign(layout, {
    paper_bgcolor: "#fff", plot_bgcolor: "#fff", showlegend: Boolean(below),
    legend: { orientation: "h", yanchor: "top", y: -70 / (figure.height - 68), font: { color: ink } },
    annotations: below ? [] : figure.names.map((name) => annotationOf(figure, name, ink)),
  });
  if (below) layout.margin = { ...layout.margin, b: 46 + 24 * Math.ceil(traces.length / 8) };
  layout.height = figure.height - figure.margin.b + layout.margin.b;
  const data = traces.map((trace) => ({ ...trace, showlegend: trace.name !== undefined }));
  return Plotly.downloadImage({ data, layout }, { format: "svg", filename: figure.name.split("/").pop(), width: layout.width, height: layout.height });
}

function annotationOf(figure, { run, left, y }, ink) {
  const { l, r, t, b } = figure.margin;
  return {
    xref: "paper", yref: "paper", x: (left - l) / (figure.width - l - r), y: 1 - (y - t) / (figure.height - t - b),
    xanchor: "left", yanchor: "middle", showarrow: false, text: plain(run.short), font: { size: 13, color: ink },
  };
}

// plotly reads tags, entities and TeX in text.
function plain(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("$", "&#36;");
}
