"""The words of figures, for page and paper alike."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from reportgen.notation import count

__all__ = [
    "AVG_FINAL_LOSS",
    "EVENTS",
    "INTERVAL_FROM",
    "SMOOTHERS",
    "STEP_SCALES",
    "THRESHOLD",
    "WORDS",
    "step_title",
    "with_unit",
]

SMOOTHERS: Mapping[str, str] = MappingProxyType(
    {
        "mean": "rolling mean",
        "median": "rolling median",
        "ema": "exponential moving average",
        "geometric": "rolling geometric mean",
    }
)

INTERVAL_FROM = 5
"""Runs of a group from which on its band is an interval: that of fewer is wider than what they show."""

AVG_FINAL_LOSS = "AvgFinalLoss"
THRESHOLD = "Threshold of the loss"
STEP_SCALES: Mapping[str, str] = MappingProxyType(
    {
        "step": "Steps",
        "log": "Log steps",
        "share": "Share",
        "epoch": "Epochs",
        "tokens": "Tokens",
        "time": "Time",
    }
)
"""What the scales of an axis of steps are called where one can be chosen."""

EVENTS: Mapping[str, str] = MappingProxyType(
    {
        "plateau": "Plateau",
        "drop": "Drop",
        "spike": "Spike",
        "recovery": "Recovered",
        "divergence": "Not finite",
    }
)
"""What is marked in a curve, by its kind."""

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "value_axis": "Value axis",
        "log": "Log",
        "linear": "Linear",
        "step_axis": "Step axis",
        "band": "Band",
        "no_band": "No band",
        "bands": "Minimum to maximum",
        "reset": "Reset zoom",
        "export": "Export this view (SVG)",
        "outliers": "Values beyond the range",
        "clipped": "Clipped",
        "reached": "All values",
        "lines": "Lines: Enter pins one, Shift+Enter adds one",
        "keep": "Pin {}",
        "hand": "Click a line, its name or a row to pin its runs; Shift-click adds to them.",
        "kept_runs": "Pinned runs",
        "kept": "{} of {} runs pinned",
        "filtered": "{} of {} runs in the filtered rows",
        "all_shown": "All {} runs shown",
        "isolate": "Isolate",
        "show_all": "Show all",
        "link": "Copy link to this view",
        "link_copied": "Link copied.",
        "seen_zoom": " Shown here: {} {} to {}, {} {} to {}.",
        "seen_kept": " {} of {} {} highlighted: {}.",
        "seen_only": " Only {} of {} {} drawn: {}.",
        "lines_of_runs": "lines",
        "marks_of_runs": "runs",
        "seen_by_keeping": "those pinned",
        "seen_by_rows": "those in the filtered rows",
        "seen_all": " The value axis covers all values.",
        "seen_events": " Marks: {}.",
        "step": "Step",
        "family": "Family",
        "threshold": "Threshold",
        "spike": "Spike",
        "by": "By",
        "full": "Full resolution reached",
        "finer": "Finer points shown",
        "every": "1 point per step",
        "gap": "1 point per {} steps",
        "minimum": "Minimum",
        "maximum": "Maximum",
        "keys": "Use the arrow keys to read values.",
        "all_figures": "All figures",
        "theme": "Theme",
        "system": "System",
        "light": "Light",
        "dark": "Dark",
        "copy_csv": "Copy as CSV",
        "copy_latex": "Copy as LaTeX",
        "copy_markdown": "Copy as Markdown",
        "wide_latex": "Wider than the text of article: choose fewer columns.",
        "copied": "Copied.",
        "not_copied": "The browser did not allow copying.",
        "filter": "Filter rows",
        "search_all": "Search all {} rows",
        "look_up": "Search {} runs",
        "some_rows": "The first {} of {} rows; tables/ has all.",
        "differs": "differs from the computed value",
        "filter_of": "Filter rows of {}",
        "left": "{} of {}",
        "families": "All families",
        "columns": "Columns",
        "spread": "Standard deviation",
        "interval": "95 % interval",
        "runs": "Runs",
        "groups": "Groups",
        "compare": "Differences between",
        "compare_with": "and",
        "compared": "Differences between the two",
        "differ": "Different settings: {}",
        "differ_in_nothing": "Nothing differs.",
        "key": "Key",
        "varies": "varies",
    }
)
"""What the page's controls and notes say; ``{}`` stands for a number or a name."""


def step_title(unit: str = "step") -> str:
    """Title of an axis of steps: what the steps of the runs count."""
    return "Training step" if unit == "step" else unit[:1].upper() + unit[1:]


def with_unit(title: str, unit: str | None) -> str:
    """The title of an axis of values, with the list's unit."""
    return f"{title} ({unit})" if unit else title


def of_steps(number: int, unit: str = "step") -> str:
    """``15,000 steps``."""
    return count(number, unit)
