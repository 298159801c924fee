"""The reader's hand: what is kept, what the address holds, what is exported, events on figures."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
from page_driver import LOG, Opener, drawn, many_runs, middle_of_line, point_at_line, press, range_of
from playwright.sync_api import Browser, Page, expect

from reportgen.curves.summary import Event
from reportgen.report import Report, RunReport
from tests import samples

AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
EXPORT = r"Export this view \(SVG\)"
SVG = "{http://www.w3.org/2000/svg}"


def kept(page: Page) -> set[str]:
    """The runs that the address says are kept."""
    found = re.search(r"[?&]keep=([^&]*)", unquote(page.evaluate("location.href")))
    return set(found[1].split(",")) if found else set()


def caption(page: Page, figure: str) -> str:
    return page.locator(f"{figure} figcaption").inner_text()


def names(page: Page, figure: str) -> dict[str, str | None]:
    """Each run that a figure names -> whether its button is pressed."""
    found: dict[str, str | None] = page.locator(f"{figure} :is(.labels, .legend) button").evaluate_all(
        "all => Object.fromEntries(all.map((one) => [one.dataset.run, one.getAttribute('aria-pressed')]))"
    )
    return found


def lines(page: Page, figure: str) -> int:
    """Lines that are drawn in full."""
    made: int = page.locator(f"{figure} .canvas").evaluate(
        "el => el.data.filter((one) => one.name && !one.name.startsWith('trace')).length"
    )
    return made


class TestKeeping:
    def test_a_click_on_a_line_keeps_its_run_and_fades_the_others(self, open_page: Opener) -> None:
        report = samples.sample_report()
        page = open_page(report)
        slugs = [run.slug for run in report.families[0].runs]
        drawn(page, LOG)
        point_at_line(page, LOG, 1)
        page.mouse.down()
        page.mouse.up()
        page.mouse.move(2, 2)
        assert kept(page) == {slugs[1]}
        assert names(page, LOG) == {slug: str(slug == slugs[1]).lower() for slug in slugs}
        expect(page.locator(f"{LOG} .over .veil")).to_have_count(1)
        expect(page.locator("#kept [role=status]")).to_have_text("1 of 8 runs pinned")
        assert page.locator(f"#table-runs tr[data-run='{slugs[1]}']").get_attribute("class") == "kept"
        assert "1 of 3 lines highlighted: those pinned." in caption(page, LOG)
        # A figure of other runs stays as it is.
        drawn(page, "#figure-Mixed-log")
        expect(page.locator("#figure-Mixed-log .over .veil")).to_have_count(0)
        # The same figure of the same run keeps it; once more lets it go.
        drawn(page, "#figure-Addition-linear")
        expect(page.locator("#figure-Addition-linear .over .veil")).to_have_count(1)
        page.wait_for_timeout(400)  # else it would be a double click
        point_at_line(page, "#figure-Addition-linear", 1)
        page.mouse.down()
        page.mouse.up()
        assert kept(page) == set()
        page.mouse.move(2, 2)
        expect(page.locator(".over .veil")).to_have_count(0)

    def test_shift_adds_wherever_a_run_is_seen(self, open_page: Opener) -> None:
        report = samples.sample_report()
        page = open_page(report)
        one, two, three = (run.slug for run in report.families[0].runs)
        drawn(page, LOG)
        page.locator(f"{LOG} .labels button[data-run='{one}']").click()
        page.locator(f"#table-runs tr[data-run='{two}'] td").nth(2).click(modifiers=["Shift"])
        assert kept(page) == {one, two}
        page.locator(f"#table-family-Addition tr[data-run='{three}'] td").nth(2).click(modifiers=["Control"])
        assert kept(page) == {one, two, three}
        page.locator(f"#table-runs tr[data-run='{one}'] td").nth(2).click(modifiers=["Shift"])
        assert kept(page) == {two, three}
        page.locator(f"#table-runs tr[data-run='{one}'] td").nth(2).click()
        assert kept(page) == {one}

    def test_a_drag_and_a_double_click_keep_nothing(self, open_page: Opener) -> None:
        report = samples.sample_report()
        page = open_page(report)
        drawn(page, LOG)
        first = report.families[0].runs[0].slug
        page.locator(f"{LOG} .labels button[data-run='{first}']").click()
        point_at_line(page, LOG, 1)
        page.mouse.dblclick(*middle_of_line(page, LOG, 1))
        assert kept(page) == {first}
        x, y = middle_of_line(page, LOG, 1)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y + 40, steps=4)
        page.mouse.up()
        page.wait_for_function(f"() => document.querySelector('{LOG} .canvas').layout.xaxis.range[0] > 1")
        assert kept(page) == {first}

    def test_isolating_draws_only_what_is_kept(self, open_page: Opener) -> None:
        report = samples.sample_report()
        page = open_page(report)
        slugs = [run.slug for run in report.families[0].runs]
        drawn(page, LOG)
        page.locator(f"{LOG} .labels button[data-run='{slugs[0]}']").click()
        page.locator(f"{LOG} .labels button[data-run='{slugs[2]}']").click(modifiers=["Shift"])
        before = range_of(page, LOG, "y")
        page.locator("#kept button", has_text="Isolate").click()
        assert lines(page, LOG) == 2
        assert range_of(page, LOG, "y") == before
        assert "Only 2 of 3 lines drawn: those pinned." in caption(page, LOG)
        drawn(page, "#figure-Mixed-log")
        assert lines(page, "#figure-Mixed-log") == 2  # none of them is kept: all are drawn
        page.locator("#kept button", has_text="Show all").click()
        drawn(page, LOG)
        assert lines(page, LOG) == 3
        expect(page.locator("#kept [role=status]")).to_have_text("All 8 runs shown")
        assert "?" not in page.evaluate("location.href")

    def test_a_mark_of_many_runs_keeps_them_all(self, open_page: Opener) -> None:
        page = open_page(seeds(4, 10))
        figure = "#figure-Sweep-all"
        drawn(page, figure)
        group = page.locator(f"{figure} .labels button").first
        runs = (group.get_attribute("data-runs") or "").split()
        group.click()
        assert len(runs) == 10
        assert kept(page) == set(runs)
        assert "1 of 4 lines highlighted" in caption(page, figure)
        # The family's mark in the figure of all runs stands for each of its runs; all are let go by a click.
        page.locator("#kept button", has_text="Show all").click()
        drawn(page, "#figure-all-avg-final-loss")
        page.locator("#table-runs tr[data-run='s-0-0'] td").nth(2).click()
        drawn(page, "#figure-all-avg-final-loss")
        page.wait_for_function(
            """() => {
              const { data } = document.querySelector("#figure-all-avg-final-loss .canvas");
              const colours = data.flatMap(({ marker }) => marker.color);
              const pale = colours.filter((colour) => colour.endsWith(" 0.15)"));
              return pale.length === 39 && colours.length === 40;
            }"""
        )

    def test_a_row_of_a_group_keeps_its_runs(self, open_page: Opener) -> None:
        page = open_page(seeds(4, 10))
        row = page.locator("tr[data-runs]").first
        row.locator("td").first.click()
        assert kept(page) == {f"s-0-{seed}" for seed in range(10)}
        expect(row).to_have_class("kept")
        row.locator("button.keep").press("Enter")
        assert kept(page) == set()

    def test_the_filter_of_a_table_reaches_the_figures(self, open_page: Opener) -> None:
        page = open_page(samples.report([samples.family_report("Addition", many_runs(60))]))
        drawn(page, LOG)
        page.locator("#table-runs input[type=search]").fill("s10003")
        expect(page.locator("#kept [role=status]")).to_have_text("10 of 60 runs in the filtered rows")
        expect(page.locator(f"{LOG} .over .veil")).to_have_count(1)
        assert set(names(page, LOG)) == {f"run-{i}" for i in range(30, 40)}
        assert "10 of 60 lines highlighted: those in the filtered rows." in caption(page, LOG)
        page.locator("#kept button", has_text="Isolate").click()
        drawn(page, LOG)
        assert lines(page, LOG) == 10
        page.locator("#table-runs input[type=search]").fill("")
        expect(page.locator("#kept")).not_to_have_class("some")
        expect(page.locator(".over .veil")).to_have_count(0)

    def test_a_tap_reads_and_a_tap_on_what_is_read_keeps(self, browser: Browser, open_page: Opener) -> None:
        report = samples.sample_report()
        page = open_page(report, has_touch=True)
        one, two, _ = (run.slug for run in report.families[0].runs)
        drawn(page, LOG)
        x, y = middle_of_line(page, LOG, 1)
        page.touchscreen.tap(x, y)
        expect(page.locator("#tip")).to_be_visible()
        assert kept(page) == set()
        page.wait_for_timeout(400)
        page.touchscreen.tap(x, y)
        assert kept(page) == {two}
        page.locator(f"#table-runs tr[data-run='{one}'] td").nth(2).tap()
        assert kept(page) == {one, two}  # there is no Shift on a telephone


def seeds(groups: int, runs: int) -> Report:
    """Groups of seeds: their lines stand before those of single runs."""
    made = [
        samples.run_report(
            f"m{g}-s{s}",
            samples.losses(60, end=10.0 ** -(g + 2), seed=10 * g + s),
            slug=f"s-{g}-{s}",
            label=f"m{g} s{s}",
            attrs={"m": g, "seed": s},
        )
        for g in range(groups)
        for s in range(runs)
    ]
    return samples.report([samples.family_report("Sweep", made, figures=("all",))])


class TestKeyboard:
    def test_names_take_one_stop_and_arrows_and_enter_keeps(self, open_page: Opener) -> None:
        report = samples.sample_report()
        page = open_page(report)
        drawn(page, LOG)
        plot = page.locator(f"{LOG} .plot")
        plot.focus()
        page.keyboard.press("Tab")
        focused = "document.activeElement.dataset.run"
        order = list(names(page, LOG))
        assert page.evaluate(focused) == order[0]
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowDown")
        assert page.evaluate(focused) == order[1]
        page.keyboard.press("Shift+Enter")
        assert kept(page) == set(order[:2])
        assert page.evaluate(focused) == order[1]
        page.keyboard.press("Tab")
        assert page.evaluate(focused) is None  # it leaves the names

    def test_the_keys_that_read_a_line_keep_it(self, open_page: Opener) -> None:
        report = samples.sample_report()
        page = open_page(report)
        drawn(page, LOG)
        page.locator(f"{LOG} .plot").focus()
        for key in ("ArrowRight", "ArrowDown", "Enter", "ArrowDown", "Shift+ "):
            page.keyboard.press(key)
        assert kept(page) == {run.slug for run in report.families[0].runs[1:]}

    def test_each_row_has_a_button(self, open_page: Opener) -> None:
        report = samples.sample_report()
        page = open_page(report)
        run = report.families[0].runs[0]
        row = page.locator(f"#table-runs tr[data-run='{run.slug}']")
        row.locator("a").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        assert kept(page) == {run.slug}
        button = row.get_by_role("button", name=f"Pin {run.label}")
        assert button.get_attribute("aria-pressed") == "true"
        assert page.evaluate("document.activeElement.className") == "keep"

    def test_focus_stays_where_names_are_written_again(self, open_page: Opener) -> None:
        page = open_page(samples.report([samples.family_report("Addition", many_runs(60))]))
        drawn(page, LOG)
        page.locator(f"{LOG} .labels button").first.focus()
        run = page.evaluate("document.activeElement.dataset.run")
        page.keyboard.press("Enter")
        assert kept(page) == {run}
        assert page.evaluate("document.activeElement.dataset.run") == run

    @pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
    def test_axe_finds_nothing_to_fix(self, open_page: Opener, width: int, scheme: str) -> None:
        report = with_events(samples.sample_report())
        slug = report.families[0].runs[0].slug
        page = open_page(report, width=width, color_scheme=scheme, at=f"{LOG}?keep={slug}")
        drawn(page, LOG)
        drawn(page, "#figure-all-avg-final-loss")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate(
            "axe.run(document).then((all) => all.violations.map((one) => [one.id, one.nodes[0].html]))"
        )
        # What steps back is pale on purpose; the same is named in full contrast in the table.
        assert [one for one in found if one[0] != "color-contrast" or "aria-pressed" not in one[1]] == []


class TestAddress:
    def test_a_link_shows_the_view(self, open_page: Opener) -> None:
        report = samples.sample_report()
        page = open_page(report)
        slugs = [run.slug for run in report.families[0].runs]
        drawn(page, LOG)
        page.locator(f"{LOG} .labels button[data-run='{slugs[0]}']").click()
        page.locator(f"{LOG} .labels button[data-run='{slugs[1]}']").click(modifiers=["Shift"])
        page.locator("#kept button", has_text="Isolate").click()
        press(page, LOG, "Linear")
        press(page, LOG, "Share")
        press(page, LOG, "No band")
        zoom = "el => Plotly.relayout(el, {'xaxis.range[0]': 0.25, 'xaxis.range[1]': 0.5}).then(() => null)"
        page.locator(f"{LOG} .canvas").evaluate(zoom)
        page.locator("#settings button", has_text=re.compile("^Log steps$")).click()
        seen = state(page)
        assert seen["x"] == pytest.approx([0.0, np.log10(60)])
        press(page, LOG, "Share")
        page.locator(f"{LOG} .canvas").evaluate(zoom)
        seen = state(page)
        assert seen["x"] == [0.25, 0.5]
        again = open_page(report, at="#" + page.evaluate("location.href").partition("#")[2])
        drawn(again, LOG)
        for axis in "xy":
            assert range_of(again, LOG, axis) == pytest.approx(seen[axis], rel=1e-6)
        assert kept(again) == set(slugs[:2])
        assert lines(again, LOG) == 2
        for name in ("Linear", "Share", "No band"):
            assert pressed(again, LOG, name)

    def test_a_filter_is_part_of_the_view(self, open_page: Opener) -> None:
        report = samples.report([samples.family_report("Addition", many_runs(60))])
        page = open_page(report)
        page.locator("#table-runs input[type=search]").type("s10003, ")
        once = page.evaluate("history.length")
        page.locator("#table-runs input[type=search]").fill("s10003")
        assert page.evaluate("history.length") == once, "what is typed is one thing"
        again = open_page(report, at="#" + page.evaluate("location.href").partition("#")[2])
        assert again.locator("#table-runs input[type=search]").input_value() == "s10003"
        expect(again.locator("#kept [role=status]")).to_have_text("10 of 60 runs in the filtered rows")
        drawn(again, LOG)
        expect(again.locator(f"{LOG} .over .veil")).to_have_count(1)
        again.locator("#kept button", has_text="Show all").click()
        assert again.locator("#table-runs input[type=search]").input_value() == ""

    def test_back_undoes_and_links_to_places_leave_the_view(self, open_page: Opener) -> None:
        report = samples.sample_report()
        page = open_page(report)
        slugs = [run.slug for run in report.families[0].runs]
        drawn(page, LOG)
        page.locator(f"{LOG} .labels button[data-run='{slugs[0]}']").click()
        press(page, LOG, "Linear")
        page.locator("#contents a[href='#family-Mixed']").click()
        page.wait_for_function("() => location.hash.startsWith('#family-Mixed?')")
        assert kept(page) == {slugs[0]}
        page.go_back()
        assert pressed(page, LOG, "Linear")
        page.go_back()
        assert pressed(page, LOG, "Log")
        assert kept(page) == {slugs[0]}
        page.go_back()
        assert kept(page) == set()
        expect(page.locator("#kept")).not_to_have_class("some")
        page.go_forward()
        drawn(page, LOG)  # Going back has scrolled, and figures out of view wait.
        expect(page.locator(f"{LOG} .labels button[data-run='{slugs[0]}']")).to_have_attribute(
            "aria-pressed", "true"
        )

    def test_a_run_and_a_view_in_one_link(self, open_page: Opener) -> None:
        report = samples.report([samples.family_report("Many", many_runs(45))])
        page = open_page(report, at="#run-run-44?keep=run-44,run-3")
        assert page.locator("#run-run-44").get_attribute("open") is not None
        assert kept(page) == {"run-44", "run-3"}
        expect(page.locator("#kept [role=status]")).to_have_text("2 of 45 runs pinned")

    @pytest.mark.parametrize(
        "view",
        [
            "keep=gone,,%E0%A4%A&only",
            "f.Addition-log=x:nowhere,y:log,zoom:1;2;3",
            "f.Addition-log=zoom:5;NaN;1;2,band:7,by:lr",
            "all=y:cubic,x:,zoom:3;1;2;2",
            "f.gone=y:log&rows.nothing=x&=&&?#%",
            "constructor=1&all=__proto__:1",
        ],
    )
    def test_a_view_that_cannot_be_read_is_passed_over(self, open_page: Opener, view: str) -> None:
        page = open_page(samples.sample_report(), at=f"{LOG}?{view}")
        drawn(page, LOG)
        assert lines(page, LOG) == 3
        assert range_of(page, LOG) == [0, 60]
        expect(page.locator("#kept")).not_to_have_class("some")

    def test_the_link_is_copied(self, open_page: Opener) -> None:
        report = samples.sample_report()
        page = open_page(report, permissions=["clipboard-read", "clipboard-write"])
        slug = report.runs[0].slug
        page.locator(f"#table-runs tr[data-run='{slug}'] td").nth(2).click()
        page.locator("#kept button", has_text="Copy link").click()
        expect(page.locator("#kept button", has_text="Link copied.")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == page.evaluate("location.href")
        assert page.evaluate("location.href").endswith(f"#table-runs?keep={slug}")


def pressed(page: Page, figure: str, name: str) -> bool:
    button = page.locator(f"{figure} .tools button", has_text=re.compile(f"^{name}$"))
    expect(button).to_have_attribute("aria-pressed", "true")
    return True


def state(page: Page) -> dict[str, list[float]]:
    return {axis: range_of(page, LOG, axis) for axis in "xy"}


class TestCaptions:
    def test_a_caption_says_what_the_reader_has_zoomed_to(self, open_page: Opener) -> None:
        page = open_page(samples.sample_report())
        drawn(page, LOG)
        assert "Shown here" not in caption(page, LOG)
        page.locator(f"{LOG} .canvas").evaluate(
            "el => Plotly.relayout(el, {'xaxis.range[0]': 10, 'xaxis.range[1]': 20,"
            " 'yaxis.range[0]': -3, 'yaxis.range[1]': -1}).then(() => null)"
        )
        said = "Shown here: training step 10 to 20, training loss 0.0010 to 0.1000."
        assert said in caption(page, LOG)
        press(page, LOG, "Reset zoom")
        assert "Shown here" not in caption(page, LOG)

    def test_outliers_are_clipped_or_in_view(self, open_page: Opener) -> None:
        calm = [samples.run_report(f"r{i}", np.linspace(3, 1 + i / 10, 60), slug=f"r{i}") for i in range(3)]
        wild = samples.run_report("wild", np.linspace(3, 500, 60), slug="wild")
        page = open_page(samples.report([samples.family_report("Addition", [*calm, wild], figures=("all",))]))
        figure = "#figure-Addition-all"
        drawn(page, figure)
        assert range_of(page, figure, "y")[1] < 10
        press(page, figure, "All values")
        assert 490 < range_of(page, figure, "y")[1] < 600
        assert "The value axis covers all values." in caption(page, figure)
        press(page, figure, "Clipped")
        assert range_of(page, figure, "y")[1] < 10

    def test_spikes_are_said_to_be_where_they_are_drawn(self, open_page: Opener) -> None:
        runs = [
            samples.run_report(f"r{i}", samples.losses(60, seed=i, spikes=(30,)), slug=f"r{i}")
            for i in range(5)
        ]
        page = open_page(samples.report([samples.family_report("Addition", runs, figures=("all",))]))
        figure = "#figure-Addition-all"
        drawn(page, figure)
        said = "Band and thin lines at spikes, of a run that is hovered or pinned: rolling minimum to maximum"
        assert said in caption(page, figure)
        expect(page.locator(f"{figure} .over path")).to_have_count(0)
        page.locator(f"{figure} :is(.labels, .legend) button").first.click()
        page.mouse.move(2, 2)
        band, spikes, _ = (
            path.get_attribute("d") or "" for path in page.locator(f"{figure} .over path").all()
        )
        assert len(band) > 100
        assert spikes.count("M") == 1


def clocked(run: RunReport, **axes: np.ndarray) -> RunReport:
    """A run whose points lie on other axes too."""
    return samples.with_summary(run, curve=replace(run.summary.curve, axes=axes))


class TestAxes:
    def test_axes_that_all_runs_have_are_offered(self, open_page: Opener) -> None:
        step = np.arange(60)
        uneven = np.concatenate((np.arange(30) * 10.0, 300 + np.arange(30) * 100.0))  # seconds
        runs = [
            clocked(
                samples.run_report(f"r{i}", samples.losses(60, seed=i), slug=f"r{i}"),
                epoch=step / 20,
                tokens=step * 4096.0 * (i + 1),
                **({"time": uneven} if i < 2 else {}),
            )
            for i in range(3)
        ]
        families = [
            samples.family_report("Addition", runs[:2], figures=("log",)),
            samples.family_report(
                "All", [replace(run, slug=f"{run.slug}-2") for run in runs], figures=("log",)
            ),
        ]
        page = open_page(samples.report(families))
        drawn(page, LOG)
        scales = page.locator(f"{LOG} .tools [aria-label='Step axis'] button").all_inner_texts()
        assert scales == ["Steps", "Log steps", "Share", "Epochs", "Tokens", "Time"]
        press(page, LOG, "Epochs")
        assert range_of(page, LOG) == [0, 59 / 20]
        assert "over all steps, against epochs, log axis." in caption(page, LOG)
        press(page, LOG, "Tokens")
        xs = page.locator(f"{LOG} .canvas").evaluate(
            "el => el.data.filter((one) => one.name).map((one) => [...one.x])"
        )
        np.testing.assert_allclose(xs, [step * 4096.0, step * 8192.0])
        press(page, LOG, "Time")
        xs = page.locator(f"{LOG} .canvas").evaluate("el => [...el.data.find((one) => one.name).x]")
        np.testing.assert_allclose(xs, uneven / 60, atol=uneven[-1] / 60 / 4000)
        assert page.locator(f"{LOG} .xtitle").text_content() == "Time of training (minutes)"
        # Values are read at the place that is pointed at.
        point_at_line(page, LOG, 0)
        assert re.search(r"Step\s+30\b", page.locator("#tip").inner_text())
        drawn(page, "#figure-All-log")
        scales = page.locator("#figure-All-log .tools [aria-label='Step axis'] button").all_inner_texts()
        assert scales == ["Steps", "Log steps", "Share", "Epochs", "Tokens"]


def with_events(report: Report) -> Report:
    """The first run of the first family has a plateau, a drop, a spike and a recovery."""
    events = (
        Event("plateau", 5, 15, 0.5),
        Event("drop", 20, 24, 0.5, 1e-3),
        Event("spike", 40, 45, 1e-6, 1e-4),
        Event("recovery", 45),
        Event("falling", 48, 59, slope=-1e-9, interval=(-2e-9, -1e-10)),
    )
    first, *others = report.families
    runs = (samples.with_summary(first.runs[0], events=events), *first.runs[1:])
    return replace(report, families=(replace(first, runs=runs), *others))


class TestEvents:
    def test_events_are_marked_where_a_run_is_looked_at(self, open_page: Opener) -> None:
        report = with_events(samples.sample_report())
        page = open_page(report)
        run = report.families[0].runs[0]
        drawn(page, LOG)
        marks = page.locator(f"{LOG} .event")
        expect(marks).to_have_count(0)
        page.locator(f"{LOG} .labels button[data-run='{run.slug}']").click()
        page.mouse.move(2, 2)
        expect(marks).to_have_count(3)
        assert "Marks: ▬ plateau, ▼ drop, ▲ spike, ○ recovered." in caption(page, LOG)
        # In the middle between its levels, at its step.
        place = page.locator(f"{LOG} .canvas").evaluate(
            """canvas => {
              const { xaxis, yaxis } = canvas._fullLayout;
              return [xaxis._offset + xaxis.d2p(20), yaxis._offset + yaxis.d2p(Math.sqrt(0.5e-3))];
            }"""
        )
        moved = re.findall(r"[-\d.]+", marks.first.get_attribute("transform") or "")
        np.testing.assert_allclose([float(one) for one in moved], place, atol=0.5)
        page.locator(f"{LOG} .plot").focus()
        for _ in range(18):
            page.keyboard.press("ArrowRight")
        spoken = page.locator("body > [role=status]").inner_text()
        assert "Drop, step 20 0.500 → 0.001" in spoken or "Drop, step 20" in spoken
        page.locator(f"#run-{run.slug} summary").first.click()
        own = f"#figure-runs--{run.slug}-log"
        drawn(page, own)
        expect(page.locator(f"{own} .event")).to_have_count(3)
        assert "Marks:" in caption(page, own)

    def test_a_run_without_events_has_no_marks(self, open_page: Opener) -> None:
        report = with_events(samples.sample_report())
        page = open_page(report)
        drawn(page, LOG)
        page.locator(f"{LOG} .labels button[data-run='{report.families[0].runs[1].slug}']").click()
        expect(page.locator(f"{LOG} .event")).to_have_count(0)
        assert "Marks:" not in caption(page, LOG)


class TestExport:
    def test_the_file_is_what_is_seen_with_its_fonts(self, open_page: Opener, tmp_path: Path) -> None:
        from fontTools.ttLib import TTFont

        report = with_events(samples.sample_report())
        slug = report.families[0].runs[0].slug
        page = open_page(report, accept_downloads=True, color_scheme="dark", at=f"{LOG}?keep={slug}")
        drawn(page, LOG)
        with page.expect_download() as download:
            press(page, LOG, EXPORT)
        assert download.value.suggested_filename == "Addition-log.svg"
        saved = tmp_path / "saved.svg"
        download.value.save_as(saved)
        root = ElementTree.parse(saved).getroot()
        assert root.tag == f"{SVG}svg"
        style = root.findtext(f"{SVG}style") or ""
        fonts = re.findall(r"url\(\"?data:font/woff2;base64,([^\")]+)", style)
        weights = {TTFont(BytesIO(base64.b64decode(font)))["OS/2"].usWeightClass for font in fonts}
        assert weights == {400, 600}
        said = " ".join(" ".join(root.itertext()).split())
        assert "Figure 2. Addition" in said
        assert "1 of 3 lines highlighted: those pinned." in said
        assert "Marks: ▬ plateau, ▼ drop, ▲ spike, ○ recovered." in said
        assert len(root.findall(f".//{SVG}path[@class='event']")) == 3
        (veil,) = root.findall(f".//{SVG}rect[@class='veil']")
        assert veil.get("fill") == "#ffffff"
        named = root.findall(f".//{SVG}text[@paint-order='stroke']")
        assert [one.get("stroke") for one in named] == ["#ffffff"] * 3  # no line runs through a name
        assert len({one.get("fill") for one in named}) == 3
        assert not re.findall(
            r"(?:href|src)=\"(?!#)[^\"]+|url\((?!['\"]?(?:#|data:))[^)]*", saved.read_text("utf-8")
        )
        # As an image it fills its size, light, and no script runs.
        page.goto(saved.as_uri())
        assert page.evaluate("document.documentElement.getBoundingClientRect().width") > 900
        assert page.evaluate("getComputedStyle(document.querySelector('text')).fontFamily").startswith(
            '"Report Sans"'
        )

    def test_names_below_are_in_the_file(self, open_page: Opener, tmp_path: Path) -> None:
        report = samples.sample_report()
        page = open_page(report, accept_downloads=True, width=390)
        drawn(page, LOG)
        with page.expect_download() as download:
            press(page, LOG, EXPORT)
        download.value.save_as(tmp_path / "saved.svg")
        said = " ".join(ElementTree.parse(tmp_path / "saved.svg").getroot().itertext())
        for run in report.families[0].runs:
            assert run.label in said
