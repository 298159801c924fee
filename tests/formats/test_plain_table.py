"""Tables of numbers alone: what is read of them at once is what is read of them cell by cell."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.formats import tables
from reportgen.formats.plain_table import plain_columns
from reportgen.formats.tables import Table, table_of
from reportgen.kinds import Unreadable

CELL = st.one_of(
    st.floats().map(repr),
    st.integers(-(10**30), 10**30).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map("{:+.20E}".format),
    st.sampled_from(["1.", ".5", "007", "1e999", "-0", "5e-324", "0.1", "1e-400"]),
)
ODD = st.sampled_from(
    ["", " ", "x", "1_0", "0x10", '"1"', "#", "1,5", "e", ".", "1e", "+-1", "1 2", "\x00", "é"]
)
DELIMITER = st.sampled_from(",\t;|")
END = st.sampled_from(["\n", "\r\n", "\r", "\n\n"])


def text(rows: list[list[str]], delimiter: str, end: str) -> bytes:
    return end.join(delimiter.join(row) for row in rows).encode()


def told(table: Table) -> object:
    columns = [
        (one.name, one.values.tobytes(), one.logged.tobytes(), one.others, list(one.texts))
        for one in table.columns.values()
    ]
    return list(table.columns), columns, table.rows, table.notes, dict(table.config)


def both(data: bytes, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What is made of a file at once, and cell by cell."""
    found: list[object] = []
    for way in (plain_columns, lambda _data: None):
        with monkeypatch.context() as patched:
            patched.setattr(tables, "plain_columns", way)
            try:
                found.append(told(table_of(data, "log.csv")))
            except Unreadable as error:
                found.append(str(error))
    return found


@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8), DELIMITER)
def test_numbers_are_those_that_python_reads(rows: list[list[str]], delimiter: str) -> None:
    found = plain_columns(text([["step", "loss", "loss"], *rows], delimiter, "\n"))
    words = any(cell.strip("+-.eE0123456789") for row in rows for cell in row)
    assert (found is None) == words  # inf and nan are words
    if found is not None:
        assert list(found[0]) == ["step", "loss", "loss (2)"]
        for place, one in enumerate(found[0].values()):
            expected = np.array([float(row[place]) for row in rows])
            assert one.values.tobytes() == expected.tobytes()
        assert found[1] == len(rows)


@given(
    header=st.lists(
        st.sampled_from(["step", "loss", "a b", "é", "1", "", "#x", "{", "e"]), min_size=1, max_size=4
    ),
    rows=st.lists(st.lists(st.one_of(CELL, CELL, CELL, ODD), min_size=1, max_size=4), max_size=6),
    square=st.booleans(),
    delimiter=DELIMITER,
    end=END,
    tail=st.sampled_from(["", "\n", "\r\n", "\n\n", ",", "\0"]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf", b"\n"]),
)
def test_any_table_is_read_alike_both_ways(header, rows, square, delimiter, end, tail, mark) -> None:
    if square:
        rows = [(row * 4)[: len(header)] for row in rows]
    data = mark + text([header, *rows], delimiter, end) + tail.encode()
    with pytest.MonkeyPatch.context() as monkeypatch:
        at_once, by_cells = both(data, monkeypatch)
    assert at_once == by_cells


@pytest.mark.parametrize(
    "data",
    [
        b"step\tloss\n1\t0.5\n2\t\n",
        b"step,loss\n1,0.5\n2,x\n",
        b"step,loss\n1,0.5\nstep,loss\n1,0.25\n",
        b'step,loss\n1,"0.5"\n',
        b"step,loss\n1,0.5\n2\n",
        b"step;loss\n1;0,5\n",
        b"1,2\n3,4\n",
        b"step,loss\n",
        b"",
    ],
)
def test_what_is_unusual_is_left_to_the_other_way(data: bytes) -> None:
    assert plain_columns(data) is None


@given(
    rows=st.lists(st.lists(st.one_of(CELL, st.just("")), min_size=3, max_size=3), min_size=1, max_size=8),
    delimiter=DELIMITER,
    end=END,
    last=st.booleans(),
)
def test_empty_cells_are_read_alike_both_ways(rows, delimiter, end, last) -> None:
    data = text([["step", "loss", "eval_loss"], *rows], delimiter, end) + end.encode() * last
    with pytest.MonkeyPatch.context() as monkeypatch:
        at_once, by_cells = both(data, monkeypatch)
    assert at_once == by_cells


def test_nothing_is_logged_where_a_cell_is_empty() -> None:
    found = plain_columns(b"step,loss,eval_loss\n1,0.5,\n,,\n3,,0.25")
    assert found is not None
    logged = {key: one.values[one.logged].tolist() for key, one in found[0].items()}
    assert logged == {"step": [1, 3], "loss": [0.5], "eval_loss": [0.25]}
    assert found[1] == 3


@pytest.mark.parametrize(("row", "most"), [(b"%d,%.17g\n", 80), (b"%d,%.17g,\n", 130)])
def test_a_long_table_takes_little_memory(row: bytes, most: int) -> None:
    entries = 100_000
    header = b"step,loss" + b",eval_loss" * row.count(b",\n") + b"\n"
    data = header + b"".join(row % (step, math.exp(-step / 1e4)) for step in range(entries))
    tracemalloc.start()
    table = table_of(data, "log.csv")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert table.rows == entries
    assert peak < most * entries  # With a text a cell it was 400.
