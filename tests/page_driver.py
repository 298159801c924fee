"""What tests do to a page in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page

from reportgen.report import RunReport
from tests import samples

LOG = "#figure-Addition-log"

Opener = Callable[..., Page]


def many_runs(count: int) -> list[RunReport]:
    return [
        samples.run_report(
            f"add_d{5 + i % 4}_l2_h3_t15K_s{100_000 + i}",
            samples.losses(60, end=10.0 ** -(3 + i % 6), seed=i),
            slug=f"run-{i}",
            label=f"run {i}",
        )
        for i in range(count)
    ]


def drawn(page: Page, figure: str) -> None:
    """Scrolls to a figure and waits until it is drawn."""
    # The browser's own scrolling lays out what was out of view, Playwright's does not.
    page.locator(figure).evaluate("one => one.scrollIntoView({ block: 'nearest' })")
    page.locator(f"{figure} .plot[data-drawn]").wait_for()


def range_of(page: Page, figure: str, axis: str = "x") -> list[float]:
    made: list[float] = page.locator(f"{figure} .canvas").evaluate(f"el => el.layout.{axis}axis.range")
    return made


def press(page: Page, figure: str, name: str) -> None:
    page.locator(f"{figure} .tools button", has_text=re.compile(f"^{name}$")).click()


def scales_of(page: Page, figure: str) -> list[str]:
    """The scales of values that a figure offers; none where it has one only."""
    return page.locator(f"{figure} .tools [aria-label='Value axis'] button").all_inner_texts()


def middle_of_line(page: Page, figure: str, place: int) -> tuple[float, float]:
    """Where the middle of a figure's line is on the screen."""
    x, y = page.locator(f"{figure} .canvas").evaluate(
        """(canvas, place) => {
          const trace = canvas._fullData.filter((one) => one.name && !one.name.startsWith("trace"))[place];
          const { xaxis, yaxis } = canvas._fullLayout;
          const k = Math.floor(trace.x.length / 2);
          const box = canvas.getBoundingClientRect();
          return [
            box.left + xaxis._offset + xaxis.d2p(trace.x[k]),
            box.top + yaxis._offset + yaxis.d2p(trace.y[k]),
          ];
        }""",
        place,
    )
    return x, y


def point_at_line(page: Page, figure: str, place: int) -> None:
    """Moves the pointer to the middle of a figure's line."""
    page.mouse.move(*middle_of_line(page, figure, place))


def column(page: Page, table: str, key: str) -> list[str]:
    place = page.locator(f"{table} thead th").evaluate_all(
        "(all, key) => all.findIndex((one) => one.dataset.key === key)", key
    )
    texts: list[str] = page.locator(f"{table} tbody tr:not([hidden])").evaluate_all(
        "(all, place) => all.map((row) => row.cells[place].textContent)", place
    )
    return texts
