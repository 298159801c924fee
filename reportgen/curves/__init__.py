"""Losses -> what a report draws and says of them: smoothing, thinning, metrics.

Knows arrays, not files. NumPy is loaded by what computes, torch for a GPU alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reportgen.curves.devices import device_name, pick_device
from reportgen.curves.summary import (
    THRESHOLDS,
    Curve,
    CurveSettings,
    Envelope,
    LossMetrics,
    Summary,
)
from reportgen.kinds import FloatArray

__all__ = [
    "THRESHOLDS",
    "Curve",
    "CurveSettings",
    "Envelope",
    "LossMetrics",
    "Summary",
    "device_name",
    "pick_device",
    "summarise",
]


def summarise(
    losses: Sequence[FloatArray],
    settings: CurveSettings | Sequence[CurveSettings],
    device: str = "cpu",
    *,
    on_note: Callable[[str], None] | None = None,
) -> list[Summary]:
    """What a report needs of each run: raw losses in, kilobytes out.

    A run's summary depends on its own losses and settings alone: it has the same bits whatever
    runs stand beside it and however many fit the device at once.

    Args:
        losses: One (steps,) float64 array a run, 1 step or more; NaN and infinities are missing.
        settings: Of all runs, or one for each.
        device: What :func:`pick_device` returned.
        on_note: Told, in a sentence, when the device ran out of memory and what was done.

    Returns:
        One summary a run, in order.

    Raises:
        ValueError: A run without losses.
    """
    from reportgen.curves.batches import summaries

    each = [settings] * len(losses) if isinstance(settings, CurveSettings) else settings
    return summaries(losses, each, device, on_note or (lambda _note: None))
