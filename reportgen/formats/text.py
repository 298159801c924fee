"""Text logs, by patterns of the list: what to read is said, nothing is guessed.

The patterns are RE2's (https://github.com/google/re2/wiki/Syntax): matching takes time in proportion to
the text, whatever the pattern and the text, so that no log can stall a build.
"""

from __future__ import annotations

import codecs
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np

from reportgen.formats.assembly import Column, counted, listed, series_of
from reportgen.formats.reading import looks_like_text
from reportgen.kinds import RunFile, Unreadable
from reportgen.log_patterns import LogPattern, PatternMistake, compiled

if TYPE_CHECKING:
    from reportgen.kinds import Head, InputFile

__all__ = ["FORMAT", "Text"]


_CHUNK = 1 << 20
_HEAD = 4096
# A longer line is no line of a log; it is cut, so that memory stays bounded.
_LONGEST = 1 << 16
_COLOURS = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
_LARGEST = 2**62


class Text:
    """See the module."""

    name = "text"
    version = 1

    def fits(self, files: Sequence[str], head: Head) -> tuple[str, ...]:
        """None: only a list knows what its lines mean."""
        return ()

    def runs(self, files: Sequence[InputFile], options: Mapping[str, Any]) -> None:
        return None

    def read(self, files: Sequence[InputFile], name: str, options: Mapping[str, Any]) -> RunFile:
        """Reads one file, or those of a folder that are text, in the order of their names."""
        shown = files[0].name if len(files) == 1 else ""
        given = options.get("pattern", ())
        try:
            patterns = compiled([given] if isinstance(given, str) else given)
        except PatternMistake as wrong:
            raise Unreadable(shown, f"cannot be read: {wrong}") from None
        found = _Found()
        for file in sorted(files, key=lambda file: file.name):
            if len(files) == 1 or _is_text(file):
                with file.open() as stream:
                    _read(stream, patterns, found)
        columns = {
            series: Column(
                values=np.array(entries.values, dtype=np.float64),
                steps=np.array(entries.steps, dtype=np.int64) if entries.has_steps else None,
                rows=np.array(entries.rows, dtype=np.int64),
                axes={axis: np.array(places, dtype=np.float64) for axis, places in entries.axes.items()},
            )
            for series, entries in found.series.items()
            if len(entries.values)
        }
        if not columns:
            raise Unreadable(shown, _why_nothing(found), no_series=not found.fitting)
        return RunFile(series=series_of(columns), notes=tuple(_notes(found, patterns)), format=self.name)


FORMAT: Final = Text()


@dataclass(slots=True)
class _Entries:
    values: array[float] = field(default_factory=lambda: array("d"))
    steps: array[int] = field(default_factory=lambda: array("q"))
    rows: array[int] = field(default_factory=lambda: array("q"))
    axes: dict[str, array[float]] = field(default_factory=dict)
    has_steps: bool = False


@dataclass(slots=True)
class _Found:
    """What was found so far.

    Attributes:
        lines: All that are not blank.
        fitting: Lines that a pattern fits.
        bad: Values and steps that are no numbers.
    """

    series: dict[str, _Entries] = field(default_factory=dict)
    lines: int = 0
    fitting: int = 0
    bad: int = 0


def _is_text(file: InputFile) -> bool:
    with file.open() as stream:
        return looks_like_text(stream.read(_HEAD))


def _read(stream: BinaryIO, patterns: Sequence[LogPattern], found: _Found) -> None:
    for line in _lines(stream):
        if not line.strip():
            continue
        found.lines += 1
        fits = False
        for pattern in patterns:
            match = pattern.matcher.search(line)
            if match is not None:
                fits = True
                _take(match, pattern, found)
        found.fitting += fits


def _take(match: Any, pattern: LogPattern, found: _Found) -> None:
    step = 0
    if pattern.step is not None:
        at = _number(match.group(pattern.step))
        if at is None or at != at // 1 or not abs(at) < _LARGEST:
            found.bad += 1
            return
        step = int(at)
    for name, group in pattern.groups.items():
        text = match.group(group)
        value = _number(text)
        if value is None:
            found.bad += text is not None
            continue
        entries = found.series.setdefault(name, _Entries())
        entries.values.append(value)
        entries.steps.append(step)
        entries.rows.append(found.lines)
        entries.has_steps = pattern.step is not None
        for axis, place in pattern.axes.items():
            at = _number(match.group(place))
            entries.axes.setdefault(axis, array("d")).append(np.nan if at is None else at)


def _number(text: bytes | str | None) -> float | None:
    """A value; None where it is no number. Commas between thousands are none, nor are underscores."""
    if text is None or "_" in (text if isinstance(text, str) else text.decode("latin-1")):
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines without terminal colours. A carriage return ends one, as a progress bar writes over itself."""
    rest = b""
    first = True
    decoder = None
    while piece := stream.read(_CHUNK):
        if first and piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            decoder = codecs.getincrementaldecoder("utf-16")("replace")  # PowerShell's redirection
        first = False
        if decoder is not None:
            piece = decoder.decode(piece).encode("utf-8", "replace")
        *lines, rest = (rest + piece).replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            yield _plain(line)
        if len(rest) > _LONGEST:
            rest = rest[:_LONGEST]
    yield _plain(rest)


def _plain(line: bytes) -> bytes:
    line = line[:_LONGEST]
    if not line.isascii():  # RE2 stops at bytes that are no text.
        line = line.decode("utf-8", "replace").encode()
    return _COLOURS.sub(b"", line) if b"\x1b" in line else line


def _notes(found: _Found, patterns: Sequence[LogPattern]) -> list[str]:
    notes = [f"{found.fitting:,} of {found.lines:,} lines match a pattern."]
    if found.bad:
        notes.append(f"Values that are not numbers were left out: {found.bad:,}.")
    without = [
        name for name in dict.fromkeys(n for one in patterns for n in one.groups) if name not in found.series
    ]
    if without:
        notes.append(f"No line has a value for {listed(without)}.")
    return notes


def _why_nothing(found: _Found) -> str:
    if found.fitting:
        lines = counted(found.fitting, "line that matches", "lines that match")
        return f"has {lines} a pattern, but no number for any of its series; correct the pattern"
    return f"has no line that matches a pattern (of {counted(found.lines, 'line')}); correct the pattern"
