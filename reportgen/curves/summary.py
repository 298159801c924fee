"""What is kept of one series: kilobytes of numbers, free of torch and of files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from reportgen.kinds import Better, FloatArray, IntArray

__all__ = [
    "THRESHOLDS",
    "Curve",
    "CurveSettings",
    "Envelope",
    "Event",
    "EventKind",
    "LossMetrics",
    "Summary",
    "end_window",
    "rolling_window",
]

EventKind = Literal["plateau", "drop", "spike", "recovery", "divergence", "flat", "falling", "rising"]
Smoother = Literal["mean", "median", "ema", "geometric"]

THRESHOLDS: tuple[str, ...] = ("1e-1", "1e-2", "1e-3", "1e-4", "1e-5", "1e-6", "1e-7", "1e-8")
"""Keys of ``steps_to``; each is also the threshold's value, as Python reads it."""

_WIDEST_AUTO = 500
_SHARE = 20
_SHORTEST_END = 5


@dataclass(frozen=True, slots=True)
class CurveSettings:
    """How a series is smoothed, thinned and measured.

    Attributes:
        window: Entries in the rolling window, 1 or more; ``auto`` is a twentieth of the entries, 500 at most.
        edges: ``partial`` keeps windows that reach past an end, ``trim`` leaves them missing.
        smoother: The statistic drawn as the line; metrics always use the mean.
        points: Most points of a drawn curve.
        early_steps: Steps of the linear figure, from step 0.
        raw_entries: Entries whose raw values are kept, from the first.
        better: Which way is better; None where that is not known, and then there is no best value.
        target: A value to be reached, None for none.
        pointwise: Whether a single value reaches the target, as of an evaluation, rather than the mean.
        at: Steps whose values are wanted.
    """

    window: int | Literal["auto"] = 500
    edges: Literal["partial", "trim"] = "partial"
    smoother: Smoother = "mean"
    points: int = 800
    early_steps: int = 15_000
    raw_entries: int = 1_500
    better: Better | None = "lower"
    target: float | None = None
    pointwise: bool = False
    at: tuple[int, ...] = ()


def rolling_window(window: int | Literal["auto"], entries: int) -> int:
    """Entries in the rolling window of a series of ``entries``."""
    return min(_WIDEST_AUTO, max(1, entries // _SHARE)) if window == "auto" else window


def end_window(window: int | Literal["auto"], entries: int) -> int:
    """Entries in the end window: a twentieth, or those of the list's window; 5 at least, all where fewer."""
    return min(entries, max(_SHORTEST_END, entries // _SHARE if window == "auto" else window))


@dataclass(frozen=True, slots=True)
class Curve:
    """A thinned curve. Missing values are NaN.

    Point k stands for the entries nearest to its own; those ranges tile all entries of the curve.

    Attributes:
        steps: Steps on an axis from step 0 to the last one: ``step[-1] + 1``.
        step: (points,) int64, steps of the points as the file counts them, never falling; the first and
            the last entry are always among them.
        mean: (points,) float64, the rolling mean at the point's entry.
        min: (points,) float64, least rolling minimum over the point's range.
        max: (points,) float64, greatest rolling maximum over the point's range.
        other: (points,) float64, the line of another smoother; None where the mean is drawn.
        axes: Other positions of the points, each (points,) float64: ``epoch``, ``time``, ``tokens``.
    """

    steps: int
    step: IntArray
    mean: FloatArray
    min: FloatArray
    max: FloatArray
    other: FloatArray | None = None
    axes: Mapping[str, FloatArray] = field(default_factory=dict)

    @property
    def line(self) -> FloatArray:
        """(points,) float64, what is drawn as the smoothed line."""
        return self.mean if self.other is None else self.other


@dataclass(frozen=True, slots=True)
class Envelope:
    """Raw values of all entries, thinned: least and greatest finite value of each range.

    Ranges and ``step`` are those of a ``Curve`` of as many points; NaN where a range holds no
    finite value.
    """

    steps: int
    step: IntArray
    min: FloatArray
    max: FloatArray


@dataclass(frozen=True, slots=True)
class LossMetrics:
    """The contract's metrics that follow from one series alone; steps are those that the file counts.

    Attributes:
        steps: Entries of the series.
        final_loss: The last value; None if it is not finite.
        avg_final_loss: Mean of the last 5; None if one of them is not finite.
        min_loss: The least finite value; None where there is none.
        min_loss_step: The first step that has it.
        nonfinite: Values that are NaN or infinite.
        first_nonfinite_step: The first of them.
        nonpositive: Values of zero or below: a log axis cannot show them, and spikes are not defined there.
        spikes: Steps that stand out of those before.
        steps_to: Threshold to the first step whose rolling mean is below it by more than rounding.
        trained_steps: The last step; the number of entries where the file has no steps.
        superseded: Entries that a restart took back.
        missing: Entries that were not logged.
        missing_losses: All that is not finite was not logged, and no more of it is at the end than the
            longest gap before.
        best: Least or greatest finite value, whichever is better.
        best_step: The first step that has it.
        end: Mean of the end window; None if one of its values is not finite.
        end_spread: Its standard deviation (n - 1); None for a single value.
        end_entries: Values in the end window.
        end_blocks: Means of at most 10 disjoint blocks of it, in order, for its noise; empty without ``end``.
        target_step: The first step at which the target is reached; None where never, or without one.
        at: Step to the value there, None where none was logged.
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
    trained_steps: int = 0
    superseded: int = 0
    missing: int = 0
    missing_losses: bool = False
    best: float | None = None
    best_step: int | None = None
    end: float | None = None
    end_spread: float | None = None
    end_entries: int = 0
    end_blocks: tuple[float, ...] = ()
    target_step: int | None = None
    at: Mapping[int, float | None] = field(default_factory=dict)

    @property
    def end_diverged(self) -> bool:
        """Whether the end window holds a value that is not finite, and was not merely not logged."""
        return self.end is None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a curve.

    Attributes:
        kind: ``plateau``, ``drop``, ``spike``, ``recovery``, ``divergence``, or how the curve ends: ``flat``,
            ``falling`` or ``rising``.
        step: When; where it began.
        until: Where it ended: of a plateau, a drop, an end, and of a spike that recovered.
        before: Level before: of a drop and a spike; the level of a plateau.
        after: Level after a drop; a spike's peak.
        slope: Of the end, per 1,000 steps.
        interval: Of ``slope``, 99 %.
    """

    kind: EventKind
    step: int
    until: int | None = None
    before: float | None = None
    after: float | None = None
    slope: float | None = None
    interval: tuple[float, float] | None = None

    def document(self) -> dict[str, Any]:
        """As ``report.json`` has it: the keys that its kind fills."""
        if self.kind == "plateau":
            return {"kind": self.kind, "from": self.step, "to": self.until, "level": self.before}
        if self.kind in ("drop", "spike"):
            return {
                "kind": self.kind,
                "step": self.step,
                "until": self.until,
                "from": self.before,
                "to": self.after,
            }
        if self.kind in ("flat", "falling", "rising"):
            return {
                "kind": self.kind,
                "from": self.step,
                "to": self.until,
                "slope": self.slope,
                "interval": None if self.interval is None else list(self.interval),
            }
        return {"kind": self.kind, "step": self.step}


@dataclass(frozen=True, slots=True)
class Summary:
    """All that a report needs of one series.

    Attributes:
        metrics: The numbers.
        curve: All entries, smoothed.
        early: Entries before step ``early_steps``, smoothed over the whole series, thinned on their own.
        raw: All entries, raw, as least and greatest value of each point's range.
        raw_early: (at most ``raw_entries``,) float64, the first values as recorded.
        raw_early_step: Their steps, int64.
        end: The last fifth of the entries, 5 at least, smoothed over the whole series, thinned on its own.
        window: Entries in the rolling window.
        events: What happened, in the order of steps.
    """

    metrics: LossMetrics
    curve: Curve
    early: Curve
    raw: Envelope
    raw_early: FloatArray
    raw_early_step: IntArray
    end: Curve
    window: int
    events: tuple[Event, ...] = ()

    @property
    def only_zeros(self) -> bool:
        """Whether all entries but the first are 0.0: what was logged is no loss."""
        found = self.metrics
        zeros = found.steps > 2 and found.min_loss == 0 and found.nonpositive == found.steps - 1
        return zeros and float(self.raw_early[0]) > 0

    @property
    def digest(self) -> str:
        """Equal where all entries of two series are, measured by the same settings.

        Of what is kept: no two series that differ share every extreme, mean and metric.
        """
        digest = hashlib.blake2b(repr(self.metrics).encode(), digest_size=16)
        for part in (self.curve.step, self.curve.mean, self.raw.min, self.raw.max, self.raw_early):
            digest.update(part.tobytes())
        return digest.hexdigest()
