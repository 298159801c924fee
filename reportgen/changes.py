"""What changed between two reports: for the night's first line, and for ``reportgen diff``.

A run is the same run in both when name and source (repository, file, branch or tag) are the same, in
whichever family; else when family and name are. So a family that was renamed, a list that was moved and
a night on which the Hub was away are no news.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from reportgen.baseline import Document, Finding, Run, read_baseline
from reportgen.document import report_document, strict
from reportgen.metrics import NO_NEWS
from reportgen.news import as_text, by_run, sections
from reportgen.patterns import Pattern, is_pattern
from reportgen.selection import names

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from reportgen.report import Report, RunReport

__all__ = ["against", "as_text", "compare", "count", "read_baseline", "sections"]

_RELATIVE = 1e-9
_MOST_KEYS = 200
"""Of a configuration that changed; a file may be anybody's."""
# What a better value of means that the run is better; of all others fewer is, or nobody can say.
_FOLLOWS_THE_SERIES = frozenset(
    {"avg_final_loss", "best", "end", "final_loss", "last", "min_loss", "recorded_avg_final_loss"}
    | {"recorded_final_loss"}
)
_FEWER_IS_BETTER = frozenset({"nonfinite", "spikes", "steps_to"})
# Keys of a configuration that differ from run to run and mean nothing.
_PASSING = re.compile(
    r"_.*|.*(_id|_uuid|_hash|_commit|_time|_date|_port|_runtime|_per_second)"
    r"|pid|duration|elapsed|memory|host|user|run_name|output_dir|logging_dir"
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A run of a document.

    Attributes:
        run: Its values; those last known where it could not be read, None where there never were any.
        raw: The same, as the document holds it.
        problem: Kind and message where it could not be read.
    """

    family: str
    name: str
    run: Run | None
    raw: Mapping[str, Any] | None
    problem: tuple[str, str] | None = None

    @property
    def key(self) -> tuple[str | None, ...] | None:
        """Name and source, None where no source is known."""
        if self.run is None:
            return None
        source = self.run.source
        return (self.name, source.kind, source.repo, source.file, source.requested_revision)


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """What is news in ``new`` to someone who knows ``old``; ``docs/report-json.md`` gives its shape.

    Args:
        old: A document of ``report_document`` or ``read_baseline``.
        new: Another.
    """
    known, now = Document.model_validate(old), Document.model_validate(new)
    before, after = _entries(known, old), _entries(now, new)
    pairs = _paired(before, after)
    after = list(map(_completed, after, pairs))
    ranked_before, ranked = _ranked_by(known), _ranked_by(now)
    made: dict[str, Any] = {
        "baseline": {"title": known.title, "created": known.created, "reportgen": known.reportgen},
        "new": [],
        "gone": [
            {
                "family": entry.family,
                "run": entry.name,
                "last_known": _last_known(entry, ranked_before.get(entry.family)),
            }
            for entry in _gone(before, after, pairs)
            if _asked_for(entry, now) and not _hidden(entry, now)
        ],
        "unreadable": [],
        "sources": [],
        "configuration": [],
        "metrics": [],
        "grown": [],
        "diverged": [],
        "expectations": [],
        "findings": list(_findings(known, now)),
    }
    twins = _twins(after, pairs)
    seen: set[Hashable] = set()
    for entry, past in zip(after, pairs, strict=True):
        if past is None and entry.problem is None and not _asked_for(entry, known):
            continue
        for section, news in _news(entry, past, ranked.get(entry.family), twins):
            # A run in two families is news once.
            mark = (
                section,
                _whose(section, entry),
                news.get("metric"),
                news.get("expected"),
            )
            if mark not in seen:
                seen.add(mark)
                made[section].append({"family": entry.family, "run": entry.name, **news})
    return made


def against(report: Report, baseline: Mapping[str, Any]) -> Report:
    """``report`` with its changes since ``baseline``.

    What the Hub could not be asked about is filled in from ``baseline``, so that it is there the night
    after: what was last known of runs that cannot be read, and the commit of those from the cache.
    """
    document = report_document(report)
    before = _entries(Document.model_validate(baseline), baseline)
    after = _entries(Document.model_validate(document), document)
    entries = map(_completed, after, _paired(before, after))
    families = tuple(
        replace(family, runs=tuple(_at_commit_of(run, next(entries)) for run in family.runs))
        for family in report.families
    )
    problems = tuple(replace(problem, last_known=next(entries).raw) for problem in report.problems)
    return replace(report, families=families, problems=problems, changes=compare(baseline, document))


def _at_commit_of(run: RunReport, entry: _Entry) -> RunReport:
    assert entry.run is not None
    return replace(run, source=replace(run.source, revision=entry.run.source.revision))


def count(changes: Mapping[str, Any]) -> int:
    """How many runs are news; one that could not be read last time either is none."""
    return sum(is_news for is_news, _ in by_run(changes))


def _asked_for(entry: _Entry, document: Document) -> bool:
    """Whether a build that finds the entry in its lists takes it in, which ``--family`` and ``--run`` limit.

    Where it does not, its report says nothing of the run: neither that it is gone nor that it was not there.
    """
    slugs = {family.name: family.slug for family in document.families}
    families, runs = set(document.selected.families), document.selected.runs
    in_family = not families or not families.isdisjoint({entry.family, slugs.get(entry.family)})
    return in_family and (not runs or names(runs, entry.name))


def _hidden(entry: _Entry, document: Document) -> bool:
    """Whether a pattern that could not be looked for to its end would have found the run."""
    return any(
        problem.kind != "missing" and problem.family == entry.family and names([problem.run], entry.name)
        for problem in document.problems
        if is_pattern(problem.run)
    )


def _entries(model: Document, document: Mapping[str, Any]) -> list[_Entry]:
    """Runs that were read, then those that could not be, each in the document's order."""
    used = [
        _Entry(family.name, run.name, run, raw_run)
        for family, raw in zip(model.families, document["families"], strict=True)
        for run, raw_run in zip(family.runs, raw["runs"], strict=True)
    ]
    unreadable = [
        _Entry(
            problem.family,
            problem.run,
            problem.last_known,
            raw.get("last_known"),
            (problem.kind, problem.message),
        )
        for problem, raw in zip(model.problems, document["problems"], strict=True)
    ]
    return used + unreadable


def _paired(before: Sequence[_Entry], after: Sequence[_Entry]) -> list[_Entry | None]:
    """For each entry of ``after``, the same run in ``before``.

    The surest sign goes first: what it pairs is not there for the next. A run that was put into a second
    family is paired with what the first has too.
    """
    pairs: list[_Entry | None] = [None] * len(after)
    free = dict.fromkeys(range(len(before)))
    every = range(len(after))
    signs: tuple[tuple[Callable[[_Entry], Hashable], Sequence[int]], ...] = (
        (lambda entry: entry.key and (entry.family, entry.key), every),
        (lambda entry: entry.key, every),
        (lambda entry: (entry.family, entry.name), every),
        # Without a source there is the name alone to go by.
        (lambda entry: entry.name, [j for j in every if after[j].key is None]),
    )
    for sign, candidates in signs:
        waiting = defaultdict(list)
        for i in reversed(free):
            waiting[sign(before[i])].append(i)
        for j in candidates:
            if pairs[j] is None and (mark := sign(after[j])) is not None and waiting[mark]:
                i = waiting[mark].pop()
                pairs[j] = before[i]
                del free[i]
    by_key = {entry.key: entry for entry in before if entry.key is not None}
    by_name = {entry.name: entry for entry in before}
    for j, entry in enumerate(after):
        if pairs[j] is None:
            pairs[j] = by_key.get(entry.key) if entry.key is not None else by_name.get(entry.name)
    return pairs


def _completed(entry: _Entry, past: _Entry | None) -> _Entry:
    """``entry`` with what only an older report, where it is ``past``, knows of it.

    These are the values of a run that could not be read, and the commit of one that was read from the
    cache, unasked: the cache may know the same file at an older commit than the report does.
    """
    if past is None or past.run is None:
        return entry
    if entry.run is None:
        return replace(entry, run=past.run, raw=past.raw)
    same = entry.key == past.key and entry.run.source.sha256 == past.run.source.sha256
    if same and "not_checked" in entry.run.marks:
        return replace(entry, run=entry.run.model_copy(update={"source": past.run.source}))
    return entry


def _gone(before: Iterable[_Entry], after: Sequence[_Entry], pairs: Sequence[_Entry | None]) -> list[_Entry]:
    """Entries of ``before`` that no list names any more, each run once."""
    paired = {id(entry) for entry in pairs}
    keys, names = {entry.key for entry in after}, {entry.name for entry in after}
    gone: dict[Hashable, _Entry] = {}
    unsure = [
        (entry.family, Pattern(entry.name))
        for entry in after
        if entry.problem is not None and entry.problem[0] != "missing" and is_pattern(entry.name)
    ]
    for entry in before:
        # A listing that is not whole says nothing of the runs that it would have found.
        if any(family == entry.family and pattern.fits(entry.name) for family, pattern in unsure):
            continue
        listed = id(entry) in paired or (entry.name in names if entry.key is None else entry.key in keys)
        if not listed:
            gone.setdefault(entry.key or (entry.family, entry.name), entry)
    return list(gone.values())


def _twins(after: Sequence[_Entry], pairs: Sequence[_Entry | None]) -> dict[str, _Entry]:
    """Digest of a file to a run that has it: one that was known before goes first."""
    twins: dict[str, _Entry] = {}
    for known in (True, False):
        for entry, past in zip(after, pairs, strict=True):
            if entry.run is not None and (past is not None) is known:
                twins.setdefault(_digest(entry.run), entry)
    return twins


def _findings(known: Document, now: Document) -> Iterable[dict[str, Any]]:
    """Sentences that can be said now and could not be, and the other way round.

    A family of which either report could not use some run says nothing here: what it lost, or found again,
    is that run. So does a pair of reports that were not limited to the same families and runs.
    """
    if known.findings is None or now.findings is None or known.selected != now.selected:
        return
    names = {family.slug: family.name for family in now.families}
    names = {slug: name for slug, name in names.items() if slug in {one.slug for one in known.families}}
    partly = {problem.family for document in (known, now) for problem in document.problems}

    def marks(findings: Sequence[Finding]) -> dict[Hashable, Finding]:
        # Who is next to the lowest, and by how much, is no news.
        return {
            (one.kind, one.family, tuple(one.subjects[: 1 if one.kind == "lowest" else None])): one
            for one in findings
            if names.get(one.family, one.family) not in partly and one.family in names
        }

    before, after = marks(known.findings), marks(now.findings)
    for said, these, others in (("now", after, before), ("before", before, after)):
        for mark, one in these.items():
            if mark not in others:
                yield {"family": names[one.family], "said": said, "text": one.text}


def _ranked_by(document: Document) -> dict[str, str | None]:
    """Name of a family to what it ranks its runs by; None in an early report."""
    return {family.name: family.ranked_by for family in document.families}


def _news(
    entry: _Entry, past: _Entry | None, ranked_by: str | None, twins: Mapping[str, _Entry]
) -> Iterable[tuple[str, dict[str, Any]]]:
    """The sections in which a run of the new report is news."""
    if entry.problem is not None:
        kind, message = entry.problem
        yield (
            "unreadable",
            {
                "kind": kind,
                "message": message,
                "began": past is None or past.problem is None,
                "last_known": _last_known(entry, ranked_by),
            },
        )
        return
    assert entry.run is not None
    run, known = entry.run, None if past is None else past.run
    if known is None:
        metric, twin = run.named(ranked_by or "avg_final_loss"), twins[_digest(run)]
        yield (
            "new",
            {
                "avg_final_loss": run.metrics.avg_final_loss,
                "nonfinite": run.metrics.nonfinite,
                "metric": metric,
                "value": run.numbers().get(metric),
                "same_file_as": None
                if twin.name == entry.name
                else {"family": twin.family, "run": twin.name},
            },
        )
    else:
        yield from _moved(known, run, ranked_by)
    failed_before = (
        set() if known is None else {one.metric for one in known.checks if one.outcome == "failed"}
    )
    for check in run.checks:
        if check.outcome == "failed" and check.metric not in failed_before:
            yield (
                "expectations",
                {
                    "metric": check.metric,
                    "expected": check.expected,
                    "actual": check.actual,
                    "before": None if known is None else known.numbers().get(check.metric),
                },
            )


def _moved(known: Run, run: Run, ranked_by: str | None) -> Iterable[tuple[str, dict[str, Any]]]:
    """The sections in which a run that was known before is news."""
    if run.metrics.nonfinite and not known.metrics.nonfinite:
        yield (
            "diverged",
            {"nonfinite": run.metrics.nonfinite, "first_nonfinite_step": run.metrics.first_nonfinite_step},
        )
    changed = known.source.sha256 != run.source.sha256
    if run.series_sha256 and run.series_sha256 == known.series_sha256:
        return  # Another run of its store changed.
    if changed and (keys := _changed_keys(known.config, run.config)):
        yield "configuration", {"changed": keys}
    old, new = known.numbers(), run.numbers()
    if "unfinished" in known.marks and _last_step(new) > _last_step(old):
        # It trains on, as it was known to: all its numbers move, and that is one piece of news.
        yield (
            "grown",
            {"from": _last_step(old), "to": _last_step(new), "finished": "unfinished" not in run.marks},
        )
        return
    if (known.source.revision, known.source.sha256) != (run.source.revision, run.source.sha256):
        yield "sources", {"from": known.source.model_dump(), "to": run.source.model_dump()}
    metric = None if ranked_by is None else run.named(ranked_by)
    if changed and (moved := _moved_metrics(old, new, run, metric)):
        yield "metrics", {"metric": metric, "moved": moved}


def _digest(run: Run) -> str:
    """Of a run's file; in a store of many, of what it holds of the run."""
    return run.series_sha256 or run.source.sha256


def _whose(section: str, entry: _Entry) -> Hashable:
    """Of what a piece of news tells: mostly a run; that its file changed is one of all runs of a store."""
    if section == "sources" and entry.run is not None and entry.run.series_sha256:
        source = entry.run.source
        return (source.kind, source.repo, source.file, source.requested_revision)
    return entry.key or (entry.family, entry.name)


def _last_step(numbers: Mapping[str, float | int | None]) -> int:
    return int(numbers.get("trained_steps") or numbers.get("steps") or 0)


def _changed_keys(old: Any, new: Any) -> list[dict[str, Any]]:
    """Keys of two configurations whose values differ, as paths; none where one has no configuration."""
    before, after = dict(_leaves(old)), dict(_leaves(new))
    if not before or not after:
        return []
    # At the top the run's own name; further down, as in optimizer.name, a choice.
    own = ("name", "model_name")
    every = {**before, **after}
    keys = [key for key in every if key not in own and not _PASSING.fullmatch(key.rpartition(".")[2])]
    missing = object()
    differ = [key for key in keys if not _same(before.get(key, missing), after.get(key, missing))]
    return [{"key": key, "from": before.get(key), "to": after.get(key)} for key in differ[:_MOST_KEYS]]


def _leaves(config: Any, place: str = "") -> Iterable[tuple[str, Any]]:
    if not isinstance(config, dict):
        if place:
            yield place, config
        return
    for key, value in config.items():
        yield from _leaves(value, f"{place}.{key}" if place else key)


def _same(old: Any, new: Any) -> bool:
    """Equal as configurations are: 16 and 16.0 are, and so is true to itself alone."""
    return bool(old == new) and isinstance(old, bool) == isinstance(new, bool)


def _moved_metrics(
    before: Mapping[str, float | int | None],
    after: Mapping[str, float | int | None],
    run: Run,
    ranked_by: str | None,
) -> list[dict[str, Any]]:
    """The metrics that differ by more than 1e-9 relative, or that one of the two does not have.

    What runs are ranked by is first among them, though another metric of the loss may say much the same.
    """
    moved = []
    for metric, to in after.items():
        if (metric in NO_NEWS and metric != ranked_by) or metric not in before:
            continue  # What an older reportgen did not measure is no news.
        came_from = before[metric]
        if came_from is None or to is None:
            if came_from is to:
                continue
            relative = None
        elif abs(to - came_from) <= _RELATIVE * max(abs(to), abs(came_from)):
            continue
        else:
            relative = strict((to - came_from) / abs(came_from)) if came_from else None
        better = _is_better(metric, came_from, to, run.better(metric))
        moved.append({"metric": metric, "from": came_from, "to": to, "relative": relative, "better": better})
    return sorted(moved, key=lambda one: one["metric"] != ranked_by)


def _is_better(
    metric: str, old: float | int | None, new: float | int | None, series: str | None
) -> bool | None:
    """Whether a metric moved for the better; None where nobody can say."""
    parts = metric.split(".")
    follows = parts[-1] in _FOLLOWS_THE_SERIES
    way = series if follows else "lower" if _FEWER_IS_BETTER & set(parts) else None
    if way not in ("lower", "higher"):
        return None
    if old is None or new is None:
        return old is None
    return (new < old) is (way == "lower")


def _last_known(entry: _Entry, ranked_by: str | None) -> dict[str, Any] | None:
    if entry.run is None:
        return None
    metrics, source = entry.run.metrics, entry.run.source
    metric = entry.run.named(ranked_by or "avg_final_loss")
    return {
        "steps": metrics.steps,
        "final_loss": metrics.final_loss,
        "avg_final_loss": metrics.avg_final_loss,
        "metric": metric,
        "value": entry.run.numbers().get(metric),
        "revision": source.revision,
        "sha256": source.sha256,
    }
