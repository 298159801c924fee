"""Who belongs together: runs that agree in all that was varied but the seed. Knows no files and no report.

A group's numbers come from :mod:`reportgen.inference`; which groups are compared, from
:mod:`reportgen.comparisons`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reportgen import inference
from reportgen.kinds import Scalar

if TYPE_CHECKING:
    from reportgen.inference import Bounds, Estimate, Scale

__all__ = [
    "NO_GROUPS",
    "Group",
    "Grouping",
    "LeftOut",
    "Member",
    "Reached",
    "grouped",
    "measured",
    "reached",
    "value_key",
]

_LENGTHS = 1.05
"""Runs of a group were trained for as many steps as each other, to 5 %."""


@dataclass(frozen=True, slots=True)
class Member:
    """What decides where a run belongs.

    Attributes:
        label: How reasons name the run.
        attributes: Those that vary in its family, seeds aside; a missing key is a value of its own.
        known: Whether any attribute but a seed is known of it, varied or not.
        seed: All its seeds; None where it has none.
        place: Where it came from, and what it was initialised from.
        steps: For how many it was trained; None where that is not known.
        series: A digest of the ranked series, equal where every entry is.
        value: Of the metric that the family is ranked by; None where it has none.
        why: Why it has no value though it was trained so: "diverged", "unfinished"; else empty.
    """

    label: str
    attributes: Mapping[str, Scalar]
    known: bool
    seed: Hashable | None
    place: Hashable
    steps: int | None
    series: str
    value: float | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A run that does not count in a group, or in any.

    Attributes:
        run: Its position in the family.
        why: In words that go on after the run's name and a colon.
    """

    run: int
    why: str

    @property
    def is_copy(self) -> bool:
        """Whether it counts once with another: of the same seed, or of the same losses."""
        return self.why.startswith(_ONCE)


@dataclass(frozen=True, slots=True)
class Reached:
    """What became of a family's target in a group.

    Attributes:
        value: The target.
        reached: How many runs reached it.
        steps: When each did, in the order of the group's runs; None where it never did.
        p: Student's one-sided p that the mean is beyond it; None for one run, or where all are equal.
    """

    value: float
    reached: int
    steps: tuple[int | None, ...]
    p: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """Runs that agree in all that was varied but the seed.

    Attributes:
        attributes: The varied attributes and their values; a missing key is missing in all its runs.
        runs: Positions in the family, of all that belong to it.
        counted: Those of them that have a value.
        left_out: Those that have none or count once with another, and runs that belong to it but for the
            number of steps; why.
        values: Of the metric, of ``counted``.
        estimate: What ``values`` say; None where there are none.
        target: None where the family has no target.
        label: Unique in the family.
    """

    attributes: Mapping[str, Scalar]
    runs: tuple[int, ...]
    counted: tuple[int, ...]
    left_out: tuple[LeftOut, ...]
    values: tuple[float, ...]
    estimate: Estimate | None = None
    target: Reached | None = None
    label: str = ""

    @property
    def size(self) -> int:
        """How many runs it has where each seed and each series counts once."""
        once = {left.run for left in self.left_out if left.is_copy}
        return len([run for run in self.runs if run not in once])


@dataclass(frozen=True, slots=True)
class Grouping:
    """The groups of a family.

    Attributes:
        groups: In the order of their first runs.
        alone: Runs that belong to none, and why; empty where there is no group at all.
        needed: What would group the runs, a sentence; empty where there are groups or fewer than two runs.
        scale: On which all groups were estimated.
    """

    groups: tuple[Group, ...]
    alone: tuple[LeftOut, ...]
    needed: str
    scale: Scale = "linear"

    def of(self, run: int) -> int | None:
        """The index of the group that a run belongs to."""
        return next((index for index, group in enumerate(self.groups) if run in group.runs), None)


NO_GROUPS = Grouping((), (), "")

_ONCE = ("the same seed as ", "the same losses as ")


def grouped(
    members: Sequence[Member], group_by: Sequence[str] | None = None, *, by_value: bool = False
) -> Grouping:
    """The groups of a family's runs, without their numbers.

    Args:
        members: In the family's order.
        group_by: The attributes that the list groups by, seed or none; empty makes the family one group. Then
            neither source nor length part runs: that is the list's word. None leaves it to the seeds.
        by_value: Groups come in the order of their attributes' values, numbers rising, not of their runs.
    """
    places: dict[Hashable, list[int]] = {}
    alone: list[LeftOut] = []
    for position, member in enumerate(members):
        if group_by is not None:
            key: Hashable = tuple(value_key(member.attributes.get(name)) for name in group_by)
        elif member.seed is None:
            alone.append(LeftOut(position, "no seed"))
            continue
        elif not member.known:
            alone.append(LeftOut(position, "only its seed is known"))
            continue
        else:
            key = (_key(member), member.place)
        places.setdefault(key, []).append(position)
    groups: list[Group] = []
    for together in places.values():
        made, left = _split(members, together, by_length=group_by is None)
        groups += made
        alone += left
    rank = _rank(members) if by_value else (lambda _: ())
    groups.sort(key=lambda group: (rank(members[group.runs[0]]), group.runs))
    if not groups:
        return Grouping((), (), _needed(members))
    return Grouping(tuple(groups), tuple(sorted(alone, key=lambda left: left.run)), "")


def _rank(members: Sequence[Member]) -> Callable[[Member], tuple[tuple[int, float], ...]]:
    """A key that sorts by attributes in turn: numbers rising, text as it first comes, then none."""
    texts: dict[str, dict[object, int]] = {}
    for member in members:
        for name, value in member.attributes.items():
            texts.setdefault(name, {}).setdefault(value, len(texts[name]))

    def place(name: str, value: object) -> tuple[int, float]:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return 0, float(value)
        return (2, 0.0) if value is None else (1, float(texts[name][value]))

    return lambda member: tuple(place(name, member.attributes.get(name)) for name in texts)


def measured(grouping: Grouping, scale: Scale | None = None, bounds: Bounds = (None, None)) -> Grouping:
    """The same groups with their numbers, all on one scale.

    Args:
        grouping: As :func:`grouped` made it.
        scale: What the list says, or the kind of family always takes; None leaves it to the data.
        bounds: What the metric cannot be below, and above.
    """
    chosen = inference.choose_scale((group.values for group in grouping.groups), scale)
    return Grouping(
        tuple(
            replace(
                group,
                estimate=inference.estimate(group.values, chosen, bounds) if group.values else None,
            )
            for group in grouping.groups
        ),
        grouping.alone,
        grouping.needed,
        chosen,
    )


def reached(
    group: Group, target: float, steps: Sequence[int | None], *, lower: bool, scale: Scale
) -> Reached:
    """What became of ``target`` in a group.

    Args:
        group: With its values.
        target: Of the ranked series.
        steps: When each run of ``group.runs`` reached it.
        lower: The target is reached from above.
        scale: Of the family.
    """
    return Reached(
        target,
        sum(step is not None for step in steps),
        tuple(steps),
        inference.p_beyond(group.values, target, lower=lower, scale=scale) if group.values else None,
    )


def _split(
    members: Sequence[Member], together: Sequence[int], *, by_length: bool
) -> tuple[list[Group], list[LeftOut]]:
    """Runs that agree in all else, parted by their length; and those that are left alone."""
    parts = _by_length(members, together) if by_length else [list(together)]
    made = {index: _group(members, part) for index, part in enumerate(parts)}
    whole = [index for index, group in made.items() if len(group.runs) > 1 and group.size > 1]
    if not whole:
        if len(parts) == 1 and len(together) > 1:
            return [], [LeftOut(run, _alone(made[0], run)) for run in together]
        return [], [LeftOut(run, "no other run differs only in the seed") for run in together]
    home = max(whole, key=lambda index: len(parts[index]))
    short = [
        LeftOut(run, f"trained for {_steps(members[run])}, the group for {_steps(members[parts[home][0]])}")
        for index, part in enumerate(parts)
        if index not in whole
        for run in part
    ]
    groups = [made[index] for index in whole if index != home]
    first = made[home]
    return [
        replace(first, left_out=(*first.left_out, *short)),
        *groups,
    ], []


def _by_length(members: Sequence[Member], together: Iterable[int]) -> list[list[int]]:
    """Runs whose lengths are within 5 % of the longest among them, longest first.

    Runs that diverged or are unfinished end early: they belong to the largest part, whatever their length.
    """
    parts: list[list[int]] = []
    early: list[int] = []
    longest = 0
    for run in sorted(together, key=lambda run: -(members[run].steps or 0)):
        steps = members[run].steps or 0
        if members[run].why:
            early.append(run)
            continue
        if not parts or longest > steps * _LENGTHS:
            parts.append([])
            longest = steps
        parts[-1].append(run)
    if early:
        max(parts, key=len).extend(early) if parts else parts.append(early)
    return [sorted(part) for part in parts]


def _group(members: Sequence[Member], runs: Sequence[int]) -> Group:
    counted: list[int] = []
    left: list[LeftOut] = []
    seeds: dict[Hashable, int] = {}
    series: dict[str, int] = {}
    for run in runs:
        member = members[run]
        seed = None if member.seed is None else (_key(member), member.seed)
        if member.series in series:
            left.append(LeftOut(run, f"{_ONCE[1]}{members[series[member.series]].label}"))
        elif seed is not None and seed in seeds:
            left.append(LeftOut(run, f"{_ONCE[0]}{members[seeds[seed]].label}"))
        elif member.value is None:
            left.append(LeftOut(run, member.why or "no value"))
        else:
            counted.append(run)
        series.setdefault(member.series, run)
        if seed is not None:
            seeds.setdefault(seed, run)
    names = [dict(members[run].attributes) for run in runs]
    common = {
        key: value
        for key, value in names[0].items()
        if all(key in other and _same(other[key], value) for other in names)
    }
    values = tuple(value for run in counted if (value := members[run].value) is not None)
    return Group(common, tuple(runs), tuple(counted), tuple(left), values)


def _alone(group: Group, run: int) -> str:
    """Why runs that agree in all, the seed or the losses too, are no group."""
    why = {left.run: left.why for left in group.left_out if left.is_copy}
    return why.get(run, "no other run differs only in the seed")


def _needed(members: Sequence[Member]) -> str:
    """What would group the runs."""
    if len(members) < 2:
        return ""
    alone = "One run per configuration: nothing can be tested."
    if all(member.known for member in members) and len({_key(one) for one in members}) == len(members):
        return alone
    if all(member.seed is None for member in members):
        return (
            "No seed is known. To group runs, record a seed in their configurations or names, "
            "or set group_by in the list."
        )
    if not any(member.known for member in members):
        return (
            "Only seeds are known of these runs. To group them, add configurations, or [names] or group_by "
            "to the list."
        )
    return alone


def _steps(member: Member) -> str:
    return "an unknown number of steps" if member.steps is None else f"{member.steps:,} steps"


def _key(member: Member) -> Hashable:
    return tuple(sorted((name, value_key(value)) for name, value in member.attributes.items()))


def value_key(value: Scalar | None) -> tuple[str, str]:
    """What a value is compared by: 16 and 16.0 are equal, True and 1 are not; None is missing."""
    if value is None:
        return ("", "")
    if isinstance(value, bool):
        return ("flag", str(value))
    if isinstance(value, (int, float)):
        return ("number", repr(int(value)) if float(value).is_integer() else repr(value))
    return ("text", value)


def _same(first: Scalar, second: Scalar) -> bool:
    return value_key(first) == value_key(second)
