"""What a figure shows, as data: page and paper are both drawn from this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from reportgen.curves.summary import Event
from reportgen.figures.style import LineStyle
from reportgen.figures.traces import Drawn

__all__ = [
    "Axis",
    "Clock",
    "Effects",
    "Line",
    "Mark",
    "Marks",
    "Panel",
    "Plot",
    "Range",
    "Spot",
    "XScale",
    "YScale",
]

Range = tuple[float, float]
Clock = tuple[tuple[float, ...], tuple[float, ...]]
"""Steps, rising, and where they lie on another axis; straight between them."""
YScale = Literal["log", "linear"]
XScale = Literal["step", "log", "share"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plot, with its band.

    Attributes:
        id: The run's slug, or a name of its own where it stands for several runs.
        label: Its name in full.
        short: Its name where there is little room; differs from those of the other lines.
        note: What else a reader is told of it who points at it: the run's name.
        curve: All its points.
        fine: The first of them in finer points; None where ``curve`` is as fine.
        style: How it is drawn.
        counts: Whether axes follow it; lines of runs that diverged are clipped.
        behind: It is a run of a group, and stands behind the groups' lines.
        spikes: Step and height of each spike.
        evaluation: Values of its evaluation, drawn as points; None where it has none.
        runs: Slugs of the runs that it stands for; empty where it is the run of its ``id``.
        clocks: Other axes: ``epoch``, ``tokens``, ``time`` -> where its steps lie there.
        events: What happened in it, marked where a reader looks at it.
        words: What its values are called where they are not what the plot's ``words`` say.
    """

    id: str
    label: str
    short: str
    curve: Drawn
    style: LineStyle
    note: str = ""
    fine: Drawn | None = None
    counts: bool = True
    behind: bool = False
    spikes: tuple[tuple[float, float], ...] = ()
    evaluation: Drawn | None = None
    runs: tuple[str, ...] = ()
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    words: tuple[str, str, str] | None = None

    @property
    def last(self) -> float:
        """Its last step, 1 where it has only the step 0: what shares are shares of."""
        return float(self.curve.step[-1]) or 1.0


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis.

    Attributes:
        title: In the field's words, with a unit where the list says one.
        scale: The scale it opens with.
        ranges: Each scale that it can have -> first and last value.
        ticks: Names of the places 0, 1, ... where it has no numbers.
        exact: The list names the range: nothing is added at its ends.
        whole: Its numbers are whole: steps, digits.
    """

    title: str
    scale: str
    ranges: Mapping[str, Range]
    ticks: tuple[str, ...] | None = None
    exact: bool = False
    whole: bool = False

    @property
    def range(self) -> Range:
        """Of the scale it opens with."""
        return self.ranges[self.scale]


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines over steps, or over thresholds.

    Attributes:
        lines: In the legend's order.
        x: Axis of steps.
        y: Axis of values.
        bands: All have one; the one that is pointed at, which paper has not; none has.
        words: What the values at a place are called: of the line, of the band's low and high end.
        nothing: What stands there where no line has a value.
        marks: Lines have a mark at each point.
        raw: It is of one run: the band are its raw values, the line is drawn over it.
        titles: Scales of the x axis -> its title there.
        evaluation: What the points of evaluations are called; empty where there are none.
        crowd: What is seen of a family that is too large to show every line, sentences; else empty.
    """

    lines: tuple[Line, ...]
    x: Axis
    y: Axis
    bands: Literal["all", "pointed", "none"]
    words: tuple[str, str, str]
    nothing: str = "Nothing to show"
    marks: bool = False
    raw: bool = False
    titles: Mapping[str, str] = field(default_factory=dict)
    evaluation: str = ""
    crowd: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One run's mark.

    Attributes:
        id: The run's slug.
        group: Place of what gives its colour, a family.
        value: Its value.
        short: Its name where there is little room.
        places: Key of a comparison -> its place on the other axis; not there where it has none.
    """

    id: str
    group: int
    value: float
    short: str
    places: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Marks:
    """One mark a run, against something that can be chosen.

    Attributes:
        marks: In the report's order.
        groups: Name and style of each family.
        by: Comparisons, the first is shown at first: key -> the axis of the places.
        y: Axis of values.
        rows: Key of the comparison with a row for each run, which lies.
        word: What a value is called.
    """

    marks: tuple[Mark, ...]
    groups: tuple[tuple[str, LineStyle], ...]
    by: Mapping[str, Axis]
    y: Axis
    rows: str
    word: str
    nothing: str = "Nothing to show"


@dataclass(frozen=True, slots=True)
class Spot:
    """Runs that share a value of an attribute, or of two: points on a panel, or a cell of a heat map.

    Attributes:
        label: What they share.
        place: On the axis of the attribute; of a heat map the column.
        row: Of a heat map, from 0; else 0.
        runs: Slugs of those that have a value.
        values: Theirs.
        of: How many belong here, those without a value included.
        mean: Of the values; None where there is none.
        interval: Of the mean; None where there is none, or it would say nothing.
        texts: Mean, standard deviation and number of runs, as people read them.
        shade: Of a heat map: 1 for the better end, 0 for the other; None where there is no value.
    """

    label: str
    place: float
    row: int
    runs: tuple[str, ...]
    values: tuple[float, ...]
    of: int
    mean: float | None
    interval: Range | None
    texts: tuple[str, str, str]
    shade: float | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the panels of a figure of effects.

    Attributes:
        kind: ``number`` has its values across and the metric upright; ``category`` a row for each value and
            the metric across; ``map`` a cell for each pair of values.
        name: What its runs share of the other attributes; empty where it is alone.
        title: Of the axis of the attribute; of a heat map that of its columns.
        log: Whether that axis is logarithmic.
        range: Of that axis: first and last place.
        ticks: Places on it and their names; none where round numbers do.
        rows: Of a heat map the names of its rows, from the top.
        rows_title: Of a heat map: what its rows are.
        spots: In order.
        means: Whether means are drawn, the runs behind them; else the runs alone.
        joined: Whether a line joins the means, or the runs.
    """

    kind: Literal["number", "category", "map"]
    name: str
    title: str
    log: bool
    range: Range
    ticks: tuple[tuple[float, str], ...]
    spots: tuple[Spot, ...]
    rows: tuple[str, ...] = ()
    rows_title: str = ""
    means: bool = False
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Effects:
    """A metric against what was varied.

    Attributes:
        panels: In order.
        y: Axis of the metric.
        style: Of marks and lines.
        word: What a value is called.
        higher: Higher values are better.
        nothing: What stands there where there is no value.
    """

    panels: tuple[Panel, ...]
    y: Axis
    style: LineStyle
    word: str
    higher: bool = False
    nothing: str = "Nothing to show"

    @property
    def mapped(self) -> bool:
        """Whether its panels are heat maps, which have no axis of values."""
        return any(panel.kind == "map" for panel in self.panels)
