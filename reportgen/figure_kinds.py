"""FIGURES: the figures that a family can have. One row more is a kind more, in lists, files, page and paper.

Lists are checked without loading what draws: a row says where its functions are. A plug-in brings rows
through the entry point ``reportgen.figures``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from reportgen.plugins import points

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reportgen.figures.captions import Caption
    from reportgen.figures.plot import Effects, Plot
    from reportgen.report import FamilyReport

__all__ = ["FIGURES", "FigureKind", "figure_kinds"]


@dataclass(frozen=True, slots=True)
class FigureKind:
    """A kind of figure of a family. Functions are named ``module:function``.

    Attributes:
        key: As ``family.figures`` of a list names it, and its files: ``<family>-<key>``.
        build: A family with runs -> what the figure shows; None where there is nothing to draw.
        caption: The family and what the figure shows -> what a reader sees.
        missing: The family -> why there is none, a sentence; empty for kinds that are always there.
    """

    key: str
    build: str
    caption: str
    missing: str = ""

    def plot(self, family: FamilyReport) -> Plot | Effects | None:
        """What the figure shows of a family with runs."""
        made: Plot | Effects | None = _function(self.build)(family)
        return made

    def says(self, family: FamilyReport, plot: Plot | Effects) -> Caption:
        """Its caption."""
        made: Caption = _function(self.caption)(family, plot)
        return made

    def why_not(self, family: FamilyReport) -> str:
        """Why a family has none."""
        return str(_function(self.missing)(family)) if self.missing else ""


_PLOTS, _CAPTIONS, _BY = "reportgen.figures.families", "reportgen.figures.captions", "reportgen.figures.by"

FIGURES = (
    FigureKind("all", f"{_PLOTS}:all_steps", f"{_CAPTIONS}:all_steps"),
    FigureKind("end", f"{_PLOTS}:end", f"{_CAPTIONS}:end"),
    FigureKind("log", f"{_PLOTS}:log_steps", f"{_CAPTIONS}:all_steps"),
    FigureKind("linear", f"{_PLOTS}:first_steps", f"{_CAPTIONS}:first_steps"),
    FigureKind("by", f"{_BY}:by_attributes", f"{_BY}:says", f"{_BY}:no_attributes"),
    FigureKind("seeds", f"{_PLOTS}:seeds", f"{_CAPTIONS}:seeds", f"{_CAPTIONS}:no_seeds"),
    FigureKind("thresholds", f"{_PLOTS}:thresholds", f"{_CAPTIONS}:thresholds", f"{_CAPTIONS}:no_thresholds"),
)
"""The built-in kinds, in the order in which a report shows them."""


@cache
def figure_kinds() -> Mapping[str, FigureKind]:
    """All kinds by key, those of installed plug-ins last."""
    found: list[FigureKind] = [point.load() for point in points("reportgen.figures")]
    return {kind.key: kind for kind in (*FIGURES, *found)}


def _function(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
