"""Text from strangers, made fit for a line on a terminal or a name in a figure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from itertools import takewhile
from typing import Any

__all__ = [
    "common_folders",
    "in_words",
    "inert",
    "is_utf8",
    "natural",
    "one_line",
    "printable",
    "told_apart",
    "without_shared",
]

_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_utf8(text: str) -> bool:
    """Whether ``text`` can be written; Python lets names of files hold bytes that are no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def in_words(error: BaseException) -> str:
    """The kind of an error without its message, which may hold a secret: ``client connector error``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()


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


_NUMBER = r"\d+(?:\.\d+)*(?:[eE][+-]?\d+)?"
_TOKEN = re.compile(rf"((?:[^\W\d_]+|{_NUMBER})+)")
"""Letters and numbers without anything between them: ``lr3e-5``, ``warmup100``, ``0.01``."""


_VALUE = re.compile(r"(?<![0-9.])[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?(?![0-9.])|[0-9]+")


def natural(text: str) -> tuple[tuple[Any, ...], ...]:
    """A key that sorts 2 before 10, 0.0003 before 0.001 and 3e-5 before 1e-4, and numbers before text.

    What has more than one point, as a version has, is no decimal: its parts count one by one.
    """
    key: list[tuple[Any, ...]] = []
    end = 0
    for found in _VALUE.finditer(text):
        if found.start() > end:
            key.append((1, text[end : found.start()]))
        # Not int or float: a name may hold thousands of digits.
        key.append((0, Decimal(found[0]), found[0]))
        end = found.end()
    return (*key, (1, text[end:])) if end < len(text) else tuple(key)


def common_folders(places: Sequence[str]) -> tuple[str, str]:
    """What all places begin and end with, in whole folders; every place keeps a name between the two.

    Returns:
        ``out/`` and ``/logs`` of ``out/a/logs`` and ``out/b/logs``. Of a lone place all but its last folder.
    """
    parts = [place.split("/") for place in places]
    start, shortest = 0, min(map(len, parts))
    while start < shortest - 1 and len({one[start] for one in parts}) == 1:
        start += 1
    end = 0
    if len(parts) > 1:
        while end < shortest - 1 - start and len({one[-1 - end] for one in parts}) == 1:
            end += 1
    before = "".join(f"{part}/" for part in parts[0][:start])
    after = "".join(f"/{part}" for part in parts[0][len(parts[0]) - end :]) if end else ""
    return before, after


def without_shared(names: Sequence[str]) -> tuple[str, ...]:
    """Names less what all of them share at either end.

    They are cut between tokens only, so never inside a number, and never to nothing or to numbers alone:
    ``version_0`` stays, since ``0`` says nothing.
    """
    if len(set(names)) < 2:
        return tuple(names)
    pieces = [_TOKEN.split(name) for name in names]  # separator, token, separator, ...
    start, end = _cut(pieces)
    return tuple("".join(one[start : len(one) - end]) for one in pieces)


def told_apart(texts: Sequence[str], limit: int) -> tuple[str, ...]:
    """Names of at most ``limit`` characters that differ where ``texts`` do.

    Where a text is longer, all lose what they share at either end, then tokens in their middle that all
    share, then what is still longer its middle; where that makes two alike, all but the first are
    numbered. An ellipsis stands where something is left out.

    Args:
        texts: Of one figure, in order.
        limit: Characters, 8 or more.
    """
    names = list(texts)
    if len(set(texts)) > 1 and max(map(len, names)) > limit:
        pieces = [_TOKEN.split(name) for name in names]
        start, end = _cut(pieces)
        shared = frozenset.intersection(*(frozenset(one[1::2]) for one in pieces))
        names = [_between(one, start, end) for one in pieces]
        if max(map(len, names)) > limit:
            names = [_but(one, start, end, shared) for one in pieces]
    names = [name if len(name) <= limit else _ends(name, limit) for name in names]
    taken: dict[str, str] = {}
    for name, text in zip(names, texts, strict=True):
        number, other = 1, name
        while taken.setdefault(other, text) != text:
            number += 1
            other = f"{name[: limit - len(str(number)) - 1]} {number}"
    shown = {text: name for name, text in taken.items()}
    return tuple(shown[text] for text in texts)


def _cut(pieces: Sequence[Sequence[str]]) -> tuple[int, int]:
    """How many pieces all names may lose at their start and at their end."""
    start = _alike(pieces)
    start -= 1 - start % 2  # up to a token
    while start > 0 and not all(_says_something(one[start:]) for one in pieces):
        start -= 2
    start = max(start, 0)
    end = _alike([one[start:][::-1] for one in pieces])
    end -= 1 - end % 2
    while end > 0 and not all(_says_something(one[start : len(one) - end]) for one in pieces):
        end -= 2
    return start, max(end, 0)


def _says_something(pieces: Sequence[str]) -> bool:
    """Whether there are tokens, and more than numbers."""
    return any(_TOKEN.fullmatch(piece) and not re.fullmatch(_NUMBER, piece) for piece in pieces)


def _between(pieces: Sequence[str], start: int, end: int) -> str:
    """What is left of a name, with an ellipsis for each end that it lost."""
    stop = len(pieces) - end
    before, after = any(pieces[:start]), any(pieces[stop:])
    return f"{'…' * before}{''.join(pieces[start:stop])}{'…' * after}"


def _but(pieces: Sequence[str], start: int, end: int, shared: frozenset[str]) -> str:
    """The same less the tokens that all names have somewhere, with what separates them."""
    stop = len(pieces) - end
    kept: list[str] = ["…"] if any(pieces[:start]) else []
    for i in range(start | 1, stop, 2):
        if pieces[i] not in shared:
            follows = bool(kept) and kept[-1] != "…"
            kept += [pieces[i - 1] if follows or i == start + 1 else "", pieces[i]]
        elif not kept or kept[-1] != "…":
            kept.append("…")
    if kept and kept[-1] != "…":
        kept.append(pieces[-1] if not end else "…" if any(pieces[stop:]) else "")
    return "".join(kept)


def _ends(name: str, limit: int) -> str:
    """Both ends of a name, cut between tokens where that loses little."""
    half = (limit - 1) // 2
    head, tail = name[:half], name[-half:]
    borders = [found.end() for found in _TOKEN.finditer(name) if 2 * found.end() > len(head) >= found.end()]
    starts = [found.start() for found in _TOKEN.finditer(name) if len(name) - found.start() <= half]
    head = name[: borders[-1]] if borders else head
    tail = name[starts[0] :] if starts and 2 * (len(name) - starts[0]) > half else tail
    return f"{head}…{tail}"


def _alike(texts: Sequence[Sequence[str]]) -> int:
    """Items that all texts begin with."""
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, zip(*texts, strict=False)))
