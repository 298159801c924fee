"""What every reader of run files promises, for :mod:`tests.fuzz`."""

# ruff: noqa: PT017 - libFuzzer runs these asserts, not pytest

from __future__ import annotations

import gzip
import io
import json
import math
import sqlite3
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import zstandard

from reportgen.formats.databases import FORMAT as DATABASES
from reportgen.formats.events import FORMAT as TENSORBOARD
from reportgen.formats.folders import configuration
from reportgen.formats.histories import HISTORY
from reportgen.formats.mlflow import FORMAT as MLFLOW
from reportgen.formats.packed import unpacked
from reportgen.formats.settling import repeated_runs, settle
from reportgen.formats.tables import TABLES
from reportgen.formats.text import FORMAT as TEXT
from reportgen.formats.trainer_log import TRAINER_LOG
from reportgen.formats.trainer_state import TRAINER_STATE
from reportgen.formats.wandb import FORMAT as WANDB
from reportgen.formats.wandb_export import FORMAT as WANDB_EXPORT
from reportgen.kinds import Format, RunFile, Unreadable
from reportgen.log_patterns import PatternMistake, compiled
from tests import event_writer
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


def framed(form: Format, name: str, frame: Callable[[list[bytes]], bytes]) -> Callable[[bytes, Path], None]:
    """The same of records in a sound frame, so that checksums keep no damage from what is behind them."""
    check = reader(form, name)
    return lambda data, folder: check(frame(data.split(_BETWEEN)), folder)


def events(records: list[bytes]) -> bytes:
    """An event file."""
    return event_writer.header() + b"".join(map(event_writer.record, records))


def wandb_records(records: list[bytes]) -> bytes:
    """A ``.wandb`` file; records of over a block are left out."""
    parts = [struct.pack("<IHB", zlib.crc32(b"\1" + one), len(one), 1) + one for one in records]
    whole = b":W&B\xbe\xe1\x00"
    for part in parts:
        whole += part if len(whole) % 32768 + len(part) <= 32768 else b""
    return whole


def check_mlflow(data: bytes, folder: Path) -> None:
    """A run of a store of files, whose description, metric, parameter and tag are any bytes."""
    meta = data if b"run_id" in data else b"run_id: a\n"
    files = [Held("meta.yaml", meta), *(Held(f"{kind}/loss", data) for kind in ("metrics", "params", "tags"))]
    try:
        MLFLOW.runs(files, {})
        sound(MLFLOW.read(files, "run", {}))
    except Unreadable as reason:
        assert str(reason).isprintable()


def check_text(data: bytes, folder: Path) -> None:
    """What a pattern finds in any bytes."""
    file, pattern = (
        Held("log.txt", data),
        r"(?:step (?P<step>\S+) )?.*?loss.(?P<loss>\S+)(?: lr (?P<lr>\S+))?",
    )
    try:
        sound(TEXT.read([file], "run", {"pattern": pattern}))
    except Unreadable as reason:
        assert str(reason).startswith("log.txt ") and str(reason).isprintable()


def check_pattern(data: bytes, folder: Path) -> None:
    """Any pattern, on a text that would have a backtracking engine stall."""
    try:
        (pattern,) = compiled([data.decode("utf-8", "replace")])
    except PatternMistake as reason:
        assert str(reason).isprintable()
        return
    pattern.matcher.search(b"step 1 loss 2 " + b"a" * 2000)


_BETWEEN = b"-|-"

READERS = {
    "events": reader(TENSORBOARD, "events.out.tfevents.1.host"),
    "event_records": framed(TENSORBOARD, "events.out.tfevents.1.host", events),
    "wandb": reader(WANDB, "run-a.wandb"),
    "wandb_records": framed(WANDB, "run-a.wandb", wandb_records),
    "wandb_export": reader(WANDB_EXPORT, "export.csv"),
    "database": reader(DATABASES, "store.db"),
    "mlflow": check_mlflow,
    "text": check_text,
    "pattern": check_pattern,
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


def _database(*statements: str) -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA page_size = 512")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    return connection.serialize()


def _item(key: bytes, value: bytes) -> bytes:
    return event_writer.field(1, event_writer.field(1, key) + event_writer.field(16, value))


_TENSOR = event_writer.tensor("t", 1, b"\x2d\0\0\0\x40")
_EVENTS = event_writer.file([("loss", 1, 2.5), ("loss", 2, 2.0), ("val/loss", 300, 1.5)])
_EVENT_RECORDS = [
    event_writer.event(1.7e9, 3, event_writer.simple("loss", 2), _TENSOR)[12:-4],
    event_writer.event(1.7e9, 4, event_writer.simple("loss", 2))[12:-4],
    event_writer.event(1.7e9, 5, event_writer.simple("loss", 1))[12:-4],
    event_writer.event(1.7e9, 6, _TENSOR)[12:-4],
]
_WANDB_RECORDS = [
    event_writer.field(17, event_writer.field(1, b"id") + event_writer.field(4, _item(b"lr", b"0.1"))),
    event_writer.field(12, event_writer.field(2, b"*") + event_writer.field(4, b"step")),
    event_writer.field(2, _item(b"loss", b"2.5") + _item(b"step", b"10") + _item(b"x", b'{"y": "NaN"}')),
    event_writer.field(2, _item(b"loss", b"1.5") + event_writer.field(2, b"\x08\x05")),
    event_writer.field(18, b""),
]
_METRICS = "(id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT)"
_TRACKIO = _database(
    f"CREATE TABLE metrics {_METRICS}",
    "INSERT INTO metrics VALUES (1, '2026-11-27T16:42:04', 'a', 0, '{\"loss\": 2, \"x\": \"NaN\"}')",
    "CREATE TABLE configs (run_name TEXT, config TEXT)",
    "INSERT INTO configs VALUES ('a', '{\"lr\": 1}')",
)
_MLFLOW = _database(
    "CREATE TABLE runs (run_uuid TEXT, name TEXT, status TEXT, lifecycle_stage TEXT, start_time INTEGER)",
    "INSERT INTO runs VALUES ('i', 'a', 'RUNNING', 'active', 1)",
    "CREATE TABLE metrics (key, value REAL, timestamp INTEGER, run_uuid TEXT, step INTEGER, is_nan INTEGER)",
    "INSERT INTO metrics VALUES ('loss', 2.5, 1000, 'i', 1, 0)",
    "CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT)",
    "INSERT INTO params VALUES ('lr', '0.1', 'i')",
)
SEEDS: dict[str, list[bytes]] = {
    "events": [_EVENTS],
    "event_records": [_BETWEEN.join(_EVENT_RECORDS)],
    "wandb": [wandb_records(_WANDB_RECORDS)],
    "wandb_records": [_BETWEEN.join(_WANDB_RECORDS)],
    "wandb_export": [
        b'"Step","a - x","a - x__MIN","a - x__MAX"\n"1","2","2","2"\n"2","","",""\n"3","NaN","1","1"\n'
    ],
    "database": [_TRACKIO, _MLFLOW],
    "mlflow": [b"1000 2.5 1\n2000 nan 2\n", b"run_id: a\nrun_name: b\nlifecycle_stage: active\nstatus: 1\n"],
    "text": [b"step 1 loss 2.5 lr 1e-3\r\x1b[31mstep 2 loss nan\n"],
    "pattern": [rb"step (?P<step>\d+) loss (?P<loss>\S+)", rb"(?P<loss>(a+)+)b"],
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
