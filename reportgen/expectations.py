"""What a list expects of its runs: ``avg_final_loss = "<= 1e-8"``, read and checked.

This room is below ``model_list``, which checks with ``parse`` what a list writes.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from reportgen.curves.summary import THRESHOLDS, LossMetrics

__all__ = ["METRICS", "Check", "Operator", "check", "metric_values", "parse"]

Operator = Literal["<=", "<", ">=", ">", "==", "!="]

METRICS: tuple[str, ...] = (
    "steps",
    "final_loss",
    "avg_final_loss",
    "min_loss",
    "min_loss_step",
    "nonfinite",
    "first_nonfinite_step",
    "nonpositive",
    "spikes",
    *(f"steps_to.{threshold}" for threshold in THRESHOLDS),
    "recorded_final_loss",
    "recorded_avg_final_loss",
)
"""Metrics that are numbers; ``spikes`` is how many."""

_COMPARE = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
    "==": operator.eq,
    "!=": operator.ne,
}
_EXPECTATION = re.compile(
    r"\s*(?P<operator><=|>=|==|!=|<|>)\s*(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation of a run, checked.

    Attributes:
        metric: ``avg_final_loss``, say.
        expected: As the list wrote it, ``<= 1e-8``.
        actual: The metric's value; None where it does not exist.
        outcome: ``not_checked`` where the run could not be used; ``waived`` where it fails and is known to.
        note: What its list says of the failure, in words; empty where it says nothing.
    """

    family: str
    run: str
    metric: str
    expected: str
    actual: float | int | None
    outcome: Literal["passed", "failed", "not_checked", "waived"]
    note: str = ""


def parse(text: str) -> tuple[Operator, float]:
    """Reads an expectation: an operator and a finite number.

    Raises:
        ValueError: A sentence that says what is wrong and what would be right.
    """
    found = _EXPECTATION.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{_shown(text)} is no expectation: write <=, <, >=, >, == or != and a number, such as '<= 1e-8'"
        )
    number = float(found["number"])
    if not math.isfinite(number):
        raise ValueError(f"{_shown(text)} names a number too large for a float64: write one below 1.8e308")
    return found["operator"], number  # type: ignore[return-value]  # the pattern admits no other


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")


def metric_values(
    metrics: LossMetrics, recorded: Mapping[str, float] = MappingProxyType({})
) -> dict[str, float | int | None]:
    """Each of ``METRICS`` as a number, None where it does not exist."""
    return {
        "steps": metrics.steps,
        "final_loss": metrics.final_loss,
        "avg_final_loss": metrics.avg_final_loss,
        "min_loss": metrics.min_loss,
        "min_loss_step": metrics.min_loss_step,
        "nonfinite": metrics.nonfinite,
        "first_nonfinite_step": metrics.first_nonfinite_step,
        "nonpositive": metrics.nonpositive,
        "spikes": len(metrics.spikes),
        **{f"steps_to.{threshold}": metrics.steps_to.get(threshold) for threshold in THRESHOLDS},
        "recorded_final_loss": recorded.get("final_loss"),
        "recorded_avg_final_loss": recorded.get("avg_final_loss"),
    }


def check(
    family: str,
    run: str,
    expect: Mapping[str, str],
    metrics: LossMetrics | None,
    recorded: Mapping[str, float] = MappingProxyType({}),
) -> tuple[Check, ...]:
    """Checks the expectations of one run.

    An expectation on a metric that does not exist fails, whatever its operator: a run whose mean of
    the last losses is NaN is not ``<= 1e-8``, and one that never came below 1e-6 did not do so
    ``> 1000`` steps in.

    Args:
        family: Its family's name.
        run: Its name.
        expect: Metric -> expectation, each read by ``parse`` before.
        metrics: None for a run that could not be used: its expectations are ``not_checked``.
        recorded: Metric to the value that the run's file records of it.
    """
    if metrics is None:
        return tuple(
            Check(family, run, metric, expected, None, "not_checked") for metric, expected in expect.items()
        )
    values = metric_values(metrics, recorded)
    return tuple(
        Check(family, run, metric, expected, actual, "passed" if _holds(expected, actual) else "failed")
        for metric, expected in expect.items()
        for actual in [values.get(metric)]
    )


def _holds(expected: str, actual: float | int | None) -> bool:
    compare, number = parse(expected)
    return actual is not None and _COMPARE[compare](actual, number)
