"""Tables of runs: data until the last moment; a cell is a value and the text that people read.

HTML, PDF, LaTeX and CSV are all made from these. Text in a cell is as its author wrote it: each output
escapes it for its own language.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from reportgen import agreement, notation
from reportgen.analysis import LONG, TITLES
from reportgen.attributes import as_attribute, in_words
from reportgen.curves.summary import THRESHOLDS
from reportgen.metrics import METRICS, split
from reportgen.naming import QUANTA_MATHS
from reportgen.report import qualities, step_unit
from reportgen.series import title_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from reportgen.groups import Group
    from reportgen.report import Check, FamilyReport, Report, RunReport, SeriesReport

__all__ = [
    "COLUMNS",
    "MARKS",
    "Cell",
    "Column",
    "Kind",
    "Row",
    "Table",
    "all_columns",
    "dataframe",
    "family_table",
    "groups_table",
    "metric_title",
    "qualities_table",
    "runs_table",
    "series_table",
    "spread_form",
    "thresholds_table",
    "usual_columns",
]

Kind = Literal["text", "integer", "count", "loss", "number", "boolean", "marks", "sparkline"]
Value = str | int | float | bool | None

MARKS: Mapping[str, str] = MappingProxyType(
    {
        "config_differs": "name and Config disagree",
        "diverged": "diverged",
        "listed_differs": "listed loss differs",
        "name_differs": "Config names another model",
        "missing_losses": "losses missing",
        "nonpositive": "losses of zero or below",
        "not_checked": "not checked against the Hub",
        "recorded_differs": "recorded loss differs",
        "restarted": "restarted",
        "steps_differ": "step count differs",
        "unfinished": "still in training",
    }
)
"""What a run's marks say, in a few words."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        key: As ``family.columns`` of a list names it: ``avg_final_loss``.
        title: Its heading.
        kind: What its cells hold: ``integer`` is a plain whole number (a seed), ``count`` one that is
            read in groups of three figures, ``loss`` one that is read as a power of ten.
        attribute: It comes from the runs' configurations or their list's ``[names]``.
    """

    key: str
    title: str
    kind: Kind
    attribute: bool = False

    @property
    def numeric(self) -> bool:
        """Whether cells are aligned as numbers are."""
        return self.kind in ("integer", "count", "loss", "number")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        value: In full; None where there is none. A listed loss is the text that its author wrote.
        text: As people read it.
        agrees: Whether a recorded or listed value agrees with the recomputed one; None where there is
            nothing to compare.
        bold: It leads its table.
        members: Slugs of the runs that it stands for, where it is of several.
    """

    value: Value
    text: str
    agrees: bool | None = None
    bold: bool = False
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One row; where it stands for several runs, ``run`` and ``family`` are None, ``members`` their slugs."""

    cells: tuple[Cell, ...]
    run: RunReport | None = None
    family: FamilyReport | None = None
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Columns, and rows with a cell for each."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


_MOST_DECIMALS = 6
_MOST_SERIES = 24
"""Series that have columns of their own."""
_MOST_QUALITIES = 8
_KINDS: Mapping[str, Kind] = MappingProxyType({"text": "text", "integer": "integer", "flag": "boolean"})
_KNOWN = (
    Column("family", "Family", "text"),
    Column("label", "Label", "text"),
    Column("name", "Run", "text"),
    Column("initialised_from", "Initialised from", "text"),
    *(Column(one.key, one.title, _KINDS[one.kind]) for one in QUANTA_MATHS.attributes),
    *(Column(one.key, one.title, one.kind) for one in METRICS.values()),
    Column("listed_avg_final_loss", "AvgFinalLoss, listed", "loss"),
    Column("checks", "Expectations", "text"),
    Column("note", "Note", "text"),
    Column("marks", "Marks", "marks"),
    Column("sparkline", "Curve", "sparkline"),
)
COLUMNS: Mapping[str, Column] = MappingProxyType({column.key: column for column in _KNOWN})
"""Columns that every run has, by key; a list's own columns (``RunSpec.extra``) come on top."""

_USUAL = (
    "sparkline",
    "trained_steps",
    "avg_final_loss",
    "recorded_avg_final_loss",
    "listed_avg_final_loss",
    "final_loss",
    "min_loss",
    "min_loss_step",
    "spikes",
)
_LAST = ("checks", "marks")
_OF_STEPS = ("trained_steps", "best_step", "min_loss_step", "steps_to.target")
# Columns that say nothing where no run has a value.
_OPTIONAL = frozenset({"recorded_avg_final_loss", "listed_avg_final_loss", "checks", "marks"})


def mark_words(mark: str, run: RunReport) -> str:
    """What a mark says in a few words; a run that goes on after a NaN did not diverge."""
    if mark == "diverged" and not run.summary.metrics.end_diverged:
        return "losses not finite"
    return MARKS.get(mark, mark)


def metric_title(metric: str) -> str:
    """What people are shown for a metric's key: ``AvgFinalLoss`` for ``avg_final_loss``."""
    found = COLUMNS.get(metric) or _metric_column(metric)
    return metric if found is None else found.title


def usual_columns(runs: Sequence[RunReport]) -> tuple[str, ...]:
    """Keys of the columns that a table of ``runs`` shows unless told otherwise.

    The runs' own columns come before expectations and marks.
    """
    usual = dict.fromkeys(key for run in runs for key in (run.columns or _USUAL)) or _USUAL

    def filled(keys: Iterable[str]) -> list[str]:
        return [
            key
            for key in keys
            if key not in _OPTIONAL or any(_VALUES[key](run) not in (None, "") for run in runs)
        ]

    naming = ("label",) if runs and all(run.columns for run in runs) else _naming(runs)
    analysed = [key for key in TITLES if key not in LONG and any(key in run.attributes for run in runs)]
    return (*naming, *filled(usual), *analysed, *_extra_columns(runs), *filled(_LAST))


def _naming(runs: Sequence[RunReport]) -> tuple[str, ...]:
    """The columns that say which run it is: one where every run's label is its name."""
    return ("label",) if all(run.label == run.spec.name for run in runs) else ("label", "name")


def all_columns(runs: Sequence[RunReport]) -> tuple[str, ...]:
    """Keys of every column that ``runs`` can fill, the family's name left out."""
    attributes = dict.fromkeys(key for run in runs for key in run.attributes if key not in COLUMNS)
    unknown = {key for key in QUANTA_MATHS.keys if all(run.attributes.get(key) is None for run in runs)}
    known = [key for key in COLUMNS if key != "family" and not (runs and key in unknown)]
    return (*known, *attributes, *_series_columns(runs), *_extra_columns(runs))


def _series_columns(runs: Sequence[RunReport]) -> Iterator[str]:
    """The last value of each series but the loss, and the best where it is known which way is better."""
    series = {name: one for run in runs for name, one in run.series.items() if name != "loss"}
    for name, one in list(series.items())[:_MOST_SERIES]:
        yield from (f"{name}.best", f"{name}.best_step") if one.better else ()
        yield f"{name}.last"


def runs_table(report: Report, columns: Sequence[str] | None = None) -> Table:
    """All runs of all families.

    Args:
        report: Whose runs.
        columns: Keys, None for the family and the usual ones; a key that no run has gives empty cells.
    """
    keys = ("family", *usual_columns(report.runs)) if columns is None else columns
    return _table([(family, run) for family in report.families for run in family.runs], keys)


def family_table(family: FamilyReport, columns: Sequence[str] | None = None) -> Table:
    """The runs of one family.

    Args:
        family: Whose runs.
        columns: Keys, None for those that its list names, else the usual ones.
    """
    keys = columns or family.spec.columns or usual_columns(family.runs)
    keys = [family.varied.aliases.get(key, key) for key in keys]
    return _table([(family, run) for run in family.runs], keys)


def thresholds_table(family: FamilyReport, *, names: bool = True) -> Table:
    """Steps that each run of a family took to reach each threshold that any of them reached.

    Args:
        family: Whose runs.
        names: Whether runs have their names too, where these are not their labels.
    """
    reached = [
        f"steps_to.{key}"
        for key in THRESHOLDS
        if any(run.loss and run.loss.summary.metrics.steps_to.get(key) is not None for run in family.runs)
    ]
    return family_table(family, (*(_naming(family.runs) if names else ("label",)), *reached))


def qualities_table(family: FamilyReport) -> Table:
    """Best values of what tells how good models are and stands in no other table of the family."""
    shown = {column.key for column in family_table(family).columns}
    keys = [f"{name}.best" for name in qualities(family.runs)]
    rest = [key for key in keys if key not in shown]
    return family_table(family, ("label", *rest[:_MOST_QUALITIES]))


def series_table(run: RunReport, most: int) -> Table | None:
    """What the first ``most`` series of a run come to, a row each; None where there is one alone."""
    shown = list(run.series.values())[:most]
    if len(run.series) < 2:
        return None
    unit = step_unit([run])
    columns = (
        Column("series", "Series", "text"),
        Column("entries", "Entries", "count"),
        Column("last", "Last value", "loss"),
        Column("end", "Mean at the end", "loss"),
        Column("best", "Best value", "loss"),
        Column("best_step", f"{unit.capitalize()} of best value", "count"),
    )
    return Table(columns, tuple(_series_row(one) for one in shown))


def _series_row(one: SeriesReport) -> Row:
    found = one.summary.metrics
    form = notation.form_of([found.final_loss, found.end, found.best])
    return Row(
        (
            Cell(one.name, one.title or one.name),
            Cell(found.steps, notation.grouped(found.steps)),
            *(Cell(value, form(value)) for value in (found.final_loss, found.end, found.best)),
            Cell(found.best_step, notation.grouped(found.best_step)),
        )
    )


def groups_table(family: FamilyReport) -> Table:
    """What the groups of a family come to; no rows where it has none.

    On logarithms the mean is the geometric one and the standard deviation a factor.
    """
    groups = family.grouping.groups
    log = family.grouping.scale == "log"
    metric = metric_title(family.ranking.metric) if family.ranking is not None else ""
    made = [group.estimate for group in groups if group.estimate is not None]
    spreads = [one.sd for one in made if one.sd]
    # On logarithms a standard deviation is a factor: of what it moves a mean by, as many digits are told.
    moved = [one.mean * math.log(one.sd) for one in made if one.sd and one.sd > 1] if log else spreads
    form = spread_form([one.mean for one in made], moved)
    factor = notation.form_of_factors(spreads) if log else None
    columns = (
        Column("group", "Group", "text"),
        Column("runs", "Runs", "count"),
        Column("mean", _mean_of(metric, log=log), "loss"),
        Column("sd", "Geometric standard deviation" if log else "Standard deviation", "loss"),
        Column("low", "95 % from", "loss"),
        Column("high", "95 % to", "loss"),
        Column("minimum", "Minimum", "loss"),
        Column("maximum", "Maximum", "loss"),
    )
    rows = [
        replace(
            _group_row(group, form, factor), members=tuple(family.runs[run].slug for run in group.counted)
        )
        for group in groups
    ]
    return Table(columns, tuple(rows))


def _mean_of(metric: str, *, log: bool) -> str:
    """What a mean over runs is called; the mean of means at the end is one."""
    word = "Geometric mean" if log else "Mean"
    return f"{word}{metric.removeprefix('Mean')}" if metric.startswith("Mean ") else f"{word} of {metric}"


def spread_form(means: Sequence[float], spreads: Sequence[float]) -> notation.Form:
    """The notation of means: as many decimals as give the usual spread two digits, where there is one.

    Args:
        means: Of the column.
        spreads: What they are uncertain by, above 0.
    """
    form = notation.form_of(means)
    if form.style == "power" or not spreads:
        return form
    digits = 1 - math.floor(math.log10(statistics.median(spreads)))
    return notation.Form("plain", max(0, min(digits, _MOST_DECIMALS)))


def _group_row(group: Group, form: notation.Form, factor: notation.Form | None) -> Row:
    made, used = group.estimate, len(group.values)
    low, high = (None, None) if made is None or made.interval is None else made.interval
    sd = None if made is None else made.sd
    least, most = (None, None) if made is None else made.range
    spread = form(sd) if sd is None or factor is None else f"×{factor(sd)}"
    return Row(
        (
            Cell(group.label, group.label),
            # A run without a value is left out of the numbers, and said to be.
            Cell(used, f"{used}" if used == group.size else f"{used} of {group.size}"),
            Cell(None if made is None else made.mean, form(None if made is None else made.mean)),
            Cell(sd, spread),
            *(Cell(value, form(value)) for value in (low, high, least, most)),
        )
    )


def dataframe(table: Table) -> pd.DataFrame:
    """A table as a DataFrame: a column for each key, values in full, the sparkline left out.

    Dtypes are the nullable ones of pandas: a metric that does not exist is NA in every kind of column.
    """
    import pandas as pd

    return pd.DataFrame(
        {
            column.key: pd.Series([row.cells[i].value for row in table.rows], dtype=_dtype(table, i))
            for i, column in enumerate(table.columns)
            if column.kind != "sparkline"
        }
    )


def _dtype(table: Table, i: int) -> Any:
    values = [row.cells[i].value for row in table.rows if row.cells[i].value is not None]
    kind = table.columns[i].kind
    if any(isinstance(value, str) for value in values) or not table.columns[i].numeric:
        return "boolean" if kind == "boolean" else "string"
    whole = all(isinstance(value, int) and -(2**63) <= value < 2**63 for value in values)
    return "Int64" if kind in ("integer", "count") and whole else "Float64"


def _table(runs: Sequence[tuple[FamilyReport, RunReport]], keys: Sequence[str]) -> Table:
    columns = tuple(_column(key, [run for _, run in runs]) for key in keys)
    cells = [_cells(runs, column) for column in columns]
    rows = tuple(Row(tuple(own[i] for own in cells), run, family) for i, (family, run) in enumerate(runs))
    return Table(columns, rows)


def _cells(runs: Sequence[tuple[FamilyReport, RunReport]], column: Column) -> list[Cell]:
    """A column's cells, in one notation, which runs that diverged do not shape."""
    if column.key == "family":
        return [Cell(family.name, family.name) for family, _ in runs]
    if column.attribute:
        return _attribute_cells([run.attributes.get(column.key) for _, run in runs], column)
    value_of = _VALUES.get(column.key) or (lambda run: _other(run, column.key))
    values = [value_of(run) for _, run in runs]
    numbers = [
        value if isinstance(value, (int, float)) else _as_number(value)
        for (_, run), value in zip(runs, values, strict=True)
        if column.kind in ("loss", "number") and not run.summary.metrics.end_diverged
    ]
    form = notation.form_of(numbers, in_full=column.kind == "number")
    texts = [
        _checks(run, in_words=True) or "" if column.key == "checks" else _text(value, column, form)
        for (_, run), value in zip(runs, values, strict=True)
    ]
    return [
        Cell(value, text, _agrees(run, column.key, value))
        for (_, run), value, text in zip(runs, values, texts, strict=True)
    ]


def _column(key: str, runs: Sequence[RunReport]) -> Column:
    if key in COLUMNS:
        return _in_unit(COLUMNS[key], runs)
    values = [run.attributes.get(key) for run in runs]
    if any(_extra(run, key) is not None for run in runs):
        return _extra_column(key, runs)
    if all(value is None for value in values):
        of_metric = _metric_column(key)
        return _extra_column(key, runs) if of_metric is None else _in_unit(of_metric, runs)
    if key in TITLES:
        return Column(key, TITLES[key], "text" if key in LONG else "number", attribute=True)
    kinds: Mapping[str, Kind] = {"number": "number", "boolean": "boolean", "text": "text"}
    return Column(key, key, kinds[as_attribute(key, values).kind], attribute=True)


def _in_unit(column: Column, runs: Sequence[RunReport]) -> Column:
    """A column of steps, headed by what they are: "Epochs"."""
    unit = step_unit(runs)
    if unit == "step" or not column.key.endswith(_OF_STEPS):
        return column
    title = column.title.replace("Step", unit.capitalize()).replace("step", unit)
    return replace(column, title=title)


def _attribute_cells(values: Sequence[Value], column: Column) -> list[Cell]:
    """Cells of an attribute, written as labels write it."""
    found = as_attribute(column.key, values)
    missing = "" if column.kind == "text" else notation.MISSING
    return [
        Cell(value, missing if word is None else word)
        for value, word in zip(found.values, in_words(found), strict=True)
    ]


def _as_number(value: Value) -> float | None:
    """A listed loss is text; None where that is no number."""
    try:
        return float(value or "")
    except ValueError:
        return None


def _text(value: Value, column: Column, form: notation.Form) -> str:
    if value is None or value == "":
        return "" if column.kind in ("text", "marks", "sparkline") else notation.MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return form.written(value) if column.kind == "loss" else value
    if column.kind == "loss":
        return notation.recorded(value, form) if column.key.startswith("recorded_") else form(value)
    if column.kind == "number" and column.key not in COLUMNS:
        return form(value)
    if column.kind == "count" and isinstance(value, int):
        return notation.grouped(value)
    return notation.number(value)


def _agrees(run: RunReport, key: str, value: Value) -> bool | None:
    if value is None:
        return None
    said, _, metric = key.partition("_")
    if said == "recorded" and metric in run.recorded:
        return agreement.agrees_recorded(run.metric(metric), run.recorded[metric])
    if said == "listed" and metric in run.spec.listed:
        return agreement.agrees_listed(run.metric(metric), run.spec.listed[metric])
    if key in ("steps", "trained_steps") and "steps_differ" in run.marks:
        return False
    return None


def _checks(run: RunReport, *, in_words: bool = False) -> str | None:
    """What came of the expectations: for programs with keys and operators, or in words."""
    if not run.checks:
        return None

    def said(check: Check) -> str:
        if in_words:
            return f"{metric_title(check.metric)} {notation.condition(check.expected)}"
        return f"{check.metric} not {check.expected}"

    failed = [said(check) for check in run.checks if check.outcome == "failed"]
    waived = [said(check) for check in run.checks if check.outcome == "waived"]
    if failed:
        return "; ".join(f"fails {one}" if in_words else one for one in failed)
    if waived:
        return "; ".join(f"{one}, waived" for one in waived)
    if in_words:
        return "met"
    return "hold" if len(run.checks) > 1 else "holds"


def _metric(key: str) -> Callable[[RunReport], Value]:
    return lambda run: run.metric(key)


def _attribute(key: str) -> Callable[[RunReport], Value]:
    return lambda run: run.attributes.get(key)


_VALUES: Mapping[str, Callable[[RunReport], Value]] = MappingProxyType(
    {
        "label": lambda run: run.label,
        "name": lambda run: run.spec.name,
        "initialised_from": lambda run: run.spec.initialised_from,
        "note": lambda run: run.spec.note,
        "listed_avg_final_loss": lambda run: run.spec.listed.get("avg_final_loss"),
        "checks": _checks,
        "marks": lambda run: ", ".join(mark_words(mark, run) for mark in run.marks),
        "sparkline": lambda _: None,
        **{key: _attribute(key) for key in QUANTA_MATHS.keys},
        **{key: _metric(key) for key in METRICS},
    }
)


def _extra_columns(runs: Sequence[RunReport]) -> tuple[str, ...]:
    """The lists' own columns, each once, in the order in which they first appear."""
    names = dict.fromkeys(name for run in runs for name in run.spec.extra)
    return tuple(f"extra.{name}" if name in COLUMNS else name for name in names)


def _extra(run: RunReport, key: str) -> Value:
    name = key.removeprefix("extra.")
    return run.spec.extra.get(key, run.spec.extra.get(name) if name in COLUMNS else None)


def _metric_column(key: str) -> Column | None:
    """The column of a metric of a series, ``eval_loss.best``, or of one at a step."""
    found = split(key)
    if found is None:
        return None
    series, metric = found
    title = metric.title if series is None else f"{title_of(series)}, {metric.title.lower()}"
    return Column(key, title, metric.kind)


def _other(run: RunReport, key: str) -> Value:
    value = _extra(run, key)
    return run.metric(key) if value is None else value


def _extra_column(key: str, runs: Sequence[RunReport]) -> Column:
    values = [value for run in runs if (value := _extra(run, key)) is not None]
    kinds = {type(value) for value in values}
    kind: Kind = "text"
    if kinds == {bool}:
        kind = "boolean"
    elif kinds == {int}:
        kind = "count"
    elif kinds and kinds <= {int, float}:
        kind = "number"
    title = key.removeprefix("extra.").replace("_", " ").strip() or key
    return Column(key, title[:1].upper() + title[1:], kind)
