"""A package that brings a source, a metric and a figure kind, and a list that names an attribute: all of
them in list, table, ``report.json``, page and paper. Formats: ``test_format_plugins.py``."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pypdf
import pytest

from tests.page_reader import Page

ENTRY_POINTS = """
[reportgen.sources]
tape = deck:Tape
[reportgen.metrics]
gain = deck:GAIN
[reportgen.figures]
descent = deck:DESCENT
"""
MODULE = '''
import json
from contextlib import contextmanager
from pathlib import Path

from reportgen.figure_kinds import FigureKind
from reportgen.metrics import Metric


class Tape:
    """Runs on a reel: files of a folder, whatever their ending."""

    type = "tape"

    @contextmanager
    def open(self, access):
        self._limit = access.max_file_size
        yield self

    def find(self, source, name, files, *, found):
        from reportgen.kinds import SourceRecord
        from reportgen.sources import Found, FoundFile, hash_file

        path = Path(json.loads(source.options)["reel"].replace("{name}", name))
        digests = hash_file(path, name, self._limit)
        file = FoundFile(path.name, path, digests.size, digests.sha256)
        return Found((file,), SourceRecord("tape", None, None, None, path.name, file.sha256))

    def discover(self, source, pattern, limit):
        from reportgen.sources import Listing

        reel = Path(json.loads(source.options)["reel"]).parent
        names = sorted(path.stem for path in reel.glob("*.json"))
        return Listing(tuple(name for name in names if pattern.fits(name)))


def gain(metrics):
    return None if metrics.end is None or metrics.best is None else metrics.end - metrics.best


GAIN = Metric("gain", "Gain since the best", "loss", "series", "lower", gain)
DESCENT = FigureKind("descent", "deck:descent", "deck:descent_caption")


def descent(family):
    from reportgen.figures.families import all_steps

    return all_steps(family)


def descent_caption(family, plot):
    from reportgen.figures.captions import Caption

    return Caption((("", f"{family.name}: the descent of all runs."),))
'''
LIST = """
[source]
type = "tape"
reel = "{reel}/{name}.json"
[smoothing]
window = 3
[attributes]
width = "model.width"
[[family]]
name = "F"
label = "width {width}"
runs = ["*"]
figures = ["descent"]
columns = ["label", "width", "gain"]
expect = { gain = "<= 10" }
"""
LOSSES = {"a": [4.0, 2.0, 1.0, 1.0, 1.0, 2.0, 1.0, 1.0], "b": [4.0, 3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]}
ENDS = {"a": (1.0 + 1.0 + 2.0 + 1.0 + 1.0) / 5, "b": 2.0}
WIDTHS = {"a": 64, "b": 128}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a list that uses all that the package brings."""
    place = tmp_path_factory.mktemp("plugins")
    installed = place / "site" / "deck-1.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: deck\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(ENTRY_POINTS)
    (place / "site" / "deck.py").write_text(MODULE)
    (place / "reel").mkdir()
    for name, losses in LOSSES.items():
        config = {"model": {"width": WIDTHS[name]}}
        (place / "reel" / f"{name}.json").write_text(json.dumps({"Config": config, "TrainingLoss": losses}))
    (place / "list.toml").write_text(LIST.replace("{reel}", (place / "reel").as_posix()))
    done = subprocess.run(
        [sys.executable, "-m", "reportgen", "build", "list.toml", "-o", "out", "--no-cache"],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(place / "site")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return place / "out"


def test_another_version_is_another_input(out: Path) -> None:
    site = out.parent / "site"
    place = site / "deck-1.0.dist-info" / "METADATA"

    def build() -> str:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "reportgen",
                "build",
                "list.toml",
                "-o",
                "again",
                "--format",
                "html",
                "--no-cache",
            ],
            cwd=out.parent,
            env={**os.environ, "PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        return done.stderr

    unchanged = "nothing changed since the last build"
    assert unchanged not in build()
    assert unchanged in build()
    place.write_text(place.read_text().replace("1.0", "1.1"))
    assert unchanged not in build()
    assert unchanged in build()


def test_they_are_in_report_json(out: Path) -> None:
    report = json.loads((out / "report.json").read_bytes())
    runs = {run["name"]: run for run in report["families"][0]["runs"]}
    assert runs.keys() == LOSSES.keys()
    for name, run in runs.items():
        assert run["source"]["kind"] == "tape"
        assert run["attributes"]["width"] == WIDTHS[name]
        assert run["metrics"]["gain"] == pytest.approx(ENDS[name] - min(LOSSES[name]), abs=1e-12)
        assert [(check["metric"], check["outcome"]) for check in run["checks"]] == [("gain", "passed")]
    assert report["lists"][0]["family"][0]["figures"] == ["descent"]


def test_they_are_in_the_table(out: Path) -> None:
    with (out / "tables" / "f.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert {name: int(row["width"]) for name, row in rows.items()} == WIDTHS
    gains = {name: float(row["gain"]) for name, row in rows.items()}
    assert gains == pytest.approx({name: ENDS[name] - min(LOSSES[name]) for name in LOSSES}, abs=1e-12)


def test_they_are_on_the_page(out: Path) -> None:
    text = Page((out / "report.html").read_text(encoding="utf-8")).text
    assert "Gain since the best" in text
    assert "width 64" in text
    assert "F: the descent of all runs." in text


def test_they_are_on_paper(out: Path) -> None:
    assert {path.name for path in (out / "figures").glob("f-descent.*")} == {
        "f-descent.svg",
        "f-descent.pdf",
        "f-descent.png",
    }
    text = " ".join(
        "".join(page.extract_text() for page in pypdf.PdfReader(out / "report.pdf").pages).split()
    )
    assert "the descent of all runs" in text
    assert "Gain since" in text
    assert "width 128" in text
