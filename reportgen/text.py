"""Text from strangers, made fit for a line on a terminal or a name in a figure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import takewhile

__all__ = ["inert", "is_utf8", "one_line", "printable", "told_apart"]

_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_utf8(text: str) -> bool:
    """Whether ``text`` can be written; Python lets names of files hold bytes that are no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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


# GitHub Actions looks for "::" where a line begins, spaces aside, and for "##[" anywhere in it.
_COMMAND = re.compile(r"(?m)^\s*:(?=:)|##(?=\[)")


def inert(text: str) -> str:
    r"""``printable`` text for a terminal or a log, of which GitHub Actions takes no line for a command.

    A character of what would be one is written as an escape: ``\x3a:error``, ``#\x23[error]``.
    """
    return _COMMAND.sub(lambda found: f"{found[0][:-1]}\\x{ord(found[0][-1]):02x}", printable(text))


def _obeyed(character: str) -> bool:
    return unicodedata.category(character)[0] == "C" or character in _BIDI_CONTROLS


def one_line(text: str, limit: int = 300) -> str:
    """``printable`` text on one line, cut to ``limit`` characters with an ellipsis."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def told_apart(texts: Sequence[str], limit: int) -> tuple[str, ...]:
    """Names of at most ``limit`` characters that differ where ``texts`` do.

    Where a text is longer, all lose what they begin with alike, then what they end with alike, then
    what is longer its middle; where that makes two alike, all but the first are numbered.

    Args:
        texts: Of one figure, in order.
        limit: Characters, 8 or more.
    """
    names = list(texts)
    if len(set(texts)) > 1:
        start = _alike(names)
        if start > 1 and max(map(len, names)) > limit:
            names = ["…" + name[start:] for name in names]
        end = _alike([name[:0:-1] for name in names])
        if end > 1 and max(map(len, names)) > limit:
            names = [name[:-end] + "…" for name in names]
    half = (limit - 1) // 2
    names = [name if len(name) <= limit else f"{name[:half]}…{name[-half:]}" for name in names]
    taken: dict[str, str] = {}
    for name, text in zip(names, texts, strict=True):
        number, other = 1, name
        while taken.setdefault(other, text) != text:
            number += 1
            other = f"{name[: limit - len(str(number)) - 1]} {number}"
    shown = {text: name for name, text in taken.items()}
    return tuple(shown[text] for text in texts)


def _alike(texts: Sequence[str]) -> int:
    """Characters that all texts begin with."""
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, zip(*texts, strict=False)))
