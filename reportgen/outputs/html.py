"""A Report -> one HTML file that asks nothing of any network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup

from reportgen.outputs.context import FigureView, context
from reportgen.outputs.templating import environment
from reportgen.report import Report

__all__ = ["render"]


def render(report: Report, *, templates: Path | None = None, pictures: Mapping[str, bytes] | None = None) -> str:
    """The page. The same report gives the same text.

    Args:
        report: The report.
        templates: Folder of templates that go before the shipped ones.
        pictures: Figure name -> SVG or PNG, shown where scripts are off.
    """

    def figure(view: FigureView) -> Markup:
        return Markup('<div class="plot" role="img" aria-label="{}"></div>').format(view.finding)

    return environment(templates).get_template("report.html.j2").render(
        context(report, medium="screen", figure=figure)
    )
