"""What a build says while it works, apart from how it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

__all__ = ["Log", "Progress", "SilentLog"]


class Progress(Protocol):
    """Counts the parts of one step."""

    def advance(self, name: str) -> None:
        """One more part, ``name``, is done."""


class Log(Protocol):
    """Where a build's words go."""

    def info(self, message: str) -> None:
        """Something a user who asked for detail wants to know."""

    def say(self, message: str) -> None:
        """Something every user wants to know."""

    def warn(self, message: str, file: str | None = None) -> None:
        """Something went wrong and the build goes on.

        Args:
            message: One line.
            file: The list that it is about.
        """

    def fail(self, message: str) -> None:
        """An expectation does not hold, which decides how the build ends."""

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Progress]:
        """A step of the build, of ``total`` parts where that is known."""
        yield _Uncounted()


class _Uncounted:
    def advance(self, name: str) -> None:
        """Nobody counts."""


class SilentLog:
    """Says nothing."""

    def info(self, message: str) -> None:
        """Nothing."""

    def say(self, message: str) -> None:
        """Nothing."""

    def warn(self, message: str, file: str | None = None) -> None:
        """Nothing."""

    def fail(self, message: str) -> None:
        """Nothing."""

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Progress]:
        """A step that nobody watches."""
        yield _Uncounted()
