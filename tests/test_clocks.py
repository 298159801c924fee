"""Other axes of a figure: epochs, tokens, time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reportgen.curves.summary import Curve
from reportgen.figures import families
from reportgen.figures.clocks import clocks_of, with_clocks
from reportgen.figures.plot import Line
from reportgen.figures.style import line_styles
from tests import samples


def curve(step: list[int], **axes: list[float]) -> Curve:
    values = np.ones(len(step))
    places = {name: np.array(axis, dtype=np.float64) for name, axis in axes.items()}
    return Curve(step[-1] + 1, np.array(step), values, values, values, axes=places)


@given(st.lists(st.tuples(st.integers(1, 1000), st.floats(0, 1e6)), min_size=2, max_size=200))
def test_few_corners_tell_where_all_points_are(gaps: list[tuple[int, float]]) -> None:
    step = np.cumsum([gap for gap, _ in gaps])
    place = np.cumsum([gap for _, gap in gaps])
    found = clocks_of(curve(step.tolist(), time=place.tolist())).get("time")
    if place[0] == place[-1]:
        assert found is None
        return
    assert found is not None
    away = np.abs(np.interp(step, *found) - place)
    assert away.max() <= (place[-1] - place[0]) / 4_000 * (1 + 1e-9)
    assert set(found[0]) <= set(step.tolist())


def test_a_straight_axis_is_two_points() -> None:
    steps = list(range(0, 5_000, 7))
    found = clocks_of(curve(steps, tokens=[4096.0 * step for step in steps]))
    assert found == {"tokens": ((0.0, float(steps[-1])), (0.0, 4096.0 * steps[-1]))}


def test_what_falls_back_stands_still_or_is_missing_is_no_axis() -> None:
    found = clocks_of(
        curve([1, 2, 3], epoch=[0.0, 2.0, 1.0], tokens=[5.0, 5.0, 5.0], time=[np.nan, np.nan, 1.0])
    )
    assert found == {}
    assert clocks_of(curve([1, 2, 3], epoch=[0.0, np.nan, 1.0])) == {"epoch": ((1.0, 3.0), (0.0, 1.0))}


def test_an_axis_needs_all_runs_and_time_has_a_fitting_unit() -> None:
    def line(slug: str, **axes: list[float]) -> Line:
        run = samples.run_report(slug, np.linspace(3, 1, 4), slug=slug)
        step = run.summary.curve
        run = samples.with_summary(
            run, curve=replace(step, axes={name: np.array(axis) for name, axis in axes.items()})
        )
        return families.run_line(run, line_styles(samples.family_report("A", [run]))[0], slug)

    both = [
        line("a", time=[0.0, 60.0, 120.0, 10_800.0], epoch=[0.0, 1.0, 2.0, 3.0]),
        line("b", time=[10.0, 20.0, 30.0, 7_200.0]),
    ]
    made, ranges, titles = with_clocks(both)
    assert titles == {"time": "Time of training (hours)"}
    assert ranges == {"time": (0.0, 3.0)}
    assert [one.clocks["time"][1][-1] for one in made] == [3.0, 2.0]
    assert [list(one.clocks) for one in made] == [["time"], ["time"]]
    _, ranges, titles = with_clocks(both[:1], "epoch")
    assert list(ranges) == ["time"]


def test_a_group_has_the_axes_that_its_runs_have_alike() -> None:
    runs = []
    for seed in range(3):
        run = samples.run_report(f"m-s{seed}", samples.losses(60, seed=seed), attrs={"m": 1, "seed": seed})
        axes = {"epoch": run.summary.curve.step / 20, "time": run.summary.curve.step * (1.0 + seed)}
        runs.append(samples.with_summary(run, curve=replace(run.summary.curve, axes=axes)))
    other = samples.run_report("n", samples.losses(60), attrs={"m": 2, "seed": 0})
    plot = families.seeds(samples.family_report("Seeds", [*runs, other]))
    assert plot is not None
    assert [(line.runs, list(line.clocks)) for line in plot.lines] == [
        (tuple(run.slug for run in runs), ["epoch"])
    ]
    assert plot.x.ranges["epoch"] == (0.0, 59 / 20)
