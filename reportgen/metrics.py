"""What is measured of a run: one table that columns, expectations, ``report.json`` and news read.

To add a metric: a field of ``LossMetrics``, computed in ``curves/metrics.py``, and a row here; from another
package, the entry point ``reportgen.metrics`` that names such a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol

from reportgen.curves.summary import THRESHOLDS, LossMetrics
from reportgen.plugins import points

if TYPE_CHECKING:
    from reportgen.curves.summary import Summary

__all__ = [
    "METRICS",
    "NO_NEWS",
    "Measure",
    "Metric",
    "Number",
    "loss_values",
    "metric_of",
    "series_values",
    "split",
    "value",
]

Number = int | float

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_AT = re.compile(r"at\.(-?[0-9]{1,18})")


class Measure(Protocol):
    """What a metric is read from: a run, as the report or what measured it holds it."""

    @property
    def series(self) -> Mapping[str, _Summarised]:
        """By name."""

    @property
    def ranked(self) -> str:
        """Name of the series that a bare metric means."""

    @property
    def recorded(self) -> Mapping[str, float]:
        """Metric to what the run's file records of it."""

    @property
    def trained_steps(self) -> int:
        """The last step, as the file counts."""


class _Summarised(Protocol):
    @property
    def source_name(self) -> str: ...

    @property
    def summary(self) -> Summary: ...


@dataclass(frozen=True, slots=True)
class Metric:
    """A number of a run or of one of its series.

    Attributes:
        key: As lists and ``report.json`` name it.
        title: As people are shown it.
        kind: ``loss``: a value of the series, in its unit; ``count``: a whole number.
        of: ``loss``: of the series ``loss`` alone, as in version 1 of ``report.json``; ``series``: of any;
            ``run``: of the run.
        better: Which way is better: ``series`` is that of its series; None where neither is.
        read: From the metrics of one series; None for what is read from the run itself.
    """

    key: str
    title: str
    kind: Literal["loss", "count"]
    of: Literal["loss", "series", "run"]
    better: Literal["lower", "series"] | None = None
    read: Callable[[LossMetrics], Number | None] | None = None


def _field(name: str) -> Callable[[LossMetrics], Number | None]:
    def read(metrics: LossMetrics) -> Number | None:
        value: Number | None = getattr(metrics, name)
        return value

    return read


def _threshold(key: str) -> Callable[[LossMetrics], Number | None]:
    return lambda metrics: metrics.steps_to.get(key)


def _at(step: int) -> Callable[[LossMetrics], Number | None]:
    return lambda metrics: metrics.at.get(step)


def _power(threshold: str) -> str:
    return "10" + threshold.removeprefix("1e").translate(_SUPERSCRIPTS)


_ROWS = (
    Metric("trained_steps", "Steps", "count", "run"),
    Metric("steps", "Losses", "count", "loss", None, _field("steps")),
    Metric("avg_final_loss", "AvgFinalLoss", "loss", "loss", "lower", _field("avg_final_loss")),
    Metric("recorded_avg_final_loss", "AvgFinalLoss, recorded", "loss", "run", "lower"),
    Metric("final_loss", "Final loss", "loss", "loss", "lower", _field("final_loss")),
    Metric("recorded_final_loss", "Final loss, recorded", "loss", "run", "lower"),
    Metric("min_loss", "Minimum loss", "loss", "loss", "lower", _field("min_loss")),
    Metric("min_loss_step", "Step of minimum loss", "count", "loss", None, _field("min_loss_step")),
    Metric("end", "Mean at the end", "loss", "series", "series", _field("end")),
    Metric("end_spread", "Spread at the end", "loss", "series", None, _field("end_spread")),
    Metric("last", "Last value", "loss", "series", "series", _field("final_loss")),
    Metric("best", "Best value", "loss", "series", "series", _field("best")),
    Metric("best_step", "Step of best value", "count", "series", None, _field("best_step")),
    Metric("entries", "Entries", "count", "series", None, _field("steps")),
    Metric("superseded", "Superseded", "count", "series", None, _field("superseded")),
    Metric("spikes", "Spikes", "count", "series", "lower", lambda metrics: len(metrics.spikes)),
    Metric("nonfinite", "NaN or infinite", "count", "series", "lower", _field("nonfinite")),
    Metric(
        "first_nonfinite_step",
        "First NaN or infinite step",
        "count",
        "series",
        None,
        _field("first_nonfinite_step"),
    ),
    Metric("nonpositive", "Zero or below", "count", "series", None, _field("nonpositive")),
    *(
        Metric(f"steps_to.{key}", f"Steps to {_power(key)}", "count", "loss", "lower", _threshold(key))
        for key in THRESHOLDS
    ),
    Metric("steps_to.target", "Steps to target", "count", "series", "lower", _field("target_step")),
    # Those of other packages, each a Metric.
    *(point.load() for point in points("reportgen.metrics")),
)
METRICS: Mapping[str, Metric] = MappingProxyType({metric.key: metric for metric in _ROWS})
"""By key. ``at.<step>`` is one more for each step; :func:`metric_of` knows it too."""

NO_NEWS = frozenset({"trained_steps", "entries", "last", "best", "best_step", "end", "end_spread"})
"""Of the series ``loss`` these say again what ``steps``, ``final_loss``, ``min_loss`` and so on say."""

_RECORDED = "recorded_"


def metric_of(key: str) -> Metric | None:
    """The metric that a key without a series names, None for any other text."""
    found = METRICS.get(key)
    if found is None and (at := _AT.fullmatch(key)):
        step = int(at[1])
        found = Metric(key, f"At {step:,}", "loss", "series", "series", _at(step))
    return found


def split(key: str) -> tuple[str | None, Metric] | None:
    """The series and the metric that a key of a list names: ``eval_loss.best``.

    A bare metric names no series: it means the ranked one. None where no metric is named.
    """
    if metric := metric_of(key):
        return None, metric
    for place in (at for at, letter in enumerate(key) if letter == "."):
        metric = metric_of(key[place + 1 :])
        if metric is not None and metric.of == "series" and place:
            return key[:place], metric
    return None


def value(run: Measure, key: str) -> Number | None:
    """A metric of a run, as lists name it; None where there is none, or no such series."""
    found = split(key)
    if found is None:
        return None
    name, metric = found
    if metric.read is None:
        if metric.key.startswith(_RECORDED):
            return run.recorded.get(metric.key.removeprefix(_RECORDED))
        return run.trained_steps
    one = _series(run, name, metric)
    return None if one is None else metric.read(one.summary.metrics)


def _series(run: Measure, name: str | None, metric: Metric) -> _Summarised | None:
    wanted = "loss" if metric.of == "loss" else name or run.ranked
    # Lists may name a series as its file does.
    return run.series.get(wanted) or next(
        (one for one in run.series.values() if one.source_name == wanted), None
    )


def loss_values(run: Measure) -> dict[str, Number | None]:
    """Each of ``METRICS`` of a run and its series ``loss``; None where there is no loss."""
    loss = run.series.get("loss")
    return {
        metric.key: value(run, metric.key)
        if metric.read is None
        else (None if loss is None else metric.read(loss.summary.metrics))
        for metric in _ROWS
    }


def series_values(metrics: LossMetrics) -> dict[str, Number | None]:
    """The metrics of one series, by key, those at steps included."""
    rows = [metric for metric in _ROWS if metric.of == "series"]
    rows += [found for step in metrics.at if (found := metric_of(f"at.{step}"))]
    return {metric.key: metric.read(metrics) for metric in rows if metric.read}
