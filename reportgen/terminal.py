"""Ways to show what a build says: for people, for GitHub Actions, for other programs."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TextIO

from reportgen.log import Progress
from reportgen.notation import count
from reportgen.text import inert

__all__ = ["GithubLog", "JsonLog", "Level", "TextLog", "discard", "make_log", "put"]

Level = Literal["quiet", "normal", "verbose"]


def make_log(level: Level, form: Literal["text", "json"], stream: TextIO | None = None) -> TextLog | JsonLog:
    """The log that fits: JSON where asked for, annotations in GitHub Actions, else text."""
    stream = stream if stream is not None else sys.stderr
    if form == "json":
        return JsonLog(level, stream)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        return GithubLog(level, stream)
    return TextLog(level, stream)


def put(line: str, stream: TextIO) -> None:
    """Writes a line of a log; one that cannot be written costs no report."""
    try:
        print(line, file=stream, flush=True)
    except OSError:
        discard(stream)


def discard(stream: TextIO) -> None:
    """Lets what is still to be written to ``stream`` go nowhere: Python would fail on it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class TextLog:
    """Plain lines, and bars where the stream is a terminal."""

    def __init__(self, level: Level, stream: TextIO) -> None:
        self._level = level
        self._stream = stream

    def info(self, message: str) -> None:
        """A line, when detail was asked for."""
        if self._level == "verbose":
            self._line(message)

    def say(self, message: str) -> None:
        """A line, unless quiet was asked for."""
        if self._level != "quiet":
            self._line(message)

    def warn(self, message: str, file: str | None = None) -> None:
        """A line, always."""
        self._line(f"warning: {message}" if file is None else f"warning: {file}: {message}")

    def fail(self, message: str) -> None:
        """A warning."""
        self.warn(message)

    def error(self, message: str) -> None:
        """Why nothing was written."""
        # A mistake of the command line begins with the command.
        self._line(message if message.startswith("reportgen") else f"reportgen: {message}")

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Progress]:
        """A bar on a terminal; elsewhere one line when the step is done."""
        started = time.monotonic()
        if total and self._stream.isatty() and self._level != "quiet":
            from tqdm import tqdm

            with tqdm(total=total, desc=title, file=self._stream, leave=False, unit="run") as bar:
                yield _Bar(bar)
        else:
            yield _Counter()
        counted = f" {count(total, 'run')}" if total else ""
        self.say(f"{title}{counted}: {time.monotonic() - started:.1f} s")

    def _line(self, message: str) -> None:
        put(inert(message), self._stream)


class GithubLog(TextLog):
    """Text with groups and annotations, as GitHub Actions reads them."""

    def warn(self, message: str, file: str | None = None) -> None:
        """A ``::warning`` on the run's page, at the list where that is known."""
        place = "" if file is None else f" file={_property(file)}"
        put(f"::warning{place}::{_data(message)}", self._stream)

    def fail(self, message: str) -> None:
        """An ``::error``: it is what turns the job red."""
        self.error(message)

    def error(self, message: str) -> None:
        """An ``::error`` for each line, since a list may hold many mistakes."""
        for line in message.splitlines():
            put(f"::error::{_data(line)}", self._stream)

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Progress]:
        """A group that can be folded."""
        put(f"::group::{_data(title)}", self._stream)
        try:
            with super().step(title, total) as progress:
                yield progress
        finally:
            put("::endgroup::", self._stream)


class JsonLog:
    """One JSON object a line: ``time``, ``level``, ``message``, and what belongs to it."""

    def __init__(self, level: Level, stream: TextIO) -> None:
        self._level = level
        self._stream = stream

    def info(self, message: str) -> None:
        """Level ``debug``."""
        if self._level == "verbose":
            self._write("debug", message)

    def say(self, message: str) -> None:
        """Level ``info``."""
        if self._level != "quiet":
            self._write("info", message)

    def warn(self, message: str, file: str | None = None) -> None:
        """Level ``warning``."""
        self._write("warning", message, **({} if file is None else {"file": file}))

    def fail(self, message: str) -> None:
        """Level ``warning``."""
        self.warn(message)

    def error(self, message: str) -> None:
        """Level ``error``."""
        self._write("error", message)

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Progress]:
        """One object when the step is done."""
        started = time.monotonic()
        yield _Counter()
        if self._level != "quiet":
            seconds = round(time.monotonic() - started, 3)
            self._write("info", title, step=title, total=total, seconds=seconds)

    def _write(self, level: str, message: str, **more: object) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        # ASCII escapes: no byte of a stranger's text reaches a terminal that shows the log.
        line = json.dumps({"time": now, "level": level, "message": message, **more})
        # The same text to a reader of JSON, no command to GitHub Actions.
        put(line.replace("##[", r"#\u0023["), self._stream)


class _Bar:
    def __init__(self, bar: object) -> None:
        self._bar = bar

    def advance(self, name: str) -> None:
        """One run further."""
        self._bar.update()  # type: ignore[attr-defined]


class _Counter:
    def advance(self, name: str) -> None:
        """Nothing is shown before the step is done."""


def _data(text: str) -> str:
    return inert(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
