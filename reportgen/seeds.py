"""Several seeds of one configuration: how far apart they end.

The interval is the percentile bootstrap (Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993,
chapter 13) of the geometric mean. With few seeds it is too narrow (Hesterberg, "What Teachers Should Know
About the Bootstrap", *The American Statistician* 69, 2015): it describes these runs more than the next one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from reportgen.model_list import HubSource
from reportgen.naming import QUANTA_MATHS, Attributes

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from reportgen.kinds import Scalar
    from reportgen.model_list import Source
    from reportgen.report import FamilyReport, RunReport

__all__ = ["SeedGroup", "geometric_mean", "interval", "seed_groups"]

_RESAMPLES = 10_000
_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class SeedGroup:
    """Two or more runs that differ by their seed only.

    Attributes:
        label: What they have in common: ``add d5 l2 h3 t10K``.
        runs: In the family's order.
        losses: AvgFinalLoss of those that have one, in the same order.
        mean: Geometric mean of ``losses``, since seeds differ by factors; None where there are fewer
            than two or one is not above 0.
        range: Least and greatest of ``losses``; None where there are none.
        interval: 95 % bootstrap interval of ``mean``, None with it.
    """

    label: str
    runs: tuple[RunReport, ...]
    losses: tuple[float, ...]
    mean: float | None
    range: tuple[float, float] | None
    interval: tuple[float, float] | None


def seed_groups(family: FamilyReport) -> tuple[SeedGroup, ...]:
    """The groups of runs of ``family`` that differ by their seed only, in the order of their first runs.

    Runs belong together when name and ``Config`` give them the same attributes but for the seed, and they
    come from the same place (a revision of its own makes another group) and start from the same
    configuration. A seed counts once: of runs with the same seed, the first.
    """
    groups: dict[Hashable, dict[Scalar, RunReport]] = {}
    for run in family.runs:
        seed, common = run.attributes.get("seed"), _common(run.attributes)
        if seed is not None and common:
            key = (common, _start(run.spec.initialised_from), _place(run.spec.source))
            groups.setdefault(key, {}).setdefault(seed, run)
    return tuple(_group(tuple(runs.values())) for runs in groups.values() if len(runs) > 1)


def geometric_mean(losses: Sequence[float]) -> float | None:
    """Geometric mean of two losses or more; None where there are fewer or one is not above 0."""
    if len(losses) < 2 or min(losses) <= 0:
        return None
    return math.exp(math.fsum(map(math.log, losses)) / len(losses))


def interval(losses: Sequence[float]) -> tuple[float, float] | None:
    """95 % percentile bootstrap interval of the geometric mean of ``losses``; None where that is None.

    It depends on the losses alone, not on their order: the resamples are drawn with a fixed seed.
    """
    if geometric_mean(losses) is None:
        return None
    logs = np.log(np.sort(np.asarray(losses, dtype=np.float64)))
    drawn = np.random.default_rng(0).integers(len(logs), size=(_RESAMPLES, len(logs)))
    tail = (1 - _LEVEL) / 2
    low, high = np.exp(np.quantile(logs[drawn].mean(axis=1), (tail, 1 - tail)))
    return float(low), float(high)


def _group(runs: tuple[RunReport, ...]) -> SeedGroup:
    losses = tuple(
        run.summary.metrics.avg_final_loss for run in runs if run.summary.metrics.avg_final_loss is not None
    )
    return SeedGroup(
        label=QUANTA_MATHS.told(runs[0].attributes, without=("seed",)),
        runs=runs,
        losses=losses,
        mean=geometric_mean(losses),
        range=(min(losses), max(losses)) if losses else None,
        interval=interval(losses),
    )


def _place(source: Source) -> Source:
    """A source, less the commit that a rebuild pins for each run."""
    return replace(source, commit=None) if isinstance(source, HubSource) else source


def _start(name: str | None) -> Hashable:
    """What a run was initialised from, less that one's seed."""
    if name is None:
        return None
    return _common(QUANTA_MATHS.read(name)) or name


def _common(attributes: Attributes) -> tuple[tuple[str, Scalar], ...]:
    """What is known of a run but its seed."""
    return tuple((key, value) for key, value in attributes.items() if value is not None and key != "seed")
