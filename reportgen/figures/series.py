"""Series that runs are not ranked by: those that a list gives a table, of all runs; the others of one run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from reportgen.figures.captions import Caption, all_steps
from reportgen.figures.evaluations import evaluation_of, with_evaluations
from reportgen.figures.families import all_steps as plot_of
from reportgen.figures.plot import Plot
from reportgen.figures.runs import run_whole
from reportgen.figures.scales import value_ranges
from reportgen.figures.traces import Drawn, thinned
from reportgen.groups import NO_GROUPS
from reportgen.report import FamilyReport, RunReport

__all__ = ["MOST_DRAWN", "drawn_series", "family_series", "run_series"]

MOST_DRAWN = 12
"""Series of a run that its section draws in addition to those that the list gives a table; more are named."""
_POINTS = 300


def family_series(family: FamilyReport) -> Iterator[tuple[str, Plot, Caption]]:
    """End of the name, figure and caption of each series that the list gives a table.

    The ranked one has figures of its own; one without any value has none.
    """
    listed = {one.slug: name for run in family.runs for name, one in run.series.items() if one.slug}
    for slug, name in listed.items():
        runs = [run for run in family.runs if name in run.series]
        if any(name == run.ranked for run in runs):
            continue
        shown = replace(
            family,
            runs=tuple(replace(run, ranked=name) for run in runs),
            spec=replace(family.spec, y_range=None),
            grouping=family.grouping if len(runs) == len(family.runs) else NO_GROUPS,
        )
        plot = plot_of(shown)
        if plot is not None:
            yield f"series-{slug}", plot, all_steps(shown, plot)


def drawn_series(run: RunReport) -> list[str]:
    """Names of the series that a run's section draws: those that the list gives a table, some others."""
    others = [name for name in _other_series(run) if _has_values(run, name)]
    unlisted = [name for name in others if run.series[name].draw and not run.series[name].slug]
    return [name for name in others if name not in unlisted[MOST_DRAWN:]]


def run_series(family: FamilyReport, run: RunReport, name: str) -> tuple[RunReport, Plot]:
    """A figure of one series of a run, in as many points as a small one shows; the run as if ranked by it."""
    own = replace(run, ranked=name)
    plot = run_whole(replace(family, runs=(own,)), own)
    (line,) = plot.lines
    line = replace(
        line,
        curve=_fewer(line.curve),
        evaluation=None if line.evaluation is None else _fewer(line.evaluation),
        clocks={},
        events=(),
    )
    y = value_ranges(with_evaluations([line]), settled=False, bands=True)
    scale = plot.y.scale if plot.y.scale in y else next(iter(y))  # of a few entries the first is a part
    scales = {key: ends for key, ends in plot.x.ranges.items() if key in ("step", "log", "share")}
    x, values = replace(plot.x, ranges=scales), replace(plot.y, scale=scale, ranges=y)
    return own, replace(plot, lines=(line,), x=x, y=values)


def _other_series(run: RunReport) -> list[str]:
    """Names of the series that a run's section has room for; an evaluation goes with its training."""
    drawn_with = {_evaluation(replace(run, ranked=name)) for name in run.series}
    return [name for name in run.series if name != run.ranked and name not in drawn_with]


def _has_values(run: RunReport, name: str) -> bool:
    """Whether any value of a series is finite."""
    return bool(np.isfinite(run.series[name].summary.raw.min).any())


def _fewer(curve: Drawn) -> Drawn:
    return thinned(curve, curve.step.astype(np.float64), log=False, points=_POINTS)


def _evaluation(run: RunReport) -> str | None:
    one = evaluation_of(run)
    return None if one is None else one.name
