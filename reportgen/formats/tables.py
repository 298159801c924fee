"""Tables of logged values: CSV, TSV, JSON Lines and Parquet, whatever wrote them.

Lightning's ``metrics.csv``, Ultralytics' ``results.csv``, Keras' CSVLogger, detectron2's ``metrics.json``,
mmengine's ``scalars.json``, Ray's ``result.json`` and ``progress.csv``, Stable-Baselines3's ``progress.csv``,
DVCLive's ``*.tsv``, and what people write in loops of their own.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from reportgen.formats.columns import Table, column, in_order, of_objects, series_of
from reportgen.formats.delimited import CONFLICT, LINES, cells_of, delimiter_of, unlike
from reportgen.formats.plain_table import plain_columns
from reportgen.formats.positions import STEPS, Column
from reportgen.formats.reading import integer, looks_like_text, number, sound, text_of
from reportgen.formats.series_names import is_evaluation, is_measure, own_names, parts
from reportgen.formats.written import as_written
from reportgen.kinds import RunFile, Series, Unreadable

if TYPE_CHECKING:
    from reportgen.kinds import Head, InputFile

__all__ = ["TABLES", "Tables", "table_of"]

_ENDINGS = frozenset({"csv", "tsv", "jsonl", "ndjson", "json", "parquet"})
_MAYBE = frozenset({"", "txt", "log", "dat"})
_PARQUET = b"PAR1"
# What a Parquet file may unpack to.
_MOST_BYTES = 2 << 30
_CONFIG = frozenset({"config", "configuration", "hparams", "hyperparameters", "args"})


class Tables:
    """The format of tables."""

    name = "table"
    version = 2

    def fits(self, files: Sequence[str], head: Head) -> tuple[str, ...]:
        """Files that hold a table of logged values, judged by their first lines."""
        named = [file for file in files if _ending(file) in _ENDINGS]
        if not named:
            named = [file for file in files if _ending(file) in _MAYBE]
        return tuple(file for file in named if _looks_like_a_table(file, head(file)))

    def runs(self, files: Sequence[InputFile], options: Mapping[str, Any]) -> Sequence[str] | None:
        return None

    def read(self, files: Sequence[InputFile], name: str, options: Mapping[str, Any]) -> RunFile:
        """Reads the tables of one run: where there are several, each gives series of its own."""
        read: list[tuple[str, list[Series], Table, tuple[str, ...]]] = []
        refused: Unreadable | None = None
        for file in files:
            try:
                table = _with_its_tag(table_of(file.read(), file.name), file.name)
                series, notes = series_of(table, file.name, options.get("step"), _hint(file.name, table))
                read.append((file.name, series, table, notes))
            except Unreadable as reason:
                refused = reason if refused is None or refused.no_series else refused
        if not read:
            raise refused or Unreadable(name, "holds no table")
        config: dict[str, Any] = {}
        for _, _, table, _ in read:
            config |= {key: value for key, value in table.config.items() if key not in config}
        if len(read) == 1:
            _, series, _, notes = read[0]
            return RunFile({one.name: one for one in series}, config, notes=notes, format=self.name)
        notes = tuple(f"{file}: {note}" for file, _, _, several in read for note in several)
        return RunFile(_joined(read), config, notes=notes, format=self.name)


TABLES = Tables()


def table_of(data: bytes, name: str) -> Table:
    """A table, from its bytes.

    Raises:
        Unreadable: It is none; in words.
    """
    if data.startswith(_PARQUET):
        return _parquet(data, name)
    plain = None if _ending(name) in {"jsonl", "ndjson"} else plain_columns(data)
    if plain is not None:
        return _table(plain[0].values(), plain[1], Counter())
    text = text_of(data, name, strict=False).replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    first = next((line for line in lines if line.strip() and not CONFLICT.match(line)), "")
    if first.lstrip().startswith(("{", "[")) or _ending(name) in {"jsonl", "ndjson"}:
        return _json_lines(lines, name)
    return _delimited(lines, name)


def _ending(file: str) -> str:
    name = PurePosixPath(file).name.lower()
    return name.rpartition(".")[2] if "." in name[1:] else ""


def _looks_like_a_table(file: str, head: bytes) -> bool:
    if head.startswith(_PARQUET):
        return True
    if not looks_like_text(head):
        return False
    ending = _ending(file)
    text = head.decode("utf-16" if head[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig", "replace")
    lines = [line for line in text.splitlines() if line.strip()][:LINES]
    if not lines:
        return False
    whole = lines if len(lines) == 1 or len(lines) == LINES else lines[:-1]
    if lines[0].lstrip().startswith("{"):
        return _looks_like_json_lines(whole, len(head), ending)
    if ending in {"json", "jsonl", "ndjson"}:
        return False
    lines = [line for line in lines if not CONFLICT.match(line)]
    if not lines or any(_is_of_a_tracker(cell.strip(' "')) for cell in lines[0].split(",")):
        return False
    if ending in _ENDINGS:
        return True
    delimiter = delimiter_of(lines)
    between = None if delimiter == " " else delimiter
    header = lines[0].split(between) if delimiter else []
    first = lines[1].split(between) if delimiter and len(lines) > 1 else []
    said = {parts(cell) for cell in header}
    known = not said.isdisjoint(STEPS) or any("loss" in cell for cell in said)
    return known and len(header) == len(first) and all(number(c) is not None for c in first if c.strip())


def _is_of_a_tracker(cell: str) -> bool:
    """A column of a chart that W&B exported: ``run - loss__MIN``."""
    return " - " in cell and cell.endswith(("__MIN", "__MAX"))


def _looks_like_json_lines(lines: Sequence[str], size: int, ending: str) -> bool:
    """Whether lines begin with whole objects; one object alone is a table only where it is named so."""
    objects = 0
    for line in lines:
        try:
            objects += isinstance(json.loads(line, parse_int=integer), dict)
        except (ValueError, RecursionError):
            continue
    if not objects and ending in {"jsonl", "ndjson"}:
        return size > 1
    if len(lines) == 1:
        return objects == 1 and ending in {"jsonl", "ndjson"}
    return 2 * objects > len(lines)


# Delimited text


def _delimited(lines: list[str], name: str) -> Table:
    """CSV and its relatives."""
    left = Counter[str]()
    cells, rows = cells_of(lines, name, left)
    cells, notes = as_written(cells)
    table = _table((column(key, own) for key, own in cells.items()), rows, left)
    return replace(table, notes=(*table.notes, *notes))


# JSON Lines


def _json_lines(lines: list[str], name: str) -> Table:
    """An object a line, nested or not; lines that are none are counted."""
    left = Counter[str]()
    objects: list[dict[str, Any]] = []
    filled = [line for line in lines if line.strip()]
    for place, line in enumerate(filled):
        if CONFLICT.match(line):
            left["merge conflict"] += 1
            continue
        try:
            found = _object(line)
        except (ValueError, RecursionError):
            left["cut last line" if place == len(filled) - 1 and place else "no JSON"] += 1
            continue
        if isinstance(found, dict):
            objects.append(found)
        else:
            left["no object"] += 1
    if 2 * len(objects) <= left["no JSON"] + left["no object"]:
        raise Unreadable(name, "is not a JSON Lines log: most of its lines are not objects")
    config = _before_the_steps(objects)
    for one in objects:
        for key in [key for key in one if key.lower() in _CONFIG and isinstance(one[key], dict)]:
            found = one.pop(key)
            config = sound(found) | config
    table = _table(of_objects(objects).values(), len(objects), left)
    return replace(table, config=config or table.config)


def _before_the_steps(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """Takes the first objects away that hold settings: no step, no measure, where later ones have a step."""
    first = next((n for n, one in enumerate(objects) if any(parts(key) in STEPS for key in one)), 0)
    settings = objects[:first]
    if any(is_measure(key) for one in settings for key in one):
        return {}
    del objects[:first]
    found: dict[str, Any] = sound(
        {key: value for one in settings for key, value in one.items() if key != "type"}
    )
    for key in [key for key in found if key.lower() in _CONFIG and isinstance(found[key], dict)]:
        found |= found.pop(key)
    return found


def _object(line: str) -> Any:
    """A line of JSON; what orjson refuses, ``NaN`` and the like, Python may read."""
    import orjson

    try:
        return orjson.loads(line)
    except (orjson.JSONDecodeError, RecursionError):
        return json.loads(line, parse_int=integer)


# Parquet


def _parquet(data: bytes, name: str) -> Table:
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise Unreadable(
            name, "is a Parquet file; to read it, install pyarrow: pip install 'reportgen-runs[parquet]'"
        ) from None
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        sizes = [file.metadata.row_group(n).total_byte_size for n in range(file.metadata.num_row_groups)]
        if sum(sizes) > _MOST_BYTES or file.metadata.num_rows * file.metadata.num_columns * 8 > _MOST_BYTES:
            raise Unreadable(name, "unpacks to more than 2 GB, the limit for a table")
        table = file.read()
        columns = []
        for key, cells in zip(unlike(table.column_names), table.itercolumns(), strict=True):
            kind = cells.type
            if pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind):
                logged = ~cells.is_null().to_numpy()
                values = cells.cast(pyarrow.float64(), safe=False).to_numpy()
                columns.append(Column(key, values, logged))
            elif pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
                columns.append(column(key, cells.to_pylist()))
    except (pyarrow.ArrowException, OSError, ValueError, TypeError, OverflowError, MemoryError) as error:
        reason = str(error).split("\n")[0][:200].rstrip(".")
        raise Unreadable(name, f"is a damaged Parquet file ({reason}); copy the file again") from None
    if not table.num_rows:
        raise Unreadable(name, "holds columns and no rows; the run has logged nothing", no_series=True)
    return _table(iter(columns), table.num_rows, Counter())


# All of them


def _table(columns: Iterable[Column], rows: int, left: Counter[str]) -> Table:
    """Columns, less those of the configuration that every row repeats."""
    by_name: dict[str, Column] = {}
    config: dict[str, Any] = {}
    for one in columns:
        first, _, rest = one.name.partition("/")
        if rest and first.lower() in _CONFIG:
            values = one.values[one.logged]
            text = next((text for text in one.texts if text), None)
            config[rest] = values[0].item() if values.size else text
            config[rest] = int(config[rest]) if _is_whole_number(config[rest]) else config[rest]
        else:
            by_name[one.name] = one
    return Table(by_name, rows, tuple(_left_out(left)), sound(config))


def _is_whole_number(value: object) -> bool:
    return isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53


def _left_out(left: Counter[str]) -> Iterator[str]:
    """What was left out of a table, a sentence each."""
    words = {
        "merge conflict": (
            "is a marker of a merge conflict; both sides were read",
            "are markers of a merge conflict; both sides were read",
        ),
        "repeated header": ("repeats the header and was left out", "repeat the header and were left out"),
        "other header": (
            "names other columns; the lines below it were read by those",
            "name other columns; the lines below each were read by those",
        ),
        "other number of cells": (
            "does not have as many cells as the header and was left out",
            "do not have as many cells as the header and were left out",
        ),
        "no JSON": ("is not JSON and was left out", "are not JSON and were left out"),
        "no object": ("is not a JSON object and was left out", "are not JSON objects and were left out"),
        "cut last line": ("at the end is truncated and was left out", "are truncated and were left out"),
    }
    for what, (one, many) in words.items():
        if count := left[what]:
            yield f"1 line {one}." if count == 1 else f"{count:,} lines {many}."


def _with_its_tag(table: Table, file: str) -> Table:
    """TensorBoard's download names what ``Value`` is only in the file's name: ``run-a-tag-loss.csv``."""
    names = {key.strip().lower(): key for key in table.columns}
    if set(names) != {"wall time", "step", "value"}:
        return table
    stem = PurePosixPath(file).stem
    tag = stem.rpartition("-tag-")[2] or stem
    return replace(
        table,
        columns={
            tag if key == names["value"] else key: replace(one, name=tag) if key == names["value"] else one
            for key, one in table.columns.items()
        },
    )


def _hint(file: str, table: Table) -> str:
    """What a file's name adds: ``val_loss.csv`` with a column ``total_loss`` is of a validation."""
    stem = PurePosixPath(file).name.rpartition(".")[0] or PurePosixPath(file).name
    said = parts(stem)
    columns = [one for key in table.columns for one in parts(key)]
    if (
        is_evaluation(stem)
        and "train" not in said
        and not any(is_evaluation(one) or one == "train" for one in columns)
    ):
        return next(part for part in said if is_evaluation(part))
    return ""


def _joined(read: Sequence[tuple[str, list[Series], Table, tuple[str, ...]]]) -> dict[str, Series]:
    """The series of several tables of one run, under different names."""
    count = Counter(one.source_name for _, series, _, _ in read for one in series)
    found: dict[str, Series] = {}
    meant: dict[str, str] = {}
    for file, series, _, _ in read:
        path = PurePosixPath(file)
        stem = "/".join([*path.parent.parts, path.stem])
        inside = stem.partition("plots/metrics/")[2] or path.stem
        for one in series:
            if any(_is_same(one, other) for other in found.values()):
                continue
            alone = len(series) == 1 and parts(inside)[-len(parts(one.source_name)) :] == parts(
                one.source_name
            )
            source = inside if alone else one.source_name
            if not alone and count[one.source_name] > 1:
                source = f"{inside}/{one.source_name}"
            while source in found:
                source = f"{file}/{source}"
            found[source] = replace(
                one, source_name=source, table=file, evaluation=one.evaluation or is_evaluation(source)
            )
            # val_loss.csv says that its total_loss is of a validation, and no more.
            of = next((part for part in parts(inside) if is_evaluation(part)), "train")
            short = source if alone or "/" not in source else f"{of}/{one.source_name}"
            meant[source] = short if short not in meant.values() else source
    ours = own_names(meant.values())
    names = {source: ours[short] if ours[short] != short else source for source, short in meant.items()}
    renamed = (replace(one, name=names[source]) for source, one in found.items())
    return {one.name: one for one in in_order(renamed)}


def _is_same(one: Series, other: Series) -> bool:
    """Whether two tables hold the same series, as mmengine writes each log twice."""
    said = parts(one.source_name)
    if len(one.values) != len(other.values) or parts(other.source_name)[-len(said) :] != said:
        return False
    if (one.steps is None) != (other.steps is None):
        return False
    same_steps = one.steps is None or bool((one.steps == other.steps).all())
    return same_steps and bool(((one.values == other.values) | (one.values != one.values)).all())
