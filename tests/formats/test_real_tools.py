"""Files that Transformers, Lightning and Keras wrote, against the record of the training loop itself.

``tests/tools/make_*.py`` wrote both.
"""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path
from typing import Any

import pytest
from held import Held, entries, fits

from reportgen.formats.folders import configuration, is_configuration, needed
from reportgen.formats.histories import HISTORY
from reportgen.formats.settling import repeated_runs, settle
from reportgen.formats.tables import TABLES
from reportgen.formats.trainer_state import TRAINER_STATE
from reportgen.kinds import RunFile

DATA = Path(__file__).parent.parent / "data"
RUNS = ["lr0.01-s1", "lr0.01-s2", "lr0.001-s1"]


def truth(tool: str) -> Any:
    return json.loads((DATA / tool / "truth.json").read_text())


def folder(path: Path) -> list[Held]:
    names = [str(file.relative_to(path)) for file in sorted(path.rglob("*")) if file.is_file()]
    return [Held(name, (path / name).read_bytes()) for name in needed(names)]


def run_in(path: Path, form: Any) -> RunFile:
    files = folder(path)
    taken = fits(form, files)
    return settle(form.read([file for file in files if file.name in taken], path.name, {}))


@pytest.mark.parametrize("name", RUNS)
def test_transformers(name: str) -> None:
    run = run_in(DATA / "transformers" / name, TRAINER_STATE)
    record = truth("transformers")[name]
    losses = dict(record["steps"])
    found = entries(run.series["loss"])
    assert [step for step, _ in found] == list(range(3, 51, 3))
    for step, loss in found:  # a logged loss is the mean since the last one
        assert loss == pytest.approx(statistics.fmean(losses[step - n] for n in range(3)), rel=1e-6)
    assert entries(run.series["eval_loss"]) == [(step, loss) for step, loss in record["evaluations"]]
    assert run.series["eval_loss"].evaluation
    assert {"learning_rate", "grad_norm"} < set(run.series)
    assert not any("runtime" in key or "train_loss" in key for key in run.series)
    assert run.series["loss"].axes["epoch"].tolist() == pytest.approx([step / 30 for step, _ in found])
    assert not run.unfinished and run.marks == ()


@pytest.mark.parametrize("name", RUNS)
def test_the_configuration_of_a_run_of_transformers(name: str) -> None:
    files = folder(DATA / "transformers" / name)
    assert "training_args.bin" not in [file.name for file in files]
    config, notes = configuration([file for file in files if is_configuration(file.name)])
    assert notes == ()
    assert config["learning_rate"] == float(name[2:].partition("-")[0])
    assert config["seed"] == int(name[-1])
    assert config["train_batch_size"] == 4
    assert config["model"]["n_embd"] == 16
    assert "model-index" not in config


def test_a_killed_run_of_transformers() -> None:
    """Its folder holds nothing but checkpoints."""
    run = run_in(DATA / "transformers" / "killed", TRAINER_STATE)
    record = truth("transformers")["killed"]
    losses = dict(record["steps"])
    found = entries(run.series["loss"])
    assert [step for step, _ in found] == list(range(3, 40, 3))
    for step, loss in found:
        assert loss == pytest.approx(statistics.fmean(losses[step - n] for n in range(3)), rel=1e-6)
    assert entries(run.series["eval_loss"]) == [
        (step, loss) for step, loss in record["evaluations"] if step <= 40
    ]
    assert run.unfinished
    assert run.notes[0] == (
        "Read from checkpoint-40/trainer_state.json, which has the highest step of 2 states."
    )


def test_checkpoints_of_another_run_are_told_apart() -> None:
    mine, other = (DATA / "transformers" / name for name in ("lr0.01-s1", "lr0.001-s1"))
    files = [
        *(
            Held(f"{part}/trainer_state.json", (mine / part / "trainer_state.json").read_bytes())
            for part in ("checkpoint-20", "checkpoint-50")
        ),
        Held(
            "checkpoint-40/trainer_state.json", (other / "checkpoint-40" / "trainer_state.json").read_bytes()
        ),
    ]
    run = TRAINER_STATE.read(files, "run", {})
    alone = TRAINER_STATE.read(files[:2], "run", {})
    assert entries(run.series["loss"]) == entries(alone.series["loss"])
    assert run.notes[-1] == "1 state in this folder belongs to another run: checkpoint-40/trainer_state.json."
    assert not any("other runs" in note for note in alone.notes)


@pytest.mark.parametrize("version", [0, 1])
def test_lightning(version: int) -> None:
    path = DATA / "lightning" / f"version_{version}"
    run = run_in(path, TABLES)
    record = truth("lightning")[f"version_{version}"]
    losses = dict(record["train_loss"])
    found = entries(run.series["loss"])
    assert [step for step, _ in found] == list(range(4, 48, 5))
    assert found == [(step, losses[step]) for step, _ in found]
    assert entries(run.series["eval_loss"]) == [(step, loss) for step, loss in record["val_loss"]]
    by_epoch = entries(run.series["train_loss_epoch"])
    assert [step for step, _ in by_epoch] == [11, 23, 35, 47]
    for step, mean in by_epoch:
        assert mean == pytest.approx(statistics.fmean(losses[step - n] for n in range(12)), rel=1e-6)
    assert len(run.series["test_loss"].values) == 1 and run.series["test_loss"].evaluation
    assert set(run.series["learning_rate"].values.tolist()) == {[1e-2, 1e-3][version]}
    assert run.marks == ()


def test_hyperparameters_of_lightning_hold_what_a_safe_loader_refuses() -> None:
    files = folder(DATA / "lightning" / "version_1")
    assert b"!!python/tuple" in next(file.data for file in files if file.name == "hparams.yaml")
    config, notes = configuration([file for file in files if is_configuration(file.name)])
    assert config == {"betas": [0.9, 0.99], "lr": 0.001, "width": 8}
    assert notes == ()


def test_keras_appends_a_second_run_to_its_log() -> None:
    first, second = truth("keras")
    file = Held("training.csv", (DATA / "keras" / "training.csv").read_bytes())
    read = TABLES.read([file], "run", {})
    run = settle(read)
    for own, theirs in (
        ("loss", "loss"),
        ("eval_loss", "val_loss"),
        ("accuracy", "accuracy"),
        ("val_accuracy", "val_accuracy"),
    ):
        assert [value for _, value in entries(run.series[own])] == pytest.approx(second[theirs], rel=1e-12)
        assert run.series[own].superseded == 5
        assert run.series[own].step_unit == "epoch"
    assert run.marks == ("restarted",)
    parts = repeated_runs(read)
    assert [part.series["loss"].values.tolist() for part in parts] == [
        pytest.approx(one["loss"], rel=1e-12) for one in (first, second)
    ]


def test_a_history_of_keras() -> None:
    record = truth("keras")[1]
    file = Held("history.json", (DATA / "keras" / "history.json").read_bytes())
    assert fits(HISTORY, [file]) == ("history.json",)
    run = settle(HISTORY.read([file], "run", {}))
    assert entries(run.series["loss"]) == list(enumerate(record["loss"]))
    assert entries(run.series["eval_loss"]) == list(enumerate(record["val_loss"]))
    assert run.series["val_accuracy"].evaluation and run.series["loss"].step_unit == "epoch"
    assert not any(math.isnan(value) for value in run.series["loss"].values)
