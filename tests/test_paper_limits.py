"""What of very many families is drawn and printed: each place says what it leaves out."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from reportgen.facts import Finding
from reportgen.outputs import context, files, html, paper, pdf
from reportgen.outputs.paper_limits import left_out, printed_runs
from reportgen.report import Report
from tests import samples


def many_families(count: int) -> Report:
    runs = [samples.run_report(f"r{k}", samples.losses(30, seed=k), slug=f"r{k}") for k in range(count)]
    return samples.report([samples.family_report(f"F{k}", [run], slug=f"f{k}") for k, run in enumerate(runs)])


def test_the_first_hundred_families_have_sections_and_figures_and_one_table_has_all() -> None:
    report = many_families(102)
    of = {name.split("-")[0] for name, _ in files._figures(report)}
    assert of == {"all", *(f"f{k}" for k in range(100))}
    made = context.context(report, medium="paper", figure=lambda _: "")
    assert [view.family.slug for view in made["families"]] == [f"f{k}" for k in range(100)]
    assert all(view.figures for view in made["families"])
    shown = made["runs_table"]
    assert [row.cells[0].text for row in shown.table.rows] == [f"F{k}" for k in range(102)]
    assert shown.caption == (
        "102 families. The first 100 have sections here and figures in figures/; report.html has "
        "sections and figures of all, tables/ the tables of their runs."
    )


@pytest.mark.parametrize("count", [100, 102])
def test_no_link_on_paper_leads_to_a_section_that_is_not_printed(count: int) -> None:
    found = tuple(
        Finding("lowest", f"f{k}", (), {}, None, f"Of F{k}.", f"figures/f{k}-log") for k in (0, count - 1)
    )
    text = pdf.document(replace(many_families(count), findings=found), {})
    targets = set(re.findall(r'href="#([^"]+)"', text))
    assert targets <= set(re.findall(r'id="([^"]+)"', text))
    assert ("and 2 families more in Table 1" in text) == (count == 102)


def test_families_are_listed_on_paper_up_to_a_limit_that_is_said() -> None:
    one = many_families(1).families[0]
    report = samples.report([replace(one, spec=replace(one.spec, slug=f"f{k}")) for k in range(1001)])
    shown = context.context(report, medium="paper", figure=lambda _: "")["runs_table"]
    assert len(shown.table.rows) == 1000
    assert shown.caption.endswith(
        " The first 1,000 of 1,001 rows are printed; the attached report.json has all."
    )


def test_of_families_with_more_runs_than_are_printed_one_by_one_each_has_its_share() -> None:
    report = many_families(203)
    printed = printed_runs(report)
    assert printed == {f"f{k}": (0,) for k in range(100)}
    assert [one.family.slug for one in paper.panels(report)] == [f"f{k}" for k in range(100)]
    runs = [samples.run_report(f"r{k}", samples.losses(30, seed=k), slug=f"r{k}") for k in range(3)]
    report = samples.report([samples.family_report(f"F{k}", runs, slug=f"f{k}") for k in range(100)])
    assert [len(places) for places in printed_runs(report).values()] == [2] * 100


def test_the_page_says_what_files_leave_out() -> None:
    assert left_out(many_families(100)) == ""
    report = many_families(203)
    assert left_out(report) == (
        "report.pdf prints at most 200 of 203 runs one by one. report.pdf and figures/ hold figures of "
        "the first 100 of 203 families; Export, at a figure here, makes a file of any."
    )
    assert left_out(report) in html.render(report)
    assert "<dt>Files</dt>" not in html.render(many_families(2))
