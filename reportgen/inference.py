"""What can be said of a few runs: estimates, tests and their corrections. Plain numbers in, frozen data out.

Everything is computed on one *scale* per family and metric: as the values are, or on their natural
logarithms, where a difference is a ratio and the mean is the geometric one. ``docs/statistics.md`` has the
simulations that say for which data the levels hold.

Sources: Student's t interval and Welch's test with Satterthwaite's degrees of freedom (Welch, *Biometrika*
    34, 1947); Holm's step-down correction (*Scandinavian Journal of Statistics* 6, 1979); comparisons in
    blocks as contrasts of the additive two-way layout (Montgomery, *Design and Analysis of Experiments*,
    chapter 4); Spearman's correlation with a permutation test (Good, *Permutation, Parametric and Bootstrap
    Tests of Hypotheses*, 2005).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "ALPHA",
    "LEVEL",
    "TEST_RUNS",
    "Comparison",
    "Corrected",
    "Estimate",
    "Scale",
    "Trend",
    "choose_scale",
    "compare",
    "estimate",
    "holm",
    "p_beyond",
    "trend",
    "within_noise",
]

Scale = Literal["linear", "log"]

LEVEL = 0.95
ALPHA = 1 - LEVEL
_TWO_SIDED = (1 + LEVEL) / 2
TEST_RUNS = 3
"""A test needs as many runs in each group."""
_WIDE = 2.0
"""Logarithms where the largest value is over twice the smallest."""
_EXACT = 8
"""Up to 8! = 40,320 permutations are all looked at."""
_DRAWN = 20_000
"""Else as many are drawn, always the same ones."""
_AT_ONCE = 1_000_000
"""Numbers that are permuted at once."""

_STUDENT = (
    12.706204736174694, 4.302652729749462, 3.1824463052837078, 2.7764451051977934, 2.5705818356363146,
    2.4469118511449786, 2.364624251592784, 2.306004135204166, 2.262157162798205, 2.228138851986274,
    2.200985160091639, 2.1788128296672284, 2.1603686564627913, 2.144786687917804, 2.131449545559776,
    2.1199052992212546, 2.1098155778333156, 2.1009220402410382, 2.0930240544083087, 2.085963447265864,
)  # fmt: skip
"""Student's 97.5 % quantiles for 1 to 20 degrees of freedom: most reports need no others, and scipy loads
for longer than their page renders."""

Bounds = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the values of a group say of it.

    Attributes:
        n: Values.
        mean: Arithmetic mean, on logarithms the geometric one.
        sd: Standard deviation (n - 1); on logarithms the geometric one, a factor. None for one value.
        range: Minimum and maximum.
        interval: Student's t interval of 95 % of the mean, cut at the metric's bounds; None for one value.
        scale: On which all this was computed.
    """

    n: int
    mean: float
    sd: float | None
    range: tuple[float, float]
    interval: tuple[float, float] | None
    scale: Scale


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two groups, or two values of an attribute over several blocks, compared.

    Attributes:
        difference: Of the means, first less second, on the scale (of natural logarithms on ``log``).
        error: Standard error of ``difference``.
        df: Degrees of freedom of Student's distribution; may be broken.
        p: Two-sided.
        runs: How many of the first and of the second took part.
        blocks: In how many blocks; 1 for two groups.
        scale: ``linear`` or ``log``.
    """

    difference: float
    error: float
    df: float
    p: float
    runs: tuple[int, int]
    blocks: int
    scale: Scale

    @property
    def effect(self) -> float:
        """The difference of the means; on logarithms the ratio of the geometric means."""
        return math.exp(self.difference) if self.scale == "log" else self.difference

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """The interval of ``effect`` at ``level``."""
        half = quantile(self.df, (1 + level) / 2) * self.error
        low, high = self.difference - half, self.difference + half
        return (_exp(low), _exp(high)) if self.scale == "log" else (low, high)


@dataclass(frozen=True, slots=True)
class Corrected:
    """A test's p after Holm's correction, and the level at which its interval agrees with it.

    Attributes:
        p: Corrected, at most 1.
        level: Of an interval that holds "no difference" exactly where ``p`` is above 0.05.
    """

    p: float
    level: float

    @property
    def found(self) -> bool:
        """Whether the test finds a difference."""
        return self.p <= ALPHA


@dataclass(frozen=True, slots=True)
class Trend:
    """A monotone trend of means over a numeric attribute.

    Attributes:
        rho: Spearman's rank correlation.
        n: Means.
        p: Two-sided, by permutation: of all of them up to 8 means, else of 20,000 drawn ones.
    """

    rho: float
    n: int
    p: float


def choose_scale(groups: Iterable[Sequence[float]], wanted: Scale | None = None) -> Scale:
    """The scale of a family's metric.

    Args:
        groups: The values of all groups, finite.
        wanted: What the list says, or the kind of family always takes; None leaves it to the data.

    Returns:
        ``log`` where all values are above 0 and the largest is over twice the smallest, or where it is
        wanted and all are above 0 (elsewhere there are no logarithms); else ``linear``.
    """
    values = [value for group in groups for value in group]
    if wanted == "linear" or not values or min(values) <= 0:
        return "linear"
    return "log" if wanted == "log" or max(values) > _WIDE * min(values) else "linear"


def estimate(values: Sequence[float], scale: Scale = "linear", bounds: Bounds = (None, None)) -> Estimate:
    """Mean, spread and interval of ``values``.

    Args:
        values: One or more, finite; above 0 on ``log``.
        scale: On which to compute.
        bounds: What the metric cannot be below, and above.
    """
    scaled = _scaled(values, scale)
    n, mean = len(scaled), _mean(scaled)
    back = _exp if scale == "log" else float
    low, high = min(values), max(values)
    if n == 1:
        return Estimate(1, values[0], None, (low, high), None, scale)
    sd = math.sqrt(_squares(scaled) / (n - 1))
    half = quantile(n - 1, _TWO_SIDED) * sd / math.sqrt(n)
    ends = (back(mean - half), back(mean + half)) if sd else (low, low)
    floor, ceiling = (
        -math.inf if bounds[0] is None else bounds[0],
        math.inf if bounds[1] is None else bounds[1],
    )
    return Estimate(
        n=n,
        mean=min(max(back(mean), low), high),
        sd=back(sd),
        range=(low, high),
        interval=(min(max(ends[0], floor), ceiling), min(max(ends[1], floor), ceiling)),
        scale=scale,
    )


def compare(
    blocks: Sequence[tuple[Sequence[float], Sequence[float]]], scale: Scale = "linear"
) -> Comparison | None:
    """Whether the first of each pair differ from the second.

    One pair is Welch's t test; where one is over twice as large as the other, the degrees of freedom are the
    smaller n - 1, since Satterthwaite's are too many there. Several pairs, the blocks, are runs that agree
    in all but what is compared: each run less its block's mean, the degrees of freedom less the blocks.
    That is the contrast of the additive two-way layout, exact for normal values of like spreads.

    Args:
        blocks: The values of both sides in each block, finite; above 0 on ``log``. A block with fewer than
            3 on
            a side is left out.
        scale: On which to compare.

    Returns:
        None where no block is left, or no side has any spread.
    """
    pairs = [
        (_scaled(first, scale), _scaled(second, scale))
        for first, second in blocks
        if min(len(first), len(second)) >= TEST_RUNS
    ]
    if not pairs:
        return None
    runs = (sum(len(first) for first, _ in pairs), sum(len(second) for _, second in pairs))
    found = _welch(*pairs[0]) if len(pairs) == 1 else _blocked(pairs)
    if found is None:
        return None
    difference, error, df = found
    p = 2 * _below(df, -abs(difference) / error)
    return Comparison(difference, error, df, p, runs, len(pairs), scale)


def holm(ps: Sequence[float]) -> tuple[Corrected, ...]:
    """Holm's correction of all tests that belong together, in the order given.

    A test is found where its corrected p is 0.05 or below; with all hypotheses true, that is any of them in
    at most 5 % of cases. The level of a test that is found is that of its step, of all others that of the
    first step that was not found, so interval and test never disagree.
    """
    order = sorted(range(len(ps)), key=lambda index: ps[index])
    corrected: list[Corrected | None] = [None] * len(ps)
    highest, stopped = 0.0, 0
    for rank, index in enumerate(order):
        left = len(ps) - rank
        highest = max(highest, min(1.0, left * ps[index]))
        if highest > ALPHA and not stopped:
            stopped = left
        corrected[index] = Corrected(highest, 1 - ALPHA / (stopped or left))
    return tuple(one for one in corrected if one is not None)


def p_beyond(
    values: Sequence[float], target: float, *, lower: bool = True, scale: Scale = "linear"
) -> float | None:
    """Student's one-sided p of the mean being at or short of ``target``: small where it is beyond.

    Args:
        values: Finite; above 0 on ``log``.
        target: To be reached.
        lower: Beyond is below; else above.
        scale: On which to test. A target of 0 or below has no logarithm: there the values are tested as
            they are.

    Returns:
        None for one value, or where all are equal.
    """
    if len(values) < 2 or min(values) == max(values):
        return None
    scaled = _scaled([*values, target], scale if target > 0 else "linear")
    scaled, aim = scaled[:-1], scaled[-1]
    error = math.sqrt(_squares(scaled) / (len(scaled) - 1) / len(scaled))
    t = (_mean(scaled) - aim) / error
    return _below(len(scaled) - 1, t if lower else -t)


def trend(x: Sequence[float], y: Sequence[float]) -> Trend | None:
    """Spearman's correlation of ``x`` and ``y`` with a permutation test.

    Returns:
        None for fewer than 3 pairs, or where all of one are equal.
    """
    import numpy as np

    n = len(x)
    if n < 3 or min(x) == max(x) or min(y) == max(y):
        return None
    first, second = (np.asarray(_ranks(values)) for values in (x, y))
    first, second = first - first.mean(), second - second.mean()
    norm = math.sqrt(float(first @ first) * float(second @ second))
    rho = float(first @ second) / norm
    limit = abs(rho) * norm * (1 - 1e-9)
    if n <= _EXACT:
        orders = np.array(list(itertools.permutations(range(n))))
        p = float(np.mean(np.abs(second[orders] @ first) >= limit))
    else:
        drawn = np.random.default_rng(0)
        seen, rows = 0, max(1, min(_DRAWN, _AT_ONCE // n))
        for start in range(0, _DRAWN, rows):
            orders = np.tile(second, (min(rows, _DRAWN - start), 1))
            seen += int(np.count_nonzero(np.abs(drawn.permuted(orders, axis=1) @ first) >= limit))
        p = (seen + 1) / (_DRAWN + 1)
    return Trend(max(-1.0, min(1.0, rho)), n, p)


def within_noise(difference: float, first: Sequence[float], second: Sequence[float]) -> bool | None:
    """Whether two runs' ends differ by less than chance makes them: by their entries' own scatter.

    The end windows are cut into at most 10 disjoint blocks each, so that neighbours that go together do not
    make the error too small; the difference is compared with Student's 97.5 % quantile times its standard
    error, 2b - 2 degrees of freedom for b blocks each.

    Args:
        difference: Of the means of the two windows.
        first: Means of the blocks of the first.
        second: Of the second.

    Returns:
        None where a window has one block only, and nothing tells its noise.
    """
    if min(len(first), len(second)) < 2:
        return None
    error = math.sqrt(sum(_squares(some) / (len(some) - 1) / len(some) for some in (first, second)))
    df = len(first) + len(second) - 2
    return abs(difference) <= quantile(df, _TWO_SIDED) * error


def _welch(first: Sequence[float], second: Sequence[float]) -> tuple[float, float, float] | None:
    """Difference, its standard error and degrees of freedom."""
    sizes = len(first), len(second)
    squares = [_squares(values) / (len(values) - 1) / len(values) for values in (first, second)]
    error = math.sqrt(sum(squares))
    if not error:
        return None
    if max(sizes) > 2 * min(sizes):
        df: float = min(sizes) - 1
    else:
        shares = [square / sum(squares) for square in squares]
        df = 1 / sum(share**2 / (n - 1) for share, n in zip(shares, sizes, strict=True))
    return _mean(first) - _mean(second), error, df


def _blocked(pairs: Sequence[tuple[Sequence[float], Sequence[float]]]) -> tuple[float, float, float] | None:
    """The same in several blocks."""
    weights = [len(first) * len(second) / (len(first) + len(second)) for first, second in pairs]
    apart = [_mean(first) - _mean(second) for first, second in pairs]
    total = math.fsum(weights)
    difference = math.fsum(weight * one for weight, one in zip(weights, apart, strict=True)) / total
    residual = math.fsum(
        _squares(first) + _squares(second) + weight * (one - difference) ** 2
        for (first, second), weight, one in zip(pairs, weights, apart, strict=True)
    )
    df = sum(len(first) + len(second) for first, second in pairs) - len(pairs) - 1
    error = math.sqrt(residual / df / total)
    return (difference, error, float(df)) if error else None


def _scaled(values: Sequence[float], scale: Scale) -> list[float]:
    return [math.log(value) for value in values] if scale == "log" else [float(value) for value in values]


def _mean(values: Sequence[float]) -> float:
    """Within the values' range, also where rounding would leave it."""
    return min(max(math.fsum(values) / len(values), min(values)), max(values))


def _squares(values: Sequence[float]) -> float:
    """Sum of squared deviations from the mean; exactly 0 where all values are equal."""
    if min(values) == max(values):
        return 0.0
    mean = _mean(values)
    return math.fsum((value - mean) ** 2 for value in values)


def _exp(value: float) -> float:
    """``exp``, infinite where it is beyond what a float holds."""
    return math.exp(value) if value < 709.0 else math.inf


def _ranks(values: Sequence[float]) -> list[float]:
    """From 1; equal values share the mean of theirs."""
    order = sorted(values)
    ends = {value: index for index, value in enumerate(order, 1)}
    counts = {value: order.count(value) for value in ends}
    return [ends[value] - (counts[value] - 1) / 2 for value in values]


def quantile(df: float, p: float) -> float:
    """Student's quantile for ``df`` degrees of freedom."""
    if p == _TWO_SIDED and df in range(1, len(_STUDENT) + 1):
        return _STUDENT[int(df) - 1]
    from scipy import special

    return float(special.stdtrit(df, p))


def _below(df: float, t: float) -> float:
    """Student's distribution function."""
    from scipy import special

    return float(special.stdtr(df, t))
