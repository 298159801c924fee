"""Lists of a report that are too long for a page's HTML, as tables whose rows come as they are seen."""

from __future__ import annotations

from collections.abc import Sequence

from reportgen import notation, tables
from reportgen.kinds import Problem
from reportgen.report import Check, RunReport
from reportgen.tables import Cell, Column, Row, Table

__all__ = ["checks_table", "problems_table", "sources_table"]


def sources_table(runs: Sequence[RunReport]) -> Table:
    """Where every run came from."""
    texts = [
        (
            run.spec.name,
            f"{run.source.repo}, {run.source.file}" if run.source.repo else run.source.file,
            run.source.revision or "",
            run.source.sha256,
        )
        for run in runs
    ]
    return _of_texts(("name", "from", "commit", "sha256"), ("Run", "From", "Commit", "SHA-256"), texts, runs)


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
    runs: Sequence[RunReport] | None = None,
) -> Table:
    columns = tuple(Column(key, title, "text") for key, title in zip(keys, titles, strict=True))
    rows = [tuple(Cell(text, text or "") for text in row) for row in texts]
    own: Sequence[RunReport | None] = runs or [None] * len(texts)
    return Table(columns, tuple(Row(row, run) for row, run in zip(rows, own, strict=True)))
