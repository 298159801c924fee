"""Defaults of a family that depend on how its runs are named, in one place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reportgen.model_list.specs import FamilySpec, RunSpec
from reportgen.naming import QUANTA_MATHS, Naming

__all__ = ["USUAL_FIGURES", "naming_of", "with_runs"]

USUAL_FIGURES = ("all", "end", "by")
"""Of anybody's runs."""


def naming_of(runs: Iterable[RunSpec]) -> Naming | None:
    """The naming that the names of **all** runs fit; None where one fits none, and where there is no run."""
    names = [run.name for run in runs]
    return QUANTA_MATHS if names and all(map(QUANTA_MATHS.fits, names)) else None


def with_runs(family: FamilySpec, runs: Iterable[RunSpec]) -> FamilySpec:
    """The family with these runs, and with the defaults of how they are named where its list gives none.

    Called when a list is read, and again when its patterns have found their runs.
    """
    runs = tuple(runs)
    named = naming_of(runs) is not None
    usual = {
        "smoothing": replace(family.smoothing, window=500 if named else "auto"),
        "figures": ("log", "linear") if named else USUAL_FIGURES,
        "rank_by": "avg_final_loss" if named else None,
    }
    given = {"smoothing" if key == "window" else key for key in family.given}
    return replace(family, runs=runs, **{key: value for key, value in usual.items() if key not in given})  # type: ignore[arg-type]
