"""JSON histories, typed by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from held import entries, held, read

from reportgen.formats.histories import HISTORY
from reportgen.kinds import RunFile, Unreadable


def history(document: Any, name: str = "history.json") -> RunFile:
    return read(HISTORY, held(name, json.dumps(document)))


def test_a_dict_of_lists_counts_epochs() -> None:
    run = history({"loss": [3.0, 2.0], "val_loss": [3.5, None], "lr": [0.1, 0.1]})
    assert entries(run.series["loss"]) == [(0, 3.0), (1, 2.0)]
    assert entries(run.series["eval_loss"]) == [(0, 3.5)]
    assert run.series["loss"].step_unit == "epoch" and run.series["eval_loss"].evaluation
    assert run.notes == ("The position in each list is taken for the epoch, counted from 0.",)


def test_a_dict_of_lists_with_steps() -> None:
    run = history({"step": [10, 20, 30], "train_loss": [3, 2, 1], "epochs_done": [1]})
    assert entries(run.series["loss"]) == [(10, 3.0), (20, 2.0), (30, 1.0)]
    assert "Lists of another length than the steps were left out: epochs_done." in run.notes


def test_lists_below_a_word() -> None:
    run = history({"config": {"lr": 0.1}, "history": {"train_loss": [3, 2], "val_loss": [4, 3]}})
    assert entries(run.series["loss"]) == [(0, 3.0), (1, 2.0)]
    assert run.config == {"lr": 0.1}


def test_a_list_of_objects() -> None:
    run = history(
        [{"epoch": 1, "train": {"loss": 3.0}, "val": {"loss": 4.0}}, {"epoch": 2, "train": {"loss": 2.0}}]
    )
    assert entries(run.series["loss"]) == [(1, 3.0), (2, 2.0)]
    assert entries(run.series["eval_loss"]) == [(1, 4.0)]
    assert run.series["loss"].source_name == "train/loss"


def test_the_log_history_of_a_trainer_without_its_state() -> None:
    run = history(
        [
            {"loss": 3.0, "epoch": 0.5, "step": 10},
            {"eval_loss": 3.5, "eval_runtime": 0.1, "epoch": 0.5, "step": 10},
            {"loss": 2.0, "epoch": 1.0, "step": 20},
            {"train_loss": 2.5, "train_runtime": 9.0, "total_flos": 1, "epoch": 1.0, "step": 20},
        ]
    )
    assert entries(run.series["loss"]) == [(10, 3.0), (20, 2.0)]
    assert list(run.series) == ["loss", "eval_loss"]


def test_the_history_object_of_keras() -> None:
    run = history({"params": {"epochs": 2}, "epoch": [0, 1], "history": {"loss": [3, 2]}})
    assert entries(run.series["loss"]) == [(0, 3.0), (1, 2.0)]
    assert run.config == {"epochs": 2}


def test_two_histories_of_a_run() -> None:
    run = read(
        HISTORY,
        held("train_history.json", '{"train_loss": [3, 2]}'),
        held("val_history.json", '{"val_loss": [4, 3]}'),
    )
    assert entries(run.series["loss"]) == [(0, 3.0), (1, 2.0)]
    assert entries(run.series["eval_loss"]) == [(0, 4.0), (1, 3.0)]


def test_lists_below_their_split() -> None:
    run = history({"train": {"loss": [3, 2]}, "val": {"loss": [4, 3]}})
    assert entries(run.series["loss"]) == [(0, 3.0), (1, 2.0)]
    assert entries(run.series["eval_loss"]) == [(0, 4.0), (1, 3.0)]


def test_objects_by_number() -> None:
    for word in ("", "epoch_"):
        run = history({f"{word}{n}": {"train_loss": 3.0 / n, "val_loss": 4.0} for n in (1, 2)})
        assert entries(run.series["loss"]) == [(1, 3.0), (2, 1.5)]
        assert run.series["loss"].step_unit == "epoch"


def test_golden_values_of_megatron() -> None:
    run = history(
        {
            "lm loss": {"start_step": 1, "end_step": 3, "values": {"1": 10.5, "2": 10.25, "3": "nan"}},
            "iteration-time": {"start_step": 1, "values": {"2": 6.5, "3": 0.5}},
        }
    )
    assert entries(run.series["loss"])[:2] == [(1, 10.5), (2, 10.25)]
    assert len(run.series["loss"].values) == 3
    assert entries(run.series["iteration-time"]) == [(2, 6.5), (3, 0.5)]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (
            {"loss": 0.5, "acc": 0.75, "layers": [["a"]]},
            "holds final results only: one number for each name, no series",
        ),
        ({"a": {"b": "c"}, "d": [[1]]}, "holds no training history: it has no lists of numbers"),
        ([1, 2, 3], "holds a list of other things than objects, so it is not a training history"),
        (
            {"tokens": [1, 2], "labels": [1, 2, 3]},
            "holds no training history: none of its lists is a loss; it has: tokens, labels",
        ),
        ("text", "holds a string, not a training history"),
    ],
)
def test_refused(document: Any, reason: str) -> None:
    with pytest.raises(Unreadable) as found:
        HISTORY.read([held("history.json", json.dumps(document))], "run", {})
    assert found.value.reason == reason
