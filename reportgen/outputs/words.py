"""What the report says in sentences: findings, captions, marks. Plain text, for screen and paper alike."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from reportgen import changes
from reportgen.figures import MOST_NAMED, Comparison
from reportgen.model_list import Smoothing
from reportgen.notation import count, loss
from reportgen.report import FamilyReport, Report, RunReport
from reportgen.text import one_line

__all__ = [
    "Bands",
    "changed",
    "count",
    "family_caption",
    "groups_caption",
    "line_name",
    "mark_sentences",
    "missing_figures",
    "missing_on_log",
    "overview_caption",
    "run_caption",
    "run_finding",
    "seeds_caption",
    "shortened",
    "smoothing_sentence",
    "status",
    "thresholds_caption",
]

_MOST_LEFT_OUT = 12  # Runs that a caption names.

Bands = Literal["all", "pointed", "none"]

_ATTRIBUTES = {
    "digits": "digits",
    "layers": "layers",
    "heads": "heads",
    "steps_k": "training steps",
    "insert_mode": "insert mode",
}
_SMOOTHERS = {
    "mean": "rolling mean",
    "median": "rolling median",
    "ema": "exponential moving average",
    "geometric": "rolling geometric mean",
}


def shortened(text: str, limit: int = 48) -> str:
    """``text`` for places that have little room."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def run_finding(run: RunReport) -> str:
    """What the figures of one run show."""
    metrics = run.summary.metrics
    if metrics.avg_final_loss is None:
        return f"{count(metrics.steps, 'step')}; the last losses are not finite."
    return f"{count(metrics.steps, 'step')}; AvgFinalLoss {loss(metrics.avg_final_loss)}."


def line_name(smoothing: Smoothing) -> str:
    """What a smoothed line shows, in two or three words."""
    return _SMOOTHERS[smoothing.smoother].capitalize()


def smoothing_sentence(smoothing: Smoothing) -> str:
    """How curves were smoothed, as captions say it."""
    edges = (
        "partial windows at the edges"
        if smoothing.edges == "partial"
        else "left empty where the window reaches past an end"
    )
    if smoothing.smoother == "ema":
        return f"exponential moving average with a span of {_window(smoothing)}"
    return f"centred {_SMOOTHERS[smoothing.smoother]} over {_window(smoothing)}, {edges}"


def _window(smoothing: Smoothing) -> str:
    if smoothing.window == "auto":
        return "a twentieth of each run, 500 steps at most"
    return count(smoothing.window, "step")


def family_caption(family: FamilyReport, *, linear: bool, bands: Bands = "all") -> str:
    """The caption of a family's figure.

    Args:
        family: The family.
        linear: Of the first steps on a linear axis, else of all on a log axis.
        bands: Of all runs, of the one that is pointed at, or of none.
    """
    spec = family.spec
    if linear:
        what = f"the first {count(spec.linear_steps, 'step')}, linear axis"
    elif spec.x_range:
        what = f"steps {spec.x_range[0]:,g} to {spec.x_range[1]:,g}, log axis"
    else:
        what = "all steps, log axis"
    said = f"{spec.name}: training loss over {what}. Line: {smoothing_sentence(spec.smoothing)}. "
    said += {
        "all": "Band: rolling minimum to maximum over the same window.",
        "pointed": "Band, of the run that is pointed at: rolling minimum to maximum over the same window.",
        "none": "Bands are left out, and some lines only are named: there are many.",
    }[bands]
    window = spec.smoothing.window
    if spec.smoothing.edges == "trim" and spec.smoothing.smoother != "ema" and window != "auto":
        short = sum(run.summary.metrics.steps < window for run in family.runs)
        if short:
            said += (
                f" {count(short, 'run')} shorter than the window {'has' if short == 1 else 'have'} no line."
            )
    return said + ("" if linear else missing_on_log(family.runs))


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


def seeds_caption(family: FamilyReport) -> str:
    """The caption of seeds of one configuration as one line."""
    return (
        f"{family.name}: runs that agree in all that varies but the seed, as one line over all steps, "
        "log axis. "
        f"Line: geometric mean of the smoothed losses ({smoothing_sentence(family.spec.smoothing)}). "
        "Band: range between the seeds."
    )


def thresholds_caption(family: FamilyReport) -> str:
    """The caption of steps to each threshold."""
    return (
        f"{family.name}: the first step at which the centred rolling mean of each run's loss is below "
        "each threshold."
    )


def missing_figures(family: FamilyReport, drawn: Collection[str]) -> tuple[str, ...]:
    """Why there is no figure of a kind that the list asks for, a sentence each; none where no run is left."""
    many = len(family.runs) > MOST_NAMED
    sentences = {
        "seeds": f"No figure of seeds: no runs form a group. {family.grouping.needed}".strip(),
        "thresholds": "No figure of steps to thresholds: "
        + (f"it has room for {MOST_NAMED} runs." if many else "no run's rolling mean falls below any."),
    }
    wanted = family.spec.figures if family.runs else ()
    return tuple(sentences[kind] for kind in wanted if kind in sentences and kind not in drawn)


def overview_caption(runs: Sequence[RunReport], against: Comparison) -> str:
    """The caption of AvgFinalLoss of all runs."""
    said = "AvgFinalLoss (mean of the last 5 losses) " + {
        "run": "of every run.",
        "rank": "of every run, from the best to the worst.",
    }.get(against, f"against {_ATTRIBUTES.get(against)}, every run of every family.")
    losses = [run.summary.metrics.avg_final_loss for run in runs]
    without = sum(
        loss is None or (against in _ATTRIBUTES and run.attributes.get(against) is None)
        for run, loss in zip(runs, losses, strict=True)
    )
    if without:
        lacking = "one of the two" if against in _ATTRIBUTES else "one"
        said += f" {count(without, 'run')} without {lacking} {'is' if without == 1 else 'are'} left out."
    if zero := sum(loss is not None and loss <= 0 for loss in losses):
        said += f" {count(zero, 'run')} of zero or below {'is' if zero == 1 else 'are'} missing."
    return said


def run_caption(run: RunReport, smoothing: Smoothing, *, linear: bool) -> str:
    """The caption of a figure of one run."""
    if linear:
        return f"Raw loss of the first {count(len(run.summary.raw_early), 'step')}, linear axis."
    return f"Raw loss of all steps, log axis; line: {smoothing_sentence(smoothing)}." + missing_on_log([run])


def missing_on_log(runs: Sequence[RunReport]) -> str:
    """What a log axis cannot show of ``runs``, as a caption goes on; empty where it shows all."""
    missing = sum(run.summary.metrics.nonpositive for run in runs)
    return (
        f" {count(missing, 'loss', 'losses')} of zero or below {'is' if missing == 1 else 'are'} missing: "
        "a log axis cannot show them."
        if missing
        else ""
    )


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
    pieces = changes.count(report.changes)
    since = one_line(str(report.changes["baseline"]["created"]), 40)
    return f"{count(pieces, 'change') if pieces else 'nothing changed'} since {since}"


def status(report: Report) -> str:
    """One line: is it all right?"""
    used, problems = len(report.runs), len(report.problems)
    unasked = sum("not_checked" in run.marks for run in report.runs)
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
    if unasked:
        who = (
            "it comes" if used == 1 and not problems else f"{unasked:,} {'comes' if unasked == 1 else 'come'}"
        )
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
