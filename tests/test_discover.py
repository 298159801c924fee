"""Lists with patterns: what a build makes of them, and what the night after tells."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from lists import read

from reportgen.cli import main
from reportgen.discover import Discovered, discover
from reportgen.model_list import ModelList
from reportgen.pull import PullOptions

SOURCE = '[source]\ntype = "directory"\npath = "runs/{name}/training_loss.json"\n'
LOSSES = [2.0 / step for step in range(1, 30)]


def put(folder: Path, *names: str) -> None:
    for name in names:
        file = folder / "runs" / name / "training_loss.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"Config": {}, "TrainingLoss": LOSSES}), encoding="utf-8")


def found(folder: Path, family: str, source: str = SOURCE) -> Discovered:
    return discover([read(folder, f'{source}[[family]]\nname = "F"\n{family}')], PullOptions())


def names(one: Discovered) -> list[str]:
    return [run.name for run in one.lists[0].families[0].runs]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path, "add_d10", "add_d2", "add_d2-old", "sub_d2", "mix/a")
    return tmp_path


def test_found_runs_stand_in_natural_order_where_their_pattern_does(folder: Path) -> None:
    one = found(folder, 'runs = ["sub_d2", "add_*"]')
    assert names(one) == ["sub_d2", "add_d2", "add_d2-old", "add_d10"]
    assert [run.found for run in one.lists[0].families[0].runs] == [False, True, True, True]
    assert one.problems == ()
    assert one.notes == ("F: add_* found 3 runs",)


def test_what_is_named_is_as_the_list_says_and_a_run_is_there_once(folder: Path) -> None:
    runs = 'runs = ["add_*", "*_d2", { name = "add_d2", note = "mine" }, { name = "*/a", note = "theirs" }]'
    one = found(folder, runs)
    assert names(one) == ["add_d2-old", "add_d10", "sub_d2", "add_d2", "mix/a"]
    assert [run.note for run in one.lists[0].families[0].runs][-2:] == ["mine", "theirs"]


@pytest.mark.parametrize(
    ("runs", "named"),
    [
        ('["add_*"]', True),
        ('["add_d5_l2_h3_t15K_s1", "add_d6*"]', True),
        ('["*"]', False),  # one has no name of Quanta Maths
    ],
)
def test_found_runs_whose_names_are_of_quanta_maths_have_its_defaults(
    runs: str, named: bool, tmp_path: Path
) -> None:
    put(tmp_path, "add_d5_l2_h3_t15K_s1", "add_d6_l2_h3_t15K_s1", "mine")
    (family,) = found(tmp_path, f"runs = {runs}").lists[0].families
    defaults = (500, ("log", "linear"), "avg_final_loss") if named else ("auto", ("all", "end", "by"), None)
    assert (family.smoothing.window, family.figures, family.rank_by) == defaults


def test_exclude(folder: Path) -> None:
    one = found(folder, 'runs = ["**"]\nexclude = ["*-old", "mix/*"]')
    assert names(one) == ["add_d2", "add_d10", "sub_d2"]
    assert one.notes == ("F: ** found 3 runs, 2 excluded",)
    (problem,) = found(folder, 'runs = ["sub_*"]\nexclude = ["*"]').problems
    assert (problem.kind, problem.run) == ("missing", "sub_*")
    assert problem.message.startswith("`exclude` leaves none of the runs that sub_* finds")


def test_a_pattern_that_finds_nothing_is_a_problem_of_its_family(folder: Path) -> None:
    (problem,) = found(folder, 'runs = ["add_d2", "nothing-*"]').problems
    assert (problem.family, problem.run, problem.kind) == ("F", "nothing-*", "missing")
    away = SOURCE.replace("runs/", "away/")
    (problem,) = found(folder, 'runs = ["*"]', away).problems
    assert problem.kind == "unreadable"  # and nothing is said of runs that it found before
    assert (
        problem.message == "* cannot be searched for: " + f"{folder.name}/away does not exist; correct `path`"
    )


def test_a_store_that_is_not_there_is_a_mistake_in_its_path(folder: Path) -> None:
    store = SOURCE.replace("runs/{name}/training_loss.json", "gone/mlflow.db")
    (problem,) = found(folder, 'runs = ["*"]', store).problems
    place = f"{folder.name}/gone/mlflow.db"
    assert problem.message == f"* cannot be searched for: {place} does not exist; correct `path`"


def test_only_the_families_that_are_asked_for_are_looked_for(folder: Path) -> None:
    text = SOURCE + '[[family]]\nname = "A"\nruns = ["add_*"]\n[[family]]\nname = "B"\nruns = ["sub_*"]\n'
    one = discover([read(folder, text)], PullOptions(), families=["b"])
    assert [[run.name for run in family.runs] for family in one.lists[0].families] == [["add_*"], ["sub_d2"]]


def test_a_list_without_patterns_is_left_as_it_is(folder: Path) -> None:
    given: ModelList = read(folder, SOURCE + '[[family]]\nname = "F"\nruns = ["a"]\n')
    assert discover([given], PullOptions()) == Discovered((given,))


class TestBuild:
    """The command all the way."""

    def build(self, folder: Path, source: str, out: str, *options: str) -> int:
        where = ("-o", str(folder / out), "--cache-dir", str(folder / "cache"))
        return main(["build", str(folder / source), *where, "--format", "html", *options])

    def report(self, folder: Path, out: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((folder / out / "report.json").read_bytes())
        return document

    def names(self, report: dict[str, Any]) -> list[str]:
        return [run["name"] for family in report["families"] for run in family["runs"]]

    @pytest.fixture
    def listed(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
        text = f'{SOURCE}[[family]]\nname = "F"\nruns = ["*"]\nexclude = ["*-old"]\n'
        (folder / "l.toml").write_text(text, encoding="utf-8")
        return folder

    def test_a_report_holds_what_was_found_and_is_built_again_from_itself(self, listed: Path) -> None:
        put(listed, "a, b")
        assert self.build(listed, "l.toml", "out") == 0
        report = self.report(listed, "out")
        assert self.names(report) == ["a, b", "add_d2", "add_d10", "sub_d2"]
        put(listed, "later")
        shutil.copy(listed / "out" / "report.json", listed / "again.json")
        assert self.build(listed, "again.json", "again") == 0
        assert self.names(self.report(listed, "again")) == self.names(report)
        assert self.report(listed, "again")["families"] == report["families"]

    def test_new_and_gone_runs_are_news(self, listed: Path) -> None:
        assert self.build(listed, "l.toml", "one") == 0
        put(listed, "add_d3")
        shutil.rmtree(listed / "runs" / "sub_d2")
        baseline = ("--baseline", str(listed / "one" / "report.json"))
        assert self.build(listed, "l.toml", "two", *baseline) == 0
        changes = self.report(listed, "two")["changes"]
        assert [one["run"] for one in changes["new"]] == ["add_d3"]
        assert [one["run"] for one in changes["gone"]] == ["sub_d2"]

    def test_a_listing_that_is_not_whole_makes_nothing_gone(
        self, listed: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert self.build(listed, "l.toml", "one") == 0
        monkeypatch.setattr("reportgen.job.discover", lambda *a, **o: discover(*a, **o, limit=1))
        baseline = ("--baseline", str(listed / "one" / "report.json"))
        assert self.build(listed, "l.toml", "two", *baseline) == 3
        report = self.report(listed, "two")
        (problem,) = report["problems"]
        assert (problem["run"], problem["kind"]) == ("*", "too_large")
        assert report["changes"]["gone"] == []
        assert [one["run"] for one in report["changes"]["unreadable"]] == ["*"]

    def test_what_a_listing_told_and_holds_no_series_is_passed_over(self, listed: Path) -> None:
        text = (listed / "l.toml").read_text(encoding="utf-8").replace("/training_loss.json", "")
        (listed / "l.toml").write_text(text, encoding="utf-8")
        (listed / "runs" / "empty").mkdir()
        assert self.build(listed, "l.toml", "out") == 0
        assert self.names(self.report(listed, "out")) == ["add_d2", "add_d10", "sub_d2"]
