"""The changes between two reports, in words: the same for a terminal, a page, a PDF and a job summary."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from reportgen import metrics, notation
from reportgen.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Item", "Section", "as_text", "by_run", "sections"]

_METRICS_SHOWN = 3
_LONGEST_SETTING = 60
_FIRST_SHOWN = ("avg_final_loss", "final_loss", "steps", "nonfinite", "spikes")
"""Of a run's metrics that moved, after what its family ranks by and the best values of its series."""


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of news: of which run, empty where of the whole family, and in words."""

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


# Key and title of each kind of news, what matters most first; the last are no news.
_KINDS = (
    ("expectations", "Expectations that began to fail"),
    ("diverged", "Runs that began to diverge"),
    ("unreadable", "Runs that could not be read"),
    ("new", "New runs"),
    ("gone", "Runs no longer in the lists"),
    ("configuration", "Configurations that changed"),
    ("metrics", "Metrics that moved"),
    ("grown", "Runs that trained further"),
    ("sources", "Files that changed"),
)
_WAYS: Mapping[object, str] = MappingProxyType({True: "better", False: "worse"})
_STILL_UNREADABLE = "Runs that still could not be read"

_Entry = tuple[str, "Mapping[str, Any]"]
"""Kind and entry of a piece of news."""


def by_run(changes: Mapping[str, Any]) -> list[tuple[bool, list[_Entry]]]:
    """The changes of each run together, what matters most first, and whether they are news."""
    runs: dict[tuple[Any, ...], tuple[bool, list[_Entry]]] = {}
    for kind, _ in _KINDS:
        seen: Counter[tuple[Any, ...]] = Counter()
        for one in changes.get(kind, ()):
            # A family may hold two revisions of one run.
            name = (one["family"], one["run"])
            place = (*name, seen[name] if kind != "expectations" else 0)
            seen[name] += 1
            runs.setdefault(place, (one.get("began", True), []))[1].append((kind, one))
    return list(runs.values())


def sections(
    changes: Mapping[str, Any],
    loss: Callable[[float | None], str] = notation.loss,
    title: Callable[[str], str] = str,
    most: int | None = _METRICS_SHOWN,
) -> tuple[Section, ...]:
    """The changes in words, each run once, under what matters most of it.

    Text of the reports is as they hold it: each output escapes it for its own language.

    Args:
        changes: Of ``reportgen.changes.compare``.
        loss: Writes a loss.
        title: Gives what a metric is called, from its key.
        most: Of one run's metrics that moved, or keys that changed, how many are shown; None shows all.
    """
    words = _Words(loss, title, most)
    found: dict[tuple[str, bool], list[Item]] = {}
    for is_news, entries in by_run(changes):
        kind, first = entries[0]
        text = "; ".join(getattr(words, key)(one) for key, one in _said(entries))
        found.setdefault((kind, is_news), []).append(Item(first["family"], first["run"], text))
    kinds = [(kind, title, True) for kind, title in _KINDS] + [("unreadable", _STILL_UNREADABLE, False)]
    of_runs = [
        Section(kind, title, tuple(found[kind, is_news]), is_news)
        for kind, title, is_news in kinds
        if (kind, is_news) in found
    ]
    return tuple(sorted((*of_runs, *_of_findings(changes)), key=lambda section: not section.is_news))


def _of_findings(changes: Mapping[str, Any]) -> Iterator[Section]:
    """What can be said now and could not be, and the other way round."""
    for said, title in (("now", "New findings"), ("before", "Findings that no longer hold")):
        items = [
            Item(one["family"], "", one["text"]) for one in changes.get("findings", ()) if one["said"] == said
        ]
        if items:
            yield Section("findings", title, tuple(items), True)


def _said(entries: list[_Entry]) -> list[_Entry]:
    """Of one run what need be said: that its metrics went with a divergence need not, nor that twice."""
    if not any(kind == "diverged" for kind, _ in entries):
        return entries
    limits = [one["expected"] for kind, one in entries if kind == "expectations" and _is_of_nan(one)]
    return [
        (kind, {**one, "expected": limits[0]} if kind == "diverged" and limits else one)
        for kind, one in entries
        if kind != "metrics" and not (kind == "expectations" and _is_of_nan(one))
    ]


def _is_of_nan(one: Mapping[str, Any]) -> bool:
    return bool(one["metric"] == "nonfinite")


def as_text(changes: Mapping[str, Any]) -> str:
    """The changes for a terminal: plain lines without control characters."""
    since = one_line(changes["baseline"]["created"], 40)
    found = sections(changes, lambda value: "none" if value is None else f"{value:.2e}", most=None)
    changed = any(section.is_news for section in found)
    lines = [f"Since {since}:" if changed else f"Nothing changed since {since}."]
    for section in found:
        lines += ["", f"{section.title} ({len(section.items)})"]
        lines += [f"  {_place(item)}: {one_line(item.text)}" for item in section.items]
    return "\n".join(lines)


def _place(item: Item) -> str:
    family = one_line(item.family, 80)
    return f"{one_line(item.run, 120)} ({family})" if item.run else family


@dataclass(frozen=True, slots=True)
class _Words:
    loss: Callable[[float | None], str]
    title: Callable[[str], str]
    most: int | None

    def expectations(self, one: Mapping[str, Any]) -> str:
        actual = self._value(one["metric"], one["actual"])
        said = f"{self.title(one['metric'])} is {actual}, expected {notation.condition(one['expected'])}"
        before = one["before"]
        return said if before is None else f"{said}; it was {self._value(one['metric'], before)}"

    def diverged(self, one: Mapping[str, Any]) -> str:
        losses = "loss is" if one["nonfinite"] == 1 else "losses are"
        first = one["first_nonfinite_step"] or 0
        expected = f", expected {notation.condition(one['expected'])}" if "expected" in one else ""
        return f"{one['nonfinite']:,} {losses} NaN or infinite{expected}, the first at step {first:,}"

    def unreadable(self, one: Mapping[str, Any]) -> str:
        return f"{one['message']}{self._last_known(one)}"

    def new(self, one: Mapping[str, Any]) -> str:
        metric = one.get("metric", "avg_final_loss")
        value = one.get("value", one["avg_final_loss"])
        said = self._named(metric, value) + (", diverged" if one["nonfinite"] else "")
        twin = one.get("same_file_as")
        return said if twin is None else f"{said}; the same file as {twin['run']} ({twin['family']})"

    def configuration(self, one: Mapping[str, Any]) -> str:
        changed = one["changed"]
        said = [f"{each['key']} {_setting(each['from'])} → {_setting(each['to'])}" for each in changed]
        return self._some(said, "key")

    def grown(self, one: Mapping[str, Any]) -> str:
        end = ", and has finished" if one["finished"] else ""
        return f"trained from step {one['from']:,} to {one['to']:,}{end}"

    def gone(self, one: Mapping[str, Any]) -> str:
        return f"not in any list{self._last_known(one)}"

    def metrics(self, one: Mapping[str, Any]) -> str:
        ranked = one.get("metric") or "avg_final_loss"
        moved = sorted(
            one["moved"], key=lambda entry: not _recovered(entry) and 1 + _rank(entry["metric"], ranked)
        )
        return self._some([self._moved(entry) for entry in moved], "metric")

    def _some(self, said: list[str], what: str) -> str:
        """All, or the first and how many more there are."""
        shown = said[: self.most]
        rest = len(said) - len(shown)
        return "; ".join(
            [*shown, f"and {notation.count(rest, f'more {what}')}, all in report.json"] if rest else shown
        )

    def sources(self, one: Mapping[str, Any]) -> str:
        old, new = one["from"], one["to"]
        same = "; the file is the same" if old["sha256"] == new["sha256"] else ""
        if old["revision"] != new["revision"]:
            return f"commit {_commit(old['revision'])} → {_commit(new['revision'])}{same}"
        return f"sha256 {old['sha256'][:12]} → {new['sha256'][:12]}"

    def _last_known(self, one: Mapping[str, Any]) -> str:
        known = one["last_known"]
        if known is None:
            return ""
        metric = known.get("metric", "avg_final_loss")
        value = known.get("value", known["avg_final_loss"])
        return f" (last known: {self._named(metric, value)})"

    def _moved(self, entry: Mapping[str, Any]) -> str:
        metric, relative = entry["metric"], entry["relative"]
        if _recovered(entry):
            were = "was" if entry["from"] == 1 else "were"
            return f"no loss is NaN or infinite any more ({entry['from']:,} {were})"
        before, now = (self._value(metric, entry[key]) for key in ("from", "to"))
        way = _WAYS.get(entry.get("better"))
        more = ", ".join(filter(None, ("" if relative is None else _share(relative), way)))
        return f"{self.title(metric)} {before} → {now}" + (f" ({more})" if more else "")

    def _named(self, metric: str, value: float | None) -> str:
        """What a run came to, as the field calls it."""
        name = "AvgFinalLoss" if metric == "avg_final_loss" else self.title(metric)
        return f"{name} {self._value(metric, value)}"

    def _value(self, metric: str, value: float | None) -> str:
        if value is None:
            return "none"
        found = metrics.split(metric)
        return self.loss(value) if found is not None and found[1].kind == "loss" else f"{value:,}"


def _recovered(moved: Mapping[str, Any]) -> bool:
    """Whether a run diverged before and does not now."""
    return _is_of_nan(moved) and bool(moved["from"]) and moved["to"] == 0


def _rank(metric: str, ranked: str) -> int:
    """What runs are ranked by goes first, then best values, where AvgFinalLoss ranks nothing."""
    first = (ranked, *_FIRST_SHOWN)
    if metric != ranked and ranked != "avg_final_loss" and metric.endswith(".best"):
        return 1
    return first.index(metric) + (metric != ranked) if metric in first else len(first) + 1


def _setting(value: Any) -> str:
    """A value of a configuration, short."""
    if value is None:
        return "none"
    return one_line(value if isinstance(value, str) else json.dumps(value), _LONGEST_SETTING)


def _commit(revision: str | None) -> str:
    return "none" if revision is None else revision[:12]


def _share(relative: float) -> str:
    """A relative change: +12 %, −0.0031 %, +3×10⁻⁷ %, or ×25 where it grew more than tenfold."""
    if relative >= 9:
        return f"×{notation.rounded(relative + 1)}"
    return f"{'−' if relative < 0 else '+'}{notation.rounded(100 * abs(relative))}\N{NO-BREAK SPACE}%"
