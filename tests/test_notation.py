"""One notation a column: the rules of docs/contract.md, on numbers worked out by hand and on any numbers."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.notation import MISSING, Form, form_of


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.991, 0.9987, 0.9999], ["0.9910", "0.9987", "0.9999"]),
        ([3.2773, 3.2774, 3.35], ["3.2773", "3.2774", "3.3500"]),
        ([3.2773123, 3.2773124], ["3.27731", "3.27731"]),  # no more than 6 digits
        ([2.05, None, 0, 1.5, math.nan], ["2.05", MISSING, "0", "1.50", MISSING]),
        ([3.3e-9, 5e-8, 0.02, 2.5], ["3.30×10⁻⁹", "5.00×10⁻⁸", "2.00×10⁻²", "2.50"]),
        ([200, 40_000, 300_000], ["200", "40,000", "300,000"]),
        ([12.5, 3e5], ["12", "300,000"]),
        ([0.12, 1999.5], ["0.12", "1,999.50"]),
        ([2e6, 3.5e7], ["2.00×10⁶", "3.50×10⁷"]),
        ([0.00012, 0.5], ["0.00012", "0.50000"]),
        ([0.00009, 0.5], ["9.00×10⁻⁵", "5.00×10⁻¹"]),
        ([0.99999999], ["0.99999999"]),
        ([-0.25, 1.5], ["−0.25", "1.50"]),
    ],
)
def test_one_notation_for_a_column(values: list[float | None], texts: list[str]) -> None:
    form = form_of(values)
    assert [form(value) for value in values] == texts


def test_what_somebody_wrote_keeps_its_digits() -> None:
    form = form_of([0.973125, 1], in_full=True)
    assert [form(value) for value in (0.973125, 1, None)] == ["0.973125", "1.000000", MISSING]
    assert form_of([2.5, 12.0]).written("5.60") == "5.60"
    assert form_of([1e-9]).written("5.60e-9") == "5.60×10⁻⁹"


def test_what_diverged_is_written_though_it_does_not_fit() -> None:
    assert form_of([2.5, 3.25])(1e30) == "1.00×10³⁰"
    assert form_of([2.5, 3.25])(1e-30) == "1.00×10⁻³⁰"


def _read(text: str) -> Decimal:
    """A number as print shows it, read back."""
    raised = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    figures, _, exponent = text.replace("−", "-").replace(",", "").partition("×10")
    return Decimal(f"{figures}e{exponent.translate(raised) or 0}")


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=9))
def test_a_column_says_what_it_holds(values: list[float]) -> None:
    form = form_of(values)
    for value in values:
        shown = _read(form(value))
        assert (shown == 0) == (value == 0)
        # To the last digit that is shown, or to 2 significant digits and more.
        assert abs(shown - Decimal(value)) <= abs(Decimal(value)) * Decimal("0.051") + Decimal("5e-324")


@given(st.lists(st.floats(1e-3, 1.0), min_size=1, max_size=9))
def test_plain_decimals_stand_below_each_other(values: list[float]) -> None:
    form = form_of(values)
    assert form.style in ("plain", "whole")
    assert len({len(form(value).partition(".")[2]) for value in values}) == 1
    assert all(_read(form(value)) != 1 for value in values if value < 1)


def test_a_form_is_data() -> None:
    assert form_of([2.5, 3.25]) == Form("plain", 2)
