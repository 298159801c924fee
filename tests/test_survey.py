"""What is found in a folder that nobody wrote a list for; files of real tools, and some typed by hand."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from reportgen.survey import Bounds, Survey, survey

DATA = Path(__file__).parent / "data"
TABLE = "step,loss\n1,2.0\n2,1.5\n3,1.0\n4,0.5\n"


def put(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def told(one: Survey) -> dict[str, list[str]]:
    """Path of each source to the names of its runs."""
    return {source.table["path"]: [run.name for run in source.runs] for source in one.sources}


def test_a_folder_of_the_transformers_trainer() -> None:
    one = survey(DATA / "transformers")
    (source,) = one.sources
    assert (source.table, source.format) == ({"type": "directory", "path": "{name}"}, "trainer_state")
    folders = [place.name for place in (DATA / "transformers").iterdir() if place.is_dir()]
    assert sorted(run.name for run in source.runs) == sorted(folders)
    assert all({"loss", "eval_loss"} <= set(run.series) for run in source.runs)
    assert [run.name for run in source.runs if run.unfinished] == ["killed"]
    assert all("learning_rate" in run.config for run in source.runs if run.name.startswith("lr"))


def test_a_folder_of_lightning() -> None:
    (source,) = survey(DATA / "lightning").sources
    assert [run.name for run in source.runs] == ["version_0", "version_1"]
    assert all({"lr", "width"} <= run.config.keys() for run in source.runs)


def test_what_all_places_share_stands_in_the_path(tmp_path: Path) -> None:
    for name in ("a", "b"):
        shutil.copytree(
            DATA / "lightning" / "version_0", tmp_path / "exp" / name / "lightning_logs" / "version_0"
        )
    assert told(survey(tmp_path)) == {"exp/{name}/lightning_logs/version_0": ["a", "b"]}


def test_logs_next_to_a_store_are_said_to_be_left_out(tmp_path: Path) -> None:
    shutil.copytree(DATA / "wandb", tmp_path / "runs")
    put(tmp_path, {"runs/own/metrics.csv": TABLE})
    one = survey(tmp_path / "runs")
    assert [source.format for source in one.sources] == ["wandb"]
    assert [(left.place, left.reason) for left in one.left_out] == [
        ("own", "lies next to runs of wandb; name this folder itself")
    ]


def test_offline_runs_of_wandb_are_a_store() -> None:
    one = survey(DATA / "wandb")
    (source,) = one.sources
    assert (one.root, source.table["path"], source.is_store) == (DATA, "wandb", True)
    assert len(source.runs) == 2


def test_event_files() -> None:
    (source,) = survey(DATA / "tensorboard").sources
    assert source.format == "tensorboard"
    assert "add_scalars" in [run.name for run in source.runs]


def test_files_side_by_side_are_a_run_each(tmp_path: Path) -> None:
    put(tmp_path, {f"lr{number}.csv": TABLE for number in (1, 2, 10)})
    assert told(survey(tmp_path)) == {"{name}.csv": ["lr1", "lr2", "lr10"]}


def test_files_named_after_series_are_one_run(tmp_path: Path) -> None:
    for name in ("a", "b"):
        put(tmp_path / name, {"train_loss.csv": TABLE, "val_loss.csv": TABLE})
    assert told(survey(tmp_path)) == {"{name}": ["a", "b"]}


def test_a_table_above_the_runs_is_none(tmp_path: Path) -> None:
    put(tmp_path, {"summary.csv": TABLE, "a/metrics.csv": TABLE, "b/metrics.csv": TABLE})
    one = survey(tmp_path)
    assert told(one) == {"{name}": ["a", "b"]}
    assert [(left.place, left.reason) for left in one.left_out] == [
        ("summary.csv", "lies above the folders of runs")
    ]


def test_the_folder_may_be_a_run_itself(tmp_path: Path) -> None:
    put(tmp_path / "mine", {"metrics.csv": TABLE})
    one = survey(tmp_path / "mine")
    assert (one.root, told(one)) == (tmp_path, {"{name}": ["mine"]})


def test_what_is_no_run_is_passed_by(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "a/metrics.csv": TABLE,
            "b/metrics.csv": TABLE,
            ".git/metrics.csv": TABLE,
            "node_modules/x/metrics.csv": TABLE,
            "env9/pyvenv.cfg": "",
            "env9/metrics.csv": TABLE,
            "report/manifest.json": json.dumps({"reportgen": "1", "inputs_digest": "x"}),
            "report/curves/metrics.csv": TABLE,
        },
    )
    assert told(survey(tmp_path)) == {"{name}": ["a", "b"]}


def test_a_report_among_its_runs_adds_none(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "a.csv": TABLE,
            "b.csv": TABLE,
            "manifest.json": json.dumps({"reportgen": "1", "inputs_digest": "x"}),
            "curves/a.csv": TABLE,
            "tables/runs.csv": TABLE,
        },
    )
    assert told(survey(tmp_path)) == {"{name}.csv": ["a", "b"]}


def test_what_is_refused_says_why(tmp_path: Path) -> None:
    put(tmp_path, {"a/metrics.csv": TABLE, "b/metrics.json": '{"accuracy": 0.5, "loss": 1.0}'})
    one = survey(tmp_path)
    assert told(one) == {"{name}": ["a"]}
    (left,) = one.left_out
    assert left.place == "b/metrics.json"
    assert "final results only" in left.reason


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own there")
def test_links_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path, {"a/metrics.csv": TABLE, "b/metrics.csv": TABLE})
    (tmp_path / "latest").symlink_to("a", target_is_directory=True)
    (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    assert told(survey(tmp_path)) == {"{name}": ["a", "b"]}


def test_bounds(tmp_path: Path) -> None:
    put(tmp_path, {f"{number}/metrics.csv": TABLE for number in range(10)})
    few = survey(tmp_path, Bounds(runs=3))
    assert (sum(map(len, told(few).values())), few.problem) == (3, "3 runs")
    assert survey(tmp_path, Bounds(folders=5)).problem == "5 folders"
    assert survey(tmp_path, Bounds(seconds=0.0)).problem == "0 s"
    (source,) = survey(tmp_path, Bounds(bytes=2 * len(TABLE))).sources
    assert [bool(run.series) for run in source.runs] == [True] * 2 + [False] * 8
    (source,) = survey(tmp_path, Bounds(read=4)).sources
    assert [bool(run.series) for run in source.runs] == [True] * 4 + [False] * 6


def test_nothing_there(tmp_path: Path) -> None:
    assert survey(tmp_path) == Survey(tmp_path, ())
    assert [one.reason for one in survey(tmp_path / "none").left_out] == [
        "cannot be read (No such file or directory)"
    ]


def test_packed_files_are_runs_under_their_plain_names(tmp_path: Path) -> None:
    import gzip

    for name in ("a", "b"):
        log = "step,loss\n" + "".join(f"{n},{1 / (n + 1)}\n" for n in range(9))
        (tmp_path / f"{name}.csv.gz").write_bytes(gzip.compress(log.encode()))
    (source,) = survey(tmp_path).sources
    assert [run.name for run in source.runs] == ["a", "b"]
    assert source.table["path"].endswith("{name}.csv")


def test_charts_of_the_same_runs_are_one_store(tmp_path: Path) -> None:
    def chart(metric: str, *runs: str) -> str:
        columns = [f"{run} - {metric}{ending}" for run in runs for ending in ("", "__MIN", "__MAX")]
        rows = (",".join([str(step), *("0.5" for _ in columns)]) for step in range(5))
        return "\n".join([",".join(["Step", *columns]), *rows])

    charts = tmp_path / "charts"
    charts.mkdir()
    (charts / "loss.csv").write_text(chart("train/loss", "a", "b"))
    (charts / "acc.csv").write_text(chart("val/acc", "a", "b"))
    (source,) = survey(tmp_path).sources
    assert (source.table["path"], source.is_store) == ("charts", True)
    assert [(run.name, run.series) for run in source.runs] == [
        ("a", ("loss", "val/acc")),
        ("b", ("loss", "val/acc")),
    ]
    (charts / "acc.csv").write_text(chart("val/acc", "c", "d"))
    assert sorted(one.table["path"] for one in survey(tmp_path).sources) == [
        "charts/acc.csv",
        "charts/loss.csv",
    ]
