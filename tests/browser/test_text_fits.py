"""Text stays inside its box: no word is cut, none leaves the screen, no name stands on another."""

from __future__ import annotations

import itertools
import re

import pypdfium2
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


def printed(page: Page) -> list[str]:
    """The text of each page of a print on A4."""
    with pypdfium2.PdfDocument(page.pdf(format="A4", print_background=True)) as document:
        return [sheet.get_textpage().get_text_bounded() for sheet in document]


def test_a_printed_table_repeats_all_of_its_header_and_no_heading_is_last(open_page: Opener) -> None:
    runs = [
        samples.run_report(f"run-of-a-family-{i}", samples.losses(60, seed=i), slug=f"r{i}")
        for i in range(105)
    ]
    few = [samples.run_report(f"add_d{i}", samples.losses(60, seed=i), slug=f"a{i}") for i in range(3, 14)]
    families = [
        samples.family_report("Many of them", runs, description="A word on many."),
        samples.family_report("Few of them", few, description="A word on few."),
    ]
    sheets = printed(open_page(samples.report(families)))
    of_rows = [text for text in sheets if text.count("run-of-a-family-") > 10 and "Figure" not in text]
    assert len(of_rows) > 2
    for text in of_rows:
        words = "".join(text.split())  # the library takes letters that are apart for words
        assert "Label" in words or "SHA-256" in words, text[:200]
    for text in sheets:
        last = [line for line in text.splitlines() if line.strip()][-3:]
        assert not {"All runs", "Many of them", "Few of them", "Definitions", "Provenance"} & set(last), last


def test_two_figures_fit_a_printed_page(open_page: Opener) -> None:
    runs = [samples.run_report(f"add_d{i}", samples.losses(60, seed=i), slug=f"a{i}") for i in range(3, 14)]
    report = samples.report([samples.family_report(name, runs) for name in ("One", "Two")])
    sheets = printed(open_page(report))
    figures = [sorted(set(re.findall(r"Figure [2-5]\.", text))) for text in sheets]
    assert [each for each in figures if each] == [["Figure 2.", "Figure 3."], ["Figure 4.", "Figure 5."]]


@pytest.mark.parametrize("width", [1440, 390])
def test_words_below_an_axis_are_all_there(open_page: Opener, width: int) -> None:
    models = ["MOMENTUM_WARMUP_A", "gpt2", "resnet50", "vit", "学习率一"]
    runs = [
        samples.run_report(
            f"run {i}",
            samples.losses(60, seed=i),
            slug=f"r{i}",
            attrs={"model": model},
            config={"model": model},
        )
        for i, model in enumerate(models)
    ]
    page = open_page(samples.report([samples.family_report("Models", runs)]), width=width)
    figure = page.locator(".figure.attribute").first
    drawn(page, f"#{figure.get_attribute('id')}")
    texts = [re.sub(r"\s", "", text) for text in figure.locator(".xtick text").all_text_contents()]
    assert len(texts) == len(models)
    assert all(model.startswith(text.rstrip("…")) for model, text in zip(models, texts, strict=True)), texts
    boxes = [one.bounding_box() for one in figure.locator(".xtick text").all()]
    for one, other in itertools.combinations([box for box in boxes if box], 2):
        apart = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        assert apart or abs(one["y"] - other["y"]) > 10
