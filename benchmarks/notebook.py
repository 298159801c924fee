"""The notebook's way, for comparison: every step of every run into the page, pandas, one export a figure.

``python -m benchmarks.notebook RUNS OUT [--pdf]`` makes one log figure for each of three families.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

FAMILIES = (11, 9, 7)
"""Runs of the notebook's three families."""

_COLOURS = (
    *("31,119,180", "255,127,14", "44,160,44", "214,39,40", "148,103,189", "140,86,75"),
    *("227,119,194", "127,127,127", "188,189,34", "23,190,207", "174,199,232"),
)
_WINDOW = 500
_MOST_STEPS = 80_000


def figure(files: list[Path]) -> object:
    """Mean line and min-max band of each file's losses, as the notebook draws them."""
    import pandas as pd
    import plotly.graph_objects as go

    shown = go.Figure()
    for colour, file in zip(_COLOURS, files, strict=False):
        losses = json.loads(file.read_text())["TrainingLoss"][:_MOST_STEPS]
        rolling = pd.Series(losses).rolling(_WINDOW, center=True)
        steps = list(range(len(losses)))
        hidden = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        shown.add_trace(go.Scatter(x=steps, y=rolling.min(), **hidden))
        shown.add_trace(
            go.Scatter(x=steps, y=rolling.max(), fill="tonexty", fillcolor=f"rgba({colour},0.2)", **hidden)
        )
        line = {"color": f"rgb({colour})", "width": 2}
        shown.add_trace(go.Scatter(x=steps, y=rolling.mean(), mode="lines", line=line, name=file.parent.name))
    shown.update_layout(height=600, template="plotly_white", xaxis_title="Training Step")
    shown.update_yaxes(title_text="Training Loss (Log Scale)", type="log")
    return shown


def main() -> None:
    """Makes the three figures, each a page of its own and, with ``--pdf``, a PDF."""
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pdf", action="store_true")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    files = sorted(options.runs.glob("*/training_loss.json"))
    for number, size in enumerate(FAMILIES):
        shown = figure(files[:size])
        files = files[size:]
        shown.write_html(options.out / f"{number}.html")  # type: ignore[attr-defined]
        if options.pdf:
            shown.write_image(options.out / f"{number}.pdf")  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
