"""What the page says and shows of anyone's runs: what was once false, with inputs of its own."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import numpy as np
import pytest
from page_driver import Opener, drawn, press
from playwright.sync_api import Page, expect

from reportgen.report import RunReport
from tests import samples

ALL = "#figure-Sweep-all"
FIRST = "#figure-Sweep-linear"

DOTS = """canvas => {
  const seen = ({ x, y }, k) => k >= 0 && k < x.length && Number.isFinite(x[k]) && Number.isFinite(y[k]);
  const drawn = canvas._fullData.filter(({ fill, cliponaxis }) => fill !== "toself" && cliponaxis);
  const shown = new Map();
  for (const trace of drawn) {
    const dots = trace.mode.includes("markers");
    for (let k = 0; k < trace.x.length; k += 1) {
      const inked = dots || seen(trace, k - 1) || seen(trace, k + 1);
      if (seen(trace, k) && inked) shown.set(trace.x[k], trace.y[k]);
    }
  }
  return [...shown].sort(([a], [b]) => a - b);
}"""
"""Every value that is inked: on a piece of line between two values, or as a dot."""


def every_second(level: float, steps: int = 60) -> list[float]:
    """(steps,) losses, of which every second one is missing: ``level`` plus a thousandth a step."""
    return [level + step / 1000 if step % 2 == 0 else math.nan for step in range(steps)]


def run(name: str, values: Any, window: int = 1) -> RunReport:
    """A run whose line is the mean over ``window`` losses, its own losses at 1."""
    made = samples.run_report(name, values, slug=name, label=name)
    return samples.with_summary(made, summary=samples.summarise(values, window=window))


def opened(open_page: Opener, runs: list[RunReport], *figures: str, **fields: Any) -> Page:
    return open_page(samples.report([samples.family_report("Sweep", runs, figures=figures, **fields)]))


def caption(page: Page, figure: str) -> str:
    text = page.locator(f"{figure} figcaption").inner_text()
    return re.sub(r"\s+", " ", text).removesuffix("#").strip()


class TestValuesBetweenGaps:
    """Line 10."""

    def test_every_second_loss_is_seen(self, open_page: Opener) -> None:
        page = opened(
            open_page, [run("sparse", every_second(2.0)), run("smooth", every_second(3.0), 5)], "all"
        )
        there = [[step, 2.0 + step / 1000] for step in range(0, 60, 2)]
        drawn(page, ALL)
        page.locator("#run-sparse summary").first.click()
        page.locator("#run-smooth summary").first.click()
        for figure in ("#figure-runs--sparse-log", "#figure-runs--sparse-linear"):
            drawn(page, figure)
            inked = page.locator(f"{figure} .canvas").evaluate(DOTS)
            np.testing.assert_allclose(inked, there[: len(inked)], rtol=1e-6)
            # The first 20 entries are shown one by one.
            assert len(inked) == (30 if figure.endswith("-log") else 10)
        # Raw losses under a smoothed line without gaps.
        drawn(page, "#figure-runs--smooth-log")
        dots = page.locator("#figure-runs--smooth-log .canvas").evaluate(
            "one => one.data.filter((trace) => trace.mode === 'markers').map((trace) => [...trace.y])"
        )
        assert len(dots) == 1
        np.testing.assert_allclose(dots[0], [3.0 + step / 1000 for step in range(0, 60, 2)], rtol=1e-6)

    def test_in_rows_under_the_pointer_and_among_many(self, open_page: Opener) -> None:
        page = opened(open_page, [run(f"r{i}", every_second(2.0 + i)) for i in range(40)], "all")
        drawn(page, ALL)
        inked = page.locator(f"{ALL} .canvas").evaluate(
            "one => one.data.filter(({ mode }) => mode === 'markers').reduce((n, { x }) => n + x.length, 0)"
        )
        assert inked == 40 * 30
        row = page.locator("#table-runs tr[data-run='r0']")
        row.hover()
        dot = re.compile(r"M[-\d.]+ [-\d.]+h0")
        line = row.locator(".spark path")
        line.wait_for(state="attached")
        assert len(dot.findall(line.get_attribute("d") or "")) == 30
        drawn(page, ALL)
        page.locator(f"{ALL} .labels button").first.dispatch_event("pointerover")
        expect(page.locator(f"{ALL} .over path")).to_have_count(3)
        lit = page.locator(f"{ALL} .over path").last.get_attribute("d") or ""
        assert len(dot.findall(lit)) == 30


class TestCaptions:
    """Line 12."""

    def test_a_caption_follows_the_controls(self, open_page: Opener) -> None:
        falling = np.geomspace(3.0, 1e-4, 60)
        spiky = falling.copy()
        spiky[40] *= 500
        page = opened(open_page, [run("a", falling, 5), run("b", spiky[:45], 5)], "log")
        figure = "#figure-Sweep-log"
        drawn(page, figure)
        of = "Figure 1. Sweep: training loss over all steps"
        line = "Line: centred rolling mean over 5 entries, partial windows at the edges."
        band = (
            " Band: rolling minimum to maximum over the same window."
            " Spikes are thin vertical lines;"
            " where a window holds one, line and band show its other losses."
        )
        assert caption(page, figure) == f"{of}, log axis. {line}{band}"
        press(page, figure, "Linear")
        assert caption(page, figure) == f"{of}, linear axis. {line}{band}"
        press(page, figure, "No band")
        spikes = "Where a window holds a spike, the line shows its other losses."
        assert caption(page, figure) == f"{of}, linear axis. {line} {spikes}"
        press(page, figure, "Share")
        share = f"{of}, against the share of each run, linear axis. {line} {spikes}"
        assert caption(page, figure) == share
        press(page, figure, "Steps")
        press(page, figure, "Band")
        press(page, figure, "Log")
        assert caption(page, figure) == f"{of}, log axis. {line}{band}"

    def test_what_a_log_axis_cannot_show_is_said_on_a_log_axis_alone(self, open_page: Opener) -> None:
        values = np.geomspace(3.0, 1e-4, 60)
        values[[10, 20, 21]] = 0.0
        page = opened(open_page, [run("a", values)], "log")
        figure = "#figure-Sweep-log"
        drawn(page, figure)
        said = "3 losses of zero or below are missing: a log axis cannot show them."
        assert said in caption(page, figure)
        press(page, figure, "Linear")
        assert "missing" not in caption(page, figure)

    def test_the_lists_steps_are_said_where_they_are_seen(self, open_page: Opener) -> None:
        runs = [run("a", np.linspace(3, 1, 60)), run("b", np.linspace(3, 2, 30))]
        page = opened(open_page, runs, "log", x_range=(10.0, 20.0))
        figure = "#figure-Sweep-log"
        drawn(page, figure)
        assert "over steps 10 to 20, log axis." in caption(page, figure)
        press(page, figure, "Share")
        assert page.locator(f"{figure} .canvas").evaluate("one => one.layout.xaxis.range") == [0, 1]
        assert "over all steps, against the share of each run, log axis." in caption(page, figure)

    @pytest.mark.parametrize(
        ("limit", "said"), [(15_000, "all steps"), (50, "all steps"), (40, "the first 40 steps")]
    )
    def test_first_steps_are_as_many_as_there_are(self, open_page: Opener, limit: int, said: str) -> None:
        runs = [run("a", np.linspace(3, 1, 50)), run("b", np.linspace(3, 2, 50))]
        page = opened(open_page, runs, "linear", linear_steps=limit)
        drawn(page, FIRST)
        assert f"training loss over {said}, linear axis." in caption(page, FIRST)
        press(page, FIRST, "Log")
        assert f"training loss over {said}, log axis." in caption(page, FIRST)


class TestLabels:
    """Line 16."""

    def test_names_pushed_apart_keep_the_order_of_the_lines(self, open_page: Opener) -> None:
        # Ends a thousandth apart are less than a pixel apart; the lines' own order is another.
        order = [2, 0, 3, 1]
        ends = {f"r{i}": 1.0 + i / 1000 for i in order}
        page = opened(open_page, [run(name, np.linspace(3.0, end, 60)) for name, end in ends.items()], "all")
        self.check(page, ends)
        # The same where all lines end below what is shown.
        page.locator(f"{ALL} .canvas").evaluate(
            "one => Plotly.relayout(one, {'yaxis.range[0]': 2, 'yaxis.range[1]': 3}).then(() => null)"
        )
        self.check(page, ends)

    def check(self, page: Page, ends: dict[str, float]) -> None:
        drawn(page, ALL)
        labels = page.locator(f"{ALL} .labels button").evaluate_all(
            "all => all.map((one) => [one.dataset.run, one.getBoundingClientRect()])"
            ".map(([run, { top, bottom }]) => [run, top, bottom])"
        )
        downwards = sorted(labels, key=lambda label: label[1])
        assert [name for name, _, _ in downwards] == sorted(ends, key=ends.__getitem__, reverse=True)
        assert all(above[2] <= below[1] for above, below in itertools.pairwise(downwards))
