"""How figures look, by the rules of print: colours, axes, text."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reportgen import figures
from reportgen.figures.axes import loss_axis, loss_axis_linear, step_axis
from reportgen.figures.style import plain
from reportgen.kinds import FloatArray
from tests import samples
from tests.families import family

# Colours


def linear(colour: str) -> FloatArray:
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("n", [1, 2, 5, 11, 45, 300])
@pytest.mark.parametrize("digits", [True, False])
def test_every_line_stands_out_from_the_page(n: int, digits: bool) -> None:
    runs = family(n, digits=digits).runs
    for theme, page in (("light", "#ffffff"), ("dark", "#1e2127")):
        colours = figures.colours(runs, theme=theme)
        assert len(colours) == n
        assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)
        assert min(contrast(colour, page) for colour in colours) >= 3, theme


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_more_digits_are_lighter_whatever_the_order(theme: Any) -> None:
    runs = family(11).runs
    mixed = [runs[i] for i in (7, 2, 10, 0, 5, 1, 9, 3, 8, 6, 4)]
    in_order = figures.colours(runs, theme=theme)
    assert figures.colours(mixed, theme=theme) == [in_order[runs.index(run)] for run in mixed]
    lightness = [luminance(colour) ** (1 / 3) for colour in in_order]
    steps = np.diff(lightness)
    assert steps.min() > 0, "grey print loses the order"
    assert steps.max() < 3 * steps.min()


# Machado, Oliveira and Fernandes (2009), severity 1.
SEEN_WITHOUT = {
    "red cones": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "green cones": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}


@pytest.mark.parametrize("eyes", SEEN_WITHOUT)
@pytest.mark.parametrize("digits", [True, False])
def test_colour_blind_eyes_tell_lines_apart(eyes: str, digits: bool) -> None:
    for theme in ("light", "dark"):
        seen = [
            np.clip(np.array(SEEN_WITHOUT[eyes]) @ linear(colour), 0, 1) ** (1 / 2.2)
            for colour in figures.colours(family(7, digits=digits).runs, theme=theme)
        ]
        least = min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2))
        assert least > 0.04, theme


@pytest.mark.parametrize("digits", [True, False])
def test_few_lines_differ_by_dash_and_any_number_by_something(digits: bool) -> None:
    few = figures.line_styles(family(7, digits=digits).runs)
    assert len({style.dash for style in few}) == 7
    more = figures.line_styles(family(28, digits=digits).runs)
    assert len({(style.light, style.dash) for style in more}) == 28


def test_runs_without_digits_take_distinct_colours() -> None:
    runs = [samples.run_report(f"name {i}") for i in range(5)]
    assert len(set(figures.colours(runs))) == 5
    assert figures.colours(runs) == figures.colours(family(5, digits=False).runs)


# Axes


def as_number(text: str) -> float:
    """What a tick says."""
    if text.startswith("−"):
        return -as_number(text[1:])
    superscripts = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    if power := re.fullmatch(r"(?:([\d.]+)×)?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", text):
        return float(f"{power[1] or 1}e{power[2].translate(superscripts)}")
    return float(text.replace(",", ""))


@given(st.floats(1e-300, 1e300), st.floats(1, 1e12), st.floats(40, 600))
def test_ticks_of_a_log_axis_are_true_and_few(low: float, times: float, height: float) -> None:
    high = min(low * times, 1e307)
    axis = loss_axis(low, high, height)
    start, end = axis["range"]
    assert start <= math.log10(low)
    assert end >= math.log10(high)
    assert 2 <= len(axis["tickvals"]) <= max(9, height / 18 + 1)
    for value, text in zip(axis["tickvals"], axis["ticktext"], strict=True):
        assert as_number(text) == pytest.approx(value, rel=1e-12)
        assert start - 1e-9 <= math.log10(value) <= end + 1e-9
    assert axis["tickvals"] == sorted(set(axis["tickvals"]))


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(FINITE, FINITE)
@example(0.0, 5e-324)
@example(0.0, 1.7976931348623157e308)
@example(-1.7e308, 1.7e308)
def test_any_losses_have_a_linear_axis(one: float, other: float) -> None:
    axis = loss_axis_linear(min(one, other), max(one, other), 300)
    start, end = axis["range"]
    assert start <= 0 <= end
    assert 1e-300 <= end - start < math.inf
    assert 1 <= len(axis["tickvals"]) <= 20
    assert all(start <= tick <= end for tick in axis["tickvals"])


def test_ticks_of_usual_losses_are_powers_of_ten() -> None:
    axis = loss_axis(1e-9, 2.9, 300)
    assert axis["ticktext"] == ["10⁻⁹", "10⁻⁸", "10⁻⁷", "10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "10⁰"]
    assert loss_axis(0.2, 0.9, 300)["ticktext"] == [f"0.{tenth}" for tenth in range(2, 10)]
    assert loss_axis(0.3, 3.0, 300)["ticktext"] == ["0.5", "1", "2"]


@given(st.floats(-1e6, 1e300), st.floats(1e-300, 1e6), st.floats(40, 600))
def test_ticks_of_a_linear_axis_are_true_and_few(low: float, span: float, height: float) -> None:
    axis = loss_axis_linear(low, low + span, height)
    start, end = axis["range"]
    assert start <= min(low, 0)
    assert end >= low + span
    assert 2 <= len(axis["tickvals"]) <= 12
    for value, text in zip(axis["tickvals"], axis["ticktext"], strict=True):
        assert as_number(text) == pytest.approx(value, rel=1e-6, abs=1e-9 * (end - start))


@given(st.integers(0, 10**7), st.integers(1, 10**8), st.floats(60, 700))
def test_ticks_of_steps_are_whole_and_apart(first: int, more: int, width: float) -> None:
    axis = step_axis(first, first + more, width)
    assert axis["range"] == [first, first + more]
    assert all(isinstance(tick, int) and first <= tick <= first + more for tick in axis["tickvals"])
    assert [as_number(text) for text in axis["ticktext"]] == axis["tickvals"]
    assert len(axis["tickvals"]) <= max(3, width / 62 + 1)


# Text


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_text_from_strangers_is_one_plain_line(text: str) -> None:
    shown = plain(text, 40)
    assert not re.search(r"[<>]", shown)
    assert not re.search(r"&(?!amp;|lt;|gt;)", shown)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    unescaped = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert len(unescaped) <= 40
    if text.isascii() and text.isprintable() and len(text) <= 40:
        assert unescaped == " ".join(text.split())
