"""Mistakes of a list: each with its place, what is wrong and what would be right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from itertools import islice

from reportgen.text import one_line

__all__ = ["Mistakes", "did_you_mean", "key", "shown"]

_MOST = 100  # lines a file; a file of a million mistakes is one mistake
_LONGEST = 60


class Mistakes:
    """The mistakes found so far in one file.

    Attributes:
        file: As messages name it.
        count: How many.
    """

    def __init__(self, file: str) -> None:
        self.file = one_line(file)
        self.count = 0
        self._lines: list[str] = []

    def add(self, place: str, text: str) -> None:
        """Keeps a mistake; ``place`` is empty where it is the whole file."""
        self.count += 1
        if self.count <= _MOST:
            self._lines.append(f"{self.file}: {place}: {text}" if place else f"{self.file}: {text}")

    @property
    def full(self) -> bool:
        """Whether further mistakes will only be counted."""
        return self.count >= _MOST

    def lines(self) -> list[str]:
        """One line a mistake, and one for those that were only counted."""
        more = self.count - _MOST
        return self._lines + ([f"{self.file}: and {more:,} more mistakes"] if more > 0 else [])


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


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message on an unknown name: the nearest known one, or all, where those are few."""
    names = list(islice(known, 10_000))
    near = difflib.get_close_matches(name[:100], names, n=1)
    if near:
        return f"; did you mean {shown(near[0])}?"
    if 0 < len(names) <= 12:
        return f"; known: {', '.join(shown(one) for one in sorted(names))}"
    return ""
