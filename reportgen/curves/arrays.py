"""One code for two libraries: NumPy on the CPU, torch on every other device.

Loading torch takes longer than measuring dozens of runs, and NumPy's loops take half of torch's time
on a CPU. Both give the same bits. What the two name alike is taken from :func:`library`; what they do
not stands here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from reportgen.kinds import FloatArray, IntArray

__all__ = ["Array", "library", "moved_to", "on_device", "on_host", "quietly", "reduced", "sorted_rows"]

Array: TypeAlias = Any
"""A NumPy array, or a torch tensor."""


quietly = np.errstate(over="ignore", divide="ignore", invalid="ignore")
"""Decorates what meets infinities and empty windows on purpose, of which NumPy would warn."""


def library(values: Array) -> Any:
    """NumPy or torch, whichever ``values`` is of."""
    if isinstance(values, np.ndarray):
        return np
    import torch

    return torch


def on_device(host: FloatArray, device: str, *, single: bool = False) -> Array:
    """Losses on a device.

    Args:
        host: Float64.
        device: ``cpu`` for NumPy, or any of torch's.
        single: Whether as float32.
    """
    if device == "cpu":
        return host
    import torch

    return torch.from_numpy(host).to(device=device, dtype=torch.float32 if single else torch.float64)


def moved_to(host: np.ndarray[Any, Any], values: Array) -> Array:
    """An array of the host, on the device of ``values``."""
    return host if isinstance(values, np.ndarray) else library(values).from_numpy(host).to(values.device)


def on_host(values: Array) -> np.ndarray[Any, Any]:
    """``values`` as a NumPy array."""
    return values if isinstance(values, np.ndarray) else values.cpu().numpy()


def reduced(values: Array, edges: IntArray, which: Literal["min", "max"]) -> Array:
    """The least or greatest of each stretch of ``values``: (edges - 1,).

    Args:
        values: (total,) floating, no NaN.
        edges: Int64, rising; stretch k is ``values[edges[k] : edges[k + 1]]``.
        which: ``min`` or ``max``.
    """
    if isinstance(values, np.ndarray):
        reduce = np.minimum if which == "min" else np.maximum
        return reduce.reduceat(values[: edges[-1]], edges[:-1])
    lengths = moved_to(np.diff(edges), values)
    own = values[edges[0] : edges[-1]]
    return library(values).segment_reduce(own, which, lengths=lengths, unsafe=True)


def sorted_rows(rows: Array) -> Array:
    """Each row sorted."""
    return np.sort(rows, axis=1) if isinstance(rows, np.ndarray) else rows.sort(1).values
