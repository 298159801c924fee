"""What a list expects of its runs: ``avg_final_loss = "<= 1e-8"``, read and checked.

This module is below ``model_list``, which checks with ``parse`` what a list writes.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from reportgen.metrics import Number
from reportgen.text import one_line

__all__ = ["Check", "Operator", "check", "parse"]

Operator = Literal["<=", "<", ">=", ">", "==", "!="]

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
            f'{_shown(text)} is not an expectation; write <=, <, >=, >, == or != and a number, as "<= 1e-8"'
        )
    number = float(found["number"])
    if not math.isfinite(number):
        raise ValueError(f"{_shown(text)} has a number too large; write one below 1.8e308")
    return found["operator"], number  # type: ignore[return-value]  # the pattern admits no other


def _shown(text: str) -> str:
    return f'"{one_line(text, 60)}"'


def check(
    family: str, run: str, expect: Mapping[str, str], value: Callable[[str], Number | None] | None
) -> tuple[Check, ...]:
    """Checks the expectations of one run.

    An expectation on a metric that does not exist fails, whatever its operator: a run whose mean of
    the last losses is NaN is not ``<= 1e-8``, and one that never came below 1e-6 did not do so
    ``> 1000`` steps in.

    Args:
        family: Its family's name.
        run: Its name.
        expect: Metric -> expectation, each read by ``parse`` before.
        value: Gives the run's metrics by key; None for a run that could not be used: its expectations are
            ``not_checked``.
    """
    if value is None:
        return tuple(
            Check(family, run, metric, expected, None, "not_checked") for metric, expected in expect.items()
        )
    return tuple(
        Check(family, run, metric, expected, actual, "passed" if _holds(expected, actual) else "failed")
        for metric, expected in expect.items()
        for actual in [value(metric)]
    )


def _holds(expected: str, actual: float | int | None) -> bool:
    compare, number = parse(expected)
    return actual is not None and _COMPARE[compare](actual, number)
