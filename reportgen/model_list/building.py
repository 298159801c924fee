"""The tables of one list -> ModelList: what takes more than one table to see is checked here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from reportgen import expectations
from reportgen.kinds import Scalar
from reportgen.model_list import schema
from reportgen.model_list.logos import read_logo
from reportgen.model_list.mistakes import Mistakes, did_you_mean, key, shown
from reportgen.model_list.slugs import slugify, unsafe_path
from reportgen.model_list.specs import (
    DirectorySource,
    FamilySpec,
    FigureOptions,
    HubSource,
    ModelList,
    PdfOptions,
    RunSpec,
    Smoothing,
    Source,
    Theme,
)
from reportgen.naming import QUANTA_MATHS

__all__ = ["COLUMNS", "ORDERS", "Origin", "model_list_of"]

ORDERS: tuple[str, ...] = (
    "label",
    *QUANTA_MATHS.keys,
    *(metric for metric in expectations.METRICS if not metric.startswith(("steps_to.", "recorded_"))),
)
"""What the runs of a family can be ordered by."""

COLUMNS: tuple[str, ...] = (
    "label",
    "name",
    "initialised_from",
    *QUANTA_MATHS.keys,
    *expectations.METRICS,
    "listed_avg_final_loss",
    "checks",
    "note",
    "marks",
    "sparkline",
)
"""What a family's table can show, beside the columns of its runs' ``extra``."""

_LISTED = ("avg_final_loss",)
_Value = TypeVar("_Value")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
# An owner and a repository, as the Hub allows them.
_REPO = re.compile(r"\w(?:[\w.-]{0,94}\w)?/\w(?:[\w.-]{0,94}\w)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a list came from.

    Attributes:
        name: ``ModelList.file``.
        base: The absolute folder that its relative paths start from.
        shipped: Whether it came with the package.
        reported: Whether it is read back from a ``report.json``.
    """

    name: str
    base: str
    shipped: bool = False
    reported: bool = False


def model_list_of(
    document: object, origin: Origin, taken: set[str], mistakes: Mistakes, place: str = ""
) -> ModelList:
    """Builds a list from its tables.

    Args:
        document: As TOML or JSON gave it.
        origin: Where it came from.
        taken: Slugs of families so far; those of this list are added.
        mistakes: Where mistakes go. Where there are any, the list is not whole.
        place: Of the list in its file, ``lists[0].`` in a report, else empty.
    """
    table = schema.read_outer_table(schema.ListTable, document, place.rstrip("."), mistakes, family=[])
    building = _Building(origin, taken, mistakes)
    smoothing = building.smoothing(table.smoothing, f"{place}smoothing", Smoothing())
    source = None if table.source is None else building.source(table.source, f"{place}source")
    families = [
        building.family(one, f"{place}family[{index}]", source, smoothing)
        for index, one in enumerate(table.family)
    ]
    if building.without_source and isinstance(document, dict) and "source" not in document:
        mistakes.add(f"{place}source", 'is missing; must be a table with type = "hub" or "directory"')
    figures = schema.read_table(schema.FiguresTable, table.figures, f"{place}figures", mistakes)
    for index, name in enumerate(figures.runs if figures else []):
        if name not in building.names:
            text = f"no run of this list is called {shown(name)}" + did_you_mean(name, building.names)
            mistakes.add(f"{place}figures.runs[{index}]", text)
    pdf = schema.read_table(schema.PdfTable, table.pdf, f"{place}pdf", mistakes)
    return ModelList(
        file=origin.name,
        title=table.title,
        description=table.description,
        families=tuple(families),
        figures=FigureOptions(figures.width_mm, tuple(figures.runs)) if figures else FigureOptions(),
        pdf=PdfOptions(pdf.runs) if pdf else PdfOptions(),
        theme=building.theme(table.theme, f"{place}theme"),
        synthetic=table.synthetic,
        shipped=origin.shipped,
    )


@dataclass(slots=True)
class _Building:
    """One list while it is built.

    Attributes:
        names: Of all its runs.
        without_source: Whether a run has no source of its own while the list has none either.
    """

    origin: Origin
    taken: set[str]
    mistakes: Mistakes
    names: dict[str, None] = field(default_factory=dict)
    without_source: bool = False

    def smoothing(self, value: Mapping[str, Any], place: str, usual: Smoothing) -> Smoothing:
        table = schema.read_table(schema.SmoothingTable, value, place, self.mistakes)
        return replace(usual, **table.model_dump(exclude_none=True)) if table else usual

    def theme(self, value: Mapping[str, Any], place: str) -> Theme:
        model = schema.ReportedThemeTable if self.origin.reported else schema.ThemeTable
        table = schema.read_table(model, value, place, self.mistakes)
        if table is None:
            return Theme()
        logo = table.logo
        if logo is not None and not logo.startswith("data:"):
            try:
                logo = read_logo(self.origin.base, logo)
            except ValueError as wrong:
                self.mistakes.add(f"{place}.logo", str(wrong))
        return Theme(table.title_font, table.accent, logo)

    def source(self, value: Mapping[str, Any], place: str) -> Source | None:
        """The source that a table names; None where the table is wrong."""
        if value.get("type") == "directory":
            directory = schema.read_table(schema.DirectoryTable, value, place, self.mistakes)
            return DirectorySource(directory.path, self.origin.base) if directory else None
        if value.get("type") != "hub":
            given = f"is {shown(value['type'])}" if "type" in value else "is missing"
            self.mistakes.add(f"{place}.type", f'{given}; must be "hub" or "directory"')
            return None
        hub = schema.read_table(schema.HubTable, value, place, self.mistakes)
        if hub is None:
            return None
        wrong = _wrong_repo(hub.repo.replace("{name}", "name"))
        if wrong is None and "{name}" not in hub.repo + hub.file:
            wrong = "names one file for all runs, and so does file; one of the two must hold {name}"
        if wrong is not None:
            self.mistakes.add(f"{place}.repo", f"{shown(hub.repo)} {wrong}")
            return None
        return HubSource(hub.repo, hub.file, hub.revision)

    def family(self, value: object, place: str, source: Source | None, smoothing: Smoothing) -> FamilySpec:
        table = schema.read_outer_table(schema.FamilyTable, value, place, self.mistakes, name="", runs=[])
        expect = self._expect(table.expect, f"{place}.expect")
        runs: list[RunSpec] = []
        seen: dict[tuple[str, Source], int] = {}
        columns = dict.fromkeys(COLUMNS)
        for index, one in enumerate(table.runs):
            here = f"{place}.runs[{index}]"
            run = self._run(one, here, source, expect, columns)
            if run is None:
                continue
            first = seen.setdefault((run.name, run.source), index)
            if first != index:
                text = f"{shown(run.name)} is runs[{first}] too; leave one out, or give it another revision"
                self.mistakes.add(here, text)
            runs.append(run)
        for index, column in enumerate(table.columns or []):
            if column not in columns:
                own = f"; a column of your own comes from the runs: extra = {{ {key(column)} = ... }}"
                text = f"unknown column {shown(column)}" + (did_you_mean(column, columns) or own)
                self.mistakes.add(f"{place}.columns[{index}]", text)
        if table.order is not None and table.order not in ORDERS:
            text = f"{shown(table.order)} is no attribute or metric" + did_you_mean(table.order, ORDERS)
            self.mistakes.add(f"{place}.order", text)
        return FamilySpec(
            name=table.name,
            slug=slugify(table.name.lower(), self.taken),
            description=table.description,
            label=table.label,
            linear_steps=table.linear_steps,
            smoothing=self.smoothing(table.smoothing, f"{place}.smoothing", smoothing),
            runs=tuple(runs),
            figures=tuple(table.figures),
            x_range=(table.x_range[0], table.x_range[1]) if table.x_range else None,
            y_range=(table.y_range[0], table.y_range[1]) if table.y_range else None,
            columns=tuple(table.columns) if table.columns else None,
            order=table.order,
        )

    def _run(
        self,
        value: object,
        place: str,
        source: Source | None,
        expect: Mapping[str, str],
        columns: dict[str, None],
    ) -> RunSpec | None:
        """A run, None where it is wrong; the columns of its ``extra`` are added to ``columns``."""
        before = len(self.mistakes.lines)
        lone = isinstance(value, str)
        named = {"name": value} if lone else value
        table = schema.read_outer_table(schema.RunTable, named, place, self.mistakes, lone=lone, name="")
        name, _, initialised_from = (part.strip(" \t") for part in table.name.partition(","))
        self.names[name] = None
        extra = self._values(table.extra, f"{place}.extra", _extra)
        columns.update(dict.fromkeys(name if name not in COLUMNS else f"extra.{name}" for name in extra))
        listed = self._values(table.listed, f"{place}.listed", _listed)
        own = self._expect(table.expect, f"{place}.expect")
        if table.source is not None:
            source = self.source(table.source, f"{place}.source")
        elif source is None:
            self.without_source = True
        if source is None or len(self.mistakes.lines) > before:
            return None
        if table.revision is not None:
            if isinstance(source, DirectorySource):
                self.mistakes.add(f"{place}.revision", "is given, but a directory has none; leave it out")
                return None
            source = replace(source, revision=table.revision)
        if wrong := _wrong_place(source, name):
            self.mistakes.add(place if lone else f"{place}.name", f"{shown(name)} {wrong}")
            return None
        return RunSpec(
            name=name,
            source=source,
            initialised_from=initialised_from or None,
            label=table.label,
            note=table.note,
            listed=listed,
            extra=extra,
            expect={**expect, **own},
        )

    def _expect(self, value: Mapping[str, Any], place: str) -> dict[str, str]:
        flat: dict[str, object] = {}
        for metric, expected in value.items():
            if metric == "steps_to" and isinstance(expected, dict):
                # steps_to.1e-6 = "..." is a table within a table to TOML.
                flat.update({f"steps_to.{threshold}": one for threshold, one in expected.items()})
            else:
                flat[metric] = expected
        return self._values(flat, place, _expected)

    def _values(
        self, values: Mapping[str, object], place: str, read: Callable[[str, object], _Value]
    ) -> dict[str, _Value]:
        """The values of a table whose keys are its author's, each checked."""
        found = {}
        for name, value in values.items():
            try:
                found[name] = read(name, value)
            except ValueError as wrong:
                self.mistakes.add(f"{place}.{key(name)}", str(wrong))
        return found


def _extra(name: str, value: object) -> Scalar:
    if not name.strip():
        raise ValueError("is no name for a column; write one")
    if (plain := name.removeprefix("extra.")) != name and plain in COLUMNS:
        raise ValueError(
            f"is what tables call the column of extra = {{ {key(plain)} = ... }}; choose another name"
        )
    if isinstance(value, (str, bool)):
        return value
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ValueError(f"is {shown(value)}; must be text, true, false or a number of up to 64 bits")


def _listed(name: str, value: object) -> str:
    if name not in _LISTED:
        raise ValueError(f"nothing is compared with {shown(name)}" + did_you_mean(name, _LISTED))
    if isinstance(value, str) and len(value) <= 100 and _NUMBER.fullmatch(value):
        return value
    raise ValueError(f'is {shown(value)}; must be a number as its author wrote it, in quotes: "5.6e-06"')


def _expected(name: str, value: object) -> str:
    if name not in expectations.METRICS:
        raise ValueError(f"unknown metric {shown(name)}" + did_you_mean(name, expectations.METRICS))
    if not isinstance(value, str):
        raise ValueError(f'is {shown(value)}; must be text, such as "<= 1e-8"')
    expectations.parse(value)
    return value


def _wrong_repo(repo: str) -> str | None:
    """What is wrong with a repository's id; None where nothing is."""
    if not _REPO.fullmatch(repo) or "--" in repo or ".." in repo or repo.endswith(".git"):
        return "is no repository of the Hub; write owner/name, in letters, digits, - _ and ."
    return None


def _wrong_place(source: Source, name: str) -> str | None:
    """What is wrong with where ``source`` puts the run ``name``; None where nothing is."""
    if isinstance(source, DirectorySource):
        start = source.path.partition("{")[0].rpartition("/")[0]
        file = source.path[len(start) :].lstrip("/").replace("{name}", name)
    else:
        repo = source.repo.replace("{name}", name)
        if _wrong_repo(repo):
            return f"makes the repository {shown(repo)}, which the Hub does not allow; mend the name"
        file = source.file.replace("{name}", name)
    wrong = unsafe_path(file)
    return None if wrong is None else f"makes the path {shown(file)}, which {wrong}; mend the name"
