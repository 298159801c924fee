"""Report parts -> figures for paper, as plain Plotly data."""

from reportgen.figures.families import family_linear, family_log
from reportgen.figures.frame import MOST_NAMED, size_mm
from reportgen.figures.overview import (
    Comparison,
    avg_final_loss,
    avg_final_loss_by,
    beside_each_other,
    compared_by,
    drawn_groups,
    family_seeds,
    family_thresholds,
)
from reportgen.figures.runs import run_linear, run_log, run_panels
from reportgen.figures.style import Figure, LineStyle, colours, line_styles

__all__ = [
    "MOST_NAMED",
    "Comparison",
    "Figure",
    "LineStyle",
    "avg_final_loss",
    "avg_final_loss_by",
    "beside_each_other",
    "colours",
    "compared_by",
    "drawn_groups",
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
