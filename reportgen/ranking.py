"""Which run of a family ends lowest, and what of that is more than noise. Knows no files and no report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reportgen import inference

__all__ = ["Better", "Contender", "Ranking", "ranked"]

Better = Literal["lower", "higher"]


@dataclass(frozen=True, slots=True)
class Contender:
    """A run that wants a rank.

    Attributes:
        value: Of the metric; None where it has none.
        diverged: The end window holds a value that is not finite. A single overflow that recovers is none.
        unfinished: It has further to go.
        zeros: It logs 0.0 from its second entry on: what it logs is no loss.
        series: A digest of the ranked series, equal where every entry is.
        blocks: Means of disjoint blocks of the end window where the metric is its mean; else empty.
    """

    value: float | None
    diverged: bool = False
    unfinished: bool = False
    zeros: bool = False
    series: str = ""
    blocks: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranking:
    """The runs of a family in order, by position in it.

    Attributes:
        metric: What they are ranked by: ``end``, ``eval_loss.last``.
        better: None where neither end is known to be better.
        order: Finished runs that have a value: the better first, without a better one the lower. Of runs with
            equal series the first stands for all.
        equal: Runs with equal series, each two or more.
        diverged: Runs that diverged; they rank last.
        unfinished: Runs in training; not ranked with finished ones.
        zeros: Runs that log 0.0 from their second entry on.
        without: Runs that have no value for another reason.
        values: Of every run, ranked or not.
        within_noise: Whether the first of ``order`` and the next differ by less than their entries' own
            scatter makes them; None where that is not known, or there is no next.
    """

    metric: str
    better: Better | None
    order: tuple[int, ...]
    equal: tuple[tuple[int, ...], ...]
    diverged: tuple[int, ...]
    unfinished: tuple[int, ...]
    zeros: tuple[int, ...]
    without: tuple[int, ...]
    values: tuple[float | None, ...]
    within_noise: bool | None

    @property
    def first(self) -> int | None:
        """The run that ends lowest, or highest where that is better."""
        return self.order[0] if self.order else None

    @property
    def last(self) -> int | None:
        """The other end; None where one run alone has a rank."""
        return self.order[-1] if len(self.order) > 1 else None


def ranked(contenders: Sequence[Contender], metric: str, better: Better | None = "lower") -> Ranking:
    """Ranks the runs of a family.

    Args:
        contenders: In the family's order.
        metric: What their values are.
        better: Which end is better.
    """
    same: dict[str, list[int]] = {}
    for position, one in enumerate(contenders):
        if one.series:
            same.setdefault(one.series, []).append(position)
    copies = {position for together in same.values() for position in together[1:]}
    sign = -1 if better == "higher" else 1
    values = {
        position: one.value
        for position, one in enumerate(contenders)
        if one.value is not None and not _unranked(one) and position not in copies
    }
    order = tuple(sorted(values, key=lambda position: sign * values[position]))
    return Ranking(
        metric=metric,
        better=better,
        order=order,
        equal=tuple(tuple(together) for together in same.values() if len(together) > 1),
        diverged=tuple(position for position, one in enumerate(contenders) if one.diverged),
        unfinished=tuple(
            position for position, one in enumerate(contenders) if one.unfinished and not one.diverged
        ),
        zeros=tuple(position for position, one in enumerate(contenders) if one.zeros and not one.diverged),
        without=tuple(
            position for position, one in enumerate(contenders) if one.value is None and not _unranked(one)
        ),
        values=tuple(one.value for one in contenders),
        within_noise=_noise(contenders, order),
    )


def _unranked(one: Contender) -> bool:
    return one.diverged or one.unfinished or one.zeros


def _noise(contenders: Sequence[Contender], order: Sequence[int]) -> bool | None:
    if len(order) < 2:
        return None
    first, second = (contenders[position] for position in order[:2])
    if first.value is None or second.value is None:
        return None
    return inference.within_noise(first.value - second.value, first.blocks, second.blocks)
