"""The tables of one list -> ModelList: what takes more than one table to see is checked here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from reportgen.kinds import Scalar
from reportgen.log_patterns import matcher_of
from reportgen.metrics import METRICS
from reportgen.model_list import schema, values
from reportgen.model_list.checking import read_outer_table, read_table
from reportgen.model_list.defaults import with_runs
from reportgen.model_list.logos import read_logo
from reportgen.model_list.mistakes import Mistakes, did_you_mean, key, shown
from reportgen.model_list.slugs import slugify
from reportgen.model_list.sourcing import source_of, wrong_place
from reportgen.model_list.specs import (
    FamilySpec,
    FigureOptions,
    HubSource,
    ModelList,
    PdfOptions,
    RunSpec,
    SeriesSpec,
    Smoothing,
    Source,
    TableSpec,
    Theme,
    Waiver,
)
from reportgen.naming import QUANTA_MATHS

__all__ = ["COLUMNS", "Origin", "model_list_of"]

COLUMNS: tuple[str, ...] = (
    "label",
    "name",
    "initialised_from",
    *METRICS,
    "listed_avg_final_loss",
    "checks",
    "note",
    "marks",
    "sparkline",
)
"""What a family's table can always show; attributes and columns of ``extra`` come on top."""

_TAKEN = dict.fromkeys((*COLUMNS, *QUANTA_MATHS.keys))
_WAIVER = frozenset({"until", "reason"})
_Value = TypeVar("_Value")


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
    table = read_outer_table(schema.ListTable, document, place.rstrip("."), mistakes, family=[])
    building = _Building(origin, taken, mistakes)
    smoothing = building.smoothing(table.smoothing, f"{place}smoothing", Smoothing())
    common = _Common(
        source=None if table.source is None else building.source(table.source, f"{place}source"),
        smoothing=smoothing,
        series=building.series(table.series, f"{place}series"),
        naming=building.naming(table.names, f"{place}names"),
        paths=building.paths(table.attributes, f"{place}attributes"),
        given=frozenset({"window"} & table.smoothing.keys()),
    )
    families = [
        building.family(one, f"{place}family[{index}]", common) for index, one in enumerate(table.family)
    ]
    if building.without_source and isinstance(document, dict) and "source" not in document:
        mistakes.add(f"{place}source", 'is missing; must be a table with type = "hub", "directory" or "url"')
    figures = read_table(schema.FiguresTable, table.figures, f"{place}figures", mistakes)
    for index, name in enumerate(figures.runs if figures and not building.has_patterns else []):
        if name not in building.names:
            text = f"no run of this list is called {shown(name)}" + did_you_mean(name, building.names)
            mistakes.add(f"{place}figures.runs[{index}]", text)
    pdf = read_table(schema.PdfTable, table.pdf, f"{place}pdf", mistakes)
    return ModelList(
        file=origin.name,
        title=table.title,
        description=table.description,
        families=tuple(replace(one, palette=tuple(figures.palette) if figures else ()) for one in families),
        figures=FigureOptions(
            tuple(figures.width_mm), tuple(figures.runs), tuple(figures.palette), figures.font_pt
        )
        if figures
        else FigureOptions(),
        pdf=PdfOptions(pdf.runs) if pdf else PdfOptions(),
        theme=building.theme(table.theme, f"{place}theme"),
        synthetic=table.synthetic,
        shipped=origin.shipped,
        author=table.author,
    )


@dataclass(frozen=True, slots=True)
class _Common:
    """What a list says for all its families."""

    source: Source | None
    smoothing: Smoothing
    series: Mapping[str, SeriesSpec]
    naming: str | None
    paths: Mapping[str, str]
    given: frozenset[str]


@dataclass(slots=True)
class _Building:
    """One list while it is built.

    Attributes:
        names: Of all its runs.
        without_source: Whether a run has no source of its own while the list has none either.
        has_patterns: Whether there may be more runs than it names.
    """

    origin: Origin
    taken: set[str]
    mistakes: Mistakes
    names: dict[str, None] = field(default_factory=dict)
    without_source: bool = False
    has_patterns: bool = False

    def smoothing(self, value: Mapping[str, Any], place: str, usual: Smoothing) -> Smoothing:
        table = read_table(schema.SmoothingTable, value, place, self.mistakes)
        return replace(usual, **table.model_dump(exclude_none=True)) if table else usual

    def theme(self, value: Mapping[str, Any], place: str) -> Theme:
        model = schema.ReportedThemeTable if self.origin.reported else schema.ThemeTable
        table = read_table(model, value, place, self.mistakes)
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
        return source_of(value, place, self.origin.base, self.mistakes)

    def series(self, value: Mapping[str, Any], place: str) -> dict[str, SeriesSpec]:
        found = {}
        for name, one in value.items():
            here = f"{place}.{key(name)}"
            if not name.strip():
                self.mistakes.add(here, "is not a name for a series; write one")
            table = read_table(schema.SeriesTable, one, here, self.mistakes)
            if table is not None:
                found[name] = SeriesSpec(
                    name, tuple(table.from_), table.title, table.unit, table.better, table.draw
                )
        return found

    def naming(self, value: Mapping[str, Any], place: str) -> str | None:
        table = read_table(schema.NamesTable, value, place, self.mistakes) if value else None
        if table is None:
            return None
        for group in matcher_of(table.pattern).groupindex:
            if group in COLUMNS:
                text = f"the group {shown(group)} has the name of another column; rename it"
                self.mistakes.add(f"{place}.pattern", text)
        return table.pattern

    def paths(self, value: Mapping[str, Any], place: str) -> dict[str, str]:
        def path(name: str, path: object) -> str:
            if name in COLUMNS or not name.strip():
                raise ValueError("is the name of another column; give the attribute another name")
            if not isinstance(path, str) or not path.strip():
                raise ValueError(
                    f'is {shown(path)}; must be a path into the configuration, as "optimizer.lr"'
                )
            return path

        return self._values(value, place, path)

    def family(self, value: object, place: str, common: _Common) -> FamilySpec:
        table = read_outer_table(schema.FamilyTable, value, place, self.mistakes, name="", runs=[])
        expect = self._expect(table.expect, f"{place}.expect")
        waive = self._waive(table.waive, f"{place}.waive")
        runs: list[RunSpec] = []
        seen: dict[tuple[str, Source], int] = {}
        for index, one in enumerate(table.runs):
            here = f"{place}.runs[{index}]"
            run = self._run(one, here, common.source, expect, waive)
            if run is None:
                continue
            first = seen.setdefault((run.name, run.source), index)
            if first != index:
                text = f"{shown(run.name)} is runs[{first}] too; remove one, or give it another revision"
                self.mistakes.add(here, text)
            runs.append(run)
        given = {"window"} & table.smoothing.keys() | {"figures", "rank_by"} & table.model_fields_set
        spec = FamilySpec(
            name=table.name,
            slug=slugify(table.name.lower(), self.taken),
            description=table.description,
            label=table.label,
            linear_steps=table.linear_steps,
            smoothing=self.smoothing(table.smoothing, f"{place}.smoothing", common.smoothing),
            runs=(),
            figures=tuple(table.figures or ()),
            x_range=(table.x_range[0], table.x_range[1]) if table.x_range else None,
            y_range=(table.y_range[0], table.y_range[1]) if table.y_range else None,
            columns=tuple(table.columns) if table.columns else None,
            order=table.order,
            exclude=tuple(table.exclude),
            group_by=None if table.group_by is None else tuple(table.group_by),
            rank_by=self._rank_by(table.rank_by, f"{place}.rank_by", common.series),
            color_by=table.color_by,
            target=table.target,
            reference=self._reference(table.reference, f"{place}.reference"),
            scale=table.scale,
            bands=table.bands,
            waive=waive,
            tables=self._tables(table.table, f"{place}.table"),
            series=common.series,
            naming=common.naming,
            paths=common.paths,
            given=common.given | given,
        )
        spec = with_runs(spec, runs)
        if spec.y_range and spec.y_range[0] <= 0 and "log" in spec.figures:
            text = f"starts at {spec.y_range[0]:g}, which a log axis cannot show; it must start above 0"
            self.mistakes.add(f"{place}.y_range", text)
        return spec

    def _run(
        self,
        value: object,
        place: str,
        source: Source | None,
        expect: Mapping[str, str],
        waive: Mapping[str, Waiver],
    ) -> RunSpec | None:
        """A run, None where it is wrong."""
        before = len(self.mistakes.lines)
        lone = isinstance(value, str)
        named = {"name": value} if lone else value
        found = self.origin.reported and isinstance(value, dict) and "found" in value
        model = schema.ReportedRunTable if found else schema.RunTable
        table = read_outer_table(model, named, place, self.mistakes, lone=lone, name="")
        # A comma in a found name is text.
        name, comma, second = (table.name, "", "") if found else table.name.partition(",")
        name, initialised_from = name.strip(" \t") if comma else name, second.strip(" \t")
        if comma and table.initialised_from is not None:
            self.mistakes.add(f"{place}.initialised_from", "is given after the comma too; give it once")
        self.names[name] = None
        extra = self._values(
            table.extra, f"{place}.extra", lambda column, one: values.extra_value(column, one, _TAKEN)
        )
        listed = self._values(table.listed, f"{place}.listed", values.listed)
        own = self._expect(table.expect, f"{place}.expect")
        waive = {**waive, **self._waive(table.waive, f"{place}.waive")}
        if table.source is not None:
            source = self.source(table.source, f"{place}.source")
        elif source is None:
            self.without_source = True
        if source is None or len(self.mistakes.lines) > before:
            return None
        if table.revision is not None:
            if not isinstance(source, HubSource):
                kind = "a directory" if source.type == "directory" else "this source"
                self.mistakes.add(f"{place}.revision", f"is given, but {kind} has none; remove it")
                return None
            source = replace(source, revision=table.revision)
        if not found and (wrong := wrong_place(source, name)):
            self.mistakes.add(place if lone else f"{place}.name", f"{shown(name)} {wrong}")
            return None
        run = RunSpec(
            name=name,
            source=source,
            initialised_from=initialised_from or table.initialised_from,
            label=table.label,
            note=table.note,
            listed=listed,
            extra=extra,
            expect={**expect, **own},
            waive=waive,
            found=found,
        )
        self.has_patterns |= run.is_pattern
        return run

    def _expect(self, value: Mapping[str, Any], place: str) -> dict[str, str]:
        return self._values(dict(values.flat(value)), place, values.expected)

    def _waive(self, value: Mapping[str, Any], place: str) -> dict[str, Waiver]:
        found = {}
        for metric, one in values.flat(value, leaf=_WAIVER):
            here = f"{place}.{key(metric)}"
            if wrong := values.wrong_metric(metric):
                self.mistakes.add(here, wrong)
            elif (table := read_table(schema.WaiverTable, one, here, self.mistakes)) is not None:
                found[metric] = Waiver(table.until, table.reason)
        return found

    def _rank_by(self, value: object, place: str, series: Mapping[str, SeriesSpec]) -> str | None:
        """A metric, or a series whose usual metric ranks."""
        if value is None:
            return None
        if isinstance(value, dict):  # rank_by.eval_loss = "best"
            parts = [f"{path}.{metric}" for path, metric in values.flat(value) if isinstance(metric, str)]
            value = parts[0] if len(parts) == 1 and len(value) == 1 else ""
        name = str(value)
        if name in series or name in ("loss", "eval_loss", "learning_rate"):
            return name
        if wrong := values.wrong_metric(name):
            self.mistakes.add(place, wrong)
        return name

    def _reference(self, value: object, place: str) -> str | dict[str, Scalar] | None:
        if isinstance(value, dict):
            if not value:
                self.mistakes.add(place, "is empty; name a run, or attributes, such as { lr = 1e-3 }")
            return self._values(dict(values.flat(value)), place, lambda _, one: values.scalar(one))
        return value if isinstance(value, str) else None

    def _tables(self, tables: list[Any], place: str) -> tuple[TableSpec, ...]:
        found: dict[str, TableSpec] = {}
        for index, one in enumerate(tables):
            here = f"{place}[{index}]"
            table = read_table(schema.TableTable, one, here, self.mistakes)
            if table is None:
                continue
            if wrong := values.wrong_metric(table.value):
                self.mistakes.add(f"{here}.value", wrong)
            if both := sorted({*table.rows} & {*table.columns}):
                self.mistakes.add(
                    f"{here}.columns", f"holds {shown(both[0])}, which is in rows; name it once"
                )
            if table.name in found:
                self.mistakes.add(f"{here}.name", f"{shown(table.name)} is another table too; rename one")
            found[table.name] = TableSpec(table.name, tuple(table.rows), tuple(table.columns), table.value)
        return tuple(found.values())

    def _values(
        self, given: Mapping[str, object], place: str, read: Callable[[str, object], _Value]
    ) -> dict[str, _Value]:
        """The values of a table whose keys are its author's, each checked."""
        found = {}
        for name, value in given.items():
            try:
                found[name] = read(name, value)
            except ValueError as wrong:
                self.mistakes.add(f"{place}.{key(name)}", str(wrong))
        return found
