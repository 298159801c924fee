// Thousands of marks as one picture: as many elements would be slow to make and to scroll.
const MOST_MARKS = 500;

function viewOfMarks(figure) {
  const view = marksView(figure);
  figure.painted?.remove();
  figure.painted = null;
  if (view.points.length <= MOST_MARKS) return view;
  // Once the figure has been laid out.
  queueMicrotask(() => { if (figure.drawn) paintMarks(figure, view.traces); });
  return { ...view, traces: [{ type: "scatter", mode: "markers", x: [null], y: [null], hoverinfo: "skip", showlegend: false }] };
}

function paintMarks(figure, traces) {
  const canvas = document.createElement("canvas");
  canvas.className = "marks";
  const ratio = Math.max(devicePixelRatio, 2); // sharp on paper too
  canvas.width = figure.width * ratio;
  canvas.height = figure.height * ratio;
  canvas.setAttribute("aria-hidden", "true");
  figure.canvas.after(canvas);
  figure.painted = canvas;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  for (const { x, y, marker } of traces) {
    const half = marker.size / 2;
    x.forEach((value, k) => {
      const [across, down] = [figure.px(value), figure.py(y[k])];
      context.fillStyle = Array.isArray(marker.color) ? marker.color[k] : marker.color;
      context.beginPath();
      if (marker.symbol.startsWith("square")) context.rect(across - half, down - half, marker.size, marker.size);
      else if (marker.symbol.startsWith("diamond")) for (const [left, up] of [[0, -half], [half, 0], [0, half], [-half, 0]]) context.lineTo(across + left, down + up);
      else context.arc(across, down, half, 0, 2 * Math.PI);
      context.fill();
    });
  }
}
