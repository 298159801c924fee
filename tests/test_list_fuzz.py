"""Any text and any tables are a list, or mistakes in words."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen import resources
from reportgen.errors import ReportgenError
from reportgen.model_list import unsafe_path
from reportgen.model_list.building import Origin, model_list_of
from reportgen.model_list.mistakes import Mistakes
from tests.lists import HUB, mistakes, read
from tests.samples import HOSTILE

hostile = st.sampled_from(HOSTILE) | st.text(max_size=30)


plain = hostile.filter(lambda text: not {"{", "}"} & set(text))  # braces of a label hold its placeholders


@given(title=hostile, note=hostile, description=hostile, label=plain, column=hostile, family=hostile)
def test_text_of_strangers_is_kept_as_it_is(tmp_path_factory: pytest.TempPathFactory, **text: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    quoted = {key: _quoted(value) for key, value in text.items()}
    toml = (
        f"title = {quoted['title']}\ndescription = {quoted['description']}\n{HUB}[[family]]\n"
        f"name = {quoted['family']}\n[[family.runs]]\nname = 'a'\nnote = {quoted['note']}\n"
        f"label = {quoted['label']}\n[family.runs.extra]\n{quoted['column']} = {quoted['note']}\n"
    )
    blank = [text[key] for key in ("title", "family", "label", "column") if not text[key].strip()]
    if blank:
        assert len(mistakes(folder, toml)) == len(blank)
        return
    one = read(folder, toml)
    (family,) = one.families
    (run,) = family.runs
    assert (one.title, one.description, family.name) == (text["title"], text["description"], text["family"])
    assert (run.note, run.label, run.extra) == (text["note"], text["label"], {text["column"]: text["note"]})
    assert family.slug.isascii()


def _quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(character):08x}" for character in text) + '"'


# Values of any type in place of those that belong there.
KEYS = (
    *(
        "title",
        "description",
        "synthetic",
        "source",
        "smoothing",
        "figures",
        "pdf",
        "theme",
        "family",
        "name",
    ),
    *("runs", "label", "linear_steps", "x_range", "y_range", "columns", "order", "expect", "listed", "extra"),
    *("note", "revision", "type", "repo", "file", "path", "window", "edges", "smoother", "width_mm", "logo"),
    *("title_font", "accent", "steps_to", "avg_final_loss"),
)
WORDS = (
    "hub",
    "directory",
    "org/x_{name}",
    "{name}",
    "main",
    "log",
    "<= 1e-8",
    "avg_final_loss",
    "partial",
    "a",
)
values = st.recursive(
    st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(WORDS)
    | hostile
    | st.datetimes()
    | st.dates()
    | st.times(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
        | st.dictionaries(st.sampled_from(KEYS) | hostile, inner, max_size=3)
    ),
    max_leaves=30,
)


@given(st.dictionaries(st.sampled_from(KEYS), values, max_size=8))
def test_any_tables_are_a_list_or_mistakes(
    tmp_path_factory: pytest.TempPathFactory, tables: Mapping[str, Any]
) -> None:
    found = Mistakes("list.toml")
    model_list_of(tables, Origin("list.toml", str(tmp_path_factory.getbasetemp())), set(), found)
    assert all(line.isprintable() and len(line) < 1500 for line in found.lines)


@given(
    st.lists(
        st.sampled_from(
            [
                *"[]{}=,.'\"\\#\n\r\t \x00",
                "[[family]]\n",
                "[source]\n",
                '"""',
                "'''",
                "runs = ",
                "name = ",
                "1e999",
                "-",
            ]
        )
        | st.sampled_from([*KEYS, *WORDS])
        | st.text(max_size=3),
        max_size=60,
    ).map("".join)
    | st.binary(max_size=200)
)
def test_any_bytes_are_a_list_or_mistakes(
    tmp_path_factory: pytest.TempPathFactory, data: str | bytes
) -> None:
    data = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    try:
        tomllib.loads(data.decode("utf-8-sig"))
        is_toml = True
    except (ValueError, RecursionError):
        is_toml = False
    lines = mistakes(tmp_path_factory.getbasetemp(), data)  # none is a whole list by chance
    assert is_toml or len(lines) == 1


SHIPPED = (resources.folder("model_lists") / "quanta-maths.toml").read_text(encoding="utf-8")[:3000]
pieces = (
    st.sampled_from([*"[]{}=,.'\"\\\n\x00", "..", "[[family]]", "{name}", '"""'])
    | st.sampled_from(KEYS)
    | hostile
)


@given(
    st.lists(
        st.tuples(st.integers(0, len(SHIPPED)), st.integers(0, 60), pieces | st.just("")),
        min_size=1,
        max_size=4,
    )
)
def test_a_list_spoilt_anywhere_is_a_list_or_mistakes(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int, str]]
) -> None:
    text = SHIPPED
    for place, cut, piece in edits:
        text = text[:place] + piece + text[place + cut :]
    try:
        one = read(tmp_path_factory.getbasetemp(), text.encode("utf-8", "surrogatepass"))
    except ReportgenError as error:
        lines = str(error).split("\n")
        assert all(line.isprintable() and len(line) < 1500 for line in lines)
    else:
        for run in (run for family in one.families for run in family.runs):
            assert unsafe_path(run.name) is None
