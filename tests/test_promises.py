"""``docs/promises.md``: every promise names tests, and every test it names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/.]+::[\w:]+)`", DOCUMENT)


def names_in(file: Path) -> set[str]:
    """``file::test`` and ``file::Class::test`` of all tests in a file."""
    name = file.relative_to(ROOT).as_posix()
    found = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{name}::{node.name}" if isinstance(node, ast.ClassDef) else name
        found |= {f"{prefix}::{each.name}" for each in inside if isinstance(each, ast.FunctionDef)}
    return {each for each in found if each.rpartition("::")[2].startswith("test_")}


@pytest.mark.parametrize("test", NAMED)
def test_a_named_test_exists(test: str) -> None:
    assert test in names_in(ROOT / test.partition("::")[0])


def test_every_promise_names_a_test() -> None:
    rows = [line for line in DOCUMENT.partition("## What was run")[0].splitlines() if line.startswith("| ")]
    promises = [row for row in rows if not row.startswith(("| promise |", "| --- |"))]
    assert len(promises) > 30
    for row in promises:
        assert re.fullmatch(r"\| .+ \| (`tests/[\w/.]+::[\w:]+` )+\|", row), row


@pytest.mark.parametrize("file", ["test_hostile.py", "test_faults.py"])
def test_every_test_of_a_whole_build_holds_a_promise(file: str) -> None:
    assert names_in(ROOT / "tests" / file) <= set(NAMED)
