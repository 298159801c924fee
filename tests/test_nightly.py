"""Nights on real builds: what is filed, what is compared, what stays when a night writes nothing."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from reportgen import github_action, nightly

LIST = """
title = "Nights <b>&</b>"
[source]
type = "directory"
path = "runs/{name}/training_loss.json"
[smoothing]
window = 3
[[family]]
name = "Addition"
expect = { nonfinite = "== 0" }
runs = ["add_d5_l2_h3_t1K_s000001", "add_d6_l2_h3_t1K_s000002"]
"""
FIRST, SECOND = "add_d5_l2_h3_t1K_s000001", "add_d6_l2_h3_t1K_s000002"


class Links(HTMLParser):
    """Every ``href`` of a page, and its text."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.words = ""
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hrefs += [value for name, value in attrs if name == "href" and value]

    def handle_data(self, data: str) -> None:
        self.words += data + " "


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a list of two runs, and GitHub's files beside it."""
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "step-summary.md"))
    (tmp_path / "list.toml").write_text(LIST)
    write_run(tmp_path, FIRST, [2.0, 1.0, 0.5, 0.25])
    write_run(tmp_path, SECOND, [2.0, 1.5, 0.75, 0.5])
    return tmp_path


def write_run(folder: Path, name: str, losses: list[float]) -> None:
    file = folder / "runs" / name / "training_loss.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"Config": {"n_training_steps": len(losses)}, "TrainingLoss": losses}))


def night(folder: Path, *options: str, formats: tuple[str, ...] = ("html",)) -> int:
    """One night of the folder's list; the exit code."""
    made = [word for name in formats for word in ("--format", name)]
    cache = ["--cache-dir", str(folder / "cache")]
    return nightly.main([str(folder / "site"), str(folder / "list.toml"), *made, *cache, *options])


def github_outputs(folder: Path) -> dict[str, str]:
    """The outputs of the last step."""
    return dict(line.split("=", 1) for line in (folder / "output").read_text().splitlines())


def content(folder: Path) -> dict[str, str]:
    """Path to sha256 of every file."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def write_report(folder: Path, created: datetime, *, problems: int = 0) -> Path:
    """A synthetic report: the least that a site reads."""
    folder.mkdir(parents=True)
    report = {
        "created": created.isoformat(),
        "title": "T",
        "families": [{"runs": [{}]}],
        "problems": [{}] * problems,
    }
    (folder / "report.json").write_text(json.dumps(report))
    (folder / "manifest.json").write_text(json.dumps({"failed_expectations": 0}))
    (folder / "report.html").write_text("page")
    (folder / "figures").mkdir()
    (folder / "figures" / "a.svg").write_text("<svg/>")
    return folder


def test_the_first_night_and_one_on_which_a_run_changed(folder: Path) -> None:
    site = folder / "site"
    assert night(folder) == 0
    (first,) = nightly.nights(site)
    assert (first.runs, first.problems, first.failed, first.changes) == (2, 0, 0, None)
    assert github_outputs(folder) == {"exit-code": "0", "night": first.name}

    write_run(folder, SECOND, [2.0, 1.5, 0.75, 0.125])
    assert night(folder) == 0
    second, _ = nightly.nights(site)
    assert second.name == f"{first.name}-2"
    assert second.changes
    changes = json.loads((site / second.name / "report.json").read_text())["changes"]
    assert SECOND in json.dumps(changes)
    assert FIRST not in json.dumps(changes)

    index = Links(site / "index.html")
    assert [href for href in index.hrefs if href.endswith(".html")] == [
        f"{second.name}/report.html",
        f"{first.name}/report.html",
    ]
    assert "Nights <b>&</b>" in index.words
    assert all((site / href).is_file() for href in index.hrefs)
    (latest,) = Links(site / "latest" / "index.html").hrefs
    assert (site / "latest" / latest).resolve() == (site / second.name / "report.html").resolve()
    summaries = [(site / name / "summary.md").read_text() for name in (first.name, second.name)]
    assert (folder / "step-summary.md").read_text() == "".join(summaries)


def test_a_night_with_nothing_new_says_so(folder: Path) -> None:
    assert (night(folder), night(folder)) == (0, 0)
    assert [one.changes for one in nightly.nights(folder / "site")] == [0, None]


@pytest.mark.parametrize(
    ("options", "code"), [((), 1), (("--run", "nobody"), 2), (("--device", "abacus"), 2)]
)
def test_a_night_that_writes_nothing_leaves_the_site_alone(
    folder: Path, options: tuple[str, ...], code: int
) -> None:
    assert night(folder) == 0
    before = content(folder / "site")
    (folder / "output").unlink()
    if code == 1:
        shutil.rmtree(folder / "runs")
    assert night(folder, *options) == code
    assert github_outputs(folder) == {"exit-code": str(code), "night": ""}
    assert f"exit code {code}" in (folder / "step-summary.md").read_text()
    assert content(folder / "site") == before
    assert [path.name for path in (folder / "site").glob(".*")] == []


def test_missing_runs_are_published(folder: Path) -> None:
    (folder / "runs" / SECOND / "training_loss.json").unlink()
    assert night(folder) == 3
    (only,) = nightly.nights(folder / "site")
    assert (only.runs, only.problems) == (1, 1)


def test_a_failed_expectation_is_published_and_red(folder: Path) -> None:
    write_run(folder, SECOND, [2.0, 1.5, math.nan, 0.5])
    assert night(folder) == 4
    (only,) = nightly.nights(folder / "site")
    assert only.failed == 1
    assert github_outputs(folder)["night"] == only.name


def test_a_report_without_its_pdf_is_published(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER_PATH", str(folder / "no-browser"))
    assert night(folder, formats=("html", "pdf")) == 5
    (only,) = nightly.nights(folder / "site")
    assert not only.has_pdf


def test_an_outage_is_no_news_the_night_after(folder: Path) -> None:
    assert night(folder) == 0
    shutil.move(folder / "runs" / SECOND, folder / "away")
    assert night(folder) == 3
    shutil.move(folder / "away", folder / "runs" / SECOND)
    assert night(folder) == 0
    assert nightly.nights(folder / "site")[0].changes == 0


def test_thirty_nights_stay_and_older_ones_keep_what_is_read(tmp_path: Path) -> None:
    site = tmp_path / "site"
    start = datetime(2026, 1, 1, 3, 17, tzinfo=UTC)
    for day in range(32):
        now = start + timedelta(days=day)
        nightly.file_away(site, write_report(site / ".built", now), now)
    names = [one.name for one in nightly.nights(site)]
    assert names == [(start + timedelta(days=day)).strftime("%Y-%m-%d") for day in range(31, 1, -1)]
    assert (site / names[0] / "figures" / "a.svg").exists()
    assert sorted(path.name for path in (site / names[1]).iterdir()) == [
        "manifest.json",
        "report.html",
        "report.json",
    ]
    assert len(Links(site / "index.html").hrefs) == 60


def test_what_is_no_report_is_passed_over(tmp_path: Path) -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    write_report(tmp_path / "2026-01-02", now)
    (tmp_path / "2026-01-03").mkdir()
    write_report(tmp_path / "2026-01-04", now)
    (tmp_path / "2026-01-04" / "report.json").write_text('{"created": ')
    write_report(tmp_path / "notes", now)
    assert [one.name for one in nightly.nights(tmp_path)] == ["2026-01-02"]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("changes", [1], "holds no whole report, so it is passed over"),
        ("changes", "x", "holds no whole report, so it is passed over"),
        ("changes", {"new": ["x"]}, "holds no whole report, so it is passed over"),
        ("created", "yesterday", "holds no whole report, so it is passed over"),
        ("created", 5, "holds no whole report, so it is passed over"),
        ("schema", 2, "is passed over as the baseline: "),
        ("families", [{"name": "F", "runs": [{"name": "a"}]}], "is passed over as the baseline: "),
    ],
)
def test_a_report_that_is_not_ours_does_not_fail_the_nights_after_it(
    folder: Path, capsys: pytest.CaptureFixture[str], key: str, value: object, said: str
) -> None:
    assert (night(folder), night(folder)) == (0, 0)
    newest, oldest = nightly.nights(folder / "site")
    file = folder / "site" / newest.name / "report.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))
    capsys.readouterr()
    assert night(folder) == 0
    warnings = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 1
    assert newest.name in warnings[0] and said in warnings[0]
    made = folder / "site" / f"{oldest.name}-3" / "report.json"
    assert json.loads(made.read_text())["changes"]["baseline"]["created"] == oldest.created
    assert nightly.nights(folder / "site")[0].name == f"{oldest.name}-3"


def test_the_action_hands_its_inputs_to_the_build(folder: Path) -> None:
    out = folder / "a report"
    inputs = {
        "LISTS": f"'{folder / 'list.toml'}'",
        "FORMATS": "html",
        "BASELINE": "",
        "OUT": str(out),
        "SITE": "",
    }
    assert github_action.main(inputs) == 0
    assert github_outputs(folder) == {
        "exit-code": "0",
        "folder": str(out),
        "html": str(out / "report.html"),
        "json": str(out / "report.json"),
        "runs": "2",
        "problems": "0",
        "failed": "0",
    }
    assert (folder / "step-summary.md").read_text() == (out / "summary.md").read_text()


@pytest.mark.parametrize("lists", ["demo", "it's"])
@pytest.mark.parametrize("site", [False, True])
def test_the_action_has_its_outputs_though_an_input_is_wrong(folder: Path, site: bool, lists: str) -> None:
    inputs = {
        "LISTS": lists,
        "FORMATS": "html pfd",
        "BASELINE": "",
        "OUT": str(folder / "out"),
        "SITE": str(folder / "site") if site else "",
    }
    assert github_action.main(inputs) == 2
    assert github_outputs(folder) == {"exit-code": "2"}
    assert "exit code 2" in (folder / "step-summary.md").read_text()


def test_the_action_files_nights_and_goes_red_as_the_night_does(folder: Path) -> None:
    inputs = {
        "LISTS": f"'{folder / 'list.toml'}'",
        "FORMATS": "html",
        "BASELINE": "",
        "OUT": "report",
        "SITE": str(folder / "site"),
    }
    (folder / "runs" / SECOND / "training_loss.json").unlink()
    assert github_action.main(inputs) == 0  # exit code 3: a warning
    (only,) = nightly.nights(folder / "site")
    assert github_outputs(folder)["exit-code"] == "3"
    assert github_outputs(folder)["folder"] == str(folder / "site" / only.name)
    write_run(folder, SECOND, [math.nan])
    assert github_action.main(inputs) == 4
    shutil.rmtree(folder / "runs")
    (folder / "output").unlink()
    assert github_action.main(inputs) == 1
    assert github_outputs(folder) == {"exit-code": "1"}
