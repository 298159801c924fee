"""Lines for a log, and names of runs where there is little room."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.text import inert, natural, told_apart, without_shared


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


def test_a_name_that_fits_stays_whole_where_nothing_is_shared() -> None:
    names = ["<b>(1)</b>", "-1+1", "+1+1", "a much longer name, of many words"]
    assert told_apart(names, 16)[:3] == tuple(names[:3])


@given(st.text(":#[ \n\t\r\u2003ae", max_size=20))
def test_any_text_is_inert_in_a_log(text: str) -> None:
    lines = inert(text).split("\n")
    assert not any(line.strip().startswith("::") or "##[" in line for line in lines)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["d5", "d6"], ("d5", "d6")),
        (["baseline-lr-1", "baseline-lr-2"], ("…lr-1", "…lr-2")),  # a number alone says nothing
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


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (
            ["experiment-gpt2-openwebtext-seed1", "experiment-gpt2-openwebtext-seed10"],
            ("…seed1", "…seed10"),
        ),
        (
            ["pre-lr3e-5-warmup100-of-the-schedule-x1", "pre-lr1e-4-warmup100-of-the-schedule-x2"],
            ("…lr3e-5…x1", "…lr1e-4…x2"),
        ),
        (
            ["a_long_name_of_a_vit_base", "a_long_name_of_a_vit_large", "a_long_name_of_a_resnet"],
            ("…vit_base", "…vit_large", "…resnet"),
        ),
    ],
)
def test_what_tells_names_apart_is_kept_wherever_it_stands(
    texts: list[str], expected: tuple[str, ...]
) -> None:
    assert told_apart(texts, 16) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["version_0", "version_1"], ["version_0", "version_1"]),
        (["exp/resnet50-run", "exp/vit-run"], ["resnet50", "vit"]),
        (["lr0.1-a", "lr0.12-a"], ["lr0.1", "lr0.12"]),  # not inside a number
        (["lr3e-5", "lr3e-4"], ["lr3e-5", "lr3e-4"]),
        (["seed1", "seed10"], ["seed1", "seed10"]),
        (["run", "run-big"], ["run", "run-big"]),  # never to nothing
        (["x-a-y", "x-b-c-y"], ["a", "b-c"]),
        (["bs-8-1", "bs-8-2"], ["bs-8-1", "bs-8-2"]),
        (["1", "2"], ["1", "2"]),
        (["one"], ["one"]),
        (["same", "same"], ["same", "same"]),
        ([], []),
    ],
)
def test_names_less_what_they_share(names: list[str], expected: list[str]) -> None:
    assert without_shared(names) == tuple(expected)


@given(st.lists(st.text("ab1.-_/", min_size=1, max_size=12), min_size=1, max_size=8))
def test_names_less_what_they_share_differ_where_names_do(names: list[str]) -> None:
    found = without_shared(names)
    assert len(set(found)) == len(set(names))
    for name, short in zip(names, found, strict=True):
        assert short
        assert short in name
        before = name.partition(short)[0]
        # Nothing is cut inside a word or a number.
        assert not (before and before[-1].isalnum() and short[0].isalnum())


@given(st.lists(st.integers(0, 10**6), max_size=20))
def test_natural_order_is_that_of_the_numbers(numbers: list[int]) -> None:
    names = [f"run-{number}b" for number in numbers]
    assert sorted(names, key=natural) == [f"run-{number}b" for number in sorted(numbers)]


def test_a_number_of_thousands_of_digits_has_an_order_too() -> None:
    assert min(["9" * 5000, "b", "1"], key=natural) == "1"


def test_2_comes_before_10() -> None:
    names = ["r10", "r2", "r02", "r1", "r", "2", "b"]
    assert sorted(names, key=natural) == ["2", "b", "r", "r1", "r02", "r2", "r10"]


@pytest.mark.parametrize(
    "rising",
    [
        ["lr0.0001", "lr0.0003", "lr0.001", "lr0.003", "lr0.25", "lr0.5", "lr10"],
        ["lr3e-5_s1", "lr1e-4_s2", "lr1e-4_s10", "lr3e-4", "lr1E-3", "lr1e0"],
        ["v1.2.9", "v1.2.10", "v1.10.1"],
    ],
)
def test_decimals_and_powers_sort_by_their_value(rising: list[str]) -> None:
    assert all(natural(one) < natural(other) for one, other in pairwise(rising))
