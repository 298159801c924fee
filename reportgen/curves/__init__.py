"""Series -> what a report draws and says of them: smoothing, thinning, metrics.

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
from reportgen.kinds import FloatArray, Series

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
    series: Sequence[Series | FloatArray],
    settings: CurveSettings | Sequence[CurveSettings],
    device: str = "cpu",
    *,
    on_note: Callable[[str], None] | None = None,
) -> list[Summary]:
    """What a report needs of each series: raw values in, kilobytes out.

    A summary depends on its own series and settings alone: it has the same bits whatever else is in
    the batch and however much fits the device at once. Windows count entries, metrics speak of steps.

    Args:
        series: With 1 entry or more each, steps never falling; an array is one with steps 0, 1, 2, ...
            NaN and infinities are missing.
        settings: Of all series, or one for each.
        device: What :func:`pick_device` returned.
        on_note: Told, in a sentence, when the device ran out of memory and what was done.

    Returns:
        One summary a series, in order.

    Raises:
        ValueError: A series without entries.
    """
    from reportgen.curves.batches import summaries

    given = [one if isinstance(one, Series) else Series("loss", one) for one in series]
    each = [settings] * len(given) if isinstance(settings, CurveSettings) else settings
    return summaries(given, each, device, on_note or (lambda _note: None))
