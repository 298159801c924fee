"""Report parts -> figures for paper, as plain Plotly data."""

from reportgen.figures.style import Figure, LineStyle, colours, line_styles

__all__ = ["Figure", "LineStyle", "colours", "line_styles"]
