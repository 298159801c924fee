"""How often a report says something of groups that are alike, and how often it finds what differs.

``python -m benchmarks.reports [--cases N]``; every draw is that of a fixed seed. The tables stand in
``docs/statistics.md``.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from reportgen.comparisons import Contrast, contrasts, corrected
from reportgen.groups import Group, Grouping, measured
from reportgen.kinds import Scalar

__all__ = ["contrasts_of", "false_findings", "family", "grid", "groups_of", "settings"]

Draw = Callable[[np.random.Generator, int, int], npt.NDArray[np.float64]]
"""Generator, number of the group in its family and values -> (values,) float64."""
Cells = Sequence[tuple[dict[str, Scalar], int]]
"""Attributes of each group, and how many values it has."""


def normal(rng: np.random.Generator, _group: int, n: int) -> npt.NDArray[np.float64]:
    """Losses of 3.3 ± 0.02."""
    return rng.normal(3.3, 0.02, n)


def log_normal(spread: float) -> Draw:
    """Losses around 1e-8."""
    return lambda rng, _group, n: 1e-8 * rng.lognormal(0, spread, n)


def unlike(rng: np.random.Generator, group: int, n: int) -> npt.NDArray[np.float64]:
    """Equal means, spreads that differ threefold from one group to the next."""
    return rng.normal(3.3, 0.02 * (3 if group % 2 else 1), n)


def groups_of(sizes: Sequence[int]) -> Cells:
    """One attribute, a group of each size."""
    return [({"lr": index}, size) for index, size in enumerate(sizes)]


def grid(rates: int, decays: int, n: int) -> Cells:
    """Two attributes, every pair of their values, ``n`` values each."""
    return [({"lr": lr, "wd": wd}, n) for lr, wd in itertools.product(range(rates), range(decays))]


def family(rng: np.random.Generator, cells: Cells, draw: Draw, shift: Callable[[int], float]) -> Grouping:
    """Groups of one family; ``shift`` is added to the values of each."""
    groups = tuple(
        Group(attributes, (), (), (), tuple((draw(rng, index, n) + shift(index)).tolist()))
        for index, (attributes, n) in enumerate(cells)
    )
    return measured(Grouping(groups, (), ""))


def contrasts_of(
    rng: np.random.Generator,
    families: int,
    cells: Cells,
    draw: Draw,
    shift: Callable[[int], float] = lambda _: 0.0,
) -> list[Contrast]:
    """All tests of one report, corrected."""
    made = [contrasts(family(rng, cells, draw, shift)) for _ in range(families)]
    return [one for some in corrected(made) for one in some]


def false_findings(families: int, cells: Cells, draw: Draw, cases: int) -> float:
    """How often a report whose groups are alike has a test that is found."""
    rng = np.random.default_rng(0)
    false = 0
    for _ in range(cases):
        false += any(
            one.corrected is not None and one.corrected.found
            for one in contrasts_of(rng, families, cells, draw)
        )
    return false / cases


def settings() -> list[tuple[str, int, Cells]]:
    """Name, families and groups of the reports that are looked at."""
    return [
        ("one family, 2 groups of 3", 1, groups_of((3, 3))),
        ("one family, groups of 3 and 10", 1, groups_of((3, 10))),
        ("one family, 10 groups of 3", 1, groups_of((3,) * 10)),
        ("one family, 10 groups of 2 and of 10", 1, groups_of((2, 10) * 5)),
        ("one family, 4 × 4 grid of 3", 1, grid(4, 4, 3)),
        ("one family, 6 × 6 grid of 5", 1, grid(6, 6, 5)),
        ("10 families, 2 groups of 3", 10, groups_of((3, 3))),
        ("30 families, 3 groups of 3", 30, groups_of((3,) * 3)),
        ("10 families, 4 × 4 grid of 3", 10, grid(4, 4, 3)),
    ]


def _power(cells: Cells, spreads: float, cases: int) -> tuple[float, float]:
    """How often rate 0, so many spreads lower, is told from another rate, and from all three."""
    rng = np.random.default_rng(0)
    lower = {index for index, (attributes, _) in enumerate(cells) if attributes["lr"] == 0}
    pairs = found = every = 0
    for _ in range(cases):
        made = contrasts_of(rng, 1, cells, normal, lambda index: -0.02 * spreads if index in lower else 0.0)
        mine = [
            one.corrected is not None and one.corrected.found
            for one in made
            if one.kind in ("values", "groups") and any(side.attributes.get("lr") == 0 for side in one.sides)
        ]
        pairs += len(mine)
        found += sum(mine)
        every += all(mine)
    return found / pairs, every / cases


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reports")
    parser.add_argument("--cases", type=int, default=2_000)
    cases = parser.parse_args().cases
    draws: list[tuple[str, Draw]] = [
        ("normal", normal),
        ("log-normal, 0.3", log_normal(0.3)),
        ("log-normal, 1", log_normal(1.0)),
        ("log-normal, 2", log_normal(2.0)),
        ("spreads 1 and 3", unlike),
    ]
    print("| report | " + " | ".join(name for name, _ in draws) + " |")
    print("| --- |" + " ---: |" * len(draws))
    for name, families, cells in settings():
        some = max(200, cases // families)
        cells_text = (f"{100 * false_findings(families, cells, draw, some):.1f}" for _, draw in draws)
        print(f"| {name} | " + " | ".join(cells_text) + " |", flush=True)
    print("\n| groups | lower by | told from another | from all three |\n| --- | ---: | ---: | ---: |")
    for name, cells in [("4 × 4 grid of 3", grid(4, 4, 3)), ("4 groups of 3", groups_of((3,) * 4))]:
        for spreads in (1, 2, 4):
            one, every = _power(cells, spreads, cases // 2)
            print(f"| {name} | {spreads} | {100 * one:.0f} | {100 * every:.0f} |", flush=True)


if __name__ == "__main__":
    main()
