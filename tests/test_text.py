"""Lines for a log, and names of runs where there is little room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.text import inert, told_apart


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("::error::x", r"\x3a:error::x"),
        (" \u00a0\u2028::error::x", " \u00a0\u2028" + r"\x3a:error::x"),
        ("a\n::stop-commands::x", "a\n" + r"\x3a:stop-commands::x"),
        ("::::", r"\x3a:::"),
        ("a ##[error]x ###[group]", r"a #\x23[error]x ##\x23[group]"),
        ("\u200b::error::x", r"\u200b::error::x"),
        ("a::b: ## [c] #[d]", "a::b: ## [c] #[d]"),
    ],
)
def test_no_line_of_a_log_is_a_command(text: str, expected: str) -> None:
    assert inert(text) == expected


@given(st.text(":#[ \n\t\r\u2003ae", max_size=20))
def test_any_text_is_inert_in_a_log(text: str) -> None:
    lines = inert(text).split("\n")
    assert not any(line.strip().startswith("::") or "##[" in line for line in lines)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["d5", "d6"], ("d5", "d6")),
        (["baseline-lr-1", "baseline-lr-2"], ("…1", "…2")),
        (["long-start-1-long-end", "long-start-22-long-end"], ("…1…", "…22…")),
        (["the only one, and long"], ("the…ong",)),  # nothing to tell it from
        (["x" * 20, "y" * 20], ("xxx…xxx", "yyy…yyy")),
        (["abc-1-very-long-xyz", "abc-2-very-long-xyz", "other"], ("abc…xyz", "abc…xy 2", "other")),
        (["same and very long", "same and very long"], ("sam…ong", "sam…ong")),
    ],
)
def test_what_names_have_in_common_goes_first(texts: list[str], expected: tuple[str, ...]) -> None:
    assert told_apart(texts, 8) == expected


@given(st.lists(st.text("ab-", max_size=14), max_size=12), st.integers(8, 20))
def test_names_fit_and_differ_where_texts_do(texts: list[str], limit: int) -> None:
    names = told_apart(texts, limit)
    assert all(len(name) <= limit for name in names)
    assert len({*zip(texts, names, strict=True)}) == len(set(texts)) == len(set(names))
