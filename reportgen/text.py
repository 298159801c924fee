"""Text from strangers, made fit for a line on a terminal."""

from __future__ import annotations

import unicodedata

__all__ = ["one_line", "printable"]

_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    r"""``text`` with control characters and direction marks written as escapes (``\x1b``).

    A terminal or a log then shows them instead of obeying them. Line breaks stay.
    """
    return "".join(
        character
        if character == "\n" or not _obeyed(character)
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _obeyed(character: str) -> bool:
    return unicodedata.category(character)[0] == "C" or character in _BIDI_CONTROLS


def one_line(text: str, limit: int = 300) -> str:
    """``printable`` text on one line, cut to ``limit`` characters with an ellipsis."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"
