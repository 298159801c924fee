"""Lists of a report that are too long for a page's HTML, as tables whose rows come as they are seen."""

from __future__ import annotations

from collections.abc import Sequence

from reportgen import notation, tables
from reportgen.kinds import Problem
from reportgen.outputs.sources import SourceLine, digest_title
from reportgen.report import Check, RunReport
from reportgen.tables import Cell, Column, Row, Table

__all__ = ["checks_table", "problems_table", "sources_table"]


def sources_table(lines: Sequence[SourceLine]) -> Table:
    """Where every run came from."""
    commits = any(line.commit for line in lines)
    keys, titles = ["name", "from", "sha256"], ["Run", "From", digest_title(lines)]
    texts = [[line.names, line.place, line.sha256] for line in lines]
    if commits:
        keys.insert(2, "commit")
        titles.insert(2, "Commit")
        texts = [[*row[:2], line.commit, row[2]] for row, line in zip(texts, lines, strict=True)]
    return _of_texts(keys, titles, texts, [line.runs[0] if len(line.runs) == 1 else None for line in lines])


def problems_table(problems: Sequence[Problem]) -> Table:
    """Runs that could not be used."""
    texts = [(one.family, one.run, one.message) for one in problems]
    return _of_texts(("family", "name", "problem"), ("Family", "Run", "What is wrong"), texts)


def checks_table(checks: Sequence[Check]) -> Table:
    """Expectations that do not hold or could not be checked."""
    said = {"failed": "failed", "waived": "", "not_checked": "not checked"}
    texts = [
        (
            one.family,
            one.run,
            tables.metric_title(one.metric),
            notation.condition(one.expected),
            notation.measured(one.actual),
            "; ".join(filter(None, (said[one.outcome], "" if one.outcome == "not_checked" else one.note))),
        )
        for one in checks
    ]
    keys = ("family", "name", "metric", "expected", "actual", "outcome")
    return _of_texts(keys, ("Family", "Run", "Metric", "Expected", "Actual", "Outcome"), texts)


def _of_texts(
    keys: Sequence[str],
    titles: Sequence[str],
    texts: Sequence[Sequence[str | None]],
    runs: Sequence[RunReport | None] | None = None,
) -> Table:
    columns = tuple(Column(key, title, "text") for key, title in zip(keys, titles, strict=True))
    rows = [tuple(Cell(text, text or "") for text in row) for row in texts]
    own: Sequence[RunReport | None] = runs or [None] * len(texts)
    return Table(columns, tuple(Row(row, run) for row, run in zip(rows, own, strict=True)))
