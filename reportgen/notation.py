"""One notation for the numbers that people read; programs read ``repr``."""

from __future__ import annotations

import math
from decimal import Context, Decimal

__all__ = [
    "MISSING",
    "count",
    "grouped",
    "loss",
    "measured",
    "number",
    "power_of_ten",
    "recorded",
    "rounded",
    "written",
]

MISSING = "–"
"""Stands for a number that does not exist."""

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def loss(value: float | None, digits: int = 3) -> str:
    """A loss, always as a coefficient and a power of ten, so that a column of them lines up: 3.30×10⁻⁹.

    Args:
        value: None and what is not finite read as ``MISSING``.
        digits: Significant digits.
    """
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    coefficient, exponent = f"{value:.{digits - 1}e}".split("e")
    return _product(coefficient, int(exponent))


def written(text: str) -> str:
    """A number that somebody wrote, ``5.6e-06``, with its own digits: 5.6×10⁻⁶.

    Text that is no finite number, or one too long to be read at a glance, is given back as it is.
    """
    if len(text) > 30:
        return text
    value = Context(prec=40, traps=[]).create_decimal(text.strip())
    if not value.is_finite():
        return text
    if value == 0:
        return "0"
    digits = "".join(map(str, value.as_tuple().digits))
    coefficient = ("-" if value < 0 else "") + digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return _product(coefficient, value.adjusted())


def recorded(value: float | None, digits: int = 3) -> str:
    """A loss that a file states, with no more digits than it states: 3×10⁻⁹ where that was 3e-09."""
    if value is None or not math.isfinite(value):
        return MISSING
    own = len(Decimal(repr(value)).normalize().as_tuple().digits)
    return loss(value, min(digits, own))


def count(number: int, singular: str, plural: str | None = None) -> str:
    """``1 run``, ``27 runs``, ``1,080 runs``."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def grouped(value: int | None) -> str:
    """A count, in groups of three figures: 85,000."""
    return MISSING if value is None else f"{value:,}".replace("-", "−")


def measured(metric: str, value: float | None) -> str:
    """What a metric of ``report.json`` came to: a loss, or a count."""
    return loss(value) if metric.endswith("_loss") or value is None else grouped(int(value))


def number(value: float | int) -> str:
    """Any number, in full: 0.999999, 12, 1.5×10⁻⁷."""
    text = repr(value)
    return written(text) if "e" in text else text.replace("-", "−")


def rounded(value: float, digits: int = 3) -> str:
    """A number to so many digits: 12.3, 1,230, 0.0031, 3×10⁻⁷, 2.5×10⁶."""
    text = f"{value:.{digits}g}"
    if "e" not in text:
        return text.replace("-", "−")
    return grouped(int(float(text))) if 1 <= abs(float(text)) < 1e6 else written(text)


def power_of_ten(threshold: str) -> str:
    """A threshold's key, ``1e-6``, as people read it: 10⁻⁶."""
    return f"10{str(int(threshold.removeprefix('1e'))).translate(_SUPERSCRIPTS)}"


def _product(coefficient: str, exponent: int) -> str:
    return f"{coefficient.replace('-', '−')}×10{str(exponent).translate(_SUPERSCRIPTS)}"
