"""One notation for the numbers that people read; programs read ``repr``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Literal

__all__ = [
    "MINUS",
    "MISSING",
    "SUPERSCRIPTS",
    "Form",
    "condition",
    "count",
    "form_of",
    "form_of_factors",
    "grouped",
    "loss",
    "measured",
    "number",
    "power",
    "power_of_ten",
    "recorded",
    "rounded",
    "written",
]

MISSING = "–"
"""Stands for a number that does not exist."""
MINUS = "−"
SUPERSCRIPTS = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
"""The minus sign and the digits of an exponent, in this order."""

_RAISED = str.maketrans("-0123456789", SUPERSCRIPTS)
_SIGNS = {"<=": "≤", "<": "<", ">=": "≥", ">": ">", "==": "=", "!=": "≠"}
# Where plain decimals are read at a glance: of a column's largest value, and of its smallest.
_LARGEST = (1e-3, 1e6)
_SMALLEST = 1e-4
_DIGITS = 3  # significant digits of a column's largest value, at least
_DIGITS_OF_SMALLEST = 2
_MOST_DIGITS = 6  # of the largest value, where fewer make different values look alike
_MOST_DECIMALS = 17  # where fewer would show 0 or 1 for what is neither


@dataclass(frozen=True, slots=True)
class Form:
    """How all numbers of one column, axis or sentence are written.

    Attributes:
        style: ``whole`` numbers in groups of three figures; ``plain`` decimals; ``power``: a coefficient
            and a power of ten.
        digits: Decimals of ``plain``, significant digits of ``power``.
    """

    style: Literal["whole", "plain", "power"] = "power"
    digits: int = _DIGITS

    def __call__(self, value: float | None) -> str:
        """A value; what is None or not finite reads as ``MISSING``, what does not fit as a power of ten."""
        if value is None or not math.isfinite(value):
            return MISSING
        if value == 0:
            return "0"
        if self.style == "whole" and float(value).is_integer() and abs(value) < 2**63:
            return grouped(int(value))
        if self.style == "power" or not _fits(value, self.digits):
            digits = self.digits if self.style == "power" else _DIGITS
            coefficient, exponent = f"{value:.{digits - 1}e}".split("e")
            return _product(coefficient, int(exponent))
        return f"{value:,.{self.digits}f}".replace("-", MINUS)

    def written(self, text: str) -> str:
        """A number that somebody wrote, in this style with its own digits."""
        if self.style == "power" or len(text) > 30:
            return written(text)
        value = Context(prec=40, traps=[]).create_decimal(text.strip())
        if not value.is_finite() or (value and not _fits(float(value), 6)):
            return written(text)
        return f"{value:f}".replace("-", MINUS)


def form_of(values: Iterable[float | None], *, in_full: bool = False) -> Form:
    """The notation of a column, by its largest and smallest values; zeros and what is missing do not count.

    Plain decimals from 0.001 to a million, one number of decimals for all: 3 significant digits of the
    largest and 2 of the smallest, and more where different values would look alike or a value would be
    shown as 0 or 1 that is neither.

    Args:
        values: Of the column.
        in_full: They are what somebody wrote: up to 6 digits are kept.
    """
    found = sorted({float(value) for value in values if value is not None and math.isfinite(value) and value})
    if not found:
        return Form()
    if all(value.is_integer() for value in found) and max(map(abs, found)) < _LARGEST[1]:
        return Form("whole", 0)
    sizes = [abs(value) for value in found]
    largest, smallest = max(sizes), min(sizes)
    enough = _in_full if in_full else _differ
    if not (_LARGEST[0] <= largest <= _LARGEST[1] and smallest >= _SMALLEST):
        shown = (Form("power", digits) for digits in range(1 if in_full else _DIGITS, _MOST_DIGITS))
        return next((form for form in shown if enough(form, found)), Form("power", _MOST_DIGITS))
    least = max(0, _DIGITS - 1 - _exponent(largest), _DIGITS_OF_SMALLEST - 1 - _exponent(smallest))
    most = max(least, _MOST_DIGITS - 1 - _exponent(smallest if in_full else largest))
    shown = (Form("plain", digits) for digits in range(0 if in_full else least, most))
    form = next((form for form in shown if enough(form, found)), Form("plain", most))
    while form.digits < _MOST_DECIMALS and not _honest(form, found):
        form = Form("plain", form.digits + 1)
    return form


def form_of_factors(factors: Sequence[float]) -> Form:
    """The notation of factors of 1 and above: what they are above 1 is seen, down to 1e-4."""
    return form_of([*factors, *(max(factor - 1, _SMALLEST) for factor in factors if factor > 1)])


def loss(value: float | None) -> str:
    """A loss by itself: 3.28, 3.30×10⁻⁹. Among others it is written as they are (``form_of``)."""
    return form_of([value])(value)


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


def condition(expected: str) -> str:
    """An expectation as people read it, ``<= 1.5e-9``: ≤ 1.5×10⁻⁹; text that is none is given back."""
    operator, _, number = expected.strip().partition(" ")
    if not number:
        operator = expected.strip()[: 2 if "=" in expected else 1]
        number = expected.strip()[len(operator) :]
    try:
        return f"{_SIGNS[operator]} {form_of([float(number)]).written(number.strip())}"
    except (KeyError, ValueError):
        return expected


def recorded(value: float | None, form: Form | None = None) -> str:
    """A loss that a file states, with no more digits than it states: 3×10⁻⁹ where that was 3e-09."""
    if value is None or not math.isfinite(value):
        return MISSING
    form = form or form_of([value])
    own = Decimal(repr(value)).normalize().as_tuple()
    digits = max(0, -int(own.exponent)) if form.style == "plain" else len(own.digits)
    return Form(form.style, min(form.digits, digits))(value)


def count(number: int, singular: str, plural: str | None = None) -> str:
    """``1 run``, ``27 runs``, ``1,080 runs``."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def grouped(value: int | None) -> str:
    """A count, in groups of three figures: 85,000."""
    return MISSING if value is None else f"{value:,}".replace("-", MINUS)


def measured(value: float | int | None) -> str:
    """What a metric came to: a value of its series, which is a float, or a count."""
    return grouped(value) if isinstance(value, int) else loss(value)


def number(value: float | int) -> str:
    """Any number, in full: 0.999999, 12, 1.5×10⁻⁷."""
    text = repr(value)
    return written(text) if "e" in text else text.replace("-", MINUS)


def rounded(value: float, digits: int = 3) -> str:
    """A number to so many digits: 12.3, 1,230, 0.0031, 3×10⁻⁷, 2.5×10⁶."""
    text = f"{value:.{digits}g}"
    if "e" not in text:
        return text.replace("-", MINUS)
    return grouped(int(float(text))) if 1 <= abs(float(text)) < 1e6 else written(text)


def power(exponent: int) -> str:
    """A power of ten: 10⁻⁶."""
    return "10" + str(exponent).translate(_RAISED)


def power_of_ten(threshold: str) -> str:
    """A threshold's key, ``1e-6``, as people read it: 10⁻⁶."""
    return power(int(threshold.removeprefix("1e")))


def _product(coefficient: str, exponent: int) -> str:
    coefficient = coefficient.replace("-", MINUS)
    return f"{coefficient}×{power(exponent)}" if exponent else coefficient


def _exponent(value: float) -> int:
    return int(f"{value:e}".split("e")[1])


def _fits(value: float, decimals: int) -> bool:
    """Whether plain decimals show a value that is not 0 as what it is, in a line's width."""
    return abs(value) < 10 * _LARGEST[1] and abs(value) >= 0.5 * 10.0**-decimals


def _in_full(form: Form, values: list[float]) -> bool:
    code = f".{form.digits}f" if form.style == "plain" else f".{form.digits - 1}e"
    return all(float(f"{value:{code}}") == value for value in values)


def _differ(form: Form, values: list[float]) -> bool:
    return len({form(value) for value in values}) == len(values)


def _honest(form: Form, values: list[float]) -> bool:
    """Whether nothing is shown as 0, and no share of a whole as the whole."""
    shown = [(value, float(f"{value:.{form.digits}f}")) for value in values]
    shares = all(0 <= value <= 1 for value in values)
    return all(text != 0 and (text != 1 or value == 1 or not shares) for value, text in shown)
