"""Options of a build, each declared once: for the command, for Python and for ``command`` in a report."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from reportgen.errors import ReportgenError
from reportgen.model_list.mistakes import did_you_mean, nearest, shown
from reportgen.text import is_utf8

__all__ = [
    "FORMATS",
    "BuildOptions",
    "Format",
    "Option",
    "build_options",
    "command_words",
    "declared",
    "output",
    "utf8",
]

Format = Literal["html", "pdf"]
FORMATS: tuple[Format, ...] = ("html", "pdf")
_PAPERS = ("a4", "letter")
_DEVICES = ("auto", "cpu", "cuda", "mps")
_LONGEST_NUMBER = 18  # digits


@dataclass(frozen=True, slots=True)
class Option:
    """How the command and Python take one option.

    Attributes:
        flag: Of the command: ``--format``.
        help: What the command says of it.
        read: Text to value; raises ValueError with what is wrong, and is given the value's text in Python.
        metavar: What stands for the value in help; None names the choices, or the flag.
        choices: All values there are, as help lists them; empty where there are too many.
        repeats: Whether it may be given several times.
        switch: Whether it is there or not, without a value; the flag sets the opposite of the default.
        printed: The value as ``command`` of a report has it; None where it does not shape the report.
    """

    flag: str
    help: str
    read: Callable[[str], Any] = str
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    repeats: bool = False
    switch: bool = False
    printed: Callable[[Any], str] | None = None


def _as(flag: str, help: str, **more: Any) -> dict[str, Option]:  # noqa: A002 - as argparse calls it
    return {"option": Option(flag, help, **more)}


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() in choices:
            return text.lower()
        near = nearest(text.lower(), choices)
        known = f"did you mean {shown(near)}?" if near else f"it must be {' or '.join(map(shown, choices))}"
        raise ValueError(f"{shown(text)} is not known; {known}")

    return read


def output(text: str) -> Path:
    """The output folder; an empty name, as of a variable that nobody set, would be the current one."""
    if text.strip():
        return Path(text)
    raise ValueError("is empty; name a folder")


def utf8(text: str) -> str:
    """What a report repeats."""
    if is_utf8(text):
        return text
    raise ValueError(f"{shown(text)} holds a byte that is not UTF-8; write it in UTF-8")


def _title(text: str) -> str:
    if text.strip():
        return utf8(text)
    raise ValueError("is empty; must be text")


def _device(text: str) -> str:
    kind, _, index = text.partition(":")
    if text in _DEVICES or (kind == "cuda" and _number(index) is not None):
        return text
    raise ValueError(f"{shown(text)} is not one of auto, cpu, cuda, cuda:N, mps")


def _number(text: str) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) if is_number else None


def _jobs(text: str) -> int:
    if number := _number(text):
        return number
    raise ValueError(f"{shown(text)} is not a whole number of 1 or more")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if 0 < seconds < threading.TIMEOUT_MAX:
        return seconds
    raise ValueError(f"{shown(text)} is not a number of seconds above 0")


def _size(text: str) -> int:
    digits, unit = (text[:-1], text[-1].upper()) if text[-1:].upper() in ("K", "M", "G") else (text, "")
    if number := _number(digits):
        return number * {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}[unit]
    raise ValueError(f"{shown(text)} is not a size such as 900K, 256M or 2G")


def _scheduler(text: str) -> str:
    if text.strip():
        return utf8(text)
    raise ValueError("is empty; must be an address such as tcp://host:8786, or the scheduler's file")


def _path(text: str) -> Path:
    return Path(utf8(text))


def _file_name(path: Path) -> str:
    return path.name


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """Options of ``reportgen build``; the command's help says what each does.

    Values are read as the command reads them: ``jobs="3"`` is 3, ``paper="A4"`` is ``"a4"``, and one family
    may be given as text.

    Raises:
        ReportgenError: A value is wrong; the text says what would be right.
    """

    formats: tuple[Format, ...] = field(
        default=FORMATS,
        metadata=_as(
            "--format",
            "format to write; repeatable (default: both); html needs neither Chrome nor Pango",
            read=_one_of(*FORMATS),
            choices=FORMATS,
            repeats=True,
            printed=str,
        ),
    )
    device: str = field(
        default="auto",
        metadata=_as(
            "--device",
            "auto, cpu, cuda, cuda:N or mps (default: %(default)s, CUDA where there is one)",
            read=_device,
            printed=str,
        ),
    )
    title: str | None = field(
        default=None, metadata=_as("--title", "title of the report", read=_title, printed=str)
    )
    families: tuple[str, ...] = field(
        default=(),
        metadata=_as("--family", "only this family; repeatable", metavar="NAME", repeats=True, printed=str),
    )
    runs: tuple[str, ...] = field(
        default=(),
        metadata=_as(
            "--run",
            "only this run, or those that match a pattern such as 'add_*'; repeatable",
            metavar="NAME",
            repeats=True,
            printed=str,
        ),
    )
    paper: Literal["a4", "letter"] = field(
        default="a4",
        metadata=_as(
            "--paper",
            "paper of the PDF (default: %(default)s)",
            read=_one_of(*_PAPERS),
            choices=_PAPERS,
            printed=str,
        ),
    )
    offline: bool = field(
        default=False,
        metadata=_as("--offline", "use no network; take runs from the Hub's cache", switch=True, printed=str),
    )
    allow_missing: bool = field(
        default=False,
        metadata=_as(
            "--allow-missing", "exit with 0 even if some runs could not be used", switch=True, printed=str
        ),
    )
    baseline: Path | None = field(
        default=None,
        metadata=_as(
            "--baseline",
            "say what changed since that report",
            read=Path,
            metavar="REPORT.json",
            printed=lambda _: "report.json",
        ),
    )
    templates: Path | None = field(
        default=None,
        metadata=_as(
            "--templates",
            "folder of templates and styles that replace the built-in ones",
            read=_path,
            metavar="DIR",
            printed=_file_name,
        ),
    )
    prune: bool = field(
        default=False,
        metadata=_as(
            "--prune",
            "remove files of an earlier build in a format that is not asked for now",
            switch=True,
        ),
    )
    cache_dir: Path | None = field(
        default=None, metadata=_as("--cache-dir", "folder of the build cache", read=Path, metavar="DIR")
    )
    use_cache: bool = field(
        default=True, metadata=_as("--no-cache", "neither read nor write the build cache", switch=True)
    )
    jobs: int = field(
        default=8,
        metadata=_as("--jobs", "pulls at a time (default: %(default)s)", read=_jobs, metavar="N"),
    )
    max_file_size: int = field(
        default=_size("256M"),
        metadata=_as("--max-file-size", "largest file of a run (default: 256M)", read=_size, metavar="SIZE"),
    )
    timeout: float | None = field(
        default=None,
        metadata=_as(
            "--timeout", "time limit of the build (default: none)", read=_seconds, metavar="SECONDS"
        ),
    )
    scheduler: str | None = field(
        default=None,
        metadata=_as(
            "--scheduler",
            "find and measure runs on the workers of a Dask scheduler: tcp://host:8786, or its file",
            read=_scheduler,
            metavar="ADDRESS",
        ),
    )
    workers: int | None = field(
        default=None,
        metadata=_as(
            "--workers",
            "measure runs in N processes on this machine, with Dask",
            read=_jobs,
            metavar="N",
        ),
    )

    def __post_init__(self) -> None:
        for name, option, default in declared():
            try:
                value = _taken(option, getattr(self, name), default)
            except ValueError as error:
                raise ReportgenError(f"{name}: {error}", exit_code=2) from None
            object.__setattr__(self, name, value)
        if self.scheduler and self.workers:
            raise ReportgenError(
                "--workers: cannot be used with --scheduler, which has its own workers; remove one of them",
                exit_code=2,
            )


def declared() -> Iterator[tuple[str, Option, Any]]:
    """Name in Python, declaration and default of each option."""
    for one in fields(BuildOptions):
        yield one.name, one.metadata["option"], one.default


def build_options(given: Mapping[str, Any]) -> BuildOptions:
    """Options by their names in Python.

    Raises:
        ReportgenError: There is no such option, or a value is wrong.
    """
    known = [one.name for one in fields(BuildOptions)]
    for name in given:
        if name not in known:
            raise ReportgenError(f"no option {shown(name)}{did_you_mean(name, known)}", exit_code=2)
    return BuildOptions(**given)


def command_words(options: BuildOptions) -> list[str]:
    """The options that shaped a report and differ from their defaults, as words of the command."""
    words: list[str] = []
    for name, option, default in declared():
        value = getattr(options, name)
        if option.printed is None or value == default:
            continue
        if option.switch:
            words.append(option.flag)
            continue
        for one in value if option.repeats else (value,):
            words += [option.flag, option.printed(one)]
    return words


def _taken(option: Option, value: Any, default: Any) -> Any:
    """``value`` of a caller in Python, read as the command reads its text."""
    if option.switch:
        if isinstance(value, bool):
            return value
        raise ValueError(f"{shown(value)} is neither True nor False")
    if value is None and default is None:
        return None
    if not option.repeats:
        return option.read(_as_text(value))
    several = [value] if isinstance(value, str) or not isinstance(value, Iterable) else value
    taken = dict.fromkeys(option.read(_as_text(one)) for one in several)
    if default and not taken:
        raise ValueError(f"is empty; name {' or '.join(map(shown, default))}, or omit it")
    return tuple(sorted(taken, key=option.choices.index)) if option.choices else tuple(taken)


def _as_text(value: Any) -> str:
    if isinstance(value, str | os.PathLike):
        return os.fspath(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"a value of type {type(value).__name__} is not accepted")
