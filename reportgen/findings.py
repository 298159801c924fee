"""What can be said of a report's runs: up to six sentences, each computed; none where nothing can be told."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reportgen import notation
from reportgen.compared import of_pairs, of_trends
from reportgen.comparisons import varied
from reportgen.facts import Facts, Finding, Kind, at_steps, found, listed, p_words, tested
from reportgen.groups import value_key
from reportgen.inference import TEST_RUNS
from reportgen.kinds import Scalar
from reportgen.notation import count

if TYPE_CHECKING:
    from reportgen.curves.summary import Event
    from reportgen.groups import Group

__all__ = ["MOST", "Facts", "Finding", "findings", "together"]

MOST = 6
"""Sentences at most."""
_MOST_TARGETS = 2
"""Groups that reached a target are named; more are counted."""
_ORDER: tuple[Kind, ...] = (
    "diverged",
    "target",
    "best",
    "difference",
    "worst",
    "trend",
    "alike",
    "events",
    "lowest",
)


def findings(families: Sequence[Facts], tests: int | None = None) -> tuple[Finding, ...]:
    """The sentences of a report, what matters most first: what diverged, what was found, the rest.

    Args:
        families: All of the report.
        tests: How many were corrected together; None for those of the families.
    """
    tests = sum(len(family.contrasts) for family in families) if tests is None else tests
    several = len(families) > 1
    made = [
        replace(one, shown_in=family.shown_in.get(one.kind, ""))
        for family in families
        for one in _of_family(family, tests, named=several)
    ]
    made.sort(key=lambda one: _ORDER.index(one.kind))
    # None of several families may take the place of all others.
    share = -(-MOST // max(1, len({one.family for one in made})))
    first = [
        one for at, one in enumerate(made) if sum(one.family == other.family for other in made[:at]) < share
    ]
    kept = [*first, *(one for one in made if one not in first)][:MOST]
    return tuple(one for one in made if one in kept)


def together(events: Sequence[Sequence[Event]], kind: str) -> tuple[int, int, int] | None:
    """What the runs of a group share: how many have an event of ``kind``, and where, from first to last.

    Of several in a run the one that changes most counts.
    """
    steps = []
    for some in events:
        found = [event for event in some if event.kind == kind]
        if found:
            steps.append(max(found, key=_size).step)
    return (len(steps), min(steps), max(steps)) if steps else None


def _of_family(facts: Facts, tests: int, *, named: bool) -> Iterator[Finding]:
    where = f"{facts.name}: " if named else ""
    yield from _diverged(facts, where)
    yield from _targets(facts, where, tests)
    yield from of_pairs(facts, where, tests)
    yield from of_trends(facts, where, tests)
    yield from _events(facts, where)
    lowest = _lowest(facts, where)
    if facts.grouping.groups:
        lowest = _lowest_cell(facts, where) or _lowest_of_few(facts, where)
    if lowest is not None:
        yield lowest


def _diverged(facts: Facts, where: str) -> Iterator[Finding]:
    runs = facts.ranking.diverged
    if not runs:
        return
    total = len(facts.labels)
    text = f"{where}{len(runs):,} of {count(total, 'run')} diverged"
    shared = _shared(facts, runs) if len(runs) < total else ()
    if shared:
        every = {1: "", 2: "both "}.get(len(runs), "all ")
        text += f", {every}at {listed(facts.pair(key, value) for key, value in shared)}"
    elif len(runs) <= 3:
        text += f": {', '.join(facts.labels[run] for run in runs)}"
    yield Finding(
        "diverged",
        facts.slug,
        tuple(facts.labels[run] for run in runs),
        {"diverged": len(runs), "runs": total},
        None,
        text + ".",
    )


def _shared(facts: Facts, runs: Sequence[int]) -> tuple[tuple[str, Scalar | None], ...]:
    """Varied attributes on which ``runs`` agree: one whose value no other run has, else those they share."""
    keys = dict.fromkeys(key for attributes in facts.attributes for key in attributes)
    agreed = []
    for key in keys:
        values = {value_key(facts.attributes[run].get(key)) for run in runs}
        rest = [value_key(one.get(key)) for at, one in enumerate(facts.attributes) if at not in runs]
        if len(values) == 1 and any(value not in values for value in rest):
            agreed.append((key, facts.attributes[runs[0]].get(key), values.isdisjoint(rest)))
    only = [(key, value) for key, value, alone in agreed if alone]
    return tuple(only[:1] or [(key, value) for key, value, _ in agreed][:2])


def _targets(facts: Facts, where: str, tests: int) -> Iterator[Finding]:
    """Groups whose mean is beyond the target; where they are many, how many and the first to reach it."""
    made = []
    for one in facts.contrasts:
        if one.kind != "target" or not found(one) or one.corrected is None:
            continue
        group = facts.grouping.groups[one.sides[0].groups[0]]
        if group.target is None or group.estimate is None:
            continue
        beyond = "above" if facts.ranking.better == "higher" else "below"
        form = notation.form_of([group.estimate.mean, group.target.value])
        steps = [step for step in group.target.steps if step is not None]
        when = "" if not steps else f", at {at_steps(min(steps), max(steps))}"
        made.append(
            Finding(
                "target",
                facts.slug,
                (group.label,),
                {
                    "target": group.target.value,
                    "reached": group.target.reached,
                    "runs": len(group.runs),
                    "steps": list(group.target.steps),
                    "mean": group.estimate.mean,
                },
                tested("Student's t, one-sided", one, tests),
                f"{where}{_so_many(group.target.reached, len(group.runs), where)} of {group.label} reached "
                f"{form(group.target.value)}{when}; their mean, {form(group.estimate.mean)}, is {beyond} it "
                f"(p {p_words(one.corrected.p)}).",
            )
        )
    if len(made) <= _MOST_TARGETS:
        yield from made
        return
    first = min(
        made, key=lambda one: min((s for s in one.numbers["steps"] if s is not None), default=math.inf)
    )
    said = first.text.removeprefix(where).removesuffix(".")
    said = f"all {said[4:]}" if said.startswith("All ") else said
    yield Finding(
        "target",
        facts.slug,
        tuple(subject for one in made for subject in one.subjects),
        {**first.numbers, "groups": len(made), "of": len(facts.grouping.groups)},
        first.test,
        f"{where}{len(made):,} of {count(len(facts.grouping.groups), 'group')} have a mean "
        f"{'above' if facts.ranking.better == 'higher' else 'below'} the target; the first: {said}.",
    )


def _so_many(number: int, total: int, where: str) -> str:
    """``2 of 3 runs``; ``all 3 runs``."""
    if 1 < number == total:
        return f"{'all' if where else 'All'} {total:,} runs"
    return f"{number:,} of {count(total, 'run')}"


def _events(facts: Facts, where: str) -> Iterator[Finding]:
    """Drops that the runs of a group share, of the group with the steepest; how many others have one."""
    if not facts.events:
        return
    shared: list[tuple[float, Group, tuple[int, int, int], list[float]]] = []
    for group in facts.grouping.groups:
        events = [facts.events[run] for run in group.runs]
        where_from = together(events, "drop")
        if where_from is None or where_from[0] < 2:
            continue
        sizes = [
            max(drops)
            for some in events
            if (drops := [_size(event) for event in some if event.kind == "drop"])
        ]
        shared.append((min(sizes), group, where_from, sizes))
    if not shared:
        return
    _, group, (number, first, last), sizes = max(shared, key=lambda one: one[0])
    low, high = (math.exp(size) for size in (min(sizes), max(sizes)))
    factor = "" if not high > 1 else f" by a factor of {_factors(low, high)}"
    who = _so_many(number, len(group.runs), where)
    others = len(shared) - 1
    more = f"; so do runs of {count(others, 'other group')}" if others else ""
    yield Finding(
        "events",
        facts.slug,
        (group.label,),
        {"runs": number, "of": len(group.runs), "from": first, "to": last, "factor": [low, high]},
        None,
        f"{where}{who} of {group.label} drop suddenly{factor} after a plateau, at "
        f"{at_steps(first, last)}{more}.",
    )


def _factors(low: float, high: float) -> str:
    first, last = (f"{value:,.0f}" if value >= 10 else f"{value:.2g}" for value in (low, high))
    return first if first == last else f"{first} to {last}"


def _lowest_cell(facts: Facts, where: str) -> Finding | None:
    """In a grid the group with the best mean, which no test tells from its neighbours."""
    groups = [group for group in facts.grouping.groups if len(group.values) >= TEST_RUNS and group.estimate]
    better = facts.ranking.better
    if len(varied(facts.grouping.groups)) < 2 or len(groups) < 3 or better is None or facts.referenced:
        return None
    means = [group.estimate.mean for group in groups if group.estimate is not None]
    order = sorted(range(len(groups)), key=lambda at: means[at], reverse=better == "higher")
    form = notation.form_of(sorted(means)[-2:] if better == "higher" else sorted(means)[:2])
    way = "highest" if better == "higher" else "lowest"
    first, second = groups[order[0]], groups[order[1]]
    of = "of" if where else "Of"
    fewer = f" with {TEST_RUNS} runs or more" if len(groups) < len(facts.grouping.groups) else ""
    return Finding(
        "lowest",
        facts.slug,
        (first.label, second.label),
        {"value": means[order[0]], "next": means[order[1]], "n": len(first.values)},
        None,
        f"{where}{of} {count(len(groups), 'group')}{fewer} {first.label} has the {way} mean, "
        f"{form(means[order[0]])} (n = {len(first.values)}), then {second.label}, {form(means[order[1]])}; "
        "single groups of a grid are not tested.",
    )


def _lowest_of_few(facts: Facts, where: str) -> Finding | None:
    """The group with the best mean where no two groups have the runs that a test needs."""
    groups = [group for group in facts.grouping.groups if group.estimate]
    tested = sum(len(group.values) >= TEST_RUNS for group in groups)
    better = facts.ranking.better
    if len(groups) < 2 or tested > 1 or better is None:
        return None
    higher = better == "higher"
    order = sorted(groups, key=_mean, reverse=higher)
    first, second = order[:2]
    value, other = _mean(first), _mean(second)
    if value == other:
        return None
    gap, log = abs(value - other), facts.grouping.scale == "log"
    form = notation.form_of([value, other, *(() if log else (gap,))])
    size = form(gap)
    if log:
        factor = max(value / other, other / value)
        size = f"a factor of {_factors(factor, factor)}"
    sizes = sorted({len(group.values) for group in groups})
    n = f"n = {sizes[0]} each" if len(sizes) == 1 else f"n = {sizes[0]} to {sizes[-1]}"
    way, side = ("highest", "above") if higher else ("lowest", "below")
    return Finding(
        "lowest",
        facts.slug,
        (first.label, second.label),
        {"value": value, "next": other, "n": len(first.values)},
        None,
        f"{where}{'of' if where else 'Of'} {count(len(groups), 'group')} {first.label} has the {way} "
        f"{'geometric ' if log else ''}mean {facts.measure}, {form(value)} ({n}), {size} {side} "
        f"{second.label}; nothing can be tested with fewer than {TEST_RUNS} runs in a group.",
    )


def _mean(group: Group) -> float:
    assert group.estimate is not None
    return group.estimate.mean


def _lowest(facts: Facts, where: str) -> Finding | None:
    ranking = facts.ranking
    if ranking.first is None or ranking.last is None:
        return None
    value, next_value = (facts.values[run] for run in ranking.order[:2])
    form = notation.form_of([value, next_value])
    way = "highest" if ranking.better == "higher" else "lowest"
    first, second = (facts.labels[run] for run in ranking.order[:2])
    noise = {
        True: f"{second} is next, within noise",
        False: f"{second} is next at {form(next_value)}, beyond noise",
        None: f"{second} is next at {form(next_value)}; noise is not estimated",
    }[ranking.within_noise]
    copies = sum(len(same) - 1 for same in ranking.equal)
    runs = count(len(ranking.order), "ranked run" if len(ranking.order) < len(facts.values) else "run")
    if copies and len(ranking.order) + copies == len(facts.values):
        runs = f"{count(len(ranking.order), 'run')} with different losses"
    return Finding(
        "lowest",
        facts.slug,
        (first, second),
        {"value": value, "next": next_value, "within_noise": ranking.within_noise},
        None,
        f"{where}{first} {facts.most(way)} of {runs}, at {form(value)}; {noise}.",
    )


def _size(event: Event) -> float:
    if event.before and event.after:
        return abs(math.log(event.before / event.after))
    return 0.0
