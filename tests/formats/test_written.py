"""Numbers as people and programs write them, against the numbers that were written."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from format_files import Bytes, read
from hypothesis import given
from hypothesis import strategies as st

from reportgen.formats import read_run
from reportgen.formats.tables import TABLES
from reportgen.formats.written import as_written
from reportgen.kinds import RunFile, Unreadable

STEPS = list(range(0, 24_000, 2_000))
LOSSES = [3 - number / 10 for number in range(len(STEPS))]


def table(*rows: str, name: str = "log.csv") -> RunFile:
    return read(TABLES, [Bytes(name, "\n".join(rows).encode())])


def rows(separator: str, step: str, loss: str) -> list[str]:
    """Each step and loss, as the two ways of writing say."""
    return [
        separator.join((step.format(number), loss.format(value)))
        for number, value in zip(STEPS, LOSSES, strict=True)
    ]


def swapped(lines: list[str]) -> list[str]:
    """With commas where there were points, and points where there were commas."""
    return [line.translate(str.maketrans(",.", ".,")) for line in lines]


@pytest.mark.parametrize(
    "lines",
    [
        rows(",", '"{:,}"', "{:.3f}"),
        rows(",", '"{:,}"', "{:.2f}"),
        rows(";", "{:,}", "{:.2f}"),
        rows(";", "{:,}", "{:.3f}"),
        rows("\t", "{:,}", "{:.4e}"),
        swapped(rows(";", "{:,}", "{:.1f}")),
        swapped(rows(";", "{:,}", "{:.3f}")),
        swapped(rows("\t", "{:,}", "{:.5f}")),
        [line.replace(",", "\u202f", 1) for line in rows(";", "{:,}", "{:.2f}")],
        [line.replace(",", "'", 1) for line in rows(";", "{:,}", "{:.2f}")],
        rows(",", "{}/24000", "{:.2f}"),
        rows(",", "[{} / 24000]", "{:.2f}"),
        rows(",", "{}.0", "np.float64({:.2f})"),
        rows(",", "{:e}", "[{:.2f}]"),
    ],
)
def test_steps_and_losses_are_those_that_were_written(lines: list[str]) -> None:
    separator = next(one for one in ";\t," if one in lines[0])
    run = table(f"step{separator}loss", *lines)
    assert run.series["loss"].steps is not None
    assert run.series["loss"].steps.tolist() == STEPS
    np.testing.assert_allclose(run.series["loss"].values, LOSSES, rtol=1e-9)


def test_losses_over_a_thousand_are_no_decimals() -> None:
    losses = [5_000.5, 1_234_567.0, 999.0]
    cells = [f"{number};{loss:,.1f}" for number, loss in enumerate(losses)]
    run = table("step;loss", *cells)
    assert run.series["loss"].values.tolist() == losses
    assert "Numbers such as 5,000.5 were read as 5000.5." in run.notes
    assert table("step;loss", *swapped(cells)).series["loss"].values.tolist() == losses


def test_decimals_of_three_digits_stay_decimals_where_nothing_says_otherwise() -> None:
    run = table("step;loss", *(f"{number};2,{900 - number}" for number in range(9)))
    assert run.series["loss"].values.tolist() == [float(f"2.{900 - number}") for number in range(9)]


NUMBERS = st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: round(value, 4))


@given(st.lists(NUMBERS, min_size=2, max_size=20), st.sampled_from([",", "."]), st.sampled_from([";", "\t"]))
def test_what_pandas_writes_with_either_mark_reads_back(
    values: list[float], mark: str, separator: str
) -> None:
    frame = pd.DataFrame({"step": np.arange(len(values)), "loss": values, "lr": 0.25})
    text = frame.to_csv(index=False, sep=separator, decimal=mark)
    run = read(TABLES, [Bytes("log.csv", text.encode())])
    assert run.series["loss"].values.tolist() == values


@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=20, unique=True).map(sorted))
def test_steps_with_thousands_read_back(steps: list[int]) -> None:
    lines = [f'"{step:,}",{1 / (number + 1):.5f}' for number, step in enumerate(steps)]
    run = table("step,loss", *lines)
    found = run.series["loss"].steps
    assert found is not None and found.tolist() == steps


@given(
    st.dictionaries(st.text(max_size=6), st.lists(st.text(max_size=8), min_size=3, max_size=3), max_size=3)
)
def test_text_of_any_kind_stays_as_long_as_it_was(columns: dict[str, list[str]]) -> None:
    made, _ = as_written(columns)
    assert {name: len(cells) for name, cells in made.items()} == dict.fromkeys(columns, 3)


def test_what_is_no_number_in_the_words_of_c() -> None:
    words = ["nan", "-nan(ind)", "nan(0x8)", "1.#QNAN", "-1.#IND00", "inf", "1.#INF", "-1.#INF00"]
    run = table("step,loss", *(f"{step},{word}" for step, word in enumerate(["3", "2", *words, "1"] * 2)))
    values = run.series["loss"].values[2:10]
    assert [math.isnan(value) for value in values] == [True] * 5 + [False] * 3
    assert values[5:].tolist() == [math.inf, math.inf, -math.inf]


def test_lists_of_several_numbers_are_no_series_where_some_hold_one() -> None:
    cells = ['"[0.5]"', '"[0.5, 0.25]"', '"[1.0]"', '"[2.0]"', '"[2.5]"']
    run = table("step,loss,hist", *(f"{step},{3 - step},{cell}" for step, cell in enumerate(cells)))
    assert list(run.series) == ["loss"]


def test_a_later_header_names_other_columns() -> None:
    run = table(
        "step,loss,lr", *(f"{step},{3 - step},0.1" for step in range(4)),
        "step,grad_norm,loss", *(f"{step},{step * 10},{3 - step / 2}" for step in (4, 5, 6)),
        "step,loss", "7,0.25",
    )  # fmt: skip
    loss, norm, rate = (run.series[name] for name in ("loss", "grad_norm", "learning_rate"))
    assert loss.steps is not None and loss.steps.tolist() == list(range(8))
    assert loss.values.tolist() == [3, 2, 1, 0, 1, 0.5, 0, 0.25]
    assert norm.steps is not None and (norm.steps.tolist(), norm.values.tolist()) == ([4, 5, 6], [40, 50, 60])
    assert rate.steps is not None and rate.steps.tolist() == [0, 1, 2, 3]
    assert "2 lines name other columns; the lines below each were read by those." in run.notes


def test_a_step_in_fractions_is_said() -> None:
    run = table("step,loss", "0.5,3", "1.0,2", "1.5,1")
    assert list(run.series) == ["loss"]
    assert run.notes == ('Its column "step" does not count steps, so rows are counted.',)


def json_file(text: str) -> RunFile:
    data = text.encode()
    return read_run([Bytes("log.json", data)], lambda _: data[:65536], "run", None, {})


def test_a_list_of_objects_for_each_split() -> None:
    train = [{"step": step, "loss": 3 - step} for step in range(4)]
    val = [{"step": step, "loss": 4 - step, "acc": step / 4} for step in (1, 3)]
    run = json_file(json.dumps({"train": train, "val": val}))
    loss, evaluation, accuracy = (run.series[name] for name in ("loss", "eval_loss", "val/acc"))
    assert loss.values.tolist() == [3, 2, 1, 0]
    assert evaluation.steps is not None and evaluation.steps.tolist() == [1, 3]
    assert evaluation.values.tolist() == [3, 1]
    assert accuracy.values.tolist() == [0.25, 0.75]
    assert evaluation.evaluation and accuracy.evaluation


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\n".join(str({"step": step, "loss": 3.0}) for step in range(3)), "Python dictionaries, not JSON"),
        ("".join(json.dumps({"step": step, "loss": 3.0}) for step in range(3)), "one after the other"),
        ("\n".join(json.dumps({"step": step}, indent=1) for step in range(3)), "one after the other"),
    ],
)
def test_refusals_say_what_to_write(text: str, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        json_file(text)
