"""TensorBoard event files, against what wrote them."""

from __future__ import annotations

import io
import math
import os
import random
import struct
import tracemalloc
from array import array
from pathlib import Path

import event_writer as wire
import numpy as np
import pytest
from format_files import DATA, Bytes, assert_true, files_of, read, taken, truth_of
from hypothesis import given
from hypothesis import strategies as st

from reportgen.formats.event_file import read_event_file
from reportgen.formats.events import FORMAT
from reportgen.kinds import Unreadable

TOOLS = sorted(folder.name for folder in (DATA / "tensorboard").iterdir())
NAME = "events.out.tfevents.1.host.1.0"
SCALARS = [
    ("loss", 0, 3.5), ("loss", 1, 2.5), ("val/loss", 1, 3.0), ("loss", 300, 1.5), ("val/loss", 70_000, 1.25),
]  # fmt: skip


def one_file(data: bytes) -> list[Bytes]:
    return [Bytes(NAME, data)]


def pairs(data: bytes) -> dict[str, list[tuple[int, float]]]:
    found = read_event_file(io.BytesIO(data)).scalars
    return {tag: list(zip(one.steps, one.values, strict=True)) for tag, one in found.items()}


@pytest.mark.parametrize("tool", TOOLS)
def test_files_of_real_tools_hold_what_their_loops_know(tool: str) -> None:
    folder = DATA / "tensorboard" / tool
    run = read(FORMAT, files_of(folder))
    assert_true(run, truth_of(folder))
    assert run.format == "tensorboard"
    assert not run.unfinished
    for one in run.series.values():
        assert one.axes["time"].shape == one.values.shape
        assert (one.axes["time"] >= 0).all()


def test_a_restart_in_a_second_file_supersedes() -> None:
    run = read(FORMAT, files_of(DATA / "tensorboard" / "summary_writer"))
    assert run.marks == ("restarted",)
    assert run.series["loss"].superseded == 10  # steps 40 to 58, every second


def test_keras_counts_epochs_and_batches_in_one_file() -> None:
    run = read(FORMAT, files_of(DATA / "tensorboard" / "tensors"))
    assert run.series["loss"].step_unit == "epoch"
    assert run.series["eval_loss"].evaluation
    assert run.series["eval_loss"].source_name == "validation/epoch_loss"
    assert run.series["validation/evaluation_loss_vs_iterations"].step_unit == "step"


def test_what_transformers_logs_at_the_end_is_no_series() -> None:
    run = read(FORMAT, files_of(DATA / "tensorboard" / "transformers"))
    assert "train/train_loss" not in run.series
    assert "train/epoch" not in run.series
    assert run.series["loss"].axes["epoch"].tolist() == [0.25 * number for number in range(1, 13)]


def test_the_placeholder_of_lightning_is_no_series() -> None:
    run = read(FORMAT, files_of(DATA / "tensorboard" / "lightning"))
    assert "hp_metric" not in run.series


@pytest.mark.parametrize(
    ("kind", "content", "value"),
    [
        (1, b"\x2d" + struct.pack("<f", 0.1), np.float32(0.1)),
        (1, wire.field(5, struct.pack("<f", 0.1)), np.float32(0.1)),
        (1, wire.field(4, struct.pack("<f", -math.inf)), -math.inf),
        (2, b"\x31" + struct.pack("<d", 1e-300), 1e-300),
        (2, wire.field(4, struct.pack("<d", 0.1)), 0.1),
        (3, b"\x38" + wire.varint(-7), -7),
        (3, wire.field(7, wire.varint(12)), 12),
        (9, b"\x50" + wire.varint(-(2**40)), -(2**40)),
        (10, b"\x58\x01", 1),
        (14, wire.field(13, wire.varint(0x4049)), 3.140625),
        (14, wire.field(4, b"\x49\x40"), 3.140625),
        (19, b"\x68" + wire.varint(0x3C01), np.float16(1 + 2**-10)),
        (19, wire.field(4, b"\x01\x3c"), np.float16(1 + 2**-10)),
        (23, b"\x88\x01" + wire.varint(2**63), 2.0**63),
    ],
)
def test_tensors_of_every_type(kind: int, content: bytes, value: float) -> None:
    data = wire.header() + wire.event(1.7e9, 4, wire.tensor("x", kind, content)) * 3
    assert pairs(data) == {"x": [(4, float(value))] * 3}


def test_tensors_that_are_no_scalars() -> None:
    two = wire.tensor("x", 1, wire.field(5, struct.pack("<2f", 1, 2)))
    image = wire.tensor("y", 7, wire.field(8, b"png"), plugin="images")
    curve = wire.tensor("z", 1, wire.field(5, struct.pack("<f", 1)), plugin="pr_curves")
    data = wire.header() + wire.event(1.7e9, 1, two, image, curve)
    with pytest.raises(Unreadable, match="no scalars, only tensors of many numbers, images, pr_curves"):
        read(FORMAT, one_file(data))


def test_several_values_in_one_event_and_a_step_below_zero() -> None:
    data = wire.header() + wire.event(1.7e9, -5, wire.simple("a", 1), wire.simple("b", 2)) * 2
    assert pairs(data) == {"a": [(-5, 1.0)] * 2, "b": [(-5, 2.0)] * 2}


def test_a_damaged_value_costs_its_record_alone() -> None:
    data = bytearray(wire.file(SCALARS))
    at = data.index(struct.pack("<f", 2.5))
    data[at] ^= 1
    run = read(FORMAT, one_file(bytes(data)))
    assert run.series["loss"].values.tolist() == [3.5, 1.5]
    assert run.notes == ("1 damaged record was left out.",)
    assert not run.unfinished


def test_a_damaged_length_ends_the_file() -> None:
    whole = wire.file(SCALARS)
    cut = len(wire.file(SCALARS[:2]))
    damaged = whole[:cut] + b"\xff" + whole[cut + 1 :]
    run = read(FORMAT, one_file(damaged))
    assert run.series["loss"].values.tolist() == [3.5, 2.5]
    assert "damaged record length" in run.notes[0]


def test_a_cut_file_is_unfinished() -> None:
    run = read(FORMAT, one_file(wire.file(SCALARS)[:-3]))
    assert run.unfinished
    assert run.series["loss"].values.tolist() == [3.5, 2.5, 1.5]
    assert run.notes == (f"{NAME} is truncated inside a record and was read up to that point.",)


@given(
    st.lists(st.tuples(st.sampled_from(["loss", "lr", "a/b"]), st.integers(0, 2**40), st.floats(width=32)))
)
def test_what_was_written_is_read(scalars: list[tuple[str, int, float]]) -> None:
    expected: dict[str, list[tuple[int, str]]] = {}
    for tag, step, value in scalars:
        expected.setdefault(tag, []).append((step, repr(value)))
    found = pairs(wire.file(scalars))
    assert {tag: [(step, repr(value)) for step, value in one] for tag, one in found.items()} == expected


@pytest.mark.parametrize("tags", [1, 3, 200])
def test_however_many_tags_entries_keep_their_order(tags: int) -> None:
    chance = random.Random(tags)
    scalars = [
        (f"tag{chance.randrange(tags):03}", chance.choice([3, 400, 70_000]), float(n)) for n in range(900)
    ]
    data = wire.header()
    for number, (tag, step, value) in enumerate(scalars):
        content = b"\x2d" + struct.pack("<f", value)
        of = wire.tensor(tag, 1, content) if number % 5 == 0 else wire.simple(tag, value)
        data += wire.event(1.7e9 + number, step, of)
    expected: dict[str, list[tuple[int, float]]] = {}
    for tag, step, value in scalars:
        expected.setdefault(tag, []).append((step, value))
    found = pairs(data)
    assert found == expected
    assert list(found) == list(expected)


@given(st.data())
def test_damage_anywhere_gives_no_value_that_was_not_written(data: st.DataObject) -> None:
    whole = wire.file(SCALARS) + wire.event(2e9, 9, wire.tensor("t", 1, b"\x2d" + struct.pack("<f", 7)))
    damaged = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for at in data.draw(st.lists(st.integers(0, max(0, len(damaged) - 1)), max_size=3)):
        if damaged:
            damaged[at] = data.draw(st.integers(0, 255))
    written = {(tag, step, value) for tag, step, value in [*SCALARS, ("t", 9, 7.0)]}
    try:
        run = read(FORMAT, one_file(bytes(damaged)))
    except Unreadable as reason:
        assert str(reason).startswith(NAME)  # noqa: PT017 - either outcome is right
        return
    for one in run.series.values():
        assert one.steps is not None
        for step, value in zip(one.steps.tolist(), one.values.tolist(), strict=True):
            assert (one.source_name, step, value) in written


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (wire.header(), "in which nothing was logged"),
        (wire.header() + wire.event(1.7e9, 0, wire.simple("hp_metric", -1)), "only hyperparameters"),
        (wire.header() + wire.record(b"\x09" + bytes(8) + wire.field(4, b"graph")), "only a graph"),
        (b"", "no intact TensorBoard record"),
        (b"\0" * 100, "no intact TensorBoard record"),
        (os.urandom(100), "no intact TensorBoard record"),
    ],
)
def test_files_without_a_series_are_refused_by_what_they_are(data: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        read(FORMAT, one_file(data))


def test_runs_side_by_side_are_refused() -> None:
    files = [Bytes(f"version_{number}/{NAME}", wire.file(SCALARS)) for number in range(2)]
    with pytest.raises(Unreadable, match=r"2 runs, each with its loss .*version_0, version_1.*\{name\}"):
        read(FORMAT, files)


def test_runs_deep_inside_are_refused_too() -> None:
    files = [Bytes(f"logs/seed{number}/model/{NAME}", wire.file(SCALARS)) for number in range(2)]
    with pytest.raises(Unreadable, match=r"2 runs, each with its loss .*seed0/model, seed1/model"):
        read(FORMAT, files)


def test_starts_of_one_run_are_read_one_after_the_other() -> None:
    first = Bytes(f"runs/Aug21_14-36-06_host/{NAME}", wire.file([("loss", s, 1.0) for s in range(20)], 1.7e9))
    second = Bytes(
        f"runs/Aug20_10-00-00_host/{NAME}", wire.file([("loss", s, 2.0) for s in range(10, 30)], 1.8e9)
    )
    run = read(FORMAT, [second, first])
    assert run.series["loss"].values.tolist() == [1.0] * 10 + [2.0] * 20
    assert "started 2 times" in run.notes[0]


def test_content_decides() -> None:
    sound = wire.file(SCALARS)
    assert taken(FORMAT, [Bytes("log", sound)])
    assert not taken(FORMAT, [Bytes("log", b"step,loss\n1,2\n")])
    assert not taken(FORMAT, [Bytes(NAME, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")])
    assert [file.name for file in taken(FORMAT, [Bytes("config.json", b"{}"), Bytes(NAME, sound)])] == [NAME]


def test_memory_does_not_grow_with_what_is_no_scalar(tmp_path: Path) -> None:
    place = tmp_path / NAME
    histogram = wire.event(1.7e9, 1, wire.field(1, b"h") + wire.field(5, bytes(100_000)))
    with place.open("wb") as file:
        file.write(wire.header())
        for _ in range(1000):  # 100 MB
            file.write(histogram)
        file.write(wire.event(1.7e9, 1, wire.simple("loss", 1)))
    tracemalloc.start()
    with place.open("rb") as stream:
        found = read_event_file(stream)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.records == 1002
    assert found.scalars["loss"].values == array("d", [1.0])
    assert peak < 8 << 20


def test_a_record_beyond_all_bounds_is_passed_over(tmp_path: Path) -> None:
    place = tmp_path / NAME
    length = struct.pack("<Q", 80 << 20)
    with place.open("wb") as file:
        file.write(wire.header() + length + wire.masked(length))
        file.seek(80 << 20, os.SEEK_CUR)
        file.write(b"crc." + wire.event(1.7e9, 1, wire.simple("loss", 1)))
    tracemalloc.start()
    with place.open("rb") as stream:
        found = read_event_file(stream)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert list(found.scalars) == ["loss"]
    assert peak < 8 << 20


def test_a_table_of_settings_in_markdown_is_the_configuration() -> None:
    """As CleanRL writes it: ``writer.add_text("hyperparameters", "|param|value|...")``."""
    args = {
        "exp_name": "ppo",
        "seed": 3,
        "cuda": False,
        "entity": None,
        "env_id": "a|b",
        "lr": 2.5e-4,
        "n": 1e6,
    }
    text = "|param|value|\n|-|-|\n" + "\n".join(f"|{key}|{value}|" for key, value in args.items())
    written = wire.header() + b"".join(
        wire.event(1.7e9, 0, wire.tensor(tag, 7, wire.field(8, content.encode()), "text"))
        for tag, content in {
            "hyperparameters/text_summary": text,
            "notes/text_summary": "|a|b|\n|-|-|\n|x|1|",
            "config/text_summary": "|no table|of settings|",
        }.items()
    )
    written += wire.event(1.7e9, 1, wire.simple("loss", 1.0))
    run = read(FORMAT, [Bytes("events.out.tfevents.1", written)])
    assert run.config == args
    assert isinstance(run.config["seed"], int)
