"""The command ``reportgen``: words on a terminal; nothing else."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import reportgen
from reportgen import _entry, model_list
from reportgen.errors import ReportgenError
from reportgen.model_list import HubSource, RunSpec, did_you_mean
from reportgen.model_list.mistakes import shown
from reportgen.notation import count
from reportgen.outputs.folder import MANIFEST
from reportgen.terminal import JsonLog, Level, TextLog, discard, make_log, put
from reportgen.text import inert, is_utf8, one_line

if TYPE_CHECKING:
    from reportgen.report import Report

__all__ = ["LISTS", "Parser", "add_build_options", "log_of", "main", "open_page", "pages"]

_INTERRUPTED = 130
_SECOND_WORD = 10.0
"""Seconds that a build has to end once it is interrupted."""
LISTS = "TOML files, folders of them, or lists that ship: demo, quanta-maths"
"""What help says of a LIST."""


def main(arguments: Sequence[str] | None = None, *, moved: bool = False) -> int:
    """Runs the command.

    Args:
        arguments: Words after ``reportgen``; None takes the process's own.
        moved: Whether the caller moves a report that is built, so that it is for the caller to say where
            it is and to open it.

    Returns:
        The exit code of the contract.
    """
    options = None
    _open_standard_error()
    try:
        _entry.loaded()
        options = _parser().parse_args(arguments, argparse.Namespace(moved=moved))
        with _terminated_like_interrupted():
            return int(options.run(options))
    except ReportgenError as error:
        make_log("normal", getattr(options, "log_format", "text")).error(str(error))
        return error.exit_code
    except BrokenPipeError:
        # The reader of standard output went away; a traceback would tell nobody anything.
        discard(sys.stdout)
        return 1
    except KeyboardInterrupt as error:
        put("; ".join(("interrupted", *map(str, error.args))), sys.stderr)
        return _INTERRUPTED


class Parser(argparse.ArgumentParser):
    """A command line whose mistakes are one line each, and end as those of a list do."""

    def error(self, message: str) -> NoReturn:
        """Tells a mistake and where the command is described.

        Raises:
            ReportgenError: Always; exit code 2.
        """
        said = f"{self.prog.removeprefix('python -m ')}: {one_line(message)}"
        mend = f"usage: {self.usage}" if self.usage else f"see {self.prog} --help"
        joined = f" {mend[0].upper()}{mend[1:]}" if said.endswith("?") else f"; {mend}"
        raise ReportgenError(said + joined, exit_code=2)

    def parse_known_args(  # type: ignore[override]  # argparse itself calls it so
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Refuses an unknown word here, where it is known which command it was meant for."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            word = unknown[0].partition("=")[0]
            if word.startswith("-"):
                self.error(f"unknown option {word}{did_you_mean(word, self._option_string_actions)}")
            self.error(f"unexpected {shown(word)}")
        return options, unknown

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if not action.option_strings and action.choices is not None and value not in action.choices:
            near = did_you_mean(value, tuple(action.choices))
            raise argparse.ArgumentError(None, f"no command {shown(value)}{near}")
        super()._check_value(action, value)


def _parser() -> Parser:
    parser = Parser(
        prog="reportgen",
        description="Builds a report of training runs: curves, metrics and tables, as HTML and as PDF.",
    )
    parser.add_argument("--version", action="version", version=f"reportgen {reportgen.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    build = commands.add_parser("build", help="build a report", description="Builds a report into OUT.")
    build.add_argument(
        "lists", nargs="+", type=_text, metavar="LIST", help=f"{LISTS}, or a report.json to build again"
    )
    build.add_argument("-o", "--out", required=True, type=Path, metavar="OUT", help="folder of the report")
    add_build_options(build)
    build.set_defaults(run=_build)

    check = commands.add_parser(
        "check", help="read lists only", description="Names every mistake of the lists."
    )
    check.add_argument("lists", nargs="+", type=_text, metavar="LIST", help=LISTS)
    check.set_defaults(run=_check)

    runs = commands.add_parser(
        "runs", help="show what a build would pull", description="Lists runs and sources."
    )
    runs.add_argument("lists", nargs="+", type=_text, metavar="LIST", help=LISTS)
    runs.set_defaults(run=_runs)

    diff = commands.add_parser(
        "diff", help="show what changed", description="Says what changed between two reports."
    )
    diff.add_argument("old", type=Path, metavar="OLD", help="a report.json")
    diff.add_argument("new", type=Path, metavar="NEW", help="a later report.json")
    diff.set_defaults(run=_diff)
    return parser


def add_build_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``reportgen build``, all but the folder of the report."""
    parser.add_argument(
        "--format",
        action="append",
        choices=("html", "pdf"),
        help="what to make; repeatable, both by default; html needs neither Chrome nor Pango",
    )
    parser.add_argument(
        "--device",
        default="auto",
        type=_device,
        help="auto, cpu, cuda, cuda:N or mps (default: auto, CUDA where there is one)",
    )
    parser.add_argument(
        "--offline", action="store_true", help="ask no network; use what the Hub's cache holds"
    )
    parser.add_argument(
        "--allow-missing", action="store_true", help="exit 0 though some runs could not be used"
    )
    parser.add_argument(
        "--baseline", type=Path, metavar="REPORT.json", help="say what changed since that report"
    )
    parser.add_argument(
        "--templates",
        type=lambda text: Path(_text(text)),
        metavar="DIR",
        help="templates and styles that replace ours",
    )
    parser.add_argument("--title", type=_text, help="title of the report")
    parser.add_argument("--paper", choices=("a4", "letter"), default="a4", help="of the PDF (default: a4)")
    parser.add_argument(
        "--family", action="append", default=[], metavar="NAME", help="only this family; repeatable"
    )
    parser.add_argument(
        "--run", action="append", default=[], dest="runs", metavar="NAME", help="only this run; repeatable"
    )
    parser.add_argument("--cache-dir", type=Path, metavar="DIR", help="folder of the build cache")
    parser.add_argument("--no-cache", action="store_true", help="neither read nor write the build cache")
    parser.add_argument("--jobs", type=_positive, default=8, metavar="N", help="pulls at once (default: 8)")
    parser.add_argument(
        "--max-file-size",
        type=_size,
        default=_size("256M"),
        metavar="SIZE",
        help="of a run's file (default: 256M)",
    )
    parser.add_argument(
        "--timeout", type=_seconds, metavar="SECONDS", help="for the whole build; without it no limit"
    )
    parser.add_argument("--open", action="store_true", help="open the report in a browser")
    parser.add_argument(
        "--log-format", choices=("text", "json"), default="text", help="of what is said while building"
    )
    level = parser.add_mutually_exclusive_group()
    level.add_argument("--quiet", action="store_true", help="say only what went wrong")
    level.add_argument(
        "--verbose", action="store_true", help="say also where each run came from, and what is made anew"
    )


def _build(options: argparse.Namespace) -> int:
    from reportgen.build import BuildOptions, run

    log = log_of(options)
    build_options = BuildOptions(
        formats=tuple(dict.fromkeys(options.format or ("html", "pdf"))),
        device=options.device,
        offline=options.offline,
        allow_missing=options.allow_missing,
        baseline=options.baseline,
        templates=options.templates,
        title=options.title,
        families=tuple(options.family),
        runs=tuple(options.runs),
        cache_dir=options.cache_dir,
        use_cache=not options.no_cache,
        jobs=options.jobs,
        paper=options.paper,
        max_file_size=options.max_file_size,
        timeout=options.timeout,
    )
    with _time_limit(options.timeout), _told_what_was_written(options.out):
        outcome = run(options.lists, options.out, build_options, log)
    if outcome.report is not None:
        said = _conclusion(outcome.report)
        log.say(said if options.moved else f"{said}: {pages(options.out)}")
    if options.open and not options.moved:
        open_page(options.out)
    return outcome.exit_code


def log_of(options: argparse.Namespace) -> TextLog | JsonLog:
    """The log that the options of a build ask for."""
    level: Level = "quiet" if options.quiet else "verbose" if options.verbose else "normal"
    return make_log(level, options.log_format)


def pages(out: Path) -> str:
    """The pages that the last build made in a folder, for its last line."""
    from reportgen.outputs.folder import read_manifest

    made = (read_manifest(out) or {"files": {}})["files"]
    return ", ".join(str(out / name) for name in ("report.html", "report.pdf") if name in made)


def open_page(folder: Path) -> None:
    """Opens a report in a browser, where it has a page."""
    if (page := folder / "report.html").is_file():
        webbrowser.open(page.resolve().as_uri())


def _conclusion(report: Report) -> str:
    from reportgen.outputs.words import changed

    said = [count(len(report.runs), "run"), count(len(report.problems), "problem"), changed(report)]
    return ", ".join(filter(None, said))


def _check(options: argparse.Namespace) -> int:
    try:
        lists = model_list.load_named(options.lists)
    except ReportgenError as error:
        # The mistakes are what was asked for, so they go to standard output.
        _answer(str(error))
        return error.exit_code
    for name, one in lists:
        families = count(len(one.families), "family", "families")
        runs = count(sum(len(family.runs) for family in one.families), "run")
        _answer(f"{name}: {families}, {runs}, no mistake")
    return 0


def _runs(options: argparse.Namespace) -> int:
    rows = [("FAMILY", "RUN", "SOURCE")]
    for one in model_list.load(options.lists):
        for family in one.families:
            rows += [
                (one_line(family.name), one_line(spec.name), one_line(_place(spec))) for spec in family.runs
            ]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for name, run, source in rows:
        _answer(f"{name:<{widths[0]}}  {run:<{widths[1]}}  {source}")
    return 0


def _place(spec: RunSpec) -> str:
    """Where a run would be pulled from, as its list writes it."""
    source = spec.source
    if isinstance(source, HubSource):
        return f"{source.repo} @ {source.revision}: {source.file}".replace("{name}", spec.name)
    return source.path.replace("{name}", spec.name)


def _diff(options: argparse.Namespace) -> int:
    from reportgen import changes

    old, new = changes.read_baseline(options.old), changes.read_baseline(options.new)
    _answer(changes.as_text(changes.compare(old, new)))
    return 0


def _open_standard_error() -> None:
    """Where it is closed, it leads nowhere: else the next file to be opened would take its place."""
    if sys.stderr is None:
        while (number := os.open(os.devnull, os.O_RDWR)) < 2:
            pass
        os.set_inheritable(number, True)  # The typesetter's too.
        sys.stderr = os.fdopen(number, "w", encoding="utf-8")


def _answer(text: str) -> None:
    """What was asked for, on standard output.

    Raises:
        ReportgenError: It cannot be written.
        BrokenPipeError: Its reader went away.
    """
    try:
        print(inert(text), flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        discard(sys.stdout)
        raise ReportgenError(
            f"standard output cannot be written ({error.strerror}); send it elsewhere"
        ) from error


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM and SIGHUP unwind as Ctrl-C does, so that nothing outlives the build."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ending = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # What is ignored, as under nohup, stays so.
    heard = [number for number in ending if signal.getsignal(number) != signal.SIG_IGN]
    old = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


@contextmanager
def _told_what_was_written(out: Path) -> Iterator[None]:
    """Where the build is interrupted, says with it whether the report is there already."""

    def published() -> tuple[int, int] | None:
        try:
            stat = (out / MANIFEST).stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_mtime_ns

    before = published()
    try:
        yield
    except KeyboardInterrupt:
        written = published() != before
        raise KeyboardInterrupt("the report was written" if written else "nothing was written") from None


@contextmanager
def _time_limit(seconds: float | None) -> Iterator[None]:
    """Interrupts the main thread when the build has taken ``seconds``."""
    if seconds is None:
        yield
        return
    over, ended = threading.Event(), threading.Event()

    def stop() -> None:
        wait = seconds
        while not ended.wait(wait):
            over.set()
            if hasattr(signal, "pthread_kill"):
                # A real signal also ends a wait for a lock, which a pretended one does not.
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            else:
                signal.raise_signal(signal.SIGINT)
            wait = _SECOND_WORD  # Code that swallows an interrupt, a library's say, is told again.

    threading.Thread(target=stop, name="time limit", daemon=True).start()
    try:
        yield
    except KeyboardInterrupt as error:
        if over.is_set():
            said = f"the build took longer than --timeout {seconds:g} s"
            raise ReportgenError("; ".join((said, *map(str, error.args)))) from None
        raise
    finally:
        ended.set()


def _device(text: str) -> str:
    kind, _, index = text.partition(":")
    if text in ("auto", "cpu", "cuda", "mps") or (kind == "cuda" and index.isascii() and index.isdigit()):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is none of auto, cpu, cuda, cuda:N, mps")


def _text(text: str) -> str:
    """What a report repeats."""
    if is_utf8(text):
        return text
    raise argparse.ArgumentTypeError(f"{shown(text)} holds a byte that is not UTF-8; write it in UTF-8")


def _positive(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if 0 < seconds < threading.TIMEOUT_MAX:
        return seconds
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")


def _size(text: str) -> int:
    digits, unit = (text[:-1], text[-1].upper()) if text[-1:].upper() in ("K", "M", "G") else (text, "")
    if digits.isascii() and digits.isdigit() and int(digits) > 0:
        return int(digits) * {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}[unit]
    raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 900K, 256M or 2G")
