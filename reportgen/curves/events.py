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
from typing import TYPE_CHECKING, Any

import numpy as np

from reportgen.curves.summary import Event, EventKind

if TYPE_CHECKING:
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


def events_of(values: FloatArray, steps: IntArray) -> tuple[Event, ...]:
    """The events of a series, in the order of their steps, how it ends last.

    Args:
        values: (entries,) float64; what was not logged is not among them.
        steps: (entries,) int64, rising.
    """
    finite = np.isfinite(values)
    found = list(_divergence(finite, steps))
    values, steps = values[finite], steps[finite]
    if len(values) < _FEWEST:
        return tuple(found)
    if values.min() > 0:
        logs = np.log(values)
        spiking, spikes = _spikes(logs, steps)
        found += spikes
        found += _drops(logs[~spiking], steps[~spiking])
    found.sort(key=lambda event: event.step)
    end = None if found and found[-1].kind == "divergence" else _end(values, steps)
    return (*found, *([] if end is None else [end]))


def partition(values: FloatArray, penalty: float) -> list[int]:
    """Optimal partitioning into segments with a straight line each.

    Args:
        values: (blocks,) float64.
        penalty: Of a segment, in units of the squared values.

    Returns:
        The first block of each segment, and the number of blocks.
    """
    count = len(values)
    best = np.full(count + 1, np.inf)
    best[0] = -penalty
    before = np.zeros(count + 1, dtype=np.int64)
    place = np.arange(count, dtype=np.float64)
    sums = [
        np.concatenate(([0.0], np.cumsum(some)))
        for some in (place, values, place**2, values**2, place * values)
    ]
    for end in range(_SHORTEST, count + 1):
        starts = np.concatenate(([0], np.arange(_SHORTEST, end - _SHORTEST + 1)))
        size = end - starts
        x, y, xx, yy, xy = (some[end] - some[starts] for some in sums)
        squares = np.maximum(xx - x * x / size, 1e-300)
        residual = np.maximum(yy - y * y / size - (xy - x * y / size) ** 2 / squares, 0.0)
        total = best[starts] + residual + penalty
        chosen = int(np.argmin(total))
        best[end], before[end] = total[chosen], starts[chosen]
    edges = [count]
    while edges[-1] > 0:
        edges.append(int(before[edges[-1]]))
    return edges[::-1]


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
    edges = [count * block // blocks for block in range(blocks + 1)]
    level, spread = np.empty(count), np.empty(count)
    middle_of = _medians(logs, edges)
    middles = middle_of.tolist()
    wides = (1.4826 * _medians(np.abs(logs - np.repeat(middle_of, np.diff(edges))), edges)).tolist()
    if size < _SPIKE_BLOCK:  # Too few entries tell a spread of their own.
        wides = [max(wide, float(np.median(wides))) for wide in wides]
    was = (middles[0], wides[0])
    for (start, end), middle, wide in zip(itertools.pairwise(edges), middles, wides, strict=True):
        # A falling curve's level is that of the block before; a spike that fills a block hides nothing.
        fills = middle > was[0] + _SPIKE
        level[start:end] = was[0]
        spread[start:end] = was[1] if fills else max(was[1], wide)
        if not fills:
            was = (middle, wide)
    above = logs - level
    high = above > np.maximum(_SPIKE, _SPIKE_SPREADS * spread)
    near = np.convolve(high, np.ones(3), "same")
    spiking = high & ((near >= 2) | (above > _ALONE))
    spiking[: edges[1]] = False  # A curve begins high.
    reach = max(5, count // _RECOVERY)
    found: list[Event] = []
    clear = 0
    for first in np.flatnonzero(spiking).tolist():
        if first < clear or len(found) >= 2 * _MOST_SPIKES:
            continue
        limit = level[first] + _RECOVERED + 3 * spread[first] / math.sqrt(5)
        back = first + 1
        while back < count and not _calm(logs[back : back + reach], high[back : back + reach], limit):
            back += 1
        clear = back
        peak = math.exp(float(logs[first:clear].max()))
        recovered = int(steps[back]) if back < count else None
        found.append(Event("spike", int(steps[first]), recovered, math.exp(float(level[first])), peak))
        if recovered is not None:
            found.append(Event("recovery", recovered))
        spiking[first:clear] = True
    return spiking, found


def _medians(values: FloatArray, edges: list[int]) -> FloatArray:
    """(blocks,) medians; blocks differ in length by one at most, so those of a length are sorted together."""
    first, lengths = np.array(edges[:-1]), np.diff(edges)
    medians = np.empty(len(lengths))
    for length in np.unique(lengths).tolist():
        own = lengths == length
        medians[own] = np.median(values[first[own][:, None] + np.arange(length)], axis=1)
    return medians


def _calm(logs: FloatArray, high: np.ndarray[Any, Any], limit: float) -> bool:
    """Whether a spike is over: the level is back at once, and stays so without another."""
    # NumPy takes ten times as long for the median of five, and this is asked at every entry of a spike.
    return (
        not high.any() and statistics.median(logs[:5].tolist()) <= limit and float(np.median(logs)) <= limit
    )


def _drops(logs: FloatArray, steps: IntArray) -> list[Event]:
    """Drops and the plateaus that they end."""
    blocks = min(_BLOCKS, len(logs) // 2)
    if blocks < _FEWEST:
        return []
    edges = np.array([len(logs) * block // blocks for block in range(blocks + 1)])
    means = np.add.reduceat(logs, edges[:-1]) / np.diff(edges)
    bends = np.abs(np.diff(means, 2))
    noise = max(_NOISE, 1.4826 * float(np.median(bends)) / math.sqrt(6))
    cuts = partition(means, _PENALTY * noise**2 * math.log(blocks))
    fit = np.concatenate([_line(means[start:end]) for start, end in itertools.pairwise(cuts)])
    long = max(_PLATEAU, round(_LONG * blocks))
    found: list[Event] = []
    start = 0
    while start + long < blocks:
        end = _flat_until(fit, start)
        if end - start < long:
            start += 1
            continue
        bottom = _fallen(fit, end, long)
        if bottom is None or not _clear(means, (start, end), bottom, noise, long):
            start = max(start + 1, end - long + 1)
            continue
        level, after = float(means[start:end].mean()), float(fit[bottom])
        half = end - 1 + int(np.argmax(means[end - 1 : bottom + 1] <= (level + after) / 2))
        found.append(Event("plateau", int(steps[edges[start]]), int(steps[edges[end] - 1]), math.exp(level)))
        found.append(
            Event(
                "drop",
                int(steps[edges[half]]),
                int(steps[edges[bottom]]),
                math.exp(level),
                math.exp(after),
            )
        )
        start = bottom
    return found


def _flat_until(fit: FloatArray, start: int) -> int:
    """The end of the stretch from ``start`` on over which the fit stays within a plateau's bounds."""
    high = np.maximum.accumulate(fit[start:]) - np.minimum.accumulate(fit[start:])
    out = np.flatnonzero(high > _FLAT)
    return start + int(out[0]) if len(out) else len(fit)


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
    error = noise * math.sqrt(1 / len(before) + 1 / len(after))
    return float(before.mean() - after.mean()) > _CLEAR * error


def _line(values: FloatArray) -> FloatArray:
    """The straight line through ``values`` by least squares."""
    place = np.arange(len(values), dtype=np.float64)
    place -= place.mean()
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
    edges = np.array([count * block // blocks for block in range(blocks + 1)])
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
