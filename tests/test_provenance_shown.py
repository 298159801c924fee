"""What page and paper say of where runs came from, and how the section of a family alone is called."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from reportgen.kinds import SourceRecord
from reportgen.outputs import html
from reportgen.outputs.sources import digest_title, source_lines
from reportgen.report import RunReport
from tests.samples import family_report, report, run_report

FOLDER = SourceRecord("directory", None, None, None, "out/a", "a" * 64)
CHECKPOINTS = ("checkpoint-192/trainer_state.json", "checkpoint-384/trainer_state.json", "trainer_state.json")


def of(source: SourceRecord, *names: str) -> list[RunReport]:
    return [replace(run_report(name, [0.5] * 8), source=source) for name in names]


@pytest.mark.parametrize(
    ("source", "place"),
    [
        (replace(FOLDER, file="log.csv"), "log.csv"),
        (replace(FOLDER, files=("metrics.csv",)), "out/a/metrics.csv"),
        (
            replace(FOLDER, files=CHECKPOINTS),
            "out/a/trainer_state.json and 2 more",
        ),
        (replace(FOLDER, files=("train.csv", "val.csv")), "out/a/train.csv, val.csv"),
        (replace(FOLDER, repo="me/run", revision="c" * 40, file="log.csv"), "me/run, log.csv"),
    ],
)
def test_the_files_that_were_read_are_named(source: SourceRecord, place: str) -> None:
    (line,) = source_lines(of(source, "a"))
    assert line.place == place


def test_what_the_runs_of_a_store_share_is_said_once() -> None:
    store = replace(FOLDER, file="runs.db", sha256="b" * 64)
    lines = source_lines([*of(store, "a", "b"), *of(FOLDER, "c"), *of(store, "d")])
    assert [(line.names, line.place, line.sha256) for line in lines] == [
        ("a, b, d", "runs.db", "b" * 64),
        ("c", "out/a", "a" * 64),
    ]
    assert digest_title(lines) == "SHA-256 of the file"
    assert digest_title(source_lines(of(replace(FOLDER, files=("x", "y")), "a"))) == "SHA-256 of the files"


def test_of_a_store_of_many_runs_some_are_named() -> None:
    (line,) = source_lines(of(FOLDER, *(f"r{number}" for number in range(200))))
    assert line.names == ", ".join(f"r{number}" for number in range(12)) + " and 188 more"


@pytest.mark.parametrize(
    ("title", "headings"),
    [("hf", ["All runs", "Figures and tables"]), ("Night 3", ["All runs", "hf"])],
)
def test_a_family_that_is_called_as_the_report_is_does_not_repeat_its_title(
    title: str, headings: list[str]
) -> None:
    made = replace(report([family_report("hf", of(FOLDER, "a", "b"))]), title=title)
    page = html.render(made)
    assert re.findall(r"<h2>([^<]+)", page)[:2] == headings
    assert f">{headings[1]}</a>" in page  # of the contents
