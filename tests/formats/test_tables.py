"""``formats.tables``: what real tools and people write, typed by hand, and whatever pandas writes."""

from __future__ import annotations

import io
import json
import math
import struct
from typing import Any

import numpy as np
import pandas as pd
import pytest
from held import entries, fits, held, read
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.formats.settling import settle
from reportgen.formats.tables import TABLES
from reportgen.kinds import RunFile, Unreadable


def table(text: str | bytes, name: str = "metrics.csv", **options: object) -> RunFile:
    return read(TABLES, held(name, text), **options)


def refused(text: str | bytes, name: str = "metrics.csv") -> str:
    with pytest.raises(Unreadable) as reason:
        TABLES.read([held(name, text)], "run", {})
    return reason.value.reason


# What tools write


def test_lightning_writes_training_and_evaluation_on_rows_of_their_own() -> None:
    run = table(
        "epoch,step,train_loss_epoch,train_loss_step,val_loss\r\n"
        "0,49,,2.5,\r\n0,99,,2.25,\r\n0,99,,,2.125\r\n0,99,2.375,,\r\n1,149,,2.0,\r\n"
    )
    assert entries(run.series["loss"]) == [(49, 2.5), (99, 2.25), (149, 2.0)]
    assert entries(run.series["eval_loss"]) == [(99, 2.125)]
    assert entries(run.series["train_loss_epoch"]) == [(99, 2.375)]
    assert run.series["eval_loss"].evaluation and not run.series["loss"].evaluation
    assert run.series["loss"].source_name == "train_loss_step"
    assert run.series["loss"].axes["epoch"].tolist() == [0, 0, 1]
    assert run.notes == (
        'The step is "step"; the loss is "train_loss_step"; the evaluation loss is "val_loss".',
    )


def test_ultralytics_pads_and_has_no_total() -> None:
    run = table(
        "      epoch,   train/box_loss,   train/cls_loss, metrics/mAP50(B),  val/box_loss,   lr/pg0\n"
        "          1,           1.6858,           3.9917,          0.72365,        1.7553, 0.070882\n"
        "          2,           1.2500,           2.5000,          0.75000,        1.5000, 0.070000\n",
        "results.csv",
    )
    assert "loss" not in run.series
    assert entries(run.series["train/box_loss"]) == [(1, 1.6858), (2, 1.25)]
    assert run.series["train/box_loss"].step_unit == "epoch"
    assert run.series["val/box_loss"].evaluation
    assert run.series["learning_rate"].source_name == "lr/pg0"
    assert run.notes[1] == "None of its columns is the total loss; it has: train/box_loss, train/cls_loss."


def test_markers_of_a_merge_conflict_are_counted() -> None:
    run = table("epoch,loss\n<<<<<<< HEAD\n0,1.5\n=======\n0,1.25\n>>>>>>> abc123\n1,1.0\n")
    assert entries(run.series["loss"]) == [(0, 1.5), (0, 1.25), (1, 1.0)]
    assert run.notes[0] == "3 lines are markers of a merge conflict; both sides were read."


def test_keras_on_windows_ends_lines_twice() -> None:
    run = table(
        "epoch,accuracy,loss,val_accuracy,val_loss\r\r\n0,0.5,1.5,0.25,2.5\r\r\n1,0.75,1.25,0.5,2.0\r\r\n"
    )
    assert entries(run.series["loss"]) == [(0, 1.5), (1, 1.25)]
    assert entries(run.series["eval_loss"]) == [(0, 2.5), (1, 2.0)]
    assert run.series["val_accuracy"].evaluation


def test_a_logger_that_appended_with_its_header_again() -> None:
    run = settle(table("epoch,loss\n0,3\n1,2\nepoch,loss\n0,2.5\n1,1.5\n2,1\n"))
    assert entries(run.series["loss"]) == [(0, 2.5), (1, 1.5), (2, 1.0)]
    assert "1 line repeats the header and was left out." in run.notes
    assert run.marks == ("restarted",)


def test_detectron2_appends_runs_to_json_lines_named_json() -> None:
    rows = [{"iteration": i, "total_loss": 1.0 / (i + 1), "loss_cls": 0.5, "lr": 0.02} for i in (19, 39, 59)]
    text = "".join(json.dumps(row) + "\n" for row in [*rows, *rows])
    run = table(text, "metrics.json")
    assert entries(run.series["loss"])[:3] == [(19, 1 / 20), (39, 1 / 40), (59, 1 / 60)]
    assert run.series["loss"].source_name == "total_loss"
    assert run.series["learning_rate"].source_name == "lr"
    assert settle(run).series["loss"].superseded == 3


def test_rows_of_epochs_without_a_step_are_a_table_of_their_own() -> None:
    rows = [{"step": n, "loss": 3.0 - n} for n in range(4)]
    rows[2:2] = [{"epoch": 1, "val_loss": 2.5, "epoch_seconds": 9}]
    rows += [{"epoch": 2, "val_loss": 1.5, "epoch_seconds": 8}]
    run = table("\n".join(json.dumps(row) for row in rows), "log.jsonl")
    assert entries(run.series["loss"]) == [(0, 3.0), (1, 2.0), (2, 1.0), (3, 0.0)]
    assert entries(run.series["eval_loss"]) == [(1, 2.5), (2, 1.5)]
    assert (run.series["loss"].step_unit, run.series["eval_loss"].step_unit) == ("step", "epoch")
    assert run.series["eval_loss"].evaluation and not run.series["epoch_seconds"].evaluation
    rows.append({"epoch": 3, "loss": 0.5})  # the loss of an epoch or of a step that is missing: nobody knows
    run = table("\n".join(json.dumps(row) for row in rows), "log.jsonl")
    assert entries(run.series["loss"]) == [(0, 3.0), (1, 2.0), (2, 1.0), (3, 0.0)]
    assert run.notes[-1] == "3 rows have no step and were left out."


def test_mmengine_counts_iterations_in_training_and_epochs_in_validation() -> None:
    lines = []
    for epoch in (1, 2, 3):
        for part in (1, 2):
            step = 138 * (epoch - 1) + 69 * part
            lines.append(
                {"lr": 0.02, "loss": 9.0 / step, "time": 0.1, "epoch": epoch, "iter": step, "step": step}
            )
        lines.append({"accuracy/top1": 40.0 + epoch, "time": 0.2, "step": epoch})
    run = table("\n".join(map(json.dumps, lines)), "scalars.json")
    assert [step for step, _ in entries(run.series["loss"])] == [69, 138, 207, 276, 345, 414]
    top1 = run.series["accuracy/top1"]
    assert entries(top1) == [(1, 41.0), (2, 42.0), (3, 43.0)]
    assert top1.step_unit == "epoch" and top1.evaluation
    assert len(run.series["time"].values) == 6 and len(run.series["time (epoch)"].values) == 3
    assert "iter" not in run.series
    assert settle(run).marks == ()


def test_ray_repeats_its_configuration_in_every_nested_line() -> None:
    lines = [
        {
            "episode_reward_mean": 2.0 * i,
            "info": {"learner": {"default_policy": {"total_loss": 5.0 / i, "vf_loss": 4.0}}},
            "hist_stats": {"episode_reward": [1, 2]},
            "timesteps_total": 4000 * i,
            "training_iteration": i,
            "time_total_s": 30.0 * i,
            "hostname": "node",
            "done": False,
            "config": {"lr": 5e-05, "vf_loss_coeff": 0.5, "model": {"dim": 11}},
        }
        for i in (1, 2, 3)
    ]
    run = table("\n".join(map(json.dumps, lines)), "result.json")
    assert entries(run.series["loss"]) == [(4000, 5.0), (8000, 2.5), (12000, 5 / 3)]
    assert run.config == {"lr": 5e-05, "vf_loss_coeff": 0.5, "model": {"dim": 11}}
    assert not any("coeff" in name or "hist_stats" in name for name in run.series)
    assert run.series["loss"].axes["time"].tolist() == [30.0, 60.0, 90.0]


def test_stable_baselines3_has_columns_in_any_order() -> None:
    run = table(
        "train/value_loss,train/explained_variance,time/total_timesteps,rollout/ep_rew_mean,train/loss\n"
        "9.5,nan,2048,-77.5,4.5\n8.5,-1e-06,4096,-70,3.5\n",
        "progress.csv",
    )
    assert entries(run.series["loss"]) == [(2048, 4.5), (4096, 3.5)]
    assert math.isnan(run.series["train/explained_variance"].values[0])
    assert len(run.series["train/explained_variance"].values) == 2
    assert not run.series["train/value_loss"].evaluation


def test_dvclive_writes_a_file_a_metric() -> None:
    files = [
        held("metrics.json", '{\n    "loss": 4.0,\n    "step": 2\n}\n'),
        held("plots/metrics/epoch.tsv", "step\tepoch\n0\t0.5\n1\t1.0\n"),
        held("plots/metrics/train/loss.tsv", "step\tloss\n0\t6.5\n1\t5.5\n2\t4\n"),
        held("plots/metrics/eval/loss.tsv", "step\tloss\n2\t4.5\n"),
    ]
    run = read(TABLES, *files)
    assert entries(run.series["loss"]) == [(0, 6.5), (1, 5.5), (2, 4.0)]
    assert entries(run.series["eval_loss"]) == [(2, 4.5)]
    assert run.series["eval_loss"].evaluation


def test_two_files_of_training_and_validation() -> None:
    run = read(
        TABLES,
        held("train_loss.csv", ",epoch,loss_mask,total_loss\n0,0,0.25,0.5\n1,1,0.125,0.25\n"),
        held("val_loss.csv", ",epoch,loss_mask,total_loss\n0,0,0.75,1.5\n1,1,0.625,1.25\n"),
    )
    assert entries(run.series["loss"]) == [(0, 0.5), (1, 0.25)]
    assert entries(run.series["eval_loss"]) == [(0, 1.5), (1, 1.25)]
    assert run.series["val_loss/loss_mask"].evaluation and not run.series["train_loss/loss_mask"].evaluation


# What people write


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("step,loss\n1,0.5\n2,0.25\n", "log.csv"),
        ("\ufeffstep;loss\r\n1;0.5\r\n2;0.25\r\n", "log.csv"),
        ("step\tloss\n1\t0.5\n2\t0.25", "progress.txt"),
        ("step | loss\n1 | 0.5\n2 | 0.25\n", "log.csv"),
        ("step loss\n1 0.5\n2  0.25\n", "log.txt"),
        ("# step,loss\n1,0.5\n2,0.25\n", "log.csv"),
        ("# a run, with words\nstep\tloss\n1\t0.5\n2\t0.25\n", "log.tsv"),
        (",loss\n1,0.5\n2,0.25\n", "log.csv"),
        ('"loss","step"\n"0.5","1"\n"0.25","2"\n', "log.csv"),
        ("step,loss,\n1,0.5,\n2,0.25,\n", "log.csv"),
        ('step,loss,text\n1,0.5,"a\nb"\n2,0.25,"c, d"\n', "log.csv"),
        ("Step,Loss\n1,5e-1\n2,+.25\n", "log.csv"),
        ('{"step": 1, "loss": 0.5}\n{"step": 2, "loss": "0.25"}\n', "log.jsonl"),
        ("step,loss\n1,0.5\n2,0.25\n".encode("utf-16"), "log.csv"),
        (b"step,loss\n1,0.5\n2,0.25\n" + bytes(100), "log.csv"),
        ("step,loss,loss_scale\n1,0.5,65536\n2,0.25,65536\n", "log.csv"),
        ("split,step,loss\ntrain,1,0.5\nval,1,9\ntrain,2,0.25\n", "log.csv"),
    ],
)
def test_own_loops(text: str | bytes, name: str) -> None:
    assert entries(table(text, name).series["loss"]) == [(1, 0.5), (2, 0.25)]


def test_rows_of_two_splits_are_two_series() -> None:
    lines = [
        {"split": split, "step": step, "loss": step + (split == "val")}
        for step in (1, 2)
        for split in ("train", "val")
    ]
    run = table("\n".join(map(json.dumps, lines)), "log.jsonl")
    assert entries(run.series["loss"]) == [(1, 1.0), (2, 2.0)]
    assert entries(run.series["eval_loss"]) == [(1, 2.0), (2, 3.0)]


def test_what_tensorboard_downloads() -> None:
    run = table(
        "Wall time,Step,Value\n1700000000.5,10,0.5\n1700000060.5,20,0.25\n", "run-a-tag-Loss_train.csv"
    )
    assert entries(run.series["loss"]) == [(10, 0.5), (20, 0.25)]
    assert run.series["loss"].source_name == "Loss_train"
    assert run.series["loss"].axes["time"].tolist() == [0.0, 60.0]


def test_events_with_their_data_inside() -> None:
    lines = [{"event": "log", "data": {"step": step, "loss": 1.0 / step}} for step in (5, 10)]
    run = table("\n".join(map(json.dumps, lines)), "log.jsonl")
    assert entries(run.series["loss"]) == [(5, 0.2), (10, 0.1)]


def test_settings_before_the_first_step_are_the_configuration() -> None:
    lines = [
        {"type": "config", "lr": 0.1, "model": {"layers": 2}},
        {"step": 1, "loss": 3},
        {"step": 2, "loss": 2},
    ]
    run = table("\n".join(map(json.dumps, lines)), "log.jsonl")
    assert entries(run.series["loss"]) == [(1, 3.0), (2, 2.0)]
    assert run.config == {"lr": 0.1, "model": {"layers": 2}}
    assert run.notes == ('The step is "step".',)


def test_numbers_as_people_write_them() -> None:
    run = table("epoch;loss;acc\n1;0,5;50%\n2;0,25;62.5 %\n")
    assert entries(run.series["loss"]) == [(1, 0.5), (2, 0.25)]
    assert entries(run.series["acc"]) == [(1, 50.0), (2, 62.5)]
    run = table("epoch,loss\n1,\"tensor(0.5, device='cuda:0')\"\n2,tensor(2.5e-1)\n")
    assert entries(run.series["loss"]) == [(1, 0.5), (2, 0.25)]


def test_a_column_of_words_under_the_name_of_a_measure_is_named() -> None:
    assert (
        table("epoch,loss,acc\n1,0.5,high\n").notes[-1] == "Columns that hold no numbers were left out: acc."
    )


def test_a_row_a_value() -> None:
    run = table("step,tag,value\n1,loss,0.5\n1,lr,0.1\n2,loss,0.25\n2,lr,0.05\n")
    assert entries(run.series["loss"]) == [(1, 0.5), (2, 0.25)]
    assert entries(run.series["learning_rate"]) == [(1, 0.1), (2, 0.05)]


def test_without_a_column_of_steps_rows_are_counted() -> None:
    run = table("training_loss, val_loss, time\n0.5,0.75,0.02\n0.25,0.5,0.01\n")
    assert entries(run.series["loss"]) == [(0, 0.5), (1, 0.25)]
    assert run.notes[0].startswith("It has no column of steps, so rows are counted; ")


def test_a_nameless_index_is_no_series() -> None:
    run = table(",train_loss\n0,0.5\n1,0.25\n")
    assert list(run.series) == ["loss"]


def test_fractions_of_an_epoch_are_no_steps() -> None:
    run = table("epoch,loss\n0.1,3\n0.2,2\n0.3,1\n")
    assert entries(run.series["loss"]) == [(0, 3.0), (1, 2.0), (2, 1.0)]
    assert run.series["loss"].axes["epoch"].tolist() == [0.1, 0.2, 0.3]


def test_empty_is_not_logged_and_nan_is_a_value() -> None:
    run = table("step,loss,acc\n1,nan,\n2,,0.5\n3,NaN,null\n4,-inf,\n")
    assert [step for step, _ in entries(run.series["loss"])] == [1, 3, 4]
    assert np.isnan(run.series["loss"].values[:2]).all() and run.series["loss"].values[2] == -math.inf
    assert entries(run.series["acc"]) == [(2, 0.5)]


def test_bad_lines_are_counted_and_a_cut_last_one_is_left_out() -> None:
    run = table("step,loss\n1,0.5\ngarbage\n2,0.25\n3,0.125\n4")
    assert entries(run.series["loss"]) == [(1, 0.5), (2, 0.25), (3, 0.125)]
    assert run.notes[0] == "2 lines do not have as many cells as the header and were left out."
    run = table('{"step": 1, "loss": 0.5}\nnonsense\n{"step": 2, "loss": 0.25}\n{"step": 3, "lo')
    assert entries(run.series["loss"]) == [(1, 0.5), (2, 0.25)]
    assert run.notes[:2] == (
        "1 line is not JSON and was left out.",
        "1 line at the end is truncated and was left out.",
    )


def test_a_stray_quotation_mark_costs_no_line() -> None:
    run = table('step,loss,text\n1,0.5,a\n2,0.4,"b\n' + "".join(f"{n},0.25,c\n" for n in range(3, 300)))
    assert [step for step, _ in entries(run.series["loss"])] == [*range(1, 300)]


def test_the_list_names_the_step() -> None:
    text = "step,update,loss\n0,5,3\n0,7,2\n0,9,1\n"
    assert entries(table(text, step="update").series["loss"]) == [(5, 3.0), (7, 2.0), (9, 1.0)]
    with pytest.raises(Unreadable, match='has no column "iter" of numbers; it has: step, update, loss'):
        table(text, step="iter")
    with pytest.raises(Unreadable, match='has values that are not whole numbers in its column "loss"'):
        table("loss,acc\n0.5,1\n", step="loss")


def test_cells_that_are_no_numbers_are_counted() -> None:
    run = table("step,loss\n1,0.5\n2,oops\n3,0.25\n")
    assert entries(run.series["loss"]) == [(1, 0.5), (3, 0.25)]
    assert run.notes[-1] == 'In "loss", 1 cell is not a number and was left out.'


# What is refused

PAIR = (
    'has no single column of steps: "Batch" begins again with each "Epoch"; '
    "name the column: step = ..., it has: Epoch, Batch, Gen Loss, Disc Loss"
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "Epoch,Batch,Gen Loss,Disc Loss\n0,0,1,2\n0,1,1,2\n1,0,1,2\n1,1,1,2\n",
            PAIR,
        ),
        (
            "Name,epoch,val_loss\nrun-a,10,0.5\nrun-b,10,0.25\nrun-c,9,0.75\n",
            'is a table of runs, not of steps: "Name" differs in every row; log a row for each step',
        ),
        (
            "run,step,loss\na,1,0.5\na,2,0.25\nb,1,0.5\nb,2,0.125\n",
            'holds several runs in one table: "run" has 2 values; write one file for each run',
        ),
        (
            "seed,step,loss\n0,1,0.5\n0,2,0.25\n1,1,0.5\n1,2,0.125\n",
            'holds several runs in one table: "seed" has 2 values; write one file for each run',
        ),
        ("1,0.5\n2,0.25\n", "has no line that names its columns; put one first, such as step,loss"),
        ("step,loss\n", "holds a header and no rows; the run has logged nothing"),
        ("", "is empty"),
        ("date,open,close\n2020-01-01,1,2\n", "holds no training series; it has: date, open, close"),
        ("\n \n", "holds only blanks"),
        ("<!doctype html>\n", "is a web page or XML, perhaps an error page; download the file again"),
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            "is a Git LFS pointer; run git lfs pull",
        ),
        (
            "question,answer,id\nwhat,yes,1\nwho,no,2\n",
            "is a table of examples, not of steps; it has: question, answer, id",
        ),
    ],
)
def test_refusals(text: str, reason: str) -> None:
    assert refused(text) == reason


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("all_results.json", '{\n "eval_loss": 1.5,\n "train_loss": 2.5\n}'),
        ("metrics.json", '{"train_loss": 2.5, "epoch": 3.0}'),
        ("notes.txt", "we trained with loss 0.5\nand it was good\n"),
        ("weights.csv", b"PK\x03\x04\x00\x00"),
        ("blank.csv", "\ufeff \n\u2003\n"),
        ("export.csv", '"Step","a - loss","a - loss__MIN","a - loss__MAX"\n1,2,2,2\n'),
    ],
)
def test_what_is_no_table_does_not_fit(name: str, text: str | bytes) -> None:
    assert fits(TABLES, [held(name, text)]) == ()


# Whatever pandas writes

FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=64)


def bits(values: Any) -> list[bytes]:
    return [struct.pack("<d", value) for value in values]


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Steps that rise, a loss, and other columns with cells in which nothing was logged."""
    rows = draw(st.integers(1, 25))
    gaps = draw(st.lists(st.integers(1, 1000), min_size=rows, max_size=rows))
    columns: dict[str, Any] = {"step": np.cumsum(gaps)}
    for name in draw(st.permutations(["loss", "val_loss", "lr", "grad norm", "acc/top1"])):
        cells = draw(st.lists(st.none() | FLOATS, min_size=rows, max_size=rows))
        if name == "loss":
            cells = [0.5 if cell is None else cell for cell in cells]
        columns[name] = np.array(cells, dtype=np.float64)
    columns["note"] = draw(st.lists(st.text("ab,;\"' \n\té", max_size=6), min_size=rows, max_size=rows))
    columns["host"] = ["node-7"] * rows
    names = draw(st.permutations(list(columns)))
    return pd.DataFrame({name: columns[name] for name in names})


def written(frame: pd.DataFrame, how: str) -> tuple[str, bytes]:
    if how == "csv":
        return "log.csv", frame.to_csv(index=False).encode()
    if how == "csv with index":
        return "log.csv", frame.to_csv().encode()
    if how == "tsv":
        return "log.tsv", frame.to_csv(index=False, sep="\t").encode()
    if how == "crlf":
        return "log.csv", frame.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")
    if how == "jsonl":  # pandas itself rounds to 15 digits here
        rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
        return "log.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode()
    into = io.BytesIO()
    frame.to_parquet(into, index=False)
    return "log.parquet", into.getvalue()


@settings(deadline=None)
@given(frames(), st.sampled_from(["csv", "csv with index", "tsv", "crlf", "jsonl", "parquet"]))
def test_any_table_of_pandas_reads_back_exactly(frame: pd.DataFrame, how: str) -> None:
    name, data = written(frame, how)
    run = table(data, name)
    assert run.notes[-1].startswith('The step is "step"') or "cells of" in run.notes[-1]
    for theirs in ("loss", "val_loss", "lr", "grad norm", "acc/top1"):
        there = frame[frame[theirs].notna()]
        found = [one for one in run.series.values() if one.source_name == theirs]
        if there.empty:
            assert not found
            continue
        (one,) = found
        assert one.steps is not None
        assert one.steps.tolist() == there["step"].tolist()
        assert bits(one.values) == bits(there[theirs])
