"""Old and new curves in the news: what is read of the baseline's build, and what the small pictures show."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import family_report, report, run_report, with_summary

from reportgen import changes, cli, nightly, old_curves
from reportgen.document import report_document
from reportgen.outputs import html, old_and_new, pdf
from reportgen.outputs.data import json_bytes
from reportgen.report import OldCurve, Report

NAME = "add_d5_l2_h3_t1K_s000001"
WAS, IS = [8.0, 4.0, 2.0, 1.0], [8.0, 6.0, 4.0, 3.0]
CSV = "step,mean,min,max\n0,8.0,8.0,8.0\n3,1.0,1.0,1.0\n"
LIST = f"""
[source]
type = "directory"
path = "runs/{{name}}.json"
[smoothing]
window = 1
[[family]]
name = "A"
runs = ["{NAME}"]
"""


def night(folder: Path, losses: list[float]) -> Path:
    """A night of one run with these losses; its folder."""
    (folder / "runs").mkdir(exist_ok=True)
    (folder / "list.toml").write_text(LIST)
    (folder / "runs" / f"{NAME}.json").write_text(json.dumps({"Config": {}, "TrainingLoss": losses}))
    words = [str(folder / "list.toml"), "--format", "html", "--cache-dir", str(folder / "cache")]
    code, made = nightly.run(folder / "site", words)
    assert code == 0
    assert made is not None
    return made


def picture_of(page: str) -> str | None:
    found = re.search(r'<svg class="then-and-now".*?</svg>', page, re.DOTALL)
    return found and found[0]


def lines_of(picture: str, which: str) -> list[list[tuple[float, float]]]:
    group = re.search(rf'<g class="{which}".*?</g>', picture, re.DOTALL)
    assert group
    return [
        [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.split())]
        for line in re.findall(r'points="([^"]*)"', group[0])
    ]


def test_a_night_shows_the_curve_of_the_night_before_and_its_own(tmp_path: Path) -> None:
    assert picture_of((night(tmp_path, WAS) / "report.html").read_text()) is None
    picture = picture_of((night(tmp_path, IS) / "report.html").read_text())
    assert picture
    # Four steps over 212 pixels, values from 1 to 8 over 40, from the window of one that the list asks for.
    for which, values in (("then", WAS), ("now", IS)):
        places = [(4 + 212 * i / 3, 44 - 40 * (value - 1) / 7) for i, value in enumerate(values)]
        (line,) = lines_of(picture, which)
        assert line == [pytest.approx(place, abs=0.051) for place in places]
    third = night(tmp_path, WAS)  # The night before has its curves, though the first one is thin by now.
    assert picture_of((third / "report.html").read_text())
    assert not (tmp_path / "site" / nightly.nights(tmp_path / "site")[1].name / "curves").exists()
    assert picture_of((night(tmp_path, WAS) / "report.html").read_text()) is None


@pytest.mark.parametrize("loss", ["no folder", "no file", "another file", "another report", "no manifest"])
def test_there_is_no_picture_without_the_curves_of_the_same_build(tmp_path: Path, loss: str) -> None:
    old = night(tmp_path, WAS)
    (file,) = (old / "curves").iterdir()
    if loss == "no folder":
        shutil.rmtree(old / "curves")
    elif loss == "no file":
        file.unlink()
    elif loss == "another file":
        file.write_text(CSV)
    elif loss == "another report":
        (old / "report.json").write_bytes((old / "report.json").read_bytes() + b"\n")
    else:
        # As a report that was kept elsewhere.
        (old / "manifest.json").write_text(json.dumps({"failed_expectations": 0}))
    page = (night(tmp_path, IS) / "report.html").read_text()
    assert "AvgFinalLoss" in page
    assert picture_of(page) is None


def moved(names: tuple[str, ...] = (NAME,)) -> tuple[Report, Report]:
    old, new = (
        report([family_report("A", [run_report(name, values, sha256=digit * 64) for name in names])])
        for values, digit in ((WAS, "0"), (IS, "1"))
    )
    return old, changes.against(new, report_document(old))


def build_of(place: Path, old: Report, csv: bytes, change: dict[str, Any] | None = None) -> dict[str, Any]:
    """A folder as a build leaves it, each curve of these bytes, its runs changed; its document."""
    document = report_document(old)
    for entry in document["families"][0]["runs"]:
        entry.update(change or {})
    (place / "curves").mkdir()
    content = {"report.json": json_bytes(document)}
    content |= {f"curves/{run.slug}.csv": csv for run in old.runs}
    for name, data in content.items():
        (place / name).write_bytes(data)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
    (place / "manifest.json").write_text(json.dumps({"files": digests}))
    return document


def added(place: Path, csv: bytes, change: dict[str, Any] | None = None) -> Report:
    old, new = moved()
    document = build_of(place, old, csv, change)
    return old_curves.added(new, document, place, old_curves.of_build(place / "report.json"))


def test_what_is_read(tmp_path: Path) -> None:
    csv = b"step,mean,min,max,median\n0,8.0,,,1\n2,,,,\n5,nan,1,1,1\n9,1e-3,1.0,1.0,1"
    assert added(tmp_path, csv).old_curves == {
        ("A", NAME): OldCurve("loss", (0, 2, 5, 9), (8.0, None, None, 0.001))
    }


@pytest.mark.parametrize(
    "csv",
    [
        b"",
        b"step,mean,min,max\n",
        b"step,mean,min,max\n0",
        b"step,mean,min,max\n0,1\n1",
        b"step,loss,min,max\n0,1,1,1\n",
        b"step,mean\n1,1\n0,1\n",
        b"step,mean\n-1,1\n",
        b"step,mean\n0,x\n",
        b"step,mean\n1.5,1\n",
        b"step,mean\n" + b"9" * 5000 + b",1\n",
        b"step,mean\n99999999999999999999,1\n",
        b"step,mean\n0,1\xff\n",
        b"step,mean\n0,1\n" * 20_000,
        b"step,mean\n" + b"0,1\n" * 20_001,
        b"step,mean\n0," + b" " * (1 << 22) + b"1\n",
    ],
    ids=lambda csv: csv[:24].decode("ascii", "replace"),
)
def test_what_is_no_curve_is_passed_over(tmp_path: Path, csv: bytes) -> None:
    made = added(tmp_path, csv)
    assert made.old_curves == {}
    assert made.changes is not None


@given(
    st.binary(max_size=300)
    | st.lists(
        st.tuples(st.integers(0, 2**64), st.floats() | st.just("")).map(lambda pair: f"{pair[0]},{pair[1]}")
    ).map(lambda lines: "\n".join(["step,mean,min,max", *lines]).encode())
)
def test_any_bytes_are_shown_or_passed_over(csv: bytes) -> None:
    with tempfile.TemporaryDirectory() as place:
        made = added(Path(place), csv)
    for picture in old_and_new.pictures(made).values():
        for lines in (picture.old, picture.new):
            numbers = re.findall(r"[^ ,]+", " ".join(lines.lines)) + [
                one for dot in lines.dots for one in dot
            ]
            assert all(0 <= float(number) <= old_and_new.WIDTH for number in numbers)


@pytest.mark.parametrize(
    "series",
    [
        None,
        [],
        {"loss": None},
        {"loss": {}},
        {"loss": {"curve": 1}},
        {"loss": {"curve": "curves/../report.json"}},
    ]
    + [
        {"loss": {"curve": name}} for name in ("/etc/passwd", "report.json", "curves/..", "curves/nobody.csv")
    ],
)
def test_a_baseline_that_names_no_curve_of_its_build(tmp_path: Path, series: Any) -> None:
    assert added(tmp_path, CSV.encode(), {"series": series}).old_curves == {}


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    old, new = moved()
    document = build_of(tmp_path, old, CSV.encode())
    (file,) = (tmp_path / "curves").iterdir()
    file.unlink()
    os.mkfifo(file)
    files = old_curves.of_build(tmp_path / "report.json")
    assert old_curves.added(new, document, tmp_path, files).old_curves == {}


def test_of_many_runs_the_first_six_have_a_picture(tmp_path: Path) -> None:
    names = tuple(f"r{i}" for i in range(9))
    old, new = moved(names)
    document = build_of(tmp_path, old, CSV.encode())
    made = old_curves.added(new, document, tmp_path, old_curves.of_build(tmp_path / "report.json"))
    assert [run for _, run in made.old_curves] == list(names[:6])
    page = html.render(made)
    assert page.count('class="then-and-now"') == 6
    assert page.count("Small curves: pale before, dark now.") == 1


def drawn(old: OldCurve, values: list[float]) -> old_and_new.Picture | None:
    made = report([family_report("A", [run_report(NAME, values)])])
    (run,) = made.runs
    curve = dataclasses.replace(run.summary.curve, mean=run.summary.curve.mean * 0 + values)
    made = report([family_report("A", [with_summary(run, curve=curve)])])
    return old_and_new.pictures(dataclasses.replace(made, old_curves={("A", NAME): old})).get(("A", NAME))


def test_a_curve_that_became_nan_ends_where_it_did() -> None:
    picture = drawn(OldCurve("loss", (0, 4), (1000.0, 1.0)), [1000.0, 100.0, math.nan, 10.0, math.nan])
    assert picture
    assert picture.words == (
        "loss by step, log axis: pale as it was, to 1; dark as it is, to no finite value"
    )
    # A third of the height for each factor of ten.
    assert picture.old.lines == ("4.0,4.0 216.0,44.0",)
    assert picture.new.lines == ("4.0,4.0 57.0,17.3",)
    assert picture.new.dots == ((pytest.approx(163), pytest.approx(44 - 40 / 3)),)


def test_a_curve_without_a_value_has_no_picture() -> None:
    assert drawn(OldCurve("loss", (0, 4), (None, None)), [1.0, 1.0, 1.0]) is None
    assert drawn(OldCurve("loss", (0, 4), (1.0, 1.0)), [math.nan] * 3) is None


def test_no_spike_of_a_long_curve_is_lost() -> None:
    values = [1.0] * 5000
    values[1234], values[4321] = 9.0, -7.0
    picture = drawn(OldCurve("loss", tuple(range(5000)), tuple(values)), [1.0, 1.0])
    assert picture
    (line,) = picture.old.lines
    heights = [float(pair.split(",")[1]) for pair in line.split()]
    assert (min(heights), max(heights)) == (4.0, 44.0)
    assert len(heights) <= 4 * 111


def test_paper_shows_the_whole_of_a_long_curve() -> None:
    (run,) = moved()[1].runs
    old = OldCurve("loss", tuple(range(3000)), tuple(float(step % 7) for step in range(3000)))
    made = dataclasses.replace(moved()[1], old_curves={("A", run.spec.name): old})
    picture = picture_of(pdf.document(made, {}))
    assert picture
    (line,) = lines_of(picture, "then")
    assert len(line) > 200
    assert (line[0][0], line[-1][0]) == (4.0, 216.0)


def test_curves_that_went_are_a_reason_to_build_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(night(tmp_path, WAS), tmp_path / "old")
    night(tmp_path, IS)

    def is_current() -> bool:
        capsys.readouterr()
        words = [str(tmp_path / "list.toml"), "-o", str(tmp_path / "out"), "--format", "html", "--no-cache"]
        assert cli.main(["build", *words, "--baseline", str(tmp_path / "old" / "report.json")]) == 0
        return "nothing changed since the last build" in capsys.readouterr().err

    assert not is_current()
    assert is_current()
    shutil.rmtree(tmp_path / "old" / "curves")
    assert not is_current()
    assert is_current()
