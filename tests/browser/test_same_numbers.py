"""Page and paper write the same numbers: ticks of axes, and what is read in a figure."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from page_driver import Opener, drawn, many_runs
from playwright.sync_api import Browser

from reportgen import notation
from reportgen.figures.axes import tick_texts, ticks
from reportgen.report import Report
from reportgen.resources import folder
from tests import samples


def evaluated(browser: Browser, expression: str, cases: Sequence[Any]) -> list[Any]:
    """What an expression with functions of ``ticks.js`` gives for ``cases``."""
    source = (folder("templates") / "page" / "ticks.js").read_text()
    words = {"minus": notation.MINUS, "raised": notation.SUPERSCRIPTS, "missing": notation.MISSING}
    page = browser.new_page()
    given = f"const page = {{ notation: {json.dumps(words)} }};"
    found: list[Any] = page.evaluate(f"cases => {{ {given} {source}\n return {expression}; }}", cases)
    page.close()
    return found


def ranges() -> Iterator[tuple[float, float, int, bool, bool]]:
    """Low and high end, most ticks, whether on a log axis, whether of whole numbers; like those of axes."""
    chance = random.Random(1)
    for _ in range(150):
        low = 10 ** chance.uniform(-9, 5)
        yield low, low * 10 ** chance.uniform(0.05, 9), chance.randint(2, 12), True, False
        low = chance.choice([0.0, chance.uniform(-5, 5), 10 ** chance.uniform(-6, 5)])
        yield low, low + 10 ** chance.uniform(-5, 6), chance.randint(2, 12), False, False
        start = chance.choice([0, chance.randint(1, 10_000)])
        yield start, start + chance.randint(2, 300_000), chance.randint(2, 12), False, True


def test_ticks_are_those_of_paper(browser: Browser) -> None:
    cases = list(ranges())
    found = evaluated(
        browser,
        """cases.map(([low, high, room, log, whole]) => {
          const values = ticksOf(low, high, room, { log, whole });
          return [values, tickTexts(values, log)];
        })""",
        cases,
    )
    for (low, high, most, log, whole), (values, texts) in zip(cases, found, strict=True):
        own = ticks(low, high, most, log=log, whole=whole)
        assert values == pytest.approx(own, rel=1e-12), (low, high, most, log, whole)
        assert texts == tick_texts(own, log=log), (low, high, most, log, whole)


def columns() -> Iterator[list[float]]:
    chance = random.Random(2)
    for _ in range(150):
        size = 10 ** chance.uniform(-10, 7)
        yield [size * 10 ** chance.uniform(-1.5, 0) for _ in range(chance.randint(1, 4))]
        yield [round(chance.random(), chance.randint(2, 5)) for _ in range(3)]
    yield from ([0.9996, 0.99999], [3.27, 3.2773], [0.0, 2.5], [1.0, 2.0, 1500.0], [5e-9], [1.0])


def test_numbers_that_are_read_are_those_of_tables(browser: Browser) -> None:
    cases = list(columns())
    found = evaluated(browser, "cases.map((values) => values.map(formOf(values)))", cases)
    for values, texts in zip(cases, found, strict=True):
        form = notation.form_of(values)
        assert texts == [form(value) for value in values], values


def reports() -> Iterator[Report]:
    """Ordinary losses, nine lines within a tenth, powers of ten, spikes, many runs, uneven lengths."""
    yield samples.sample_report()
    for name, losses in (
        ("Ordinary", [samples.losses(400, start=7, end=2.05 + 0.1 * i, seed=i) for i in range(3)]),
        ("Close", [samples.losses(30, start=5, end=3.27 + 0.01 * i, seed=i) for i in range(9)]),
        ("Small", [samples.losses(2_000, end=10.0 ** -(7 + i), seed=i) for i in range(3)]),
        ("Uneven", [samples.losses(n, start=6, end=2, seed=n) for n in (200, 3_000, 30_000)]),
    ):
        runs = [samples.run_report(f"run-{i}", each, slug=f"run-{i}") for i, each in enumerate(losses)]
        yield samples.report([samples.family_report(name, runs, figures=("all", "log", "linear", "end"))])
    yield samples.report([samples.family_report("Many", many_runs(60), figures=("all", "end"))])


def test_axes_of_six_reports_have_the_ticks_of_paper(open_page: Opener) -> None:
    """The same rule on the same range, one kind of number an axis; with the room that the page has."""
    seen = 0
    for report in reports():
        page = open_page(report)
        for figure in page.locator("figure.all, figure.log, figure.linear, figure.end").all():
            drawn(page, f"#{figure.get_attribute('id')}")
            axes = figure.locator(".canvas").evaluate(
                """canvas => ["xaxis", "yaxis"].map((name) => {
                  const axis = canvas._fullLayout[name];
                  return [axis.type === "log", axis.range, [...axis.tickvals], [...axis.ticktext]];
                })"""
            )
            for log, ends, values, texts in axes:
                low, high = (10.0**end if log else end for end in ends)
                assert len(values) >= 2, (report.families[0].name, low, high)
                own = [ticks(low, high, most, log=log) for most in range(2, 30)]
                assert any(same(values, each) for each in own), (low, high, values)
                if not texts[0].endswith("%"):
                    assert texts == tick_texts(values, log=log)
                assert len({kind_of(text) for text in texts if text != "0"}) == 1, texts
                if not log:  # no tick is missing at the end
                    assert high - values[-1] < values[-1] - values[-2] + 1e-9
                seen += 1
        page.context.close()
    assert seen > 30


def same(values: Sequence[float], others: Sequence[float]) -> bool:
    return len(values) == len(others) and all(
        math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
        for one, other in zip(values, others, strict=True)
    )


def kind_of(text: str) -> str:
    raised = any(sign in text for sign in notation.SUPERSCRIPTS)
    return "power" if raised else "share" if text.endswith("%") else "plain"
