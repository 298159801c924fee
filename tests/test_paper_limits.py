"""What of very many families is drawn and printed: each place says what it leaves out."""

from __future__ import annotations

from reportgen.outputs import context, files, paper
from reportgen.outputs.paper_limits import printed_runs
from reportgen.report import Report
from tests import samples


def many_families(count: int) -> Report:
    runs = [samples.run_report(f"r{k}", samples.losses(30, seed=k), slug=f"r{k}") for k in range(count)]
    return samples.report([samples.family_report(f"F{k}", [run], slug=f"f{k}") for k, run in enumerate(runs)])


def test_figures_of_the_first_hundred_families_are_drawn_and_the_others_say_where_they_are() -> None:
    report = many_families(102)
    of = {name.split("-")[0] for name, _ in files._figures(report)}
    assert of == {"all", *(f"f{k}" for k in range(100))}
    made = context.context(report, medium="paper", figure=lambda _: "")
    assert all(view.figures for view in made["families"][:100])
    for view in made["families"][100:]:
        assert not view.figures
        (said,) = view.missing
        assert said == (
            "The figures of this family are in report.html only: this PDF and figures/ have those of the "
            "first 100 of 102 families."
        )


def test_of_more_families_than_are_printed_run_by_run_the_first_have_a_run_each() -> None:
    report = many_families(203)
    printed = printed_runs(report)
    assert [len(printed[f"f{k}"]) for k in range(203)] == [1] * 200 + [0] * 3
    assert [one.family.slug for one in paper.panels(report)] == [f"f{k}" for k in range(200)]
