"""How the runs of a family stand to each other, in sentences. Plain text, for screen and paper alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reportgen import notation, tables
from reportgen.curves.summary import end_window
from reportgen.notation import count
from reportgen.outputs.words import in_sentence, shortened
from reportgen.report import step_unit
from reportgen.tables import Cell, Column, Row, Table

if TYPE_CHECKING:
    from reportgen.report import FamilyReport, Report, RunReport

__all__ = ["ends", "families_table", "first_and_last", "sentence", "sentences", "value_of"]

_MOST_FAMILIES = 5
_MOST_EQUAL = 3
_MOST_REACHED = 3


def first_and_last(family: FamilyReport) -> tuple[RunReport | None, RunReport | None]:
    """The runs that end lowest and highest, or highest and lowest where higher is better.

    None where no run has a rank; no second one where only one has.
    """
    return tuple(None if at is None else family.runs[at] for at in _positions(family))  # type: ignore[return-value]


def ends(report: Report) -> tuple[tuple[str, str, RunReport], ...]:
    """Title, value and run of both ends where the report has one family alone; else none."""
    if len(report.families) != 1:
        return ()
    (family,) = report.families
    return tuple(
        (f"{way} {_said(family)}", value_of(family, at), family.runs[at])
        for way, at in zip(_ways(family), _positions(family), strict=True)
        if at is not None
    )


def sentence(family: FamilyReport) -> str:
    """Lowest and highest run of a family, and what of that is noise: the text alternative of its figures."""

    def named(at: int) -> str:
        return shortened(family.runs[at].label)

    ranking = family.ranking
    if ranking is None or not family.runs:
        return "No run could be used."
    said = []
    if ranking.first is None:
        said.append("No run ends with a finite loss." if ranking.diverged else "No run has a rank.")
    else:
        low, high = _ways(family)
        text = f"{low}: {named(ranking.first)}, {_said(family)} {value_of(family, ranking.first)}"
        if ranking.within_noise is not None:
            word = "within" if ranking.within_noise else "beyond"
            text += f"; the next, {named(ranking.order[1])}, is {word} noise"
        said.append(f"{text}.")
        if ranking.last is not None:
            said.append(f"{high}: {named(ranking.last)}, {value_of(family, ranking.last)}.")
            if ranking.within_noise is None:
                said.append("Noise is not estimated.")
        said.extend(_unlike_windows(family, [family.runs[at] for at in ranking.order]))
    said.extend(_reached(family))
    for together in ranking.equal[:_MOST_EQUAL]:
        names = [named(run) for run in together]
        said.append(f"{', '.join(names[:-1])} and {names[-1]} have the same losses and count once.")
    if ranking.zeros:
        shown = ", ".join(named(run) for run in ranking.zeros[:_MOST_EQUAL])
        more = len(ranking.zeros) - _MOST_EQUAL
        said.append(
            f"Not ranked, as they log 0.0 from the second entry on: {shown}"
            + (f" and {more:,} more." if more > 0 else ".")
        )
    if ranking.diverged:
        said.append(f"{count(len(ranking.diverged), 'run')} diverged.")
    if ranking.unfinished:
        verb = "is" if len(ranking.unfinished) == 1 else "are"
        said.append(f"{count(len(ranking.unfinished), 'run')} {verb} unfinished and not ranked.")
    return " ".join(said)


def sentences(families: Sequence[FamilyReport]) -> str:
    """The same of several families, each named."""
    if len(families) == 1:
        return sentence(families[0])
    shown = [f"{shortened(family.name)}: {sentence(family)}" for family in families[:_MOST_FAMILIES]]
    more = len(families) - len(shown)
    return " ".join(shown) + (f" And {count(more, 'family', 'families')} more." if more > 0 else "")


def families_table(report: Report) -> Table:
    """A row a family: how many runs it has, what ranks them, and which ends lowest and highest."""
    columns = (
        Column("family", "Family", "text"),
        Column("runs", "Runs", "count"),
        Column("metric", "Ranked by", "text"),
        Column("low", "Lowest", "text"),
        Column("low_value", "", "loss"),
        Column("high", "Highest", "text"),
        Column("high_value", "", "loss"),
    )
    return Table(
        columns, tuple(Row(tuple(_family_cells(family)), None, family) for family in report.families)
    )


def _family_cells(family: FamilyReport) -> Iterator[Cell]:
    yield Cell(family.name, family.name)
    yield Cell(len(family.runs), f"{len(family.runs):,}")
    yield Cell(_metric(family), _metric(family))
    first, last = _positions(family)
    higher = family.ranking is not None and family.ranking.better == "higher"
    for at in (last, first) if higher else (first, last):
        label, value = ("", "") if at is None else (family.runs[at].label, value_of(family, at))
        yield Cell(label, label)
        yield Cell(value, value)


def value_of(family: FamilyReport, at: int) -> str:
    """What the run at ``at`` is ranked by, written as both ends of its family are."""
    ranking = family.ranking
    if ranking is None:
        return notation.MISSING
    shown = notation.form_of(ranking.values[run] for run in (*ranking.order[:2], *ranking.order[-1:]))
    return shown(ranking.values[at])


def _positions(family: FamilyReport) -> tuple[int | None, int | None]:
    return (None, None) if family.ranking is None else (family.ranking.first, family.ranking.last)


def _reached(family: FamilyReport) -> Iterator[str]:
    """Which runs reached the family's target, the soonest first; nothing where it has none."""
    target = family.spec.target
    if target is None:
        return
    steps = [(run.summary.metrics.target_step, run.label) for run in family.runs]
    unit = step_unit(family.runs)
    found = sorted((step, label) for step, label in steps if step is not None)
    runs = count(len(steps), "run")
    some = f"{len(found):,} of {runs}" if found else f"None of {runs}"
    if len(found) == len(steps):
        some = {1: "The only run", 2: "Both runs"}.get(len(steps), f"All {runs}")
    text = f"{some} reached the target of {target:g}"
    soonest = [f"{shortened(label)} at {unit} {step:,}" for step, label in found[:_MOST_REACHED]]
    if soonest:
        text += ("; first: " if len(found) > _MOST_REACHED else ": ") + ", ".join(soonest)
    yield f"{text}."


def _unlike_windows(family: FamilyReport, ranked: Sequence[RunReport]) -> Iterator[str]:
    """That means at the end are of unlike parts of training, where the runs are ranked by them."""
    if family.ranking is None or family.ranking.metric.rpartition(".")[2] != "end":
        return
    entries = [run.summary.metrics.steps for run in ranked]
    shares = [end_window(family.spec.smoothing.window, number) / number for number in entries]
    if max(shares) > 2 * min(shares):
        low, high = (f"{100 * share:.2g}" for share in (min(shares), max(shares)))
        yield f"Means at the end cover the last {low} to {high}\xa0% of a run, depending on its length."


def _ways(family: FamilyReport) -> tuple[str, str]:
    higher = family.ranking is not None and family.ranking.better == "higher"
    return ("Highest", "Lowest") if higher else ("Lowest", "Highest")


def _said(family: FamilyReport) -> str:
    """The metric within a sentence: ``last value of evaluation loss``."""
    series, _, metric = _metric(family).rpartition(", ")
    return f"{metric} of {in_sentence(series)}" if series else in_sentence(metric)


def _metric(family: FamilyReport) -> str:
    return "" if family.ranking is None else tables.metric_title(family.ranking.metric)
