"""What a build says while it works: one gate, and writers that show it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal, Protocol

__all__ = ["Counted", "Kind", "Level", "Log", "Progress", "Uncounted", "Writer"]

Level = Literal["quiet", "normal", "verbose"]
Kind = Literal["debug", "info", "warning", "failure", "error"]
"""``failure`` is an expectation that does not hold, which decides how the build ends."""


class Progress(Protocol):
    """Counts the parts of one step."""

    def advance(self, name: str) -> None:
        """One more part, ``name``, is done."""


class Uncounted:
    """A step whose parts nobody counts."""

    def advance(self, name: str) -> None:
        pass


class Counted:
    """A step whose parts a bar of tqdm counts."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar

    def advance(self, name: str) -> None:
        self._bar.update()


class Writer:
    """A way to show what a build says; this one shows nothing."""

    def write(self, kind: Kind, message: str) -> None:
        """Shows one message."""

    def working(self, title: str, total: int | None) -> AbstractContextManager[Progress]:
        """Shows that a step of ``total`` runs is under way; None where nobody wants to see them counted."""
        return nullcontext(Uncounted())

    def done(self, title: str, total: int | None, seconds: float) -> None:
        """Shows that a step has ended."""

    def close(self) -> None:
        """Ends the output."""


class Log:
    """Lets through what was asked for: to nowhere, unless a writer is given."""

    def __init__(self, writer: Writer | None = None, level: Level = "normal") -> None:
        self._writer = writer or Writer()
        self._level = level

    def info(self, message: str) -> None:
        """Something a user who asked for detail wants to know."""
        if self._level == "verbose":
            self._writer.write("debug", message)

    def say(self, message: str) -> None:
        """Something every user wants to know."""
        if self._level != "quiet":
            self._writer.write("info", message)

    def warn(self, message: str) -> None:
        """Something went wrong and the build goes on; one line."""
        self._writer.write("warning", message)

    def fail(self, message: str) -> None:
        """An expectation does not hold."""
        self._writer.write("failure", message)

    def error(self, message: str) -> None:
        """Why nothing was written; a line a mistake."""
        self._writer.write("error", message)

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Progress]:
        """A step of the build, of ``total`` runs where that is known."""
        started = time.monotonic()
        with self._writer.working(title, None if self._level == "quiet" else total) as progress:
            yield progress
        if self._level != "quiet":
            self._writer.done(title, total, time.monotonic() - started)

    def close(self) -> None:
        """Ends the output."""
        self._writer.close()
