"""Events in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reportgen.curves.summary import Event
from reportgen.figures.runs import run_panels
from reportgen.outputs.happened import event_sentences
from reportgen.report import RunReport
from tests import samples


def with_events(*events: Event) -> RunReport:
    run = samples.run_report("r")
    series = replace(run.series["loss"], summary=replace(run.summary, events=events))
    return replace(run, series={"loss": series})


def said(*events: Event) -> tuple[str, ...]:
    return event_sentences(with_events(*events))


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Event("plateau", 100, 5_000, 1.25), "Plateau from step 100 to 5,000, at 1.25."),
        (Event("drop", 5_300, 5_600, 1.25, 0.0125), "Drop at step 5,300, from 1.25 to 0.0125."),
        (
            Event("spike", 3_000, 3_046, 3.0, 12.0),
            "Spike at step 3,000, from 3 to 12; recovered at step 3,046.",
        ),
        (
            Event("spike", 3_000, None, 3.5, 12.5),
            "Spike at step 3,000, from 3.50 to 12.5; it never recovered.",
        ),
        (Event("divergence", 150), "Not finite from step 150 on."),
        (
            Event("falling", 8_000, 9_999, slope=-0.5, interval=(-0.75, -0.25)),
            (
                "Still falling at the end: −0.005 per 10 steps "
                "(99\N{NO-BREAK SPACE}% interval −0.0075 to −0.0025)."
            ),
        ),
        (
            Event("flat", 8_000, 9_999, slope=0.001, interval=(-0.002, 0.004)),
            "Flat at the end: +1×10⁻⁵ per 10 steps (99\N{NO-BREAK SPACE}% interval −2×10⁻⁵ to +4×10⁻⁵).",
        ),
    ],
)
def test_an_event_in_words(event, text):
    assert said(event) == (text,)


def test_a_recovery_is_said_with_its_spike():
    assert said(Event("recovery", 5)) == ()


def test_of_many_the_first_and_the_end():
    spikes = [Event("spike", step, step + 1, 1.5, 2.5) for step in range(20)]
    texts = said(*spikes, Event("flat", 30, 40, slope=0.0, interval=(-1.0, 1.0)))
    assert len(texts) == 9
    assert texts[7] == "And 13 more; report.json has all."
    assert texts[8].startswith("Flat at the end")


def test_small_multiples_on_paper_mark_drops_and_where_a_run_diverged():
    drop = Event("drop", 30, 34, before=1.0, after=0.01)
    run = with_events(drop, Event("spike", 10, 12, 0.1, 9.0), Event("divergence", 50))
    marks = {
        trace["marker"]["symbol"]: (trace["x"], trace["y"])
        for trace in run_panels(samples.family_report("A", [run]), [run])["data"]
        if trace.get("mode") == "markers"
    }
    steps, values = marks["triangle-down"]
    assert steps == [30]
    assert values == pytest.approx([0.1])  # halfway between 1 and 0.01 on a log axis
    assert marks["x"][0] == [50]
    assert len(marks) == 2
