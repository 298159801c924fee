"""A Report -> ``summary.md``: what a person reads in the morning, fit for a GitHub job summary."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from reportgen import news, notation, tables
from reportgen.outputs import standing, words
from reportgen.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    from reportgen.findings import Finding
    from reportgen.report import Check, FamilyReport, Report, RunReport
    from reportgen.tables import Table

__all__ = ["code", "prose", "render", "table"]

_Entry = TypeVar("_Entry")

_MOST = 20  # entries of a list: GitHub takes 1 MiB, a reader less
_LONGEST = 60_000  # characters; a comment on GitHub takes 65,536, and a night adds a link
_LONGEST_NAME = 100
_LONGEST_TEXT = 300
# A word that neither Markdown nor GitHub takes for more than text: letters, a number or a time, with
# marks around it. What has seven hexadecimal digits in a row may be the name of a commit.
_PLAIN = re.compile(
    r"""
    (?!.*[0-9a-f]{7})
    ["'(“]*
    (?: [^\W\d_]+ (?:[-'’][^\W\d_]+)*
      | [-+−±×]?\d+ (?:[.,]\d+)* (?:×10)? [⁻⁰¹²³⁴-⁹]*
      | \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ
      | [–=%<→×±≤≥−] )
    ["')”’.,;:!?%…]*
    """,
    re.IGNORECASE | re.VERBOSE,
)

_MARKED = re.compile(r"""(["(“]*)([^"(“].*?[^"')”’.,;!?…])(["')”’.,;!?…]*)""")


def render(report: Report, missing: Mapping[str, str] = MappingProxyType({})) -> str:
    """The summary as GitHub's Markdown: first whether all is well, then what changed, then the runs.

    Long lists are cut and say so, and so is the whole: it fits a pull request's comment. Text of strangers
    is shown as text.

    Args:
        report: The report.
        missing: Format that was asked for and could not be made -> why.
    """
    head = "\n".join([*_head(report), *(_missing(*one) for one in sorted(missing.items()))])
    sections = [head, *("\n".join(part(report)) for part in (_changes, _findings, _states, _families))]
    kept = [sections[0]]
    for section in filter(None, sections[1:]):
        if sum(map(len, kept)) + len(section) < _LONGEST:
            kept.append(section)
        else:
            kept.append("\nThe rest is in the report.")
            break
    return "\n".join([*kept, ""])


def _head(report: Report) -> Iterator[str]:
    yield f"## {prose(words.status(report) + _changed(report))}"
    yield ""
    facts = [report.created, report.device, f"reportgen {report.version}"]
    yield f"**{prose(report.title) or 'Report'}**, {', '.join(prose(fact) for fact in facts)}"
    if any(listed.synthetic for listed in report.lists):
        yield "\n**The runs are synthetic.**"
    for note in report.device_notes[:_MOST]:
        yield f"\nDevice: {prose(note)}"


def _missing(format_: str, why: str) -> str:
    return f"\n**The {format_.upper()} is missing:** {prose(why, 2 * _LONGEST_TEXT)}"


def _changes(report: Report) -> Iterator[str]:
    sections = () if report.changes is None else news.sections(report.changes, title=tables.metric_title)
    if any(section.is_news for section in sections):
        yield "\n### What changed"
    for section in sections:
        title = f"{section.title} ({len(section.items):,})"
        yield f"\n**{title}**\n" if section.is_news else f"\n### {title}\n"
        yield from _listed(section.items, lambda one: f"{_place(one)}: {prose(one.text)}")


def _place(item: news.Item) -> str:
    return _run(item.run, item.family) if item.run else prose(item.family, _LONGEST_NAME)


def _findings(report: Report) -> Iterator[str]:
    if report.findings:
        yield "\n### Findings\n"
        yield from _listed(report.findings, _finding)


def _finding(one: Finding) -> str:
    """A sentence, and the file of the figure or table that shows it."""
    said = _named(one.text, one.subjects)
    return said + (f" ({code(one.shown_in)})" if one.shown_in else "")


def _named(text: str, names: Sequence[str]) -> str:
    """A sentence in which names that are not plain text, labels say, are code spans as a whole."""
    limit = 2 * _LONGEST_TEXT
    text = one_line(text, limit)
    lines = {one_line(name, limit) for name in names}
    whole = sorted((name for name in lines if "`" in prose(name, limit)), key=len, reverse=True)
    if not whole:
        return prose(text, limit)
    parts, at = [], 0
    # Between blanks alone, so that two code spans never touch.
    for found in re.finditer(rf"(?<!\S)({'|'.join(map(re.escape, whole))})([.,;:)]*)(?!\S)", text):
        parts += [prose(text[at : found.start()], limit), code(found[1]) + found[2]]
        at = found.end()
    return " ".join(filter(None, [*parts, prose(text[at:], limit)]))


def _states(report: Report) -> Iterator[str]:
    """What is so, be it news or not."""
    if report.problems and report.changes is None:  # the changes name them all, with what was last known
        yield f"\n### Runs that could not be used ({len(report.problems):,})\n"
        yield from _listed(report.problems, lambda one: f"{_run(one.run, one.family)}: {prose(one.message)}")
    told, still = _told(report), "" if report.changes is None else "still "
    checks = [
        check
        for run in report.runs
        for check in run.checks
        if check.outcome != "failed" or (_source(run), check.metric) not in told
    ]
    for title, outcome in ((f"Expectations that {still}fail", "failed"), ("Known failures", "waived")):
        if found := [check for check in checks if check.outcome == outcome]:
            yield f"\n### {title} ({len(found):,})\n"
            yield from _listed(found, _failed)
    ended = f"Runs that {'diverged before' if still else 'diverged'}"
    for title, at_end in ((ended, True), ("Runs with losses that are not finite", False)):
        ended_so = [
            (run.spec.name, family.name)
            for family in report.families
            for run in family.runs
            if "diverged" in run.marks and (_source(run), None) not in told
            if run.summary.metrics.end_diverged == at_end
        ]
        if ended_so:
            yield f"\n### {title} ({len(ended_so):,})\n"
            yield from _listed(ended_so, lambda one: _run(*one))


def _told(report: Report) -> set[tuple[Hashable, str | None]]:
    """What stands under the changes already: runs with the metric that fails, None of those that diverged."""
    changes = report.changes or {}
    news_of: dict[tuple[str, str], list[str | None]] = {}
    for one in changes.get("expectations", ()):
        news_of.setdefault((one["family"], one["run"]), []).append(one["metric"])
    diverged = (*changes.get("diverged", ()), *(one for one in changes.get("new", ()) if one["nonfinite"]))
    for one in diverged:
        news_of.setdefault((one["family"], one["run"]), []).append(None)
    # A run in two families is news once.
    return {
        (_source(run), what)
        for family in report.families
        for run in family.runs
        for what in news_of.get((family.name, run.spec.name), ())
    }


def _source(run: RunReport) -> Hashable:
    own = run.source
    return (run.spec.name, own.kind, own.repo, own.file, own.requested_revision)


def _families(report: Report) -> Iterator[str]:
    families = report.families
    if not families:
        return
    yield "\n### Families\n"
    yield "| Family | Runs | Ranked by | Lowest | | Highest | |"
    yield "| --- | ---: | --- | --- | ---: | --- | ---: |"
    for family in families[:_MOST]:
        yield _row(family)
    if len(families) > _MOST:
        yield f"\nand {len(families) - _MOST:,} more"


def table(shown: Table) -> str:
    """A table as Markdown, what leads in bold."""
    lines = [[_cell(column.title) for column in shown.columns], []]
    lines[1] = ["---:" if column.numeric else "---" for column in shown.columns]
    for row in shown.rows:
        # Numbers are ours, and need no fence.
        texts = [
            cell.text if column.numeric or not cell.text else _cell(cell.text)
            for cell, column in zip(row.cells, shown.columns, strict=True)
        ]
        lines.append(
            [f"**{text}**" if cell.bold else text for text, cell in zip(texts, row.cells, strict=True)]
        )
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _changed(report: Report) -> str:
    """The end of the first line: the night's news."""
    said = words.changed(report)
    return f" {said[0].upper()}{said[1:]}." if said else ""


def _listed(entries: Sequence[_Entry], words_of: Callable[[_Entry], str]) -> Iterator[str]:
    for entry in entries[:_MOST]:
        yield f"- {words_of(entry)}"
    if len(entries) > _MOST:
        yield f"- and {len(entries) - _MOST:,} more"


def _run(name: str, family: str) -> str:
    return f"{code(name)} ({prose(family, _LONGEST_NAME)})"


def _failed(check: Check) -> str:
    actual = notation.measured(check.actual)
    expected = prose(notation.condition(check.expected))
    said = f"{prose(tables.metric_title(check.metric))} is {prose(actual)}, expected {expected}"
    note = f"; {prose(check.note)}" if check.note else ""
    return f"{_run(check.run, check.family)}: {said}{note}"


def _row(family: FamilyReport) -> str:
    ranking = family.ranking
    cells = [_cell(family.name), f"{len(family.runs):,}"]
    cells.append("" if ranking is None else _cell(tables.metric_title(ranking.metric)))
    both = (None, None) if ranking is None else (ranking.first, ranking.last)
    for at in reversed(both) if ranking is not None and ranking.better == "higher" else both:
        cells.append("" if at is None else _label(family.runs[at].label))
        cells.append("" if at is None else prose(standing.value_of(family, at)))
    return f"| {' | '.join(cells)} |"


def _label(text: str) -> str:
    """A run's label in a table: one code span, unless it is plain text."""
    plain = prose(text, _LONGEST_NAME)
    return (code(text) if "`" in plain else plain).replace("|", r"\|")


def _cell(text: str) -> str:
    """Of a table, where a pipe is escaped in code too."""
    return prose(text, _LONGEST_NAME).replace("|", r"\|")


def code(text: str) -> str:
    """Text as a code span, on one line; not for tables, which a pipe in it would part."""
    return _span(one_line(text, _LONGEST_NAME) or notation.MISSING)


def _span(line: str) -> str:
    fence = "`" * (1 + max((len(ticks) for ticks in re.findall("`+", line)), default=0))
    # Spaces part the fence from ticks of the text; Markdown takes one off each end.
    pad = " " if line.startswith("`") or line.endswith("`") or line != line.strip() else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def prose(text: str, limit: int = _LONGEST_TEXT) -> str:
    """Text as it is, on one line and not at its start: each word that is not plain is a code span.

    GitHub looks for addresses, mentions, issues, commits and emoji in what Markdown has made of a text, so
    no escape keeps it from linking them; in code it looks for nothing.
    """
    words = one_line(text, limit).split(" ")
    return " ".join(word if not word or _PLAIN.fullmatch(word) else _fenced(word) for word in words)


def _fenced(word: str) -> str:
    """A word as a code span, marks of the sentence around it outside."""
    found = _MARKED.fullmatch(word)
    return f"{found[1]}{_span(found[2])}{found[3]}" if found else _span(word)
