"""Rolling statistics on a CUDA GPU, in one pass over its memory.

The way of M. van Herk, "A fast algorithm for local minimum and maximum filters on rectangular and
octagonal kernels", *Pattern Recognition Letters* 13 (1992), taken to sums as well: with blocks as long
as the window, every window is the end of one block and the beginning of the next. Each loss is read
once from the device's memory and each statistic written once; nothing is subtracted, so early losses
leave no trace in later means. A run's blocks begin with the run, so it has the same bits in every
batch. They are summed in another order than on the CPU: the last bits of a mean may differ.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from reportgen.curves.smoothing import Batch

__all__ = ["LONGEST_WINDOW", "roll_once"]

# Entries that a thread holds (odd, so that threads do not meet at a bank of the shared memory), and the
# blocks of threads that a multiprocessor shall have registers for: measured, see docs/benchmarks.md.
_PER_THREAD = {3: 8, 5: 8, 9: 5}
_WARP = 32
_MOST_THREADS = 128
_BYTES = 28  # of shared memory an entry
_SHORT = 32  # windows up to this length are summed loss by loss
_TILE = 256  # such windows at a time

FEWEST_LOSSES = 1 << 27
"""Losses in a batch from which on the kernel saves more time than the second that compiling it takes."""

LONGEST_WINDOW = 9 * _MOST_THREADS
"""Entries in a window that the kernel can take."""


def roll_once(batch: Batch) -> tuple[Any, Any, Any, Any] | None:
    """Count, mean, minimum and maximum of every window of a float64 batch on a CUDA device.

    Args:
        batch: With windows of ``LONGEST_WINDOW`` entries at most.

    Returns:
        As the fields of ``Windows``; None where a sum does not fit float64, though the mean may.
    """
    values, width = batch.values, batch.reach.width
    device = values.device
    windows = len(values) - width + 1
    mean, low, high = (torch.empty(windows, dtype=torch.float64, device=device) for _ in range(3))
    count = torch.empty(windows, dtype=torch.int32, device=device)
    overflow = torch.zeros(1, dtype=torch.int32, device=device)
    made = [mean, low, high, count, overflow]
    with torch.cuda.device(device):
        if width <= _SHORT:
            blocks = -(-windows // _TILE)
            shared = 8 * (_TILE + width - 1)
            kernel = _kernel("roll_short", None, device)
            kernel((blocks, 1, 1), (_TILE, 1, 1), [values, windows, width, *made], shared)
        else:
            threads, each = _shape(width)
            first, length = _rows(torch.from_numpy(batch.origin).to(device), windows, width)
            kernel = _kernel("roll_rows", each, device)
            shared = _BYTES * threads * each
            kernel((len(first), 1, 1), (threads, 1, 1), [values, first, length, width, *made], shared)
    return None if overflow.item() else (count, mean, low, high)


def _shape(width: int) -> tuple[int, int]:
    """Threads, in whole warps, and entries of each, that hold ``width`` entries with the fewest to spare."""
    shapes = [(_WARP * -(-width // (_WARP * each)), each) for each in _PER_THREAD]
    return min(
        (shape for shape in shapes if shape[0] <= _MOST_THREADS), key=lambda shape: shape[0] * shape[1]
    )


@functools.cache
def _kernel(name: str, each: int | None, device: torch.device) -> Any:
    """A kernel of ``roll.cu``, compiled by the compiler that PyTorch brings."""
    source = Path(__file__).with_name("roll.cu").read_text(encoding="utf-8")
    if each is not None:
        source = f"#define PER_THREAD {each}\n#define BLOCKS {_PER_THREAD[each]}\n{source}"
    with torch.cuda.device(device):
        return torch.cuda._compile_kernel(source, name)  # noqa: SLF001


def _rows(origin: torch.Tensor, windows: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """First windows of rows of ``width`` windows, and how many each has: (rows,) int64 and int32.

    Rows begin where a run does and reach up to the next run's, so that no window is left out.
    """
    end = torch.cat((origin[1:], origin.new_tensor([windows])))
    rows = (end - origin + width - 1) // width
    run = torch.repeat_interleave(rows)
    number = torch.arange(len(run), device=origin.device) - (rows.cumsum(0) - rows)[run]
    first = origin[run] + number * width
    return first, torch.minimum(end[run] - first, origin.new_tensor(width)).int()
