"""What Python is given: the job as a function, and a report that a notebook shows."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen import job
from reportgen.errors import ReportgenError, ReportgenWarning
from reportgen.log import Counted, Kind, Log, Progress, Uncounted, Writer
from reportgen.model_list.mistakes import did_you_mean, shown
from reportgen.notation import count
from reportgen.options import build_options, output
from reportgen.report import FamilyReport, Report
from reportgen.text import one_line, printable

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = ["BuiltReport", "build"]

_LONGEST_NAME = 80
_MOST_FAMILIES = 20  # in a cell of a notebook


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class BuiltReport(Report):
    """A report that was built: its data, as tables and figures to work with.

    Attributes:
        out: The folder that it was written to.
        missing_formats: Format that was asked for and could not be made, to the reason.
    """

    out: Path
    missing_formats: Mapping[str, str]

    def table(self, family: str | None = None) -> pd.DataFrame:
        """Runs as a DataFrame: a row for each, a column for each key of ``tables/runs.csv``.

        Numbers are in full; dtypes are the nullable ones of pandas, so a metric that does not exist is NA.

        Args:
            family: Name or slug; None for the runs of all families.

        Raises:
            ReportgenError: There is no such family.
        """
        from reportgen import tables

        if family is None:
            return tables.dataframe(tables.runs_table(self, ("family", *tables.all_columns(self.runs))))
        found = self._family(family)
        return tables.dataframe(tables.family_table(found, tables.all_columns(found.runs)))

    def figure(self, family: str, kind: str = "log") -> go.Figure:
        """A figure of a family, to show, restyle and export: ``report.figure("Addition").show()``.

        Args:
            family: Name or slug.
            kind: As ``figures`` of a list names it: ``all``, ``end``, ``log``.

        Raises:
            ReportgenError: There is no such family or kind, or the family's runs give nothing to draw.
        """
        import plotly.graph_objects as go

        from reportgen.figure_kinds import figure_kinds
        from reportgen.figures.draw import draw

        found = self._family(family)
        kinds = figure_kinds()
        kind = str(kind)
        if kind not in kinds:
            raise ReportgenError(f"no figure {shown(kind)}{did_you_mean(kind, kinds)}", exit_code=2)
        options = next(one.figures for one in self.lists if found.spec in one.families)
        plot = kinds[kind].plot(found) if found.runs else None
        if plot is None:
            raise ReportgenError(f"{shown(found.name)}: has nothing to draw as {shown(kind)}")
        drawn = draw(plot, options.width_mm, font_pt=options.font_pt)
        return go.Figure(drawn)

    def _family(self, wanted: str) -> FamilyReport:
        for family in self.families:
            if wanted in (family.name, family.slug):
                return family
        known = [family.name for family in self.families]
        name = str(wanted)  # A notebook passes anything.
        raise ReportgenError(f"no family {shown(name)}{did_you_mean(name, known)}", exit_code=2)

    def __repr__(self) -> str:
        counts = f"{count(len(self.runs), 'run')}, {count(len(self.problems), 'problem')}"
        return f"<report {shown(self.title)}: {counts}, in {self.out}>"

    def _repr_html_(self) -> str:
        from reportgen.outputs.words import status

        rows = "".join(
            f"<tr><td>{_html(one.name)}</td><td>{len(one.runs):,}</td></tr>"
            for one in self.families[:_MOST_FAMILIES]
        )
        if (rest := len(self.families) - _MOST_FAMILIES) > 0:
            rows += f"<tr><td>and {rest:,} more</td><td></td></tr>"
        return (
            f"<div><strong>{_html(self.title) or 'Report'}</strong><p>{_html(status(self), 500)}</p>"
            f"<table><tr><th>Family</th><th>Runs</th></tr>{rows}</table>"
            f"<p>Written to <code>{escape(printable(str(self.out)))}</code></p></div>"
        )


def build(
    lists: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str] = "report",
    *,
    progress: bool = False,
    **options: Any,
) -> BuiltReport:
    """Builds a report, as ``reportgen build`` does, and returns it.

    What the command warns of is a ``reportgen.ReportgenWarning``.

    Args:
        lists: TOML files, folders, names of lists that ship, or a ``report.json``; one, or several.
        out: The output folder.
        progress: Whether bars on standard error show how far the build is.
        **options: Fields of ``reportgen.BuildOptions``.

    Raises:
        ReportgenError: Nothing was written; the text says what to change.
    """
    given = build_options(options)
    try:
        folder = output(os.fspath(out))
    except ValueError as error:
        raise ReportgenError(f"out: {error}", exit_code=2) from None
    several = [lists] if isinstance(lists, str | os.PathLike) else lists
    writer = _PythonWriter(progress)
    try:
        outcome = job.run(
            [os.fspath(one) for one in several], folder, given, Log(writer), skip_if_current=False
        )
    finally:
        for message in writer.warnings:
            warnings.warn(message, ReportgenWarning, stacklevel=2)
    assert outcome.report is not None
    parts = {one.name: getattr(outcome.report, one.name) for one in fields(Report)}
    return BuiltReport(**parts, out=folder, missing_formats=outcome.missing_formats)


class _PythonWriter(Writer):
    """Keeps what is warned of until the caller can be named; bars are those of a terminal.

    Attributes:
        warnings: In order.
    """

    def __init__(self, progress: bool) -> None:
        self.warnings: list[str] = []
        self._progress = progress

    def write(self, kind: Kind, message: str) -> None:
        if kind in ("warning", "failure"):
            self.warnings.append(message)

    @contextmanager
    def working(self, title: str, total: int | None) -> Iterator[Progress]:
        if not self._progress:
            yield Uncounted()
            return
        # Not tqdm.auto: it warns where a notebook has no widgets.
        from tqdm import tqdm

        form = "{desc} {elapsed}" if total is None else None  # There is nothing to count.
        with tqdm(total=total, desc=title, unit="run", leave=False, bar_format=form) as bar:
            yield Counted(bar)


def _html(text: str, limit: int = _LONGEST_NAME) -> str:
    return escape(one_line(text, limit))
