"""Sentences of tests: which groups or values are told apart, by how much, and which are not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from reportgen import notation
from reportgen.comparisons import varied_values
from reportgen.facts import Facts, Finding, found, listed, p_words, tested
from reportgen.inference import ALPHA

if TYPE_CHECKING:
    from reportgen.comparisons import Contrast, Side
    from reportgen.inference import Comparison

__all__ = ["of_pairs", "of_trends"]

_MOST_DIFFERENCES = 3
_MOST_NAMED = 4


def of_pairs(facts: Facts, where: str, tests: int) -> Iterator[Finding]:
    """What pairs of groups, or of an attribute's values, came to.

    Against a reference, the clearest differences. Else, of each attribute, what leads and what is last: that
    they are told from all others, or from which; and what is not told apart.

    Args:
        facts: Of the family.
        where: What each sentence begins with.
        tests: How many were corrected together.
    """
    pairs = [one for one in facts.contrasts if one.kind in ("groups", "values")]
    if facts.referenced:
        yield from _of_reference(facts, pairs, where, tests)
        return
    by_key: dict[str | None, list[Contrast]] = {}
    for one in pairs:
        by_key.setdefault(one.attribute, []).append(one)
    for some in by_key.values():
        yield from _of_values(facts, some, where, tests)


def of_trends(facts: Facts, where: str, tests: int) -> Iterator[Finding]:
    """Attributes with which the metric rises or falls."""
    for one in facts.contrasts:
        if one.kind == "trend" and found(one):
            yield _trend(facts, one, where, tests)


def _of_reference(facts: Facts, pairs: Sequence[Contrast], where: str, tests: int) -> Iterator[Finding]:
    told = sorted(filter(found, pairs), key=lambda one: one.p)
    for one in told[:_MOST_DIFFERENCES]:
        rest = len(told) - _MOST_DIFFERENCES if one is told[:_MOST_DIFFERENCES][-1] else 0
        more = f"; {rest} more differ from {'it' if _one_reference(pairs) else 'theirs'}" if rest > 0 else ""
        yield _difference(facts, one, where, tests, more)
    if rest_of := [one for one in pairs if not found(one)]:
        yield _alike(facts, [one.sides[0] for one in rest_of], rest_of, where, tests)


def _one_reference(pairs: Sequence[Contrast]) -> bool:
    return len({one.sides[1].groups for one in pairs}) == 1


def _of_values(facts: Facts, pairs: Sequence[Contrast], where: str, tests: int) -> Iterator[Finding]:
    """Of all pairs of groups, or of an attribute's values."""
    sides = _sides(facts, pairs)
    if len(pairs) == 1:
        if found(pairs[0]):
            yield _difference(facts, pairs[0], where, tests)
        else:
            yield _alike(facts, list(sides.values()), pairs, where, tests)
        return
    order = _order(facts, pairs)
    first, last = order[0], order[-1]
    behind = _told(facts, pairs, last)
    is_last = len(behind) == len(sides) - 1
    told = _told(facts, pairs, first)
    if is_last and len(told) == 1 < len(sides) - 1:
        told = []  # From the last alone, of which the next sentence says it.
    if told:
        yield _leading(facts, first, told, pairs, where, tests)
    if is_last:
        yield _last(facts, last, behind, pairs, where, tests)
    if told:
        return
    rest = [one for one in pairs if not (is_last and last in _names(facts, one))]
    clear = sorted(filter(found, rest), key=lambda one: one.p)
    if clear:
        more = f"; {len(clear)} of {len(rest)} pairs are told apart" if len(rest) > 1 else ""
        yield _difference(facts, clear[0], where, tests, more)
    elif rest:
        kept = [side for name, side in sides.items() if not (is_last and name == last)]
        yield _alike(facts, kept, rest, where, tests)


def _order(facts: Facts, pairs: Sequence[Contrast]) -> list[str]:
    """Names, what lies on the better side of most pairs first; the lower where neither is better."""
    wins = dict.fromkeys(_sides(facts, pairs), 0)
    for one in pairs:
        lower, higher = _names(facts, one)[:: 1 if _comparison(one).difference < 0 else -1]
        wins[higher if facts.ranking.better == "higher" else lower] += 1
    return sorted(wins, key=lambda name: -wins[name])


def _told(facts: Facts, pairs: Sequence[Contrast], name: str) -> list[Contrast]:
    """The pairs in which ``name`` is told from another, the nearest first."""
    own = [one for one in pairs if name in _names(facts, one) and found(one)]
    return sorted(own, key=lambda one: abs(_comparison(one).difference))


def _leading(
    facts: Facts, name: str, told: Sequence[Contrast], pairs: Sequence[Contrast], where: str, tests: int
) -> Finding:
    """What leads, and from which others it is told."""
    higher = facts.ranking.better == "higher"
    sides = _sides(facts, pairs)
    near = [side for other, side in sides.items() if other != name and not _in(facts, told, other)]
    size, numbers = _from_nearest(facts, name, told, tests)
    every = not near and len(sides) == _total(facts, pairs)
    text = f"{where}{name} "
    if every:
        is_best = "is best: it " if facts.ranking.better else ""
        verb = facts.more("higher" if higher else "lower")
        text += f"{is_best}{verb} than {_others(told)}, {size}"
    else:
        text += f"{facts.most('highest' if higher else 'lowest')}, {size}"
        if len(told) > 1:
            text += f" and further from {len(told) - 1} more"
        if near:
            text += f"; it is not told apart from {_all(facts, near)}"
    worst = max(one.corrected.p for one in told if one.corrected is not None)
    return Finding(
        "best" if every else "difference",
        facts.slug,
        (name, _other(facts, told[0], name)),
        {"others": len(told), **numbers},
        {**tested(_test_name(told[0]), told[0], tests), "p": worst},
        f"{text}.",
    )


def _last(
    facts: Facts, name: str, told: Sequence[Contrast], pairs: Sequence[Contrast], where: str, tests: int
) -> Finding:
    """What is told from all others on the worse side."""
    higher = facts.ranking.better != "higher"
    size, numbers = _from_nearest(facts, name, told, tests)
    whole = len(_sides(facts, pairs)) == _total(facts, pairs)
    is_worst = "is worst: it " if facts.ranking.better and whole else ""
    worst = max(one.corrected.p for one in told if one.corrected is not None)
    return Finding(
        "worst",
        facts.slug,
        (name, _other(facts, told[0], name)),
        {"others": len(told), **numbers},
        {**tested(_test_name(told[0]), told[0], tests), "p": worst},
        f"{where}{name} {is_worst}{facts.more('higher' if higher else 'lower')} than "
        f"{_others(told)}, {size}.",
    )


def _others(told: Sequence[Contrast]) -> str:
    return "both others" if len(told) == 2 else f"all {len(told)} others"


def _from_nearest(
    facts: Facts, name: str, told: Sequence[Contrast], tests: int
) -> tuple[str, dict[str, Any]]:
    """How far ``name`` lies from the nearest that it is told from."""
    one = told[0]
    comparison = _turned(facts, one, name)
    below = comparison["difference"] < 0
    other = _other(facts, one, name)
    return f"{_by(one, below)} {other} {_how(one, tests)}", comparison["numbers"]


def _difference(facts: Facts, one: Contrast, where: str, tests: int, more: str = "") -> Finding:
    """The better side first, that of a reference last."""
    first, second = _names(facts, one)
    lower = _comparison(one).difference < 0
    if not facts.referenced and lower == (facts.ranking.better == "higher"):
        first, second = second, first
    turned = _turned(facts, one, first)
    reference = ", the reference" if facts.referenced else ""
    return Finding(
        "difference",
        facts.slug,
        (first, second),
        turned["numbers"],
        tested(_test_name(one), one, tests),
        f"{where}{first} {facts.said} {_by(one, turned['difference'] < 0)} {second}{reference} "
        f"{_how(one, tests)}{more}.",
    )


def _turned(facts: Facts, one: Contrast, first: str) -> dict[str, Any]:
    """The numbers of a comparison, seen from the side called ``first``."""
    comparison = _comparison(one)
    level = 0.95 if one.corrected is None else one.corrected.level
    low, high = comparison.interval(level)
    effect, runs, difference = comparison.effect, comparison.runs, comparison.difference
    if _names(facts, one)[0] != first:
        runs, difference = (runs[1], runs[0]), -difference
        if comparison.scale == "log":
            effect, low, high = 1 / effect, 1 / high, (1 / low if low else math.inf)
        else:
            effect, low, high = -effect, -high, -low
    return {
        "difference": difference,
        "numbers": {
            "effect": effect,
            "interval": [low, high],
            "scale": comparison.scale,
            "n": list(runs),
            "blocks": comparison.blocks,
        },
    }


def _by(one: Contrast, below: bool) -> str:
    """``0.07 below``; ``12 % above``; ``by a factor of 30 below``."""
    size, _ = _apart(_comparison(one), 0.95 if one.corrected is None else one.corrected.level)
    return f"{size} {'below' if below else 'above'}"


def _how(one: Contrast, tests: int) -> str:
    """Interval and numbers of runs, in brackets."""
    comparison = _comparison(one)
    _, interval = _apart(comparison, 0.95 if one.corrected is None else one.corrected.level)
    runs = comparison.runs
    sizes = f"n = {runs[0]} each" if runs[0] == runs[1] else f"n = {runs[0]} and {runs[1]}"
    if comparison.blocks > 1:
        sizes += ", all else equal"
    corrected = f", corrected for {tests:,} tests" if tests > 1 else ""
    return f"(95 % interval{corrected}: {interval}; {sizes})"


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
    factors = [
        math.exp(abs(math.log(value))) if value else math.inf for value in (comparison.effect, low, high)
    ]
    ends = sorted(factors[1:])
    return f"a factor of {_short(factors[0])}", f"{_short(ends[0])} to {_short(ends[1])}"


def _trend(facts: Facts, one: Contrast, where: str, tests: int) -> Finding:
    made: Any = one.found
    assert one.corrected is not None
    way, key = ("higher" if made.rho > 0 else "lower"), one.attribute or ""
    rho = f"{made.rho:.2f}".replace("-", notation.MINUS)
    return Finding(
        "trend",
        facts.slug,
        (key,),
        {"rho": made.rho, "n": made.n},
        tested("Spearman's correlation, by permutation", one, tests),
        f"{where}{'the' if where else 'The'} higher {facts.name_of(key)}, the {way} the {facts.measure}: a "
        f"monotone trend over {made.n} values (Spearman's correlation {rho}, p {p_words(one.corrected.p)}).",
    )


def _alike(facts: Facts, sides: Sequence[Side], pairs: Sequence[Contrast], where: str, tests: int) -> Finding:
    """What was tested and not told apart, and how far apart it may yet be."""
    nearest = min(pairs, key=lambda one: one.p)
    what = f"{_all(facts, sides)} {'is' if facts.referenced and len(sides) == 1 else 'are'} not told apart"
    if facts.referenced:
        what += f" from {'the reference' if _one_reference(pairs) else 'their references'}"
    bound = max(_bound(one, tests) for one in pairs)
    log = _comparison(pairs[0]).scale == "log"
    size = notation.form_of([bound])(bound)
    if log:
        size = f"{_short(100 * (bound - 1))} %" if bound <= 2 else f"a factor of {_short(bound)}"
    differ = "it differs" if facts.referenced and len(sides) == 1 else "they differ"
    shown = f": {differ} by at most {size} (95 %)" if math.isfinite(bound) and bound < 1e6 else ""
    return Finding(
        "alike",
        facts.slug,
        tuple(_side(facts, side) for side in sides),
        {"pairs": len(pairs), "bound": bound if math.isfinite(bound) else None},
        tested(_test_name(nearest), nearest, tests),
        f"{where}{what} by these runs{shown}.",
    )


def _bound(one: Contrast, tests: int) -> float:
    """The furthest end of a difference's interval, at a level that holds for all tests of the report."""
    comparison = _comparison(one)
    low, high = comparison.interval(1 - ALPHA / max(1, tests))
    if comparison.scale == "log":
        return max(high, 1 / low if low else math.inf)
    return max(abs(low), abs(high))


def _comparison(one: Contrast) -> Comparison:
    made: Any = one.found
    comparison: Comparison = made
    return comparison


def _names(facts: Facts, one: Contrast) -> tuple[str, str]:
    first, second = one.sides
    return _side(facts, first), _side(facts, second)


def _other(facts: Facts, one: Contrast, name: str) -> str:
    first, second = _names(facts, one)
    return second if first == name else first


def _in(facts: Facts, pairs: Sequence[Contrast], name: str) -> bool:
    return any(name in _names(facts, one) for one in pairs)


def _sides(facts: Facts, pairs: Sequence[Contrast]) -> dict[str, Side]:
    """All sides of some pairs, by name, in order."""
    return {_side(facts, side): side for one in pairs for side in one.sides}


def _total(facts: Facts, pairs: Sequence[Contrast]) -> int:
    """How many there are to be told apart, those of too few runs to be tested included."""
    key = pairs[0].attribute
    groups = facts.grouping.groups
    return len(groups) if key is None else len(varied_values(groups, key))


def _side(facts: Facts, side: Side) -> str:
    """A side in words: a group's label, or values of attributes."""
    if len(side.groups) == 1 and len(side.attributes) != 1:
        return facts.grouping.groups[side.groups[0]].label
    return ", ".join(facts.pair(key, value) for key, value in side.attributes.items())


def _all(facts: Facts, sides: Sequence[Side]) -> str:
    """Several sides: ``lr 0.1, 0.2 and 0.3``; how many, where they are many."""
    keys = {key for side in sides for key in side.attributes}
    one_key = len(keys) == 1 and all(len(side.attributes) == 1 for side in sides)
    if len(sides) > _MOST_NAMED:
        return (
            f"{len(sides):,} values of {facts.name_of(keys.pop())}" if one_key else f"{len(sides):,} groups"
        )
    if one_key and all(value is not None for side in sides for value in side.attributes.values()):
        key = keys.pop()
        return f"{facts.name_of(key)} {listed(facts.value(key, side.attributes[key]) for side in sides)}"
    return listed(_side(facts, side) for side in sides)


def _test_name(one: Contrast) -> str:
    comparison: Any = one.found
    return "additive blocks" if getattr(comparison, "blocks", 1) > 1 else "Welch"


def _short(value: float) -> str:
    """Two significant digits, more of what is 10 or above."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
