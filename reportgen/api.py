"""What Python is given: the job as a function."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reportgen import job
from reportgen.options import build_options
from reportgen.report import Report

__all__ = ["build"]


def build(
    lists: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str] = "report",
    **options: Any,
) -> Report:
    """Builds a report, as ``reportgen build`` does, and returns it.

    Args:
        lists: TOML files, folders, names of lists that ship, or a ``report.json``; one, or several.
        out: The output folder.
        **options: Fields of ``reportgen.BuildOptions``.

    Raises:
        ReportgenError: Nothing was written; the text says what to change.
    """
    several = [lists] if isinstance(lists, str | os.PathLike) else lists
    outcome = job.run(
        [os.fspath(one) for one in several], Path(out), build_options(options), skip_if_current=False
    )
    assert outcome.report is not None
    return outcome.report
