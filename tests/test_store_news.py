"""A store that grew overnight, from its files to the news: of its runs those that changed."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from reportgen import api
from reportgen.formats.stores import WAL_NOTE

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


def test_a_write_ahead_file_beside_a_store_is_said(tmp_path: Path) -> None:
    (tmp_path / "list.toml").write_text(LIST)
    place = tmp_path / "tests.db"
    log(place, "a", 3, 2, 1)
    for content, notes in ((b"", []), (b"\x37\x7f\x06\x82", [WAL_NOTE])):
        (tmp_path / "tests.db-wal").write_bytes(content)
        _, made = night(tmp_path, f"report{len(content)}")
        assert made["families"][0]["runs"][0]["notes"] == notes
