"""Patterns of text logs and of names, as lists write them: what they read is said by named groups.

They are RE2's (https://github.com/google/re2/wiki/Syntax): matching takes time in proportion to the text,
whatever the pattern and the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["LogPattern", "PatternMistake", "compiled", "matcher_of"]

_STEP = "step"
_AXES = ("epoch", "time", "tokens")
_LOOK = re.compile(r"\(\?<?[=!]")
_NAMED = re.compile(r"\(\?P?<(\w+)>")
_MEMORY = 8 << 20


class PatternMistake(Exception):  # noqa: N818 - a state of a list
    """What is wrong with a pattern, and how to fix it."""


@dataclass(frozen=True, slots=True)
class LogPattern:
    """A pattern that was compiled.

    Attributes:
        matcher: Of RE2.
        groups: Name to number, of series.
        axes: The same of other positions: epoch, time, tokens.
        step: Number of the step's group, None where it has none.
    """

    matcher: Any
    groups: Mapping[str, int]
    axes: Mapping[str, int]
    step: int | None


def compiled(patterns: Sequence[str]) -> list[LogPattern]:
    """Patterns to search lines with.

    Raises:
        PatternMistake: What is wrong and how to fix it.
    """
    if not patterns:
        raise PatternMistake(
            "a text needs a pattern with a named group for each series: "
            r"pattern = 'step (?P<step>\d+) loss (?P<loss>\S+)'"
        )
    found = [_compile(pattern) for pattern in patterns]
    seen: dict[str, bool] = {}
    for one in found:
        for name in one.groups:
            if seen.setdefault(name, one.step is not None) != (one.step is not None):
                raise PatternMistake(
                    f'the patterns of "{name}" have a group step in one and not in another; '
                    "name it in both or in neither"
                )
    return found


def matcher_of(pattern: str) -> Any:
    """One pattern, compiled by RE2, which has ``fullmatch``, ``search`` and ``groupindex`` as ``re`` has.

    Raises:
        PatternMistake: What is wrong and how to fix it.
    """
    import re2

    quoted = _quoted(pattern)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        matcher = re2.compile(pattern, options)
    except re2.error as error:
        words = error.args[0] if error.args else ""
        why = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
        why = why if why.isprintable() else repr(why)
        fix = "correct it"
        if _LOOK.search(pattern) or "escape sequence" in why:
            fix = "patterns are RE2's, without look-around and backreferences: say what to match without them"
        raise PatternMistake(f"the pattern {quoted} is not valid ({why}); {fix}") from None
    names = _NAMED.findall(pattern)
    if len(set(names)) < len(names):
        raise PatternMistake(f"the pattern {quoted} has two groups of one name; give each its own")
    return matcher


def _quoted(pattern: str) -> str:
    return f'"{pattern}"' if pattern.isprintable() else repr(pattern)


def _compile(pattern: str) -> LogPattern:
    matcher = matcher_of(pattern)
    groups = dict(matcher.groupindex)
    step = groups.pop(_STEP, None)
    axes = {axis: groups.pop(axis) for axis in _AXES if axis in groups}
    if not groups:
        raise PatternMistake(
            f"the pattern {_quoted(pattern)} names no series; give each a group, (?P<loss>\\S+)"
        )
    return LogPattern(matcher, groups, axes, step)
