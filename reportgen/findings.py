"""What can be said of a report's runs: up to six sentences, each computed; none where nothing can be told."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from reportgen import notation
from reportgen.groups import value_key
from reportgen.kinds import Scalar
from reportgen.notation import count

if TYPE_CHECKING:
    from reportgen.comparisons import Contrast, Side
    from reportgen.curves.summary import Event
    from reportgen.groups import Grouping
    from reportgen.inference import Comparison
    from reportgen.ranking import Ranking

__all__ = ["MOST", "Facts", "Finding", "findings", "together"]

Kind = Literal["diverged", "target", "best", "difference", "trend", "alike", "events", "lowest"]

MOST = 6
"""Sentences at most."""
_MOST_DIFFERENCES = 3
_MOST_NAMED = 4
_ORDER: tuple[Kind, ...] = (
    "diverged",
    "target",
    "best",
    "difference",
    "trend",
    "alike",
    "events",
    "lowest",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence and what it rests on.

    Attributes:
        kind: What it speaks of.
        family: Slug of the family whose figures and tables show it.
        subjects: Labels of the groups or runs that it speaks of, or values of an attribute.
        numbers: All numbers of the sentence, by name.
        test: ``name``, ``p``, corrected, ``tests``, over how many, and ``level`` of the interval; None where
            nothing was tested.
        text: The sentence.
    """

    kind: Kind
    family: str
    subjects: tuple[str, ...]
    numbers: Mapping[str, Any]
    test: Mapping[str, Any] | None
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a family when sentences are made.

    Attributes:
        name: The family's.
        slug: The family's.
        labels: Of its runs, in order.
        attributes: Of its runs: those that vary, seeds aside.
        grouping: Its groups, labelled.
        contrasts: Corrected over the whole report.
        ranking: Of its runs.
        values: Of its runs, what they are ranked by.
        events: Of its runs.
        said: The metric in a sentence's middle: ``ends`` or ``has a best eval_loss``; see ``verb``.
        names: How an attribute is called: its last part, where that says enough.
        written: How a value of an attribute is written, as labels do.
        referenced: Whether groups were compared with a reference.
    """

    name: str
    slug: str
    labels: Sequence[str]
    attributes: Sequence[Mapping[str, Scalar]]
    grouping: Grouping
    contrasts: Sequence[Contrast]
    ranking: Ranking
    values: Sequence[float | None]
    events: Sequence[Sequence[Event]] = ()
    said: str = "ends"
    names: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, Mapping[tuple[str, str], str]] = field(default_factory=dict)
    referenced: bool = False

    def pair(self, key: str, value: Scalar | None) -> str:
        """An attribute and its value, as labels tell them: ``lr 1e-3``."""
        name = self.names.get(key, key)
        if value is None:
            return f"no {name}"
        shown = self.written.get(key, {}).get(value_key(value))
        return f"{name} {_plain(value) if shown is None else shown}"


def findings(families: Sequence[Facts], tests: int | None = None) -> tuple[Finding, ...]:
    """The sentences of a report, what matters most first: what diverged, what was found, the rest.

    Args:
        families: All of the report.
        tests: How many were corrected together; None for those of the families.
    """
    tests = sum(len(family.contrasts) for family in families) if tests is None else tests
    several = len(families) > 1
    made = [one for family in families for one in _of_family(family, tests, named=several)]
    made.sort(key=lambda one: _ORDER.index(one.kind))
    return tuple(made[:MOST])


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
    yield from _compared(facts, where, tests)
    for one in facts.contrasts:
        if one.kind == "trend" and _found(one):
            yield _trend(facts, one, where, tests)
    yield from _events(facts, where)
    if not facts.grouping.groups:
        lowest = _lowest(facts, where)
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
        text += f", {every}at {' and '.join(facts.pair(key, value) for key, value in shared)}"
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
    for one in facts.contrasts:
        if one.kind != "target" or not _found(one) or one.corrected is None:
            continue
        group = facts.grouping.groups[one.sides[0].groups[0]]
        if group.target is None or group.estimate is None:
            continue
        beyond = "above" if facts.ranking.better == "higher" else "below"
        form = notation.form_of([group.estimate.mean, group.target.value])
        steps = [step for step in group.target.steps if step is not None]
        when = "" if not steps else f", at {_range(min(steps), max(steps))}"
        yield Finding(
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
            _test("Student's t, one-sided", one, tests),
            f"{where}{group.target.reached:,} of {count(len(group.runs), 'run')} of {group.label} reached "
            f"{form(group.target.value)}{when}; their mean, {form(group.estimate.mean)}, is {beyond} it "
            f"(p {_p(one.corrected.p)}).",
        )


def _compared(facts: Facts, where: str, tests: int) -> Iterator[Finding]:
    """What pairs of groups, or of an attribute's values, came to.

    Against a reference, the clearest differences. Else what leads: that it is told from all others, from
    which of those it differs least, and from which it is not told apart.
    """
    pairs = [one for one in facts.contrasts if one.kind in ("groups", "values")]
    if facts.referenced:
        for one in sorted(filter(_found, pairs), key=lambda one: one.p)[:_MOST_DIFFERENCES]:
            yield _difference(facts, one, where, tests)
        if rest := [one for one in pairs if not _found(one)]:
            yield _alike(facts, [_side(facts, one.sides[0]) for one in rest], rest, where, tests)
        return
    by_key: dict[str | None, list[Contrast]] = {}
    for one in pairs:
        by_key.setdefault(one.attribute, []).append(one)
    for some in by_key.values():
        leader = _leader(facts, some)
        own = [one for one in some if leader in _names(facts, one)]
        told = sorted(filter(_found, own), key=lambda one: abs(_comparison(one).difference))
        if len(told) == len(own) > 1 and len(own) == len({*_all_names(facts, some)}) - 1:
            yield _best(facts, leader, told, where, tests)
        elif rest := [one for one in own if not _found(one)]:
            near = {leader, *(name for one in rest for name in _names(facts, one))}
            names = [name for name in _all_names(facts, some) if name in near]
            yield _alike(facts, names, rest, where, tests)
        clearest = told or sorted(filter(_found, some), key=lambda one: one.p)
        if clearest:
            yield _difference(facts, clearest[0], where, tests)


def _leader(facts: Facts, pairs: Sequence[Contrast]) -> str:
    """What lies on the better side of most pairs; the lower one where neither is better."""
    wins = dict.fromkeys(_all_names(facts, pairs), 0)
    for one in pairs:
        lower, higher = _names(facts, one)[:: 1 if _comparison(one).difference < 0 else -1]
        wins[higher if facts.ranking.better == "higher" else lower] += 1
    return max(wins, key=lambda name: wins[name])


def _best(facts: Facts, name: str, told: Sequence[Contrast], where: str, tests: int) -> Finding:
    """What is told from every other; without a better way, the lowest."""
    way = "higher" if facts.ranking.better == "higher" else "lower"
    worst = max(one.corrected.p for one in told if one.corrected is not None)
    best = f"{name} is best: it" if facts.ranking.better else name
    return Finding(
        "best",
        facts.slug,
        (name,),
        {"others": len(told)},
        {"name": _name(told[0]), "p": worst, "tests": tests, "level": None},
        f"{where}{best} {facts.said} {way} than each of the {count(len(told), 'other')} (p {_p(worst)}).",
    )


def _difference(facts: Facts, one: Contrast, where: str, tests: int) -> Finding:
    """The better side first, that of a reference last."""
    comparison = _comparison(one)
    level = 0.95 if one.corrected is None else one.corrected.level
    first, second = _names(facts, one)
    low, high = comparison.interval(level)
    effect, runs = comparison.effect, comparison.runs
    lower = comparison.difference < 0
    if not facts.referenced and lower == (facts.ranking.better == "higher"):
        first, second, runs, lower = second, first, (runs[1], runs[0]), not lower
        if comparison.scale == "log":
            effect, low, high = 1 / effect, 1 / high, 1 / low
        else:
            effect, low, high = -effect, -high, -low
    sizes = f"n = {runs[0]} each" if runs[0] == runs[1] else f"n = {runs[0]} and {runs[1]}"
    if comparison.blocks > 1:
        sizes += f" in {comparison.blocks} blocks"
    size, interval = _apart(comparison, level)
    percent = "95 % interval" + (f", over {tests:,} tests" if tests > 1 else "")
    return Finding(
        "difference",
        facts.slug,
        (first, second),
        {
            "effect": effect,
            "interval": [low, high],
            "scale": comparison.scale,
            "n": list(runs),
            "blocks": comparison.blocks,
        },
        _test(_name(one), one, tests),
        f"{where}{first} {facts.said} {size} {'below' if lower else 'above'} {second} "
        f"({percent}: {interval}; {sizes}).",
    )


def _apart(comparison: Comparison, level: float) -> tuple[str, str]:
    """The size of a difference and its interval, from zero away: ``0.07`` and ``0.05 to 0.09``."""
    low, high = comparison.interval(level)
    if comparison.scale == "linear":
        ends = sorted((abs(low), abs(high)))
        form = notation.form_of([abs(comparison.effect), *ends])
        return form(abs(comparison.effect)), f"{form(ends[0])} to {form(ends[1])}"
    if 0.5 <= comparison.effect <= 2:
        shares = [abs(100 * (value - 1)) for value in (comparison.effect, low, high)]
        ends = sorted(shares[1:])
        return f"{_short(shares[0])} %", f"{_short(ends[0])} to {_short(ends[1])} %"
    factors = [math.exp(abs(math.log(value))) for value in (comparison.effect, low, high)]
    ends = sorted(factors[1:])
    return f"a factor of {_short(factors[0])}", f"{_short(ends[0])} to {_short(ends[1])}"


def _trend(facts: Facts, one: Contrast, where: str, tests: int) -> Finding:
    found: Any = one.found
    assert one.corrected is not None
    way, key = ("rises" if found.rho > 0 else "falls"), one.attribute or ""
    return Finding(
        "trend",
        facts.slug,
        (key,),
        {"rho": found.rho, "n": found.n},
        _test("Spearman's correlation, by permutation", one, tests),
        f"{where}{facts.ranking.metric} {way} with {facts.names.get(key, key)}: monotone, Spearman's "
        f"correlation {_signed(found.rho)} over {found.n} values (p {_p(one.corrected.p)}).",
    )


def _alike(facts: Facts, names: Sequence[str], pairs: Sequence[Contrast], where: str, tests: int) -> Finding:
    """What was tested and not told apart."""
    one = min(pairs, key=lambda one: one.p)
    if len(names) <= _MOST_NAMED:
        shown = _listed(names)
    elif facts.referenced:
        shown = f"{len(names):,} groups"
    else:
        shown = f"{', '.join(names[:_MOST_NAMED])} and {len(names) - _MOST_NAMED:,} more"
    what = " and their reference" if facts.referenced else ""
    return Finding(
        "alike",
        facts.slug,
        tuple(names),
        {"pairs": len(pairs)},
        _test(_name(one), one, tests),
        f"{where}{shown}{what} are not told apart by these runs.",
    )


def _events(facts: Facts, where: str) -> Iterator[Finding]:
    if not facts.events:
        return
    for group in facts.grouping.groups:
        found = together([facts.events[run] for run in group.runs], "drop")
        if found is None or found[0] < 2:
            continue
        number, first, last = found
        yield Finding(
            "events",
            facts.slug,
            (group.label,),
            {"runs": number, "of": len(group.runs), "from": first, "to": last},
            None,
            f"{where}{group.label}: drop at {_range(first, last)}, {number} of {len(group.runs)}.",
        )
        return


def _lowest(facts: Facts, where: str) -> Finding | None:
    ranking = facts.ranking
    if ranking.first is None or ranking.last is None:
        return None
    value, next_value = (facts.values[run] for run in ranking.order[:2])
    form = notation.form_of([value, next_value])
    way = "highest" if ranking.better == "higher" else "lowest"
    first, second = (facts.labels[run] for run in ranking.order[:2])
    noise = {
        True: f"; the next, {second}, is within noise",
        False: f"; the next, {second}, is at {form(next_value)}, beyond noise",
        None: f"; the next, {second}, has {form(next_value)}; how much of that is noise is not known",
    }[ranking.within_noise]
    runs = count(len(ranking.order), "run") + (
        " with a rank" if len(ranking.order) < len(facts.values) else ""
    )
    verb = facts.said.replace("has a ", f"has the {way} ", 1)
    said = verb if verb != facts.said else f"{facts.said} {way}"
    return Finding(
        "lowest",
        facts.slug,
        (first, second),
        {"value": value, "next": next_value, "within_noise": ranking.within_noise},
        None,
        f"{where}{first} {said} of {runs}, {form(value)}{noise}.",
    )


def _found(one: Contrast) -> bool:
    return one.corrected is not None and one.corrected.found


def _comparison(one: Contrast) -> Comparison:
    found: Any = one.found
    made: Comparison = found
    return made


def _names(facts: Facts, one: Contrast) -> tuple[str, str]:
    first, second = one.sides
    return _side(facts, first), _side(facts, second)


def _all_names(facts: Facts, pairs: Sequence[Contrast]) -> list[str]:
    return list(dict.fromkeys(name for one in pairs for name in _names(facts, one)))


def _side(facts: Facts, side: Side) -> str:
    """A side in words: a group's label, or values of attributes."""
    if len(side.groups) == 1 and len(side.attributes) != 1:
        return facts.grouping.groups[side.groups[0]].label
    return ", ".join(facts.pair(key, value) for key, value in side.attributes.items())


def _name(one: Contrast) -> str:
    comparison: Any = one.found
    return "additive blocks" if getattr(comparison, "blocks", 1) > 1 else "Welch"


def _test(name: str, one: Contrast, tests: int) -> dict[str, Any]:
    assert one.corrected is not None
    return {"name": name, "p": one.corrected.p, "tests": tests, "level": one.corrected.level}


def _size(event: Event) -> float:
    if event.before and event.after:
        return abs(math.log(event.before / event.after))
    return 0.0


def _range(first: int, last: int) -> str:
    return f"{first:,}" if first == last else f"{first:,} to {last:,}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.2g}"


def _short(value: float) -> str:
    """Two significant digits, more of what is 100 or above."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", notation.MINUS)


def _listed(names: Iterable[str]) -> str:
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


def _plain(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
