"""Chunks of a page of many runs: what is packed comes back, to half a code at most."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from reportgen.outputs.packed import CODES, coded, packed
from reportgen.outputs.page_tables import Pool, held_table
from reportgen.tables import Cell, Column, Row, Table
from tests.page_chunks import unpacked


@given(
    arrays.arrays(
        np.float64,
        st.integers(0, 40),
        elements=st.one_of(
            st.floats(width=64), st.floats(1e-9, 3), st.floats(3.2, 3.3), st.just(0.0), st.just(float("nan"))
        ),
    )
)
def test_a_value_is_off_by_half_a_code_at_most(values: np.ndarray) -> None:
    made = coded(values)
    (found,) = unpacked(packed({}, [made]))[1]
    finite = np.isfinite(values)
    if made.says[0] in "ul":
        low, high = made.says[2:]
        half = (high - low) / CODES / 2
        scale = np.abs(values[finite]) if made.says[0] == "l" else 1.0
        rounding = 1e-12 * np.abs(values[finite]) + 1e-300
        assert np.all(np.abs(found[finite] - values[finite]) <= half * scale * 1.001 + rounding)
        assert np.array_equal(np.isfinite(found), finite)
        # No pixel shows it: of a log axis a two-hundredth at 600 pixels, of a linear one less.
        assert half * 600 <= (high - low) / 200
    elif made.says[0] == "f":
        assert np.array_equal(found, values.astype(np.float32), equal_nan=True)
    else:
        assert np.array_equal(found, values, equal_nan=True)


@given(st.lists(st.integers(-(2**31) + 1, 2**31 - 1), max_size=30))
def test_whole_numbers_stay_exact(values: list[int]) -> None:
    (found,) = unpacked(packed({}, [coded(np.array(values, dtype=np.int64))]))[1]
    assert found.tolist() == values


def test_text_and_several_arrays_come_back() -> None:
    parts = [np.arange(5), np.array([1.0, 2.0]), np.array([])]
    content, found = unpacked(packed({"html": "<b>ü</b>", "base": 3}, [coded(one) for one in parts]))
    assert content == {"html": "<b>ü</b>", "base": 3}
    assert [one.tolist() for one in found] == [[0, 1, 2, 3, 4], [1.0, 2.0], []]


def test_small_values_beside_zero_are_kept_in_full() -> None:
    """Even codes from 0 to 3 would make 1e-9 a zero, which a log axis cannot show."""
    values = np.array([0.0, 1e-9, 3.0])
    assert coded(values).says[0] == "f"


def test_a_row_and_a_cell_of_several_runs_keep_whose_they_are() -> None:
    columns = (Column("label", "Group", "text"), Column("mean", "Mean", "number"))
    rows = tuple(
        Row((Cell(name, name), Cell(1.0, "1", members=members[:1])), members=members)
        for name, members in (("a", ("x", "z")), ("b", ("y",)))
    )
    held = held_table(Table(columns, rows), Pool(), {"x": 0, "y": 1, "z": 2})
    assert held["runs"] is None
    assert held["members"] == [[0, 2], [1]]
    assert held["columns"][1]["members"] == [[0], [1]]
