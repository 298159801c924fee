"""What happened in a curve, in sentences. Plain text, for screen and paper alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.notation import MINUS, loss, rounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reportgen.curves.summary import Event
    from reportgen.report import RunReport

__all__ = ["event_sentences"]

_MOST = 8
_WAYS = {"flat": "Flat at the end", "falling": "Still falling at the end", "rising": "Rising at the end"}


def event_sentences(run: RunReport) -> tuple[str, ...]:
    """The events of a run's ranked series, a sentence each; where there are many, the first and the end."""
    said = list(_sentences(run.summary.events))
    if len(said) <= _MOST:
        return tuple(said)
    more = len(said) - _MOST
    return (*said[: _MOST - 1], f"And {more:,} more; report.json has all.", said[-1])


def _sentences(events: tuple[Event, ...]) -> Iterator[str]:
    for event in events:
        if event.kind == "plateau":
            yield f"Plateau from step {event.step:,} to {event.until or 0:,}, at {loss(event.before)}."
        elif event.kind == "drop":
            yield f"Drop at step {event.step:,}, from {loss(event.before)} to {loss(event.after)}."
        elif event.kind == "spike":
            back = "; it never recovered" if event.until is None else f"; recovered at step {event.until:,}"
            yield f"Spike at step {event.step:,}, from {loss(event.before)} to {loss(event.after)}{back}."
        elif event.kind == "divergence":
            yield f"Not finite from step {event.step:,} on."
        elif event.slope is not None and event.interval is not None:
            low, high = (_signed(end) for end in event.interval)
            slope = f"{_signed(event.slope)} per 1,000 steps"
            yield f"{_WAYS[event.kind]}: {slope} (99\N{NO-BREAK SPACE}% interval {low} to {high})."


def _signed(value: float) -> str:
    text = rounded(value)
    return text if text.startswith(MINUS) else f"+{text}"
