"""TensorBoard event files, one or a folder of them -> a run.

What writes them: SummaryWriter, Keras, TensorFlow, Lightning, Transformers, Ultralytics and others.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from reportgen.formats.assembly import LOSS, Column, counted, listed, series_of, shown
from reportgen.formats.event_file import Entries, EventFile, begins_event_file, read_event_file
from reportgen.formats.reading import number, sound
from reportgen.formats.series_names import own_names, parts
from reportgen.kinds import RunFile, Unreadable

if TYPE_CHECKING:
    from reportgen.kinds import Head, InputFile

__all__ = ["FORMAT", "TensorBoard"]

_NAME = "tfevents"
_LFS = b"version https://git-lfs"
# SummaryWriter's own name for the folder of one start: Aug21_14-36-06_host.
_START = re.compile(r"[A-Z][a-z]{2}\d\d_\d\d-\d\d-\d\d_.*")
# SummaryWriter.add_hparams writes the last results into a folder named by the time.
_HPARAMS_FOLDER = re.compile(r"\d{9,}(\.\d+)?")
_ROLES = frozenset({"train", "training", "val", "valid", "validation", "eval", "evaluation", "test", "dev"})
_PLACEHOLDER = "hp_metric"
_ARGUMENTS = ("args/text_summary", "args")
_MODEL = ("model_config/text_summary", "model_config")
# Under which loops of one's own, CleanRL's among them, write a table of their settings as Markdown.
_SETTINGS = frozenset(
    {"hyperparameters", "hyperparameter", "hparams", "args", "arguments", "config", "params", "settings"}
)
_TEXT = "/text_summary"
_MOST_LINES = 2_000
_RULE = re.compile(r"\|?(?:\s*:?-+:?\s*\|){1,2}(?:\s*:?-+:?\s*)?")
_CELLS = re.compile(r"\|\s*([^|]{1,200}?)\s*\|(.*?)\|?\s*")
_WORDS = {"true": True, "false": False, "none": None, "null": None}


@dataclass(frozen=True, slots=True)
class _Found:
    """A file that was read.

    Attributes:
        folder: Its folder, relative to the run's, without the folders of starts.
        start: The folder of its start; empty where it has none.
    """

    name: str
    folder: tuple[str, ...]
    start: str
    content: EventFile


class TensorBoard:
    """See the module."""

    name = "tensorboard"
    version = 1

    def fits(self, files: Sequence[str], head: Head) -> tuple[str, ...]:
        named = tuple(file for file in files if _NAME in PurePosixPath(file).name)
        if named:
            return tuple(file for file in named if not head(file).startswith(_LFS))
        return tuple(files) if len(files) == 1 and begins_event_file(head(files[0])) else ()

    def runs(self, files: Sequence[InputFile], options: Mapping[str, Any]) -> None:
        return None

    def read(self, files: Sequence[InputFile], name: str, options: Mapping[str, Any]) -> RunFile:
        found = []
        for file in files:
            with file.open() as stream:
                content = read_event_file(stream)
            folders = PurePosixPath(file.name).parts[:-1]
            start = next((one for one in folders if _START.fullmatch(one)), "")
            folder = tuple(one for one in folders if not _START.fullmatch(one))
            found.append(_Found(file.name, folder, start, content))
        # The order in which they were begun; steps decide later which entries count.
        found.sort(key=lambda one: (one.content.began is None, one.content.began, one.name))
        place = files[0].name if len(files) == 1 else ""
        if not any(one.content.records for one in found):
            raise Unreadable(place, "holds no intact TensorBoard record; copy the file again")
        notes = _notes(found)
        columns = _columns(place, found, notes)
        if not columns:
            damaged = any(one.content.damaged or one.content.lost for one in found)
            raise Unreadable(place, _why_nothing(found), no_series=not damaged)
        last = found[-1].content if found[-1].content.began is not None else None
        return RunFile(
            series=series_of(columns),
            config=_config(found),
            unfinished=last is not None and last.cut,
            notes=tuple(notes),
            format=self.name,
        )


FORMAT: Final = TensorBoard()


def _columns(name: str, found: Sequence[_Found], notes: list[str]) -> dict[str, Column]:
    """The scalars of all files under the names that tell them apart, in the order of reading."""
    pieces: dict[tuple[str, ...], dict[str, list[tuple[Entries, int]]]] = {}
    records: dict[tuple[str, ...], int] = {}
    results: list[str] = []
    for one in found:
        scalars = one.content.scalars
        if one.folder and one.content.hparams and _HPARAMS_FOLDER.fullmatch(one.folder[-1]):
            results += [tag for tag, entries in scalars.items() if len(entries.values) == 1]
            scalars = {tag: entries for tag, entries in scalars.items() if len(entries.values) > 1}
        before = records.get(one.folder, 0)
        for tag, entries in scalars.items():
            if tag == _PLACEHOLDER and set(entries.values) == {-1.0}:
                continue
            pieces.setdefault(one.folder, {}).setdefault(tag, []).append((entries, before))
        records[one.folder] = before + one.content.records
    if results:
        notes.append(f"Results of add_hparams, which are single values, were left out: {listed(results)}.")
    shared = _shared_folders(list(pieces))
    _refuse_many_runs(name, pieces, shared)
    columns: dict[str, Column] = {}
    for folder, tags in pieces.items():
        for tag, found_there in tags.items():
            column = _joined(found_there, "/".join(folder), _unit(tag))
            columns[_series_name(folder, tag, shared)] = column
    return columns


def _joined(pieces: Sequence[tuple[Entries, int]], table: str, unit: str) -> Column:
    return Column(
        values=np.concatenate([np.array(entries.values, dtype=np.float64) for entries, _ in pieces]),
        steps=np.concatenate([np.array(entries.steps, dtype=np.int64) for entries, _ in pieces]),
        times=np.concatenate([np.array(entries.walls, dtype=np.float64) for entries, _ in pieces]),
        rows=np.concatenate([np.array(entries.rows, dtype=np.int64) + before for entries, before in pieces]),
        unit=unit,
        table=table,
    )


def _unit(tag: str) -> str:
    """Keras counts epochs under ``epoch_...``, in the same file with what it counts in batches."""
    return "epoch" if tag.startswith("epoch_") else "step"


def _shared_folders(folders: Sequence[tuple[str, ...]]) -> int:
    """How many folders at the front say nothing: all have them, and they are no word for a role."""
    shared = 0
    for names in zip(*folders, strict=False):
        if len(set(names)) > 1 or not _ROLES.isdisjoint(parts(names[0])):
            break
        shared += 1
    return shared


def _series_name(folder: tuple[str, ...], tag: str, shared: int) -> str:
    """``validation/epoch_loss``; of add_scalars ``loss/valid`` for the ``loss`` in ``loss_valid``."""
    if _is_of_add_scalars(folder, tag):
        return "/".join((*folder[shared:-1], tag, folder[-1][len(tag) + 1 :]))
    return "/".join((*folder[shared:], tag))


def _is_of_add_scalars(folder: tuple[str, ...], tag: str) -> bool:
    """Whether a folder is one that add_scalars made for a part of ``tag``."""
    return bool(folder) and folder[-1].startswith(tag.replace("/", "_") + "_")


def _refuse_many_runs(name: str, tags: Mapping[tuple[str, ...], Iterable[str]], shared: int) -> None:
    """Folders side by side that all hold a loss of the same name are runs, not parts of one."""
    losses: dict[str, list[str]] = {}
    for folder, names in tags.items():
        own = "/".join(folder[shared:])
        if not own or not _ROLES.isdisjoint(parts(own)):
            continue
        for tag in names:
            if not _is_of_add_scalars(folder, tag) and own_names([tag])[tag] == LOSS:
                losses.setdefault(tag, []).append(own)
    for tag, folders in losses.items():
        if len(folders) > 1:
            raise Unreadable(
                name,
                f"holds {len(folders):,} runs, each with its {tag} in a folder of its own "
                f"({listed(folders)}); write {{name}} for that folder in `path`",
            )


def _notes(found: Sequence[_Found]) -> list[str]:
    """What happened while files were read."""
    notes = []
    starts = {one.start for one in found if one.content.scalars} - {""}
    if len(starts) > 1:
        notes.append(
            f"The run was started {len(starts):,} times; its event files were read one after the other."
        )
    damaged = sum(one.content.damaged for one in found)
    if damaged:
        notes.append(f"{counted(damaged, 'damaged record was', 'damaged records were')} left out.")
    for one in found:
        if one.content.lost:
            notes.append(f"{shown(one.name)} has a damaged record length and was read up to that point.")
        elif one.content.cut:
            notes.append(f"{shown(one.name)} is truncated inside a record and was read up to that point.")
    return notes


def _why_nothing(found: Sequence[_Found]) -> str:
    """What files without a series hold, and what to do."""
    others = list(dict.fromkeys(kind for one in found for kind in one.content.others))
    held = [*others]
    if any(_PLACEHOLDER in one.content.scalars for one in found) or any(one.content.hparams for one in found):
        held.insert(0, "hyperparameters")
    if any(one.content.texts for one in found):
        held.append("text")
    if any(one.content.damaged or one.content.lost for one in found):
        held.append("damaged records")
    if not held:
        return "is a TensorBoard event file in which nothing was logged; remove the run from the list"
    return f"holds no scalars, only {listed(held)}; remove the run from the list"


def _config(found: Sequence[_Found]) -> Mapping[str, Any]:
    """Hyperparameters, and the arguments that Transformers writes as JSON; the last start's count."""
    config: dict[str, Any] = {}
    for one in found:
        texts = one.content.texts
        for tag, text in texts.items():
            if tag.removesuffix(_TEXT).rpartition("/")[2].lower() in _SETTINGS:
                config |= _table(text)
        config |= _object(next((texts[tag] for tag in _ARGUMENTS if tag in texts), ""))
        model = _object(next((texts[tag] for tag in _MODEL if tag in texts), ""))
        if model:
            config["model_config"] = model
        config |= one.content.hparams
    clean: dict[str, Any] = sound(config)
    return clean


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _table(text: str) -> dict[str, Any]:
    """A Markdown table of two columns, names and values; empty where the text is none.

    ``|param|value|``, a rule of dashes, and ``|seed|1|``, ``|cuda|True|``, ``|env_id|CartPole-v1|``.
    """
    lines = [line.strip() for line in text.strip().splitlines()[:_MOST_LINES]]
    if len(lines) < 3 or not _CELLS.fullmatch(lines[0]) or not _RULE.fullmatch(lines[1]):
        return {}
    rows = [match for line in lines[2:] if (match := _CELLS.fullmatch(line))]
    return {row[1]: _cell(row[2].strip()) for row in rows}


def _cell(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if re.fullmatch(r"[+-]?\d{1,15}", text):
        return int(text)
    value = number(text)
    return text if value is None or not math.isfinite(value) else value
