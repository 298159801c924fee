"""Bytes -> series and configuration: which format reads a run's files, and what it makes of them.

To add a format: one module with a class that follows ``reportgen.kinds.Format``, and a row in ``BUILT_IN``;
from another package, the entry point ``reportgen.formats`` that names such a class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from importlib import import_module
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from reportgen.errors import ReportgenError
from reportgen.kinds import Store, Unreadable
from reportgen.plugins import points
from reportgen.text import in_words

if TYPE_CHECKING:
    from reportgen.kinds import Format, Head, InputFile, RunFile

__all__ = ["BUILT_IN", "GROUP", "fitting", "format_of", "plugged_in", "read_run", "read_runs", "runs_in"]

GROUP = "reportgen.formats"

BUILT_IN: tuple[tuple[str, str, str], ...] = (
    ("quanta_maths", "reportgen.formats.quanta_maths", "QuantaMaths"),
    ("trainer_state", "reportgen.formats.trainer_state", "TrainerState"),
    ("trainer_log", "reportgen.formats.trainer_log", "TrainerLog"),
    # Before tables: beside them lie logs of their own programs, and artifacts.
    ("wandb", "reportgen.formats.wandb", "Wandb"),
    ("mlflow", "reportgen.formats.mlflow", "MLflow"),
    ("wandb_export", "reportgen.formats.wandb_export", "WandbExport"),
    ("table", "reportgen.formats.tables", "Tables"),
    ("history", "reportgen.formats.histories", "History"),
    ("tensorboard", "reportgen.formats.events", "TensorBoard"),
    ("trackio", "reportgen.formats.trackio", "Trackio"),
    ("database", "reportgen.formats.databases", "Databases"),
    ("text", "reportgen.formats.text", "Text"),
)
"""Name, module and class of each format, in the order in which they are asked: the surest first.

Modules are loaded when runs are read, not when a list is.
"""


def plugged_in() -> tuple[tuple[str, int], ...]:
    """Name and version of the formats that other packages bring."""
    return tuple((one.name, one.version) for one in _plug_ins())


def format_of(
    files: Sequence[str], head: Head, wanted: str | None = None
) -> tuple[Format, tuple[str, ...]] | None:
    """The format that reads a run's files, and which of them; None where none does.

    Args:
        files: Paths relative to the run's folder, or the one file's name.
        head: Gives the first bytes of one of them, unpacked.
        wanted: Name of the format that the list says; it is taken at its word.
    """
    return next(_fitting(files, head, wanted), None)


def fitting(
    files: Sequence[str], head: Head, wanted: str | None = None
) -> list[tuple[Format, tuple[str, ...]]]:
    """All formats that would read a run's files, the surest first; see :func:`format_of`."""
    return list(_fitting(files, head, wanted))


def _fitting(
    files: Sequence[str], head: Head, wanted: str | None
) -> Iterator[tuple[Format, tuple[str, ...]]]:
    """One by one: a format is asked only where those before it do not suffice."""
    from reportgen.formats.packed import plain_name

    # Formats see names without .gz and .zst, as those of the files that they read.
    given = {plain_name(file): file for file in sorted(files, key=len, reverse=True)}
    names = [plain_name(file) for file in files if given[plain_name(file)] == file]
    for one in _formats(wanted):
        fits = one.fits(names, lambda name: head(given[name])) or (() if wanted is None else tuple(names))
        if fits:
            yield one, tuple(given[name] for name in fits)


def runs_in(
    files: Sequence[InputFile], head: Head, wanted: str | None, options: Mapping[str, Any]
) -> Sequence[str] | Mapping[str, Sequence[str]] | None:
    """The names of the runs in a store of many, or each with its files; None where the files hold one run.

    A file that holds several runs one after the other is a store too, where the list says so: of
    ``metrics.json`` with ``repeats = "runs"`` they are ``metrics#1``, ``metrics#2``, ...

    Raises:
        Unreadable: The store is damaged.
    """
    found = format_of([file.name for file in files], head, wanted)
    if found is None:
        return None
    one, fits = found
    own = [file for file in files if file.name in fits]
    names = one.runs(own, options)
    if names is None and options.get("repeats") == "runs":
        from reportgen.formats.settling import repeated_runs

        stem = PurePosixPath(fits[0]).stem
        runs = repeated_runs(one.read(own, stem, options))
        return [f"{stem}#{number}" for number in range(1, len(runs) + 1)]
    return names


def read_run(
    files: Sequence[InputFile], head: Head, name: str, wanted: str | None, options: Mapping[str, Any]
) -> RunFile:
    """Reads one run: every format's way of telling it becomes series with steps that never fall.

    Args:
        files: Of the run, or of the store that it is in.
        head: Gives the first bytes of one of them, unpacked.
        name: The run's name; in a store of many, its name there.
        wanted: Name of the format that the list says, None: the content decides.
        options: What ``[source.format]`` says of it.

    Raises:
        Unreadable: No format reads it, and why.
    """
    from reportgen.formats.refusals import refusal

    inside = [file.name for file in files]
    # Of a lone file the surest format has the last word: another would read what that one refused.
    found = list(islice(_fitting(inside, head, wanted), 1 if len(files) == 1 else None))
    if not found:
        raise Unreadable(*refusal(inside, head))
    read, refused = _read_all(found, files, name, options)
    if not read:
        raise next((reason for reason in refused if not reason.no_series), refused[0])
    return _whole(read, refused, files)


def read_runs(
    files: Sequence[InputFile],
    head: Head,
    names: Sequence[str],
    wanted: str | None,
    options: Mapping[str, Any],
) -> dict[str, RunFile | Unreadable]:
    """Reads runs of one store; each to what :func:`read_run` gives of it or raises.

    The store is read once where its format can; a run alone, and a store that is damaged somewhere, run
    by run.
    """
    made: Mapping[str, RunFile | Unreadable] = {}
    store = "" if options.get("repeats") else files[0].name
    if store and len(names) > 1:
        found = format_of([file.name for file in files], head, wanted)
        if found is not None and isinstance(found[0], Store):
            with suppress(Unreadable):  # Reading run by run says why, of those of which it is true.
                own = [file for file in files if file.name in found[1]]
                made = found[0].read_all(own, names, options)

    def result(name: str) -> RunFile | Unreadable:
        from reportgen.formats.settling import settle

        try:
            if name not in made:
                return read_run(files, head, name, wanted, options)
            run = made[name]
            return run if isinstance(run, Unreadable) else _whole([settle(run, None, store)], [], files)
        except Unreadable as reason:
            return reason

    return {name: result(name) for name in names}


def _whole(read: Sequence[RunFile], refused: Sequence[Unreadable], files: Sequence[InputFile]) -> RunFile:
    """What several formats made of a run, with its configuration."""
    from reportgen.formats import folders

    run = folders.merged(read)
    said, notes = folders.configuration([file for file in files if folders.is_configuration(file.name)])
    return replace(
        run, config={**said, **run.config}, notes=(*run.notes, *notes, *(f"{reason}." for reason in refused))
    )


def _read_all(
    found: Sequence[tuple[Format, tuple[str, ...]]],
    files: Sequence[InputFile],
    name: str,
    options: Mapping[str, Any],
) -> tuple[list[RunFile], list[Unreadable]]:
    """What each format makes of the files that none before it has read, and what they refuse."""
    from reportgen.formats.folders import PREFERENCE
    from reportgen.formats.settling import one_run

    read: list[RunFile] = []
    refused: list[Unreadable] = []
    left = {file.name: file for file in files}
    for one, fits in found:
        own = [left[file] for file in fits if file in left]
        # Formats that tell one run in parts stand in the order of preference; any other is enough alone.
        if not own or (read and not {read[0].format, one.name} <= set(PREFERENCE)):
            continue
        try:
            if read and len(one.runs(own, options) or ()) > 1:
                continue  # A store beside the run's own record does not say which of its runs this is.
            run = one.read(own, name, options)
            read.append(one_run(run, name, options.get("repeats"), own[0].name))
        except Unreadable as reason:
            refused.append(reason)
            continue
        for file in own:
            del left[file.name]
    return read, refused


def _formats(wanted: str | None = None) -> Iterator[Format]:
    """One by one: a run's own format is often the first, and the others need not be loaded."""
    yield from (_built_in(module, kind) for name, module, kind in BUILT_IN if wanted in (None, name))
    yield from (one for one in _plug_ins() if wanted in (None, one.name))


@cache
def _built_in(module: str, kind: str) -> Format:
    made: Format = getattr(import_module(module), kind)()
    return made


@cache
def _plug_ins() -> tuple[Format, ...]:
    made: list[Format] = []
    for point in sorted(points(GROUP), key=lambda point: point.name):
        try:
            made.append(point.load()())
        except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
            what = f'the format "{point.name}" cannot be loaded ({in_words(error)})'
            raise ReportgenError(f"{what}; install its package again") from None
    return tuple(made)
