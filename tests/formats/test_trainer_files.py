"""``trainer_state.json`` and ``trainer_log.jsonl``: small files typed by hand, each with one pitfall."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from held import Held, entries, fits, held, read
from hypothesis import given
from hypothesis import strategies as st

from reportgen.formats.settling import settle
from reportgen.formats.trainer_log import TRAINER_LOG
from reportgen.formats.trainer_state import TRAINER_STATE
from reportgen.kinds import RunFile, Unreadable


def state(history: list[dict[str, Any]], **more: Any) -> Held:
    document = {"best_metric": None, "global_step": 100, "log_history": history, "max_steps": 100, **more}
    return held("trainer_state.json", json.dumps(document, indent=2))


def run_of(history: list[dict[str, Any]], **more: Any) -> RunFile:
    return read(TRAINER_STATE, state(history, **more))


LOSSES = [{"loss": 9.0 / step, "step": step, "epoch": step / 50} for step in range(10, 101, 10)]


def test_the_summary_is_no_point_and_says_that_the_run_ended() -> None:
    summary = {"train_loss": 0.5, "train_runtime": 3.5, "total_flos": 1e9, "step": 100, "epoch": 2.0}
    run = run_of([*LOSSES[:5], summary], global_step=50)
    assert entries(run.series["loss"]) == [(step, 9.0 / step) for step in range(10, 51, 10)]
    assert list(run.series) == ["loss"]
    assert not run.unfinished


@pytest.mark.parametrize(
    ("more", "unfinished"),
    [
        ({"global_step": 98}, True),
        ({"global_step": 99}, False),
        ({"global_step": 100}, False),
        ({"global_step": 50, "max_steps": 0}, False),
        (
            {
                "global_step": 50,
                "stateful_callbacks": {"TrainerControl": {"args": {"should_training_stop": True}}},
            },
            False,
        ),
        (
            {
                "global_step": 50,
                "stateful_callbacks": {"TrainerControl": {"args": {"should_training_stop": False}}},
            },
            True,
        ),
    ],
)
def test_unfinished(more: dict[str, Any], unfinished: bool) -> None:
    assert run_of(LOSSES, **more).unfinished is unfinished


def test_evaluation_sets_and_an_evaluation_before_training() -> None:
    history = [
        {"eval_a_loss": 5.0, "eval_a_runtime": 1.0, "step": 0, "epoch": 0},
        {"eval_b_loss": 7.0, "step": 0, "epoch": 0},
        {"loss": 1.0, "learning_rate": 0.1, "step": 401, "epoch": 1.0},
        {"eval_a_loss": 4.0, "step": 401, "epoch": 1.0},
    ]
    run = run_of(history, global_step=401, max_steps=401)
    assert list(run.series) == ["loss", "eval_a_loss", "eval_b_loss", "learning_rate"]
    assert entries(run.series["eval_a_loss"]) == [(0, 5.0), (401, 4.0)]
    assert [one.name for one in run.series.values() if one.evaluation] == ["eval_a_loss", "eval_b_loss"]


def test_predictions_without_a_step_are_counted() -> None:
    run = run_of([*LOSSES, {"predict_loss": 0.5, "epoch": 1.0}])
    assert "predict_loss" not in run.series
    assert run.notes == ("Left out: 1 entry without a step, as of predictions.",)


def test_tokens_that_json_does_not_know() -> None:
    losses = ("NaN", '"NaN"', "Infinity", "null")
    history = ", ".join(f'{{"loss": {loss}, "step": {step}}}' for step, loss in enumerate(losses, start=1))
    text = f'{{"global_step": 2, "log_history": [{history}], "max_steps": 2}}'
    run = read(TRAINER_STATE, held("trainer_state.json", text))
    assert [step for step, _ in entries(run.series["loss"])] == [1, 2, 3]
    assert math.isnan(run.series["loss"].values[0]) and math.isnan(run.series["loss"].values[1])


def test_grpo_says_that_the_reward_counts() -> None:
    history = [{"loss": -0.0, "reward": 0.1 * n, "num_tokens": 10.0 * n, "step": n} for n in range(1, 6)]
    run = run_of(history)
    assert run.notes == ('Most of its losses are 0, as in GRPO; rank by the reward: rank_by = "reward.end".',)
    assert run.series["reward"].axes["tokens"].tolist() == [10.0, 20.0, 30.0, 40.0, 50.0]
    assert "num_tokens" not in run.series


def test_an_evaluation_alone_is_a_run() -> None:
    run = run_of([{"eval_loss": 0.5, "eval_accuracy": 0.75, "step": 43}])
    assert list(run.series) == ["eval_loss", "eval_accuracy"]
    assert run.notes == ("Its history has no training loss.",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            '{"log_history": [], "global_step": 9}',
            "has an empty log_history; set logging_steps so that the Trainer logs",
        ),
        (
            '{"log_history": [{"train_loss": 1, "train_runtime": 2, "step": 3}]}',
            "holds final results only; set logging_steps so that the Trainer logs",
        ),
        ('{"log_history": [{"loss": 1}]}', "holds no entry with a step"),
        ('{"global_step": 3}', "holds no log_history, so it is not the state of a Trainer"),
        ("[1]", "holds an array, not the state of a Trainer"),
        ('{"log_history": [{"lo', "is truncated at byte 21; copy the file again"),
        ("version https://git-lfs.github.com/spec/v1", "is a Git LFS pointer; run git lfs pull"),
    ],
)
def test_refused_states(text: str, reason: str) -> None:
    with pytest.raises(Unreadable) as found:
        TRAINER_STATE.read([held("trainer_state.json", text)], "run", {})
    assert found.value.reason == reason


def test_the_highest_step_counts_not_the_last_name() -> None:
    def checkpoint(step: int) -> Held:
        return Held(
            f"checkpoint-{step}/trainer_state.json", state(LOSSES[: step // 10], global_step=step).data
        )

    run = TRAINER_STATE.read([checkpoint(100), checkpoint(20), checkpoint(90)], "run", {})
    assert len(run.series["loss"].values) == 10
    assert run.notes[0].startswith("Read from checkpoint-100/")


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["loss", "step", "epoch", "eval_loss", "x"]),
            st.none()
            | st.integers()
            | st.floats()
            | st.text(max_size=3)
            | st.lists(st.integers(), max_size=2),
        ),
        max_size=8,
    )
)
def test_any_history_gives_its_numbers_or_a_reason(history: list[dict[str, Any]]) -> None:
    try:
        run = run_of(history)
    except Unreadable:
        return
    logged = [
        (entry["step"], entry["loss"])
        for entry in history
        if type(entry.get("loss")) in {int, float}
        and type(entry.get("step")) is int
        and abs(entry["step"]) < 2**53
    ]
    if any(type(entry.get(key)) is str for entry in history for key in ("loss", "step")):
        return
    whole = [(s, float(v)) for s, v in logged if abs(v) < 1e300 or math.isnan(v) or math.isinf(v)]
    if len(whole) == len(logged) and not any(type(entry.get("step")) is float for entry in history):
        found = entries(run.series["loss"]) if "loss" in run.series else []
        assert repr(found) == repr(whole)


# LLaMA-Factory


def log(*rows: dict[str, Any]) -> Held:
    return held("trainer_log.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def test_trainer_log() -> None:
    common = {"total_steps": 12, "eval_loss": None}
    rows: list[dict[str, Any]] = [
        {"current_steps": 5, "loss": 2.5, "lr": 1e-5, "epoch": 0.5, "elapsed_time": "0:02:12"},
        {"current_steps": 10, "loss": 2.25, "lr": 1e-6, "epoch": 1.0, "elapsed_time": "1 day, 0:00:01"},
        {"current_steps": 10, "eval_loss": "2.125", "epoch": 1.0, "elapsed_time": "1 day, 0:00:02"},
        {"current_steps": 12, "loss": None, "throughput": "0.00", "total_tokens": 0},
    ]
    rows = [common | row for row in rows]
    run = read(TRAINER_LOG, log(*rows))
    assert entries(run.series["loss"]) == [(5, 2.5), (10, 2.25)]
    assert entries(run.series["eval_loss"]) == [(10, 2.125)]
    assert run.series["learning_rate"].source_name == "lr"
    assert run.series["loss"].axes["time"].tolist() == [132.0, 86401.0]
    assert set(run.series) == {"loss", "eval_loss", "learning_rate"}
    assert not run.unfinished


def test_a_log_of_a_run_that_has_further_to_go() -> None:
    run = read(TRAINER_LOG, log(*({"current_steps": n, "total_steps": 500, "loss": 1.0} for n in (5, 10))))
    assert run.unfinished


def test_a_log_of_predictions_is_refused() -> None:
    with pytest.raises(
        Unreadable, match="holds the progress of a run but no loss, as a log of predictions does"
    ):
        read(TRAINER_LOG, log({"current_steps": 5, "total_steps": 250, "percentage": 2.0}))


def test_logs_of_several_runs_are_not_one_run() -> None:
    one = log({"current_steps": 5, "total_steps": 9, "loss": 1.0})
    files = [Held("a.jsonl", one.data), Held("b.jsonl", one.data)]
    assert fits(TRAINER_LOG, files) == ("a.jsonl", "b.jsonl")
    with pytest.raises(
        Unreadable, match=r"^run holds the logs of 2 runs \(a\.jsonl, b\.jsonl\); name one of them"
    ):
        TRAINER_LOG.read(files, "run", {})


def test_states_under_other_names() -> None:
    files = [Held("exp1.json", state(LOSSES).data), Held("config.json", b'{"model_type": "gpt2"}')]
    assert fits(TRAINER_STATE, files) == ("exp1.json",)
    assert fits(TRAINER_STATE, [*files, state(LOSSES)]) == ("trainer_state.json",)


def test_two_processes_in_one_log_are_refused() -> None:
    rows = [
        {"current_steps": step, "total_steps": 900, "loss": 1.0 / step}
        for n in range(10, 400, 10)
        for step in (n + 10, n)
    ]
    with pytest.raises(Unreadable, match="seems to be written by two processes at once"):
        settle(read(TRAINER_LOG, log(*rows)))


def test_other_files_do_not_fit() -> None:
    assert fits(TRAINER_LOG, [held("log.jsonl", '{"step": 1, "loss": 2}\n')]) == ()
    assert fits(TRAINER_STATE, [held("config.json", '{"model_type": "gpt2"}')]) == ()
