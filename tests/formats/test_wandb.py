"""``.wandb`` files, against the loops that logged them."""

from __future__ import annotations

import io
import json
import math
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from event_writer import field, varint
from format_files import DATA, Bytes, assert_true, files_of, read, taken, truth_of
from hypothesis import given
from hypothesis import strategies as st

from reportgen.formats import read_run
from reportgen.formats.wandb import FORMAT
from reportgen.formats.wandb_file import read_wandb_file
from reportgen.kinds import RunFile, Unreadable

PLACE = DATA / "wandb"
FILES = files_of(PLACE)
TRUTH = truth_of(PLACE)
(FINISHED,) = (file for file in FILES if "aaaaaaaa" in file.name)
(KILLED,) = (file for file in FILES if "bbbbbbbb" in file.name)


def alone(file: Bytes) -> list[Bytes]:
    """The file in its own run folder, as ``path = "wandb/{name}"`` finds it."""
    return [Bytes(file.name.rpartition("/")[2], file.data)]


def record(data: bytes, kind: int = 1) -> bytes:
    return struct.pack("<IHB", zlib.crc32(bytes([kind]) + data), len(data), kind) + data


def item(key: str | list[str], value: Any) -> bytes:
    names = (
        field(1, key.encode()) if isinstance(key, str) else b"".join(field(2, one.encode()) for one in key)
    )
    return names + field(16, value if isinstance(value, bytes) else json.dumps(value).encode())


def history(row: dict[str, Any], step: int | None = None) -> bytes:
    number = b"" if step is None else field(2, b"\x08" + varint(step))
    return field(2, b"".join(field(1, item(key, value)) for key, value in row.items()) + number)


RUN = field(17, field(1, b"id1") + field(4, field(1, item("lr", 0.1))) + field(8, b"my run"))
EXIT = field(18, b"\x08\x00")


def file(*records: bytes, name: str = "run-id1.wandb") -> list[Bytes]:
    return [Bytes(name, b":W&B\xbe\xe1\x00" + b"".join(map(record, records)))]


def test_a_folder_of_runs_is_a_store_whose_names_are_the_runs_own() -> None:
    assert list(FORMAT.runs(taken(FORMAT, FILES), {})) == ["sweep/lr=0.1", "bbbbbbbb"]


def test_a_finished_run_holds_what_its_loop_knows() -> None:
    run = read(FORMAT, FILES, "sweep/lr=0.1")
    assert_true(run, TRUTH["sweep/lr=0.1"])
    assert not run.unfinished
    assert run.series["eval_loss"].evaluation
    assert run.series["loss"].source_name == "train/loss"
    assert "trainer/global_step" not in run.series
    assert run.notes == (
        "Steps are taken from trainer/global_step, as the run defined its metrics.",
        "Values that are not numbers were left out: 4.",
    )


def test_a_killed_run_is_unfinished_and_holds_a_beginning_of_what_its_loop_knows() -> None:
    run = read(FORMAT, alone(KILLED))
    assert run.unfinished
    values = run.series["loss"].values
    known = [value for _, value in TRUTH["bbbbbbbb"]["series"]["loss"]]
    assert 0 < len(values) <= len(known)
    np.testing.assert_array_equal(values, known[: len(values)])
    assert run.config == TRUTH["bbbbbbbb"]["config"]


def test_the_link_to_the_latest_run_is_no_second_run() -> None:
    link = Bytes("latest-run/" + FINISHED.name.rpartition("/")[2], FINISHED.data)
    assert taken(FORMAT, [link, FINISHED, KILLED]) == [FINISHED, KILLED]


def test_a_resumed_run_is_one_run() -> None:
    first = file(
        RUN, history({"loss": 2.0}, 0), history({"loss": 1.5}, 1), name="offline-run-1/run-id1.wandb"
    )
    second = file(RUN, history({"loss": 1.0}, 2), EXIT, name="offline-run-2/run-id1.wandb")
    files = second + first
    assert FORMAT.runs(files, {}) == {"my run": [file.name for file in files]}
    run = read(FORMAT, files, "my run")
    assert run.series["loss"].values.tolist() == [2.0, 1.5, 1.0]
    assert not run.unfinished


def test_repeated_names_are_told_apart_by_their_ids() -> None:
    other = field(17, field(1, b"id2") + field(8, b"my run"))
    bad = field(17, field(1, b"id3") + field(8, b"what?"))
    files = [
        *file(RUN, history({"loss": 1.0}, 0), name="a/run-id1.wandb"),
        *file(other, history({"loss": 2.0}, 0), name="b/run-id2.wandb"),
        *file(bad, history({"loss": 3.0}, 0), name="c/run-id3.wandb"),
    ]
    assert list(FORMAT.runs(files, {})) == ["my run (id1)", "my run (id2)", "id3"]
    assert read(FORMAT, files, "my run (id2)").series["loss"].values.tolist() == [2.0]


def test_values_of_every_kind() -> None:
    row = {
        "a": 1, "b": "NaN", "c": "-Infinity", "d": b"1e999", "e": {"f": {"g": 2}, "h": "x"}, "i": True,
        "j": {"_type": "histogram"}, "k": None, "l": [1, 2], "m": b"1" * 400, "n": {"o": 10**400},
    }  # fmt: skip
    run = read(FORMAT, file(RUN, history(row, 3), EXIT))
    found = {name: one.values.tolist() for name, one in run.series.items()}
    assert repr(found.pop("b")) == "[nan]"
    assert found == {
        "a": [1.0], "c": [-math.inf], "d": [math.inf], "e.f.g": [2.0], "m": [math.inf], "n.o": [math.inf],
    }  # fmt: skip
    assert run.notes == ("Values that are not numbers were left out: 4.",)


def test_metrics_name_their_steps() -> None:
    def metric(name: int, key: bytes, step: bytes) -> bytes:
        return field(12, field(name, key) + field(4, step))

    rows = [
        {"batch": 10, "epoch": 0.5, "train/loss": 3.0, "val/acc": 0.5, "other": 7, "odd": 1},
        {"batch": 20, "train/loss": 2.0, "val/acc": 0.6, "other": 8, "odd": 2},
    ]
    metrics = metric(2, b"train/*", b"batch"), metric(1, b"odd", b"epoch"), metric(2, b"val/*", b"batch")
    run = read(FORMAT, file(RUN, *metrics, *(history(row, 100 + n) for n, row in enumerate(rows)), EXIT))
    steps = {name: (np.array(one.steps).tolist(), one.step_unit) for name, one in run.series.items()}
    assert steps == {
        "loss": ([10, 20], "step"),
        "val/acc": ([10, 20], "step"),
        "other": ([100, 101], "log call"),
        "odd": ([100, 101], "log call"),
        "epoch": ([100], "log call"),
    }
    assert "Steps of odd are taken from _step, since those defined are not whole numbers." in run.notes


def test_a_later_configuration_counts() -> None:
    later = field(
        5, field(1, item(["model", "width"], 8)) + field(2, item("lr", None)) + field(1, item("_wandb", {}))
    )
    run = read(FORMAT, file(RUN, later, history({"loss": 1.0}, 0), EXIT))
    assert run.config == {"model": {"width": 8}}


def test_a_run_that_logged_nothing_is_refused() -> None:
    with pytest.raises(Unreadable, match="holds no history"):
        read(FORMAT, file(RUN, EXIT))


def test_records_over_blocks() -> None:
    rows = [{"loss": float(number), "text": "x" * (number * 97 % 50_000)} for number in range(60)]
    data, at = b":W&B\xbe\xe1\x00", 7
    for number, row in enumerate(rows):
        rest, first = history(row, number), True
        while rest or first:
            room = 32768 - at % 32768
            if room < 7:
                data, at = data + bytes(room), at + room
                continue
            part, rest = rest[: room - 7], rest[room - 7 :]
            kind = (1 if first else 4) if not rest else (2 if first else 3)
            data, at, first = data + record(part, kind), at + 7 + len(part), False
    run = read(FORMAT, [Bytes("run.wandb", data)])
    assert run.series["loss"].values.tolist() == [row["loss"] for row in rows]


@pytest.mark.parametrize("whole", [FINISHED, KILLED], ids=["finished", "killed"])
@given(st.data())
def test_damage_anywhere_gives_no_value_that_was_not_written(whole: Bytes, data: st.DataObject) -> None:
    written = read_wandb_file(io.BytesIO(whole.data))
    rows = {tuple(map(repr, row.items())) for row in written.history}
    damaged = bytearray(whole.data[: data.draw(st.integers(7, len(whole.data)))])
    for at in data.draw(st.lists(st.integers(7, len(damaged) - 1 if len(damaged) > 7 else 7), max_size=3)):
        if at < len(damaged):
            damaged[at] = data.draw(st.integers(0, 255))
    found = read_wandb_file(io.BytesIO(bytes(damaged)))
    assert {tuple(map(repr, row.items())) for row in found.history} <= rows
    try:
        run = read(FORMAT, [Bytes("run.wandb", bytes(damaged))])
    except Unreadable as reason:
        assert str(reason).startswith("run.wandb")  # noqa: PT017 - either outcome is right
        return
    assert run.unfinished or len(damaged) == len(whole.data)
    assert len(run.series["loss"].values) <= len(written.history)


def in_folder(files: list[Bytes], name: str = "mine") -> RunFile:
    heads = {one.name: one.data[:65536] for one in files}
    return read_run(files, heads.__getitem__, name, None, {})


def test_in_a_run_folder_it_counts_before_a_table_and_after_the_trainers_state() -> None:
    losses = file(RUN, history({"loss": 3.0}, 0), history({"loss": 2.0}, 1), EXIT, name="w/run-id1.wandb")
    table = Bytes("metrics.csv", b"step,loss,grad_norm\n0,3.5,1.0\n1,2.5,1.25\n")
    run = in_folder([*losses, table])
    assert (run.format, run.series["loss"].values.tolist()) == ("wandb", [3.0, 2.0])
    assert run.series["grad_norm"].values.tolist() == [1.0, 1.25]
    assert run.config["lr"] == 0.1
    assert "loss: the values in table differ from those in wandb; the latter are shown." in run.notes
    entries = [{"step": step, "loss": loss} for step, loss in ((0, 9.0), (1, 8.0))]
    state = Bytes("trainer_state.json", json.dumps({"log_history": entries, "global_step": 1}).encode())
    run = in_folder([*losses, table, state])
    assert (run.format, run.series["loss"].values.tolist()) == ("trainer_state", [9.0, 8.0])


def test_a_folder_of_several_beside_a_record_tells_nothing_of_it() -> None:
    other = field(17, field(1, b"id2") + field(8, b"another"))
    files = [
        *file(RUN, history({"loss": 3.0}, 0), EXIT, name="wandb/a/run-id1.wandb"),
        *file(other, history({"loss": 2.0}, 0), EXIT, name="wandb/b/run-id2.wandb"),
        Bytes("metrics.csv", b"step,loss\n0,3.5\n1,2.5\n"),
    ]
    entries = [{"step": step, "loss": loss} for step, loss in ((0, 9.0), (1, 8.0))]
    files.append(Bytes("trainer_state.json", json.dumps({"log_history": entries, "global_step": 1}).encode()))
    run = in_folder(files)
    assert (run.format, list(run.series)) == ("trainer_state", ["loss"])
    assert not any("id1" in note or "wandb" in note for note in run.notes)
