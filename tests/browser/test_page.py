"""The page's figures and runs in a real Chromium."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from page_driver import (
    LOG,
    Opener,
    column,
    drawn,
    many_runs,
    point_at_line,
    press,
    range_of,
    scales_of,
)
from playwright.sync_api import expect

from tests import samples


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
        "el => el.data.filter((one) => one.name).map((one) => [Array.from(one.x), Array.from(one.y)])"
    )
    for (x, y), run in zip(traces, report.families[0].runs, strict=True):
        curve, spikes = run.summary.curve, np.array(run.summary.metrics.spikes)
        assert x == curve.step.tolist()
        calm = [not (abs(spikes - step) <= samples.WINDOW).any() for step in curve.step]
        np.testing.assert_allclose(np.array(y)[calm], curve.mean[calm], rtol=1e-6)


def test_the_lists_range_is_that_of_the_log_figure_alone(open_page: Opener) -> None:
    runs = samples.sample_report().families[1].runs
    family = samples.family_report("Part", runs, figures=("log", "seeds"), x_range=(100.0, 120.0))
    page = open_page(samples.report([family]))
    ranges = {}
    for kind in ("log", "seeds"):
        drawn(page, f"#figure-Part-{kind}")
        canvas = page.locator(f"#figure-Part-{kind} .canvas")
        ranges[kind] = canvas.evaluate("one => one._fullLayout.xaxis.range")
    assert ranges == {"log": [100, 120], "seeds": [0, 50]}
    assert page.locator("#figure-Part-log .canvas .annotation").all_text_contents() == ["Nothing to show"]


def test_runs_without_digits_have_a_row_each(open_page: Opener) -> None:
    names = [f"baseline-with-a-long-name-{i}" for i in range(3)]
    runs = [samples.run_report(name, [10.0 ** -(i + 1)] * 9) for i, name in enumerate(names)]
    page = open_page(samples.report([samples.family_report("Plain", runs)]))
    figure = "#figure-all-avg-final-loss"
    drawn(page, figure)
    assert page.locator(f"{figure} .ytick text").all_text_contents() == names
    box = page.locator(f"{figure} .canvas").bounding_box()
    assert box is not None
    places = page.locator(f"{figure} .point").evaluate_all(
        """all => all.map((one) => one.getBoundingClientRect())
          .map(({ x, y, width, height }) => [x + width / 2, y + height / 2])"""
    )
    rows = [y for _, y in places]
    assert rows == sorted(rows), "the first run stands at the top"
    for (x, y), name in zip(places, names, strict=True):
        page.mouse.move(x, y)
        page.locator("#tip b", has_text=name).wait_for()


def test_marks_of_families_that_share_a_place_stand_side_by_side(open_page: Opener) -> None:
    families = [
        samples.family_report(name, [samples.run_report("add_d5_l2_h3_t15K_s372001", slug=name)])
        for name in ("First", "Second")
    ]
    page = open_page(samples.report(families))
    drawn(page, "#figure-all-avg-final-loss")
    places = page.locator("#figure-all-avg-final-loss .canvas").evaluate(
        "one => one.data.map((trace) => Array.from(trace.x)[0])"
    )
    assert places == [4.95, 5.05]


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
    assert page.locator(f"{LOG} .canvas").evaluate("el => el.data.filter((one) => one.fill).length") == 0
    press(page, LOG, "Share")
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
    page.set_viewport_size({"width": 1440, "height": 2400})  # Only figures in view light up.
    drawn(page, LOG)
    point_at_line(page, LOG, 1)
    slug = report.families[0].runs[1].slug
    page.locator(f"tr[data-run='{slug}'].lit").first.wait_for(state="attached")
    expect(page.locator(f"{LOG} .over path")).to_have_count(3)
    tip = page.locator("#tip").inner_text()
    middle = len(report.families[0].runs[1].summary.curve.step) // 2
    assert re.search(rf"Step\s+{middle}\b", tip)
    for words in (report.families[0].runs[1].label, "Rolling mean", "Rolling minimum", "Rolling maximum"):
        assert words in tip
    page.mouse.move(2, 2)
    page.locator(f"tr[data-run='{slug}'].lit").first.wait_for(state="detached")
    page.locator(f"#table-family-Addition tr[data-run='{slug}']").hover()
    expect(page.locator(f"{LOG} .over path")).to_have_count(3)
    page.mouse.move(2, 2)
    drawn(page, LOG)
    expect(page.locator(".over path")).to_have_count(0)


def test_the_name_in_a_row_brings_the_runs_own_section(open_page: Opener) -> None:
    report = samples.sample_report()
    page = open_page(report)
    slug = report.families[1].runs[2].slug
    page.locator(f"#table-runs tr[data-run='{slug}'] a").click()
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
    page = open_page(samples.report([samples.family_report("Addition", [run], figures=("log", "linear"))]))
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
    assert zoom(0, 30) == "Full resolution reached (1 point per step)"
    assert page.locator(f"{LOG} .canvas").evaluate("el => el.data.find((one) => one.name).x.length") == 40
    assert zoom(2000, 2100) == "Full resolution reached (1 point per 5 steps)"
    press(page, LOG, "Reset zoom")
    assert range_of(page, LOG) == [0, 4000]
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
    family = samples.family_report("Addition", runs, color_by="digits")
    page = open_page(samples.report([family]))
    page.set_viewport_size({"width": 1440, "height": 5000})  # Only figures in view light up.
    drawn(page, LOG)
    # One for each number of digits.
    assert page.locator(f"{LOG} .canvas").evaluate("el => el.data.map((one) => one.mode)") == ["lines"] * 4
    names = page.locator(f"{LOG} .labels button").all_inner_texts()
    assert 4 <= len(names) <= 12
    ends = sorted(runs, key=lambda run: run.summary.curve.mean[-1])
    assert {ends[0].label, ends[-1].label} <= set(names)
    assert page.locator(".legend button").count() <= 1  # the family's, in AvgFinalLoss against digits
    page.locator("#table-runs tr[data-run='run-7']").hover()
    expect(page.locator(f"{LOG} .over path")).to_have_count(3)


def test_a_figure_is_saved_as_svg(open_page: Opener, tmp_path: Path) -> None:
    page = open_page(samples.hostile_report(), accept_downloads=True, color_scheme="dark")
    saved = tmp_path / "saved.svg"
    for kind in ("all", "end"):
        drawn(page, f"#figure-hostile-{kind}")
        with page.expect_download() as download:
            press(page, f"#figure-hostile-{kind}", r"Export this view \(SVG\)")
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
        drawn(page, f"#figure-runs--run-{i}-log")
    assert page.locator(".plot[data-drawn]").count() <= 24 + 8
    drawn(page, LOG)


@pytest.mark.parametrize(
    "values",
    [
        [0.5],
        [0.0, 0.0],
        [float("nan")] * 3,
        [1.0, float("nan"), 0.0, -1.0, 1e-300],
        [1.797e308],
        [-1.5e308, 1.5e308],
        [5e-324] * 3,
    ],
)
def test_odd_runs_are_drawn_without_complaint(open_page: Opener, values: list[float]) -> None:
    page = open_page(
        samples.report(
            [
                samples.family_report(
                    "Addition", [samples.run_report("odd", values, slug="odd")], figures=("log", "linear")
                )
            ]
        )
    )
    drawn(page, LOG)
    drawn(page, "#figure-Addition-linear")
    page.locator("#run-odd summary").first.click()
    drawn(page, "#figure-runs--odd-log")
    press(page, LOG, "Linear")
    press(page, LOG, "Share")
    page.locator(f"{LOG} .plot").hover()


def test_a_thousand_runs_open_and_answer(open_page: Opener) -> None:
    page = open_page(samples.report([samples.family_report("Addition", many_runs(1000))]))
    assert page.evaluate("performance.timing.loadEventEnd - performance.timing.navigationStart") < 10_000
    drawn(page, LOG)
    page.locator("#table-runs th[data-key=avg_final_loss] button").click()
    page.locator("#table-runs input[type=search]").fill("s100077")
    assert column(page, "#table-runs", "label") == ["run 77"]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("loss", [5e-9, -5e-9, 5e-300, 123_456.7])
def test_the_title_of_an_axis_touches_none_of_its_numbers(open_page: Opener, loss: float, width: int) -> None:
    """Where a narrow range leaves the wording of the numbers to plotly, too."""
    runs = [
        samples.run_report(
            f"add_d{5 + i}_l2_h3_t15K_s100000", [loss * (1 + i / 300 + k / 1e4) for k in range(60)]
        )
        for i in range(3)
    ]
    page = open_page(samples.report([samples.family_report("Addition", runs)]), width=width)
    for figure in ("#figure-all-avg-final-loss", LOG, "#figure-Addition-linear"):
        drawn(page, figure)
        # The list asks for the log axis of its figure "log"; others have one where there is a value to show.
        scales = ["Log", "Linear"] if loss > 0 or figure == LOG else []
        assert scales_of(page, figure) == scales
        for scale in [*scales, None]:
            if scale is not None:
                press(page, figure, scale)
            gap = page.locator(f"{figure} .canvas").evaluate(
                "canvas => Math.min(...[...canvas.querySelectorAll('.ytick text')]"
                ".map((text) => text.getBoundingClientRect().left))"
                " - canvas.querySelector('.ytitle').getBoundingClientRect().right"
            )
            assert gap > 3, (figure, scale)
