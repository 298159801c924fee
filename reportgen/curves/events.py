"""What happened in a curve: plateaus, drops, spikes, recoveries, divergence, and how it ends.

Always computed with NumPy in float64 on the host, so the events are the same whatever device smooths the
curve. Change points come from a piecewise linear fit to the means of disjoint blocks of the logarithms, by
optimal partitioning (Jackson et al., "An algorithm for optimal partitioning of data on an interval", *IEEE
Signal Processing Letters* 12, 2005; PELT prunes the same recursion, Killick et al., *JASA* 107, 2012: with
200 blocks there is nothing to prune). The thresholds stand in ``docs/statistics.md``.
"""

from __future__ import annotations

import itertools
import math
import statistics
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reportgen.curves.summary import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reportgen.kinds import FloatArray, IntArray

__all__ = ["events_of", "partition"]

_BLOCKS = 200
_FEWEST = 10  # Blocks of a fit, and entries of a curve that has events.
_SHORTEST = 3  # Blocks of a segment.
_PLATEAU = 6  # Blocks of a plateau, however short the run is.
_PENALTY = 6.0  # Of a segment, in variances of a block's mean times log(blocks); BIC is 3.
_NOISE = 0.01  # Changes of a hundredth and below are never looked at.
_FLAT = math.log(1.2)  # A plateau's fit stays within this.
_LONG = 0.05  # Of the run: a plateau at its shortest, the beginning of a drop at its slowest.
_DROP = math.log(1.25)
_FASTER = 4.0  # A drop is as many times faster than its plateau.
_CLEAR = 6.0  # Standard errors between a plateau and what comes after.
_ABOVE_RISES = 2.0  # A drop is as many times larger than what the curve usually rises by.
_SPIKE = math.log(1.5)
_ALONE = math.log(10.0)
_SPIKE_SPREADS = 8.0
_SPIKE_BLOCK = 50  # Entries whose median is a spike's level.
_RECOVERED = math.log(1.1)
_RECOVERY = 50  # A spike is over where this part of the entries goes by without another.
_MOST_SPIKES = 20
_END = 5  # The end is the last fifth.
_END_BLOCKS = 10
# Student's 99.5 % quantiles by degrees of freedom, so that no build loads scipy for its curves.
_STUDENT = {
    3: 5.840909309733355,
    4: 4.604094871349992,
    5: 4.032142983555228,
    6: 3.707428021324907,
    7: 3.499483297350493,
    8: 3.3553873313333957,
}


@dataclass(frozen=True, slots=True)
class _Blocks:
    """A curve without its spikes, in disjoint blocks.

    Attributes:
        means: (blocks,) float64, of the logarithms.
        first: (blocks,) int64, step of each block's first entry.
        last: (blocks,) int64, step of each block's last entry.
        noise: Standard deviation of a block's mean about the curve.
    """

    means: FloatArray
    first: IntArray
    last: IntArray
    noise: float

    @property
    def penalty(self) -> float:
        """Of a segment."""
        return _PENALTY * self.noise**2 * math.log(len(self.means))


def events_of(curves: Iterable[tuple[FloatArray, IntArray]]) -> list[tuple[Event, ...]]:
    """The events of each curve, in the order of their steps, how it ends last.

    Those of a curve are the same whichever others there are.

    Args:
        curves: Values, (entries,) float64, and their steps, (entries,) int64, rising; what was not logged
            is not among them.
    """
    single = [_without_drops(values, steps) for values, steps in curves]
    cuts = _all_cuts({curve: blocks for curve, (_, blocks, _) in enumerate(single) if blocks is not None})
    made = []
    for curve, (found, blocks, end) in enumerate(single):
        if blocks is not None:
            found.extend(_drops(blocks, cuts[curve]))
        found.sort(key=lambda event: event.step)
        diverged = bool(found) and found[-1].kind == "divergence"
        made.append(tuple(found) if end is None or diverged else (*found, end))
    return made


def _without_drops(values: FloatArray, steps: IntArray) -> tuple[list[Event], _Blocks | None, Event | None]:
    """What is found in a curve alone, what drops are looked for in, and how the curve ends."""
    finite = np.isfinite(values)
    found = _divergence(finite, steps)
    if not finite.all():
        values, steps = values[finite], steps[finite]
    if len(values) < _FEWEST:
        return found, None, None
    end = _end(values, steps)
    if values.min() <= 0:
        return found, None, end
    logs = np.log(values)
    spiking, spikes = _spikes(logs, steps)
    if spikes:
        logs, steps = logs[~spiking], steps[~spiking]
    return found + spikes, _blocks(logs, steps), end


def partition(values: FloatArray, penalty: FloatArray) -> list[list[int]]:
    """Optimal partitioning of curves into segments with a straight line each.

    Args:
        values: (curves, blocks) float64.
        penalty: (curves,) float64, of a segment, in units of the squared values.

    Returns:
        Of each curve the first block of each segment, and the number of blocks.
    """
    curves, count = values.shape
    every = np.arange(curves)
    best = np.full((curves, count + 1), np.inf)  # No segment ends before the third block, so none begins.
    best[:, 0] = -penalty
    before = np.zeros((curves, count + 1), dtype=np.int64)
    place = np.arange(count, dtype=np.float64)
    sum_x, sum_xx = _sums(place), _sums(place**2)
    sum_y, sum_yy, sum_xy = _sums(values), _sums(values**2), _sums(place * values)
    for end in range(_SHORTEST, count + 1):
        starts = slice(0, end - _SHORTEST + 1)
        size = end - np.arange(end - _SHORTEST + 1)
        x, xx = sum_x[end] - sum_x[starts], sum_xx[end] - sum_xx[starts]
        y, yy, xy = (some[:, end, None] - some[:, starts] for some in (sum_y, sum_yy, sum_xy))
        squares = np.maximum(xx - x * x / size, 1e-300)
        residual = np.maximum(yy - y * y / size - (xy - x * y / size) ** 2 / squares, 0.0)
        total = best[:, starts] + residual + penalty[:, None]
        before[:, end] = chosen = np.argmin(total, axis=1)
        best[:, end] = total[every, chosen]
    return [_edges(own, count) for own in before.tolist()]


def _sums(values: FloatArray) -> FloatArray:
    """(..., blocks + 1) float64, sums of the first 0, 1, 2, ... values."""
    sums = np.zeros((*values.shape[:-1], values.shape[-1] + 1))
    np.cumsum(values, axis=-1, out=sums[..., 1:])
    return sums


def _edges(before: list[int], count: int) -> list[int]:
    """First blocks of the segments, by what is the first block of the one that ends at each block."""
    edges = [count]
    while edges[-1] > 0:
        edges.append(before[edges[-1]])
    return edges[::-1]


def _all_cuts(curves: Mapping[int, _Blocks]) -> dict[int, list[int]]:
    """Segments of all curves; those of as many blocks are partitioned together."""
    cuts: dict[int, list[int]] = {}
    for count in {len(one.means) for one in curves.values()}:
        own = [curve for curve, one in curves.items() if len(one.means) == count]
        means = np.stack([curves[curve].means for curve in own])
        penalties = np.array([curves[curve].penalty for curve in own])
        cuts |= zip(own, partition(means, penalties), strict=True)
    return cuts


def _divergence(finite: np.ndarray[Any, Any], steps: IntArray) -> list[Event]:
    """Where the values stop being finite for good, or within the end window."""
    window = max(5, len(finite) // 20)
    bad = np.flatnonzero(~finite[-window:])
    if not len(bad):
        return []
    if finite[-1]:
        first = len(finite) - len(finite[-window:]) + int(bad[0])
    else:
        last = np.flatnonzero(finite)
        first = int(last[-1]) + 1 if len(last) else 0
    return [Event("divergence", int(steps[first]))]


def _spikes(logs: FloatArray, steps: IntArray) -> tuple[np.ndarray[Any, Any], list[Event]]:
    """Which entries spike, and the spikes with their recoveries."""
    count = len(logs)
    size = max(10, min(_SPIKE_BLOCK, count // 10))
    blocks = max(1, count // size)
    edges = count * np.arange(blocks + 1) // blocks
    lengths = np.diff(edges)
    middles = _medians(logs, edges)
    wides = 1.4826 * _medians(np.abs(logs - np.repeat(middles, lengths)), edges)
    if size < _SPIKE_BLOCK:  # Too few entries tell a spread of their own.
        wides = np.maximum(wides, np.median(wides))
    level, spread = _levels(middles, wides)
    above = logs - np.repeat(level, lengths)
    high = np.flatnonzero(above > np.repeat(np.maximum(_SPIKE, _SPIKE_SPREADS * spread), lengths))
    paired = np.diff(high, prepend=-2, append=count + 1) == 1
    begins = high[paired[:-1] | paired[1:] | (above[high] > _ALONE)]
    begins = begins[begins >= edges[1]]  # A curve begins high.
    spiking = np.zeros(count, dtype=np.bool_)
    spiking[begins] = True
    reach = max(5, count // _RECOVERY)
    found: list[Event] = []
    clear = 0
    highs = high.tolist()
    for first in begins.tolist():
        if first < clear or len(found) >= 2 * _MOST_SPIKES:
            continue
        block = int(np.searchsorted(edges, first, side="right")) - 1
        before = float(level[block])
        limit = before + _RECOVERED + 3 * float(spread[block]) / math.sqrt(5)
        clear = _recovered(logs, highs, first + 1, reach, limit)
        peak = math.exp(float(logs[first:clear].max()))
        recovered = int(steps[clear]) if clear < count else None
        found.append(Event("spike", int(steps[first]), recovered, math.exp(before), peak))
        if recovered is not None:
            found.append(Event("recovery", recovered))
        spiking[first:clear] = True
    return spiking, found


def _medians(values: FloatArray, edges: IntArray) -> FloatArray:
    """(blocks,) medians; blocks differ in length by one at most, so those of a length are sorted together."""
    first, lengths = edges[:-1], np.diff(edges)
    medians = np.empty(len(lengths))
    for length in set(lengths.tolist()):
        own = lengths == length
        # NumPy sorts rows many times faster than its median takes.
        rows = np.sort(np.lib.stride_tricks.sliding_window_view(values, length)[first[own]], axis=1)
        medians[own] = (rows[:, (length - 1) // 2] + rows[:, length // 2]) / 2
    return medians


def _levels(middles: FloatArray, wides: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(blocks,) level and spread that tell what spikes in each block."""
    # A falling curve's level is that of the block before; a spike that fills a block hides nothing.
    before = np.maximum(np.arange(len(middles)) - 1, 0)
    for block in (np.flatnonzero(middles[1:] > middles[:-1] + _SPIKE) + 1).tolist():
        filled = block
        while filled + 1 < len(middles) and middles[filled] > middles[before[filled]] + _SPIKE:
            before[filled + 1] = before[filled]
            filled += 1
    level, spread = middles[before], wides[before]
    return level, np.where(middles > level + _SPIKE, spread, np.maximum(spread, wides))


def _recovered(logs: FloatArray, high: list[int], back: int, reach: int, limit: float) -> int:
    """Where a spike is over: the level is back at once, and stays so for ``reach`` without another."""
    while back < len(logs):
        last = bisect_left(high, back + reach) - 1
        if last >= 0 and high[last] >= back:
            back = high[last] + 1
            continue
        # NumPy takes ten times as long for the median of five, and this is asked at every entry of a spike.
        near = statistics.median(logs[back : back + 5].tolist())
        if near <= limit and float(np.median(logs[back : back + reach])) <= limit:
            break
        back += 1
    return back


def _blocks(logs: FloatArray, steps: IntArray) -> _Blocks | None:
    """What drops are looked for in; None for a curve of too few entries."""
    blocks = min(_BLOCKS, len(logs) // 2)
    if blocks < _FEWEST:
        return None
    edges = len(logs) * np.arange(blocks + 1) // blocks
    means = np.add.reduceat(logs, edges[:-1]) / np.diff(edges)
    return _Blocks(means, steps[edges[:-1]], steps[edges[1:] - 1], max(_NOISE, _noise(means)))


def _drops(curve: _Blocks, cuts: list[int]) -> list[Event]:
    """Drops and the plateaus that they end."""
    means, blocks = curve.means, len(curve.means)
    fit = np.concatenate([_line(means[start:end]) for start, end in itertools.pairwise(cuts)])
    long = max(_PLATEAU, round(_LONG * blocks))
    # Most stretches are not flat, so each is first asked no further than a plateau is long.
    stretches = np.lib.stride_tricks.sliding_window_view(fit, min(long, blocks))
    flat = stretches.max(axis=1) - stretches.min(axis=1) <= _FLAT
    found: list[Event] = []
    start = 0
    while start + long < blocks:
        if not flat[start]:
            start += 1
            continue
        end = _flat_until(fit, start)
        bottom = _fallen(fit, end, long)
        if bottom is None or not _clear(means, (start, end), bottom, curve.noise, long):
            start = max(start + 1, end - long + 1)
            continue
        level, after = float(means[start:end].mean()), float(fit[bottom])
        if level - after < _ABOVE_RISES * _usual_rise(means, long):
            start = max(start + 1, end - long + 1)
            continue
        half = end - 1 + int(np.argmax(means[end - 1 : bottom + 1] <= (level + after) / 2))
        first, last = int(curve.first[start]), int(curve.last[end - 1])
        found.append(Event("plateau", first, last, math.exp(level)))
        at, until = int(curve.first[half]), int(curve.first[bottom])
        found.append(Event("drop", at, until, math.exp(level), math.exp(after)))
        start = bottom
    return found


def _noise(means: FloatArray) -> float:
    """Standard deviation of block means, from second differences, which no slope and few steps change."""
    return 1.4826 * float(np.median(np.abs(np.diff(means, 2)))) / math.sqrt(6)


def _usual_rise(means: FloatArray, long: int) -> float:
    """By how much more than usual the curve rises where it does so most: noise that lasts falls by as much.

    19 of 20 changes, from a mean over half a twentieth of the run to that of a twentieth later, are below it.
    """
    sums = np.concatenate(([0.0], np.cumsum(means)))
    near = max(2, long // 2)
    smooth = (sums[near:] - sums[:-near]) / near
    usual, most = np.quantile(smooth[long:] - smooth[:-long], [0.5, 0.95])
    return float(most - usual)


def _flat_until(fit: FloatArray, start: int) -> int:
    """The end of the stretch from a block on over which the fit stays within a plateau's bounds."""
    rest = fit[start:]
    out = np.maximum.accumulate(rest) - np.minimum.accumulate(rest) > _FLAT
    return start + int(out.argmax()) if out.any() else len(fit)


def _fallen(fit: FloatArray, end: int, long: int) -> int | None:
    """Where a fall that begins at ``end`` is over; None where it is too small, too slow, or not to stay.

    It must be several times as fast as what the plateau itself falls by: so a curve that falls steadily, as a
    power law or an exponential does, has no drop wherever it is looked at.
    """
    level = float(fit[end - 1])
    creep = max(0.0, float(fit[end - long] - level))
    lowest = level - max(_DROP, _FASTER * creep)
    near = fit[end : end + long]
    if not len(near) or float(near.min()) > lowest:
        return None
    pace = max(2, long // 2)
    bottom = end
    while bottom + 1 < len(fit):
        ahead = fit[min(len(fit) - 1, bottom + pace)]
        if fit[bottom] - ahead < _DROP / 2 and fit[bottom] <= lowest:
            break
        bottom += 1
    return bottom if float(np.median(fit[bottom : bottom + pace])) <= lowest else None


def _clear(means: FloatArray, plateau: tuple[int, int], bottom: int, noise: float, long: int) -> bool:
    """Whether the blocks before a drop and those after it differ by much more than their noise."""
    before, after = means[slice(*plateau)], means[bottom : bottom + long]
    # Noise that grows is that of its place.
    around = means[max(0, min(plateau[1], len(means) - long) - long) : bottom + long]
    error = max(noise, _noise(around)) * math.sqrt(1 / len(before) + 1 / len(after))
    return float(before.mean() - after.mean()) > _CLEAR * error


def _line(values: FloatArray) -> FloatArray:
    """The straight line through ``values`` by least squares."""
    place = np.arange(len(values)) - (len(values) - 1) / 2
    line: FloatArray = values.mean() + place * float(place @ values) / float(place @ place)
    return line


def _end(values: FloatArray, steps: IntArray) -> Event | None:
    """How the last fifth goes: a line through the means of at most 10 disjoint blocks."""
    count = max(5, len(values) // _END)
    values, steps = values[-count:], steps[-count:]
    size = (
        float(np.abs(values).max()) or 1.0
    )  # Squares of what is almost as large as a float64 holds are not.
    values = values / size
    blocks = min(_END_BLOCKS, count)
    edges = count * np.arange(blocks + 1) // blocks
    y = np.add.reduceat(values, edges[:-1]) / np.diff(edges)
    x = np.add.reduceat(steps.astype(np.float64), edges[:-1]) / np.diff(edges)
    x -= x.mean()
    squares = float(x @ x)
    if not squares:
        return None
    slope = float(x @ y) / squares
    rest = y - y.mean() - slope * x
    half = _STUDENT[blocks - 2] * math.sqrt(float(rest @ rest) / (blocks - 2) / squares)
    slope, half = 1000 * slope * size, 1000 * half * size
    low, high = slope - half, slope + half
    kind: EventKind = "falling" if high < 0 else "rising" if low > 0 else "flat"
    return Event(kind, int(steps[0]), int(steps[-1]), slope=slope, interval=(low, high))
