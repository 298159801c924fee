"""Runs that are folders on the Hub, and runs that a pattern finds there; the real client all the way."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from loopback_hub import LoopbackHub
from pull_process import ROOT, discover_in_process, pull_in_process

from reportgen.kinds import Problem
from reportgen.model_list import HubSource, RunSpec

LOSS = b'{"TrainingLoss": [2.9, 0.5, 1e-09]}'
TABLE = b"step,loss\n1,2.0\n2,1.0\n"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def run(name: str, repo: str = "me/runs", file: str = "runs/{name}/*", **fields: str) -> RunSpec:
    return RunSpec(name, HubSource(repo, file, fields.pop("revision", "main"), **fields))  # type: ignore[arg-type]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "hf"


@pytest.fixture
def hub(loopback_hub: LoopbackHub) -> LoopbackHub:
    """One repository with two runs and a model, large and small files."""
    loopback_hub.put("me/runs", "config.json", b"{}")
    loopback_hub.put("me/runs", "model.safetensors", b"weights", large=True)
    loopback_hub.put("me/runs", "runs/a/log.csv", TABLE)
    loopback_hub.put("me/runs", "runs/a/more.csv", TABLE * 2, large=True)
    loopback_hub.put("me/runs", "runs/b/log.csv", TABLE * 3)
    loopback_hub.put("me/runs", "runs/c/readme.md", b"nothing")
    return loopback_hub


class TestFolders:
    """A run that is a folder of a repository, or a whole one."""

    def test_only_what_is_needed_is_fetched(self, hub: LoopbackHub, home: Path) -> None:
        told = pull_in_process([run("a"), run("b")], hub.environment(home))
        assert told.kinds == ["checked"] * 2
        first, second = told.pulled
        assert [file.name for file in first.files] == ["log.csv", "more.csv"]
        assert [file.path.read_bytes() for file in first.files] == [TABLE, TABLE * 2]
        assert (first.source.file, first.source.files) == ("runs/a", ("log.csv", "more.csv"))
        assert (second.source.sha256, second.source.files) == (sha256(TABLE * 3), ("log.csv",))
        assert hub.count(match="/api/") == 1
        assert hub.count(match="safetensors") == 0
        assert hub.count("GET", "resolve") == 3

    def test_what_has_not_changed_costs_one_listing(self, hub: LoopbackHub, home: Path) -> None:
        pull_in_process([run("a"), run("b")], hub.environment(home))
        hub.recover()
        assert pull_in_process([run("a"), run("b")], hub.environment(home)).kinds == ["checked"] * 2
        assert [asked.method for asked in hub.requests] == ["GET"]
        commit = hub.put("me/runs", "runs/b/log.csv", TABLE * 4)
        hub.recover()
        told = pull_in_process([run("a"), run("b")], hub.environment(home))
        assert [one.source.revision for one in told.pulled] == [commit] * 2
        assert told.pulled[1].source.sha256 == sha256(TABLE * 4)
        assert hub.count("GET", "resolve") == 1

    def test_a_whole_repository(self, hub: LoopbackHub, home: Path) -> None:
        hub.put("me/x_1", "training_loss.json", LOSS)
        hub.put("me/x_1", ".cache/log.csv", TABLE)
        told = pull_in_process([run("1", "me/x_{name}", ".")], hub.environment(home))
        assert told.kinds == ["checked"]
        assert (told.pulled[0].source.file, told.pulled[0].source.files) == (".", ("training_loss.json",))
        assert told.pulled[0].source.sha256 == sha256(LOSS)

    def test_a_dataset(self, hub: LoopbackHub, home: Path) -> None:
        hub.put("datasets/me/logs", "a/log.csv", TABLE)
        hub.put("datasets/me/logs", "b.csv", TABLE)
        runs = [
            run("a", "me/logs", "{name}/*", repo_type="dataset"),
            run("b", "me/logs", "{name}.csv", repo_type="dataset"),
        ]
        assert pull_in_process(runs, hub.environment(home)).kinds == ["checked"] * 2
        hub.stop()
        assert pull_in_process(runs, hub.environment(home)).kinds == ["not checked"] * 2

    def test_offline_and_in_an_outage(self, hub: LoopbackHub, home: Path) -> None:
        pull_in_process([run("a")], hub.environment(home))
        hub.recover()
        told = pull_in_process([run("a"), run("b")], hub.environment(home), offline=True)
        assert told.kinds == ["not checked", "missing"]
        assert not hub.requests
        hub.stop()
        assert pull_in_process([run("a")], hub.environment(home)).kinds == ["not checked"]
        told = pull_in_process([run("a")], hub.environment(home / "other"))
        assert told.kinds == ["network"]

    def test_a_pinned_run_of_a_report_asks_nothing(self, hub: LoopbackHub, home: Path) -> None:
        (pulled,) = pull_in_process([run("a")], hub.environment(home)).pulled
        hub.put("me/runs", "runs/a/new.csv", TABLE)
        hub.recover()
        source = HubSource("me/runs", "runs/{name}/*", "main", pulled.source.revision)
        pinned = RunSpec("a", source, sha256=pulled.source.sha256, files=pulled.source.files)
        told = pull_in_process([pinned], hub.environment(home))
        assert told.kinds == ["checked"]
        assert not hub.requests
        assert pull_in_process([pinned], hub.environment(home / "other")).kinds == ["checked"]

    def test_what_is_none(self, hub: LoopbackHub, home: Path) -> None:
        runs = [run("c"), run("d"), run("a", "me/none"), run("a", revision="gone"), run("..")]
        told = pull_in_process(runs, hub.environment(home))
        assert told.kinds == ["missing", "missing", "missing", "missing", "refused"]
        texts = [one.message for one in told.outcomes if isinstance(one, Problem)]
        assert texts[0] == (
            "me/runs/runs/c at main: it has no file in a known format; "
            "correct `file`, or remove the run from the list"
        )
        assert "no repository me/none" in texts[2]
        assert "no revision gone" in texts[3]

    def test_a_large_file_is_not_fetched(self, hub: LoopbackHub, home: Path) -> None:
        hub.recover()
        told = pull_in_process([run("b")], hub.environment(home), max_file_size=10)
        assert told.kinds == ["too_large"]
        assert hub.count("GET", "resolve") == 0

    @pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b'{"sha": 1, "siblings": 3}', b"<html>"])
    def test_a_listing_that_makes_no_sense(self, hub: LoopbackHub, home: Path, body: bytes) -> None:
        hub.swap(body, match="/api/")
        told = pull_in_process([run("a")], hub.environment(home), patience={"attempts": 2})
        assert told.kinds == ["network"]
        assert not told.errors


class TestPatterns:
    """Runs found by a pattern."""

    NAMES = ("add_d10", "add_d5", "sub_d5")

    @pytest.fixture
    def many(self, hub: LoopbackHub) -> LoopbackHub:
        for name in self.NAMES:
            hub.put(f"me/x_{name}", "training_loss.json", LOSS)
        hub.put("me/x_add_bare", "README.md", b"")
        hub.put("me/y_add_d5", "training_loss.json", LOSS)
        hub.put("you/x_add_d5", "training_loss.json", LOSS)
        return hub

    def look(
        self, hub: LoopbackHub, home: Path, *runs: RunSpec, **options: object
    ) -> tuple[list[str], list[Problem]]:
        told = discover_in_process(list(runs), hub.environment(home), **options)
        return told.names, told.problems

    def test_repositories_of_an_owner_in_one_listing(self, many: LoopbackHub, home: Path) -> None:
        names, problems = self.look(many, home, run("add_*", "me/x_{name}", "training_loss.json"))
        assert (names, problems) == (["add_d5", "add_d10"], [])
        assert [asked.path.partition("?")[0] for asked in many.requests] == ["/api/models"]

    def test_whole_repositories(self, many: LoopbackHub, home: Path) -> None:
        assert self.look(many, home, run("*", "me/x_{name}", "."))[0] == ["add_d5", "add_d10", "sub_d5"]

    def test_a_listing_of_several_pages(self, many: LoopbackHub, home: Path) -> None:
        many.page = 2
        assert self.look(many, home, run("*", "me/x_{name}", "."))[0] == ["add_d5", "add_d10", "sub_d5"]
        assert many.count(match="/api/models") == 3

    def test_files_and_folders_inside_one(self, many: LoopbackHub, home: Path) -> None:
        many.put("me/logs", "add_1_train.json", LOSS)
        many.put("me/logs", "add_2_train.json.gz", LOSS)
        many.put("me/logs", "README.md", LOSS)
        assert self.look(many, home, run("*", "me/logs", "{name}_train.json"))[0] == ["add_1", "add_2"]
        names, problems = self.look(many, home, run("*"))
        assert (names, problems) == (["a", "b"], [])

    def test_an_owner_must_be_named(self, hub: LoopbackHub, home: Path) -> None:
        names, problems = self.look(hub, home, run("*", "{name}/x", "."))
        assert (names, [one.kind for one in problems]) == ([], ["refused"])

    def test_a_pattern_that_finds_nothing(self, many: LoopbackHub, home: Path) -> None:
        names, (problem,) = self.look(many, home, run("mul_*", "me/x_{name}", "."))
        assert (names, problem.kind, problem.run) == ([], "missing", "mul_*")
        assert problem.message == "mul_* finds no run; correct the pattern or the source"
        (problem,) = self.look(many, home, run("*", "nobody/x_{name}", "."))[1]
        assert problem.kind == "missing"

    def test_in_an_outage_the_cache_is_looked_through(self, many: LoopbackHub, home: Path) -> None:
        pattern = run("add_*", "me/x_{name}", "training_loss.json")
        pull_in_process([run("add_d5", "me/x_{name}", "training_loss.json")], many.environment(home))
        many.recover()
        names, (problem,) = self.look(many, home, pattern, offline=True)
        assert (names, problem.kind) == (["add_d5"], "network")
        assert "offline" in problem.message
        assert not many.requests
        many.stop()
        names, (problem,) = self.look(many, home, pattern)
        assert (names, problem.kind) == (["add_d5"], "network")
        assert problem.message.startswith("there may be more runs than the 1 that add_* found: ")

    def test_a_bound(self, many: LoopbackHub, home: Path) -> None:
        names, (problem,) = self.look(many, home, run("*", "me/x_{name}", "."), limit=2)
        assert (len(names), problem.kind) == (1, "too_large")
        assert "over 2 repositories" in problem.message


class TestBuild:
    """A list with a pattern, all the way to the report and back."""

    LIST = (
        '[source]\ntype = "hub"\nrepo = "me/x_{name}"\nfile = "."\n[[family]]\nname = "F"\nruns = ["add_*"]\n'
    )

    def build(self, hub: LoopbackHub, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        where = ("--format", "html", "--cache-dir", str(folder / "cache"))
        return subprocess.run(
            [sys.executable, "-m", "reportgen", "build", *words, *where],
            cwd=folder,
            env=os.environ | hub.environment(folder / "hf") | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=100,
        )

    def runs(self, folder: Path, out: str) -> list[dict[str, Any]]:
        document = json.loads((folder / out / "report.json").read_bytes())
        return [run for family in document["families"] for run in family["runs"]]

    def test_nights_by_pattern(self, loopback_hub: LoopbackHub, tmp_path: Path) -> None:
        hub = loopback_hub
        losses = json.dumps({"TrainingLoss": [2.0 / step for step in range(1, 40)]}).encode()
        for name in ("add_1", "add_2"):
            hub.put(f"me/x_{name}", "training_loss.json", losses)
        (tmp_path / "l.toml").write_text(self.LIST, encoding="utf-8")
        assert self.build(hub, tmp_path, "l.toml", "-o", "one").returncode == 0
        assert [run["name"] for run in self.runs(tmp_path, "one")] == ["add_1", "add_2"]
        assert self.runs(tmp_path, "one")[0]["source"]["files"] == ["training_loss.json"]
        hub.put("me/x_add_3", "training_loss.json", losses)
        baseline = ("--baseline", "one/report.json")
        assert self.build(hub, tmp_path, "l.toml", "-o", "two", *baseline).returncode == 0
        changes = json.loads((tmp_path / "two" / "report.json").read_bytes())["changes"]
        assert [one["run"] for one in changes["new"]] == ["add_3"]
        hub.stop()
        outage = self.build(hub, tmp_path, "l.toml", "-o", "three", "--baseline", "two/report.json")
        assert outage.returncode == 3, outage.stderr
        document = json.loads((tmp_path / "three" / "report.json").read_bytes())
        assert document["changes"]["gone"] == []
        assert {run["name"] for run in self.runs(tmp_path, "three")} == {"add_1", "add_2", "add_3"}
        assert [one["kind"] for one in document["problems"]] == ["network"]
        shutil.copy(tmp_path / "two" / "report.json", tmp_path / "again.json")
        assert self.build(hub, tmp_path, "again.json", "-o", "again").returncode == 0
        again = self.runs(tmp_path, "again")
        assert [(run["name"], run["source"]) for run in again] == [
            (run["name"], run["source"] | {"requested_revision": "main"})
            for run in self.runs(tmp_path, "two")
        ]

    def test_a_list_is_written_for_an_owner(self, loopback_hub: LoopbackHub, tmp_path: Path) -> None:
        losses = json.dumps({"TrainingLoss": [2.0 / step for step in range(1, 40)]}).encode()
        for name in ("a", "b"):
            loopback_hub.put(f"me/x_{name}", "training_loss.json", losses)
        loopback_hub.put("me/x_none", "README.md", b"")
        made = subprocess.run(
            [sys.executable, "-m", "reportgen", "init", "hub:me/x_", "-o", "l.toml"],
            cwd=tmp_path,
            env=os.environ | loopback_hub.environment(tmp_path / "hf") | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert made.returncode == 0, made.stderr
        assert "found 2 runs at me/x_{name}, training_loss.json" in made.stderr
        assert loopback_hub.count() == 1
        assert self.build(loopback_hub, tmp_path, "l.toml", "-o", "out").returncode == 0
        assert [run["name"] for run in self.runs(tmp_path, "out")] == ["a", "b"]
