"""MLflow's and Trackio's stores, against the loops that logged into them."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from format_files import DATA, Bytes, assert_true, files_of, read, taken, truth_of
from hypothesis import given
from hypothesis import strategies as st

from reportgen.formats import mlflow, stores
from reportgen.formats.databases import FORMAT as DATABASES
from reportgen.kinds import Format, RunFile, Store, Unreadable


def database(place: Path) -> list[Bytes]:
    return [Bytes(place.name.removesuffix(".gz"), gzip.decompress(place.read_bytes()))]


FOLDERS = files_of(DATA / "mlflow" / "mlruns")
MLFLOW = database(DATA / "mlflow" / "mlflow.db.gz")
TRACKIO = database(DATA / "trackio" / "tests.db.gz")
STORES: list[tuple[Format, list[Bytes], str, list[str]]] = [
    (mlflow.FORMAT, FOLDERS, "mlflow", ["small", "big"]),
    (DATABASES, MLFLOW, "mlflow", ["small", "big"]),
    (DATABASES, TRACKIO, "trackio", ["own-steps", "counted", "trainer"]),
]


@pytest.mark.parametrize(("form", "files", "tool", "names"), STORES)
def test_stores_hold_what_the_loops_know(
    form: Format, files: list[Bytes], tool: str, names: list[str]
) -> None:
    assert sorted(form.runs(taken(form, files), {}) or []) == sorted(names)
    truth = truth_of(DATA / tool)
    assert set(truth) == set(names)  # A run that was deleted is not among them.
    for name, known in truth.items():
        run = read(form, files, name)
        assert_true(run, known)
        assert run.unfinished == known.get("unfinished", False)
        assert run.format == tool
        assert run.series["eval_loss"].evaluation
        assert run.series["loss"].axes["time"][0] >= 0


def test_each_run_of_a_store_of_folders_has_files_of_its_own() -> None:
    owned = mlflow.FORMAT.runs(taken(mlflow.FORMAT, FOLDERS), {})
    assert isinstance(owned, Mapping)
    for name, own in owned.items():
        assert len(own) == 7  # Its description, two metrics, two parameters, two tags.
        (folder,) = {"/".join(file.split("/")[:2]) for file in own}
        description = next(file for file in FOLDERS if file.name == f"{folder}/meta.yaml")
        assert f"run_name: {name}".encode() in description.data


def test_one_folder_of_a_run_is_a_run() -> None:
    (folder,) = (file.name.rpartition("/")[0] for file in FOLDERS if b"run_name: small" in file.data)
    files = [Bytes(f.name.removeprefix(folder + "/"), f.data) for f in FOLDERS if f.name.startswith(folder)]
    assert_true(read(mlflow.FORMAT, files, "any name"), truth_of(DATA / "mlflow")["small"])


def test_old_stores_of_files_know_no_steps() -> None:
    files = [
        Bytes("meta.yaml", b"run_uuid: abc\nname: ''\nlifecycle_stage: active\nstatus: 4\n"),
        Bytes("metrics/a/loss", b"1000 3.5\n2000 nan\n2500 x\n3000 inf\n"),
        Bytes("metrics/other", b"1000 1 5\n2000 2 7 digest name\n"),
        Bytes("metrics/system/gpu", b"1000 1 5\n"),
        Bytes("tags/mlflow.runName", b"my run"),
        Bytes("tags/mlflow.user", b"someone"),
        Bytes("artifacts/metrics/loss", b"1 1 1"),
    ]
    assert "artifacts/metrics/loss" not in [file.name for file in taken(mlflow.FORMAT, files)]
    assert list(mlflow.FORMAT.runs(taken(mlflow.FORMAT, files), {})) == ["my run"]
    run = mlflow.FORMAT.read(taken(mlflow.FORMAT, files), "my run", {})
    one = run.series["loss"]
    assert one.steps is None
    assert repr(one.values.tolist()) == "[3.5, nan, inf]"
    assert one.axes["time"].tolist() == [0.0, 1.0, 2.0]
    other = run.series["other"].steps
    assert other is not None and other.tolist() == [5, 7]
    assert run.config == {}
    assert run.notes == (
        "1 system metric was left out (system/...).",
        "1 line without an entry was left out.",
        "MLflow marks the run as failed.",
    )


def test_a_deleted_run_is_no_run() -> None:
    (folder,) = (file.name.rpartition("/")[0] for file in FOLDERS if b"run_name: gone" in file.data)
    files = [Bytes(f.name.removeprefix(folder + "/"), f.data) for f in FOLDERS if f.name.startswith(folder)]
    assert len(files) == 7
    assert not taken(mlflow.FORMAT, files)


def test_databases_of_others_are_refused() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE trials (id INTEGER)")
    files = [Bytes("study.db", connection.serialize())]
    assert taken(DATABASES, files) == files
    with pytest.raises(Unreadable, match="not one of MLflow or Trackio"):
        read(DATABASES, files)
    assert not taken(DATABASES, [Bytes("study.db", b"not a database")])


def test_old_databases_of_trackio_tell_runs_by_name() -> None:
    connection = sqlite3.connect(":memory:")
    columns = "timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT"
    connection.execute(f"CREATE TABLE metrics (id INTEGER PRIMARY KEY, {columns})")
    rows = [
        ("t", "b", 0, '{"loss": 2}'),
        ("t", "a", 0, '{"loss": "NaN", "x": {"_type": "image"}}'),
        ("t", "b", 1, "?"),
    ]
    wanted = "timestamp, run_name, step, metrics"
    connection.executemany(f"INSERT INTO metrics ({wanted}) VALUES (?, ?, ?, ?)", rows)
    connection.commit()
    files = [Bytes("p.db", connection.serialize())]
    assert DATABASES.runs(files, {}) == ["b", "a"]
    assert read(DATABASES, files, "b").series["loss"].values.tolist() == [2.0]
    run = read(DATABASES, files, "a")
    assert repr(run.series["loss"].values.tolist()) == "[nan]"
    assert run.series["loss"].axes == {}
    assert run.notes == ("Values that are not numbers were left out: 1.",)


def test_a_write_ahead_file_beside_a_database_is_said() -> None:
    files = [*TRACKIO, Bytes("tests.db-wal", b"\x37\x7f\x06\x82")]
    assert taken(DATABASES, files) == files
    assert stores.WAL_NOTE in read(DATABASES, files, "counted").notes


def test_a_table_is_no_damaged_database() -> None:
    with pytest.raises(Unreadable, match=r"^log\.csv is not an SQLite database; correct `type` under "):
        DATABASES.read([Bytes("log.csv", b"step,loss\n0,1\n")], "a", {})


def test_views_in_place_of_tables_are_not_asked() -> None:
    connection = sqlite3.connect(":memory:")
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT"
    columns = "i AS id, i AS step, i AS run_name, i AS timestamp, i AS metrics"
    connection.execute(f"CREATE VIEW metrics AS {endless} {columns} FROM n")
    files = [Bytes("p.db", connection.serialize())]
    with pytest.raises(Unreadable, match="not one of MLflow or Trackio"):
        DATABASES.runs(files, {})


@pytest.mark.parametrize(("files", "name"), [(MLFLOW, "small"), (TRACKIO, "counted")])
@given(
    st.sampled_from([1, 2, 40]),
    st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), min_size=1, max_size=40),
)
def test_damaged_databases_cause_no_traceback(
    files: list[Bytes], name: str, part: int, damage: list[tuple[int, int]]
) -> None:
    damaged = bytearray(files[0].data[: len(files[0].data) // part])
    for at, byte in damage:
        damaged[at % len(damaged)] = byte
    broken = [Bytes(files[0].name, bytes(damaged))]
    try:
        DATABASES.runs(broken, {})
        DATABASES.read(broken, name, {})
    except Unreadable as reason:
        assert files[0].name in str(reason)  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize(("form", "files", "tool", "names"), STORES)
def test_many_runs_of_one_reading_are_those_of_many_readings(
    form: Format, files: list[Bytes], tool: str, names: list[str]
) -> None:
    assert isinstance(form, Store)
    own = taken(form, files)
    wanted = [*names, "nobody"]
    together = form.read_all(own, wanted, {})
    assert list(together) and set(together) == set(wanted)
    wrong = together["nobody"]
    assert isinstance(wrong, Unreadable) and "has no run nobody" in str(wrong)
    for name in names:
        one, alone = together[name], form.read(own, name, {})
        assert isinstance(one, RunFile)
        assert (one.config, one.notes, list(one.series)) == (alone.config, alone.notes, list(alone.series))
        for key, series in alone.series.items():
            np.testing.assert_array_equal(one.series[key].values, series.values)
            np.testing.assert_array_equal(one.series[key].steps, series.steps)
