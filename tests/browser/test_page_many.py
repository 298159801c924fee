"""Pages of many runs: rows, sections and families come when they are wanted, and all can be found."""

from __future__ import annotations

import csv
import io
import re
from functools import cache
from pathlib import Path

import pytest
from page_driver import Opener, drawn, many_runs
from playwright.sync_api import Page, expect

from reportgen import tables
from reportgen.figures.runs import run_whole
from reportgen.report import Report
from tests import samples

AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
ROWS = "#table-runs tbody tr[data-run]"
SEARCH = "#table-runs input[type=search]"


@cache
def one_family(count: int = 450) -> Report:
    return samples.report([samples.family_report("Addition", many_runs(count))])


@cache
def many_families() -> Report:
    runs = many_runs(360)
    return samples.report(
        [samples.family_report(f"F{k}", runs[6 * k : 6 * k + 6], slug=f"f{k}") for k in range(60)]
    )


def nodes(page: Page) -> int:
    found: int = page.evaluate(
        "() => { const walker = document.createTreeWalker(document); let n = 1;"
        " while (walker.nextNode()) n += 1; return n; }"
    )
    return found


def scroll_table(page: Page, to: str) -> None:
    page.locator("#table-runs .scroll").evaluate(f"one => {{ one.scrollTop = {to}; }}")
    page.wait_for_timeout(100)


@pytest.mark.parametrize("report", [one_family, many_families])
def test_a_page_of_many_runs_has_few_nodes(open_page: Opener, report: object) -> None:
    page = open_page(report())  # type: ignore[operator]
    page.locator("html.ready").wait_for()
    assert nodes(page) < 20_000
    for part in (0.3, 0.6, 1):
        page.evaluate(f"scrollTo(0, {part} * document.documentElement.scrollHeight)")
        page.wait_for_timeout(300)
    assert nodes(page) < 20_000


def test_rows_come_as_they_are_seen_and_say_how_many_there_are(open_page: Opener) -> None:
    page = open_page(one_family())
    expect(page.locator("#table-runs table")).to_have_attribute("aria-rowcount", "451")
    expect(page.locator(ROWS).first).to_have_attribute("aria-rowindex", "2")
    assert page.locator(ROWS).count() < 100
    scroll_table(page, "one.scrollHeight")
    expect(page.locator(ROWS).last).to_have_attribute("aria-rowindex", "451")
    expect(page.locator(ROWS).last).to_contain_text("run 449")
    assert page.locator(ROWS).count() < 100
    scroll_table(page, "0")
    expect(page.locator(ROWS).first).to_contain_text("run 0")


def test_the_search_finds_every_row_and_says_which_are_left(open_page: Opener) -> None:
    page = open_page(one_family())
    page.evaluate("document.addEventListener('reportgen:rows', (event) => { window.left = event.detail; })")
    page.locator(SEARCH).fill("s100449")
    expect(page.locator(ROWS)).to_have_count(1)
    assert page.evaluate("left") == {
        "table": "table-runs",
        "family": None,
        "all": False,
        "slugs": ["run-449"],
    }
    expect(page.locator("#table-runs .said").first).to_have_text("1 of 450")
    page.locator(SEARCH).fill("")
    assert page.evaluate("left.all") is True
    assert page.evaluate("left.slugs.length") == 450


def test_all_rows_are_sorted_and_copied_whole(open_page: Opener) -> None:
    report = one_family()
    page = open_page(report, permissions=["clipboard-read", "clipboard-write"])
    page.locator("#table-runs th[data-key=avg_final_loss] button").click()
    page.locator("#table-runs button", has_text="Copy as CSV").click()
    page.locator("#table-runs .said", has_text="Copied.").wait_for()
    copied = list(csv.DictReader(io.StringIO(page.evaluate("navigator.clipboard.readText()"))))
    losses = [run.summary.metrics.avg_final_loss for run in report.runs]
    assert [float(row["AvgFinalLoss"]) for row in copied] == sorted(losses)  # type: ignore[type-var]
    page.locator("#table-runs button", has_text="Copy as Markdown").click()
    page.wait_for_timeout(200)
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert len(lines) == 452
    assert set(lines[1].replace(" ", "")) <= set("|-:")


def test_columns_are_hidden_in_rows_that_come_later(open_page: Opener) -> None:
    page = open_page(one_family())
    page.locator("#table-runs .columns summary").click()
    page.locator("#table-runs .columns label", has_text="Spikes").click()
    scroll_table(page, "5000")
    place = page.locator("#table-runs thead th").evaluate_all(
        "all => all.findIndex((one) => one.dataset.key === 'spikes')"
    )
    shown = page.locator(ROWS).evaluate_all(
        f"all => all.map((row) => getComputedStyle(row.cells[{place}]).display)"
    )
    assert set(shown) == {"none"}


def test_the_keyboard_goes_on_past_the_rows_that_were_there(open_page: Opener) -> None:
    page = open_page(one_family())
    stops = page.locator(ROWS).first.locator("a, button").count()
    page.locator(f"{ROWS} a").first.focus()
    for _ in range(60 * stops):
        page.keyboard.press("Tab")
        page.wait_for_timeout(20)
    assert page.evaluate("document.activeElement.closest('tr').getAttribute('aria-rowindex')") == "62"


def test_a_link_brings_a_runs_section(open_page: Opener) -> None:
    report = one_family()
    page = open_page(report, at="#run-run-333")
    section = page.locator("#run-run-333")
    expect(section).to_have_attribute("open", "")
    expect(section.locator("> summary")).to_be_focused()
    run = report.runs[333]
    expect(section.locator("> summary")).to_contain_text(run.spec.name)
    drawn(page, "#figure-runs--run-333-log")
    page.locator(".lookup input").fill("s100071")
    page.locator(".lookup .found a").click()
    expect(page.locator("#run-run-71")).to_have_attribute("open", "")
    # In the order of the family, whichever was opened first.
    assert page.locator(".opened > details").evaluate_all("all => all.map((one) => one.id)") == [
        "run-run-71",
        "run-run-333",
    ]


def test_a_run_without_a_line_of_its_own_is_drawn_when_it_is_pointed_at(open_page: Opener) -> None:
    page = open_page(one_family())
    drawn(page, "#figure-Addition-log")
    kept = page.locator("#figure-Addition-log .canvas").evaluate("el => el._fullData.length")
    assert kept < 30
    page.evaluate("document.querySelector('#table-runs').scrollIntoView({ block: 'end' })")
    page.locator(SEARCH).fill("s100203")
    page.locator("#figure-Addition-log").evaluate("one => one.scrollIntoView({ block: 'end' })")
    page.locator(f"{ROWS} a").focus()
    page.locator("#figure-Addition-log").evaluate("one => one.scrollIntoView({ block: 'nearest' })")
    page.locator("#figure-Addition-log .over path").first.wait_for(state="attached")


def test_readings_of_packed_curves_are_right_to_their_last_digit(open_page: Opener) -> None:
    report = one_family()
    page = open_page(report, at="#run-run-333")
    figure = "#figure-runs--run-333-log"
    drawn(page, figure)
    page.locator(f"{figure} .plot").focus()
    page.keyboard.press("ArrowRight")
    curve = run_whole(report.families[0], report.runs[333]).lines[0].curve
    for _ in range(5):
        for _ in range(7):
            page.keyboard.press("ArrowRight")
        said = page.locator("body > [role=status]").inner_text()
        step = int(re.search(r"Step ([\d,]+)", said).group(1).replace(",", ""))  # type: ignore[union-attr]
        shown = re.search(r"Smoothed loss ([^,]+)", said)
        assert shown is not None, said
        text = shown.group(1)
        exact = float(curve.mean[list(curve.step).index(step)])
        value, digit = read(text)
        assert abs(value - exact) <= digit, (text, exact)


def read(text: str) -> tuple[float, float]:
    """A number as people read it, and one unit of its last digit."""
    figures, _, power = text.partition("×10")
    scale = 10.0 ** int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0)
    decimals = len(figures.partition(".")[2])
    return float(figures) * scale, 10.0**-decimals * scale


def test_paper_has_the_first_rows_and_says_so(open_page: Opener) -> None:
    page = open_page(one_family())
    expect(page.locator("#table-runs .some")).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator(ROWS)).to_have_count(100)
    expect(page.locator("#table-runs .some")).to_be_visible()
    expect(page.locator("#table-runs .some")).to_contain_text("The first 100 of 450 rows")
    page.emulate_media(media="screen")
    page.wait_for_function(f"document.querySelectorAll('{ROWS}').length < 100")


def test_without_scripts_the_first_rows_are_there(open_page: Opener) -> None:
    page = open_page(one_family(), java_script_enabled=False)
    assert page.locator(ROWS).count() == 100
    expect(page.locator("#table-runs .some")).to_contain_text("The first 100 of 450 rows")
    expect(page.locator(".lookup .some")).to_contain_text("450 runs")


def test_far_families_come_when_they_are_wanted(open_page: Opener) -> None:
    report = many_families()
    page = open_page(report)
    page.locator("html.ready").wait_for()
    assert page.locator("section.family").count() < 20
    page.locator("#contents a", has_text=re.compile("^F57$")).click()
    section = page.locator("#family-f57")
    expect(section).to_be_in_viewport()
    expect(section.locator("#table-family-f57 tbody tr[data-run]")).to_have_count(6)
    page.evaluate("location.hash = '#figure-f30-log'")
    drawn(page, "#figure-f30-log")
    # What is far again is given up.
    expect(page.locator("#family-f57")).to_have_count(0)
    page.evaluate("location.hash = '#run-run-359'")
    expect(page.locator("#run-run-359")).to_have_attribute("open", "")


def test_what_rows_say_is_what_tables_say(open_page: Opener) -> None:
    report = one_family()
    page = open_page(report)
    shown = page.locator("#table-runs thead th").evaluate_all("all => all.map((one) => one.dataset.key)")
    expected = tables.family_table(report.families[0], shown)
    scroll_table(page, "3000")
    rows = page.locator(ROWS).evaluate_all(
        "all => all.map((row) => [Number(row.ariaRowIndex ?? row.getAttribute('aria-rowindex')),"
        " [...row.cells].map((cell) => cell.textContent)])"
    )
    assert rows
    for index, texts in rows:
        assert texts == [cell.text for cell in expected.rows[index - 2].cells]


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_axe_finds_nothing_to_fix_in_a_page_of_many(open_page: Opener, width: int, scheme: str) -> None:
    page = open_page(one_family(), width=width, color_scheme=scheme, at="#run-run-20")
    expect(page.locator("#run-run-20")).to_have_attribute("open", "")
    scroll_table(page, "3000")
    page.locator(".lookup input").fill("s10007")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "axe.run(document).then((all) => all.violations.map((one) => [one.id, one.nodes[0].html]))"
    )
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_of_hundreds_of_runs_two_are_compared_by_their_names(open_page: Opener) -> None:
    runs = [
        samples.run_report(
            f"r{k}", samples.losses(60, seed=k), slug=f"r{k}", label=f"run {k}", config={"lr": k}
        )
        for k in range(300)
    ]
    page = open_page(samples.report([samples.family_report("Addition", runs)]))
    place = page.locator(".compare").first
    place.scroll_into_view_if_needed()
    first, second = place.locator("input").nth(0), place.locator("input").nth(1)
    first.fill(runs[7].label)
    second.fill(runs[231].label)
    expect(place.locator("tbody tr th, tbody tr td")).to_have_text(["lr", "7", "231"])
    second.fill("run")
    assert place.locator("option").count() <= 40
    expect(second).to_have_attribute("aria-invalid", "true")
    expect(place.locator("tbody tr th, tbody tr td")).to_have_text(["lr", "7", "231"])


def test_a_median_keeps_no_run_and_hundreds_of_families_have_no_legend(open_page: Opener) -> None:
    page = open_page(one_family())
    drawn(page, "#figure-Addition-log")
    page.locator("#figure-Addition-log .labels button", has_text="median").click()
    assert page.locator("#kept.some").count() == 0
    page = open_page(many_families())
    drawn(page, "#figure-all-avg-final-loss")
    assert (
        page.locator("#figure-all-avg-final-loss ~ .legend, #figure-all-avg-final-loss .legend").count() == 0
    )


def test_the_contents_follow_families_that_come_into_view(open_page: Opener) -> None:
    page = open_page(many_families())
    page.evaluate("() => document.querySelectorAll('.part')[3].scrollIntoView()")
    family = page.locator(".part:nth-of-type(n) section[id^='family-']").last
    family.wait_for(state="attached")
    family.evaluate("one => one.scrollIntoView()")
    here = f"#{family.get_attribute('id')}"
    expect(page.locator("#contents a[aria-current]")).to_have_attribute("href", here)
