"""What the report says in sentences: findings, captions, marks. Plain text, for screen and paper alike."""

from __future__ import annotations

from reportgen.notation import MISSING, count, loss
from reportgen.report import FamilyReport, Report, RunReport, step_unit
from reportgen.text import one_line

__all__ = [
    "changed",
    "count",
    "groups_caption",
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


def groups_caption(family: FamilyReport) -> str:
    """The caption of the table of groups: what its numbers are, and which runs do not count in it."""
    grouping = family.grouping
    said = f"{shortened(family.name, 80)}: runs that agree in all that varies but the seed. "
    if grouping.scale == "log":
        said += "Geometric mean and standard deviation, a factor, with Student's 95 % interval on logarithms."
    else:
        said += "Mean and standard deviation with Student's 95 % interval."
    left = [*(one for group in grouping.groups for one in group.left_out), *grouping.alone]
    if left:
        shown = [f"{shortened(family.runs[one.run].label)} ({one.why})" for one in left[:_MOST_LEFT_OUT]]
        more = len(left) - len(shown)
        said += f" Left out: {', '.join(shown)}{f' and {more:,} more' if more else ''}."
    return said


def mark_sentences(run: RunReport) -> tuple[str, ...]:
    """What a reader should know of a run, a sentence for each mark."""
    metrics, config = run.summary.metrics, run.config
    listed = run.spec.listed.get("avg_final_loss")
    sentences = {
        "diverged": f"Diverged: {count(metrics.nonfinite, 'loss', 'losses')} not finite, "
        f"the first at step {metrics.first_nonfinite_step or 0:,}.",
        "recorded_differs": "The file records another final loss than its losses give: "
        f"AvgFinalLoss {loss(run.recorded.get('avg_final_loss'))}, "
        f"final loss {loss(run.recorded.get('final_loss'))}.",
        "listed_differs": f"The list gives AvgFinalLoss as {shortened(str(listed))}; "
        f"the losses give {loss(metrics.avg_final_loss)}.",
        "steps_differ": f"The file holds {count(metrics.steps, 'loss', 'losses')} and says that training "
        f"took {shortened(str(config.get('n_training_steps')))} steps.",
        "not_checked": "Read from the cache; the Hub was not asked whether the file has changed.",
        "name_differs": "The file calls this run " + shortened(str(config.get("model_name")), 120) + ".",
        "config_differs": " ".join(
            f"The name says {conflict.attribute} {conflict.from_name}, the file says "
            f"{shortened(str(conflict.from_config))}; the name is used."
            for conflict in run.conflicts
        ),
        "nonpositive": f"{count(run.summary.metrics.nonpositive, 'loss', 'losses')} of zero or below: "
        "a log axis cannot show them.",
    }
    return tuple(sentences.get(mark, mark) for mark in run.marks)


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


def status(report: Report) -> str:
    """One line: is it all right?"""
    used, problems = len(report.runs), len(report.problems)
    from_cache = unasked(report)
    checks = [check for run in report.runs for check in run.checks]
    failed = sum(check.outcome == "failed" for check in (*checks, *report.checks))
    unchecked = sum(check.outcome == "not_checked" for check in (*checks, *report.checks))
    waived = sum(check.outcome == "waived" for check in checks)
    parts = []
    if problems:
        parts.append(f"{count(problems, 'run')} of {used + problems:,} could not be used")
    elif used:
        parts.append("The one run was read" if used == 1 else f"All {used:,} runs were read")
    else:
        parts.append("No run")
    diverged = sum(len(family.ranking.diverged) for family in report.families if family.ranking is not None)
    if diverged:
        parts.append(f"{count(diverged, 'run')} diverged")
    if from_cache:
        who = "it comes" if used == 1 and not problems else f"{from_cache:,} come{'s' * (from_cache == 1)}"
        parts.append(f"{who} from the cache, not checked with the Hub")
    if failed:
        parts.append(f"{count(failed, 'expectation')} {'does' if failed == 1 else 'do'} not hold")
    elif checks and not waived:
        parts.append("every expectation that was checked holds" if unchecked else "every expectation holds")
    if waived:
        parts.append(f"{count(waived, 'failure')} {'is' if waived == 1 else 'are'} known and waived")
    if unchecked:
        parts.append(f"{count(unchecked, 'expectation')} could not be checked")
    return "; ".join(parts) + "."
