"""Expectations of a list, read and checked."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

from reportgen.curves.summary import THRESHOLDS, LossMetrics
from reportgen.expectations import METRICS, Check, check, metric_values, parse
from tests.samples import HOSTILE, losses, summarise


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
    metrics = LossMetrics(
        steps=9,
        final_loss=None,
        avg_final_loss=actual,
        min_loss=None,
        min_loss_step=None,
        nonfinite=0,
        nonpositive=0,
        first_nonfinite_step=None,
        spikes=(),
        steps_to={},
    )
    found = check("F", "r", {"avg_final_loss": expected}, metrics)
    assert found == (Check("F", "r", "avg_final_loss", expected, actual, outcome),)  # type: ignore[arg-type]


def test_every_metric_of_a_run() -> None:
    values = losses(60, end=1e-5, spikes=(30, 45))
    values[50] = math.nan
    metrics = summarise(values).metrics
    found = metric_values(metrics, {"final_loss": 0.5})
    assert tuple(found) == METRICS
    assert found["steps"] == 60
    assert found["final_loss"] == values[-1]
    assert found["avg_final_loss"] == math.fsum(values[-5:]) / 5
    assert found["nonfinite"] == 1
    assert found["first_nonfinite_step"] == 50
    assert found["spikes"] == 2
    assert found["recorded_final_loss"] == 0.5
    assert found["recorded_avg_final_loss"] is None
    for threshold in THRESHOLDS:
        assert found[f"steps_to.{threshold}"] == metrics.steps_to[threshold]
    checks = check("F", "r", {"steps_to.1e-1": "< 60", "steps_to.1e-8": "< 60", "spikes": "== 2"}, metrics)
    assert [one.outcome for one in checks] == ["passed", "failed", "passed"]
    recorded = check("F", "r", {"recorded_final_loss": "== 0.5"}, metrics, {"final_loss": 0.5})
    assert [one.outcome for one in recorded] == ["passed"]
    assert check("F", "r", {"recorded_final_loss": "== 0.5"}, metrics)[0].outcome == "failed"


def test_losses_of_zero_and_below_are_a_metric() -> None:
    metrics = summarise([1.0, 0.0, -1.0, 0.5]).metrics
    assert [found.outcome for found in check("F", "r", {"nonpositive": "== 2"}, metrics)] == ["passed"]


def test_a_missing_run_is_not_checked() -> None:
    assert check("F", "r", {"nonfinite": "== 0"}, None) == (
        Check("F", "r", "nonfinite", "== 0", None, "not_checked"),
    )


def test_reading_expectations_imports_neither_torch_nor_pandas() -> None:
    code = "import sys, reportgen.expectations; print({'torch', 'pandas'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
