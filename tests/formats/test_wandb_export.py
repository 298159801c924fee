"""Charts that W&B exported, against what was typed."""

from __future__ import annotations

import math

import pytest
from format_files import Bytes, read, taken

from reportgen.formats.wandb_export import FORMAT
from reportgen.kinds import Unreadable

A, B = "a - run: x/y - train/loss", "b - train/loss"


def chart(*rows: str, axis: str = "Step", columns: tuple[str, ...] = (A, B)) -> list[Bytes]:
    head = [axis, *(name + ending for name in columns for ending in ("", "__MIN", "__MAX"))]
    lines = [",".join(f'"{cell}"' for cell in head), *rows]
    return [Bytes("export.csv", "\n".join(lines).encode())]


def cells(first: str, *values: str) -> str:
    return ",".join(f'"{cell}"' for cell in (first, *(value for value in values for _ in range(3))))


FILES = chart(
    cells("0", "3.5", "4"), cells("10", "2.5", ""), cells("25", "NaN", "2"), cells("30", "", "-Infinity")
)


def test_columns_are_runs() -> None:
    assert taken(FORMAT, FILES) == FILES
    assert FORMAT.runs(FILES, {}) == ["a - run: x/y", "b"]
    one, other = (read(FORMAT, FILES, name).series["loss"] for name in ("a - run: x/y", "b"))
    assert repr(one.values.tolist()) == "[3.5, 2.5, nan]"
    assert other.values.tolist() == [4.0, 2.0, -math.inf]
    assert one.steps is not None and other.steps is not None
    assert one.steps.tolist() == [0, 10, 25]
    assert other.steps.tolist() == [0, 25, 30]
    assert one.source_name == "train/loss"


def test_rows_and_cells_that_are_no_numbers_are_counted() -> None:
    run = read(FORMAT, chart(cells("0", "3", "4"), cells("x", "1", "1"), "", cells("2", "much", "5")), "b")
    assert run.series["loss"].values.tolist() == [4.0, 5.0]
    assert run.notes[-1] == "Rows and cells that are not numbers were left out: 2."


def test_an_axis_without_whole_numbers_counts_rows() -> None:
    run = read(
        FORMAT, chart(cells("0.5", "3", "4"), cells("1.5", "2", "1"), axis="Relative Time (Process)"), "b"
    )
    one = run.series["loss"]
    assert one.steps is not None
    assert one.steps.tolist() == [0, 1]
    assert one.axes["time"].tolist() == [0.0, 1.0]


def test_a_run_that_is_not_there_is_said() -> None:
    with pytest.raises(Unreadable, match="has no run c; it has: a - run: x/y, b"):
        read(FORMAT, FILES, "c")


@pytest.mark.parametrize(
    "text",
    [
        "Name,epoch,val_loss\nx,1,0.5\n",
        "Step,loss\n1,2\n",
        "Step,a - loss\n1,2\n",
        "Step,a - loss,a - loss__MIN,a - loss__MAX,b\n1,2,2,2,2\n",
        "",
        "Step\n",
    ],
)
def test_tables_of_other_kinds_are_none(text: str) -> None:
    files = [Bytes("export.csv", text.encode())]
    assert not taken(FORMAT, files)
    with pytest.raises(Unreadable):
        FORMAT.read(files, "a", {})


def test_charts_side_by_side_are_one_store_of_a_metric_each() -> None:
    (loss,) = chart(cells("0", "3", "4"), cells("10", "2", "1"))
    (accuracy,) = chart(
        cells("10", "0.5", "0.25"), axis="epoch", columns=("b - val/acc", "c - val/acc")
    )  # Another axis, and another run.
    (again,) = chart(cells("0", "9", "9"))
    files = [Bytes("1.csv", loss.data), Bytes("2.csv", accuracy.data), Bytes("3.csv", again.data)]
    beside = Bytes("log.csv", b"step,loss\n0,1\n")
    assert taken(FORMAT, [*files, beside]) == files
    assert FORMAT.runs(files, {}) == ["a - run: x/y", "b", "c"]
    b = read(FORMAT, files, "b")
    assert b.series["loss"].values.tolist() == [4, 1]
    assert b.series["val/acc"].values.tolist() == [0.5]
    assert b.series["val/acc"].step_unit == "epoch"
    assert "What 3.csv repeats was left out: train/loss." in b.notes
    assert list(read(FORMAT, files, "c").series) == ["val/acc"]
