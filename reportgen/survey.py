"""What runs lie in a folder: what ``reportgen init FOLDER`` and ``build FOLDER`` go by."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from reportgen.kinds import Unreadable
from reportgen.model_list import unsafe_found
from reportgen.patterns import NAME
from reportgen.sources.folders import files_in, is_checkpoint, is_environment, local_head
from reportgen.sources.inputs import PlainInput, head_of, is_of_store, logs_among
from reportgen.sources.walk import is_report, unpacked
from reportgen.text import common_folders, natural

if TYPE_CHECKING:
    from reportgen.kinds import Head, InputFile, RunFile

__all__ = ["Bounds", "LeftOut", "Survey", "SurveyedRun", "SurveyedSource", "survey"]

# Folders that tell one series each of the run above them.
_ROLES = frozenset({"train", "training", "val", "valid", "validation", "eval", "evaluation", "test"})
# What a file of one of a run's series is called; other names are those of runs.
_SERIES_WORDS = _ROLES | {
    *("loss", "losses", "acc", "accuracy", "metric", "metrics", "result", "results", "history", "log"),
    *("progress", "learning", "lr", "epoch", "epochs", "step", "steps", "scalars", "monitor", "output"),
}
_MOST_LEFT_OUT = 50


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is looked at.

    Attributes:
        folders: Folders that are entered.
        runs: Runs that are named.
        read: Runs that are read for their series and configuration; the others are named all the same.
        bytes: Bytes of files that are read.
        seconds: Time for all.
    """

    folders: int = 20_000
    runs: int = 10_000
    read: int = 500
    bytes: int = 2**30
    seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class SurveyedRun:
    """A run that was found.

    Attributes:
        name: As a list names it.
        series: Names of its series, the first that is ranked first; empty where it was not read.
        config: Its configuration, nested.
        entries: Values of its first series.
        unfinished: Whether it has further to go.
        notes: What its format says of how it was read.
        evaluations: Those of its series that its format knows as evaluations.
    """

    name: str
    series: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    entries: int = 0
    unfinished: bool = False
    notes: tuple[str, ...] = ()
    evaluations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SurveyedSource:
    """Runs that one ``[source]`` gives.

    Attributes:
        table: The keys of ``[source]``: ``type`` and ``path``, relative to the survey's root; or ``type``,
            ``repo`` and ``file``.
        format: Name of the format of its runs; of several the one that counts.
        runs: In natural order.
        is_store: Whether one file or folder holds them all, so that the table holds no ``{name}``.
    """

    table: Mapping[str, str]
    format: str
    runs: tuple[SurveyedRun, ...]
    is_store: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What looked like a run and is none; place relative to the root, and why, half a sentence."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is.

    Attributes:
        root: The folder that paths are relative to: the one surveyed, or the one above it where it is
            itself a run.
        sources: Those with the most runs first.
        left_out: At most 50, in the order of places.
        problem: Which bound was met, so that there may be more; empty for none.
    """

    root: Path
    sources: tuple[SurveyedSource, ...]
    left_out: tuple[LeftOut, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A run, or a store of many.

    Attributes:
        place: Relative to the folder; empty for the folder itself.
        files: That are read, relative to ``place``; those of a lone file are empty.
        format: Of the files.
        names: In a store.
    """

    place: str
    files: tuple[str, ...]
    format: str
    names: tuple[str, ...] | None = None


def survey(folder: Path, bounds: Bounds = Bounds(), max_file_size: int = 256 * 2**20) -> Survey:
    """Looks through a folder for runs, within bounds; reads some of them for what they hold.

    A folder is a run where a format finds a series in a file of it, or of its checkpoints and of its folders
    for training and validation; nothing beneath a run is another one. Files that stand side by side and are
    not named after series are a run each. Hidden folders, installed packages and reports of ours are passed
    by. Nothing is raised for what cannot be read: it is left out, and why.

    Args:
        folder: Where to look.
        bounds: How far.
        max_file_size: Bytes; larger files are left out.
    """
    look = _Look(folder, bounds, max_file_size)
    look.walk()
    return look.survey()


class _Look:
    """One survey under way."""

    def __init__(self, folder: Path, bounds: Bounds, max_file_size: int) -> None:
        self._folder = folder
        self._bounds = bounds
        self._largest = max_file_size
        self._until = time.monotonic() + bounds.seconds
        self._bytes = bounds.bytes
        self._left = bounds.read
        self._problem = ""
        self._found: list[_Candidate] = []
        self._left_out: list[LeftOut] = []

    # What there is.

    def walk(self) -> None:
        """Goes through the folder, from the top."""
        waiting = [""]
        entered = 0
        while waiting and not self._problem:
            place = waiting.pop(0)
            entered += 1
            if entered > self._bounds.folders:
                self._problem = f"{self._bounds.folders:,} folders"
            elif time.monotonic() > self._until:
                self._problem = f"{self._bounds.seconds:.0f} s"
            elif len(self._found) >= self._bounds.runs:
                self._problem = f"{self._bounds.runs:,} runs"
            elif not self._look_into(place):
                waiting += self._beneath(place)

    def _beneath(self, place: str) -> list[str]:
        try:
            with os.scandir(self._folder / place) as entries:
                found = [entry.name for entry in entries if entry.is_dir() and not entry.is_symlink()]
                names = sorted(found, key=natural)
        except OSError as error:
            self._leave_out(place, f"cannot be read ({error.strerror})")
            return []
        inside = [f"{place}/{name}".lstrip("/") for name in names if not is_environment(name)]
        return [
            one
            for one in inside
            if not (is_report(self._folder / one) or os.path.lexists(self._folder / one / "pyvenv.cfg"))
        ]

    def _look_into(self, place: str) -> bool:
        """Notes the runs that a folder is or holds itself; whether it is one, with nothing else beneath."""
        folder = self._folder / place
        names = files_in(folder)
        head = local_head(folder)
        inside: set[str] = set()
        for store in self._stores(place, names, head):
            self._found.append(store)
            if store.place == place:
                self._leave_out_beside(store, names, head)
                return True
            inside.update(store.files)
        direct = [name for name in names if _belongs(name) and name not in inside]
        fits = _fitting(direct, head)
        if not fits:
            self._refused(place, [name for name in direct if "/" not in name], head)
            return False
        form, files = fits[0]
        logs = [name for name in files if not _is_configuration(name)]
        if _are_runs(form, logs):
            self._found += [_Candidate(f"{place}/{name}".lstrip("/"), (), form) for name in logs]
            return False
        if form in ("table", "json_history", "history") and self._holds_others(place):
            for name in logs:
                self._leave_out(f"{place}/{name}".lstrip("/"), "lies above the folders of runs")
            return False
        own = [name for name in names if name not in inside]
        every = dict.fromkeys(name for _, taken in _fitting(own, head) for name in taken)
        every |= dict.fromkeys(name for name in direct if _is_configuration(name))
        self._found.append(_Candidate(place, tuple(every), form))
        return True

    def _leave_out_beside(self, store: _Candidate, names: Sequence[str], head: Head) -> None:
        """Says which folders of logs lie next to those of a store, since nothing looks into them."""
        tops = {file.partition("/")[0] for file in store.files}
        others: dict[str, list[str]] = {}
        for name in names:
            top, _, inside = name.partition("/")
            if inside and top not in tops:
                others.setdefault(top, []).append(inside)
        for top, files in others.items():
            if _fitting(files, lambda name, top=top: head(f"{top}/{name}")):
                reason = f"lies next to runs of {store.format}; name this folder itself"
                self._leave_out(f"{store.place}/{top}".lstrip("/"), reason)

    def _holds_others(self, place: str) -> bool:
        """Whether two folders beneath are runs themselves."""
        count = 0
        for one in self._beneath(place):
            folder = self._folder / one
            names = [name for name in files_in(folder) if not any(map(is_checkpoint, name.split("/")[:-1]))]
            count += not is_checkpoint(PurePosixPath(one).name) and bool(_fitting(names, local_head(folder)))
            if count == 2:
                return True
        return False

    def _stores(self, place: str, names: Sequence[str], head: Head) -> list[_Candidate]:
        """The stores of many runs: files of the folder, or the folder itself where several make one."""
        found = []
        for form, files in _fitting([name for name in names if is_of_store(name)], head):
            folders = {str(PurePosixPath(file).parent) for file in files}
            alone = folders == {"."}
            if not alone and os.path.commonpath(folders):
                continue  # One folder beneath holds them all.
            stores = [(file,) for file in files] if alone else [tuple(files)]
            read = {taken: names for taken in stores if (names := self._names(place, taken, form))}
            if form == "wandb_export" and _share_runs(read.values()):
                # Charts of the same runs, a metric each; otherwise files side by side have runs of their own.
                stores = [tuple(file for (file,) in read)]
                read = {stores[0]: self._names(place, stores[0], form)}
            for taken, names in read.items():
                where = f"{place}/{taken[0]}".lstrip("/") if len(taken) == 1 and alone else place
                found.append(_Candidate(where, taken, form, names))
        return found

    def _names(self, place: str, files: Sequence[str], form: str) -> tuple[str, ...]:
        """The runs in a store; none where it is none, or damaged."""
        try:
            return tuple(_runs_in(form, self._inputs(place, files)) or ())
        except (Unreadable, OSError):
            return ()

    def _refused(self, place: str, names: Sequence[str], head: Head) -> None:
        from reportgen.formats import folders
        from reportgen.formats.refusals import refusal

        for name in folders.needed(names):
            if not folders.is_configuration(name):
                closed = not os.access(self._folder / place / name, os.R_OK)
                reason = "cannot be read (permission denied)" if closed else refusal([name], head)[1]
                self._leave_out(f"{place}/{name}".lstrip("/"), reason)
        file, words = refusal(names, head) if names else ("", "")
        if "final results" in words and file not in folders.needed(names):
            self._leave_out(f"{place}/{file}".lstrip("/"), words)

    def _leave_out(self, place: str, reason: str) -> None:
        if len(self._left_out) < _MOST_LEFT_OUT:
            self._left_out.append(LeftOut(place or self._folder.name, reason))

    # What it holds.

    def survey(self) -> Survey:
        """The runs, in sources, read as far as the bounds allow."""
        root, base = self._folder, ""
        if any(not one.place for one in self._found):
            root, base = self._folder.parent, f"{self._folder.name}/"
        sources: list[SurveyedSource] = []
        groups: dict[tuple[str, ...], list[_Candidate]] = {}
        for one in self._found:
            if one.names is not None:
                sources.append(self._of_store(one, base))
            else:
                ending = "" if one.files else _ending(one.place)
                groups.setdefault((one.format, ending), []).append(one)
        for (form, ending), candidates in groups.items():
            sources.append(self._of_group(form, ending, candidates, base))
        full = [source for source in sources if source.runs]
        full.sort(key=lambda source: -len(source.runs))
        return Survey(root, tuple(full), tuple(self._left_out), self._problem)

    def _of_store(self, one: _Candidate, base: str) -> SurveyedSource:
        assert one.names is not None
        files = self._store_files(one)
        names = sorted(one.names, key=natural)
        if self._is_too_large(one.place, files):
            return SurveyedSource({}, one.format, ())
        size = sum(file.size for file in files if isinstance(file, PlainInput))
        wanted = names[: self._left] if size <= self._bytes and time.monotonic() < self._until else []
        self._bytes -= size
        self._left -= len(wanted)
        made = _read_runs(files, wanted, one.format) if wanted else {}
        runs = []
        for name in names:
            found = made.get(name)
            if isinstance(found, Unreadable):
                self._leave_out(f"{one.place or self._folder.name}: {name}", found.reason)
            else:
                runs.append(SurveyedRun(name) if found is None else _surveyed(name, found))
        table = {"type": "directory", "path": f"{base}{one.place}".rstrip("/")}
        form = next((read.format for read in made.values() if not isinstance(read, Unreadable)), one.format)
        return SurveyedSource(table, form, tuple(runs), is_store=True)

    def _store_files(self, one: _Candidate) -> list[InputFile]:
        alone = len(one.files) == 1
        place = one.place.removesuffix(one.files[0]).rstrip("/") if alone else one.place
        return self._inputs(place, one.files)

    def _of_group(
        self, form: str, ending: str, candidates: Sequence[_Candidate], base: str
    ) -> SurveyedSource:
        places = [f"{base}{unpacked(one.place)}".removesuffix(ending).rstrip("/") for one in candidates]
        start, end = common_folders(places)
        runs = []
        for place, one in zip(places, candidates, strict=True):
            files = one.files or (PurePosixPath(one.place).name,)
            inside = one.place if one.files else str(PurePosixPath(one.place).parent)
            name = place[len(start) : len(place) - len(end)]
            if wrong := _unnameable(name):
                self._leave_out(one.place, f"has a name that {wrong}, which a run's name cannot; rename it")
                continue
            run = self._read(one.place, self._inputs("" if inside == "." else inside, files), name, form)
            if run is not None:
                runs.append(run)
        runs.sort(key=lambda run: natural(run.name))
        path = f"{start}{NAME}{end}{ending}"
        return SurveyedSource({"type": "directory", "path": path}, form, tuple(runs))

    def _read(self, place: str, files: Sequence[InputFile], name: str, form: str) -> SurveyedRun | None:
        """A run with what it holds; without, where a bound is met; None where it holds no series."""
        if self._is_too_large(place, files):
            return None
        self._bytes -= sum(file.size for file in files if isinstance(file, PlainInput))
        self._left -= 1
        if min(self._bytes, self._left) < 0 or time.monotonic() > self._until:
            return SurveyedRun(name)
        try:
            run = _read_run(files, name, form)
        except Unreadable as unreadable:
            self._leave_out(place, unreadable.reason)
            return None
        except OSError as error:
            self._leave_out(place, f"cannot be read ({error.strerror})")
            return None
        return _surveyed(name, run)

    def _is_too_large(self, place: str, files: Sequence[InputFile]) -> bool:
        if all(file.size <= self._largest for file in files if isinstance(file, PlainInput)):
            return False
        self._leave_out(place, f"has over {self._largest:,} bytes; raise --max-file-size if it is a run")
        return True

    def _inputs(self, place: str, files: Iterable[str]) -> list[InputFile]:
        return [PlainInput(name, self._folder / place / name, self._largest) for name in files]


def _surveyed(name: str, run: RunFile) -> SurveyedRun:
    first = next(iter(run.series.values()))
    return SurveyedRun(
        name,
        series=tuple(run.series),
        config=run.config,
        entries=len(first.values),
        unfinished=run.unfinished,
        notes=run.notes,
        evaluations=frozenset(key for key, one in run.series.items() if one.evaluation),
    )


def _fitting(names: Sequence[str], head: Head) -> list[tuple[str, tuple[str, ...]]]:
    """Formats that would read files, and which, the surest first."""
    from reportgen import formats

    logs = logs_among(names)
    return [(one.name, fits) for one, fits in formats.fitting(logs, head)] if logs else []


def _unnameable(name: str) -> str | None:
    """Why a run that a pattern finds cannot be called so; None where it can."""
    return unsafe_found(name) or ("holds * or ?" if set(name) & set("*?") else None)


def _share_runs(stores: Iterable[Sequence[str]]) -> bool:
    names = [name for store in stores for name in store]
    return len(set(names)) < len(names)


def _runs_in(form: str, files: Sequence[InputFile]) -> Iterable[str] | None:
    from reportgen import formats

    return formats.runs_in(files, head_of(files), form, {})


def _read_run(files: Sequence[InputFile], name: str, form: str) -> RunFile:
    from reportgen import formats

    # Of a folder that tells its run several times all count; a store is read by its own format.
    wanted = form if len(files) == 1 else None
    return formats.read_run(files, head_of(files), name, wanted, {})


def _read_runs(
    files: Sequence[InputFile], names: Sequence[str], form: str
) -> Mapping[str, RunFile | Unreadable]:
    """Runs of a store; nothing where its files cannot be read."""
    from reportgen import formats

    try:
        return formats.read_runs(files, head_of(files), names, form, {})
    except OSError:
        return {}


def _is_configuration(name: str) -> bool:
    from reportgen.formats import folders

    return folders.is_configuration(name)


def _belongs(name: str) -> bool:
    """Whether a file beneath a folder is of the run that the folder is."""
    *above, _ = name.split("/")
    if above in (["plots", "metrics"], [".hydra"]):
        return True
    return all(is_checkpoint(part) or part.lower() in _ROLES for part in above)


def _are_runs(form: str, files: Sequence[str]) -> bool:
    """Whether files side by side are a run each, and not parts of one."""
    stems = [PurePosixPath(name).name.partition(".")[0].lower() for name in files]
    if form in ("tensorboard", "wandb") or any("/" in name for name in files):
        return False
    if len(files) == 1:
        return False
    # Not run1.csv and run2.csv, nor 01-log.csv and 02-log.csv, but train_loss.csv and val_loss.csv.
    return not all(
        _SERIES_WORDS.intersection(re.split(r"[^a-z]+", stem)) and not re.search(r"\d", stem)
        for stem in stems
    )


def _ending(place: str) -> str:
    """The ending of a file, less that of a packed one."""
    return PurePosixPath(unpacked(PurePosixPath(place).name)).suffix
