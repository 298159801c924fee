"""Families of more runs than a figure can show: what most of them do, some by name, and a pale sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from reportgen.curves.summary import Curve
from reportgen.figures.plot import Line
from reportgen.figures.style import LineStyle, category
from reportgen.figures.traces import Drawn
from reportgen.kinds import FloatArray, IntArray
from reportgen.notation import count
from reportgen.report import FamilyReport, RunReport
from reportgen.text import told_apart

__all__ = ["CROWD", "Crowd", "Part", "crowd_of", "curve_of", "quantiles"]

CROWD = 200
"""Runs of a family of which a figure can draw every line."""

Part = Literal["all", "early", "end"]
Styled = Callable[[RunReport, LineStyle, str], Line]
"""A run, its style and its short name -> its line."""

_SAMPLE = 100
_ENDS, _DIVERGED = 3, 2
_QUANTILES = (0.05, 0.5, 0.95)
_GRID = 300
_STILL_THERE = 0.1
_UNLIKE = 0.1
_SHORT = 28
_WORDS = ("Median of the runs", "5 % of the runs are below", "5 % of the runs are above")


@dataclass(frozen=True, slots=True)
class Crowd:
    """What stands for the runs of a large family.

    Attributes:
        lines: In front the median and runs by name, behind them the sample.
        says: What of the runs is seen, sentences.
    """

    lines: tuple[Line, ...]
    says: str


def crowd_of(
    family: FamilyReport,
    part: Part,
    styled: Styled,
    line_of: Callable[[RunReport], FloatArray],
    groups: Sequence[Line],
) -> Crowd:
    """The lines of a family of over ``CROWD`` runs.

    Args:
        family: Theirs.
        part: Which part of each run is shown.
        styled: Draws one run.
        line_of: A run's smoothed line at the points of its curve of ``part``.
        groups: Lines of its groups, which stand in for the median; may be empty.
    """
    total = len(family.runs)
    named = _named(family)
    every = -(-total // _SAMPLE)
    longest = max(range(total), key=lambda at: int(family.runs[at].summary.curve.step[-1]))
    sample = [at for at in sorted({*range(0, total, every), longest}) if at not in named]
    shorts = told_apart([family.runs[at].label for at in named], _SHORT)
    front = [
        _bare(styled(family.runs[at], category(1 + k), short))
        for k, (at, short) in enumerate(zip(named, shorts, strict=True))
    ]
    behind = [
        replace(_bare(styled(family.runs[at], category(0), family.runs[at].label)), behind=True, fine=None)
        for at in sample
    ]
    if groups:
        seen = f"Mean of each of {count(len(groups), 'group')}; "
        leading = list(groups)
    else:
        seen = (
            f"Median of {total:,} runs and, as a band, their middle nine tenths, "
            "at each step over the runs that have it; "
        )
        leading = [_median(family, part, line_of)]
    says = (
        f"{seen}named lines: the runs that end lowest and highest"
        f"{' or diverged' if any(not line.counts for line in front) else ''}; "
        f"pale lines are a sample, one run in {every:,}. "
        "On the page, any other run is drawn when its table row is hovered."
    )
    return Crowd((*leading, *front, *behind), says)


def _named(family: FamilyReport) -> list[int]:
    """Places of the runs that end lowest and highest, and of some that diverged."""
    ranking = family.ranking
    if ranking is None:
        return []
    order = list(ranking.order)
    diverged = [at for at in ranking.diverged if at not in order][:_DIVERGED]
    return list(dict.fromkeys([*order[:_ENDS], *order[-_ENDS:], *diverged]))


def _bare(line: Line) -> Line:
    """A line without its band and its spikes."""

    def single(curve: Drawn) -> Drawn:
        return Drawn(curve.step, curve.mean, curve.mean, curve.mean, curve.whole)

    fine = None if line.fine is None else single(line.fine)
    return replace(line, curve=single(line.curve), fine=fine, spikes=(), evaluation=None)


def _median(family: FamilyReport, part: Part, line_of: Callable[[RunReport], FloatArray]) -> Line:
    runs = [run for run in family.runs if not run.summary.metrics.end_diverged] or list(family.runs)
    curves = [curve_of(run, part) for run in runs]
    drawn = quantiles([curve.step for curve in curves], [line_of(run) for run in runs], shares=part == "end")
    label = f"Median of {len(family.runs):,} runs"
    return Line(f"{family.slug} median", label, "median", drawn, category(0), words=_WORDS)


def curve_of(run: RunReport, part: Part) -> Curve:
    """A part of a run's curve; all of it where the part has no points."""
    summary = run.summary
    curve = {"all": summary.curve, "early": summary.early, "end": summary.end}[part]
    return curve if len(curve.step) else summary.curve


def quantiles(steps: Sequence[IntArray], lines: Sequence[FloatArray], *, shares: bool = False) -> Drawn:
    """Median, 5 % and 95 % quantile of lines at common steps, each of the lines that have a value there.

    As far as a tenth of the lines reach. A quantile is the value of a line (the lower of two between).

    Args:
        steps: Of each line, rising.
        lines: Their values; missing ones are no values.
        shares: Whether lines whose last steps differ by over a tenth are compared at equal shares of
            their lengths; steps are then those of the longest.
    """
    lasts = np.array([float(step[-1]) for step in steps])
    longest = float(lasts.max()) or 1.0
    by_share = shares and float(lasts.min()) < (1 - _UNLIKE) * longest
    scale = longest / np.maximum(lasts, 1.0) if by_share else np.ones(len(lasts))
    firsts = np.array([float(step[0]) for step in steps]) * scale
    reach = np.sort(lasts * scale)[::-1][min(len(lasts) - 1, int(len(lasts) * _STILL_THERE))]
    grid = np.unique(
        np.rint(
            np.concatenate(
                (
                    np.linspace(firsts.min(), reach, _GRID),
                    np.geomspace(max(1.0, firsts.min()), max(reach, 1.0), _GRID // 4),
                )
            )
        )
    )
    values = np.empty((len(lines), len(grid)))
    for k, (step, line) in enumerate(zip(steps, lines, strict=True)):
        values[k] = np.interp(grid, step * scale[k], line, left=np.nan, right=np.nan)
    values[~np.isfinite(values)] = np.nan
    values.sort(axis=0)  # missing ones come last
    there = np.isfinite(values).sum(axis=0)
    low, middle, high = (
        np.where(
            there > 0,
            np.take_along_axis(values, np.floor(np.maximum(there - 1, 0) * q).astype(np.intp)[None], 0)[0],
            np.nan,
        )
        for q in _QUANTILES
    )
    return Drawn(grid.astype(np.int64), middle, low, high)
