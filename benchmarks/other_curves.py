"""Events of curves that the thresholds were not chosen on: other shapes, other noise, other seeds.

``python -m benchmarks.other_curves [--curves N] [--seed N]``. Those that they were chosen on are in
``benchmarks.curve_events``. The tables stand in ``docs/statistics.md``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from itertools import accumulate
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from benchmarks.curve_events import Score, score

__all__ = ["EVENTFUL", "NOISES", "QUIET", "score_of"]

_Array = npt.NDArray[np.float64]
Noise = Callable[[np.random.Generator, int, float], _Array]
"""Generator, entries and level to what is added to the logarithms; the level is their standard deviation."""
Shape = Callable[[np.random.Generator, int], tuple[_Array, list[tuple[str, int]]]]
"""Generator and entries to logarithms, and the kind and place of each event."""

_Truth = list[tuple[str, int]]


def _autocorrelated(kept: float) -> Noise:
    """An AR(1) process, of which ``kept`` stays from one entry to the next."""

    def noise(rng: np.random.Generator, entries: int, level: float) -> _Array:
        drawn = rng.normal(0, level * (1 - kept**2) ** 0.5, entries)
        drawn[0] = rng.normal(0, level)
        return np.fromiter(accumulate(drawn, lambda last, own: kept * last + own), np.float64, entries)

    return noise


def _outliers(rng: np.random.Generator, entries: int, level: float) -> _Array:
    """One entry of a hundred is drawn from five times the spread."""
    return rng.normal(0, level, entries) * np.where(rng.random(entries) < 0.01, 5, 1)


def _growing(rng: np.random.Generator, entries: int, level: float) -> _Array:
    """From a third of the level to three times it, as where the noise stays and the loss falls."""
    return rng.normal(0, 1, entries) * level * np.geomspace(1 / 3, 3, entries)


def _batches(rng: np.random.Generator, entries: int, level: float) -> _Array:
    """Losses of small batches: gamma-distributed, skewed upwards."""
    shape = 1 / level**2
    return np.log(rng.gamma(shape, 1 / shape, entries))


NOISES: Mapping[str, Noise] = MappingProxyType(
    {
        "log-normal": lambda rng, entries, level: rng.normal(0, level, entries),
        "heavy tails (Student's t, 3 degrees of freedom)": lambda rng, entries, level: (
            rng.standard_t(3, entries) * level / 3**0.5
        ),
        "gamma, as of small batches": _batches,
        "1 % outliers of fivefold spread": _outliers,
        "growing ninefold over the run": _growing,
        "autocorrelated, 0.5": _autocorrelated(0.5),
        "autocorrelated, 0.9": _autocorrelated(0.9),
        "autocorrelated, 0.99": _autocorrelated(0.99),
    }
)


def _flat(_rng: np.random.Generator, entries: int) -> tuple[_Array, _Truth]:
    return np.zeros(entries), []


def _power(rng: np.random.Generator, entries: int) -> tuple[_Array, _Truth]:
    """From a shifted power law with a floor, as scaling laws have it."""
    x = np.arange(entries) + entries * rng.uniform(0.001, 0.05)
    falling = x ** -rng.uniform(0.2, 1.2)
    return np.log(falling / falling[0] + rng.uniform(0, 0.5)), []


def _decay(rng: np.random.Generator, entries: int) -> tuple[_Array, _Truth]:
    """A stretched exponential to a floor."""
    x = np.arange(entries) / (entries * rng.uniform(0.05, 0.5))
    return np.log(np.exp(-(x ** rng.uniform(0.4, 1))) + rng.uniform(0.01, 0.3)), []


def _cosine(rng: np.random.Generator, entries: int) -> tuple[_Array, _Truth]:
    """A power law under a cosine schedule, whose second half falls faster."""
    x = (np.arange(entries) + 1) / entries
    return -0.3 * np.log(x + 0.02) - rng.uniform(0.1, 0.6) * (1 - np.cos(np.pi * x)) / 2, []


def _stable_then_decay(rng: np.random.Generator, entries: int) -> tuple[_Array, _Truth]:
    """A power law, then a tenth to a fifth less over the last fifth, where the rate goes to 0."""
    x = (np.arange(entries) + 1) / entries
    return -0.2 * np.log(x + 0.02) - rng.uniform(0.1, 0.2) * np.clip((x - 0.8) / 0.2, 0, 1), []


def _double_descent(rng: np.random.Generator, entries: int) -> tuple[_Array, _Truth]:
    """Falls, rises by a factor of 1.2 to 2 over a third of the run, falls again."""
    x = np.arange(entries) / entries
    hump = np.log(rng.uniform(1.2, 2)) * np.exp(-(((x - rng.uniform(0.4, 0.6)) / 0.15) ** 2))
    return np.log(np.exp(-8 * x) + 0.3) + hump, []


QUIET: Mapping[str, Shape] = MappingProxyType(
    {
        "flat": _flat,
        "shifted power law with a floor": _power,
        "stretched exponential": _decay,
        "cosine schedule": _cosine,
        "stable, then a linear decay of the rate": _stable_then_decay,
        "double descent": _double_descent,
    }
)
"""Nothing happens in them."""


def _sigmoid(rng: np.random.Generator, entries: int) -> tuple[_Array, _Truth]:
    """A plateau that falls slowly by itself, and one drop, round at both ends."""
    at, wide = rng.uniform(0.2, 0.7), rng.uniform(0.002, 0.01)
    x = np.arange(entries) / entries
    depth = rng.uniform(np.log(2), np.log(1000))
    return -0.05 * x - depth / (1 + np.exp(-(x - at) / wide)), [("drop", int(at * entries))]


def _stairs(rng: np.random.Generator, entries: int) -> tuple[_Array, _Truth]:
    """Three drops from one entry to the next, by a factor of 1.6 to 10 each, a fifth of the run apart."""
    places = (np.array([0.2, 0.45, 0.7]) + rng.uniform(0, 0.05, 3)) * entries
    logs = np.zeros(entries)
    for at in places.astype(int):
        logs[at:] -= rng.uniform(np.log(1.6), np.log(10))
    return logs, [("drop", int(at)) for at in places]


def _relaxing(rng: np.random.Generator, entries: int) -> tuple[_Array, _Truth]:
    """A flat start, then a fall that slows exponentially: half of it is done after 0.7 of its time."""
    at, time = rng.uniform(0.2, 0.6), rng.uniform(0.003, 0.02)
    x = np.arange(entries) / entries
    depth = rng.uniform(np.log(3), np.log(1000))
    return -depth * -np.expm1(-np.maximum(x - at, 0) / time), [("drop", int((at + 0.7 * time) * entries))]


def _spike(rng: np.random.Generator, entries: int) -> tuple[_Array, _Truth]:
    """On a power law, with an exponential recovery."""
    at, wide = int(entries * rng.uniform(0.2, 0.8)), max(2.0, entries * rng.uniform(0.001, 0.01))
    since = np.arange(entries) - at
    height = np.log(rng.uniform(3, 30))
    up = np.where(since >= 0, height * np.exp(-np.maximum(since, 0) / wide), 0)
    return -0.3 * np.log(np.arange(entries) + 0.02 * entries) + up, [("spike", at)]


EVENTFUL: Mapping[str, Shape] = MappingProxyType(
    {
        "one round drop": _sigmoid,
        "three steps": _stairs,
        "a drop that slows": _relaxing,
        "a spike on a power law": _spike,
    }
)


def score_of(shape: Shape, noise: Noise, level: float, curves: int, entries: int, seed: int) -> Score:
    """Recall and precision of drops and spikes of such curves."""

    def make(rng: np.random.Generator, level: float, entries: int) -> tuple[_Array, _Truth]:
        logs, truth = shape(rng, entries)
        return np.exp(logs + noise(rng, entries, level)), truth

    return score(make, level, curves, entries, seed)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.other_curves")
    parser.add_argument("--curves", type=int, default=30)
    parser.add_argument("--seed", type=int, default=20_261_127)
    given = parser.parse_args()
    levels = (0.03, 0.1, 0.3)
    # Recall is that of ordinary noise: what other noise does is in what it invents.
    shapes = list(EVENTFUL)
    print("| entries | noise | " + " | ".join(shapes) + " |")
    print("| ---: | ---: |" + " ---: |" * len(shapes))
    for entries in (300, 3_000):
        for level in levels:
            cells = []
            for shape in EVENTFUL.values():
                one = score_of(shape, NOISES["log-normal"], level, given.curves, entries, given.seed)
                cells.append(f"{one.recall:.2f}, {one.precision:.2f}")
            print(f"| {entries:,} | {level:g} | " + " | ".join(cells) + " |", flush=True)
    print()
    print("| entries | noise | level | quiet: false events, mean | worst shape | one drop | one spike |")
    print("| ---: | --- | ---: | ---: | ---: | ---: | ---: |")
    for entries in (300, 3_000):
        for name, noise in NOISES.items():
            for level in levels:
                given_to = (noise, level, given.curves, entries, given.seed)
                quiet = [score_of(shape, *given_to).invented for shape in QUIET.values()]
                drop, spike = (
                    score_of(EVENTFUL[key], *given_to) for key in ("one round drop", "a spike on a power law")
                )
                found = " | ".join(f"{one.recall:.2f}, {one.precision:.2f}" for one in (drop, spike))
                mean = sum(quiet) / len(quiet)
                print(
                    f"| {entries:,} | {name} | {level:g} | {mean:.2f} | {max(quiet):.2f} | {found} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
