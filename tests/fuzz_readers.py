"""What every reader of run files promises, for :mod:`tests.fuzz`."""

# ruff: noqa: PT017 - libFuzzer runs these asserts, not pytest

from __future__ import annotations

import gzip
import io
import json
import math
from collections.abc import Callable
from pathlib import Path

import zstandard

from reportgen.formats.folders import configuration
from reportgen.formats.histories import HISTORY
from reportgen.formats.packed import unpacked
from reportgen.formats.settling import repeated_runs, settle
from reportgen.formats.tables import TABLES
from reportgen.formats.trainer_log import TRAINER_LOG
from reportgen.formats.trainer_state import TRAINER_STATE
from reportgen.kinds import Format, RunFile, Unreadable
from tests.held import Held

__all__ = ["READERS", "SEEDS", "WORDS"]

WORDS = (
    *("step", "epoch", "loss", "val_loss", "log_history", "global_step", "train_runtime", "current_steps"),
    *("total_steps", "iteration", "Batch", "split", "train", "config", "history", "values", "value", "tag"),
    *("<<<<<<< HEAD", ">>>>>>> a", "=======", "\r\r\n", "\n", ",", ";", "\t", '"', "#", "\ufeff", "nan"),
    "!!python/tuple",
    *(
        "&a",
        "*a",
        "---\n",
        "### Training hyperparameters\n",
        "- seed: ",
        "Wall time,Step,Value\n",
        "1e-3",
        "PAR1",
    ),
)


def reader(form: Format, name: str) -> Callable[[bytes, Path], None]:
    """A check of what ``form`` makes of any bytes under this name."""

    def check(data: bytes, folder: Path) -> None:
        file = Held(name, data)
        form.fits((name,), lambda _: data[: 1 << 16])
        try:
            run = form.read([file], "run", {})
        except Unreadable as reason:
            assert str(reason).startswith(f"{name} ")
            assert str(reason).isprintable() and len(str(reason)) < 1500, str(reason)
            return
        sound(run)
        for part in repeated_runs(run):
            sound(part)
        try:
            settled = settle(run)
        except Unreadable as reason:
            assert "two processes" in str(reason) and str(reason).isprintable()
            return
        sound(settled)
        for name_of, after in settled.series.items():
            before = run.series[name_of]
            if after.steps is not None:
                assert (after.steps[1:] >= after.steps[:-1]).all()
            assert len(before.values) == len(after.values) + after.superseded

    return check


def sound(run: RunFile) -> None:
    """What a run is, whatever read it."""
    assert run.series
    for name, one in run.series.items():
        assert one.name == name
        assert one.values.dtype == float and one.values.ndim == 1 and len(one.values)
        assert one.steps is None or (one.steps.dtype.kind == "i" and one.steps.shape == one.values.shape)
        assert one.rows is None or (
            one.rows.shape == one.values.shape and (one.rows[1:] >= one.rows[:-1]).all()
        )
        for axis in one.axes.values():
            assert axis.shape == one.values.shape
        name.encode()
    json.dumps(run.config).encode()
    assert all(math.isfinite(value) for value in run.recorded.values())
    for note in run.notes:
        assert note.isprintable(), note


def check_packed(data: bytes, folder: Path) -> None:
    """What is packed comes out within the limit, or a reason why not."""
    try:
        with unpacked(io.BytesIO(data), "log.csv", 1 << 20) as stream:
            assert len(stream.read()) <= max(1 << 20, len(data))
    except Unreadable as reason:
        assert str(reason).startswith("log.csv ") and str(reason).isprintable()


def check_configuration(data: bytes, folder: Path) -> None:
    """Settings fit to be written, or a note."""
    for name in ("hparams.yaml", "README.md", "config.json"):
        found, notes = configuration([Held(name, data)])
        json.dumps(found).encode()
        assert all(note.isprintable() for note in notes)


READERS = {
    "trainer_state": reader(TRAINER_STATE, "trainer_state.json"),
    "trainer_log": reader(TRAINER_LOG, "trainer_log.jsonl"),
    "csv": reader(TABLES, "log.csv"),
    "jsonl": reader(TABLES, "log.jsonl"),
    "history": reader(HISTORY, "history.json"),
    "packed": check_packed,
    "configuration": check_configuration,
}

_STATE = """{"global_step": 4, "log_history": [{"loss": 2.5, "step": 2, "epoch": 0.5},
 {"eval_loss": NaN, "step": 2}, {"train_runtime": 2, "train_loss": 1, "step": 4}], "max_steps": 500}"""
_LOG = """{"current_steps": 5, "total_steps": 9, "loss": 2, "eval_loss": null, "elapsed_time": "1:00:01"}
{"current_steps": 4, "total_steps": 9, "loss": "1"}
"""
SEEDS: dict[str, list[bytes]] = {
    "trainer_state": [_STATE.encode()],
    "trainer_log": [_LOG.encode()],
    "csv": [
        b"epoch,step,train_loss_step,val_loss\r\n0,49,2.5,\r\n0,49,,2.25\r\n1,40,nan,\r\n",
        b"   epoch,  loss\n<<<<<<< HEAD\n 0,  1.5\n=======\n 0, 1\n>>>>>>> a\n",
        b"Epoch,Batch,Gen Loss\n0,0,1\n0,1,1\n1,0,1\n",
        b"Name,epoch,loss\na,1,2\nb,1,3\n",
        b'step;"a ""b""";loss\n1;"x\ny";2\n',
        b"# step loss\n1 2\n2 1\n",
        b"split,step,loss\ntrain,1,2\nval,1,3\n",
        b"step,tag,value\n1,loss,2\n1,lr,3\n",
    ],
    "jsonl": [
        b'{"iter": 5, "step": 5, "epoch": 1, "loss": 2, "lr": 1}\n{"step": 1, "acc": 3}\n',
        b'{"a": {"b": 1, "loss": 2}, "step": 2, "config": {"lr": 1}}\n{"step": 1, "l',
    ],
    "history": [
        b'{"loss": [2, 1, null], "val_loss": [3.5, "nan", 2], "params": {"a": 1}}',
        b'[{"epoch": 1, "train": {"loss": 2}}, {"epoch": 2, "train": {"loss": 1}}]',
        b'{"lm loss": {"values": {"1": 2.5, "3": "nan"}}}',
    ],
    "packed": [zstandard.compress(b"step,loss\n1,2\n" * 9), gzip.compress(b"step,loss\n" * 9, mtime=0) * 2],
    "configuration": [
        b"lr: 1e-3\nbetas: !!python/tuple [0.9, 0.99]\na: &a {b: 1}\nc: *a\n",
        b"---\nbase_model: x\n---\n### Training hyperparameters\n- seed: 42\n",
        b'{"a": {"b": [1, 2]}}',
    ],
}
