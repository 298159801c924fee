"""Ways to show what a build says: for people, for GitHub Actions, for other programs."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TextIO

from reportgen.log import Counted, Kind, Level, Log, Progress, Uncounted, Writer
from reportgen.notation import count
from reportgen.text import inert

__all__ = ["GithubWriter", "JsonWriter", "TextWriter", "discard", "make_log", "put"]

_ANNOTATIONS = 9
"""Of a kind; GitHub shows 10 of each a step, and the last says how many there are besides."""


def make_log(
    level: Level = "normal", form: Literal["text", "json"] = "text", stream: TextIO | None = None
) -> Log:
    """The log that fits: JSON where asked for, annotations in GitHub Actions, else text."""
    stream = stream if stream is not None else sys.stderr
    if form == "json":
        return Log(JsonWriter(stream), level)
    in_actions = os.environ.get("GITHUB_ACTIONS") == "true"
    return Log(GithubWriter(stream) if in_actions else TextWriter(stream), level)


def put(line: str, stream: TextIO) -> None:
    """Writes a line of a log; one that cannot be written costs no report."""
    try:
        print(line, file=stream, flush=True)
    except OSError:
        discard(stream)


def discard(stream: TextIO) -> None:
    """Lets what is still to be written to ``stream`` go nowhere: Python would fail on it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class TextWriter(Writer):
    """Plain lines, and bars where the stream is a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, kind: Kind, message: str) -> None:
        if kind in ("warning", "failure"):
            message = f"warning: {message}"
        # A mistake of the command line begins with the command.
        elif kind == "error" and not message.startswith("reportgen"):
            message = f"reportgen: {message}"
        put(inert(message), self._stream)

    @contextmanager
    def working(self, title: str, total: int | None) -> Iterator[Progress]:
        if not total or not self._stream.isatty():
            yield Uncounted()
            return
        from tqdm import tqdm

        with tqdm(total=total, desc=title, file=self._stream, leave=False, unit="run") as bar:
            yield Counted(bar)

    def done(self, title: str, total: int | None, seconds: float) -> None:
        counted = f" {count(total, 'run')}" if total else ""
        self.write("info", f"{title}{counted}: {seconds:.1f} s")


class GithubWriter(TextWriter):
    """Text with groups and annotations, as GitHub Actions reads them."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._said: Counter[str] = Counter()

    def write(self, kind: Kind, message: str) -> None:
        if kind in ("debug", "info"):
            super().write(kind, message)
            return
        # What does not hold is what turns the job red. A list may hold many mistakes, a line each.
        command = "warning" if kind == "warning" else "error"
        for line in message.splitlines():
            self._said[command] += 1
            if self._said[command] <= _ANNOTATIONS:
                self._annotate(command, line)
            else:
                super().write("warning", line)

    @contextmanager
    def working(self, title: str, total: int | None) -> Iterator[Progress]:
        put(f"::group::{_data(title)}", self._stream)
        try:
            with super().working(title, total) as progress:
                yield progress
        finally:
            put("::endgroup::", self._stream)

    def close(self) -> None:
        for command, said in self._said.items():
            if (rest := said - _ANNOTATIONS) > 0:
                self._annotate(command, f"and {count(rest, f'more {command}')}; the log has all")

    def _annotate(self, command: str, line: str) -> None:
        put(f"::{command}::{_data(line)}", self._stream)


class JsonWriter(Writer):
    """One JSON object a line: ``time``, ``level``, ``message``, and what belongs to it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, kind: Kind, message: str, **more: object) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        level = "warning" if kind == "failure" else kind
        # ASCII escapes: no byte of a stranger's text reaches a terminal that shows the log.
        line = json.dumps({"time": now, "level": level, "message": message, **more})
        # The same text to a reader of JSON, no command to GitHub Actions.
        put(line.replace("##[", r"#\u0023["), self._stream)

    def done(self, title: str, total: int | None, seconds: float) -> None:
        self.write("info", title, step=title, total=total, seconds=round(seconds, 3))


def _data(text: str) -> str:
    return inert(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
