"""Rolling statistics of a ragged batch: all runs end to end in one flat array.

The semantics are those of ``pandas.Series.rolling(window, center=True)``: the window of step ``i``
covers steps ``i - window // 2`` to ``i + (window - 1) // 2`` of its own run, and NaN and infinities
are missing.

A window of any length is put together from windows of 1, 2, 4, ... steps, each the combination of
two of half its length. So a sum never subtracts: early losses of 1e3 leave no trace in the mean of
later losses of 1e-9, as they would with a cumulative sum. How a window is put together depends on
its length alone, so a run has the same bits in every batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from reportgen import memory
from reportgen.curves.arrays import Array, library, moved_to, on_device, on_host, quietly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reportgen.kinds import FloatArray, IntArray

__all__ = [
    "Batch",
    "Reach",
    "Windows",
    "fitting",
    "pack",
    "reach_of",
    "roll",
    "rolling_mean",
    "room_on",
    "tiles",
]

TILE = 24_000
"""Elements worked on at once on a CPU: what is made of them on the way stays in a core's cache."""

DEVICE_TILE = 1 << 21
"""The same elsewhere: what is made on the way takes little memory, and some GPUs cache it."""

CPU_BATCH = 1 << 18
"""Losses in a batch on a CPU: some runs, so that what is made of them is soon used again."""

LONGEST_BATCH = 1 << 30
"""Losses in a batch on any device: they are counted in int32."""

BYTES_PER_LOSS = 128
"""Device memory that a loss may take while its batch is worked on."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a centred window goes to either side of its step, in steps."""

    left: int
    right: int

    @property
    def width(self) -> int:
        """Steps in the window."""
        return self.left + 1 + self.right


@dataclass(frozen=True, slots=True)
class Batch:
    """Runs end to end, with NaN before, between and behind them.

    The NaN reach as far as a window does, so a window that reaches past an end of its run meets
    missing values there, never another run.

    Attributes:
        values: (total,) floating, losses; run r is ``values[start[r] : start[r] + steps[r]]``.
        start: (runs,) int64.
        steps: (runs,) int64, 1 or more each.
        reach: Of the windows that this batch has room for.
    """

    values: Array
    start: IntArray
    steps: IntArray
    reach: Reach

    @property
    def origin(self) -> IntArray:
        """(runs,) int64, the first element of the window of each run's step 0."""
        return self.start - self.reach.left

    def on(self, device: str, *, single: bool = False) -> Batch:
        """A batch in the host's memory on a device; as float32 where ``single``."""
        return replace(self, values=on_device(self.values, device, single=single))

    def moved_to(self, other: Batch) -> Batch:
        """A batch in the host's memory, on the device of ``other``."""
        return replace(self, values=moved_to(self.values, other.values))


@dataclass(frozen=True, slots=True)
class Windows:
    """Statistics of every window of a batch, by the window's first element.

    The window of step i of run r is element ``batch.origin[r] + i``.

    Attributes:
        count: (windows,) int32, finite losses in the window.
        mean: (windows,) floating, of the finite losses; inf where there is none.
        min: (windows,) floating, the least finite loss; inf where there is none.
        max: (windows,) floating, the greatest finite loss; -inf where there is none.
    """

    count: Array
    mean: Array
    min: Array
    max: Array

    def on_host(self) -> Windows:
        """The same statistics in the host's memory, as float64."""
        parts = (on_host(part).astype(np.float64) for part in (self.mean, self.min, self.max))
        return Windows(on_host(self.count), *parts)


def reach_of(window: int, steps: int) -> Reach:
    """How far the window of a run needs to reach.

    A window much longer than its run is cut to the power of two above the run's length: the part
    cut off holds no loss. The result depends on one run alone, never on those beside it, because
    it decides the order in which a window is summed.

    Args:
        window: Steps in the window, 1 or more.
        steps: Steps in the run, 1 or more.
    """
    enough = 1 << (steps - 1).bit_length()
    return Reach(left=min(window // 2, enough), right=min((window - 1) // 2, enough))


def pack(losses: Sequence[FloatArray], reach: Reach) -> Batch:
    """One batch of runs in the host's memory.

    Args:
        losses: One (steps,) float64 array a run, at least one step each.
        reach: Of the windows to be taken.
    """
    memory.keep_freed()
    steps = np.array([len(run) for run in losses], dtype=np.int64)
    start = np.cumsum(steps + reach.left) - steps
    host = np.empty(int(start[-1] + steps[-1]) + reach.right, dtype=np.float64)
    behind = 0
    for first, run in zip(start.tolist(), losses, strict=True):
        host[behind:first] = np.nan
        behind = first + len(run)
        # Adding 0 makes -0 a plain 0: which of the two an extreme would pick depends on chance.
        np.add(run, 0.0, out=host[first:behind])
    host[behind:] = np.nan
    return Batch(host, start, steps, reach)


def room_on(device: str) -> int:
    """How many losses to work on at once: what caches hold on a CPU, what memory holds on CUDA."""
    if not device.startswith("cuda"):
        return CPU_BATCH
    import torch

    free, _ = torch.cuda.mem_get_info(device)
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return min((free + unused) // BYTES_PER_LOSS, LONGEST_BATCH)


def fitting(steps: Sequence[int], reach: Reach, room: int) -> int:
    """How many of the next runs, of ``steps`` each, make one batch; at least one."""
    sizes = np.cumsum(steps) + reach.left * np.arange(1, len(steps) + 1)
    return max(int(np.searchsorted(sizes, room, side="right")), 1)


def tiles(values: Array, overlap: int = 0) -> Iterator[slice]:
    """Slices that cover all elements of ``values``, to be worked on one by one.

    What is made on the way to a slice's result stays small, however many elements there are.

    Args:
        values: (total,).
        overlap: Elements beyond its slice that each element's result depends on.
    """
    tile = TILE if isinstance(values, np.ndarray) else DEVICE_TILE
    size, length = max(tile - overlap, overlap), len(values)
    return (slice(first, min(first + size, length)) for first in range(0, length, size))


@quietly
def roll(batch: Batch) -> Windows:
    """Mean, minimum and maximum of every window of a batch."""
    values, width = batch.values, batch.reach.width
    if (made := _by_kernel(batch)) is not None:
        return made
    xp = library(values)
    mean, least, greatest = (xp.empty_like(values[width - 1 :]) for _ in range(3))
    count = xp.empty_like(mean, dtype=xp.int32)
    for tile in tiles(mean, overlap=width):
        part = values[tile.start : tile.stop + width - 1]
        finite = _finite(part)
        _average(part, finite, mean[tile], count[tile])
        low, high = (
            part if finite is None else xp.where(finite, part, missing) for missing in (math.inf, -math.inf)
        )
        _overlapped(low, xp.minimum, least[tile])
        _overlapped(high, xp.maximum, greatest[tile])
    return Windows(count, mean, least, greatest)


def _by_kernel(batch: Batch) -> Windows | None:
    """The windows by a kernel of our own, where there is one for the batch and it is worth its compiling."""
    if isinstance(batch.values, np.ndarray) or not batch.values.is_cuda:
        return None
    from reportgen.curves import gpu

    if len(batch.values) < gpu.FEWEST_LOSSES or batch.reach.width > gpu.LONGEST_WINDOW:
        return None
    try:
        parts = gpu.roll_once(batch)
    except Exception:  # noqa: BLE001
        # Not every build of PyTorch brings the compiler: without it torch does the same work.
        return None
    return None if parts is None else Windows(*parts)


@quietly
def rolling_mean(batch: Batch) -> tuple[Array, Array]:
    """Mean of every window of a batch and the losses it is taken over, as in :class:`Windows`.

    Returns:
        (windows,) floating and (windows,) int32.
    """
    values, width = batch.values, batch.reach.width
    xp = library(values)
    mean = xp.empty_like(values[width - 1 :])
    count = xp.empty_like(mean, dtype=xp.int32)
    for tile in tiles(mean, overlap=width):
        part = values[tile.start : tile.stop + width - 1]
        _average(part, _finite(part), mean[tile], count[tile])
    return mean, count


def _finite(values: Array) -> Array | None:
    """Which values are finite: (total,) bool; None where all are, which one sum tells sooner."""
    return None if math.isfinite(values.sum()) else library(values).isfinite(values)


def _average(values: Array, finite: Array | None, mean: Array, count: Array) -> None:
    """Mean of the finite values in each window into ``mean``, how many they are into ``count``.

    Without ``finite``, for values that all are, the same bits come out, sooner.
    """
    xp, width = library(values), len(values) - len(count) + 1
    if finite is None:
        count[:] = width
        xp.divide(_tiled(values, width, xp.add), width, out=mean)
    else:
        seen = finite.cumsum(0, dtype=xp.int32)
        count[:] = seen[width - 1 :]
        count[1:] -= seen[:-width]
        values = xp.where(finite, values, 0.0)
        xp.divide(_tiled(values, width, xp.add), count, out=mean)
    if (kept := _finite(mean)) is not None:
        # Some windows hold no loss; others, maybe, losses so near the largest float64 that their
        # sum does not fit where their mean does.
        scale = 2.0**-64
        scaled = _tiled(values * scale, width, xp.add) / count / scale
        mean[:] = xp.where(kept, mean, scaled)
        mean[count == 0] = math.inf


def _tiled(values: Array, width: int, combine: Callable[[Array, Array], Array]) -> Array:
    """Each window from those of a power of two that tile it, the shortest first."""
    windows = len(values) - width + 1
    level, size = values, 1
    while not width & size:
        level = combine(level[:-size], level[size:])
        size *= 2
    total, covered = level[:windows], size
    while covered < width:
        level = combine(level[:-size], level[size:])
        size *= 2
        if width & size:
            total = combine(total, level[covered : covered + windows])
            covered += size
    return total


def _overlapped(values: Array, combine: Callable[..., Any], out: Array) -> None:
    """Each window from two of the longest power of two in it, which may overlap."""
    width = len(values) - len(out) + 1
    level, size = values, 1
    while 2 * size <= width:
        level = combine(level[:-size], level[size:])
        size *= 2
    combine(level[: len(out)], level[width - size :], out=out)
