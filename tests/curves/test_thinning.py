"""Where points are, and that their ranges tile all steps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.curves.thinning import point_entries, range_edges

STEPS = st.one_of(st.integers(1, 3_000), st.integers(1, 10**12))


@given(STEPS, st.integers(2, 900))
def test_points_are_even_and_hold_both_ends(steps: int, points: int) -> None:
    step = point_entries(steps, points).tolist()
    assert len(step) == min(points, steps)
    assert (step[0], step[-1]) == (0, steps - 1)
    apart = np.diff(step)
    if steps > 1:
        assert apart.min() >= 1
        assert apart.max() - apart.min() <= 1
    last = len(step) - 1
    for k, at in enumerate(step):
        assert 2 * abs(at * last - k * (steps - 1)) <= last


@given(STEPS, st.integers(2, 900))
def test_ranges_tile_all_steps_and_hold_their_points(steps: int, points: int) -> None:
    step = point_entries(steps, points)
    edges = range_edges(step, steps)
    assert (edges[0], edges[-1]) == (0, steps)
    assert (edges[:-1] <= step).all()
    assert (step < edges[1:]).all()


@pytest.mark.parametrize(
    ("steps", "points", "expected"),
    [
        (1, 800, [0]),
        (2, 800, [0, 1]),
        (10, 4, [0, 3, 6, 9]),
        (11, 4, [0, 3, 7, 10]),
        (12, 4, [0, 4, 7, 11]),
        (6, 3, [0, 3, 5]),
    ],
)
def test_points_worked_out_by_hand(steps: int, points: int, expected: list[int]) -> None:
    assert point_entries(steps, points).tolist() == expected


def test_a_range_reaches_half_way() -> None:
    assert range_edges(np.array([0, 3, 7, 10]), 11).tolist() == [0, 2, 6, 9, 11]
