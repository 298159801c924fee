"""Which groups of a report are compared, and what comes of it: all tests of a report, corrected together.

A *contrast* is one comparison that may become a sentence. Those of all families go through Holm's
correction at once (:func:`corrected`), so a report has a false one in at most 5 % of cases, however many
families it has.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from reportgen import inference
from reportgen.groups import value_key
from reportgen.inference import TEST_RUNS
from reportgen.kinds import Scalar

if TYPE_CHECKING:
    from reportgen.groups import Group, Grouping
    from reportgen.inference import Comparison, Corrected, Trend

__all__ = ["Contrast", "Side", "contrasts", "corrected", "fitting", "ordered", "varied", "varied_values"]

_TREND = 5
"""Of fewer means no permutation test can find anything: 4 have 24 orders, so p is 2/24 at best."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a contrast.

    Attributes:
        attributes: What tells it from the other side.
        groups: Indices into the family's groups.
    """

    attributes: Mapping[str, Scalar | None]
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Contrast:
    """One test that may become a sentence.

    Attributes:
        kind: ``groups`` of two groups, ``values`` of two values of an attribute over blocks, ``trend`` of an
            attribute, ``target`` of one group, ``cells`` of two cells of a table.
        attribute: Of ``values`` and ``trend``; None elsewhere.
        sides: Two, or one of ``trend`` and ``target``.
        found: What came of it: a comparison, a trend, or the p of a target.
        corrected: p and level after Holm's correction; None before it.
    """

    kind: Literal["groups", "values", "trend", "target", "cells"]
    attribute: str | None
    sides: tuple[Side, ...]
    found: Comparison | Trend | float
    corrected: Corrected | None = None

    @property
    def p(self) -> float:
        """Before correction."""
        return self.found if isinstance(self.found, float) else self.found.p


def varied(groups: Sequence[Group]) -> tuple[str, ...]:
    """The attributes in which groups differ, in their order."""
    keys = dict.fromkeys(key for group in groups for key in group.attributes)
    return tuple(key for key in keys if len({value_key(group.attributes.get(key)) for group in groups}) > 1)


def varied_values(groups: Sequence[Group], key: str) -> tuple[Scalar | None, ...]:
    """The values of an attribute, numbers rising, then text, then "missing"."""
    found = {value_key(group.attributes.get(key)): group.attributes.get(key) for group in groups}
    return tuple(sorted(found.values(), key=ordered))


def contrasts(
    grouping: Grouping,
    reference: Mapping[str, Scalar] | Sequence[int] | None = None,
    pairs: Iterable[tuple[int, int]] = (),
) -> tuple[Contrast, ...]:
    """All contrasts of a family.

    With a reference each other group is compared with the reference that agrees in all else. Without one:
    where groups differ in one attribute all pairs of them, where they differ in more the values of each
    attribute over the groups that agree in all others. Numeric attributes are looked at for a trend,
    targets for a mean beyond.

    Args:
        grouping: With its numbers.
        reference: Attributes of a reference, or the index of its group, empty where it is in no group: then
            there are no pairs. None where the list names none.
        pairs: Further pairs of groups: those of tables.
    """
    groups = grouping.groups
    keys = varied(groups)
    made: list[Contrast] = []
    seen: set[tuple[int, int]] = set()

    def pair(first: int, second: int) -> None:
        if (first, second) in seen or (second, first) in seen:
            return
        seen.add((first, second))
        found = inference.compare([(groups[first].values, groups[second].values)], grouping.scale)
        if found is not None:
            sides = tuple(
                Side({key: groups[index].attributes.get(key) for key in keys}, (index,))
                for index in (first, second)
            )
            made.append(Contrast("groups", None, sides, found))

    if reference is not None:
        for first, second in _against(groups, reference):
            pair(first, second)
    elif len(keys) < 2:
        for first, second in itertools.combinations(range(len(groups)), 2):
            pair(first, second)
    else:
        for key in keys:
            made += _over_blocks(grouping, key)
    for first, second in pairs:
        pair(first, second)
    made += [one for key in keys if (one := _trend(grouping, key)) is not None]
    made += [
        Contrast("target", None, (Side(group.attributes, (index,)),), group.target.p)
        for index, group in enumerate(groups)
        if group.target is not None and group.target.p is not None and len(group.values) >= TEST_RUNS
    ]
    return tuple(made)


def corrected(families: Sequence[Sequence[Contrast]]) -> tuple[tuple[Contrast, ...], ...]:
    """The contrasts of all families after Holm's correction over all of them."""
    flat = [one for family in families for one in family]
    after = iter(inference.holm([one.p for one in flat]))
    return tuple(tuple(replace(one, corrected=next(after)) for one in family) for family in families)


def fitting(groups: Sequence[Group], reference: Mapping[str, Scalar]) -> list[int]:
    """The groups that have all attributes of a reference, by index."""
    wanted = {key: value_key(value) for key, value in reference.items()}
    return [
        index
        for index, group in enumerate(groups)
        if all(value_key(group.attributes.get(key)) == value for key, value in wanted.items())
    ]


def _against(
    groups: Sequence[Group], reference: Mapping[str, Scalar] | Sequence[int]
) -> list[tuple[int, int]]:
    """Each group with its reference."""
    if not isinstance(reference, Mapping):
        return [(index, one) for one in reference for index in range(len(groups)) if index != one]
    fits = fitting(groups, reference)
    if len(fits) == 1:
        return _against(groups, fits)
    wanted = tuple(reference)
    rest = {_rest(groups[index], wanted): index for index in fits}
    return [
        (index, rest[key])
        for index, group in enumerate(groups)
        if index not in fits and (key := _rest(group, wanted)) in rest
    ]


def _over_blocks(grouping: Grouping, key: str) -> list[Contrast]:
    """All pairs of an attribute's values, each over the groups that agree in all other attributes."""
    groups = grouping.groups
    cells: dict[tuple[Hashable, Hashable], int] = {}
    for index, group in enumerate(groups):  # Groups that differ by source or length only have one cell.
        cells.setdefault((value_key(group.attributes.get(key)), _rest(group, (key,))), index)
    made = []
    for first, second in itertools.combinations(varied_values(groups, key), 2):
        one, other = value_key(first), value_key(second)
        blocks = [
            (cells[value, rest], cells[other, rest])
            for value, rest in cells
            if value == one and (other, rest) in cells
        ]
        found = inference.compare(
            [(groups[left].values, groups[right].values) for left, right in blocks], grouping.scale
        )
        if found is not None:
            sides = (
                Side({key: first}, tuple(left for left, _ in blocks)),
                Side({key: second}, tuple(right for _, right in blocks)),
            )
            made.append(Contrast("values", key, sides, found))
    return made


def _trend(grouping: Grouping, key: str) -> Contrast | None:
    """The trend of group means over a numeric attribute; in a grid, of means less their block's."""
    groups = [(index, group) for index, group in enumerate(grouping.groups) if len(group.values) >= TEST_RUNS]
    x = [group.attributes.get(key) for _, group in groups]
    numbers = [value for value in x if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if len(numbers) < len(x) or len(set(numbers)) < _TREND:
        return None
    blocks: dict[Hashable, list[int]] = {}
    for place, (_, group) in enumerate(groups):
        blocks.setdefault(_rest(group, (key,)), []).append(place)
    if len(blocks) > 1 and any(
        {numbers[place] for place in some} != set(numbers) for some in blocks.values()
    ):
        return None
    level = [inference.estimate(group.values, grouping.scale).mean for _, group in groups]
    y = [math.log(value) if grouping.scale == "log" else value for value in level]
    by_value: dict[float, list[float]] = {}
    for some in blocks.values():
        middle = sum(y[place] for place in some) / len(some)
        for place in some:
            by_value.setdefault(float(numbers[place]), []).append(y[place] - middle)
    values = sorted(by_value)
    found = inference.trend(values, [sum(by_value[value]) / len(by_value[value]) for value in values])
    if found is None:
        return None
    return Contrast("trend", key, (Side({}, tuple(index for index, _ in groups)),), found)


def _rest(group: Group, without: Sequence[str]) -> Hashable:
    return tuple(
        sorted((key, value_key(value)) for key, value in group.attributes.items() if key not in without)
    )


def ordered(value: Scalar | None) -> tuple[int, float, str]:
    """What an attribute's values are sorted by: numbers rising, then text, then what is missing."""
    if value is None:
        return (2, 0.0, "")
    if isinstance(value, (int, float)):
        return (0, float(value), "")
    return (1, 0.0, value)
