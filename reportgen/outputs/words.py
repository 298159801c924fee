"""What the report says in sentences: findings, captions, marks. Plain text, for screen and paper alike."""

from __future__ import annotations

from collections.abc import Container, Iterator

from reportgen import agreement
from reportgen.notation import MISSING, count, loss
from reportgen.report import FamilyReport, Report, RunReport, step_unit
from reportgen.tables import metric_title
from reportgen.text import one_line

__all__ = [
    "changed",
    "count",
    "groups_caption",
    "in_sentence",
    "mark_sentences",
    "run_finding",
    "shortened",
    "status",
    "unasked",
]

_MOST_LEFT_OUT = 12  # Runs that a caption names.


def shortened(text: str, limit: int = 48) -> str:
    """``text`` for places that have little room."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def run_finding(run: RunReport, metric: str, value: str) -> str:
    """What the figures of one run show.

    Args:
        run: The run.
        metric: Title of what its family ranks it by.
        value: What that came to, as text.
    """
    steps = count(run.trained_steps, step_unit([run]))
    if value != MISSING:
        return f"{steps}; {metric} {value}."
    return f"{steps}; the last losses are not finite." if run.summary.metrics.end_diverged else f"{steps}."


def groups_caption(family: FamilyReport, columns: Container[str] = ("sd", "low")) -> str:
    """The caption of the table of groups: what its numbers are, and which runs do not count in it.

    Args:
        family: The groups'.
        columns: Keys of those that the table has.
    """
    grouping = family.grouping
    log = grouping.scale == "log"
    numbers = ["Geometric mean" if log else "Mean"]
    if "sd" in columns:
        numbers.append("standard deviation (a factor)" if log else "standard deviation")
    if "low" in columns:
        numbers.append(f"Student's 95 % interval {'on logarithms' if log else 'of the mean'}")
    first, last = numbers[:-1], numbers[-1]
    shown = f"{', '.join(first)} and {last}" if first else last
    said = f"{shortened(family.name, 80)}: runs that differ only in their seed. {shown}."
    left = [*(one for group in grouping.groups for one in group.left_out), *grouping.alone]
    if left:
        labels: dict[str, list[str]] = {}
        for one in left[:_MOST_LEFT_OUT]:
            labels.setdefault(one.why, []).append(shortened(family.runs[one.run].label))
        reasons = [f"{', '.join(runs)} ({why})" for why, runs in labels.items()]
        more = len(left) - _MOST_LEFT_OUT
        said += f" Left out: {'; '.join(reasons)}{f'; and {more:,} more' if more > 0 else ''}."
    return said


def mark_sentences(run: RunReport) -> tuple[str, ...]:
    """What a reader should know of a run, a sentence for each mark."""
    metrics, config = run.summary.metrics, run.config
    listed = run.spec.listed.get("avg_final_loss")
    first = f"the first at step {metrics.first_nonfinite_step or 0:,}"
    not_finite = f"{count(metrics.nonfinite, 'loss', 'losses')} not finite, {first}."
    sentences = {
        "diverged": f"Diverged: {not_finite}" if metrics.end_diverged else not_finite,
        "recorded_differs": " ".join(_recorded_differs(run)),
        "listed_differs": f"The listed AvgFinalLoss ({shortened(str(listed))}) differs from the computed one "
        f"({loss(metrics.avg_final_loss)}).",
        "steps_differ": f"The file holds {count(metrics.steps, 'loss', 'losses')}; its configuration says "
        f"{shortened(str(config.get('n_training_steps')))} training steps.",
        "not_checked": "Read from the cache; not checked with the Hub for changes.",
        "name_differs": "The configuration names another model: "
        + shortened(str(config.get("model_name")), 120)
        + ".",
        "config_differs": " ".join(
            f"{conflict.attribute} is {conflict.from_name} in the name and "
            f"{shortened(str(conflict.from_config))} in the configuration; the name is used."
            for conflict in run.conflicts
        ),
        "nonpositive": f"{count(run.summary.metrics.nonpositive, 'loss', 'losses')} of zero or below, "
        "not shown on a log axis; no spike is counted in the window after them.",
        "missing_losses": "Some losses were not logged; AvgFinalLoss is the mean of the last 5 that were.",
        "restarted": f"Restarted: {count(metrics.superseded, 'superseded entry', 'superseded entries')} "
        "left out.",
        "unfinished": "Still in training: not ranked with finished runs.",
    }
    return tuple(sentences.get(mark, mark) for mark in run.marks)


def _recorded_differs(run: RunReport) -> Iterator[str]:
    """A sentence for each recorded number that differs from the computed one."""
    for key, recorded in run.recorded.items():
        if not agreement.agrees_recorded(run.metric(key), recorded):
            title = in_sentence(metric_title(key))
            computed = run.metric(key)
            yield f"The recorded {title} ({loss(recorded)}) differs from the computed one ({loss(computed)})."


def changed(report: Report) -> str:
    """How much is news since the baseline: ``3 changes since <date>``; empty without a baseline."""
    if report.changes is None:
        return ""
    from reportgen import changes  # Slow to load, and needed with a baseline only.

    pieces = changes.count(report.changes)
    since = one_line(str(report.changes["baseline"]["created"]), 40)
    nothing = "nothing is known to have changed" if unasked(report) else "nothing changed"
    return f"{count(pieces, 'change') if pieces else nothing} since {since}"


def unasked(report: Report) -> int:
    """Runs from the cache, whose source was not asked: nobody knows whether they changed."""
    return sum("not_checked" in run.marks for run in report.runs)


def in_sentence(title: str) -> str:
    """A title within a sentence: mean at the end; names such as AvgFinalLoss and NaN stay as they are."""
    first = title.split(" ", maxsplit=1)[0].rstrip(",")
    return title[:1].lower() + title[1:] if first[1:].islower() else title


def status(report: Report) -> str:
    """One line: is it all right?"""
    used, problems = len(report.runs), len(report.problems)
    from_cache = unasked(report)
    checks = [check for run in report.runs for check in run.checks]
    failed = sum(check.outcome == "failed" for check in (*checks, *report.checks))
    unchecked = sum(check.outcome == "not_checked" for check in (*checks, *report.checks))
    waived = sum(check.outcome == "waived" for check in checks)
    diverged = sum(len(family.ranking.diverged) for family in report.families if family.ranking is not None)
    parts = []
    if diverged:
        parts.append(f"{diverged:,} diverged")
    if from_cache:
        parts.append(f"{from_cache:,} from the cache, not checked with the Hub")
    if failed:
        parts.append(f"{count(failed, 'expectation')} failed")
    elif checks and not waived:
        parts.append("all expectations that could be checked met" if unchecked else "all expectations met")
    if waived:
        parts.append(f"{count(waived, 'known failure')} waived")
    if unchecked:
        parts.append(f"{count(unchecked, 'expectation')} not checked")
    if problems:
        parts.insert(0, f"{problems:,} of {count(used + problems, 'run')} could not be used")
    elif not used:
        parts.insert(0, "No runs")
    else:
        fine = not (diverged or from_cache or failed or waived or unchecked)
        parts.insert(0, count(used, "run") + (", no problems" if fine else ""))
    return "; ".join(parts) + "."
