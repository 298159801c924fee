"""The tables of the page and of paper, in reading order, and what stands with them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from reportgen import paper_tables, reference_tables, tables, varied_tables
from reportgen.outputs import long_lists, standing, words
from reportgen.outputs.page_tables import MOST_ROWS
from reportgen.outputs.paper_limits import MOST_FAMILIES, MOST_FAMILY_ROWS, cut_table, family_rows
from reportgen.outputs.run_views import as_json
from reportgen.outputs.sources import source_lines
from reportgen.outputs.templating import visible
from reportgen.outputs.views import NO_TABLE, Fact, Medium, TableView
from reportgen.report import Check, FamilyReport, Report, RunReport
from reportgen.tables import Cell, Row, Table

__all__ = [
    "compared",
    "cut",
    "family_tables",
    "long_tables",
    "of_outcome",
    "runs_table",
    "same",
    "shared_config",
]

# Up to this many runs a page's table of all runs also holds the columns that are hidden at first.
_MANY_COLUMNS = 200
# Of the usual columns, those that a page shows only when asked, so that marks stay in view.
_HIDDEN = frozenset({"final_loss", "min_loss_step"})
# Characters of a family's configurations that a page holds to be compared.
_MOST_COMPARED = 400_000


def long_tables(report: Report, checks: Sequence[Check]) -> Iterator[TableView]:
    """Lists of which a page draws the rows that are seen."""
    wrong = [*of_outcome(checks, "failed"), *of_outcome(checks, "waived"), *of_outcome(checks, "not_checked")]
    for name, caption, table in (
        ("expectations", "Expectations", long_lists.checks_table(wrong)),
        ("problems", "Problems", long_lists.problems_table(report.problems)),
        ("provenance", "Source of every run", long_lists.sources_table(source_lines(report.runs))),
    ):
        if len(table.rows) > MOST_ROWS:
            yield TableView(name, 0, caption, table)


def of_outcome(checks: Sequence[Check], outcome: str) -> tuple[Check, ...]:
    """Those checks that came out so."""
    return tuple(check for check in checks if check.outcome == outcome)


def runs_table(report: Report, medium: Medium, number: int) -> TableView:
    """All runs; on paper, where each run is printed once, of several families a row each."""
    few = {1: "The only run.", 2: "Both runs."}
    caption = few.get(len(report.runs), f"All {words.count(len(report.runs), 'run')}.")
    if len(report.families) == 1:
        (family,) = report.families
        return _runs_of(family, report, medium, replace(NO_TABLE, number=number, caption=caption))
    if medium == "paper":
        caption = words.count(len(report.families), "family", "families")
        caption += (
            "; each has its own table of runs."
            if len(report.families) <= MOST_FAMILIES
            else f". The first {MOST_FAMILIES} have sections here and figures in figures/; report.html has "
            "sections and figures of all, tables/ the tables of their runs."
        )
        shown, says = cut_table(
            standing.families_table(report), MOST_FAMILY_ROWS, family=None, file="the attached report.json"
        )
        return TableView("runs", number, caption + says, shown)
    metrics = dict.fromkeys(one.ranking.metric for one in report.families if one.ranking is not None)
    usual = _led(tables.usual_columns(report.runs), metrics)
    usual = (*usual[: 1 + len(metrics)], "family", *usual[1 + len(metrics) :])
    rest = _further_columns(report, report.runs, usual)
    table = _without_empty(tables.runs_table(report, (*usual, *rest)), rest)
    return TableView("runs", number, caption, table, _HIDDEN.union(rest))


def _led(keys: Sequence[str], metrics: Iterable[str]) -> tuple[str, ...]:
    """Columns with the label first, then what runs are ranked by: what a narrow screen has room for."""
    return tuple(dict.fromkeys(("label", *metrics, *keys)))


def _runs_of(family: FamilyReport, report: Report, medium: Medium, bare: TableView) -> TableView:
    """A table of a family's runs: the columns that its list names, else the usual ones.

    Paper names each run once more where its file is; so its tables have labels alone.
    """
    metrics = () if family.ranking is None else (family.ranking.metric,)
    columns = family.spec.columns or _led(tables.usual_columns(family.runs), metrics)
    if medium == "paper":
        if family.spec.columns is None:
            columns = tuple(key for key in columns if key != "name")
        whole = replace(bare, table=tables.family_table(family, columns))
        return cut(whole, report, f"tables/{family.slug}.csv", family)
    rest = _further_columns(report, family.runs, columns)
    hidden = frozenset(rest) if family.spec.columns else _HIDDEN.union(rest)
    table = _without_empty(tables.family_table(family, (*columns, *rest)), rest)
    return replace(bare, table=table, hidden=hidden)


def cut(view: TableView, report: Report, file: str, family: FamilyReport | None = None) -> TableView:
    """A table as paper prints it: of very many rows some, and its caption says so."""
    table, says = cut_table(view.table, family_rows(len(report.families)), family=family, file=file)
    return replace(view, table=table, caption=view.caption + says)


def _further_columns(report: Report, runs: Sequence[RunReport], shown: Sequence[str]) -> tuple[str, ...]:
    """Columns that a reader may ask for, on a page that is not too long already."""
    if len(report.runs) > _MANY_COLUMNS:
        return ()
    return tuple(key for key in tables.all_columns(runs) if key not in shown)


def _without_empty(table: Table, keys: Sequence[str]) -> Table:
    """``table`` less those columns of ``keys`` that no row fills."""
    kept = [
        i
        for i, column in enumerate(table.columns)
        if column.key not in keys or any(row.cells[i].value not in (None, "") for row in table.rows)
    ]
    return Table(
        tuple(table.columns[i] for i in kept),
        tuple(Row(tuple(row.cells[i] for i in kept), row.run, row.family) for row in table.rows),
    )


def family_tables(
    family: FamilyReport, report: Report, medium: Medium, number: Iterator[int]
) -> Iterator[TableView]:
    """The tables of a family, as far as there is anything in them."""
    name, slug = words.shortened(family.name, 80), family.slug
    if not family.runs:
        return
    yield from _differences(family, number)
    if len(report.families) > 1:  # of a family that is alone the table of all runs says the same
        bare = replace(NO_TABLE, name=f"family {slug}", number=next(number), caption=f"{name}: runs.")
        yield _runs_of(family, report, medium, bare)
    others = tables.qualities_table(family)
    if len(others.columns) > 1:
        said = f"{name}: best values of other series."
        yield TableView(f"series {slug}", next(number), said, others)
    groups = tables.groups_table(family)
    if groups.rows:
        yield TableView(f"groups {slug}", next(number), words.groups_caption(family), groups)
    for kind, said, against in reference_tables.tables_of(family):
        yield TableView(f"{kind} {slug}", next(number), said, against)
    for table, spec, made in paper_tables.named(family):
        crossed = paper_tables.shown(family, spec, made)
        yield TableView(f"table {table}", next(number), paper_tables.caption(spec, made), crossed)
    reached = tables.thresholds_table(family, names=medium == "screen")
    if any(column.key.startswith("steps_to.") for column in reached.columns):
        yield TableView(
            f"thresholds {slug}",
            next(number),
            f"{name}: the first step at which the centred rolling mean of the loss is below each threshold.",
            reached,
        )


def _differences(family: FamilyReport, number: Iterator[int]) -> Iterator[TableView]:
    """What varies in a family, and what differs between two of it or from its reference."""
    name, slug = words.shortened(family.name, 80), family.slug
    sides = varied_tables.sides(family)
    made = varied_tables.varied_table(family)
    if made.rows and len(sides) != 2:  # of two the other table says it
        said = f"{name}: what varies among the {words.count(len(family.runs), 'run')}."
        yield TableView(f"varied {slug}", next(number), said, made)
    made = varied_tables.differences_table(sides)
    if sides and not all(_is_said(row.cells[0].text, sides, row.cells[1:]) for row in made.rows):
        groups = "groups" if family.grouping.groups else "runs"
        which = f"the two {groups}" if len(sides) == 2 else f"{sides[0][0]}, the reference, and the others"
        said = f"{name}: where the configurations of {which} differ."
        yield TableView(f"differs {slug}", next(number), said, made)


def _is_said(path: str, sides: Iterable[tuple[str, object]], cells: Iterable[Cell]) -> bool:
    """Whether what two are called says what they have at a path: ``lr=0.1`` and ``lr=0.2``."""
    return all(_in_label(path, label, cell.text) for (label, _), cell in zip(sides, cells, strict=True))


def _in_label(path: str, label: str, word: str) -> bool:
    return f"{path.rpartition('.')[2]}={word} " in f"{label} "


def compared(family: FamilyReport) -> str:
    """Configurations of which a reader chooses two."""
    found = varied_tables.choice(family)
    groups = [[visible(words.shortened(group.label, 80)), *group.runs] for group in family.grouping.groups]
    if len(family.runs) + len(groups) < 3:
        return ""  # the two stand in a table
    made = {
        "paths": [visible(path) for path in found.paths],
        "words": [[visible(word) for word in some] for some in found.words],
        "places": found.places,
        "runs": [visible(words.shortened(run.label, 80)) for run in family.runs],
        "groups": groups if len(groups) > 1 else [],
    }
    text = json.dumps(made, separators=(",", ":"))
    return text if len(text) <= _MOST_COMPARED else ""


def same(family: FamilyReport) -> Iterator[Fact]:
    """What all configurations of a family have in common, by path; none of a run alone."""
    configs = [run.config for run in family.runs if run.config]
    if len(configs) < 2:
        return
    found = varied_tables.common(configs)
    for path, value in found.items():
        yield Fact(path, as_json(value))
    for key, text in shared_config([run for run in family.runs if run.config]).items():
        if key not in found and not any(path.startswith(f"{key}.") for path in found):
            yield Fact(key, text)  # null, or empty


def shared_config(runs: Sequence[RunReport]) -> dict[str, str]:
    """Key and text of what every run's ``Config`` holds alike."""
    first = {str(key): as_json(value) for key, value in runs[0].config.items()}
    for run in runs[1:]:
        other = {str(key): as_json(value) for key, value in run.config.items()}
        first = {key: text for key, text in first.items() if other.get(key) == text}
    return first
