"""What the templates receive, as data: figures, tables, sentences, sections of runs and families."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, overload

from markupsafe import Markup

from reportgen.figures.captions import Caption
from reportgen.figures.plot import Effects, Line, Marks, Plot
from reportgen.kinds import Problem
from reportgen.model_list import FamilySpec
from reportgen.outputs.analysis_map import AnalysisMap
from reportgen.report import FamilyReport, RunReport
from reportgen.tables import Table

__all__ = [
    "NO_TABLE",
    "Fact",
    "FamilyView",
    "FigureView",
    "FindingView",
    "Medium",
    "RunView",
    "RunViews",
    "TableView",
]

Medium = Literal["screen", "paper"]


def _beginning(caption: str, name: str = "") -> str:
    """A caption up to its first comma or full stop after ``name``, with which it may begin."""
    start = len(name) if caption.startswith(name) else 0
    end = re.search(r"[.,](\s|$)", caption[start:])
    return caption[: start + end.start()] if end and start + end.start() else caption


@dataclass(frozen=True, slots=True)
class Fact:
    """A term and its value, in words."""

    term: str
    value: str


@dataclass(frozen=True, slots=True)
class FigureView:
    """A figure, before anyone draws it.

    Attributes:
        name: As in ``figures/``: ``addition-log``, ``all-avg-final-loss``, ``runs/<run>-log``; unique in the
            report.
        number: From 1, in reading order; 0 for a figure of one run on the screen.
        kind: A key of ``FIGURES``, ``attribute``, ``run-log``, ``run-linear`` or ``runs``.
        says: The caption: says what the reader sees, whatever scale is chosen.
        finding: Its text alternative.
        plot: What it shows; None for small multiples, which only paper has.
        family: Slug, None for the whole report.
        family_name: The family's name.
        run: Slug, None for a comparison.
    """

    name: str
    number: int
    kind: str
    says: Caption
    finding: str
    plot: Plot | Marks | Effects | None = None
    family: str | None = None
    family_name: str = ""
    run: str | None = None

    @property
    def caption(self) -> str:
        """The caption of the figure as it opens."""
        return self.says.text

    @property
    def title(self) -> str:
        """What a bookmark calls it: the caption's beginning."""
        return _beginning(self.caption, self.family_name)

    @property
    def anchor(self) -> str:
        return f"figure-{self.name.replace('/', '--')}"  # no family's slug begins with "runs--"


@dataclass(frozen=True, slots=True)
class TableView:
    """A table and its caption.

    Attributes:
        name: ``runs``, ``family <slug>``, ``groups <slug>`` or ``thresholds <slug>``.
        number: From 1, in reading order.
        caption: Says what the reader sees.
        table: Its columns and rows.
        hidden: Keys of columns that a page shows only when the reader asks.
    """

    name: str
    number: int
    caption: str
    table: Table
    hidden: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        """What a bookmark calls it: the caption's beginning."""
        return _beginning(self.caption)

    @property
    def anchor(self) -> str:
        return f"table-{self.name.replace(' ', '-')}"


NO_TABLE = TableView("runs", 0, "", Table((), ()))


@dataclass(frozen=True, slots=True)
class FindingView:
    """A sentence of what can be said, and where it is seen.

    Attributes:
        text: The sentence.
        family: Slug of its family.
        anchor: Of the figure or table that shows it, or of its family.
        place: What that is called: ``Figure 4``; empty for the family.
    """

    text: str
    family: str
    anchor: str
    place: str


@dataclass(frozen=True, slots=True)
class RunView:
    """A run's own section.

    Attributes:
        value: What its family ranks it by, as text.
        finding: What its figures show: their text alternative.
        facts: What Part 2 of the notebook prints.
        config: ``Config`` as recorded, each value as JSON; less what its family's ``shared`` says.
        marks: What a reader should know, sentences.
        events: What happened in its curve, sentences.
        map: Useful nodes of its model, None where nobody has analysed it.
        figures: Raw losses of the first steps and of all steps, on the screen.
        others: Of its other series, on the screen, unless the report has very many runs.
        series: What its other series come to, a table; none where it has no others.
        unlisted: Names of series beyond those of the table.
        line: Its smoothed curve.
    """

    run: RunReport
    family: FamilySpec
    line: Line
    value: str
    finding: str
    facts: tuple[Fact, ...]
    config: tuple[Fact, ...]
    marks: tuple[str, ...]
    events: tuple[str, ...]
    map: AnalysisMap | None
    figures: tuple[FigureView, ...]
    others: tuple[FigureView, ...] = ()
    series: Table | None = None
    unlisted: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        return f"run-{self.run.slug}"


class RunViews(Sequence[RunView]):
    """The views of a family's runs, each made when it is asked for and kept by nobody: 10,000 fill a memory.

    Args:
        places: Of the runs in their family.
        make: Place -> view.
    """

    def __init__(self, places: Sequence[int], make: Callable[[int], RunView]) -> None:
        self._places = places
        self._make = make

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> RunView: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[RunView, ...]: ...
    def __getitem__(self, at: int | slice) -> RunView | tuple[RunView, ...]:
        if isinstance(at, slice):
            return tuple(map(self._make, self._places[at]))
        return self._make(self._places[at])


@dataclass(frozen=True, slots=True)
class FamilyView:
    """A family's section.

    Attributes:
        heading: Its name; "Figures and tables" where that is the title of the report.
        description: HTML of its Markdown, cut on paper where it is long.
        finding: Lowest and highest run, in words.
        figures: Those the list asks for; none where the family has no usable run.
        missing: Why some of them are not there, sentences.
        compared: JSON of what a reader may compare two of; empty where there is nothing, or too much.
        same: What the configurations of all its runs have in common.
        tables: What varies in it and what differs between two, its runs, groups of seeds, steps to
            thresholds; empty tables are left out.
        shared: Keys of ``same`` that the sections of many runs leave out; none for few runs.
        runs: In order; on paper those that are printed one by one.
        problems: Its runs that could not be used.
    """

    family: FamilyReport
    heading: str
    description: Markup
    finding: str
    figures: tuple[FigureView, ...]
    missing: tuple[str, ...]
    compared: str
    same: tuple[Fact, ...]
    tables: tuple[TableView, ...]
    shared: frozenset[str]
    runs: Sequence[RunView]
    problems: tuple[Problem, ...]

    @property
    def anchor(self) -> str:
        return f"family-{self.family.slug}"
