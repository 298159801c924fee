"""What is known of a family when sentences are made, what a sentence is, and words that all of them use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from reportgen.groups import value_key
from reportgen.kinds import Scalar

if TYPE_CHECKING:
    from reportgen.comparisons import Contrast
    from reportgen.curves.summary import Event
    from reportgen.groups import Grouping
    from reportgen.ranking import Ranking

__all__ = ["Facts", "Finding", "Kind", "at_steps", "found", "listed", "p_words", "tested"]

Kind = Literal["diverged", "target", "best", "difference", "worst", "trend", "alike", "events", "lowest"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence and what it rests on.

    Attributes:
        kind: What it speaks of.
        family: Slug of the family whose figures and tables show it.
        subjects: Labels of the groups or runs that it speaks of, or values of an attribute.
        numbers: All numbers of the sentence, by name.
        test: ``name``, ``p``, corrected, ``tests``, over how many, and ``level`` of the interval; None where
            nothing was tested.
        text: The sentence.
        shown_in: The figure or table that shows it, as its files are called: ``figures/sweep-by``,
            ``tables/sweep-groups``; empty where none does.
    """

    kind: Kind
    family: str
    subjects: tuple[str, ...]
    numbers: Mapping[str, Any]
    test: Mapping[str, Any] | None
    text: str
    shown_in: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a family when sentences are made.

    Attributes:
        name: The family's.
        slug: The family's.
        labels: Of its runs, in order.
        attributes: Of its runs: those that vary, seeds aside.
        grouping: Its groups, labelled.
        contrasts: Corrected over the whole report.
        ranking: Of its runs.
        values: Of its runs, what they are ranked by.
        events: Of its runs.
        said: The metric in a sentence's middle: ``ends`` or ``has a best eval_loss``.
        measure: The metric as a noun: ``loss at the end`` or ``best eval_loss``.
        names: How an attribute is called: its last part, where that says enough.
        written: How a value of an attribute is written, as labels do.
        referenced: Whether groups were compared with a reference.
        shown_in: The figure or table that shows each kind of sentence; see :class:`Finding`.
    """

    name: str
    slug: str
    labels: Sequence[str]
    attributes: Sequence[Mapping[str, Scalar]]
    grouping: Grouping
    contrasts: Sequence[Contrast]
    ranking: Ranking
    values: Sequence[float | None]
    events: Sequence[Sequence[Event]] = ()
    said: str = "ends"
    measure: str = "loss at the end"
    names: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, Mapping[tuple[str, str], str]] = field(default_factory=dict)
    referenced: bool = False
    shown_in: Mapping[Kind, str] = field(default_factory=dict)

    def more(self, way: str) -> str:
        """``ends lower``; ``reaches a lower eval_loss``; ``has a lower last acc``."""
        return self._with("a", way)

    def most(self, way: str) -> str:
        """``ends lowest``; ``reaches the lowest eval_loss``; ``has the lowest last acc``."""
        return self._with("the", way)

    def _with(self, article: str, way: str) -> str:
        for verb, shown in (("has a best ", "reaches"), ("has a ", "has")):
            before, has, series = self.said.partition(verb)
            if has:
                return f"{before}{shown} {article} {way} {series}"
        return f"{self.said} {way}"

    def name_of(self, key: str) -> str:
        """What an attribute is called."""
        return self.names.get(key, key)

    def pair(self, key: str, value: Scalar | None) -> str:
        """An attribute and its value, as labels tell them: ``lr 1e-3``."""
        return f"no {self.name_of(key)}" if value is None else f"{self.name_of(key)} {self.value(key, value)}"

    def value(self, key: str, value: Scalar | None) -> str:
        """A value of an attribute: ``1e-3``."""
        if value is None:
            return "none"
        shown = self.written.get(key, {}).get(value_key(value))
        return _plain(value) if shown is None else shown


def found(one: Contrast) -> bool:
    """Whether a test found something."""
    return one.corrected is not None and one.corrected.found


def tested(name: str, one: Contrast, tests: int) -> dict[str, Any]:
    """``test`` of a finding."""
    assert one.corrected is not None
    return {"name": name, "p": one.corrected.p, "tests": tests, "level": one.corrected.level}


def p_words(value: float) -> str:
    """A p as sentences tell it: ``= 0.012``."""
    return "< 0.001" if value < 0.001 else f"= {value:.2g}"


def at_steps(first: int, last: int) -> str:
    """``step 1,200``; ``steps 1,200 to 1,500``."""
    return f"step {first:,}" if first == last else f"steps {first:,} to {last:,}"


def listed(names: Iterable[str]) -> str:
    """``a, b and c``."""
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


def _plain(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
