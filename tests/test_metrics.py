"""The table of metrics: what each key of a list means, read from a run."""

from __future__ import annotations

import math

import numpy as np
import pytest

from reportgen.curves import THRESHOLDS, CurveSettings, summarise
from reportgen.kinds import Series
from reportgen.metrics import METRICS, loss_values, metric_of, series_values, split
from tests import samples


def run_of_two_series():
    values = samples.losses(60, end=1e-5, spikes=(30, 45))
    values[50] = math.nan
    run = samples.run_report("mine", values, recorded={"final_loss": 0.5})
    evaluation = Series("eval_loss", np.array([3.0, 2.0, 2.5]), np.array([100, 200, 300]))
    (summary,) = summarise([evaluation], CurveSettings(window="auto", at=(200, 250)), "cpu")
    one = samples.series_report(summary, "eval_loss", source_name="val/loss", evaluation=True)
    return values, samples.dataclasses.replace(run, series={**run.series, "eval_loss": one})


def test_every_metric_of_the_loss() -> None:
    values, run = run_of_two_series()
    found = loss_values(run)
    assert tuple(found) == tuple(METRICS)
    assert found["steps"] == found["entries"] == 60
    assert found["trained_steps"] == 300
    assert found["final_loss"] == found["last"] == values[-1]
    assert found["avg_final_loss"] == math.fsum(values[-5:]) / 5
    assert found["nonfinite"] == 1
    assert found["first_nonfinite_step"] == 50
    assert found["spikes"] == 2
    assert found["best"] == found["min_loss"] == np.nanmin(values)
    assert found["recorded_final_loss"] == 0.5
    assert found["recorded_avg_final_loss"] is None
    for threshold in THRESHOLDS:
        assert found[f"steps_to.{threshold}"] == run.summary.metrics.steps_to[threshold]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("eval_loss.best", 2.0),
        ("eval_loss.best_step", 200),
        ("eval_loss.last", 2.5),
        ("eval_loss.entries", 3),
        ("val/loss.end", 2.5),
        ("eval_loss.at.200", 2.0),
        ("eval_loss.at.250", None),
        ("eval_loss.steps_to.target", None),
        ("other.best", None),
        ("trained_steps", 300),
        ("entries", 60),
        ("no_metric", None),
    ],
)
def test_keys_of_lists(key: str, value: float | None) -> None:
    _, run = run_of_two_series()
    assert run.metric(key) == value


def test_a_run_without_a_loss_has_none_of_its_metrics() -> None:
    _, run = run_of_two_series()
    run = samples.dataclasses.replace(run, series={"eval_loss": run.series["eval_loss"]}, ranked="eval_loss")
    values = loss_values(run)
    known = {"trained_steps", "recorded_final_loss"}
    assert {key for key, value in values.items() if value is not None} == known
    assert run.metric("best") == 2.0
    assert run.metric("min_loss") is None


@pytest.mark.parametrize(
    ("key", "series", "metric"),
    [
        ("best", None, "best"),
        ("val.loss.best", "val.loss", "best"),
        ("a.steps_to.target", "a", "steps_to.target"),
        ("steps_to.1e-6", None, "steps_to.1e-6"),
        ("a.at.100", "a", "at.100"),
        ("at.100", None, "at.100"),
        ("at.best", "at", "best"),
    ],
)
def test_series_and_metric_of_a_key(key: str, series: str | None, metric: str) -> None:
    found = split(key)
    assert found is not None
    assert (found[0], found[1].key) == (series, metric)


@pytest.mark.parametrize(
    "key", ["", ".", ".best", "best.", "loss", "eval_loss.min_loss", "at.", "at.x", "at.1.2"]
)
def test_what_is_no_metric(key: str) -> None:
    assert split(key) is None


def test_metrics_of_a_series_and_their_titles() -> None:
    _, run = run_of_two_series()
    values = series_values(run.series["eval_loss"].summary.metrics)
    assert {
        "best": 2.0,
        "best_step": 200,
        "end": 2.5,
        "end_spread": 0.5,
        "at.200": 2.0,
    }.items() <= values.items()
    assert "min_loss" not in values
    assert metric_of("min_loss").title == "Minimum loss"
    assert (metric_of("steps").title, metric_of("trained_steps").title) == ("Losses", "Steps")
    assert metric_of("steps_to.1e-6").title == "Steps to 10⁻⁶"
