"""Files as formats are given them, and what a run's loop knows of itself."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from reportgen.formats.settling import settle
from reportgen.kinds import Format, RunFile

DATA = Path(__file__).parent / "data"
"""What real tools wrote; tests/tools has what had them write it."""


@dataclass(frozen=True)
class Bytes:
    """A file in memory."""

    name: str
    data: bytes = field(repr=False)

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)

    def read(self) -> bytes:
        return self.data


def files_of(place: Path) -> list[Bytes]:
    """One file, or all of a folder but what the loop knows."""
    if place.is_file():
        return [Bytes(place.name, place.read_bytes())]
    found = [file for file in sorted(place.rglob("*")) if file.is_file() and file.name != "truth.json"]
    return [Bytes(file.relative_to(place).as_posix(), file.read_bytes()) for file in found]


def taken(form: Format, files: Sequence[Bytes]) -> list[Bytes]:
    """The files that a format takes for itself."""
    by_name = {file.name: file for file in files}
    return [by_name[name] for name in form.fits(list(by_name), lambda name: by_name[name].data[:65536])]


def read(
    form: Format, files: Sequence[Bytes], name: str = "run", options: Mapping[str, Any] | None = None
) -> RunFile:
    """A run as it is read and settled; a format that takes no file for its own is named by the list."""
    return settle(form.read(taken(form, files) or files, name, options or {}), name=name)


def assert_true(run: RunFile, truth: Mapping[str, Any]) -> None:
    """A run holds what its loop knows: each series with its steps, as exact as float32; its configuration."""
    for name, pairs in truth["series"].items():
        one = run.series[name]
        steps, values = (np.array(column) for column in zip(*pairs, strict=True))
        assert one.steps is not None
        assert one.steps.tolist() == steps.tolist(), name
        np.testing.assert_allclose(one.values, values, rtol=1e-6, err_msg=name)
    for key, value in truth["config"].items():
        assert run.config[key] == value


def truth_of(folder: Path) -> Mapping[str, Any]:
    """What the loop that wrote a folder knows."""
    truth: Mapping[str, Any] = json.loads((folder / "truth.json").read_text())
    return truth
