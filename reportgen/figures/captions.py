"""What stands under a figure: it says what is seen, on whichever scale a reader chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reportgen.figures.clocks import AGAINST
from reportgen.figures.families import is_geometric
from reportgen.figures.plot import Marks, Plot
from reportgen.figures.style import MOST_NAMED
from reportgen.figures.vocabulary import INTERVAL_FROM, SMOOTHERS
from reportgen.model_list import Smoothing
from reportgen.notation import count
from reportgen.report import FamilyReport, RunReport, step_unit

__all__ = [
    "Caption",
    "all_steps",
    "end",
    "first_steps",
    "missing_on_log",
    "no_loss",
    "no_seeds",
    "no_thresholds",
    "of_series",
    "overview",
    "raw_word",
    "run",
    "seeds",
    "smoothing_sentence",
    "thresholds",
]


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption in parts.

    Attributes:
        parts: Texts, and names of slots that stand for one of several texts.
        slots: Name of a slot -> each state of the figure to its text: ``y`` to ``log`` and ``linear``.
        state: Name of a slot -> the state that the figure opens with.
    """

    parts: tuple[tuple[str, str], ...]
    slots: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    state: Mapping[str, str] = field(default_factory=dict)

    @property
    def pieces(self) -> tuple[tuple[str, str], ...]:
        """Slot, empty for fixed text, and text as the figure opens."""
        return tuple(
            (slot, self.slots[slot][self.state[slot]] if slot else text) for slot, text in self.parts
        )

    @property
    def text(self) -> str:
        return "".join(text for _, text in self.pieces)


def smoothing_sentence(smoothing: Smoothing, runs: Sequence[RunReport] = ()) -> str:
    """How the drawn lines are smoothed: ``centred rolling mean over 500 entries, partial ...``.

    Args:
        smoothing: As the list has it.
        runs: Whose windows are named where each run has its own; none for the rule.
    """
    windows = [run.summary.window for run in runs]
    if windows and max(windows) == 1:
        return "values as logged"
    edges = "partial windows at the edges" if smoothing.edges == "partial" else "missing at the edges"
    window = _window(smoothing, windows)
    if smoothing.smoother == "ema":
        # Trimming its first steps would leave too little to call the edges missing.
        return f"{SMOOTHERS['ema']} with a span of {window}"
    return f"centred {SMOOTHERS[smoothing.smoother]} over {window}, {edges}"


def _window(smoothing: Smoothing, windows: Sequence[int]) -> str:
    if smoothing.window == "auto":
        if not windows:
            return "a twentieth of each run, at most 500 entries"
        least, most = min(windows), max(windows)
        return count(most, "entry", "entries") if least == most else f"{least:,} to {most:,} entries"
    return count(smoothing.window, "entry", "entries")


def all_steps(family: FamilyReport, plot: Plot) -> Caption:
    """Of all steps, on a log or a linear axis."""
    unit = f"{step_unit(family.runs)}s"
    steps = f"all {unit}"
    if family.spec.x_range:
        first, last = family.spec.x_range
        steps = f"{unit} {first:,.0f} to {last:,.0f}"
    return _smoothed(family, plot, steps, otherwise=f"all {unit}")


def first_steps(family: FamilyReport, plot: Plot) -> Caption:
    """Of the first steps: as many as the list says, or as there are."""
    last = plot.x.ranges["step"][1]
    whole = all(run.summary.curve.steps <= family.spec.linear_steps for run in family.runs)
    unit = step_unit(family.runs)
    return _smoothed(family, plot, f"all {unit}s" if whole else f"the first {count(round(last), unit)}")


def end(family: FamilyReport, plot: Plot) -> Caption:
    """Of the last fifth of each run."""
    return _smoothed(family, plot, "the last fifth of each run")


def _smoothed(family: FamilyReport, plot: Plot, steps: str, *, otherwise: str | None = None) -> Caption:
    """Of smoothed lines.

    Args:
        family: Theirs.
        plot: What is drawn.
        steps: Which steps are seen on the axis of steps.
        otherwise: Which on its other scales; the same by default.
    """
    other = otherwise or steps
    many = [line for line in plot.lines if not line.behind]  # groups, where some are behind
    behind = len(plot.lines) - len(many)
    series = _lower(plot.y.title.partition(" (")[0])
    parts = [
        ("", f"{family.name}: {series} over "),
        ("x", ""),
        ("", ", "),
        ("y", ""),
        ("", f". Line: {smoothing_sentence(family.spec.smoothing, family.runs)}"),
        ("", _which(family, plot, len(many), behind)),
        ("band", ""),
        ("", _evaluations(plot)),
        ("", _short_of_window(family)),
        ("missing", ""),
    ]
    without = _without_spikes(family.spec.smoothing, family.runs)
    left = "line and band show" if without else "the band shows"
    spiky = any(line.spikes for line in plot.lines)
    drawn = f" Spikes are thin vertical lines; where a window holds one, {left} its other losses."
    lit = "of a run that is hovered or pinned: rolling minimum to maximum"
    pointed = f" Band and thin lines at spikes, {lit}; where a window holds a spike, {left} its other losses."
    bands = {
        "all": " Band: rolling minimum to maximum over the same window." + (drawn if spiky else ""),
        "pointed": pointed if spiky else f" Band, {lit}.",
        "none": without if spiky else "",
    }
    if plot.crowd and plot.lines[0].words is not None:
        bands = dict.fromkeys(bands, "")  # what the median's is, has been said
    elif not behind and not spiky and all((line.curve.low == line.curve.high).all() for line in plot.lines):
        bands = dict.fromkeys(bands, "")  # of values as logged there is none
    elif behind:
        bands = {
            "all": _group_bands(family),
            "pointed": _group_bands(family, "Band of a group that is hovered or pinned"),
            "none": bands["none"],
        }
    if len(plot.lines) > MOST_NAMED and not behind:
        few = f" Bands omitted; only some of the {len(plot.lines):,} runs are labelled."
        bands["none"] = few + bands["none"]
    return Caption(
        tuple(parts),
        {
            "x": {
                "step": steps,
                "log": f"{other}, log axis of {step_unit(family.runs)}s",
                "share": f"{other}, against the share of each run",
                **{name: f"{other}, {against}" for name, against in AGAINST.items() if name in plot.x.ranges},
            },
            "y": {"log": "log axis", "linear": "linear axis"},
            "band": bands,
            "missing": {"log": missing_on_log(family.runs), "linear": ""},
        },
        {"x": plot.x.scale, "y": plot.y.scale, "band": plot.bands, "missing": plot.y.scale},
    )


def _group_mean(family: FamilyReport) -> str:
    return "geometric mean" if is_geometric(family) else "mean"


def _group_bands(family: FamilyReport, name: str = "Band") -> str:
    """What the bands of groups are, as a caption goes on."""
    sizes = [len(group.counted) for group in family.grouping.groups if group.counted]
    interval = "95 % interval of the mean"
    if min(sizes) >= INTERVAL_FROM:
        return f" {name}: {interval}."
    if max(sizes) < INTERVAL_FROM:
        return f" {name}: range of the runs."
    return f" {name}: {interval}; the range for fewer than {INTERVAL_FROM} runs."


def _which(family: FamilyReport, plot: Plot, front: int, behind: int) -> str:
    """Which runs the lines are of, as a caption goes on."""
    if plot.crowd:
        return f". {plot.crowd}"
    return f"; {_group_mean(family)} of each of {front} groups, single runs behind." if behind else "."


def _evaluations(plot: Plot) -> str:
    return f" Points on dotted lines: {_lower(plot.evaluation)}, as logged." if plot.evaluation else ""


def _lower(title: str) -> str:
    """A title within a sentence; names of series stay as they are."""
    return title[:1].lower() + title[1:] if title[1:].islower() or " " in title else title


def _without_spikes(smoothing: Smoothing, runs: Sequence[RunReport]) -> str:
    """That a rolling mean is drawn without spikes, as a caption goes on; other smoothers hardly feel one."""
    spiky = smoothing.smoother == "mean" and any(run.summary.metrics.spikes for run in runs)
    return " Where a window holds a spike, the line shows its other losses." if spiky else ""


def _short_of_window(family: FamilyReport) -> str:
    smoothing = family.spec.smoothing
    window = smoothing.window
    if smoothing.edges != "trim" or smoothing.smoother == "ema" or window == "auto":
        return ""
    short = sum(run.summary.metrics.steps < window for run in family.runs)
    if not short:
        return ""
    return f" {count(short, 'run')} shorter than the window {'has' if short == 1 else 'have'} no line."


def seeds(family: FamilyReport, plot: Plot) -> Caption:
    """Of seeds of one configuration as one line."""
    line = smoothing_sentence(family.spec.smoothing, family.runs)
    return Caption(
        (
            (
                "",
                f"{family.name}: runs that differ only in their seed, as one line over all steps",
            ),
            ("x", ""),
            ("", ", "),
            ("y", ""),
            (
                "",
                f". Line: {_group_mean(family)} of the smoothed losses ({line}).",
            ),
            ("band", ""),
        ),
        {
            "x": {"step": "", "log": ", log axis of steps", "share": ", against the share of each run"}
            | {name: f", {against}" for name, against in AGAINST.items() if name in plot.x.ranges},
            "y": {"log": "log axis", "linear": "linear axis"},
            "band": {"all": _group_bands(family), "pointed": "", "none": ""},
        },
        {"x": plot.x.scale, "y": plot.y.scale, "band": plot.bands},
    )


def thresholds(family: FamilyReport, _: Plot) -> Caption:
    """Of steps to each threshold."""
    text = "the first step at which the centred rolling mean of each run's loss is below each threshold."
    return Caption((("", f"{family.name}: {text}"),))


def run(one: RunReport, smoothing: Smoothing, plot: Plot, *, early: bool) -> Caption:
    """Of a figure of one run."""
    unit, raw = step_unit([one]), f"Raw {raw_word([one])}"
    slots = {
        "y": {"log": "log axis", "linear": "linear axis"},
        "missing": {"log": missing_on_log([one]), "linear": ""},
    }
    state = {"y": plot.y.scale, "missing": plot.y.scale}
    if early:
        shown = one.summary.raw_early_step
        counted = bool(len(shown)) and int(shown[-1]) == len(shown) - 1  # each step from 0 on was logged
        steps = count(len(shown), unit) if counted else count(len(shown), "entry", "entries")
        return Caption(
            (("", f"{raw} of the first {steps}, "), ("y", ""), ("", "."), ("missing", "")), slots, state
        )
    smoothed = smoothing_sentence(smoothing, [one])
    line = f"; line: {smoothed}.{_without_spikes(smoothing, [one])}{_evaluations(plot)}"
    return Caption((("", f"{raw} of all {unit}s, "), ("y", ""), ("", line), ("missing", "")), slots, state)


def of_series(one: RunReport, smoothing: Smoothing, plot: Plot) -> Caption:
    """Of a small figure of another series of a run, which is given as if it were ranked by it."""
    series = one.series[one.ranked]
    line = f"; line: {smoothing_sentence(smoothing)}" if one.summary.window > 1 else ""
    return Caption(
        (
            ("", f"{series.title or series.name} over all {step_unit([one])}s, "),
            ("y", ""),
            ("", f"{line}.{_evaluations(plot)}"),
        ),
        {"y": {"log": "log axis", "linear": "linear axis"}},
        {"y": plot.y.scale},
    )


def raw_word(runs: Sequence[RunReport]) -> str:
    """What a raw entry of the ranked series is: a loss, or a value of what is none."""
    names = [one.series[one.ranked].title or one.ranked for one in runs]
    return "loss" if any("loss" in name.lower() for name in names) else "value"


def overview(runs: Sequence[RunReport], shown: Marks) -> Caption:
    """Of what all runs come to, whatever it is shown against."""
    by = {key: _against(runs, shown, key) for key in shown.by}
    zero = sum(mark.value <= 0 for mark in shown.marks)
    missing = (
        f" {count(zero, 'run')} of zero or below {'is' if zero == 1 else 'are'} missing." if zero else ""
    )
    return Caption(
        (("", f"{shown.word}{_meaning(shown.word)} "), ("by", ""), ("missing", "")),
        {"by": by, "missing": {"log": missing, "linear": ""}},
        {"by": next(iter(shown.by)), "missing": shown.y.scale},
    )


def _meaning(word: str) -> str:
    return {"AvgFinalLoss": " (mean of the last 5 losses)", "Mean at the end": " (of the end window)"}.get(
        word, ""
    )


def _against(runs: Sequence[RunReport], shown: Marks, key: str) -> str:
    plain = {"run": "of every run.", "rank": "of every run, from the lowest to the highest."}
    said = plain.get(key) or f"against {shown.by[key].title[:1].lower()}{shown.by[key].title[1:]}, every run."
    without = len(runs) - sum(key in mark.places for mark in shown.marks)
    if without:
        said += f" {count(without, 'run')} with a missing value {'is' if without == 1 else 'are'} left out."
    if any(place % 0.5 for mark in shown.marks for place in [mark.places.get(key, 0.0)]):
        said += " Families at the same place are drawn side by side."
    return said


def missing_on_log(runs: Sequence[RunReport]) -> str:
    """What a log axis cannot show of ``runs``, as a caption goes on; empty where it shows all."""
    missing = sum(run.summary.metrics.nonpositive for run in runs)
    return (
        f" {count(missing, 'loss', 'losses')} of zero or below {'is' if missing == 1 else 'are'} missing: "
        "a log axis cannot show them."
        if missing
        else ""
    )


def no_loss(_: FamilyReport) -> str:
    """Why a family has no figure of lines: it has no runs, which is said elsewhere."""
    return ""


def no_seeds(family: FamilyReport) -> str:
    """Why a family has no figure of seeds."""
    return f"No figure of seeds: no runs form a group. {family.grouping.needed}".strip()


def no_thresholds(family: FamilyReport) -> str:
    """Why a family has no figure of thresholds."""
    many = len(family.runs) > MOST_NAMED
    why = f"it holds at most {MOST_NAMED} runs." if many else "no run's rolling mean falls below one."
    return f"No figure of steps to thresholds: {why}"
