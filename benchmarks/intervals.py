"""How often intervals hold the mean and tests find what is there: the tables of ``docs/statistics.md``.

``python -m benchmarks.intervals [--cases N]``; every draw is that of a fixed seed. The code measured is the
report's own, the scale chosen by each case's data as in a report.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen.inference import ALPHA, choose_scale, compare, estimate

__all__ = ["Kind", "coverage", "found", "kinds"]

_Array = npt.NDArray[np.float64]
_SIZES = (2, 3, 5, 10)


@dataclass(frozen=True)
class Kind:
    """A kind of data.

    Attributes:
        name: In words.
        draw: Generator and shape to values; the second group of a test is shifted by ``moved``.
        arithmetic: Its true mean.
        geometric: Its true geometric mean, NaN where it has none.
        bounds: What the metric cannot be below, and above.
    """

    name: str
    draw: Callable[[np.random.Generator, tuple[int, ...]], _Array]
    arithmetic: float
    geometric: float
    bounds: tuple[float | None, float | None] = (None, None)


def kinds() -> tuple[Kind, ...]:
    """The kinds of data that are looked at."""
    return (
        Kind(
            "normal, as losses of 3.3 ± 0.02", lambda rng, shape: rng.normal(3.3, 0.02, shape), 3.3, math.nan
        ),
        Kind("normal around 0", lambda rng, shape: rng.normal(0, 1, shape), 0.0, math.nan),
        *(_log_normal(spread) for spread in (0.3, 1.0, 2.0)),
        _accuracy("accuracy 0.98, errors log-normal of spread 0.3", 0.02, 0.3),
        _accuracy("accuracy 0.98, errors log-normal of spread 1", 0.02, 1.0),
        _accuracy("accuracy 0.999, errors log-normal of spread 1", 0.001, 1.0),
    )


def coverage(kind: Kind, n: int, cases: int) -> float:
    """How often the interval of ``n`` values holds the true mean of the kind that it gives."""
    drawn = kind.draw(np.random.default_rng(n), (cases, n))
    held = 0
    for values in drawn.tolist():
        scale = choose_scale([values])
        made = estimate(values, scale, kind.bounds)
        truth = kind.geometric if scale == "log" else kind.arithmetic
        assert made.interval is not None
        held += made.interval[0] <= truth <= made.interval[1]
    return held / cases


def found(
    draw: Callable[[np.random.Generator, tuple[int, ...]], _Array],
    sizes: tuple[int, int],
    cases: int,
    *,
    shift: float = 0.0,
    stretch: float = 1.0,
    on_log: bool = False,
) -> float:
    """How often two groups are told apart.

    Args:
        draw: Values of a group, of spread 1 (of their logarithms with ``on_log``).
        sizes: Values of the two groups.
        cases: How many.
        shift: Of the second group's mean, in spreads.
        stretch: The second group's spread.
        on_log: The values are exponentials of what is drawn.
    """
    rng = np.random.default_rng(sum(sizes))
    first, second = (draw(rng, (cases, size)) for size in sizes)
    second = second * stretch + shift
    if on_log:
        first, second = np.exp(first), np.exp(second)
    hits = 0
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        made = compare([(one, other)], choose_scale([one, other]))
        hits += made is not None and made.p <= ALPHA
    return hits / cases


def _log_normal(spread: float) -> Kind:
    return Kind(
        f"log-normal of spread {spread:g}",
        lambda rng, shape: rng.lognormal(0, spread, shape),
        math.exp(spread**2 / 2),
        1.0,
    )


def _accuracy(name: str, error: float, spread: float) -> Kind:
    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> _Array:
        return np.maximum(0.0, 1 - error * rng.lognormal(0, spread, shape))

    large = draw(np.random.default_rng(1), (4_000_000,))
    return Kind(name, draw, float(large.mean()), math.nan, (0.0, 1.0))


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> _Array:
    return rng.normal(0, 1, shape)


def _tables(cases: int) -> Iterator[str]:
    yield "| data | " + " | ".join(f"n = {n}" for n in _SIZES) + " |"
    yield "| --- |" + " ---: |" * len(_SIZES)
    for kind in kinds():
        cells = (f"{100 * coverage(kind, n, cases):.1f}" for n in _SIZES)
        yield f"| {kind.name} | " + " | ".join(cells) + " |"
    yield ""
    yield "| sizes | spreads | alike | 1 apart | 2 apart | 3 apart | 4 apart |"
    yield "| --- | --- |" + " ---: |" * 5
    for sizes in ((3, 3), (5, 5), (10, 10), (3, 6), (3, 10), (10, 3)):
        for stretch in (1.0, 3.0):
            cells = (
                f"{100 * found(_normal, sizes, cases, shift=shift, stretch=stretch):.1f}"
                for shift in range(5)
            )
            yield f"| {sizes[0]}, {sizes[1]} | 1, {stretch:g} | " + " | ".join(cells) + " |"
    for sizes in ((3, 3), (5, 5), (10, 10)):
        cells = (f"{100 * found(_normal, sizes, cases, shift=shift, on_log=True):.1f}" for shift in range(5))
        yield f"| {sizes[0]}, {sizes[1]} | log-normal of 1 | " + " | ".join(cells) + " |"


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intervals")
    parser.add_argument("--cases", type=int, default=20_000)
    for line in _tables(parser.parse_args().cases):
        print(line, flush=True)


if __name__ == "__main__":
    main()
