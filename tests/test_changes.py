"""What changed between two reports: every way in which a run can come, go, fail and move."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen import changes
from reportgen.document import report_document
from reportgen.errors import ReportgenError
from reportgen.kinds import Problem
from reportgen.model_list import HubSource
from reportgen.news import Section
from reportgen.outputs.data import json_bytes
from reportgen.report import Check, Report, RunReport, Selected
from tests.samples import (
    HOSTILE,
    family_report,
    hostile_report,
    losses,
    report,
    run_report,
    run_spec,
    sample_report,
)

NAME = "add_d5_l2_h3_t15K_s372001"
SECTIONS = (
    *("new", "gone", "unreadable", "sources", "configuration", "metrics", "grown", "diverged"),
    "expectations",
)


def run(level: float = 0.5, name: str = NAME, *, source: HubSource | None = None, **fields: Any) -> RunReport:
    """A run of constant losses; another level is another file."""
    fields.setdefault("sha256", f"{abs(hash(level)):064x}")
    return run_report(name, [level] * 8, spec=run_spec(name, source=source), **fields)


def problem(name: str = NAME, family: str = "A", last_known: Any = None) -> Problem:
    return Problem(family, name, "network", "the Hub did not answer", last_known)


def night(*families: tuple[str, list[RunReport]], problems: list[Problem] | None = None) -> Report:
    return report([family_report(name, runs) for name, runs in families], problems=problems or [])


def of_runs(found: dict[str, Any]) -> list[Section]:
    """The sections that speak of runs."""
    return [section for section in changes.sections(found) if section.key != "findings"]


def doc(made: Report) -> dict[str, Any]:
    """As the file holds it, read back."""
    document = json.loads(json_bytes(report_document(made)))
    assert isinstance(document, dict)
    return document


def entry(level: float = 0.5, **fields: Any) -> dict[str, Any]:
    found = doc(night(("A", [run(level, **fields)])))["families"][0]["runs"][0]
    assert isinstance(found, dict)
    return found


def news(old: Report | dict[str, Any], new: Report | dict[str, Any]) -> dict[str, Any]:
    """The sections of runs that are not empty."""
    old, new = (doc(one) if isinstance(one, Report) else one for one in (old, new))
    found = changes.compare(old, new)
    assert set(found) == {"baseline", "findings", *SECTIONS}
    return {key: found[key] for key in SECTIONS if found[key]}


USED = night(("A", [run()]))
MOVED = night(("A", [run(0.25)]))
ABSENT = night(("A", []))
NEVER_READ = night(("A", []), problems=[problem()])
AWAY = night(("A", []), problems=[problem(last_known=entry())])


@pytest.mark.parametrize(
    ("old", "new", "sections"),
    [
        # before -> now, and the sections in which the run is news
        (ABSENT, ABSENT, []),
        (ABSENT, USED, ["new"]),
        (ABSENT, NEVER_READ, ["unreadable"]),
        (USED, ABSENT, ["gone"]),
        (USED, USED, []),
        (USED, MOVED, ["sources", "metrics"]),
        (USED, NEVER_READ, ["unreadable"]),
        (USED, AWAY, ["unreadable"]),
        (NEVER_READ, ABSENT, ["gone"]),
        (NEVER_READ, USED, ["new"]),
        (NEVER_READ, NEVER_READ, ["still unreadable"]),
        (AWAY, ABSENT, ["gone"]),
        (AWAY, USED, []),  # an outage is over: no news
        (AWAY, MOVED, ["sources", "metrics"]),  # it changed while the Hub was away
        (AWAY, AWAY, ["still unreadable"]),
        (AWAY, NEVER_READ, ["still unreadable"]),
    ],
)
def test_every_transition(old: Report, new: Report, sections: list[str]) -> None:
    found = news(old, new)
    if "still unreadable" in sections:
        assert [one["began"] for one in found["unreadable"]] == [False]
        assert changes.count(changes.compare(doc(old), doc(new))) == 0
    else:
        assert sorted(found) == sorted(sections)
        assert all(one["began"] for one in found.get("unreadable", []))
        assert changes.count(changes.compare(doc(old), doc(new))) == min(1, len(sections))
    for entries in found.values():
        assert [(one["family"], one["run"]) for one in entries] == [("A", NAME)]


def test_last_known_values_go_with_a_problem_from_night_to_night() -> None:
    first = doc(USED)
    second = changes.against(NEVER_READ, first)
    assert second.problems[0].last_known == first["families"][0]["runs"][0]
    assert second.changes is not None
    (unreadable,) = second.changes["unreadable"]
    assert unreadable["began"]
    assert unreadable["last_known"]["avg_final_loss"] == 0.5
    third = changes.against(NEVER_READ, doc(second))
    assert third.problems[0].last_known == first["families"][0]["runs"][0]
    assert third.changes is not None
    assert changes.count(third.changes) == 0
    fourth = changes.against(USED, doc(third))
    assert fourth.changes is not None
    assert changes.count(fourth.changes) == 0
    assert not changes.sections(fourth.changes)
    assert changes.as_text(fourth.changes) == "Nothing changed since 2026-01-02T03:04:05Z."


def test_against_gives_what_the_report_then_holds() -> None:
    made = changes.against(MOVED, doc(USED))
    assert doc(made)["changes"] == changes.compare(doc(USED), doc(MOVED))


@pytest.mark.parametrize(
    "problems", [[problem("b"), problem("a")], [problem("a"), problem("c"), problem("b")]]
)
def test_each_problem_gets_its_own_last_known_values(problems: list[Problem]) -> None:
    old = doc(night(("A", [run(0.1, "a"), run(0.2, "b")])))
    made = changes.against(night(("A", []), problems=problems), old)
    found = {one.run: one.last_known and one.last_known["name"] for one in made.problems}
    assert found == {one.run: one.run if one.run != "c" else None for one in problems}


def test_a_renamed_family_is_no_news() -> None:
    assert news(USED, night(("B", [run()]))) == {}
    assert news(AWAY, night(("B", [run()]))) == {}
    away = night(("B", []), problems=[problem(family="B")])
    assert changes.against(away, doc(USED)).problems[0].last_known == entry()


def test_runs_that_were_not_chosen_are_not_gone() -> None:
    both = night(("A", [run(), run(name="b")]))
    chosen = replace(USED, selected=Selected(runs=(NAME,)))
    assert news(both, chosen) == {}
    assert list(news(both, USED)) == ["gone"]


@pytest.mark.parametrize(
    ("selected", "reported"),
    [
        (Selected(), ["b", "c", "d"]),
        (Selected(runs=(NAME,)), []),
        (Selected(runs=(NAME, "c")), ["c"]),
        (Selected(runs=("add_*", "?")), ["b", "c", "d"]),
        (Selected(runs=("add_*", "[bc]", "d")), ["d"]),
        (Selected(families=("A",)), ["b"]),
        (Selected(families=("B-C", "A")), ["b", "c", "d"]),
        (Selected(("B, C",), ("d", "b")), ["d"]),
    ],
)
def test_runs_that_were_not_chosen_are_not_new(selected: Selected, reported: list[str]) -> None:
    """Two builds of the same lists, of which the first was told which runs to take."""
    failed = (Check("A", "x", "avg_final_loss", "<= 1e-8", 0.5, "failed"),)
    first = night(("A", [run()]), ("B, C", []))
    first = replace(first, selected=selected)
    assert first.families[1].slug == "B-C"
    second = night(
        ("A", [run(), run(name="b", checks=failed)]),
        ("B, C", [run(name="c", checks=failed), run(name="d", checks=failed)]),
    )
    found = news(first, second)
    assert [one["run"] for one in found.get("new", [])] == reported
    assert [one["run"] for one in found.get("expectations", [])] == reported
    assert set(found) <= {"new", "expectations"}
    # The other way round, those that the second was told to leave out are not gone.
    found = news(second, first)
    assert [one["run"] for one in found.get("gone", [])] == reported
    # What cannot be read is a problem of this night, whoever knew it.
    away = night(("A", [run()]), problems=[problem("b")])
    assert [one["run"] for one in news(first, away)["unreadable"]] == ["b"]


@pytest.mark.parametrize(
    ("kind", "sections"), [("network", ["unreadable"]), ("missing", ["gone", "unreadable"])]
)
def test_runs_that_a_listing_could_not_find_are_not_gone(kind: Any, sections: list[str]) -> None:
    lost = Problem("A", "add_*", kind, "cannot be searched for")
    assert sorted(news(USED, night(("A", []), problems=[lost]))) == sections
    other = replace(lost, run="sub_*")
    assert sorted(news(USED, night(("A", []), problems=[other]))) == ["gone", "unreadable"]


def test_a_title_is_never_taken_for_an_option() -> None:
    """``--title=--family --paper letter`` chooses no family, so a run that is gone is news."""
    words = ("reportgen", "build", "a.toml", "--title", "--family", "--paper", "letter")
    assert list(news(night(("A", [run(), run(name="b")])), replace(USED, command=words))) == ["gone"]


def test_a_run_in_two_families_is_news_once() -> None:
    assert news(USED, night(("A", [run()]), ("B", [run()]))) == {}
    assert news(night(("A", [run()]), ("B", [run()])), USED) == {}
    twice = night(("A", [run(0.25)]), ("B", [run(0.25)]))
    assert {key: len(found) for key, found in news(USED, twice).items()} == {"sources": 1, "metrics": 1}
    assert len(news(ABSENT, twice)["new"]) == 1
    assert len(news(twice, ABSENT)["gone"]) == 1


def test_a_family_that_is_renamed_while_the_hub_is_away_keeps_its_own_runs() -> None:
    """One run in two families, of which one expects what does not hold."""
    failing = run(checks=(Check("A", NAME, "avg_final_loss", "<= 1e-8", 0.5, "failed"),))
    old = night(("A", [failing]), ("B", [run()]))
    for away in (
        night(("C", []), ("B", []), problems=[problem(family="C"), problem(family="B")]),
        night(("B", []), ("C", []), problems=[problem(family="B"), problem(family="C")]),
    ):
        made = changes.against(away, doc(old))
        outcomes = {
            one.family: [check["outcome"] for check in (one.last_known or {})["checks"]]
            for one in made.problems
        }
        assert outcomes == {"C": ["failed"], "B": []}
        assert news(doc(made), night(("C", [failing]), ("B", [run()]))) == {}
    both = night(("C", []), ("D", []), problems=[problem(family="C"), problem(family="D")])
    made = changes.against(both, doc(old))
    assert news(doc(made), night(("C", [failing]), ("D", [run()]))) == {}


@pytest.mark.parametrize("old", [USED, AWAY, ABSENT, NEVER_READ, night(("A", [run()]), ("B", [run()]))])
def test_the_difference_of_two_reports_is_what_the_later_one_would_have_told(old: Report) -> None:
    for new in (
        night(("A", []), ("B", []), problems=[problem(), problem(family="B")]),
        night(("A", []), ("C", [run(0.25)]), problems=[problem()]),
        night(("B", [run(revision="f" * 40, marks=("not_checked",))])),
        sample_report(),
    ):
        told = changes.against(new, doc(old))
        assert told.changes == changes.compare(doc(old), doc(new))
        assert told.changes == changes.compare(doc(old), doc(told))
    twice = night(("A", []), ("B", []), problems=[problem(), problem(family="B")])
    assert len(news(USED, twice)["unreadable"]) == 1


def test_two_revisions_of_one_run_are_two_runs() -> None:
    main = HubSource("o/{name}", "f.json", "main")
    tag = replace(main, revision="v1")
    both = night(("A", [run(0.5, source=main), run(0.25, source=tag)]))
    assert news(both, both) == {}
    only_main = night(("A", [run(0.5, source=main)]))
    assert [one["last_known"]["avg_final_loss"] for one in news(both, only_main)["gone"]] == [0.25]
    assert [one["avg_final_loss"] for one in news(only_main, both)["new"]] == [0.25]
    away = night(("A", [run(0.5, source=main)]), problems=[problem()])
    known = changes.against(away, doc(both)).problems[0].last_known
    assert known is not None
    assert known["source"]["requested_revision"] == "v1"
    assert news(doc(changes.against(away, doc(both))), both) == {}


def test_another_branch_in_the_list_is_the_same_run_elsewhere() -> None:
    moved = HubSource("PhilipQuirke/QuantaMaths_{name}", "training_loss.json", "v2")
    found = news(USED, night(("A", [run(0.25, source=moved, revision="f" * 40)])))
    assert sorted(found) == ["metrics", "sources"]
    (source,) = found["sources"]
    assert (source["from"]["requested_revision"], source["to"]["requested_revision"]) == ("main", "v2")


def in_store(file: str, *levels: float) -> Report:
    """Runs of one store, named a, b, ...; the file's digest is ``file``, a run's that of its level."""
    runs = [
        replace(run(level, name, sha256=file * 64), series_sha256=f"{level}")
        for name, level in zip("abcd", levels, strict=False)
    ]
    store = replace(runs[0].source, file="mlflow.db")
    return night(("A", [replace(one, source=store) for one in runs]))


def test_of_a_store_whose_file_changed_only_the_runs_that_changed_are_news() -> None:
    made = changes.compare(doc(in_store("1", 0.5, 0.25, 1.0)), doc(in_store("2", 0.5, 0.125, 0.75)))
    assert [one["run"] for one in made["metrics"]] == ["b", "c"]
    assert [one["run"] for one in made["sources"]] == ["b"]  # The file once.
    assert [key for key in SECTIONS if made[key]] == ["sources", "metrics"]


def test_a_store_in_which_no_run_changed_is_no_news() -> None:
    assert changes.count(changes.compare(doc(in_store("1", 0.5, 0.25)), doc(in_store("2", 0.5, 0.25)))) == 0


def test_a_new_run_of_a_store_is_no_copy_of_the_others() -> None:
    made = changes.compare(doc(in_store("1", 0.5)), doc(in_store("2", 0.5, 0.25, 0.5)))
    assert [(one["run"], one["same_file_as"]) for one in made["new"]] == [
        ("b", None),
        ("c", {"family": "A", "run": "a"}),
    ]
    assert made["sources"] == made["metrics"] == []


def test_a_new_commit_of_the_same_file() -> None:
    found = news(USED, night(("A", [run(revision="f" * 40)])))
    assert list(found) == ["sources"]
    assert found["sources"][0]["to"]["revision"] == "f" * 40
    text = changes.as_text(changes.compare(doc(USED), doc(night(("A", [run(revision="f" * 40)])))))
    assert "commit 0123456789ab → ffffffffffff; the file is the same" in text


def test_a_run_from_the_cache_is_at_the_commit_at_which_its_file_was_known() -> None:
    known = night(("A", [run(revision="f" * 40)]))
    unasked = night(("A", [run(marks=("not_checked",))]))  # the same file, at an older commit
    assert news(known, unasked) == {}
    made = changes.against(unasked, doc(known))
    assert made.runs[0].source == known.runs[0].source
    assert news(doc(made), known) == {}
    # Another file is another file, asked or not; and who was asked is believed.
    other = night(("A", [run(0.25, marks=("not_checked",))]))
    assert sorted(news(known, other)) == ["metrics", "sources"]
    assert changes.against(other, doc(known)).runs == other.runs
    assert list(news(known, USED)) == ["sources"]


def test_metrics_of_the_same_file_do_not_move() -> None:
    assert news(USED, night(("A", [run(0.25, sha256=entry()["source"]["sha256"])]))) == {}


@pytest.mark.parametrize(("factor", "moves"), [(1 + 0.9e-9, False), (1 + 1.1e-9, True), (1 - 1.1e-9, True)])
def test_metrics_move_by_more_than_1e_9(factor: float, moves: bool) -> None:
    found = news(USED, night(("A", [run(0.5 * factor, sha256="c" * 64)])))
    assert ("metrics" in found) is moves


def test_how_far_metrics_moved() -> None:
    old, new = losses(60), losses(70)
    before = night(("A", [run_report(NAME, old, sha256="a" * 64)]))
    after = night(("A", [run_report(NAME, new, sha256="b" * 64)]))
    (found,) = news(before, after)["metrics"]
    moved = {one["metric"]: one for one in found["moved"]}
    assert (moved["steps"]["from"], moved["steps"]["to"]) == (60, 70)
    assert moved["steps"]["relative"] == pytest.approx(1 / 6)
    assert moved["final_loss"]["relative"] == pytest.approx((new[-1] - old[-1]) / old[-1], rel=1e-12)
    assert moved["avg_final_loss"]["to"] == math.fsum(new[-5:]) / 5
    assert "nonfinite" not in moved
    assert "steps_to.1e-1" in moved


def test_metrics_that_come_and_go() -> None:
    bad = night(("A", [run_report(NAME, [0.5, 0.5, math.nan], sha256="b" * 64)]))
    (found,) = news(USED, bad)["metrics"]
    moved = {one["metric"]: (one["from"], one["to"], one["relative"]) for one in found["moved"]}
    assert [one["better"] for one in found["moved"] if one["metric"] == "avg_final_loss"] == [False]
    assert moved["avg_final_loss"] == (0.5, None, None)
    assert moved["nonfinite"] == (0, 1, None)
    (found,) = news(bad, USED)["metrics"]
    back = {"metric": "avg_final_loss", "from": None, "to": 0.5, "relative": None, "better": True}
    assert back in found["moved"]


def test_a_run_begins_to_diverge_once() -> None:
    bad = night(("A", [run_report(NAME, [0.5, math.inf, math.nan], sha256="b" * 64)]))
    worse = night(("A", [run_report(NAME, [math.nan] * 3, sha256="c" * 64)]))
    assert news(USED, bad)["diverged"] == [
        {"family": "A", "run": NAME, "nonfinite": 2, "first_nonfinite_step": 1},
    ]
    assert "diverged" not in news(bad, worse)
    assert "diverged" not in news(bad, USED)
    assert "diverged" in news(AWAY, bad)
    assert news(ABSENT, bad)["new"][0]["nonfinite"] == 2


@pytest.mark.parametrize(
    ("before", "now", "is_news"),
    [
        ("passed", "failed", True),
        ("not_checked", "failed", True),
        (None, "failed", True),
        ("failed", "failed", False),
        ("failed", "passed", False),
        ("passed", "not_checked", False),
    ],
)
def test_expectations_that_begin_to_fail(before: Any, now: Any, is_news: bool) -> None:
    def made(outcome: Any) -> Report:
        check = Check("A", NAME, "avg_final_loss", "<= 1e-8", 0.5, outcome)
        return night(("A", [run(checks=() if outcome is None else (check,))]))

    expected = [
        {
            "family": "A",
            "run": NAME,
            "metric": "avg_final_loss",
            "expected": "<= 1e-8",
            "actual": 0.5,
            "before": 0.5,
        }
    ]
    assert news(made(before), made(now)).get("expectations", []) == (expected if is_news else [])


def test_an_expectation_that_failed_before_an_outage_is_no_news_after_it() -> None:
    failing = night(("A", [run(checks=(Check("A", NAME, "avg_final_loss", "<= 1e-8", 0.5, "failed"),))]))
    away = changes.against(NEVER_READ, doc(failing))
    assert news(away, failing) == {}
    harder = night(("A", [run(checks=(Check("A", NAME, "avg_final_loss", "<= 1e-9", 0.5, "failed"),))]))
    assert news(failing, harder) == {}
    assert len(news(ABSENT, failing)["expectations"]) == 1


def test_an_unchanged_report_of_every_kind_of_run() -> None:
    made = sample_report()
    found = changes.compare(doc(made), doc(made))
    assert changes.count(found) == 0
    assert [section.key for section in changes.sections(found)] == ["unreadable"]


def test_words() -> None:
    old = night(("A", [run(0.5), run(0.5, "gone"), run(0.5, "away")]))
    new = night(
        (
            "A",
            [
                run(0.25, checks=(Check("A", NAME, "avg_final_loss", "<= 1e-8", 0.25, "failed"),)),
                run(0.1, "fresh"),
            ],
        ),
        problems=[problem("away")],
    )
    made = changes.against(new, doc(old))
    assert made.changes is not None
    moved = "; ".join(
        f"{one} 5.00e-01 → 2.50e-01 (−50 %, better)"
        for one in ("end", "avg_final_loss", "final_loss", "min_loss")
    )
    digest = "sha256 {} → {}".format(*(one.source.sha256[:12] for one in (run(0.5), run(0.25))))
    assert changes.as_text(made.changes).splitlines() == [
        "Since 2026-01-02T03:04:05Z:",
        "",
        "Expectations that began to fail (1)",
        f"  {NAME} (A): avg_final_loss is 2.50e-01, expected ≤ 1×10⁻⁸; it was 5.00e-01; {moved}; {digest}",
        "",
        "Runs that could not be read (1)",
        "  away (A): the Hub did not answer (last known: end 5.00e-01)",
        "",
        "New runs (1)",
        "  fresh (A): end 1.00e-01",
        "",
        "Runs no longer in the lists (1)",
        "  gone (A): not in any list (last known: end 5.00e-01)",
    ]
    assert changes.count(made.changes) == 4
    page = {section.key: section.items[0].text for section in changes.sections(made.changes)}
    assert page["new"] == "end 0.100"


@pytest.mark.parametrize(
    ("factor", "told"),
    [
        (1 + 3e-9, "+3×10⁻⁷ %"),
        (1 - 2.5e-8, "−2.5×10⁻⁶ %"),
        (1 - 3.1e-5, "−0.0031 %"),
        (1.125, "+12.5 %"),
        (0.0, "−100 %"),
        (3.5, "+250 %"),
        (25, "×25"),
        (1000, "×1,000"),
        (2.5e6, "×2.5×10⁶"),
    ],
)
def test_how_much_a_metric_moved_is_written_as_other_numbers_are(factor: float, told: str) -> None:
    found = changes.compare(doc(USED), doc(night(("A", [run(0.5 * factor, sha256="c" * 64)]))))
    (item,) = next(section for section in changes.sections(found) if section.key == "metrics").items
    assert f"({told}," in item.text.replace("\N{NO-BREAK SPACE}", " ")


def configured(config: Any, level: float = 0.5, **fields: Any) -> Report:
    """A night of one run with a configuration; another configuration is another file."""
    digest = f"{abs(hash((json.dumps(config), level))):064x}"[:64]
    return night(("A", [run(level, config=config, sha256=digest, **fields)]))


def test_a_changed_configuration_is_news_from_and_to() -> None:
    old = {
        "lr": 8e-5,
        "optim": {"name": "adam", "betas": [0.9, 0.99]},
        "batch": 16,
        "run_name": "x-1",
        "flag": True,
    }
    new = {
        "lr": 1e-4,
        "optim": {"name": "adam", "betas": [0.9, 0.95]},
        "batch": 16.0,
        "run_name": "x-2",
        "flag": 1,
    }
    found = news(configured(old), configured(new))
    assert sorted(found) == ["configuration", "sources"]
    assert found["configuration"] == [
        {
            "family": "A",
            "run": NAME,
            "changed": [
                {"key": "lr", "from": 8e-5, "to": 1e-4},
                {"key": "optim.betas", "from": [0.9, 0.99], "to": [0.9, 0.95]},
                {"key": "flag", "from": True, "to": 1},
            ],
        }
    ]
    made = changes.compare(doc(configured(old)), doc(configured(new)))
    (section,) = changes.sections(made)
    assert section.title == "Configurations that changed"
    assert section.items[0].text.startswith("lr 8e-05 → 0.0001; optim.betas [0.9, 0.99] → [0.9, 0.95]; ")
    assert news(configured({}), configured(new)).keys() == {"sources"}


def test_the_name_of_an_optimizer_is_a_setting_and_that_of_a_run_is_none() -> None:
    old = {"name": "night 1", "optimizer": {"name": "adam"}}
    new = {"name": "night 2", "optimizer": {"name": "sgd"}}
    (found,) = news(configured(old), configured(new))["configuration"]
    assert found["changed"] == [{"key": "optimizer.name", "from": "adam", "to": "sgd"}]


def test_a_new_run_with_the_bytes_of_another_is_reported_as_that() -> None:
    copied = night(("A", [run(), run(name="copy"), run(0.25, "other")]))
    found = {one["run"]: one["same_file_as"] for one in news(USED, copied)["new"]}
    assert found == {"copy": {"family": "A", "run": NAME}, "other": None}
    (section,) = of_runs(changes.compare(doc(USED), doc(copied)))
    assert section.items[0].text == f"end 0.500; the same file as {NAME} (A)"


def with_series(values: dict[str, Any], better: str | None, digest: str) -> dict[str, Any]:
    """A report's document whose run has a second series, as later versions write it."""
    document = doc(USED)
    one = document["families"][0]["runs"][0]
    one["source"]["sha256"] = digest * 64
    one["series"] = {"accuracy": {"better": better, "metrics": values}}
    return document


@pytest.mark.parametrize(("better", "expected"), [("higher", True), ("lower", False), (None, None)])
def test_a_moved_metric_of_any_series_is_news_with_better_or_worse(
    better: str | None, expected: bool | None
) -> None:
    old = with_series({"best": 0.5, "best_step": 10, "steps_to": {"target": None}}, better, "a")
    new = with_series({"best": 0.75, "best_step": 20, "steps_to": {"target": 20}}, better, "b")
    (found,) = news(old, new)["metrics"]
    assert sorted(found["moved"], key=lambda one: one["metric"]) == [
        {"metric": "accuracy.best", "from": 0.5, "to": 0.75, "relative": 0.5, "better": expected},
        {"metric": "accuracy.best_step", "from": 10, "to": 20, "relative": 1.0, "better": None},
        {"metric": "accuracy.steps_to.target", "from": None, "to": 20, "relative": None, "better": True},
    ]


def evaluated(
    ranked_by: str | None, digest: str, *, loss: float, best: float, accuracy: float
) -> dict[str, Any]:
    """A report's document of a run with evaluations, ranked by one of its metrics."""
    document = doc(USED)
    (family,) = document["families"]
    family["ranked_by"] = ranked_by
    (one,) = family["runs"]
    one["source"]["sha256"] = digest * 64
    one["metrics"] |= dict.fromkeys(("avg_final_loss", "final_loss", "min_loss", "end"), loss)
    one["series"] = {
        "eval_loss": {"source_name": "val/loss", "better": "lower", "metrics": {"last": best, "best": best}},
        "eval_accuracy": {"better": "higher", "metrics": {"last": accuracy, "best": accuracy}},
    }
    return document


@pytest.mark.parametrize(
    ("ranked_by", "first"),
    [
        ("end", ["end", "eval_loss.best", "eval_accuracy.best"]),
        ("eval_loss.last", ["eval_loss.last", "eval_loss.best", "eval_accuracy.best"]),
        ("val/loss.last", ["eval_loss.last", "eval_loss.best", "eval_accuracy.best"]),
        ("eval_accuracy.best", ["eval_accuracy.best", "eval_loss.best", "avg_final_loss"]),
        ("avg_final_loss", ["avg_final_loss", "final_loss", "min_loss"]),
        (None, ["avg_final_loss", "final_loss", "min_loss"]),
    ],
)
def test_news_begins_with_what_runs_are_ranked_by_and_the_best_evaluation(
    ranked_by: str | None, first: list[str]
) -> None:
    old = evaluated(ranked_by, "a", loss=0.5, best=0.8, accuracy=0.7)
    new = evaluated(ranked_by, "b", loss=0.4, best=0.6, accuracy=0.9)
    found = changes.compare(old, new)
    text = next(s for s in changes.sections(found, str) if s.key == "metrics").items[0].text
    assert [part.split(" ")[0] for part in text.split("; ")[:3]] == first
    if ranked_by == "eval_loss.last":
        assert text.startswith("eval_loss.last 0.8 → 0.6 (−25\N{NO-BREAK SPACE}%, better)")
    (gone,) = changes.compare(old, doc(ABSENT))["gone"]
    values = {"end": 0.5, "eval_loss.last": 0.8, "eval_accuracy.best": 0.7, "avg_final_loss": 0.5}
    assert gone["last_known"]["metric"] == (first[0] if ranked_by else "avg_final_loss")
    assert gone["last_known"]["value"] == values[gone["last_known"]["metric"]]


def test_a_run_in_training_that_grew_is_one_line() -> None:
    old = doc(night(("A", [run_report(NAME, losses(60), sha256="a" * 64, marks=("unfinished",))])))
    grown = doc(night(("A", [run_report(NAME, losses(70), sha256="b" * 64, marks=("unfinished",))])))
    ended = doc(night(("A", [run_report(NAME, losses(80), sha256="c" * 64)])))
    assert news(old, grown) == {
        "grown": [{"family": "A", "run": NAME, "from": 60, "to": 70, "finished": False}]
    }
    (section,) = of_runs(changes.compare(old, grown))
    assert [item.text for item in section.items] == ["trained from step 60 to 70"]
    (section,) = of_runs(changes.compare(grown, ended))
    assert [item.text for item in section.items] == ["trained from step 70 to 80, and has finished"]


def test_a_later_versions_kinds_and_outcomes_are_read(tmp_path: Path) -> None:
    document = doc(night(("A", [run(checks=(Check("A", NAME, "steps", "> 1", 8, "passed"),))])))
    one = document["families"][0]["runs"][0]
    one["source"]["kind"] = "ftp"
    one["checks"][0]["outcome"] = "waived"
    one["metrics"] |= {"energy": 3.5, "profile": [0.5, {"a": 1}], "steps": None}
    (tmp_path / "later.json").write_text(json.dumps(document))
    found = changes.read_baseline(tmp_path / "later.json")
    assert news(found, found) == {}
    moved = copy.deepcopy(document)
    moved["families"][0]["runs"][0]["source"]["sha256"] = "f" * 64
    moved["families"][0]["runs"][0]["metrics"]["energy"] = 4.5
    assert [one["metric"] for one in news(found, moved)["metrics"][0]["moved"]] == ["energy"]


def test_one_nan_is_reported_once() -> None:
    bad = night(("A", [run_report(NAME, [0.5, math.inf, math.nan], sha256="b" * 64)]))
    made = changes.compare(doc(USED), doc(bad))
    (section,) = of_runs(made)
    assert (section.key, len(section.items), changes.count(made)) == ("diverged", 1, 1)
    digest = entry()["source"]["sha256"][:12]
    said = f"2 losses are NaN or infinite, the first at step 1; sha256 {digest} → {'b' * 12}"
    assert section.items[0].text == said


def test_a_divergence_that_fails_an_expectation_is_reported_once_and_so_is_its_end() -> None:
    values = [0.5, math.inf, math.nan]
    fails = Check("A", NAME, "nonfinite", "== 0", 2, "failed")
    bad = night(("A", [run_report(NAME, values, sha256="b" * 64, checks=[fails])]))
    (section,) = of_runs(changes.compare(doc(USED), doc(bad)))
    said = "2 losses are NaN or infinite, expected = 0, the first at step 1; sha256 "
    assert (section.key, section.items[0].text.startswith(said)) == ("expectations", True)
    (section,) = of_runs(changes.compare(doc(bad), doc(USED)))
    assert section.items[0].text.startswith("no loss is NaN or infinite any more (2 were); avg_final_loss ")


def test_what_still_cannot_be_read_is_named_and_is_no_change() -> None:
    found = changes.compare(doc(AWAY), doc(AWAY))
    assert changes.as_text(found).splitlines() == [
        "Nothing changed since 2026-01-02T03:04:05Z.",
        "",
        "Runs that still could not be read (1)",
        f"  {NAME} (A): the Hub did not answer (last known: end 5.00e-01)",
    ]
    moved = night(("A", [run(name="b")]), problems=[problem(), problem("c")])
    found = changes.compare(doc(AWAY), doc(moved))
    assert [(section.title, section.is_news) for section in changes.sections(found)] == [
        ("Runs that could not be read", True),
        ("New runs", True),
        ("Runs that still could not be read", False),
    ]
    assert changes.as_text(found).startswith("Since 2026")


def test_a_terminal_is_shown_no_control_characters() -> None:
    text = changes.as_text(changes.compare(doc(hostile_report()), doc(USED)))
    text += changes.as_text(changes.compare(doc(USED), doc(hostile_report())))
    assert not [character for character in text if not character.isprintable() and character != "\n"]
    assert "\\x1b[31mred" in text
    assert max(map(len, text.splitlines())) < 700


def test_read_baseline_reads_what_was_written(tmp_path: Path) -> None:
    for made in (sample_report(), hostile_report(), changes.against(MOVED, doc(USED))):
        path = tmp_path / "report.json"
        path.write_bytes(json_bytes(report_document(made)))
        assert changes.read_baseline(path) == doc(made)


END = '"schema": 1, "reportgen": "1", "problems": []'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1, column 1: is not JSON"),
        ('{"schema": 1,\n', "line 2, column 1: is not JSON"),
        ('{"schema": NaN}', "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not a report of reportgen"),
        ("null", "is not a report of reportgen"),
        ('{"title": "x"}', "is not a report of reportgen"),
        ('{"schema": true}', "is not a report of reportgen"),
        ('{"schema": "1"}', "is not a report of reportgen"),
        ('{"schema": 2}', "schema: 2 is newer than 1, which this version reads; upgrade reportgen"),
        ('{"schema": 0}', "schema: 0 is older than 1"),
        ('{"schema": 1}', "title: is missing"),
        (
            f'{{"title": "x", "created": "2026-01-02", {END}, "families": {{}}}}',
            "families: ",
        ),
        *(
            (
                f'{{"title": "x", "created": "{created}", {END}, "families": []}}',
                (
                    "created: is not a time such as 2026-01-02T03:04:05Z; "
                    "name the report.json of an earlier build"
                ),
            )
            for created in ("yesterday", "", "9999-12-31T23:59:59-23:59")
        ),
        ('{"schema": 1, "extra": ' + "[" * 64 + "]" * 64 + "}", "is nested more than 64 deep; name"),
        ('{"schema": 1, "extra": ' + '{"x": ' * 600 + "1" + "}" * 600 + "}", "is nested more than 64 deep"),
        ('{"schema": 1, "extra": ' + "[" * 63 + "]" * 63 + "}", "title: is missing"),
    ],
)
def test_read_baseline_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "old.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ReportgenError) as caught:
        changes.read_baseline(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert said in message
    assert "\n" not in message
    assert caught.value.exit_code == 2


def test_read_baseline_of_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ReportgenError, match="cannot be read"):
        changes.read_baseline(tmp_path / "none.json")
    with pytest.raises(ReportgenError, match="cannot be read"):
        changes.read_baseline(tmp_path)
    (tmp_path / "utf16.json").write_bytes("{}".encode("utf-16"))
    with pytest.raises(ReportgenError, match="is not JSON"):
        changes.read_baseline(tmp_path / "utf16.json")


VALID = doc(
    changes.against(night(("A", [run(checks=(Check("A", NAME, "steps", "> 1", 8, "passed"),))])), doc(AWAY))
)
VALID["problems"] = doc(AWAY)["problems"]


def _places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    found = [place]
    if isinstance(value, dict):
        found += [one for key, entry in value.items() for one in _places(entry, (*place, key))]
    elif isinstance(value, list):
        found += [one for i, entry in enumerate(value) for one in _places(entry, (*place, i))]
    return found


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(HOSTILE),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["a", "name", *HOSTILE]), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(place=st.sampled_from(_places(VALID)[1:]), value=JSON, drop=st.booleans())
def test_any_json_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[Any, ...], value: Any, drop: bool
) -> None:
    document = copy.deepcopy(VALID)
    inner: Any = document
    for part in place[:-1]:
        inner = inner[part]
    if drop:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    path = tmp_path_factory.getbasetemp() / "fuzzed.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    try:
        found = changes.read_baseline(path)
    except ReportgenError as error:
        refused = str(error)
        assert refused.isprintable()
        return
    made = changes.against(AWAY, found)
    assert made.changes is not None
    assert json.loads(json_bytes(report_document(made)))["changes"] == made.changes
    text = changes.as_text(made.changes)
    assert not [character for character in text if not character.isprintable() and character != "\n"]


def _finding(text: str, kind: str = "difference", *subjects: str, family: str = "A") -> dict[str, Any]:
    return {"kind": kind, "family": family, "subjects": list(subjects), "text": text}


def _with_findings(*findings: dict[str, Any]) -> dict[str, Any]:
    return {
        **doc(report([family_report("A", [run_report("a"), run_report("b")])])),
        "findings": list(findings),
    }


def test_what_can_be_said_since_and_what_no_longer_holds_is_news() -> None:
    before = _with_findings(
        _finding("x ends lower than y.", "difference", "x", "y"),
        _finding("a ends lowest, b is next.", "lowest", "a", "b"),
    )
    now = _with_findings(
        _finding("y ends lower than z.", "difference", "y", "z"),
        _finding("a ends lowest, c is next.", "lowest", "a", "c"),
    )
    found = changes.compare(before, now)
    assert found["findings"] == [
        {"family": "A", "said": "now", "text": "y ends lower than z."},
        {"family": "A", "said": "before", "text": "x ends lower than y."},
    ]
    assert [(one.title, [item.text for item in one.items]) for one in changes.sections(found)] == [
        ("New findings", ["y ends lower than z."]),
        ("Findings that no longer hold", ["x ends lower than y."]),
    ]
    assert "New findings (1)\n  A: y ends lower than z." in changes.as_text(found)
    assert changes.count(found) == 0  # counts runs


def test_a_run_that_could_not_be_read_takes_no_finding_away() -> None:
    said, bare = _with_findings(_finding("x ends lower.", "difference", "x")), _with_findings()
    problem = {"family": "A", "run": "c", "kind": "network", "message": "timed out", "last_known": None}
    assert changes.compare(said, {**bare, "problems": [problem]})["findings"] == []
    assert changes.compare({**bare, "problems": [problem]}, said)["findings"] == []
    assert changes.compare(said, {**bare, "selected": {"families": ["A"], "runs": []}})["findings"] == []
    early = {key: value for key, value in said.items() if key != "findings"}
    assert changes.compare(early, said)["findings"] == []
    assert len(changes.compare(bare, said)["findings"]) == 1
