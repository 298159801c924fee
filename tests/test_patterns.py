"""Patterns of names against regular expressions, and templates against what they were made from."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.patterns import Pattern, Template

PARTS = st.lists(st.sampled_from(["a", "b", "/", "*", "**", "?", "[", ".", "é", "\n"]), max_size=8)
TEXTS = st.text(st.sampled_from("ab/[.é\nx"), max_size=8)


def expression(parts: list[str]) -> str:
    """What the pattern means, as a regular expression; neighbouring stars are one ``**``."""
    text = "".join(parts)
    words = re.findall(r"\*\*+|[\s\S]", text)
    known = {"*": "[^/]*", "?": "[^/]"}
    return "".join(
        r"[\s\S]*" if word.startswith("**") else known.get(word, re.escape(word)) for word in words
    )


@given(PARTS, TEXTS)
def test_a_pattern_fits_what_its_regular_expression_fits(parts: list[str], text: str) -> None:
    fits = re.fullmatch(expression(parts), text) is not None
    assert Pattern("".join(parts)).fits(text) is fits


@given(PARTS, TEXTS, TEXTS)
def test_a_state_of_nothing_is_the_end_of_it(parts: list[str], start: str, rest: str) -> None:
    pattern = Pattern("".join(parts))
    state = pattern.advance(pattern.start, start)
    assert pattern.accepts(pattern.advance(state, rest)) is pattern.fits(start + rest)
    if not state:
        assert not re.fullmatch(expression(parts), start + rest)


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        ("add_*", ["add_", "add_d5"], ["sub_d5", "add_d5/x", "xadd_"]),
        ("**", ["", "a/b/c"], []),
        ("*/*", ["a/b", "/"], ["a", "a/b/c"]),
        ("r?", ["r1", "ré"], ["r", "r12", "r/"]),
        ("a[12]", ["a[12]"], ["a1"]),
        ("**/log", ["x/log", "x/y/log"], ["log"]),
    ],
)
def test_stars(pattern: str, fits: list[str], does_not: list[str]) -> None:
    assert all(map(Pattern(pattern).fits, fits))
    assert not any(map(Pattern(pattern).fits, does_not))


def test_no_pattern_and_no_text_stall() -> None:
    began = time.process_time()
    assert not Pattern("*a" * 400 + "b").fits("a" * 1000)
    assert not Pattern("**a*" * 250 + "/b").fits("a/" * 500)
    assert time.process_time() - began < 5


NAMES = st.text(st.sampled_from("ab/"), min_size=1, max_size=5)


@given(st.lists(st.text(st.sampled_from("a/."), max_size=3), min_size=2, max_size=4), NAMES, NAMES)
def test_a_template_gives_back_the_name(pieces: list[str], name: str, other: str) -> None:
    template = Template("{name}".join(pieces))
    assert template.name_at(template.place(name)) == name
    found = template.name_at(other)
    assert found is None or template.place(found) == other


def test_a_second_name_repeats_the_first() -> None:
    template = Template("runs/{name}/{name}.csv")
    assert template.name_at("runs/a/a.csv") == "a"
    assert template.name_at("runs/a/b.csv") is None
    assert template.name_at("runs//.csv") is None
    assert Template("store").name_at("store") is None
