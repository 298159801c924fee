"""Lists written to a folder, and what is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from reportgen.errors import ReportgenError
from reportgen.model_list import ModelList, document, load
from reportgen.model_list.mistakes import Mistakes, TooManyMistakes

HUB = '[source]\ntype = "hub"\nrepo = "org/x_{name}"\n'
DIRECTORY = '[source]\ntype = "directory"\npath = "runs/{name}/loss.json"\n'
FAMILY = '[[family]]\nname = "F"\n'


def read(folder: Path, text: str | bytes, name: str = "list.toml") -> ModelList:
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    (one,) = load([str(file)])
    return one


def mistakes(folder: Path, text: str | bytes, name: str = "list.toml") -> list[str]:
    """What is said of a bad list, without the file's path."""
    with pytest.raises(ReportgenError) as caught:
        read(folder, text, name)
    assert caught.value.exit_code == 2
    lines = str(caught.value).split("\n")
    start = f"{folder / name}: "
    assert all(line.startswith(start) for line in lines)
    assert all(line.isprintable() and len(line) < 1000 for line in lines)
    return [line.removeprefix(start) for line in lines]


def from_dict(written: Mapping[str, Any], base: str) -> ModelList:
    """The list that ``to_dict`` wrote, as a rebuild reads it; relative paths start from ``base``.

    Raises:
        ReportgenError: exit code 2; each mistake on a line.
    """
    found = Mistakes("list")
    with suppress(TooManyMistakes):
        one = document._from_dict(written, [base], {"runs"}, found, "")
    if found.lines:
        raise ReportgenError("\n".join(found.lines), exit_code=2)
    return one
