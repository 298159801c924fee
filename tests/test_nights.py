"""Nights: the whole command against a Hub on the loopback interface, through the real client."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from loopback_hub import LoopbackHub

ROOT = Path(__file__).resolve().parent.parent
A, B, C, D = (f"add_d{digits}_l2_h3_t15K_s372001" for digits in (5, 6, 7, 8))
FILE = "training_loss.json"
NEWS = (
    *("new", "gone", "unreadable", "sources", "configuration", "metrics", "grown", "diverged"),
    "expectations",
)


def repo(name: str) -> str:
    return f"me/QuantaMaths_{name}"


def run_file(last: float, steps: int = 40, *, diverged_at: int | None = None) -> bytes:
    """A synthetic run whose last ten losses are ``last``."""
    losses = [2.5 / 1.5**step for step in range(steps - 10)] + [last] * 10
    if diverged_at is not None:
        losses[diverged_at] = math.nan
    return json.dumps({"Config": {}, "TrainingLoss": losses}).encode()


def list_text(runs: Sequence[str], *, source: str = "", family: str = "") -> str:
    """A list of one family, each run as TOML writes it."""
    source = source or f'repo = "me/QuantaMaths_{{name}}"\nfile = "{FILE}"'
    return (
        f'title = "Nights"\n[source]\ntype = "hub"\n{source}\n[smoothing]\nwindow = 5\n'
        f'[[family]]\nname = "Addition"\n{family}\nruns = [{", ".join(runs)}]\n'
    )


def quoted(*names: str) -> list[str]:
    return [f'"{name}"' for name in names]


@dataclass(frozen=True)
class Night:
    """What a night left.

    Attributes:
        code: Exit code.
        out: Its folder.
        errors: All that it said.
        heads: HEAD requests.
        gets: GET requests.
    """

    code: int
    out: Path
    errors: str
    heads: int
    gets: int

    @property
    def report(self) -> dict[str, Any]:
        return dict(json.loads((self.out / "report.json").read_bytes()))

    @property
    def runs(self) -> dict[str, dict[str, Any]]:
        return {run["name"]: run for family in self.report["families"] for run in family["runs"]}

    @property
    def news(self) -> dict[str, list[str]]:
        """Kind of news to the runs it is of; kinds without any are left out."""
        changes = self.report["changes"]
        assert changes.keys() == {"baseline", "findings", *NEWS}
        return {kind: [one["run"] for one in changes[kind]] for kind in NEWS if changes[kind]}

    @property
    def first_line(self) -> str:
        return (self.out / "summary.md").read_text(encoding="utf-8").split("\n")[0]


class House:
    """A folder where nights are built, one after the other.

    Args:
        hub: What they ask.
        folder: Of lists, reports and caches.
        home: Of the Hub's client, in ``folder`` where none is named.
        variables: More of the environment.
    """

    def __init__(self, hub: LoopbackHub, folder: Path, home: Path | None = None, **variables: str) -> None:
        self.variables = variables
        self.hub = hub
        self.folder = folder
        self.home = home or folder / "hf"
        folder.mkdir(exist_ok=True)

    def begin(self, name: str, text: str, *options: str, since: Night | None = None) -> subprocess.Popen[str]:
        """Starts a night; ``end`` waits for it."""
        (self.folder / "list.toml").write_text(text)
        words: list[str | Path] = ["build", self.folder / "list.toml", "-o", self.folder / name]
        words += ["--format", "html", "--cache-dir", self.folder / "cache"]
        words += ["--baseline", since.out / "report.json"] if since else []
        return self.start(*words, *options)

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "reportgen", *map(str, words)],
            cwd=self.folder,
            env=os.environ | self.hub.environment(self.home) | {"PYTHONPATH": str(ROOT)} | self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, name: str, process: subprocess.Popen[str]) -> Night:
        said, errors = process.communicate(timeout=120)
        assert said == ""
        assert "Traceback" not in errors
        night = Night(
            process.returncode,
            self.folder / name,
            errors,
            self.hub.count("HEAD"),
            self.hub.count("GET", "resolve"),
        )
        self.hub.recover()
        return night

    def night(self, name: str, text: str, *, since: Night | None = None) -> Night:
        return self.end(name, self.begin(name, text, since=since))


@pytest.fixture(scope="module")
def hub() -> Iterator[LoopbackHub]:
    """A Hub for a whole story."""
    hub = LoopbackHub()
    hub.start()
    yield hub
    hub.stop()


@pytest.fixture(scope="module")
def week(hub: LoopbackHub, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Night]:
    """One thing happens a night; each is compared with the night before."""
    house = House(hub, tmp_path_factory.mktemp("week"))
    for name, last in ((A, 1e-6), (B, 2e-6), (C, 3e-6), (D, 4e-6)):
        hub.put(repo(name), FILE, run_file(last))
    nights: dict[str, Night] = {}

    def night(name: str, text: str) -> None:
        nights[name] = house.night(name, text, since=next(reversed(nights.values()), None))

    three = list_text(quoted(A, B, C))
    night("first", three)
    night("nothing new", three)
    nights["the same again"] = house.night("nothing new", three, since=nights["first"])
    four = list_text(quoted(A, B, C, D))
    night("a new run", four)
    hub.put(repo(B), FILE, run_file(1e-6))
    night("a changed run", four)
    rest = list_text(quoted(A, B, D))
    night("a gone run", rest)
    hub.put(repo(A), FILE, run_file(1e-6, diverged_at=33))
    night("a run that diverged", rest)
    hub.remove(repo(D), FILE)
    night("a removed run", rest)
    night("still removed", rest)
    hub.put(repo(D), FILE, run_file(4e-6))
    night("back again", rest)
    night("an expectation", list_text(quoted(A, B, D), family='expect = { avg_final_loss = "<= 2e-6" }'))
    return nights


def test_the_first_night(week: Mapping[str, Night]) -> None:
    night = week["first"]
    assert (night.code, night.gets) == (0, 3)
    assert "changes" not in night.report
    assert night.first_line == "## 3 runs, no problems."
    assert [run["marks"] for run in night.runs.values()] == [[], [], []]
    assert [run["source"]["repo"] for run in night.runs.values()] == [repo(A), repo(B), repo(C)]
    assert all(len(run["source"]["revision"]) == 40 for run in night.runs.values())


def test_a_night_with_nothing_new(week: Mapping[str, Night]) -> None:
    first, night, again = (week[name] for name in ("first", "nothing new", "the same again"))
    assert (night.code, night.heads, night.gets) == (0, 3, 0)
    assert night.news == {}
    created = first.report["created"]
    assert night.first_line == f"## 3 runs, no problems. Nothing changed since {created}."
    assert night.report["changes"]["baseline"] == {
        "title": "Nights",
        "created": created,
        "reportgen": first.report["reportgen"],
    }
    assert (again.code, again.heads, again.gets) == (0, 3, 0)
    assert "nothing changed since the last build; nothing is rewritten" in again.errors


def test_a_night_with_a_new_run(week: Mapping[str, Night]) -> None:
    night = week["a new run"]
    assert (night.code, night.heads, night.gets) == (0, 4 + 1, 1)  # One more before it is fetched.
    assert night.news == {"new": [D]}
    assert night.report["changes"]["new"][0]["avg_final_loss"] == pytest.approx(4e-6, rel=1e-12)
    assert night.first_line.startswith("## 4 runs, no problems. 1 change since ")


def test_a_night_with_a_changed_run(week: Mapping[str, Night]) -> None:
    before, night = week["a new run"].runs[B], week["a changed run"]
    now = night.runs[B]
    assert (night.code, night.heads, night.gets) == (0, 4 + 1, 1)  # One more before it is fetched.
    assert night.news == {"sources": [B], "metrics": [B]}
    (source,), (metrics,) = night.report["changes"]["sources"], night.report["changes"]["metrics"]
    for end, run in (("from", before), ("to", now)):
        assert [source[end][key] for key in ("revision", "sha256")] == [
            run["source"][key] for key in ("revision", "sha256")
        ]
    assert before["source"]["revision"] != now["source"]["revision"]
    moved = {one["metric"]: one for one in metrics["moved"]}
    assert moved["avg_final_loss"]["from"] == pytest.approx(2e-6, rel=1e-12)
    assert moved["avg_final_loss"]["to"] == pytest.approx(1e-6, rel=1e-12)
    assert moved["avg_final_loss"]["relative"] == pytest.approx(-0.5, rel=1e-12)
    assert "steps" not in moved
    assert night.first_line.startswith("## 4 runs, no problems. 1 change since ")


def test_a_night_with_a_gone_run(week: Mapping[str, Night]) -> None:
    night = week["a gone run"]
    assert (night.code, night.heads, night.gets) == (0, 3, 0)
    assert night.news == {"gone": [C]}
    known = week["a changed run"].runs[C]
    assert night.report["changes"]["gone"][0]["last_known"] == {
        "steps": 40,
        "final_loss": 3e-6,
        "avg_final_loss": known["metrics"]["avg_final_loss"],
        "metric": "avg_final_loss",
        "value": known["metrics"]["avg_final_loss"],
        "revision": known["source"]["revision"],
        "sha256": known["source"]["sha256"],
    }


def test_a_night_on_which_a_run_diverged(week: Mapping[str, Night]) -> None:
    night = week["a run that diverged"]
    assert night.code == 0
    assert night.news.keys() == {"sources", "metrics", "diverged"}
    assert {name for names in night.news.values() for name in names} == {A}
    (diverged,) = night.report["changes"]["diverged"]
    assert (diverged["nonfinite"], diverged["first_nonfinite_step"]) == (1, 33)
    assert "diverged" in night.runs[A]["marks"]


def test_a_run_that_is_taken_off_the_hub_is_a_problem_and_no_news_when_it_is_back(
    week: Mapping[str, Night],
) -> None:
    before, away, still, back = (
        week[name] for name in ("a run that diverged", "a removed run", "still removed", "back again")
    )
    assert [away.code, still.code, back.code] == [3, 3, 0]
    assert away.news == still.news == {"unreadable": [D]}
    assert [night.report["changes"]["unreadable"][0]["began"] for night in (away, still)] == [True, False]
    for night in (away, still):
        (problem,) = night.report["problems"]
        assert (problem["run"], problem["kind"]) == (D, "missing")
        assert problem["last_known"] == before.runs[D]
        assert night.first_line.startswith("## 1 of 3 runs could not be used. ")
    assert "1 change since" in away.first_line
    assert "Nothing changed since" in still.first_line
    # The same bytes at another commit: the commit is the only news.
    assert back.news == {"sources": [D]}
    (source,) = back.report["changes"]["sources"]
    assert source["from"]["sha256"] == source["to"]["sha256"]


def test_a_failed_expectation(week: Mapping[str, Night]) -> None:
    night = week["an expectation"]
    assert night.code == 4
    assert night.news == {"expectations": [D]}
    (failed,) = night.report["changes"]["expectations"]
    assert (failed["metric"], failed["expected"]) == ("avg_final_loss", "<= 2e-6")
    assert failed["actual"] == failed["before"] == pytest.approx(4e-6, rel=1e-12)
    outcomes = {name: [check["outcome"] for check in run["checks"]] for name, run in night.runs.items()}
    assert outcomes == {A: ["passed"], B: ["passed"], D: ["failed"]}
    assert night.first_line.startswith("## 3 runs; 1 expectation failed. 1 change since")


@pytest.fixture(scope="module")
def outage(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Night]:
    """Builds while the Hub is away, side by side, since most of their time is waiting; and one after."""
    folder = tmp_path_factory.mktemp("outage")
    hub, leaving = LoopbackHub(), LoopbackHub()
    hub.start()
    leaving.start()
    for name, last in ((A, 1e-6), (B, 2e-6), (C, 3e-6), (D, 4e-6)):
        hub.put(repo(name), FILE, run_file(last))
        leaving.put(repo(name), FILE, run_file(last))
    known = House(hub, folder / "known")
    text, more = list_text(quoted(A, B)), list_text(quoted(A, B, C))
    before = known.night("before", text)
    offline = House(hub, folder / "asked", known.home)
    by_variable = House(hub, folder / "set", known.home, HF_HUB_OFFLINE="1")
    unasked = {
        "offline": offline.end("out", offline.begin("out", text, "--offline", since=before)),
        "offline by HF_HUB_OFFLINE": by_variable.night("out", text, since=before),
    }
    hub.stop()
    houses = {
        "all cached": (House(hub, folder / "all", known.home), text),
        "one is new": (House(hub, folder / "one", known.home), more),
        "empty cache": (House(hub, folder / "empty"), text),
        "half-way": (House(leaving, folder / "half"), list_text(quoted(A, B, C, D))),
    }
    leaving.goes_away_after(
        7
    )  # A run costs two HEADs and a GET: the third has been promised, and never comes.
    begun = {
        name: house.begin("out", words, "--jobs", "1", since=None if name == "half-way" else before)
        for name, (house, words) in houses.items()
    }
    nights = {name: houses[name][0].end("out", process) for name, process in begun.items()}
    nights |= unasked
    nights["before"] = before
    hub.start()
    nights["after"] = known.night("after", more, since=nights["one is new"])
    hub.stop()
    leaving.stop()
    return nights


def test_a_hub_that_is_down_serves_from_the_cache_and_says_so(outage: Mapping[str, Night]) -> None:
    night = outage["all cached"]
    assert night.code == 0
    assert [run["marks"] for run in night.runs.values()] == [["not_checked"]] * 2
    assert night.first_line.startswith(
        "## 2 runs; 2 from the cache, not checked with the Hub. Nothing is known to have changed since "
    )
    warned = "warning: runs taken from the cache, since the Hub gave no useful answer: 2 of 2"
    assert night.errors.splitlines().count(warned) == 1
    assert night.news == {}
    assert [run["source"] for run in night.runs.values()] == [
        run["source"] for run in outage["before"].runs.values()
    ]


def test_a_run_that_was_never_pulled_is_a_problem_while_the_hub_is_down(outage: Mapping[str, Night]) -> None:
    night = outage["one is new"]
    assert night.code == 3
    assert list(night.runs) == [A, B]
    assert [(one["run"], one["kind"]) for one in night.report["problems"]] == [(C, "network")]
    assert night.first_line.startswith("## 1 of 3 runs could not be used; 2 from the cache, not checked")
    assert "gave no useful answer: 2 of 3\n" in night.errors
    assert night.news == {"unreadable": [C]}


def test_the_night_after_an_outage_tells_of_nothing_but_the_new_run(outage: Mapping[str, Night]) -> None:
    night = outage["after"]
    assert (night.code, night.heads, night.gets) == (0, 3 + 1, 1)
    assert night.news == {"new": [C]}
    assert [run["marks"] for run in night.runs.values()] == [[], [], []]


def test_who_asks_for_no_network_is_told_of_it_and_not_warned(outage: Mapping[str, Night]) -> None:
    for name in ("offline", "offline by HF_HUB_OFFLINE"):
        night = outage[name]
        assert (night.code, night.heads) == (0, 0)
        assert night.first_line.startswith("## 2 runs; 2 from the cache, not checked with")
        assert "runs taken from the cache, since this build is offline: 2 of 2\n" in night.errors
        assert "warning" not in night.errors


def test_a_hub_that_is_down_and_an_empty_cache_write_nothing(outage: Mapping[str, Night]) -> None:
    night = outage["empty cache"]
    assert night.code == 1
    assert not night.out.exists()
    assert "not one of 2 runs could be used, so nothing is written" in night.errors


def test_a_hub_that_goes_away_half_way_leaves_a_report_of_what_came(outage: Mapping[str, Night]) -> None:
    night = outage["half-way"]
    problems = night.report["problems"]
    assert night.code == 3
    assert {one["kind"] for one in problems} == {"network"}
    came = len(night.runs)
    assert 1 <= came <= 3  # The last words of a server that stops may still arrive.
    assert [*night.runs, *(one["run"] for one in problems)] == [A, B, C, D]
    assert night.first_line == f"## {4 - came} of 4 runs could not be used."


def test_a_new_commit_of_the_same_file_is_news_once_whatever_happens_to_the_hub(
    loopback_hub: LoopbackHub, tmp_path: Path
) -> None:
    house, text = House(loopback_hub, tmp_path), list_text(quoted(A))
    loopback_hub.put(repo(A), FILE, run_file(1e-6))
    first = house.night("first", text)
    commit = loopback_hub.put(repo(A), "README.md", b"new")
    second = house.night("second", text, since=first)
    assert second.news == {"sources": [A]}
    assert (second.heads, second.gets) == (1, 0)
    assert second.runs[A]["source"]["revision"] == commit
    loopback_hub.stop()
    away = house.night("away", text, since=second)
    assert away.runs[A]["marks"] == ["not_checked"]
    assert away.runs[A]["source"] == second.runs[A]["source"]
    assert away.news == {}
    # The second night's report can be built again all the while.
    words = ["build", second.out / "report.json", "-o", tmp_path / "again", "--format", "html"]
    again = house.end("again", house.start(*words))
    assert (again.code, again.runs[A]["marks"]) == (0, [])
    assert again.report["families"] == second.report["families"]
    loopback_hub.start()
    assert house.night("after", text, since=away).news == {}
    latest = loopback_hub.put(repo(A), "README.md", b"newer")
    last = house.night("last", text, since=away)
    assert last.news == {"sources": [A]}
    (source,) = last.report["changes"]["sources"]
    assert (source["from"]["revision"], source["to"]["revision"]) == (commit, latest)


def test_the_older_layout_at_a_branch_a_tag_and_a_commit(loopback_hub: LoopbackHub, tmp_path: Path) -> None:
    house = House(loopback_hub, tmp_path)
    first = loopback_hub.put("me/Verified", f"{A}_train.json", run_file(1e-6))
    loopback_hub.tag("me/Verified", "v1", first)
    second = loopback_hub.put("me/Verified", f"{A}_train.json", run_file(5e-7))
    runs = [f'{{ name = "{A}", revision = "{revision}" }}' for revision in ("v1", first)]
    text = list_text([f'"{A}"', *runs], source='repo = "me/Verified"\nfile = "{name}_train.json"')
    night = house.night("one", text)
    (family,) = night.report["families"]
    assert night.code == 0
    assert [run["source"]["requested_revision"] for run in family["runs"]] == ["main", "v1", first]
    assert [run["source"]["revision"] for run in family["runs"]] == [second, first, first]
    assert [run["metrics"]["final_loss"] for run in family["runs"]] == [5e-7, 1e-6, 1e-6]
    again = house.night("one", text)
    assert (again.code, again.heads, again.gets) == (0, 2, 0)  # The commit is not asked for.
    assert "nothing is rewritten" in again.errors

    # Built again from its own report, it stays at its commits, and asks for nothing.
    loopback_hub.put("me/Verified", f"{A}_train.json", run_file(1e-7))
    words = ["build", night.out / "report.json", "-o", tmp_path / "two", "--format", "html", "--no-cache"]
    rebuilt = house.end("two", house.start(*words))
    assert (rebuilt.code, rebuilt.heads, rebuilt.gets) == (0, 0, 0)
    assert rebuilt.report["families"] == night.report["families"]
    assert rebuilt.report["lists"] == night.report["lists"]
