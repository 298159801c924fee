"""The changes between two reports, in words: the same for a terminal, a page, a PDF and a job summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reportgen import notation
from reportgen.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Item", "Section", "as_text", "told"]

_METRICS_TOLD = 3
_FIRST_TOLD = ("avg_final_loss", "final_loss", "steps", "nonfinite", "spikes")


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of news: of which run, and in words."""

    family: str
    run: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """News of one kind.

    Attributes:
        key: Its key in the changes.
        title: In words.
        items: At least one.
        is_news: False of runs that could not be read last time either: they are named, and change nothing.
    """

    key: str
    title: str
    items: tuple[Item, ...]
    is_news: bool


def told(
    changes: Mapping[str, Any],
    loss: Callable[[float | None], str] = notation.loss,
    title: Callable[[str], str] = str,
    most: int | None = _METRICS_TOLD,
) -> tuple[Section, ...]:
    """The changes in words, what matters most first; what did not change is not mentioned.

    Text of the reports is as they hold it: each output escapes it for its own language.

    Args:
        changes: Of ``reportgen.changes.compare``.
        loss: Writes a loss.
        title: Gives what a metric is called, from its key.
        most: Of one run's metrics that moved, how many are told; None tells all.
    """
    tell = _Teller(loss, title, most)
    sections = (
        ("expectations", "Expectations that began to fail", tell.expectation, True),
        ("diverged", "Runs that began to diverge", tell.diverged, True),
        ("unreadable", "Runs that could not be read", tell.unreadable, True),
        ("new", "New runs", tell.new, True),
        ("gone", "Runs no longer in the lists", tell.gone, True),
        ("metrics", "Metrics that moved", tell.metrics, True),
        ("sources", "Files that changed", tell.source, True),
        ("unreadable", "Runs that still could not be read", tell.unreadable, False),
    )
    return tuple(
        Section(key, title, tuple(Item(one["family"], one["run"], words(one)) for one in told), is_news)
        for key, title, words, is_news in sections
        if (told := [one for one in changes[key] if one.get("began", True) is is_news])
    )


def as_text(changes: Mapping[str, Any]) -> str:
    """The changes for a terminal: plain lines without control characters."""
    since = one_line(changes["baseline"]["created"], 40)
    sections = told(changes, lambda value: "none" if value is None else f"{value:.2e}", most=None)
    changed = any(section.is_news for section in sections)
    lines = [f"Since {since}:" if changed else f"Nothing changed since {since}."]
    for section in sections:
        lines += ["", f"{section.title} ({len(section.items)})"]
        lines += [
            f"  {one_line(item.run, 120)} ({one_line(item.family, 80)}): {one_line(item.text)}"
            for item in section.items
        ]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Teller:
    loss: Callable[[float | None], str]
    title: Callable[[str], str]
    most: int | None

    def expectation(self, one: Mapping[str, Any]) -> str:
        actual = self._value(one["metric"], one["actual"])
        said = f"{self.title(one['metric'])} is {actual}, expected {one['expected']}"
        before = one["before"]
        return said if before is None else f"{said}; it was {self._value(one['metric'], before)}"

    def diverged(self, one: Mapping[str, Any]) -> str:
        losses = "loss is" if one["nonfinite"] == 1 else "losses are"
        first = one["first_nonfinite_step"] or 0
        return f"{one['nonfinite']:,} {losses} NaN or infinite, the first at step {first:,}"

    def unreadable(self, one: Mapping[str, Any]) -> str:
        return f"{one['message']}{self._last_known(one)}"

    def new(self, one: Mapping[str, Any]) -> str:
        return f"AvgFinalLoss {self.loss(one['avg_final_loss'])}" + (", diverged" if one["nonfinite"] else "")

    def gone(self, one: Mapping[str, Any]) -> str:
        return f"not in any list{self._last_known(one)}"

    def metrics(self, one: Mapping[str, Any]) -> str:
        moved = sorted(one["moved"], key=lambda entry: _rank(entry["metric"]))
        said = [self._moved(entry) for entry in moved[: self.most]]
        rest = len(moved) - len(said)
        more = f"and {rest:,} more {'metric' if rest == 1 else 'metrics'}, all in report.json"
        return "; ".join([*said, more] if rest else said)

    def source(self, one: Mapping[str, Any]) -> str:
        old, new = one["from"], one["to"]
        same = "; the file is the same" if old["sha256"] == new["sha256"] else ""
        if old["revision"] != new["revision"]:
            return f"commit {_commit(old['revision'])} is now {_commit(new['revision'])}{same}"
        return f"sha256 {old['sha256'][:12]} is now {new['sha256'][:12]}"

    def _last_known(self, one: Mapping[str, Any]) -> str:
        known = one["last_known"]
        return "" if known is None else f" (last known AvgFinalLoss {self.loss(known['avg_final_loss'])})"

    def _moved(self, entry: Mapping[str, Any]) -> str:
        metric, relative = entry["metric"], entry["relative"]
        before, now = (self._value(metric, entry[key]) for key in ("from", "to"))
        said = f"{self.title(metric)} {before} is now {now}"
        return said if relative is None else f"{said} ({_share(relative)})"

    def _value(self, metric: str, value: float | None) -> str:
        if value is None:
            return "none"
        return self.loss(value) if metric.endswith("_loss") else f"{value:,}"


def _rank(metric: str) -> int:
    return _FIRST_TOLD.index(metric) if metric in _FIRST_TOLD else len(_FIRST_TOLD)


def _commit(revision: str | None) -> str:
    return "none" if revision is None else revision[:12]


def _share(relative: float) -> str:
    """A relative change: +12 %, −0.0031 %, +3×10⁻⁷ %, or ×25 where it grew more than tenfold."""
    if relative >= 9:
        return f"×{notation.rounded(relative + 1)}"
    return f"{'−' if relative < 0 else '+'}{notation.rounded(100 * abs(relative))}\N{NO-BREAK SPACE}%"
