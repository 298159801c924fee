"""Names of files and anchors."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.model_list import slugify, unsafe_path
from tests.samples import HOSTILE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("add_d5_l2_h3_t15K_s372001", "add_d5_l2_h3_t15K_s372001"),
        ("Addition: by digits", "Addition-by-digits"),
        ("v1.2", "v1.2"),
        ("a/b\\c", "a-b-c"),
        ("../../etc/passwd", "etc-passwd"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("-rf", "rf"),
        (".hidden", "hidden"),
        ("a..b", "a.b"),
        ("Ünïcode", "Unicode"),
        ("漢字", "unnamed"),
        ("con", "con-run"),
        ("COM1.txt", "COM1-txt-run"),
        ("conference", "conference"),
        ("x" * 10_000, "x" * 100),
    ],
)
def test_slugs(text: str, expected: str) -> None:
    assert slugify(text, set()) == expected


def test_equal_slugs_are_numbered_whatever_their_case() -> None:
    taken: set[str] = set()
    assert [slugify(text, taken) for text in ("A", "a", "A!", "a-2", "b")] == [
        "A",
        "a-2",
        "A-3",
        "a-2-2",
        "b",
    ]


def test_thousands_of_equal_names_are_quick() -> None:
    taken: set[str] = set()
    assert [slugify("a", taken) for _ in range(20_000)][-1] == "a-20000"


texts = (
    st.text(max_size=20)
    | st.sampled_from(HOSTILE)
    | st.text("aA-2.", max_size=5)
    | st.sampled_from(["con", "LPT1.x"])
)


@given(st.lists(texts, max_size=30))
def test_slugs_are_safe_and_unique(names: list[str]) -> None:
    taken: set[str] = set()
    slugs = [slugify(name, taken) for name in names]
    assert len({slug.lower() for slug in slugs}) == len(slugs)
    assert taken == {slug.lower() for slug in slugs}
    for slug in slugs:
        assert re.fullmatch(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,110}[A-Za-z0-9_])?", slug)
        assert unsafe_path(slug) is None
        assert ".." not in slug


parts = st.sampled_from(
    ["..", ".", "", "a", "b c", "~", "nul", "C:", "x:y", "\\", "a\\..", "\x00", "a.", ".. ", "é", "{name}"]
)


@given(st.lists(parts | st.text(max_size=4), min_size=1, max_size=5).map("/".join))
def test_a_safe_path_stays_in_its_folder(path: str) -> None:
    from pathlib import PurePosixPath, PureWindowsPath

    if unsafe_path(path) is not None:
        return
    for flavour, root in ((PurePosixPath, "/srv/folder"), (PureWindowsPath, "C:\\srv\\folder")):
        joined = flavour(root) / path
        assert ".." not in joined.parts
        assert joined.parts[: len(flavour(root).parts)] == flavour(root).parts
        assert len(joined.parts) == len(flavour(root).parts) + len(path.split("/"))
        assert not getattr(PureWindowsPath(path), "is_reserved", lambda: False)()
