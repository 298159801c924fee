"""Values whose keys are their author's: ``extra``, ``listed``, ``expect``, ``waive`` and metrics."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from reportgen import expectations
from reportgen.kinds import Scalar
from reportgen.metrics import METRICS, split
from reportgen.model_list.mistakes import did_you_mean, key, shown

__all__ = ["expected", "extra_value", "flat", "listed", "scalar", "wrong_metric"]

_DEEPEST = 20  # parts of a metric's name
_LISTED = ("avg_final_loss",)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")


def flat(
    tables: Mapping[str, Any], path: str = "", leaf: frozenset[str] = frozenset()
) -> Iterator[tuple[str, Any]]:
    """Keys that TOML takes for tables within tables, as one: ``eval_loss.best = "<= 2"``.

    Args:
        tables: As TOML gave them; ``steps_to.1e-6`` is two.
        path: Of these tables in the outermost.
        leaf: A table with one of these keys is a value.
    """
    for name, value in tables.items():
        whole = f"{path}.{name}" if path else name
        if isinstance(value, dict) and value and not (leaf & value.keys()) and whole.count(".") < _DEEPEST:
            yield from flat(value, whole, leaf)
        else:
            yield whole, value


def wrong_metric(name: str) -> str | None:
    """What is wrong with a metric's name, of a series or not; None where nothing is."""
    if split(name) is not None:
        return None
    series, _, _ = name.rpartition(".")
    of_series = [f"{series}.{one.key}" for one in METRICS.values() if series and one.of == "series"]
    return f"unknown metric {shown(name)}" + did_you_mean(name, [*METRICS, *of_series])


def scalar(value: object) -> Scalar:
    """A value of a column or an attribute.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, (str, bool)):
        return value
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ValueError(f"is {shown(value)}; must be text, true, false or a number of up to 64 bits")


def extra_value(name: str, value: object, taken: Mapping[str, None]) -> Scalar:
    """A value of ``extra``; ``taken`` are the columns that every table has.

    Raises:
        ValueError: It is none, or its key is no name for a column.
    """
    if not name.strip():
        raise ValueError("is not a name for a column; write one")
    if (plain := name.removeprefix("extra.")) != name and plain in taken:
        raise ValueError(
            f"is the name of the column of extra = {{ {key(plain)} = ... }}; choose another name"
        )
    return scalar(value)


def listed(name: str, value: object) -> str:
    """A value of ``listed``.

    Raises:
        ValueError: It is none, or nothing is compared with it.
    """
    if name not in _LISTED:
        raise ValueError(f"nothing is compared with {shown(name)}" + did_you_mean(name, _LISTED))
    if isinstance(value, str) and len(value) <= 100 and _NUMBER.fullmatch(value):
        return value
    raise ValueError(f'is {shown(value)}; must be a number as its author wrote it, in quotes: "5.6e-06"')


def expected(name: str, value: object) -> str:
    """A value of ``expect``.

    Raises:
        ValueError: It is none, or its key is no metric.
    """
    if wrong := wrong_metric(name):
        raise ValueError(wrong)
    if not isinstance(value, str):
        raise ValueError(f'is {shown(value)}; must be text, such as "<= 1e-8"')
    expectations.parse(value)
    return value
