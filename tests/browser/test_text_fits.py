"""Text stays inside its box: no word is cut, none leaves the screen, no name stands on another."""

from __future__ import annotations

import pytest
from page_driver import Opener, drawn
from playwright.sync_api import Page

from reportgen.report import Report
from tests import samples

NAMES = (
    "学习率一-批大小二百五十六",
    "معدل-التعلم-الأول",
    "MOMENTUM_WARMUP_AND_COSINE_DECAY_A",
    "🚀-run-🚀",
    "experiment-gpt2-openwebtext-seed1",
    "llama-7b-lora-openassistant-guanaco-r16-alpha16-dropout0.05-cosine-fp16-seed1234",
)

BOXES = (
    "td, th, button, summary, label, .labels span, .legend span, .plot, figcaption, p, li, dd, dt, h1, h2, h3"
)
UNSEEN = "script, style, .hidden-text, .skip, option, title, noscript, .anchor"
OUTSIDE = """([boxes, unseen]) => {
  const found = [], near = 1.5, walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const own = node.parentElement;
    if (!node.data.trim() || own.closest(unseen)) continue;
    if (!own.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const limits = own.closest(own.closest("svg") ? ".plot" : boxes)?.getBoundingClientRect();
    const scrolls = own.closest(".scroll, pre, .columns .list");
    for (const text of range.getClientRects()) {
      if (!text.width) continue;
      const leaves = !scrolls && (text.left < -near || text.right > innerWidth + near);
      const cut = limits && (text.left < limits.left - near || text.right > limits.right + near);
      const what = leaves ? "leaves the screen" : "leaves its box";
      if (leaves || cut) found.push(`${what}: ${own.tagName} ${node.data.trim().slice(0, 60)}`);
    }
  }
  return found;
}"""

OVERPRINTED = """() => [...document.querySelectorAll(".plot .labels")].flatMap((labels) => {
  const boxes = [...labels.children].map((one) => [one.textContent, one.getBoundingClientRect()]);
  const shared = (a, b, from, to) => Math.min(a[to], b[to]) - Math.max(a[from], b[from]);
  const over = (a, b) => shared(a, b, "left", "right") > 1 && shared(a, b, "top", "bottom") > 3;
  return boxes.flatMap(([name, a], i) =>
    boxes.slice(i + 1).filter(([, b]) => over(a, b)).map(([other]) => `${name} on ${other}`));
})"""


def strangers() -> Report:
    """Runs with names of many scripts, one family of a few and one of many."""
    runs = [
        samples.run_report(
            name, samples.losses(300, start=7, end=2.05 + 0.1 * i, seed=i), label=name, slug=f"r{i}"
        )
        for i, name in enumerate(NAMES)
    ]
    more = [
        samples.run_report(
            f"{NAMES[i % 6]}-{i}", samples.losses(60, seed=i), slug=f"m{i}", label=f"{NAMES[i % 6]}-{i}"
        )
        for i in range(45)
    ]
    families = [
        samples.family_report("Names of many scripts: 学习率", runs, figures=("all", "end", "linear")),
        samples.family_report("MANY_RUNS", more, figures=("all",)),
    ]
    return samples.report(families, title="Runs whose names are long: 学习率一 and MOMENTUM_WARMUP")


def seen_whole(page: Page) -> None:
    """Draws every figure, unfolds a run, and looks at the text of each view."""
    for figure in page.locator("figure.figure:visible").all():
        drawn(page, f"#{figure.get_attribute('id')}")
    assert page.evaluate(OUTSIDE, [BOXES, UNSEEN]) == []
    assert page.evaluate(OVERPRINTED) == []
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, "the page scrolls sideways"


@pytest.mark.parametrize("width", [1440, 768, 390])
@pytest.mark.parametrize("made", [samples.sample_report, strangers, samples.hostile_report])
def test_every_text_is_inside_its_box(open_page: Opener, width: int, made: object) -> None:
    assert callable(made)
    page = open_page(made(), width=width)
    seen_whole(page)
    menu = page.locator(".columns summary").first
    menu.click()
    box = page.locator(".columns[open] .list").first.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def test_a_phone_sees_label_and_what_ranks_first(open_page: Opener) -> None:
    page = open_page(samples.sample_report(), width=390)
    heads = page.locator("#table-runs thead th:visible")
    assert [heads.nth(i).inner_text() for i in range(2)] == ["Label", "AvgFinalLoss"]
    box = heads.nth(1).bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 390


@pytest.mark.parametrize(("width", "seen"), [(1440, ".figure .plot"), (390, ".findings, .status")])
def test_the_first_screen_has_a_curve_or_on_a_phone_a_loss(open_page: Opener, width: int, seen: str) -> None:
    page = open_page(samples.sample_report(), width=width)
    box = page.locator(seen).first.bounding_box()
    assert box is not None
    assert box["y"] < 700


def test_on_paper_headers_stay_on_top_and_nothing_empty_has_a_heading(open_page: Opener) -> None:
    """Sticky headers are printed at a table's foot; runs that are folded are not printed at all."""
    page = open_page(samples.sample_report())
    page.emulate_media(media="print")
    heads = page.locator("#table-runs thead th").evaluate_all(
        "heads => heads.map((one) => getComputedStyle(one).position)"
    )
    assert set(heads) == {"static"}
    assert page.locator("h3[id^='runs-']:visible").count() == 0
