"""Report parts -> figures for paper, as plain Plotly data."""

from reportgen.figures.families import family_linear, family_log
from reportgen.figures.frame import MOST_NAMED, size_mm
from reportgen.figures.overview import (
    avg_final_loss_by,
    avg_final_loss_by_digits,
    family_seeds,
    family_thresholds,
)
from reportgen.figures.runs import run_linear, run_log, run_panels
from reportgen.figures.style import Figure, LineStyle, colours, line_styles

__all__ = [
    "MOST_NAMED",
    "Figure",
    "LineStyle",
    "avg_final_loss_by",
    "avg_final_loss_by_digits",
    "colours",
    "family_linear",
    "family_log",
    "family_seeds",
    "family_thresholds",
    "line_styles",
    "run_linear",
    "run_log",
    "run_panels",
    "size_mm",
]
