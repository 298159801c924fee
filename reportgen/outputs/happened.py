"""What happened in a curve, in sentences. Plain text, for screen and paper alike."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reportgen.notation import MINUS, loss, rounded
from reportgen.report import step_unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reportgen.curves.summary import Event
    from reportgen.report import RunReport

__all__ = ["event_sentences"]

_MOST = 8
_SLOPE_OVER = 1_000
"""Steps of an event's slope."""
_WAYS = {"flat": "Flat at the end", "falling": "Still falling at the end", "rising": "Rising at the end"}


def event_sentences(run: RunReport) -> tuple[str, ...]:
    """The events of a run's ranked series, a sentence each; where there are many, the first and the end."""
    said = list(_sentences(run.summary.events, run.trained_steps, step_unit([run])))
    if len(said) <= _MOST:
        return tuple(said)
    more = len(said) - _MOST
    return (*said[: _MOST - 1], f"And {more:,} more; report.json has all.", said[-1])


def _sentences(events: tuple[Event, ...], steps: int, unit: str) -> Iterator[str]:
    # A slope is told over a part of the run that there is: 100 steps of 384.
    over = min(_SLOPE_OVER, 10 ** int(math.log10(max(steps, 1))))
    for event in events:
        if event.kind == "plateau":
            yield f"Plateau from {unit} {event.step:,} to {event.until or 0:,}, at {loss(event.before)}."
        elif event.kind == "drop":
            yield f"Drop at {unit} {event.step:,}, from {loss(event.before)} to {loss(event.after)}."
        elif event.kind == "spike":
            back = "; it never recovered" if event.until is None else f"; recovered at {unit} {event.until:,}"
            yield f"Spike at {unit} {event.step:,}, from {loss(event.before)} to {loss(event.after)}{back}."
        elif event.kind == "divergence":
            yield f"Not finite from {unit} {event.step:,} on."
        elif event.slope is not None and event.interval is not None:
            slope, low, high = (_signed(one * over / _SLOPE_OVER) for one in (event.slope, *event.interval))
            yield (
                f"{_WAYS[event.kind]}: {slope} per {over:,} {unit}{'' if over == 1 else 's'} "
                f"(99\N{NO-BREAK SPACE}% interval {low} to {high})."
            )


def _signed(value: float) -> str:
    text = rounded(value)
    return text if text.startswith(MINUS) else f"+{text}"
