"""The command ``reportgen``: words on a terminal; nothing else."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import reportgen
from reportgen import _entry, model_list
from reportgen.errors import ReportgenError
from reportgen.log import Log
from reportgen.model_list import DirectorySource, HubSource, RunSpec, UrlSource, did_you_mean
from reportgen.model_list.mistakes import shown
from reportgen.notation import count
from reportgen.options import BuildOptions, declared, output, utf8
from reportgen.outputs.folder import MANIFEST
from reportgen.terminal import discard, make_log, put
from reportgen.text import inert, one_line

if TYPE_CHECKING:
    from reportgen.report import Report

__all__ = ["LISTS", "Parser", "add_build_options", "log_of", "main", "open_page", "pages", "with_options"]

_INTERRUPTED = 130
_MISSING = 3
_GRACE_SECONDS = 10.0
"""What a build has to end once it is interrupted, before it is interrupted again."""
_EXAMPLE = """examples:
  reportgen build demo                the runs that ship, into report/report.html and report.pdf
  reportgen build out/                the runs that a training left in out/
  reportgen init out/ -o runs.toml    the same as a list, to be changed
  reportgen build runs.toml
"""
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
        make_log(form=getattr(options, "log_format", "text")).error(str(error))
        return error.exit_code
    except BrokenPipeError:
        # The reader of standard output went away; a traceback would tell nobody anything.
        discard(sys.stdout)
        return 1
    except KeyboardInterrupt as error:
        put("; ".join(("interrupted", *map(str, error.args))), sys.stderr)
        # An interrupt that came within exec(), as dataclasses use it, makes `python -m` end by SIGINT in the
        # end, whatever code it is given; the next exec() has Python forget it.
        exec("")  # noqa: S102
        return _INTERRUPTED


class Parser(argparse.ArgumentParser):
    """A command line whose mistakes are one line each, and end as those of a list do."""

    def error(self, message: str) -> NoReturn:
        """Reports a mistake and where the command is described.

        Raises:
            ReportgenError: Always; exit code 2.
        """
        said = f"{self.prog.removeprefix('python -m ')}: {one_line(message)}"
        fix = f"usage: {self.usage}" if self.usage else f"see {self.prog} --help"
        joined = f" {fix[0].upper()}{fix[1:]}" if said.endswith("?") else f"; {fix}"
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
        if action.option_strings and action.choices is not None and value not in action.choices:
            known = " or ".join(map(shown, action.choices))
            raise argparse.ArgumentError(action, f"{shown(value)} is not known; it must be {known}")
        super()._check_value(action, value)


def _parser() -> Parser:
    parser = Parser(
        prog="reportgen",
        description="Builds a report of training runs: curves, metrics and tables, as HTML and as PDF.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=lambda _: _help(parser))
    parser.add_argument("--version", action="version", version=f"reportgen {reportgen.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND")

    build = commands.add_parser("build", help="build a report", description="Builds a report in OUT.")
    build.add_argument(
        "lists", nargs="+", type=_word(utf8), metavar="LIST", help=f"{LISTS}, or a report.json to build again"
    )
    build.add_argument(
        *("-o", "--out"),
        default=Path("report"),
        type=_word(output),
        metavar="OUT",
        help="folder of the report (default: %(default)s)",
    )
    add_build_options(build)
    build.set_defaults(run=_build)

    check = commands.add_parser(
        "check",
        help="check lists, and look for their runs on disk",
        description="Reports every mistake in lists, and which of their runs are on disk.",
    )
    check.add_argument("lists", nargs="+", type=_word(utf8), metavar="LIST", help=LISTS)
    check.set_defaults(run=_check)

    runs = commands.add_parser(
        "runs", help="print the runs of lists, and their sources", description="Prints runs and sources."
    )
    runs.add_argument("lists", nargs="+", type=_word(utf8), metavar="LIST", help=LISTS)
    runs.set_defaults(run=_runs)

    init = commands.add_parser(
        "init",
        help="write a list of the runs in a folder",
        description="Looks for runs in FOLDER, or hub:OWNER[/PREFIX], and prints a list that builds them.",
    )
    init.add_argument("place", type=_word(utf8), metavar="FOLDER", help="a folder, or hub:OWNER[/PREFIX]")
    init.add_argument(
        "-o", "--out", type=Path, metavar="FILE", help="write the list to FILE, which must not exist"
    )
    init.set_defaults(run=_init)

    show = commands.add_parser(
        "show", help="print a list that ships", description="Prints a list that ships, to start from."
    )
    show.add_argument("name", metavar="LIST", help=f"one of {', '.join(model_list.shipped_names())}")
    show.set_defaults(run=_show)

    schema = commands.add_parser(
        "schema",
        help="print the JSON Schema of lists",
        description="Prints the JSON Schema of lists, for editors that check and complete TOML.",
    )
    schema.set_defaults(run=_schema)

    verify = commands.add_parser(
        "verify",
        help="compute a report's numbers again and compare",
        description="Pulls the commits that a report names, builds again and compares the numbers: exit 0 "
        "where they are the same, 4 where they differ, 3 where runs could not be read.",
    )
    verify.add_argument(
        "file", type=Path, metavar="FILE", help="a report.json, or the report.pdf that holds it"
    )
    verify.add_argument("--offline", action="store_true", help="use no network")
    verify.set_defaults(run=_verify)

    diff = commands.add_parser(
        "diff",
        help="show what changed between two reports",
        description="Says what changed between two reports.",
    )
    diff.add_argument("old", type=Path, metavar="OLD", help="a report.json")
    diff.add_argument("new", type=Path, metavar="NEW", help="a later report.json")
    diff.set_defaults(run=_diff)
    return parser


def add_build_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``reportgen build``, all but the folder of the report."""
    for name, option, default in declared():
        if option.switch:
            parser.add_argument(
                option.flag,
                dest=name,
                help=option.help,
                action="store_const",
                const=not default,
                default=default,
            )
            continue
        parser.add_argument(
            option.flag,
            dest=name,
            help=option.help,
            action="append" if option.repeats else "store",
            default=None if option.repeats else default,
            type=_word(option.read),
            metavar=option.metavar or (f"{{{','.join(option.choices)}}}" if option.choices else None),
        )
    parser.add_argument("--open", action="store_true", help="open the report in a browser")
    parser.add_argument(
        "--log-format", choices=("text", "json"), default="text", help="format of messages while building"
    )
    level = parser.add_mutually_exclusive_group()
    level.add_argument("--quiet", action="store_true", help="print only what went wrong")
    level.add_argument(
        "--verbose",
        action="store_true",
        help="also print where each run came from, and what is recomputed",
    )


def _word(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """What argparse takes for ``read``: it repeats only the words of its own error."""

    def checked(text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked


def with_options(arguments: Sequence[str], *more: str) -> list[str]:
    """Words of a command with further options, before a ``--``, after which all words are lists."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return [*arguments[:end], *more, *arguments[end:]]


def _help(parser: Parser) -> int:
    _answer(parser.format_help().rstrip())
    return 0


def _build(options: argparse.Namespace) -> int:
    from reportgen.job import run

    log = log_of(options)
    given = {name: getattr(options, name) for name, _, _ in declared()}
    build_options = BuildOptions(**{name: value for name, value in given.items() if value is not None})
    try:
        with _time_limit(options.timeout), _saying_what_was_written(options.out):
            outcome = run(options.lists, options.out, build_options, log)
    finally:
        log.close()
    if outcome.report is not None:
        said = _conclusion(outcome.report)
        log.say(said if options.moved else f"{said}: {pages(options.out)}")
    if options.open and not options.moved:
        open_page(options.out)
    return outcome.exit_code


def log_of(options: argparse.Namespace) -> Log:
    """The log that the options of a build ask for."""
    return make_log(
        "quiet" if options.quiet else "verbose" if options.verbose else "normal", options.log_format
    )


def pages(out: Path) -> str:
    """The pages that the last build made in a folder, for its last line."""
    from reportgen.outputs.folder import read_manifest

    made = (read_manifest(out) or {"files": {}})["files"]
    return ", ".join(str(out / name) for name in ("report.html", "report.pdf") if name in made)


def open_page(folder: Path) -> None:
    """Opens a report in a browser, where it has a page."""
    if (page := folder / "report.html").is_file():
        import webbrowser

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
    from reportgen.on_disk import on_disk

    missing = 0
    for name, one in lists:
        families = count(len(one.families), "family", "families")
        every = [run for family in one.families for run in family.runs]
        patterns = sum(run.is_pattern for run in every)
        runs = [count(len(every) - patterns, "run")] if patterns < len(every) else []
        parts = [families, *runs, *([count(patterns, "pattern")] if patterns else [])]
        seen = on_disk(one)
        _answer(f"{name}: {', '.join(parts)}, no mistakes" + (f"; {seen.said}" if seen.said else ""))
        for line in seen.problems:
            _answer(f"{name}: {line}")
        missing += len(seen.problems)
    return _MISSING if missing else 0


def _init(options: argparse.Namespace) -> int:
    from reportgen import first_list

    log = make_log()
    place, out = options.place, options.out
    if place.startswith("hub:"):
        made = first_list.of_hub(place.removeprefix("hub:"))
    else:
        made = first_list.of_folder(Path(place), Path() if out is None else out.parent)
    for line in made.said:
        log.say(line)
    if out is None:
        _answer(made.text.rstrip())
        return 0
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(made.text)
    except FileExistsError:
        raise ReportgenError(f"-o {out}: exists already, and is not overwritten; name another file") from None
    except OSError as error:
        raise ReportgenError(f"-o {out}: cannot be written ({error.strerror}); name another file") from error
    log.say(f"{out}: written; build it with: reportgen build {out}")
    return 0


def _show(options: argparse.Namespace) -> int:
    file = model_list.shipped_file(options.name)
    if file is None:
        near = did_you_mean(options.name, model_list.shipped_names())
        raise ReportgenError(f"no list that ships is called {shown(options.name)}{near}", exit_code=2)
    _answer(file.read_text(encoding="utf-8").rstrip())
    return 0


def _schema(_: argparse.Namespace) -> int:
    _answer(json.dumps(model_list.json_schema(), indent=2, ensure_ascii=False))
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
    if isinstance(source, DirectorySource):
        return source.path.replace("{name}", spec.name)
    if isinstance(source, UrlSource):
        return source.url.replace("{name}", spec.name)
    return f"{source.type}: {source.options}".replace("{name}", spec.name)


def _diff(options: argparse.Namespace) -> int:
    from reportgen import changes

    old, new = changes.read_baseline(options.old), changes.read_baseline(options.new)
    _answer(changes.as_text(changes.compare(old, new)))
    return 0


def _verify(options: argparse.Namespace) -> int:
    from reportgen.verify import verify

    verdict = verify(options.file, offline=options.offline, log=make_log("quiet"))
    for line in (verdict.said, *verdict.differences):
        _answer(line)
    return verdict.exit_code


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
def _saying_what_was_written(out: Path) -> Iterator[None]:
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
            wait = _GRACE_SECONDS  # Code may swallow an interrupt, a library's say.

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
