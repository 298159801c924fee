"""Figures of what was varied and the choice of two configurations, in a real Chromium."""

from __future__ import annotations

import itertools

import numpy as np
from page_driver import Opener

from reportgen.report import FamilyReport
from tests import samples


def grid() -> FamilyReport:
    runs = [
        samples.run_report(
            f"r{lr}{wd}{seed}",
            np.full(30, 3 + lr + wd / 10 + seed / 100),
            attrs={"lr": lr, "wd": wd, "seed": seed},
            config={"lr": lr, "wd": wd, "seed": seed, "model": {"width": 8}},
            label=f"lr={lr} wd={wd} seed={seed}",
            slug=f"r{lr}{wd}{seed}",
        )
        for lr, wd, seed in itertools.product((1, 2, 3), (0, 1), (0, 1, 2))
    ]
    return samples.family_report("Sweep", runs)


def test_a_heat_map_is_drawn_and_its_cells_are_read_by_keys(open_page: Opener) -> None:
    page = open_page(samples.report([grid()]))
    plot = page.locator(".plot[data-figure=Sweep-by]")
    plot.scroll_into_view_if_needed()
    page.wait_for_selector(".plot[data-figure=Sweep-by][data-drawn]")
    assert plot.locator(".shapelayer path, .layer-below path").count() >= 6
    words = plot.locator(".annotation-text").all_text_contents()
    assert sum("n 3" in text for text in words) == 6
    plot.focus()
    page.keyboard.press("ArrowDown")
    assert page.locator("#tip").is_visible()
    said = page.locator("#tip").inner_text()
    assert "lr 1, wd 0" in said
    assert "3" in said


def test_two_configurations_are_chosen_and_compared(open_page: Opener) -> None:
    page = open_page(samples.report([grid()]))
    place = page.locator(".compare").first
    place.scroll_into_view_if_needed()
    first, second = place.locator("select").nth(0), place.locator("select").nth(1)
    first.select_option(label="lr=1 wd=0")
    second.select_option(label="lr=3 wd=1")
    rows = [
        row.all_inner_texts() for row in (one.locator("th, td") for one in place.locator("tbody tr").all())
    ]
    assert rows == [["lr", "1", "3"], ["wd", "0", "1"]]
    second.select_option(label="lr=1 wd=0")
    assert "Nothing differs." in place.inner_text()
