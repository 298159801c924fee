"""What is kept of one run's losses: kilobytes of numbers, free of torch and of files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from reportgen.kinds import FloatArray, IntArray

__all__ = [
    "THRESHOLDS",
    "Curve",
    "CurveSettings",
    "Envelope",
    "LossMetrics",
    "Summary",
]

Smoother = Literal["mean", "median", "ema", "geometric"]

THRESHOLDS: tuple[str, ...] = ("1e-1", "1e-2", "1e-3", "1e-4", "1e-5", "1e-6", "1e-7", "1e-8")
"""Keys of ``steps_to``; each is also the threshold's value, as Python reads it."""


@dataclass(frozen=True, slots=True)
class CurveSettings:
    """How a run's losses are smoothed and thinned.

    Attributes:
        window: Steps in the rolling window, 1 or more.
        edges: ``partial`` keeps windows that reach past an end, ``trim`` leaves them missing.
        smoother: The statistic drawn as the line; metrics always use the mean.
        points: Most points of a drawn curve.
        early_steps: Steps of the linear figure, from step 0.
        raw_steps: Steps whose raw losses are kept, from step 0.
    """

    window: int = 500
    edges: Literal["partial", "trim"] = "partial"
    smoother: Smoother = "mean"
    points: int = 800
    early_steps: int = 15_000
    raw_steps: int = 1_500


@dataclass(frozen=True, slots=True)
class Curve:
    """A thinned curve. Missing values are NaN.

    Point k stands for the steps nearest to ``step[k]``; those ranges tile ``0 .. steps - 1``.

    Attributes:
        steps: Steps that the points stand for.
        step: (points,) int64, from 0, strictly rising; first 0, last ``steps - 1``.
        mean: (points,) float64, the rolling mean at ``step``.
        min: (points,) float64, least rolling minimum over the point's range.
        max: (points,) float64, greatest rolling maximum over the point's range.
        other: (points,) float64, the line of another smoother at ``step``; None where the mean is drawn.
    """

    steps: int
    step: IntArray
    mean: FloatArray
    min: FloatArray
    max: FloatArray
    other: FloatArray | None = None

    @property
    def line(self) -> FloatArray:
        """(points,) float64, what is drawn as the smoothed line."""
        return self.mean if self.other is None else self.other


@dataclass(frozen=True, slots=True)
class Envelope:
    """Raw losses of all steps, thinned: least and greatest finite loss of each range.

    Ranges and ``step`` are those of a ``Curve`` of as many points; NaN where a range holds no
    finite loss.
    """

    steps: int
    step: IntArray
    min: FloatArray
    max: FloatArray


@dataclass(frozen=True, slots=True)
class LossMetrics:
    """The contract's metrics that follow from the losses alone; steps count from 0.

    ``nonpositive`` losses are zero or below: a log axis cannot show them.
    """

    steps: int
    final_loss: float | None
    avg_final_loss: float | None
    min_loss: float | None
    min_loss_step: int | None
    nonfinite: int
    first_nonfinite_step: int | None
    nonpositive: int
    spikes: tuple[int, ...]
    steps_to: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Summary:
    """All that a report needs of one run's losses.

    Attributes:
        metrics: The numbers.
        curve: All steps, smoothed.
        early: The first ``early_steps``, smoothed over the whole run, thinned on their own.
        raw: All steps, raw, as least and greatest loss of each point's range.
        raw_early: (at most ``raw_steps``,) float64, the first losses as recorded.
    """

    metrics: LossMetrics
    curve: Curve
    early: Curve
    raw: Envelope
    raw_early: FloatArray
