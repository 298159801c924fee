"""A batch of runs -> what is kept of each: reading, naming, measuring; without a cache and without a list."""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen import formats, work
from reportgen.curves import CurveSettings
from reportgen.executors.local import Local
from reportgen.input_files import Changed, HashedFile
from reportgen.sources import FoundFile
from reportgen.work import (
    Measured,
    RunSettings,
    RunWork,
    SeriesSettings,
    Unchanged,
    Unusable,
    measured,
)


def found(path: Path, name: str | None = None) -> FoundFile:
    data = path.read_bytes()
    return FoundFile(name or path.name, path, len(data), hashlib.sha256(data).hexdigest())


def job(path: Path, **fields: Any) -> RunWork:
    how = RunSettings(**{"curves": CurveSettings(window="auto"), **fields})
    return RunWork((found(path),), "mine", how)


def one(path: Path, **fields: Any) -> Measured | Unusable:
    (result,) = measured([job(path, **fields)], "cpu").results
    return result


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A loop that logs its loss every 10th step and evaluates every 50th."""
    steps = np.arange(10, 510, 10)
    rows = pd.DataFrame({"step": steps, "train_loss": np.exp(-steps / 200.0) + 1})
    rows["val_loss"] = np.where(steps % 50 == 0, rows["train_loss"] * 1.1, np.nan)
    rows["val_acc"] = np.where(steps % 50 == 0, 1 - 1 / steps, np.nan)
    rows.to_csv(tmp_path / "log.csv", index=False)
    return tmp_path / "log.csv"


def test_a_run_has_several_series_with_steps_of_their_own(table: Path) -> None:
    run = one(table)
    assert isinstance(run, Measured)
    assert (run.ranked, run.trained_steps, run.format) == ("loss", 500, "table")
    steps = np.arange(10, 510, 10)
    loss = np.exp(-steps / 200.0) + 1
    shown = run.series["loss"].summary
    np.testing.assert_array_equal(shown.curve.step, steps)
    assert shown.window == 2
    assert shown.metrics.end == pytest.approx(loss[-5:].mean(), rel=1e-12)
    assert shown.metrics.end_spread == pytest.approx(loss[-5:].std(ddof=1), rel=1e-9)
    evaluation = run.series["eval_loss"]
    assert evaluation.evaluation
    assert evaluation.source_name == "val_loss"
    assert evaluation.summary.curve.step.tolist() == list(range(50, 501, 50))
    assert evaluation.summary.metrics.best == pytest.approx(loss[-1] * 1.1, rel=1e-12)
    assert evaluation.summary.metrics.best_step == 500
    accuracy = next(series for series in run.series.values() if series.source_name == "val_acc")
    assert (accuracy.better, accuracy.summary.metrics.best) == ("higher", 1 - 1 / 500)


def test_a_list_names_series_and_what_is_wanted_of_them(table: Path) -> None:
    run = one(
        table,
        series={
            "quality": SeriesSettings(("no_such", "val_acc"), "lower"),
            "loss": SeriesSettings(("val_loss",)),
        },
        ranked="quality",
        target=0.99,
        at={"": (50, 55), "val_loss": (100,)},
    )
    assert isinstance(run, Measured)
    assert run.ranked == "quality"
    quality = run.series["quality"]
    assert (quality.source_name, quality.better) == ("val_acc", "lower")
    assert quality.summary.metrics.best_step == 50
    assert quality.summary.metrics.at == {50: 1 - 1 / 50, 55: None}
    assert run.series["loss"].source_name == "val_loss"
    assert run.series["loss"].summary.metrics.at == {100: pytest.approx((math.exp(-0.5) + 1) * 1.1)}
    assert run.series["train_loss"].source_name == "train_loss"
    assert not any("none of the names" in note for note in run.notes)


def test_what_is_used_where_a_run_has_none_of_the_listed_names_is_told(table: Path) -> None:
    run = one(table, series={"loss": SeriesSettings(("train/ce", "ce")), "f1": SeriesSettings(("val_f1",))})
    assert isinstance(run, Measured)
    said = 'It has none of the names under [series.loss] ("train/ce", "ce"): "train_loss" is used.'
    assert said in run.notes
    assert not any("series.f1" in note for note in run.notes)


@pytest.mark.parametrize(
    ("ranked", "said"),
    [
        ("loss", "has no training loss; name it under [series.loss]"),
        ("f1", 'has no series "f1", which rank_by names'),
    ],
)
def test_a_run_without_its_ranked_series_says_what_it_has(tmp_path: Path, ranked: str, said: str) -> None:
    (tmp_path / "log.csv").write_text("step,accuracy\n1,0.5\n2,0.6\n")
    result = one(tmp_path / "log.csv", ranked=ranked)
    assert isinstance(result, Unusable)
    assert result.reason.startswith(said)
    assert result.reason.endswith("its series: accuracy")


def test_a_restart_is_settled_on_the_way(tmp_path: Path) -> None:
    steps = [*range(1, 31), *range(21, 41)]
    rows = pd.DataFrame({"step": steps, "loss": np.linspace(3, 1, 50)})
    rows.to_csv(tmp_path / "log.csv", index=False)
    run = one(tmp_path / "log.csv")
    assert isinstance(run, Measured)
    assert "restarted" in run.marks
    metrics = run.series["loss"].summary.metrics
    assert (metrics.steps, metrics.superseded, metrics.trained_steps) == (40, 10, 40)


def test_work_travels(table: Path) -> None:
    """To another process and back: what goes and what comes is plain data."""
    there = pickle.loads(pickle.dumps([job(table)]))
    back = pickle.loads(pickle.dumps(measured(there, "cpu")))
    (run,) = back.results
    here = one(table)
    assert isinstance(here, Measured)
    assert run.series["loss"].summary.metrics == here.series["loss"].summary.metrics


@pytest.mark.parametrize("readers", [1, 3])
def test_threads_give_each_batch_what_is_its_own(table: Path, tmp_path: Path, readers: int) -> None:
    (tmp_path / "bad.csv").write_text("step,loss\n")
    batches = [[job(table), job(tmp_path / "bad.csv")], [job(table, ranked="none")], [job(table)]]
    made = dict(Local(readers).run(batches, "cpu"))
    kinds = [[type(result) for result in made[number].results] for number in range(3)]
    assert kinds == [[Measured, Unusable], [Unusable], [Measured]]


def test_packed_files_are_unpacked_within_the_limit(table: Path) -> None:
    packed = table.with_name("log.csv.gz")
    packed.write_bytes(gzip.compress(table.read_bytes()))
    run = one(packed)
    assert isinstance(run, Measured)
    assert run.trained_steps == 500
    small = RunWork((found(packed),), "mine", RunSettings(CurveSettings()), limit=1000)
    (refused,) = measured([small], "cpu").results
    assert isinstance(refused, Unusable)
    assert "unpacks to more than" in refused.reason


@pytest.mark.parametrize("change", ["altered", "cut", "gone", "a folder"])
def test_other_bytes_than_those_that_were_hashed_are_never_read(table: Path, change: str) -> None:
    work_ = job(table)
    data = table.read_bytes()
    table.unlink()
    if change == "altered":
        table.write_bytes(data.replace(b"10,", b"11,", 1))
    elif change == "cut":
        table.write_bytes(data[:-30])
    elif change == "a folder":
        table.mkdir()
    (result,) = measured([work_], "cpu").results
    assert isinstance(result, Unusable)
    assert result.reason.endswith("build again")


def test_a_file_that_grew_is_read_up_to_what_was_hashed(table: Path) -> None:
    work_ = job(table)
    with table.open("a") as more:
        more.write("510,9.0,,\n")
    (run,) = measured([work_], "cpu").results
    assert isinstance(run, Measured)
    assert run.trained_steps == 500


@given(st.binary(max_size=300_000), st.lists(st.integers(1, 70_000), max_size=6), st.booleans())
@settings(max_examples=30)
def test_a_hashed_file_gives_its_bytes_in_any_portions(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, portions: list[int], more: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "portions.bin"
    path.write_bytes(b"x" + data)
    whole = found(path)
    if more:
        path.write_bytes(b"x" + data + b"later")
    file = HashedFile(whole, 2**20)
    with file.open() as stream:
        read = b"".join([*(stream.read(size) for size in portions), stream.read()])
    assert read == file.read() == b"x" + data
    file.verify()
    assert file.head() == (b"x" + data)[: 2**16]


def test_a_format_that_stops_early_is_checked_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"a" * 3_000_000)
    file = HashedFile(found(path), 2**30)
    path.write_bytes(b"a" * 2_999_999 + b"b")
    with file.open() as stream:
        assert stream.read(10) == b"a" * 10
    with pytest.raises(Changed):
        file.verify()


def test_every_built_in_format_follows_the_protocol() -> None:
    from reportgen import plugins

    for known in formats._formats():
        assert known.name in plugins.FORMATS or known.name == "database"
        assert known.version >= 1
        for method in ("fits", "runs", "read"):
            assert callable(getattr(known, method))
    assert [name for name, *_ in formats.BUILT_IN] == [known.name for known in formats._formats()]


def test_a_refusal_in_a_folder_is_a_note(tmp_path: Path, table: Path) -> None:
    (tmp_path / "config.yaml").write_text("optimizer:\n  lr: 1e-3\n")
    (tmp_path / "trainer_state.json").write_text(
        json.dumps({"log_history": [], "global_step": 1, "max_steps": 9})
    )
    files = tuple(found(tmp_path / name) for name in ("config.yaml", "log.csv", "trainer_state.json"))
    (run,) = measured([RunWork(files, "mine", RunSettings(CurveSettings()))], "cpu").results
    assert isinstance(run, Measured)
    assert run.config == {"optimizer": {"lr": 1e-3}}
    assert any("trainer_state.json" in note for note in run.notes)


def test_settings_of_a_family_hold_what_its_list_asks_for() -> None:
    from dataclasses import replace

    from reportgen.model_list import FamilySpec, Smoothing
    from reportgen.model_list.specs import SeriesSpec
    from tests import samples

    spec = samples.run_spec("a", expect={"eval_loss.at.200": "< 3"})
    family = FamilySpec("F", "f", "", None, 77, Smoothing("auto"), (spec,))
    plain = work.settings_of(family, spec, 300)
    assert (plain.ranked, plain.target, plain.at) == ("loss", None, {"eval_loss": (200,)})
    assert plain.curves == CurveSettings(window="auto", points=300, early_steps=77)
    asked = replace(
        family,
        rank_by="eval_loss.best",
        target=2.5,
        columns=("label", "at.100", "at.50"),
        series={"eval_loss": SeriesSpec("eval_loss", ("val",), better="lower")},
    )
    full = work.settings_of(asked, spec, 300)
    assert (full.ranked, full.target) == ("eval_loss", 2.5)
    assert full.at == {"eval_loss": (200,), "": (50, 100)}
    assert full.series == {"eval_loss": SeriesSettings(("val",), "lower")}
    assert work.settings_of(replace(family, rank_by="eval_loss"), spec, 300).ranked == "eval_loss"
    assert work.settings_of(replace(family, rank_by="best"), spec, 300).ranked == "loss"


EXPORT = "Step,a - loss,a - loss__MIN,a - loss__MAX,b - loss,b - loss__MIN,b - loss__MAX\n" + "".join(
    f"{step},{1 / step},0,1,{2 / step},0,1\n" for step in range(1, 9)
)


def test_a_store_is_read_once_for_all_its_runs_of_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "export.csv"
    place.write_text(EXPORT)
    file, how = found(place), RunSettings(CurveSettings(window="auto"))
    other = replace(how, target=0.5)
    runs = [RunWork((file,), name, how, in_store=True) for name in ("a", "b", "nobody")]
    runs.append(RunWork((file,), "a", other, in_store=True))
    reads: list[str] = []
    whole = HashedFile.read
    monkeypatch.setattr(HashedFile, "read", lambda one: (reads.append(one.name), whole(one))[1])
    made = Local().run([runs], "cpu")
    ((_, batch),) = list(made)
    assert reads == ["export.csv"]
    a, b, nobody, again = batch.results
    assert isinstance(a, Measured) and isinstance(b, Measured) and isinstance(again, Measured)
    assert a.series["loss"].summary.metrics.final_loss == 1 / 8
    assert b.series["loss"].summary.metrics.final_loss == 2 / 8
    assert again.series["loss"].summary.metrics.target_step == 2
    assert nobody == Unusable("has no run nobody; it has: a, b", file.name)


def test_a_run_that_its_store_still_holds_is_not_measured_again(tmp_path: Path) -> None:
    place = tmp_path / "export.csv"
    place.write_text(EXPORT)
    how = RunSettings(CurveSettings(window="auto"))
    first = measured([RunWork((found(place),), name, how, in_store=True) for name in "ab"], "cpu").results
    place.write_text(EXPORT + "9,,,,0.1,0,1\n")
    known = {name: one.read for name, one in zip("ab", first, strict=True) if isinstance(one, Measured)}
    assert len(set(known.values())) == 2
    runs = [RunWork((found(place),), name, how, in_store=True, known=known[name]) for name in "ab"]
    same, longer = measured(runs, "cpu").results
    assert same == Unchanged()
    assert isinstance(longer, Measured) and longer.series["loss"].summary.metrics.final_loss == 0.1
