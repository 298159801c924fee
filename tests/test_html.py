"""The page as text: what it says, that nobody is let in, what it weighs. ``browser/`` looks at it."""

from __future__ import annotations

import base64
import hashlib
import math
import re
import subprocess
import sys
import textwrap
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from page_reader import Page

from reportgen.changes import against
from reportgen.curves.summary import Curve, Envelope, LossMetrics, Summary
from reportgen.document import report_document
from reportgen.errors import ReportgenError
from reportgen.figure_kinds import figure_kinds
from reportgen.figures import captions
from reportgen.figures.captions import Caption
from reportgen.figures.overview import avg_final_loss
from reportgen.model_list import Theme
from reportgen.naming import QUANTA_MATHS
from reportgen.outputs import html, pdf
from reportgen.outputs.page_data import even_steps
from reportgen.outputs.templating import environment, filled, markdown
from reportgen.report import FamilyReport, Report, RunReport
from reportgen.text import printable
from tests import families, samples


@pytest.fixture(scope="module")
def report() -> Report:
    return samples.sample_report()


@pytest.fixture(scope="module")
def page(report: Report) -> Page:
    return Page(html.render(report))


def test_expectations_name_family_and_run(page: Page) -> None:
    assert page.tables["expectations"] == [
        ["Family", "Run", "Metric", "Expected", "Actual", "Outcome"],
        ["Mixed", "mix_d7_l3_h4_t30K_s572091", "NaN or infinite", "= 0", "20", "failed"],
        ["Mixed", "mix_d8_l3_h4_t30K_s572091", "NaN or infinite", "= 0", "–", "not checked"],
    ]


def test_the_page_says_what_the_report_says(report: Report, page: Page) -> None:
    said = " ".join(page.text.split())
    assert report.title in said
    assert "2 January 2026, 03:04 UTC" in said
    assert "computed on cpu" in said
    assert (
        "1 of 9 runs could not be used; 1 diverged; 1 expectation failed; 1 expectation not checked" in said
    )
    for family in report.families:
        assert family.name in said
        for run in family.runs:
            assert run.spec.name in said
            assert run.source.sha256 in said
            assert run.source.revision is not None and run.source.revision in said
            for key in run.config:
                assert key in said
    for problem in report.problems:
        assert problem.message in said
    assert "Diverged: 20 losses not finite, the first at step 40." in said
    assert "fails NaN or infinite = 0" in said
    assert "nonfinite" not in said
    assert "The runs in this report are synthetic: no model was trained." in said


def test_parts_come_in_the_order_that_readers_need(report: Report) -> None:
    before = report_document(samples.report(report.families[1:]))
    page = Page(html.render(against(report, before)))
    parts = [found for tag, found in page.elements if tag in ("section", "header")]
    assert [found["id"] for found in parts] == [
        "top", "changes", "expectations", "problems", "overview",
        "family-Addition", "family-Seeds", "family-Mixed", "definitions", "provenance",
    ]  # fmt: skip
    assert "add_d5_l2_h3_t15K_s372001 in Addition: " in page.text


def test_a_run_that_still_cannot_be_read_is_no_change(report: Report) -> None:
    said = " ".join(Page(html.render(against(report, report_document(report)))).text.split())
    assert (
        "Nothing changed since the report of 2 January 2026, 03:04 UTC. Runs that still could not be read: 1"
        in said
    )
    assert "What is not named here is as it was" not in said


def test_numbers_of_the_table_are_those_of_the_losses(report: Report, page: Page) -> None:
    head, *rows = page.tables["table-runs"]
    cell = {title: i for i, title in enumerate(head)}
    assert len(rows) == len(report.runs) == 8
    for row, run in zip(rows, report.runs, strict=True):
        values = run.summary.raw_early  # 20 of the losses: the rest comes from the metrics' own tests
        assert row[cell["Label"]] == run.label
        assert row[cell["Steps"]] == str(run.summary.metrics.steps)
        avg = run.summary.metrics.avg_final_loss
        if avg is None:
            assert row[cell["AvgFinalLoss"]] == "–"
        else:
            figures, power = f"{avg:.2e}".split("e")
            shown = row[cell["AvgFinalLoss"]].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
            assert shown == f"{figures}×10{int(power)}"
        assert len(values) == 20


def test_only_what_is_used_is_defined(report: Report) -> None:
    def defined(made: Report) -> list[str]:
        page = html.render(made).partition('id="definitions"')[2].partition("</section>")[0]
        return re.findall("<dt>(.*?)</dt>", page)

    first, last = ["Final loss", "AvgFinalLoss", "Steps"], ["Smoothed lines", "Bands"]
    falls = ["NaN or infinite", "Spikes", "Steps to 10⁻¹ … 10⁻⁸"]
    assert defined(report) == [*first, "Minimum loss", *falls, *last]
    calm = samples.report([samples.family_report("A", [samples.run_report("r", [2.0] * 9)])])
    assert defined(calm) == ["Steps", "Mean at the end", *last]
    odd = samples.report([samples.family_report("A", [samples.run_report("r", [2.0, *[0.0] * 6, math.nan])])])
    assert defined(odd) == [
        "Steps",
        "Mean at the end",
        "NaN or infinite",
        "Steps to 10⁻¹ … 10⁻⁸",
        *last,
        "Log axes",
    ]


def test_a_listed_value_that_disagrees_is_marked(page: Page) -> None:
    head, *rows = page.tables["table-family-Addition"]
    listed = head.index("AvgFinalLoss, listed")
    assert [row[listed].endswith("≠") for row in rows] == [False, False, True]


def test_the_data_block_holds_the_curves(report: Report, page: Page) -> None:
    """Where no spike is in the window; a run's raw losses all."""
    data = page.data
    for family in report.families:
        for kind in family.spec.figures:
            if kind not in ("log", "linear"):
                continue
            drawn = data["figures"][f"{family.slug}-{kind}"]
            assert [line["id"] for line in drawn["lines"]] == [run.slug for run in family.runs]
            for line, run in zip(drawn["lines"], family.runs, strict=True):
                curve = run.summary.curve if kind == "log" else run.summary.early
                assert line["n"] == curve.steps
                spikes = np.array(run.summary.metrics.spikes)
                calm = [not (abs(spikes - step) <= samples.WINDOW).any() for step in curve.step]
                for name in ("mean", "min", "max"):
                    expected = getattr(curve, name).astype(np.float32)
                    np.testing.assert_array_equal(page.array(line[name])[calm], expected[calm])
    for run in report.runs:
        raw = data["figures"][f"runs/{run.slug}-log"]["lines"][0]
        np.testing.assert_array_equal(page.array(raw["max"]), run.summary.raw.max.astype(np.float32))
        start = data["figures"][f"runs/{run.slug}-linear"]["lines"][0]
        np.testing.assert_array_equal(page.array(start["min"]), run.summary.raw_early.astype(np.float32))


def test_equal_arrays_are_there_once(page: Page) -> None:
    arrays = page.data["arrays"]
    assert len(set(arrays)) == len(arrays)


@given(steps=st.integers(1, 10_000_000), points=st.integers(1, 900))
def test_even_steps_are_those_of_the_build(steps: int, points: int) -> None:
    """By exact integers, and within half a gap of evenly spread real numbers."""
    points = min(steps, points)
    made = even_steps(steps, points).tolist()
    gaps = max(points - 1, 1)
    assert made[0] == 0
    assert made[-1] == (steps - 1 if points > 1 else 0)
    assert all(abs(step * gaps - k * (steps - 1)) * 2 <= gaps for k, step in enumerate(made))
    assert len(set(made)) == points


def test_uneven_steps_travel_with_their_curve() -> None:
    run = samples.run_report("r")
    step = np.array([0, 1, 7, 59])
    few = Curve(60, step, *(np.array([1.0, 0.5, 0.2, 0.1]) for _ in range(3)))
    uneven = samples.with_summary(run, curve=few)
    page = Page(html.render(samples.report([samples.family_report("F", [uneven])])))
    assert page.array(page.data["figures"]["F-all"]["lines"][0]["step"]).tolist() == step.tolist()


@pytest.mark.parametrize("extreme", [1e-300, 1e300, 5e-324])
def test_values_beyond_single_precision_are_not_lost(extreme: float) -> None:
    run = samples.run_report("r", [1.0, extreme, 1.0])
    page = Page(html.render(samples.report([samples.family_report("F", [run])])))
    assert page.array(page.data["figures"]["runs/r-linear"]["lines"][0]["min"])[1] == extreme


def test_scripts_and_styles_run_by_hash_alone(page: Page) -> None:
    metas = page.all("meta")
    (policy,) = [found["content"] for found in metas if found.get("http-equiv") == "Content-Security-Policy"]
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}

    def digest(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    run = [text for kind, text in page.scripts if kind is None]
    assert rules["script-src"] == [digest(text) for text in run]
    assert rules["style-src-elem"] == [digest(page.styles[0]), digest("")]
    assert len(page.styles) == 1
    assert rules["default-src"] == ["'none'"]
    assert "unsafe" not in " ".join(rules["script-src"])


def test_nothing_is_asked_of_any_network(page: Page) -> None:
    for tag, found in page.elements:
        for name in ("src", "srcset", "poster", "data", "action"):
            assert found.get(name, "data:").startswith("data:"), (tag, name)
        if tag == "link":
            assert found["href"] == "data:,"
    assert not re.search(r"url\((?!\"data:)|@import", page.styles[0])


def test_links_lead_somewhere(page: Page) -> None:
    ids = [found["id"] for _, found in page.elements if "id" in found]
    assert len(ids) == len(set(ids))
    links = [found["href"] for found in page.all("a") if found.get("href", "").startswith("#")]
    assert len(links) > 30
    assert {link[1:] for link in links} <= set(ids)
    figures = {found["id"] for found in page.all("figure")}
    assert {"figure-Addition-log", "figure-Addition-linear", "figure-all-avg-final-loss"} <= figures


def test_no_run_has_the_figure_of_a_family() -> None:
    """Whatever both are called."""
    names = ("a", "a-log", "run-a", "runs-a", "runs")
    page = Page(
        html.render(
            samples.report([samples.family_report(name, [samples.run_report(name)]) for name in names])
        )
    )
    ids = [found["id"] for _, found in page.elements if "id" in found]
    assert len(ids) == len(set(ids))
    assert {"figure-a-all", "figure-runs--a-log"} <= set(ids)


def test_tables_and_pictures_speak(page: Page) -> None:
    assert all(found.get("scope") in ("col", "row") for found in page.all("th"))
    plots = [found for found in page.all("div") if found.get("class") == "plot"]
    assert plots
    assert all(found["role"] == "img" and found["aria-label"] for found in plots)
    (addition,) = [found for found in plots if found["data-figure"] == "Addition-log"]
    assert addition["aria-label"].startswith("Lowest: d5, AvgFinalLoss ")


def test_strangers_text_is_text() -> None:
    page = Page(html.render(samples.hostile_report()))
    said = " ".join(page.text.split())
    for text in samples.HOSTILE:
        assert " ".join(printable(text).split()) in said
    clean = Page(html.render(samples.sample_report()))
    ours = {"hr", "ul", "li", "ol", "code", "em", "wbr"}  # of Markdown, and of headings
    assert {tag for tag, _ in page.elements} - {tag for tag, _ in clean.elements} <= ours
    assert len(page.scripts) == len(clean.scripts)
    for tag, found in page.elements:
        assert not [name for name in found if name.startswith("on")], tag
        assert not found.get("href", "").lower().startswith(("javascript", "data:text")), tag
    (data,) = [text for kind, text in page.scripts if kind == "application/json"]
    assert not {"<", ">", "&", "\u2028", "\u2029"} & set(data)


@given(text=st.text(max_size=60))
def test_any_label_is_shown_whole_and_as_text(text: str) -> None:
    template = environment().from_string('<p title="{{ text }}">{{ text }}</p>')
    page = Page(template.render(text=text))
    assert page.text == printable(text)
    assert page.all("p") == [{"title": printable(text)}]


@pytest.mark.parametrize(
    ("source", "lacks", "holds"),
    [
        ("<b onclick=x>hi</b>", "<b", "&lt;b onclick=x&gt;hi"),
        ("[a](javascript:alert(1))", "<a", "[a](javascript:alert(1))"),
        ("[a](JaVaScRiPt&colon;alert(1))", "<a", "[a]"),
        ("[a](data:text/html,x)", "<a", "[a]"),
        ("![over there](https://example.org/x.png)", "<img", "over there"),
        ("# Loud", "<h1", "<strong>Loud</strong>"),
        ("[a](https://example.org)", "javascript", '<a href="https://example.org">a</a>'),
        ("**bold** `code`", "*", "<strong>bold</strong> <code>code</code>"),
    ],
)
def test_markdown_is_rendered_without_html(source: str, lacks: str, holds: str) -> None:
    made = str(markdown(source))
    assert lacks not in made
    assert holds in made


def test_headings_of_columns_may_be_broken_at_their_marks_alone() -> None:
    made = environment().from_string("{{ text|breakable }}").render(text="rollout/ep_rew_mean, 1.5 <b>_</b>")
    assert made == "rollout/<wbr>ep_<wbr>rew_<wbr>mean, 1.5 &lt;b&gt;_&lt;/b&gt;"


def test_the_same_report_gives_the_same_page(report: Report) -> None:
    assert html.render(report) == html.render(samples.sample_report())


@pytest.mark.parametrize(
    ("fonts", "named"),
    [
        ("Georgia, serif", '"Georgia", '),
        ("system-ui,Times New Roman , Sans-Serif", '"Times New Roman", '),
        ("serif", ""),
        ("Noto Serif", '"Noto Serif", '),
    ],
)
def test_the_shipped_serif_stands_behind_the_fonts_of_a_theme(report: Report, fonts: str, named: str) -> None:
    made = _themed(report, Theme(fonts))
    assert f'--serif: {named}"Report Serif", ' in Page(html.render(made)).styles[0]
    assert f'font-family: {named}"Report Serif", serif;' in unescape(pdf.document(made, {}))


def test_templates_of_ones_own_go_first(report: Report, tmp_path: Path) -> None:
    (tmp_path / "_header.html.j2").write_text("<header id='top'>Ours: {{ report.title }}</header>")
    (tmp_path / "page").mkdir()
    style = b"p { margin: 0 }\r\nb { color: {{ theme.accent or 'teal' }} }"
    (tmp_path / "page" / "page.css").write_bytes(style)
    page = Page(html.render(report, templates=tmp_path))
    assert "Ours: Sample report" in page.text
    assert page.styles == ["p { margin: 0 }\nb { color: teal }"]
    test_scripts_and_styles_run_by_hash_alone(page)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("one\n{{ titel }}", "template _header.html.j2: line 2: 'titel' is undefined; see docs/templates.md"),
        (
            "{% if %}",
            "template _header.html.j2: line 1: Expected an expression, got 'end of statement block'",
        ),
        ("{% include 'gone.j2' %}", "template gone.j2: no such file; add it to the folder"),
        (
            "\n{{ 1 / 0 }}",
            "template _header.html.j2: line 2: ZeroDivisionError: division by zero; see docs/templates.md",
        ),
        # What it calls for is told where it fails.
        (
            "{% include '_family.html.j2' %}",
            "template _family.html.j2: line 2: 'view' is undefined; see docs/templates.md",
        ),
    ],
)
def test_a_template_with_a_mistake_is_named(report: Report, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "_header.html.j2").write_text(text)
    with pytest.raises(ReportgenError) as raised:
        html.render(report, templates=tmp_path)
    assert str(raised.value) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a {\n{{ titel }}", "line 2: 'titel' is undefined; see docs/templates.md"),
        ("{{ [][3].x }}", "line 1: list object has no element 3; see docs/templates.md"),
        ("a {\n\n{% if %}", "line 3: Expected an expression, got 'end of statement block'"),
        (
            "a {\n{{ loss(report) }}",
            "line 2: TypeError: must be real number, not Report; see docs/templates.md",
        ),
    ],
)
def test_a_stylesheet_with_a_mistake_is_named_with_its_folder(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    (tmp_path / "mine" / "page").mkdir(parents=True)
    (tmp_path / "mine" / "page" / "page.css").write_text(text)
    monkeypatch.chdir(tmp_path / "mine" / "page")
    for folder in (tmp_path / "mine", Path("../../mine")):
        with pytest.raises(ReportgenError) as raised:
            html.render(report, templates=folder)
        assert str(raised.value) == f"template page/page.css: {said}"
        assert raised.value.exit_code == 1


def test_what_fails_in_a_shipped_template_alone_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError):
        filled(environment(tmp_path), "_problems.html.j2", {})


def _themed(report: Report, theme: Theme) -> Report:
    return replace(report, lists=(replace(report.lists[0], theme=theme),))


def test_a_theme_changes_accent_title_font_and_logo(report: Report) -> None:
    uri = f"data:image/svg+xml;base64,{base64.b64encode(b'<svg><script>alert(1)</script></svg>').decode()}"
    page = Page(html.render(_themed(report, Theme("Georgia, Times New Roman", "#8a1f5c", uri))))
    assert "--accent: #8a1f5c" in page.styles[0]
    assert '--serif: "Georgia", "Times New Roman", ' in page.styles[0]
    (logo,) = [found for found in page.all("img") if found.get("class") == "logo"]
    assert logo["src"] == uri


def test_a_picture_stands_where_scripts_are_off(report: Report) -> None:
    page = Page(html.render(report, pictures={"Addition-log": b"\x89PNG"}))
    (still,) = [found for found in page.all("img") if found["src"].startswith("data:image/png")]
    assert base64.b64decode(still["src"].split(",")[1]) == b"\x89PNG"
    assert still["alt"].startswith("Lowest: d5")
    assert page.text.count("The interactive figure needs JavaScript.") == len(page.all("noscript")) - 1


def test_a_family_without_a_usable_run_says_so() -> None:
    gone = samples.run_spec("add_d5_l2_h3_t15K_s372001")
    empty = samples.report([samples.family_report("Empty", [], specs=(gone,))])
    page = Page(html.render(empty))
    said = " ".join(page.text.split())
    assert "None of its 1 run could be used" in said
    assert "No run could be used" in said
    assert page.all("figure") == []


def test_one_run_is_neither_highest_nor_many() -> None:
    page = Page(html.render(samples.report([samples.family_report("One", [samples.run_report("only")])])))
    said = " ".join(page.text.split())
    assert "1 run, no problems." in said
    assert "Lowest mean at the end" in said
    assert "Highest" not in said


def test_a_run_without_a_finite_loss_is_still_there() -> None:
    run = samples.run_report("lost", [math.nan] * 10)
    page = Page(html.render(samples.report([samples.family_report("Lost", [run])])))
    said = " ".join(page.text.split())
    assert "No run ends with a finite loss" in said
    assert "Diverged: 10 losses not finite, the first at step 0." in said
    assert "all-avg-final-loss" not in page.data["figures"]


def test_losses_that_a_log_axis_cannot_show_are_counted() -> None:
    run = samples.run_report("zero", [1.0, 0.0, -1.0, 0.5])
    page = Page(html.render(samples.report([samples.family_report("Zero", [run])])))
    assert page.data["shared"][page.data["figures"]["Zero-all"]["says"]]["missing"]["log"] == (
        " 2 losses of zero or below are missing: a log axis cannot show them."
    )


def _caption(kind: str, family: FamilyReport) -> Caption:
    asked = figure_kinds()[kind]
    plot = asked.plot(family)
    assert plot is not None
    return asked.says(family, plot)


def test_captions_say_how_lines_were_smoothed(report: Report) -> None:
    family = report.families[0]
    assert "centred rolling mean over 5 entries, partial windows at the edges" in _caption("log", family).text
    ema = replace(family.spec.smoothing, smoother="ema", window=40)
    assert captions.smoothing_sentence(ema) == "exponential moving average with a span of 40 entries"
    trim = replace(family.spec.smoothing, smoother="median", edges="trim")
    assert captions.smoothing_sentence(trim) == "centred rolling median over 5 entries, missing at the edges"


def test_captions_say_which_steps_are_shown_and_which_runs_have_no_line(report: Report) -> None:
    family = report.families[0]
    said = _caption("log", replace(family, spec=replace(family.spec, x_range=(0.0, 1_000_000.0)))).text
    assert "training loss over steps 0 to 1,000,000, log axis." in said
    long = replace(family.spec, smoothing=replace(family.spec.smoothing, window=10_000, edges="trim"))
    said = _caption("linear", replace(family, spec=long)).text
    assert f"{len(family.runs)} runs shorter than the window have no line." in said


def test_a_caption_has_words_for_every_scale_and_band(report: Report) -> None:
    says = _caption("all", report.families[0])
    assert [slot for slot, _ in says.pieces if slot] == ["x", "y", "band", "missing"]
    assert says.slots["y"] == {"log": "log axis", "linear": "linear axis"}
    assert set(says.slots["band"]) == {"all", "pointed", "none"}


def test_the_caption_of_all_runs_counts_those_that_are_not_shown() -> None:
    losses = {"add_d5_l2_h3_t15K_s372001": 0.0, "add_d6_l2_h3_t15K_s372001": 1e-9, "other": 1.0}
    runs = [samples.run_report(name, [value] * 9) for name, value in losses.items()]
    shown = avg_final_loss(samples.report([samples.family_report("F", runs)]))
    assert shown is not None
    says = captions.overview(runs, shown)
    assert says.text == (
        "Mean at the end (of the end window) against digits of each number, every run. "
        "1 run with a missing value is left out. 1 run of zero or below is missing."
    )
    assert says.slots["by"]["run"] == "of every run."
    assert says.slots["missing"]["linear"] == ""


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (families.family(3, digits=False, figures=("seeds", "thresholds")), []),
        (
            families.family(3, figures=("log", "seeds")),
            ["No figure of seeds: no runs form a group. One run per configuration: nothing can be tested."],
        ),
        (
            families.one([2.0] * 9, figures=("thresholds", "log")),
            ["No figure of steps to thresholds: no run's rolling mean falls below one."],
        ),
        (
            families.family(40, figures=("thresholds",)),
            ["No figure of steps to thresholds: it holds at most 39 runs."],
        ),
        (samples.family_report("None", [], figures=("seeds", "thresholds")), []),
    ],
)
def test_a_figure_that_is_not_there_is_accounted_for(asked: FamilyReport, said: list[str]) -> None:
    made = samples.report([asked])
    for text in (html.render(made), pdf.document(made, {})):
        assert re.findall(r"No figure of [^<]*", unescape(text)) == said


def test_seeds_and_thresholds_are_drawn_where_the_list_asks(report: Report) -> None:
    asked = samples.family_report("Seeds", report.families[1].runs, figures=("seeds", "thresholds"))
    page = Page(html.render(samples.report([asked])))
    ids = [found["id"] for found in page.all("figure") if "run-" not in found["class"]]
    assert ids == ["figure-Seeds-seeds", "figure-all-avg-final-loss", "figure-Seeds-thresholds"]
    (group,) = page.data["figures"]["Seeds-seeds"]["lines"]
    # Spikes apart, which the smoothed lines leave out.
    spikes = np.array(sorted({step for run in asked.runs for step in run.summary.metrics.spikes}))
    calm = [not (abs(spikes - step) <= samples.WINDOW).any() for step in asked.runs[0].summary.curve.step]
    means = np.array([run.summary.curve.mean for run in asked.runs])
    found = page.array(group["mean"])
    np.testing.assert_allclose(found[calm], np.exp(np.log(means).mean(axis=0))[calm], rtol=1e-6)
    np.testing.assert_allclose(page.array(group["max"])[calm], means.max(axis=0)[calm], rtol=1e-6)
    for line, run in zip(page.data["figures"]["Seeds-thresholds"]["lines"], asked.runs, strict=True):
        expected = [math.nan if step is None else step for step in run.summary.metrics.steps_to.values()]
        np.testing.assert_array_equal(page.array(line["mean"]), expected)


def test_many_runs_say_once_what_their_configurations_share() -> None:
    runs = [samples.run_report(f"r{i}", slug=f"r{i}", config={"lr": 0.1, "own": i}) for i in range(40)]
    page = html.render(samples.report([samples.family_report("Many", runs)]))
    assert page.count("<dt>lr</dt>") == 1
    assert page.count("<dt>own</dt>") == 40


def test_rendering_imports_nothing_slow() -> None:
    program = textwrap.dedent(
        """
        import sys
        from reportgen.outputs import html
        from tests import samples
        html.render(samples.sample_report())
        print(sorted({"torch", "pandas", "plotly", "kaleido", "weasyprint", "PIL"} & set(sys.modules)))
        """
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _noise(runs: int, points: int) -> list[RunReport]:
    """Runs whose curves are noise, which no encoding makes small; 60,000 steps each."""
    made = np.random.default_rng(0)
    step = even_steps(60_000, points)

    def curve() -> Curve:
        return Curve(60_000, step, *(made.random(points) for _ in range(3)))

    first = samples.run_report("first", config={f"key_{i:02}": f"value {i}" for i in range(32)})
    metrics = LossMetrics(60_000, 1e-8, 1e-8, 1e-9, 59_000, 0, None, 0, (), first.summary.metrics.steps_to)
    found = []
    for i in range(runs):
        name = f"add_d{5 + i % 12}_l2_h3_t60K_s{100_000 + i}"
        raw = Envelope(60_000, step, made.random(points), made.random(points))
        early = (made.random(1_500), np.arange(1_500))
        summary = Summary(metrics, curve(), curve(), raw, *early, curve(), 500)
        spec = samples.run_spec(name, note="AddAccuracy=Six9s. 1/M fail")
        config = {**first.config, "training_seed": i}
        found.append(
            replace(
                samples.with_summary(first, summary=summary),
                spec=spec,
                slug=name,
                label=f"d{5 + i % 12} s{100_000 + i}",
                config=config,
                attributes=QUANTA_MATHS.read(name),
            )
        )
    return found


@pytest.mark.parametrize(
    ("sizes", "points", "megabytes"), [((11, 9, 7), 800, 3.0), ((1000, 40, 40), 300, 25.0)]
)
def test_the_page_weighs_little(sizes: tuple[int, ...], points: int, megabytes: float) -> None:
    runs = iter(_noise(sum(sizes), points))
    families = [
        samples.family_report(f"Family {i}", [next(runs) for _ in range(size)])
        for i, size in enumerate(sizes)
    ]
    page = html.render(samples.report(families))
    assert len(page.encode()) < megabytes * 1e6
