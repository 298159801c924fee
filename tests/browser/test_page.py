"""The page in a real Chromium: what a reader sees and does, and what must not happen."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from reportgen.model_list import Theme
from reportgen.outputs import html
from reportgen.report import Report, RunReport
from tests import samples

AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
LOG = "#figure-Addition-log"

Opener = Callable[..., Page]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    # As root, in a container, Chromium has no sandbox of its own.
    flags = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    """Opens a report; afterwards no script may have failed and nothing may have been asked for."""
    complaints: list[str] = []
    contexts = []

    def opened(report: Report, *, width: int = 1440, at: str = "", **options: Any) -> Page:
        pictures = options.pop("pictures", None)
        file = tmp_path / "report.html"
        file.write_text(html.render(report, pictures=pictures), encoding="utf-8", newline="")
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith(("file:", "data:", "blob:"))
                else complaints.append(request.url)
            ),
        )
        page.goto(file.as_uri() + at)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


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
    page.locator(figure).scroll_into_view_if_needed()
    page.locator(f"{figure} .plot[data-drawn]").wait_for()


def range_of(page: Page, figure: str, axis: str = "x") -> list[float]:
    made: list[float] = page.locator(f"{figure} .canvas").evaluate(f"el => el.layout.{axis}axis.range")
    return made


def press(page: Page, figure: str, name: str) -> None:
    page.locator(f"{figure} .tools button", has_text=re.compile(f"^{name}$")).click()


def point_at_line(page: Page, figure: str, place: int) -> None:
    """Moves the pointer to the middle of a figure's line."""
    x, y = page.locator(f"{figure} .canvas").evaluate(
        """(canvas, place) => {
          const trace = canvas._fullData.filter((one) => !one.fill || one.fill === "none")[place];
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
    page.mouse.move(x, y)


def test_every_figure_is_drawn_once_it_is_scrolled_to(open_page: Opener) -> None:
    page = open_page(samples.sample_report())
    assert page.locator(".plot[data-drawn]").count() < page.locator(".plot").count()
    page.evaluate("for (const run of document.querySelectorAll('details.run')) run.open = true")
    names = page.locator("figure").evaluate_all("all => all.map((one) => one.id)")
    assert len(names) == 1 + 3 * 2 + 8 * 2
    for name in names:
        drawn(page, f"#{name}")
        assert page.locator(f"#{name} .canvas .scatterlayer path").count() > 0, name


def test_figures_hold_the_reports_numbers(open_page: Opener) -> None:
    report = samples.sample_report()
    page = open_page(report)
    drawn(page, LOG)
    traces = page.locator(f"{LOG} .canvas").evaluate(
        "el => el.data.filter((one) => !one.fill).map((one) => [Array.from(one.x), Array.from(one.y)])"
    )
    for (x, y), run in zip(traces, report.families[0].runs, strict=True):
        assert x == run.summary.curve.step.tolist()
        np.testing.assert_allclose(y, run.summary.curve.mean, rtol=1e-6)


def test_ticks_are_powers_of_ten(open_page: Opener) -> None:
    page = open_page(samples.sample_report())
    drawn(page, LOG)
    ticks = page.locator(f"{LOG} .ytick text").all_text_contents()
    assert len(ticks) >= 4
    assert all(re.fullmatch("1|10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", tick) for tick in ticks)


def test_controls_of_one_figure_and_of_all(open_page: Opener) -> None:
    page = open_page(samples.sample_report())
    drawn(page, LOG)
    kind = "el => el.layout.yaxis.type"
    assert page.locator(f"{LOG} .canvas").evaluate(kind) == "log"
    press(page, LOG, "Linear")
    assert page.locator(f"{LOG} .canvas").evaluate(kind) == "linear"
    bands = page.locator(f"{LOG} .canvas").evaluate("el => el.data.filter((one) => one.fill).length")
    press(page, LOG, "No band")
    assert bands == 3
    assert page.locator(f"{LOG} .canvas").evaluate("el => el.data.length") == 3
    press(page, LOG, "Fraction")
    assert range_of(page, LOG) == [0, 1]
    page.locator("#settings button", has_text=re.compile("^Log$")).click()
    drawn(page, "#figure-Seeds-linear")
    assert page.locator("#figure-Seeds-linear .canvas").evaluate(kind) == "log"
    drawn(page, LOG)
    assert page.locator(f"{LOG} .canvas").evaluate(kind) == "log"
    assert (
        page.locator(f"{LOG} .tools button", has_text=re.compile("^Log$")).get_attribute("aria-pressed")
        == "true"
    )


def test_a_run_lights_up_in_figures_and_rows(open_page: Opener) -> None:
    report = samples.sample_report()
    page = open_page(report)
    drawn(page, LOG)
    point_at_line(page, LOG, 1)
    slug = report.families[0].runs[1].slug
    page.locator(f"tr[data-run='{slug}'].lit").first.wait_for(state="attached")
    expect(page.locator(f"{LOG} .over path")).to_have_count(2)
    tip = page.locator("#tip").inner_text()
    middle = len(report.families[0].runs[1].summary.curve.step) // 2
    assert re.search(rf"Step\s+{middle}\b", tip)
    for words in (report.families[0].runs[1].label, "Rolling mean", "Rolling minimum", "Rolling maximum"):
        assert words in tip
    page.mouse.move(2, 2)
    page.locator(f"tr[data-run='{slug}'].lit").first.wait_for(state="detached")
    page.locator(f"#table-family-Addition tr[data-run='{slug}']").hover()
    expect(page.locator("#figure-Addition-linear .over path")).to_have_count(2)
    page.mouse.move(2, 2)
    drawn(page, LOG)
    expect(page.locator(".over path")).to_have_count(0)


def test_a_click_on_a_row_brings_the_runs_own_section(open_page: Opener) -> None:
    report = samples.sample_report()
    page = open_page(report)
    slug = report.families[1].runs[2].slug
    page.locator(f"#table-runs tr[data-run='{slug}'] td").nth(1).click()
    section = page.locator(f"#run-{slug}")
    assert section.get_attribute("open") is not None
    page.wait_for_function(
        "id => Math.abs(document.getElementById(id).getBoundingClientRect().top) < 200", arg=f"run-{slug}"
    )


def test_a_link_to_a_run_unfolds_it(open_page: Opener) -> None:
    page = open_page(samples.report([samples.family_report("Many", many_runs(45))]), at="#run-run-44")
    assert page.locator("#run-run-44").get_attribute("open") is not None
    page.locator("#run-run-44 .plot[data-drawn]").first.wait_for()


def test_zooming_in_shows_finer_points_or_says_that_there_are_none(open_page: Opener) -> None:
    long = samples.losses(4000, seed=1)
    run = samples.run_report("long", long)
    # The first 40 steps are embedded one by one, all 4,000 as 800 points.
    page = open_page(samples.report([samples.family_report("Addition", [run])]))
    drawn(page, LOG)

    def zoom(first: float, last: float) -> str:
        page.locator(f"{LOG} .canvas").evaluate(
            "(el, [first, last]) => Plotly.relayout(el, {'xaxis.range[0]': first, 'xaxis.range[1]': last})"
            ".then(() => null)",
            [first, last],
        )
        return page.locator(f"{LOG} .tools .said").inner_text()

    # plotly.js is the page's own, and so is its name.
    assert page.evaluate("typeof Plotly") == "object"
    assert zoom(0, 30) == "Finer points: every step, the finest that this page holds."
    assert page.locator(f"{LOG} .canvas").evaluate("el => el.data.at(-1).x.length") == 40
    assert zoom(2000, 2100) == "These are all the points that this page holds: one point every 5 steps."
    press(page, LOG, "Whole figure")
    assert range_of(page, LOG) == [0, 3999]
    assert page.locator(f"{LOG} .tools .said").inner_text() == ""


def test_dragging_zooms_and_a_double_click_zooms_out(open_page: Opener) -> None:
    page = open_page(samples.sample_report())
    drawn(page, LOG)
    page.locator(LOG).evaluate("el => el.scrollIntoView()")
    box = page.locator(f"{LOG} .plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 300, steps=4)
    page.mouse.up()
    page.wait_for_function(f"() => document.querySelector('{LOG} .canvas').layout.xaxis.range[0] > 1")
    page.locator(f"{LOG} .plot").dblclick(position={"x": 400, "y": 200})
    page.wait_for_function(f"() => document.querySelector('{LOG} .canvas').layout.xaxis.range[0] === 0")


def test_many_lines_stay_few_traces_with_some_names(open_page: Opener) -> None:
    runs = many_runs(60)
    page = open_page(samples.report([samples.family_report("Addition", runs)]))
    drawn(page, LOG)
    # One for each number of digits.
    assert page.locator(f"{LOG} .canvas").evaluate("el => el.data.length") == 4
    names = page.locator(f"{LOG} .labels span").all_inner_texts()
    assert 4 <= len(names) <= 12
    ranked = sorted(runs, key=lambda run: run.summary.metrics.avg_final_loss or 0.0)
    assert {ranked[0].label, ranked[-1].label} <= set(names)
    assert page.locator(".legend span").count() <= 1  # the family's, in AvgFinalLoss against digits
    page.locator("#table-family-Addition tr[data-run='run-7']").hover()
    expect(page.locator("#figure-Addition-linear .over path")).to_have_count(2)


def test_the_keyboard_reads_figures(open_page: Opener) -> None:
    report = samples.sample_report()
    page = open_page(report)
    drawn(page, LOG)
    page.locator(f"{LOG} .plot").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    run = report.families[0].runs[1]
    spoken = page.locator("body > [role=status]").inner_text()
    assert spoken.startswith(f"{run.label}: Step 1, Rolling mean ")
    page.keyboard.press("Escape")
    expect(page.locator("#tip")).to_be_hidden()


def column(page: Page, table: str, key: str) -> list[str]:
    place = page.locator(f"{table} thead th").evaluate_all(
        "(all, key) => all.findIndex((one) => one.dataset.key === key)", key
    )
    texts: list[str] = page.locator(f"{table} tbody tr:not([hidden])").evaluate_all(
        "(all, place) => all.map((row) => row.cells[place].textContent)", place
    )
    return texts


def test_tables_sort_by_value(open_page: Opener) -> None:
    report = samples.sample_report()
    page = open_page(report)
    head = page.locator("#table-runs th[data-key=avg_final_loss]")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    known = [run for run in report.runs if run.summary.metrics.avg_final_loss is not None]
    rising = sorted(known, key=lambda run: run.summary.metrics.avg_final_loss or 0.0)
    names = [run.spec.name for run in rising]
    assert column(page, "#table-runs", "name")[:-1] == names
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    shown = column(page, "#table-runs", "name")
    assert shown[:-1] == names[::-1]
    assert shown[-1] == "mix_d7_l3_h4_t30K_s572091"  # without a value: last either way


def test_tables_filter_by_text_and_by_family(open_page: Opener) -> None:
    page = open_page(samples.sample_report())
    page.locator("#table-runs input[type=search]").fill("D5 add")
    assert len(column(page, "#table-runs", "name")) == 4
    page.locator("#table-runs select").select_option("Seeds")
    assert len(column(page, "#table-runs", "name")) == 3
    assert page.locator("#table-runs .said").first.inner_text() == "3 of 8"


def test_readers_choose_columns(open_page: Opener) -> None:
    page = open_page(samples.sample_report())
    head = page.locator("#table-runs th[data-key=seed]")
    assert head.is_hidden()
    page.locator("#table-runs .columns summary").click()
    page.locator("#table-runs .columns label", has_text=re.compile(r"^\s*Seed$")).click()
    assert head.is_visible()
    page.keyboard.press("Escape")
    assert page.locator("#table-runs .columns").get_attribute("open") is None


def test_tables_are_copied_as_csv_and_latex(open_page: Opener) -> None:
    report = samples.sample_report()
    page = open_page(report, permissions=["clipboard-read", "clipboard-write"])
    table = "#table-family-Addition"
    page.locator(f"{table} button", has_text="Copy as CSV").click()
    page.locator(f"{table} .said", has_text="Copied.").wait_for()
    head, *rows = page.evaluate("navigator.clipboard.readText()").splitlines()
    place = head.split(",").index("AvgFinalLoss")
    for row, run in zip(rows, report.families[0].runs, strict=True):
        assert float(row.split(",")[place]) == run.summary.metrics.avg_final_loss
    page.locator(f"{table} button", has_text="Copy as LaTeX").click()
    page.wait_for_function("() => navigator.clipboard.readText().then((text) => text.includes('toprule'))")
    text = page.evaluate("navigator.clipboard.readText()")
    assert r"add\_d5\_l2\_h3\_t15K\_s372001" in text
    assert text.count(r"\\") == 4
    assert re.search(r"\$\d\.\d\d\\times10\^\{-\d+\}\$", text)


def test_hostile_text_is_copied_as_text(open_page: Opener) -> None:
    page = open_page(samples.hostile_report(), permissions=["clipboard-read", "clipboard-write"])
    page.locator("#table-runs button", has_text="Copy as CSV").click()
    page.locator("#table-runs .said", has_text="Copied.").wait_for()
    text = page.evaluate("navigator.clipboard.readText()")
    assert "'=cmd|" in text
    assert not re.search(r'(^|,|")[=+@]', text, re.MULTILINE)


def test_strangers_run_nothing(open_page: Opener) -> None:
    page = open_page(samples.hostile_report())
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    page.evaluate("for (const run of document.querySelectorAll('details.run')) run.open = true")
    figure = "#figure-hostile-log"
    drawn(page, figure)
    point_at_line(page, figure, 0)
    page.locator("#tip").wait_for()
    assert "<script>alert(1)</script>" in page.locator("#tip").inner_text()
    assert page.evaluate("document.querySelectorAll('main img, main svg a, main script').length") == 0


def test_the_policy_stops_a_script_that_is_not_the_pages_own(browser: Browser, tmp_path: Path) -> None:
    whole = html.render(samples.sample_report())
    bad = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\"></main>"
    (tmp_path / "report.html").write_text(whole.replace("</main>", bad), encoding="utf-8", newline="")
    page = browser.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto((tmp_path / "report.html").as_uri())
    page.wait_for_timeout(200)
    assert page.title() == "Sample report"
    assert sum("Content Security Policy" in text for text in refused) >= 2
    page.close()


def test_without_scripts_all_text_and_tables_are_there(open_page: Opener) -> None:
    import io

    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (800, 400), "white").save(picture, "PNG")
    report = samples.sample_report()
    page = open_page(report, java_script_enabled=False, pictures={"Addition-log": picture.getvalue()})
    assert page.locator(".plot:visible").count() == 0
    assert page.locator(f"{LOG} noscript img, {LOG} .still img").count() == 1
    heads = page.locator("#table-runs th[scope=col]:visible").count()
    cells = page.locator("#table-runs tbody tr").first.locator("td:visible, th:visible").count()
    assert heads == cells > 6
    for run in report.runs:
        assert page.locator("#table-runs", has_text=run.spec.name).count() == 1
    page.locator(f"#run-{report.runs[0].slug} summary").first.click()
    assert page.locator(f"#run-{report.runs[0].slug} .facts").is_visible()


def test_the_contents_show_where_the_reader_is(open_page: Opener) -> None:
    page = open_page(samples.sample_report())
    page.locator("#contents a[href='#family-Mixed']").click()
    page.wait_for_function(
        "() => document.querySelector('#contents a[aria-current]')?.hash === '#family-Mixed'"
    )
    assert page.locator("#contents").bounding_box() is not None


def test_the_theme_is_the_systems_or_the_readers(open_page: Opener) -> None:
    page = open_page(samples.sample_report(), color_scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == "rgb(21, 23, 26)"
    drawn(page, LOG)
    colour = page.locator(f"{LOG} .canvas").evaluate("el => el.data.at(-1).line.color")
    page.locator("#settings button", has_text=re.compile("^Light$")).click()
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    assert page.locator(f"{LOG} .canvas").evaluate("el => el.data.at(-1).line.color") != colour
    page.reload()
    assert page.evaluate(paper) == "rgb(255, 255, 255)"


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_the_page_is_never_wider_than_the_screen(open_page: Opener, width: int) -> None:
    page = open_page(samples.sample_report(), width=width)
    page.evaluate("for (const one of document.querySelectorAll('details.run, .fold')) one.open = true")
    drawn(page, LOG)
    drawn(page, "#figure-Mixed-linear")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light"), (1440, "dark")])
def test_axe_finds_nothing_to_mend(open_page: Opener, width: int, scheme: str) -> None:
    page = open_page(samples.sample_report(), width=width, color_scheme=scheme)
    # axe judges what is laid out; sections out of view are not, to keep long pages quick.
    page.evaluate(
        "for (const one of document.querySelectorAll('.family, .run'))"
        " one.style.contentVisibility = 'visible'"
    )
    page.evaluate("for (const one of document.querySelectorAll('#family-Mixed details')) one.open = true")
    for figure in ("#figure-all-avg-final-loss", LOG, "#figure-Mixed-log"):
        drawn(page, figure)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "axe.run(document).then((all) => all.violations.map((one) => [one.id, one.nodes[0].html]))"
    )
    assert found == []
    page.evaluate("document.querySelector('.made').style.color = '#8888'")
    checked = page.evaluate(
        "axe.run(document.querySelector('.made')).then((all) => all.violations.map((one) => one.id))"
    )
    assert checked == ["color-contrast"]


# Where text scrolls or lies over something, axe does not say; so every pair of colours is judged by itself.
CONTRASTS = """
() => {
  const resolved = (colour) => {
    const probe = document.body.appendChild(document.createElement("span"));
    probe.style.color = colour;
    const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
    context.fillStyle = getComputedStyle(probe).color;
    context.fillRect(0, 0, 1, 1);
    probe.remove();
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (colour) => {
    const [red, green, blue] = resolved(colour).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ratio = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const pairs = {};
  for (const text of ["ink", "soft", "accent", "bad", "good"]) {
    for (const ground of ["paper", "wash", "lit"]) {
      pairs[`${text} on ${ground}`] = ratio(`var(--${text})`, `var(--${ground})`);
    }
  }
  for (const label of document.querySelectorAll(".labels span")) {
    pairs[`label ${label.textContent}`] = ratio(label.style.color, "var(--paper)");
  }
  return pairs;
}
"""


def themed(report: Report, accent: str | None) -> Report:
    return replace(report, lists=(replace(report.lists[0], theme=Theme(accent=accent)),))


@pytest.mark.parametrize("accent", [None, "#ffee00", "#000080"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_pair_of_colours_can_be_read(open_page: Opener, scheme: str, accent: str | None) -> None:
    sizes = [
        samples.run_report(f"add_d{n}_l2_h3_t15K_s372001", samples.losses(60, end=10.0 ** (2 - n)))
        for n in range(5, 16)
    ]
    mixed = [
        samples.run_report(f"r{i}", samples.losses(60, end=10.0 ** -(i + 1)), slug=f"r{i}") for i in range(7)
    ]
    report = samples.report([samples.family_report("Addition", sizes), samples.family_report("Other", mixed)])
    page = open_page(themed(report, accent), color_scheme=scheme)
    drawn(page, LOG)
    drawn(page, "#figure-Other-log")
    pairs: dict[str, float] = page.evaluate(CONTRASTS)
    assert len(pairs) == 15 + 11 + 7
    assert {pair: ratio for pair, ratio in pairs.items() if ratio < 4.5} == {}


def test_a_figure_is_saved_as_svg(open_page: Opener, tmp_path: Path) -> None:
    page = open_page(samples.hostile_report(), accept_downloads=True, color_scheme="dark")
    saved = tmp_path / "saved.svg"
    for kind in ("log", "linear"):  # names at the ends of lines, and below them
        drawn(page, f"#figure-hostile-{kind}")
        with page.expect_download() as download:
            press(page, f"#figure-hostile-{kind}", "Save as SVG")
        assert download.value.suggested_filename == f"hostile-{kind}.svg"
        download.value.save_as(saved)
        root = ElementTree.parse(saved).getroot()
        said = "".join(root.itertext())
        assert "<script>alert(1)</sc" in said
        assert "$x^2$" in said
        assert not {one.tag.rpartition("}")[2] for one in root.iter()} & {
            "script",
            "a",
            "image",
            "foreignObject",
        }
        assert "rgb(255, 255, 255)" in saved.read_text(encoding="utf-8")


def test_figures_out_of_view_are_given_up_when_many_are_drawn(open_page: Opener) -> None:
    page = open_page(samples.report([samples.family_report("Addition", many_runs(30))]))
    page.evaluate("for (const run of document.querySelectorAll('details.run')) run.open = true")
    for i in range(30):
        drawn(page, f"#figure-run-{i}-log")
    assert page.locator(".plot[data-drawn]").count() <= 24 + 8
    drawn(page, LOG)


@pytest.mark.parametrize(
    "values", [[0.5], [0.0, 0.0], [float("nan")] * 3, [1.0, float("nan"), 0.0, -1.0, 1e-300]]
)
def test_odd_runs_are_drawn_without_complaint(open_page: Opener, values: list[float]) -> None:
    page = open_page(
        samples.report([samples.family_report("Addition", [samples.run_report("odd", values, slug="odd")])])
    )
    drawn(page, LOG)
    drawn(page, "#figure-Addition-linear")
    page.locator("#run-odd summary").first.click()
    drawn(page, "#figure-odd-log")
    press(page, LOG, "Linear")
    press(page, LOG, "Fraction")
    page.locator(f"{LOG} .plot").hover()


def test_a_thousand_runs_open_and_answer(open_page: Opener) -> None:
    page = open_page(samples.report([samples.family_report("Addition", many_runs(1000))]))
    assert page.evaluate("performance.timing.loadEventEnd - performance.timing.navigationStart") < 10_000
    drawn(page, LOG)
    page.locator("#table-runs th[data-key=avg_final_loss] button").click()
    page.locator("#table-runs input[type=search]").fill("s100077")
    assert column(page, "#table-runs", "label") == ["run 77"]
