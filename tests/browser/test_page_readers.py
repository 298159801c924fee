"""Every reader: by keyboard, on a narrow screen, in the dark, without scripts; and no stranger."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from page_driver import LOG, Opener, drawn, point_at_line
from playwright.sync_api import Browser, expect

from reportgen.model_list import Theme
from reportgen.outputs import html
from reportgen.report import Report
from tests import samples

AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"


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


def test_strangers_run_nothing(open_page: Opener) -> None:
    page = open_page(samples.hostile_report())
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    page.evaluate("for (const run of document.querySelectorAll('details.run')) run.open = true")
    figure = "#figure-hostile-all"
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
    for _ in range(20):
        page.reload()
        if page.evaluate(paper) == "rgb(255, 255, 255)":
            break
        page.wait_for_timeout(250)  # The browser keeps what a page stores in its own time.
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
  for (const label of document.querySelectorAll(".labels button")) {
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
    drawn(page, "#figure-Other-all")
    pairs: dict[str, float] = page.evaluate(CONTRASTS)
    assert len(pairs) == 15 + 11 + 7
    assert {pair: ratio for pair, ratio in pairs.items() if ratio < 4.5} == {}
