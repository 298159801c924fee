"""The page's tables in a real Chromium."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from page_driver import Opener, column
from PIL import Image, ImageStat

from reportgen.report import Report
from tests import samples
from tests.system_parts import has_latex


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


def repeated() -> Report:
    """Two configurations of three seeds, with a reference and a target: groups and effects."""
    runs = [
        samples.run_report(
            f"{optimizer}-s{seed}",
            samples.losses(200, end=end, seed=seed),
            attrs={"optimizer": optimizer, "seed": seed},
            config={"optimizer": optimizer, "seed": seed},
            label=f"optimizer={optimizer} seed={seed}",
        )
        for optimizer, end in (("momentum_of_nesterov", 1.0), ("adam & co", 2.0))
        for seed in range(3)
    ]
    return samples.report(
        [samples.family_report("Repeated", runs, target=2.5, reference={"optimizer": "adam & co"})]
    )


def many_rows() -> Report:
    runs = [samples.run_report(f"run-{i}", samples.losses(20, seed=i), slug=f"r{i}") for i in range(60)]
    return samples.report([samples.family_report("Many", runs)])


@pytest.mark.parametrize(
    ("make", "tables"),
    [
        (samples.sample_report, {"table-runs", "table-thresholds-Addition", "table-family-Seeds"}),
        (samples.hostile_report, {"table-runs"}),
        (repeated, {"table-groups-Repeated", "table-reference-Repeated", "table-target-Repeated"}),
        (many_rows, {"table-runs"}),
    ],
)
def test_what_is_copied_as_latex_compiles_and_fits_the_text(
    open_page: Opener, tmp_path: Path, make: Callable[[], Report], tables: set[str]
) -> None:
    """Where no TeX is installed, that powers are mathematics is all that is seen."""
    page = open_page(make(), permissions=["clipboard-read", "clipboard-write"])
    found = [one.get_attribute("id") or "" for one in page.locator(".table:has(> .tools)").all()]
    assert tables <= set(found)
    copied = []
    for table in filter(None, found):
        page.evaluate("navigator.clipboard.writeText('')")
        page.locator(f"#{table} button", has_text="Copy as LaTeX").click()
        page.wait_for_function("() => navigator.clipboard.readText()")
        copied.append(page.evaluate("navigator.clipboard.readText()"))
    text = "\n\\clearpage\n".join(copied)
    assert not set("⁻⁰¹²³⁴⁵⁶⁷⁸⁹×") & set(text)
    if "table-thresholds-Addition" in tables:
        assert "$10^{-1}$" in text
    needs = re.findall(r"^% Needs in the preamble: \\usepackage\{(.*)\}$", text, re.MULTILINE)
    packages = set(",".join(needs).split(","))
    assert ("longtable" in packages) == (make is many_rows)
    (tmp_path / "copied.tex").write_text(
        f"\\documentclass{{article}}\n\\usepackage{{{','.join(sorted(packages))}}}\n\\begin{{document}}\n"
        f"\\setlength{{\\parindent}}{{0pt}}\n{text}\n\\end{{document}}\n",
        encoding="utf-8",
    )
    if has_latex():
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "copied.tex"]
        made = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120
        )
        assert made.returncode == 0, made.stdout[-2000:]
        assert "Missing character" not in made.stdout
        # What goes on over the next pages cannot be made smaller, so that a comment says it.
        wide = "choose fewer columns" in text
        assert (re.findall(r"^Overfull \\hbox.*", made.stdout, re.MULTILINE) != []) == wide
        assert wide == (make is many_rows)


def test_hostile_text_is_copied_as_text(open_page: Opener) -> None:
    page = open_page(samples.hostile_report(), permissions=["clipboard-read", "clipboard-write"])
    page.locator("#table-runs button", has_text="Copy as CSV").click()
    page.locator("#table-runs .said", has_text="Copied.").wait_for()
    text = page.evaluate("navigator.clipboard.readText()")
    assert "'=cmd|" in text
    assert not re.search(r'(^|,|")[=+@]', text, re.MULTILINE)


def test_a_formula_after_a_semicolon_is_copied_as_text(open_page: Opener) -> None:
    run = samples.run_report("r", [-1.0] * 6, label="a;=cmd()")
    report = samples.report([samples.family_report("F", [run])])
    page = open_page(report, permissions=["clipboard-read", "clipboard-write"])
    page.locator("#table-runs button", has_text="Copy as CSV").click()
    page.locator("#table-runs .said", has_text="Copied.").wait_for()
    row = page.evaluate("navigator.clipboard.readText()").splitlines()[1].split(",")
    assert "a;'=cmd()" in row and "-1.0" in row


def test_a_caption_wraps_to_what_is_seen_of_its_table(open_page: Opener) -> None:
    page = open_page(samples.sample_report(), width=390)
    widths = page.evaluate(
        "[...document.querySelectorAll('.scroll caption')].map(caption => ["
        "caption.getBoundingClientRect().width, caption.closest('.scroll').clientWidth,"
        " caption.closest('table').getBoundingClientRect().width])"
    )
    assert any(table > seen for _, seen, table in widths)
    assert all(caption <= seen for caption, seen, _ in widths)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_table_shows_at_its_edge_that_there_is_more(
    open_page: Opener, scheme: Literal["light", "dark"]
) -> None:
    page = open_page(samples.sample_report(), width=390, color_scheme=scheme)
    scroll = page.locator("#table-runs .scroll")
    scroll.scroll_into_view_if_needed()

    def edge() -> tuple[float, ...]:
        """The colour of the right edge, in the caption's row, where nothing stands."""
        picture = Image.open(io.BytesIO(scroll.screenshot())).convert("RGB")
        return ImageStat.Stat(picture.crop((picture.width - 2, 2, picture.width, 20))).mean

    more = edge()
    scroll.evaluate("element => { element.scrollLeft = element.scrollWidth; }")
    none = edge()
    assert max(none) - min(none) < 10  # paper: white or nearly black
    assert 20 < abs(sum(more) - sum(none)) / 3 < 60  # seen, and quiet


def test_curves_of_rows_are_there_in_a_print_of_a_page_that_was_never_scrolled(open_page: Opener) -> None:
    page = open_page(samples.sample_report())
    empty = "[...document.querySelectorAll('td.sparkline')].filter((cell) => !cell.firstChild).length"
    assert page.evaluate(empty) > 0
    page.pdf()
    assert page.evaluate(empty) == 0
