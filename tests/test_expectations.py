"""Expectations of a list, read and checked."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reportgen.expectations import Check, check, parse
from tests.samples import HOSTILE, losses, run_report


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<= 1e-8", ("<=", 1e-8)),
        ("<1", ("<", 1.0)),
        (" >=  .5 ", (">=", 0.5)),
        ("> -2.", (">", -2.0)),
        ("== 0", ("==", 0.0)),
        ("!= +3E2", ("!=", 300.0)),
    ],
)
def test_parse(text: str, expected: tuple[str, float]) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1e-8",
        "<=",
        "= 1",
        "=< 1",
        "<= nan",
        "<= inf",
        "<= 1_0",
        "<= 1e-8 1",
        "<= ٣",
        "≤ 1",
        "<= 0x1",
        *HOSTILE,
    ],
)
def test_parse_says_what_would_be_right(text: str) -> None:
    with pytest.raises(ValueError, match=r"write <=, <, >=, >, == or != and a number") as caught:
        parse(text)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 400


def test_parse_refuses_what_float64_cannot_hold() -> None:
    with pytest.raises(ValueError, match="too large"):
        parse("<= 1e999")


@pytest.mark.parametrize(
    ("actual", "expected", "outcome"),
    [
        (1e-8, "<= 1e-8", "passed"),
        (1.1e-8, "<= 1e-8", "failed"),
        (1e-8, "< 1e-8", "failed"),
        (1e-8, ">= 1e-8", "passed"),
        (1e-8, "> 1e-8", "failed"),
        (0, "== 0", "passed"),
        (1, "== 0", "failed"),
        (1, "!= 0", "passed"),
        (None, "<= 1e-8", "failed"),
        (None, "> 1000", "failed"),
        (None, "!= 0", "failed"),
    ],
)
def test_check(actual: float | int | None, expected: str, outcome: str) -> None:
    found = check("F", "r", {"avg_final_loss": expected}, {"avg_final_loss": actual}.get)
    assert found == (Check("F", "r", "avg_final_loss", expected, actual, outcome),)  # type: ignore[arg-type]


def test_metrics_of_a_run_are_checked() -> None:
    values = losses(60, end=1e-5, spikes=(30, 45))
    run = run_report("mine", values, recorded={"final_loss": 0.5})
    expect = {"steps_to.1e-1": "< 60", "steps_to.1e-8": "< 60", "spikes": "== 2", "loss.spikes": "> 2"}
    expect |= {"recorded_final_loss": "== 0.5", "recorded_avg_final_loss": "== 0.5", "at.3": "> 0"}
    outcomes = [one.outcome for one in check("F", "r", expect, run.metric)]
    assert outcomes == ["passed", "failed", "passed", "failed", "passed", "failed", "failed"]


def test_losses_of_zero_and_below_are_a_metric() -> None:
    run = run_report("mine", [1.0, 0.0, -1.0, 0.5])
    assert [found.outcome for found in check("F", "r", {"nonpositive": "== 2"}, run.metric)] == ["passed"]


def test_a_missing_run_is_not_checked() -> None:
    assert check("F", "r", {"nonfinite": "== 0"}, None) == (
        Check("F", "r", "nonfinite", "== 0", None, "not_checked"),
    )


def test_reading_expectations_imports_neither_torch_nor_pandas() -> None:
    code = "import sys, reportgen.expectations; print({'torch', 'pandas'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
