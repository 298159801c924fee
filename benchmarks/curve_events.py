"""How many of the events that were put into curves are found, and how many found ones were put there.

``python -m benchmarks.curve_events [--curves N]``; every draw has a fixed seed. Noise is log-normal, of each
entry. The tables stand in ``docs/statistics.md``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen.curves.events import events_of
from reportgen.curves.summary import Event

__all__ = ["Score", "drop_curve", "quiet_curve", "score", "spike_curve"]

_Array = npt.NDArray[np.float64]
NOISES = (0.01, 0.03, 0.1, 0.3, 1.0)


@dataclass(frozen=True)
class Score:
    """What came of some curves.

    Attributes:
        recall: Of the events that are there, how many were found; NaN where there are none.
        precision: Of those found, how many are there; NaN where none was found.
        invented: Events found a curve that are not there.
    """

    recall: float
    precision: float
    invented: float


def drop_curve(rng: np.random.Generator, noise: float, entries: int) -> tuple[_Array, list[tuple[str, int]]]:
    """A plateau of 15 to 60 % of the run and a drop by a factor of 2 to 1,000 over 0.5 to 5 % of it."""
    at = int(entries * rng.uniform(0.15, 0.6))
    wide = max(1, int(entries * rng.uniform(0.005, 0.05)))
    depth = rng.uniform(np.log(2), np.log(1000))
    logs = -depth * np.clip((np.arange(entries) - at) / wide, 0, 1)
    return np.exp(logs + rng.normal(0, noise, entries)), [("drop", at + wide // 2)]


def spike_curve(rng: np.random.Generator, noise: float, entries: int) -> tuple[_Array, list[tuple[str, int]]]:
    """A slow fall with one spike by a factor of 3 to 30 that decays over 0.2 to 2 % of the run."""
    at = int(entries * rng.uniform(0.2, 0.8))
    wide = max(3, int(entries * rng.uniform(0.002, 0.02)))
    logs = 1.0 - 0.5 * np.arange(entries) / entries
    logs[at : at + wide] += np.log(rng.uniform(3, 30)) * np.linspace(1, 0, wide)
    return np.exp(logs + rng.normal(0, noise, entries)), [("spike", at)]


def quiet_curve(rng: np.random.Generator, noise: float, entries: int) -> tuple[_Array, list[tuple[str, int]]]:
    """Nothing happens: flat, a power law, an exponential, or the fall of a cosine schedule."""
    x = (np.arange(entries) + 1) / entries
    kind = rng.integers(4)
    logs = (
        np.zeros(entries),
        -rng.uniform(0.05, 0.5) * np.log(x * entries),
        -rng.uniform(0.1, 9) * x,
        0.3 * np.cos(np.pi * x),
    )[kind]
    return np.exp(logs + rng.normal(0, noise, entries)), []


_Maker = Callable[[np.random.Generator, float, int], tuple[_Array, list[tuple[str, int]]]]


def score(make: _Maker, noise: float, curves: int, entries: int = 5_000, seed: int = 0) -> Score:
    """Recall and precision of drops and spikes; one counts as found within 2 % of the run of its place."""
    rng = np.random.default_rng(seed)
    there = hits = named = 0
    for _ in range(curves):
        values, truth = make(rng, noise, entries)
        found = [
            event
            for event in events_of([(values, np.arange(entries, dtype=np.int64))])[0]
            if event.kind in ("drop", "spike")
        ]
        there += len(truth)
        named += len(found)
        hits += sum(any(_is(event, kind, at, entries) for event in found) for kind, at in truth)
    return Score(
        hits / there if there else float("nan"),
        hits / named if named else float("nan"),
        (named - hits) / curves,
    )


def _is(event: Event, kind: str, at: int, entries: int) -> bool:
    return event.kind == kind and abs(event.step - at) <= 0.02 * entries


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.curve_events")
    parser.add_argument("--curves", type=int, default=300)
    curves = parser.parse_args().curves
    print(
        "| entries | noise | drops: recall | precision | spikes: recall | precision | quiet: false events |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for entries in (100, 500, 5_000, 50_000):
        for noise in NOISES:
            drops, spikes, quiet = (
                score(make, noise, curves, entries) for make in (drop_curve, spike_curve, quiet_curve)
            )
            cells = (drops.recall, drops.precision, spikes.recall, spikes.precision)
            numbers = " | ".join(f"{cell:.2f}" for cell in cells)
            print(f"| {entries:,} | {noise:g} | {numbers} | {quiet.invented:.3f} |", flush=True)


if __name__ == "__main__":
    main()
