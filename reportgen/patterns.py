"""Patterns of runs' names, and templates of places that hold ``{name}``: pure, linear in their text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

__all__ = ["NAME", "Pattern", "Template", "is_pattern"]

NAME: Final = "{name}"


def is_pattern(name: str) -> bool:
    """Whether a name in ``runs`` stands for all those that it fits; no run's name holds ``*`` or ``?``."""
    return "*" in name or "?" in name


class Pattern:
    """``*`` stops at ``/``, ``**`` does not, ``?`` is any one character but ``/``; all else is itself.

    Text is matched a character at a time by a set of states, bits of a number, so no pattern and no text
    takes longer than the other allows; and a walk through folders may ask halfway whether anything
    beneath can still fit.

    Args:
        text: As a list writes it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        parts = re.findall(r"\*\*+|[\s\S]", text)
        self._literal: dict[str, int] = {}
        self._any = self._star = self._star_within = 0
        for position, part in enumerate(parts):
            bit = 1 << position
            if part.startswith("**"):
                self._star |= bit
            elif part == "*":
                self._star_within |= bit
            elif part == "?":
                self._any |= bit
            else:
                self._literal[part] = self._literal.get(part, 0) | bit
        self._stars = self._star | self._star_within
        self._end = 1 << len(parts)

    @property
    def start(self) -> int:
        """The state before any text."""
        return self._closed(1)

    def advance(self, state: int, text: str) -> int:
        """The state after ``text``; 0 where nothing that begins so can fit."""
        for character in text:
            if not state:
                return 0
            fits = self._literal.get(character, 0)
            stays = self._star
            if character != "/":
                fits |= self._any
                stays |= self._star_within
            state = self._closed(((state & fits) << 1) | (state & stays))
        return state

    def accepts(self, state: int) -> bool:
        """Whether text that led to ``state`` fits."""
        return bool(state & self._end)

    def fits(self, text: str) -> bool:
        """Whether the whole of ``text`` fits."""
        return self.accepts(self.advance(self.start, text))

    def _closed(self, state: int) -> int:
        # A star may stand for nothing; a second star right behind it, for nothing as well.
        while (wider := state | ((state & self._stars) << 1)) != state:
            state = wider
        return state


@dataclass(frozen=True, slots=True)
class Template:
    """A place that holds ``{name}`` once or more: each further one repeats the first.

    Attributes:
        text: Such as ``runs/{name}/{name}.csv``.
    """

    text: str
    _pieces: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_pieces", tuple(self.text.split(NAME)))

    @property
    def is_store(self) -> bool:
        """Whether it names one place for all runs."""
        return len(self._pieces) == 1

    def place(self, name: str) -> str:
        """Where the run ``name`` is."""
        return name.join(self._pieces)

    def name_at(self, place: str) -> str | None:
        """The name of the run that is at ``place``; None where it is none's."""
        count = len(self._pieces) - 1
        rest = len(place) - sum(map(len, self._pieces))
        if count < 1 or rest < count or rest % count:
            return None
        first = len(self._pieces[0])
        name = place[first : first + rest // count]
        return name if self.place(name) == place else None

    def pattern(self, names: str) -> Pattern:
        """The pattern of the places of runs whose names ``names`` fits; stars of its own text are none."""
        return Pattern(self.place(names))
