"""A Report -> what the templates receive, the same for screen and paper."""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count as counter
from pathlib import Path
from typing import Any, Literal

from markupsafe import Markup

from reportgen.model_list import FamilySpec
from reportgen.outputs import words
from reportgen.outputs.templating import markdown
from reportgen.report import Check, FamilyReport, Problem, Report, RunReport

__all__ = ["FamilyView", "Fact", "FigureView", "Medium", "RunView", "context"]

Medium = Literal["screen", "paper"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A term and its value, in words."""

    term: str
    value: str


@dataclass(frozen=True, slots=True)
class FigureView:
    """A figure, before anyone draws it.

    Attributes:
        name: As in ``figures/``: ``addition-log``, ``all-avg-final-loss``; unique in the report.
        number: From 1, in reading order.
        kind: What it shows.
        caption: Says what the reader sees.
        finding: Its text alternative.
        family: Slug, None for the whole report.
        run: Slug, None for a comparison.
    """

    name: str
    number: int
    kind: Literal["log", "linear", "attribute", "run-log", "run-linear", "runs"]
    caption: str
    finding: str
    family: str | None = None
    run: str | None = None

    @property
    def anchor(self) -> str:
        return f"figure-{self.name}"


@dataclass(frozen=True, slots=True)
class RunView:
    """A run's own section.

    Attributes:
        facts: What Part 2 of the notebook prints.
        config: ``Config`` as recorded, each value as JSON.
        marks: What a reader should know, sentences.
        figures: Raw losses of the first steps (linear), of all steps (log).
    """

    run: RunReport
    family: FamilySpec
    facts: tuple[Fact, ...]
    config: tuple[Fact, ...]
    marks: tuple[str, ...]
    figures: tuple[FigureView, ...]

    @property
    def anchor(self) -> str:
        return f"run-{self.run.slug}"


@dataclass(frozen=True, slots=True)
class FamilyView:
    """A family's section.

    Attributes:
        description: HTML of its Markdown.
        finding: Best and worst run, in words.
        figures: Those the list asks for; none where the family has no usable run.
        runs: In order.
        problems: Its runs that could not be used.
    """

    family: FamilyReport
    description: Markup
    finding: str
    figures: tuple[FigureView, ...]
    runs: tuple[RunView, ...]
    problems: tuple[Problem, ...]

    @property
    def anchor(self) -> str:
        return f"family-{self.family.slug}"


def context(
    report: Report, *, medium: Medium, figure: Callable[[FigureView], Markup], **extra: Any
) -> dict[str, Any]:
    """What every template receives; ``docs/templates.md`` lists it.

    Args:
        report: The report.
        medium: ``screen`` or ``paper``; templates differ by it only where they must.
        figure: Draws a figure, or makes what stands for it until it is drawn.
        extra: Further names of the medium's own.
    """
    number = counter(1)
    overview = (
        FigureView(
            "all-avg-final-loss",
            next(number),
            "attribute",
            words.attribute_caption(report.runs, "digits"),
            words.finding(report.runs),
        )
        if any(
            run.attributes.digits is not None and run.summary.metrics.avg_final_loss is not None
            for run in report.runs
        )
        else None
    )
    families = tuple(_family(family, report, number) for family in report.families)
    best, worst = words.best_and_worst(report.runs)
    checks = [check for run in report.runs for check in run.checks] + list(report.checks)
    return {
        "medium": medium,
        "report": report,
        "created": _date_in_words(report.created),
        "description": markdown(report.description),
        "synthetic": any(listed.synthetic for listed in report.lists),
        "status": words.status(report),
        "failed": _of(checks, "failed"),
        "unchecked": _of(checks, "not_checked"),
        "best": best,
        "worst": worst,
        "overview": overview,
        "families": families,
        "theme": _theme(report),
        "loss": words.loss,
        "count": words.count,
        "figure": figure,
        **extra,
    }


def _of(checks: Sequence[Check], outcome: str) -> tuple[Check, ...]:
    return tuple(check for check in checks if check.outcome == outcome)


def _family(family: FamilyReport, report: Report, number: Iterator[int]) -> FamilyView:
    finding = words.finding(family.runs)
    kinds: tuple[Literal["log", "linear"], ...] = ("log", "linear")
    figures = tuple(
        FigureView(
            f"{family.slug}-{kind}",
            next(number),
            kind,
            words.family_caption(family, linear=kind == "linear"),
            finding,
            family=family.slug,
        )
        for kind in kinds
        if kind in family.spec.figures and family.runs
    )
    return FamilyView(
        family=family,
        description=markdown(family.spec.description),
        finding=finding,
        figures=figures,
        runs=tuple(_run(run, family.spec) for run in family.runs),
        problems=tuple(problem for problem in report.problems if problem.family == family.name),
    )


def _run(run: RunReport, family: FamilySpec) -> RunView:
    finding = words.run_finding(run)
    kinds: tuple[Literal["run-linear", "run-log"], ...] = ("run-linear", "run-log")
    return RunView(
        run=run,
        family=family,
        facts=tuple(_facts(run)),
        config=tuple(
            Fact(str(key), json.dumps(value, ensure_ascii=False)) for key, value in run.config.items()
        ),
        marks=words.mark_sentences(run),
        figures=tuple(
            FigureView(
                f"{run.slug}-{kind.removeprefix('run-')}",
                0,
                kind,
                words.run_caption(run, family.smoothing, linear=kind == "run-linear"),
                finding,
                family.slug,
                run.slug,
            )
            for kind in kinds
        ),
    )


def _facts(run: RunReport) -> Iterator[Fact]:
    config, metrics = run.config, run.summary.metrics
    yield Fact("AvgFinalLoss", words.loss(metrics.avg_final_loss))
    yield Fact("Final loss", words.loss(metrics.final_loss))
    yield Fact("Insert mode", str(run.attributes.insert_mode))
    for term, key in (("Weight decay", "weight_decay"), ("Learning rate", "lr"), ("Batch size", "batch_size")):
        if config.get(key) is not None:
            yield Fact(term, str(config[key]))


def _date_in_words(created: str) -> str:
    moment = datetime.datetime.fromisoformat(created).astimezone(datetime.UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def _theme(report: Report) -> Mapping[str, str | None]:
    """The first list's theme that names anything; the logo as a data URI."""
    theme = next(
        (listed.theme for listed in report.lists if listed.theme.title_font or listed.theme.accent or listed.theme.logo),
        None,
    )
    if theme is None:
        return {"title_font": None, "accent": None, "logo": None}
    logo = None
    if theme.logo is not None:
        file = Path(theme.base) / theme.logo
        kind = {".svg": "svg+xml", ".png": "png"}[file.suffix.lower()]
        logo = f"data:image/{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"
    return {"title_font": theme.title_font, "accent": theme.accent, "logo": logo}
