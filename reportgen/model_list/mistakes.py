"""Mistakes of a list: each with its place, what is wrong and what would be right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from itertools import islice

from reportgen.text import one_line

__all__ = ["Mistakes", "TooManyMistakes", "did_you_mean", "key", "nearest", "shown"]

_MOST = 100  # lines a file
_LONGEST = 60


class TooManyMistakes(Exception):  # noqa: N818 - ends the check of one file, and never leaves the package
    """A file has so many mistakes that it is read no further."""


class Mistakes:
    """The mistakes found so far in one file.

    Attributes:
        file: As messages name it.
        lines: One a mistake.
    """

    def __init__(self, file: str) -> None:
        self.file = one_line(file)
        self.lines: list[str] = []

    def add(self, place: str, text: str) -> None:
        """Keeps a mistake; ``place`` is empty where it is the whole file.

        Raises:
            TooManyMistakes: a file of a million mistakes is one mistake.
        """
        if len(self.lines) == _MOST:
            self.lines.append(f"{self.file}: there are more mistakes; correct these first")
            raise TooManyMistakes
        self.lines.append(f"{self.file}: {place}: {text}" if place else f"{self.file}: {text}")


def shown(value: object) -> str:
    """A value of a list as messages show it: short, on one line, without control characters."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, str):
        return f'"{one_line(value[: 8 * _LONGEST], _LONGEST)}"'
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 64 else f"a number of {value.bit_length():,} bits"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return "a date or a time"


def key(name: str) -> str:
    """A key as TOML writes it: bare, or quoted."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", name) else shown(name)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like ``name``, None where none is like it."""
    near = difflib.get_close_matches(name[:100], islice(known, 1000), n=1)
    return near[0] if near else None


def did_you_mean(name: str, known: Collection[str]) -> str:
    """The end of a message on an unknown name: the nearest known one, or all, where those are few."""
    near = nearest(name, known)
    if near is not None:
        return f"; did you mean {shown(near)}?"
    if 0 < len(known) <= 12:
        return f"; known: {', '.join(shown(one) for one in sorted(known))}"
    return ""
