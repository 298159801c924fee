"""Nights on real builds: what is filed, what is compared, what stays when a night writes nothing."""

from __future__ import annotations

import hashlib
import json
import math
import re
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


USAGE = "python -m reportgen.nightly SITE LIST... [OPTIONS of reportgen build]"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "the following arguments are required: SITE, LIST"),
        (("site",), "the following arguments are required: LIST"),
        (("site", "--offline"), "the following arguments are required: LIST"),
        (("--title", "T", "site", "demo"), "SITE comes first"),
        (
            ("site", "demo", "-o", "out"),
            "argument -o/--out: SITE is where the report goes; remove this option",
        ),
        (
            ("site", "demo", "--out=out"),
            "argument -o/--out: SITE is where the report goes; remove this option",
        ),
    ],
)
def test_a_mistake_of_the_command_line_is_told_with_the_usage(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert nightly.main(words) == 2
    assert capsys.readouterr().err == f"reportgen.nightly: {said}; usage: {USAGE}\n"
    assert list(tmp_path.iterdir()) == []


def test_help_shows_the_usage_and_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as helped:
        nightly.main(["--help"])
    said = capsys.readouterr().out
    assert helped.value.code == 0
    assert said.startswith(f"usage: {USAGE}\n")
    assert "--allow-missing" in said
    assert "`" not in said and "--out" not in said


def test_the_last_lines_name_what_is_there_afterwards(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert night(folder, "--open") == 0
    (only,) = nightly.nights(folder / "site")
    page = folder / "site" / only.name / "report.html"
    *_, counts, places = capsys.readouterr().err.splitlines()
    assert (counts, places) == (
        "2 runs, 0 problems",
        f"{page}; all nights: {folder / 'site' / 'index.html'}",
    )
    assert opened == [page.resolve().as_uri()]
    assert page.is_file() and (folder / "site" / "index.html").is_file()
    assert night(folder, "--quiet") == 0
    assert capsys.readouterr().err == ""


def test_a_baseline_of_ones_own_goes_before_the_newest_night(folder: Path) -> None:
    assert night(folder) == 0
    (first,) = nightly.nights(folder / "site")
    write_run(folder, SECOND, [2.0, 1.5, 0.75, 0.125])
    assert night(folder) == 0
    assert night(folder, "--baseline", str(folder / "site" / first.name / "report.json")) == 0
    newest, second, _ = nightly.nights(folder / "site")
    assert newest.changes == second.changes == 1  # A run, however much of it moved.
    words = " ".join(Links(folder / "site" / "index.html").words.split())
    assert "changed since the report it was compared with, usually the one below it." in words


def test_lists_may_follow_two_dashes(folder: Path) -> None:
    words = [str(folder / "site"), "--format", "html", "--cache-dir", str(folder / "cache")]
    assert nightly.main([*words, "--", str(folder / "list.toml")]) == 0
    (first,) = nightly.nights(folder / "site")
    assert first.runs == 2


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


@pytest.mark.parametrize("url", ["", "ftp://x", "https://x)[a](https://y", "https://x y"])
def test_an_address_that_is_none_is_no_link(folder: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("SITE_URL", url)
    assert night(folder) == 0
    (only,) = nightly.nights(folder / "site")
    assert "](" not in (folder / "site" / only.name / "summary.md").read_text()


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


def ranked_report(folder: Path, created: datetime, loss: float | None, marks: list[str]) -> Path:
    """A report of one run, of which nothing but what an index shows."""
    write_report(folder, created)
    run = {"metrics": {"avg_final_loss": loss, "steps": 5}, "marks": marks}
    worse = {"metrics": {"avg_final_loss": 9.0, "end": 9.0}, "marks": ["diverged"]}  # It recovered.
    families = [{"name": "A <b>", "runs": [run, worse]}]
    document = json.loads((folder / "report.json").read_text()) | {"families": families}
    (folder / "report.json").write_text(json.dumps(document))
    return folder


def test_the_index_shows_outages_divergence_and_thirty_nights_of_each_family(tmp_path: Path) -> None:
    site = tmp_path / "site"
    start = datetime(2026, 1, 1, 3, 17, tzinfo=UTC)
    losses = [1e-2, 1e-3, None, 1e-5, 1e-6]
    for day, loss in enumerate(losses):
        marks = {2: ["diverged"], 4: ["not_checked"]}.get(day, [])
        made = ranked_report(site / ".built", start + timedelta(days=day), loss, marks)
        nightly.file_away(site, made, start + timedelta(days=day))
    newest = nightly.nights(site)[0]
    assert (newest.unasked, newest.diverged) == (1, 0)
    assert newest.ranked == {"A <b>": ("avg_final_loss", 1e-6)}
    page = (site / "index.html").read_text()
    rows = [
        re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>\n(.*?)</tr>", page, re.DOTALL)
    ]
    assert [row[4] for row in rows[-5:]] == ["0", "0", "1", "0", "0"]
    assert [row[6] for row in rows[-5:]] == ["1 of 2", "0", "0", "0", "0"]
    (trend,) = nightly.trends(nightly.nights(site))
    assert trend.words == "AvgFinalLoss of 5 nights, from 1.00×10⁻⁶ to 9.00, log axis"
    assert trend.span == "1.00×10⁻⁶ to 9.00"
    # The night on which the first run diverged, the other one leads.
    ((line,),) = [trend.lines]
    points = [tuple(map(float, point.split(","))) for point in line.split(" ")]
    step = (240 - 8) / 9  # as if there were ten
    assert [x for x, _ in points] == pytest.approx([4 + step * day for day in range(5)], abs=0.05)
    heights = [math.log(value / 1e-6) / math.log(9e6) for value in (1e-2, 1e-3, 9.0, 1e-5, 1e-6)]
    assert [y for _, y in points] == pytest.approx([32 - 28 * height for height in heights], abs=0.05)
    assert "A &lt;b&gt;" in page
    assert page.count("<polyline") == 1


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


@pytest.mark.parametrize("name", [".tonight", "latest"])
def test_a_site_whose_folder_is_a_link_is_left_alone(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    site, elsewhere = folder / "site", folder / "elsewhere"
    site.mkdir()
    elsewhere.mkdir()
    (elsewhere / "index.html").write_text("mine")
    (site / name).symlink_to(elsewhere)
    assert night(folder) == 1
    said = f"{site / name}: is a link, and a night writes nowhere but in its own site; remove the link"
    assert capsys.readouterr().err == f"reportgen: {said}\n"
    assert github_outputs(folder) == {"exit-code": "1", "night": ""}
    assert [path.name for path in site.iterdir()] == [name]
    assert content(elsewhere).keys() == {"index.html"}
    assert (elsewhere / "index.html").read_text() == "mine"


def test_a_site_thins_out_and_writes_through_no_link(tmp_path: Path) -> None:
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    days = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(3)]
    write_report(elsewhere, days[0])
    before = content(elsewhere)
    nightly.file_away(site, write_report(site / ".built", days[1]), days[1])
    (site / "2026-01-01").symlink_to(elsewhere)
    (site / "2026-01-02" / "curves").symlink_to(elsewhere)
    (site / ".index.html.new").symlink_to(elsewhere / "report.html")
    nightly.file_away(site, write_report(site / ".built", days[2]), days[2])
    assert [one.name for one in nightly.nights(site)] == ["2026-01-03", "2026-01-02"]
    assert not (site / "2026-01-02" / "curves").exists()
    assert (site / "index.html").is_file() and not (site / "index.html").is_symlink()
    assert content(elsewhere) == before


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
        ("changes", [1], "holds no complete report and is skipped"),
        ("changes", "x", "holds no complete report and is skipped"),
        ("changes", {"new": ["x"]}, "holds no complete report and is skipped"),
        ("created", "yesterday", "holds no complete report and is skipped"),
        ("created", 5, "holds no complete report and is skipped"),
        ("schema", 2, "is not used as the baseline: "),
        ("families", [{"name": "F", "runs": [{"name": "a"}]}], "is not used as the baseline: "),
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
        "URL": "",
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
        "URL": "",
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
        "URL": "https://example.org/nights/",
    }
    (folder / "runs" / SECOND / "training_loss.json").unlink()
    assert github_action.main(inputs) == 0  # exit code 3: a warning
    (only,) = nightly.nights(folder / "site")
    assert github_outputs(folder)["exit-code"] == "3"
    assert github_outputs(folder)["folder"] == str(folder / "site" / only.name)
    summary = (folder / "site" / only.name / "summary.md").read_text()
    assert summary.split("\n")[2] == f"[The report](https://example.org/nights/{only.name}/report.html)"
    assert summary.split("\n")[4].startswith("**Nights")
    digest = json.loads((folder / "site" / only.name / "manifest.json").read_text())["files"]["summary.md"]
    assert digest == hashlib.sha256(summary.encode()).hexdigest()
    assert (folder / "step-summary.md").read_text() == summary
    write_run(folder, SECOND, [math.nan])
    assert github_action.main(inputs) == 4
    shutil.rmtree(folder / "runs")
    (folder / "output").unlink()
    assert github_action.main(inputs) == 1
    assert github_outputs(folder) == {"exit-code": "1"}
