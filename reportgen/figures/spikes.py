"""Smoothed curves less their spikes: one is a thin line, not a block as wide as the window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reportgen.curves.summary import Curve, Envelope
from reportgen.kinds import FloatArray

__all__ = ["Spikes", "spikes_of", "without_spikes"]


@dataclass(frozen=True, slots=True)
class Spikes:
    """The spikes of a run.

    Attributes:
        step: (spikes,) float64, rising.
        top: (spikes,) float64, the greatest loss near each.
        calm: (points,) bool, whether a point of the raw envelope has no spike.
    """

    step: FloatArray
    top: FloatArray
    calm: npt.NDArray[np.bool_]


def spikes_of(raw: Envelope, steps: tuple[int, ...]) -> Spikes:
    """What the raw envelope of a run says of its spikes, which are at ``steps``."""
    step = np.asarray(steps, dtype=np.float64)
    # A point of the envelope stands for the steps nearest to it.
    between = (raw.step[:-1] + raw.step[1:]) // 2 + 1
    place = np.searchsorted(between, step, side="right")
    calm = np.isfinite(raw.min) & np.isfinite(raw.max)
    calm[place] = False
    return Spikes(step, np.asarray(raw.max, dtype=np.float64)[place], calm)


def without_spikes(curve: Curve, raw: Envelope, spikes: Spikes, window: int) -> tuple[FloatArray, FloatArray]:
    """The smoothed line and the top of its band as they would be without the spikes.

    One loss a thousand times the others makes a plateau of a rolling mean, as wide as the window. Where a
    window holds a spike, the mean of the window's other losses stands in, as far as the raw envelope knows
    them; the geometric one, which the losses that fall back after a spike do not lift. Where all of a
    window is spikes, the line goes straight on. Other smoothers hardly feel a spike.

    Args:
        curve: Of the run.
        raw: The raw losses of all its steps.
        spikes: Of ``spikes_of``.
        window: Entries of the rolling window.

    Returns:
        Line and top, (points,) float64 each.
    """
    line, top = np.array(curve.line, dtype=np.float64), np.array(curve.max, dtype=np.float64)
    if not len(spikes.step) or window < 2:
        return line, top
    step = curve.step.astype(np.float64)
    reach = window * max(1.0, (step[-1] - step[0]) / max(1, curve.steps - 1))
    low, high = step - reach // 2, step - reach // 2 + reach - 1
    if curve.other is None:
        held = _held(spikes, low, high)
        calm = _mean(raw, spikes, low, high)
        lower = held & (calm < line)
        line = np.where(lower, calm, line)
        line = _bridged(step, line, held & ~np.isfinite(calm))
    # A point of the band carries the extremes of all steps that it stands for.
    half = np.diff(step, prepend=step[0], append=step[-1]) / 2
    held = _held(spikes, low - half[:-1], high + half[1:])
    return line, np.where(held, np.fmax(_greatest(raw, spikes, low, high), line), top)


def _held(spikes: Spikes, low: FloatArray, high: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether there is a spike from ``low`` to ``high``."""
    return np.searchsorted(spikes.step, high, side="right") > np.searchsorted(spikes.step, low)


def _mean(raw: Envelope, spikes: Spikes, low: FloatArray, high: FloatArray) -> FloatArray:
    """The mean of the envelope's points without a spike from ``low`` to ``high``; NaN where there is none."""
    positive = bool((raw.min[spikes.calm] > 0).all())
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = (np.log(raw.min) + np.log(raw.max)) / 2 if positive else (raw.min + raw.max) / 2
        middle = np.where(spikes.calm, middle, 0.0)
        sums, counts = (np.concatenate(([0.0], np.cumsum(values))) for values in (middle, spikes.calm))
        begin, end = np.searchsorted(raw.step, low), np.searchsorted(raw.step, high, side="right")
        mean = (sums[end] - sums[begin]) / (counts[end] - counts[begin])
    return np.asarray(np.exp(mean) if positive else mean)


def _greatest(raw: Envelope, spikes: Spikes, low: FloatArray, high: FloatArray) -> FloatArray:
    """The maximum of the envelope's points without a spike from ``low`` to ``high``."""
    greatest = np.append(np.where(spikes.calm, raw.max, np.nan), np.nan)
    begin = np.minimum(np.searchsorted(raw.step, low), len(raw.step) - 1)
    end = np.maximum(np.searchsorted(raw.step, high, side="right"), begin + 1)
    return np.asarray(np.fmax.reduceat(greatest, np.stack((begin, end), 1).ravel())[::2])


def _bridged(step: FloatArray, line: FloatArray, missing: npt.NDArray[np.bool_]) -> FloatArray:
    """The line with straight pieces where ``missing``, straight on a log axis where it is above 0."""
    there = ~missing & np.isfinite(line)
    if not missing.any() or not there.any():
        return line
    positive = bool((line[there] > 0).all())
    known = np.log(line[there]) if positive else line[there]
    found = np.interp(step, step[there], known)
    return np.where(missing & np.isfinite(line), np.exp(found) if positive else found, line)
