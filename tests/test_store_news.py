"""A store that grew overnight, from its files to the news: of its runs those that changed."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from reportgen import api, job
from reportgen.formats.stores import WAL_NOTE
from reportgen.log import Kind, Log, Writer
from reportgen.options import BuildOptions

LIST = """[source]
type = "directory"
path = "tests.db"
[[family]]
name = "F"
runs = ["*"]
"""
TABLE = (
    "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT)"
)


def log(place: Path, run: str, *losses: float) -> None:
    with sqlite3.connect(place) as store:
        if not store.execute("SELECT name FROM sqlite_master").fetchall():
            store.execute(TABLE)
        (begun,) = store.execute("SELECT COUNT(*) FROM metrics WHERE run_name = ?", (run,)).fetchone()
        rows = [(run, begun + step, json.dumps({"loss": loss})) for step, loss in enumerate(losses)]
        store.executemany(
            "INSERT INTO metrics (timestamp, run_name, step, metrics) VALUES ('', ?, ?, ?)", rows
        )
    store.close()


def night(folder: Path, name: str, baseline: Path | None = None) -> tuple[Path, dict[str, Any]]:
    out = folder / name
    api.build([str(folder / "list.toml")], out, formats=["html"], baseline=baseline)
    return out, json.loads((out / "report.json").read_text())


def test_of_a_store_the_runs_that_changed_are_news(tmp_path: Path) -> None:
    (tmp_path / "list.toml").write_text(LIST)
    place = tmp_path / "tests.db"
    log(place, "same", 3, 2, 1)
    log(place, "longer", 3, 2, 1)
    before, first = night(tmp_path, "before")
    digests = {run["name"]: run["series_sha256"] for run in first["families"][0]["runs"]}
    assert len(set(digests.values())) == 1  # They hold the same.
    log(place, "longer", 0.5)
    log(place, "new", 4, 3)
    _, second = night(tmp_path, "after", before / "report.json")
    told = second["changes"]
    assert [one["run"] for one in told["new"]] == ["new"]
    assert told["new"][0]["same_file_as"] is None
    assert [one["run"] for one in told["metrics"]] == ["longer"]
    assert [one["run"] for one in told["sources"]] == ["longer"]


@pytest.mark.filterwarnings("always::reportgen.ReportgenWarning")
def test_a_write_ahead_file_beside_a_store_is_said(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    (tmp_path / "list.toml").write_text(LIST)
    place = tmp_path / "tests.db"
    log(place, "a", 3, 2, 1)
    for content, notes in ((b"", []), (b"\x37\x7f\x06\x82", [WAL_NOTE])):
        (tmp_path / "tests.db-wal").write_bytes(content)
        _, made = night(tmp_path, f"report{len(content)}")
        assert made["families"][0]["runs"][0]["notes"] == notes
        assert [str(one.message) for one in recwarn] == [f"F: {note}" for note in notes]


class _Heard(Writer):
    """Keeps what is said."""

    def __init__(self, said: list[str]) -> None:
        self._said = said

    def write(self, kind: Kind, message: str) -> None:
        self._said.append(message)


def test_of_a_store_that_grew_only_the_runs_that_changed_are_measured(tmp_path: Path) -> None:
    (tmp_path / "list.toml").write_text(LIST)
    place = tmp_path / "tests.db"
    for name in "abc":
        log(place, name, *(3 / step for step in range(1, 30)))
    computed: list[str] = []

    def build(name: str) -> dict[str, Any]:
        out = tmp_path / name
        said: list[str] = []
        report = job.run(
            [str(tmp_path / "list.toml")],
            out,
            BuildOptions(formats=("html",), cache_dir=tmp_path / "cache"),
            Log(_Heard(said), "verbose"),
        )
        assert report.changed
        computed[:] = [line for line in said if "computed:" in line]
        made: dict[str, Any] = json.loads((out / "report.json").read_text())
        return made

    build("first")
    assert computed[0].endswith("computed: a, b, c")
    log(place, "b", 0.01)
    second = build("second")
    assert computed[0].endswith("computed: b")
    ends = {run["name"]: run["metrics"]["final_loss"] for run in second["families"][0]["runs"]}
    assert ends == {"a": 3 / 29, "b": 0.01, "c": 3 / 29}
    log(place, "d", 1.0, 0.5)  # What was kept of the others is kept under the store's new bytes too.
    build("third")
    assert computed[0].endswith("computed: d")
