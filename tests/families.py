"""Families of synthetic runs, as figures draw them."""

from __future__ import annotations

from typing import Any

from reportgen.figure_kinds import figure_kinds
from reportgen.figures.draw import draw
from reportgen.figures.overview import avg_final_loss, draw_marks
from reportgen.figures.runs import run_panels
from reportgen.figures.style import Figure
from reportgen.report import FamilyReport, Report, RunReport
from tests import samples

__all__ = ["drawn", "family", "one", "overview", "panels"]


def drawn(kind: str, of: FamilyReport, width_mm: float = 178.0) -> Figure:
    """A family's figure for paper."""
    plot = figure_kinds()[kind].plot(of)
    assert plot is not None
    return draw(plot, width_mm)


def overview(report: Report, by: str | None = None) -> Figure:
    """The figure of all runs for paper."""
    shown = avg_final_loss(report)
    assert shown is not None
    return draw_marks(shown, by=by)


def panels(*runs: RunReport) -> Figure:
    """Small multiples for paper."""
    return run_panels(samples.family_report("F", runs), runs)


def family(n: int, steps: int = 60, *, digits: bool = True, **fields: Any) -> FamilyReport:
    """n runs that differ by digits, or by their seeds alone."""
    runs = [
        samples.run_report(
            f"add_d{5 + i % 90 if digits else 5}_l2_h3_t15K_s{100_000 + i}",
            samples.losses(steps, seed=i, end=1e-8 * (i + 1)),
            label=f"run {i}",
            slug=f"run-{i}",
        )
        for i in range(n)
    ]
    return samples.family_report("Family", runs, **fields)


def one(losses: Any, **fields: Any) -> FamilyReport:
    """A family of one run with these losses."""
    run = samples.run_report("add_d5_l2_h3_t15K_s372001", losses, label="d5")
    return samples.family_report("One", [run], **fields)
