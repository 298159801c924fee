"""Runs that are folders: which files, what stands in two of them, the configuration; and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from held import Held, entries, held

from reportgen.formats import fitting, read_run
from reportgen.formats.folders import configuration, is_checkpoint, merged, needed
from reportgen.formats.refusals import refusal
from reportgen.kinds import RunFile, Series, Unreadable


def run(form: str, **series: list[tuple[int, float]]) -> RunFile:
    made = {}
    for name, found in series.items():
        steps, values = zip(*found, strict=True)
        own = name.replace("__", "/")
        made[own] = Series(own, np.array(values), np.array(steps), own)
    return RunFile(made, format=form)


def test_the_files_that_may_tell_of_a_run() -> None:
    names = [
        *("trainer_state.json", "checkpoint-500/trainer_state.json", "checkpoint-500/model.safetensors"),
        *(
            "checkpoint-500/config.json",
            "config.json",
            "model.safetensors",
            "training_args.bin",
            "tokenizer.json",
        ),
        *(
            "tokenizer_config.json",
            "generation_config.json",
            "all_results.json",
            "README.md",
            "metrics.csv.gz",
        ),
        *("runs/Aug21_host/events.out.tfevents.1.host.1.0", ".git/config", "trainer_log.jsonl", "vocab.json"),
        *("data/train.csv", "model.safetensors.index.json", "plots/metrics/train/loss.tsv", "hparams.yaml"),
        "other-run/trainer_state.json",
    ]
    assert set(needed(names)) == {
        *(
            "trainer_state.json",
            "checkpoint-500/trainer_state.json",
            "config.json",
            "README.md",
            "metrics.csv.gz",
        ),
        *(
            "runs/Aug21_host/events.out.tfevents.1.host.1.0",
            "trainer_log.jsonl",
            "plots/metrics/train/loss.tsv",
        ),
        "hparams.yaml",
    }


def test_settings_in_json_are_no_logs() -> None:
    names = ["params.json", "args.json", "hyp.yaml", "result.json"]
    assert needed(names) == ("result.json", "args.json", "hyp.yaml", "params.json")
    files = [held("params.json", '{"lr": 0.1, "betas": [0.9, 0.99]}'), held("hyp.yaml", "lr0: 0.01\n")]
    assert configuration(files) == ({"lr0": 0.01, "lr": 0.1, "betas": [0.9, 0.99]}, ())


def test_the_last_checkpoint_gives_the_configuration_that_the_run_has_not() -> None:
    names = [
        f"checkpoint-{step}/{file}"
        for step in (500, 872, 8500)
        for file in ("config.json", "trainer_state.json")
    ]
    assert [name for name in needed(names) if "config" in name] == ["checkpoint-8500/config.json"]


@pytest.mark.parametrize(
    ("name", "yes"),
    [("checkpoint-500", True), ("out/checkpoint-1", True), ("checkpoint", False), ("checkpoint-best", False)],
)
def test_checkpoints_are_no_runs(name: str, yes: bool) -> None:
    assert is_checkpoint(name) is yes


def test_what_only_the_second_tells_is_added() -> None:
    first = run("trainer_state", loss=[(1, 0.5), (2, 0.25)], grad_norm=[(1, 3.0)])
    second = run(
        "tensorboard",
        loss=[(1, 0.5), (2, float(np.float32(0.25) * np.float32(1.0000001)))],
        train__grad_norm=[(1, 3.0)],
        train__train_loss=[(2, 0.4)],
        eval__bleu=[(2, 30.0)],
    )
    both = merged([first, second])
    assert list(both.series) == ["loss", "grad_norm", "eval/bleu"]
    assert entries(both.series["loss"]) == [(1, 0.5), (2, 0.25)]
    assert both.notes == ("Only in tensorboard: eval/bleu.",)
    assert both.format == "trainer_state"


def test_where_two_differ_the_first_counts_and_a_note_says_so() -> None:
    both = merged([run("trainer_state", loss=[(1, 0.5)]), run("table", loss=[(1, 0.501), (2, 0.25)])])
    assert entries(both.series["loss"]) == [(1, 0.5)]
    assert both.notes == (
        "loss: the values in table differ from those in trainer_state; the latter are shown.",
    )


HPARAMS = """lr: 1e-3
betas: !!python/tuple [0.9, 0.99]
opt: !!python/object:x.Y {a: 1}
n: !!python/name:os.system ''
"""
CARD = """---
base_model: gpt2
license: mit
---

### Training hyperparameters

These were used:
- learning_rate: 5e-05
- seed: 42
- optimizer: Adam with betas

### Results
- x: 1
"""


def test_configurations_are_read_without_running_anything() -> None:
    files = [
        held("config.json", '{"model_type": "gpt2", "n_layer": 2}'),
        held("hparams.yaml", HPARAMS),
        held("adapter_config.json", '{"r": 8}'),
        held("args.yaml", "lr: 0.5\nimgsz: 640\n"),
        held("README.md", CARD),
    ]  # fmt: skip
    config, notes = configuration(files)
    assert notes == ()
    assert config == {
        "lr": 1e-3,
        "betas": [0.9, 0.99],
        "opt": {"a": 1},
        "n": "os.system",
        "imgsz": 640,
        "model": {"model_type": "gpt2", "n_layer": 2},
        "adapter": {"r": 8},
        "base_model": "gpt2",
        "learning_rate": 5e-05,
        "seed": 42,
        "optimizer": "Adam with betas",
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "a: [1, 2\nb: 3\n",
            "hparams.yaml is not valid YAML (line 2), so it is not part of the configuration.",
        ),
        ("- 1\n", "hparams.yaml holds no named settings, so it is not part of the configuration."),
        (
            "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]\n"
            + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
            "hparams.yaml holds over 20,000 settings, so it is not part of the configuration.",
        ),
        (
            "a0: &a0 {k: 1, l: 2, m: 3}\n"
            + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12)),
            "hparams.yaml is not valid YAML, so it is not part of the configuration.",
        ),
        ("a: &a [*a]\n", "hparams.yaml is not valid YAML, so it is not part of the configuration."),
        ("[" * 5000, "hparams.yaml is not valid YAML, so it is not part of the configuration."),
        ("a: 2026-99-99\n", "hparams.yaml is not valid YAML, so it is not part of the configuration."),
        (
            "? {a: 1}\n: 2\n",
            "hparams.yaml is not valid YAML (line 1), so it is not part of the configuration.",
        ),
    ],
)
def test_a_configuration_that_cannot_be_read_spoils_no_run(text: str, reason: str) -> None:
    config, notes = configuration([held("hparams.yaml", text), held("args.yaml", "lr: 0.5\n")])
    assert config == {"lr": 0.5}
    assert notes == (reason,)


PAGE = "is a web page or XML, perhaps an error page; download the file again"
FINAL = "holds final results only: one number for each name, no series"
LINES = "is JSON Lines without a step or a loss"
TEXT = (
    "is text in no known format; say how to read its lines: "
    """[source.format] type = "text", pattern = '...'"""
)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid", "is a Git LFS pointer; run git lfs pull"),
        (b"", "is empty; write it again, or remove the run from the list"),
        (b'{"eval_loss": 1.5, "train_loss": 2}', FINAL),
        (b'{"architectures": ["GPT2"], "n_layer": 2}', "is a configuration, not a log"),
        (b"\x80\x05\x95abc", "is a pickle, which is never opened; save the log as CSV or JSON Lines"),
        (b"SQLite format 3\0\x10\0", "is an SQLite database, but not one of MLflow or Trackio"),
        (b"<!DOCTYPE html><html>", PAGE),
        (b"\x00\x01\x02\x03", "is a binary file of no known format"),
        (b'{"id": 1, "q": "a"}\n{"id": 2, "q": "b"}\n', LINES),
        (b"epoch 1 loss 0.5\n", TEXT),
    ],
)
def test_refusals_say_what_a_file_is(head: bytes, words: str) -> None:
    assert refusal(["file"], lambda name: head) == ("file", words)


def test_refusals_of_folders() -> None:
    files = {"all_results.json": json.dumps({"train_loss": 1.5}).encode(), "model.safetensors": b"\x10\0\0\0"}
    assert refusal(list(files), files.__getitem__) == ("all_results.json", FINAL)
    assert refusal(["config.json", "log.csv.gz"], lambda _: b"\x1f\x8b\x08") == (
        "log.csv.gz",
        "is damaged (gzip); copy or compress it again",
    )
    assert refusal([], files.__getitem__) == (
        "",
        "is an empty folder; put the run's log there, or remove the run from the list",
    )
    assert refusal(["b.py", "a.py"], lambda name: b"import torch") == (
        "",
        (
            "holds no file in a known format; it has: a.py, b.py; "
            "name the file in `path`, or remove the run from the list"
        ),
    )


def test_a_folder_of_transformers_is_read_whole() -> None:
    path = Path(__file__).parent.parent / "data" / "transformers" / "lr0.01-s2"
    names = [str(file.relative_to(path)) for file in sorted(path.rglob("*")) if file.is_file()]
    chosen = needed(names)
    assert set(chosen) == {
        *("README.md", "config.json", "trainer_state.json"),
        *(f"checkpoint-{step}/trainer_state.json" for step in (20, 40, 50)),
    }
    files = {name: Held(name, (path / name).read_bytes()) for name in chosen}
    run = read_run([*files.values()], lambda name: files[name].data[: 1 << 16], "lr0.01-s2", None, {})
    assert run.format == "trainer_state"
    assert run.config["seed"] == 2 and run.config["learning_rate"] == 0.01
    assert run.config["max_steps"] == 50 and run.config["model"]["model_type"] == "gpt2"
    assert len(run.series["loss"].values) == 16


def test_a_folder_of_a_configuration_alone_is_no_run() -> None:
    files = {"settings.json": b'{"betas": [0.9, 0.99], "model_type": "gpt2"}', "notes.txt": b"loss is low\n"}
    assert not fitting(list(files), files.__getitem__)
    with pytest.raises(Unreadable, match="is a configuration, not a log"):
        read_run([Held(name, data) for name, data in files.items()], files.__getitem__, "x", None, {})


@pytest.mark.parametrize(
    "text",
    [
        "---" + "\n" * 300_000,
        "### Training hyperparameters\n- a: " + " " * 500_000 + "x\n- seed: 3\n",
        "- " * 300_000,
    ],
    ids=["blank lines", "blanks", "items"],
)
def test_a_card_of_any_shape_takes_no_time(text: str) -> None:
    """The square of such a length takes minutes."""
    configuration([held("README.md", text)])


def test_hydra_and_wandb_keep_configurations_in_their_own_way() -> None:
    names = ["log.csv", ".hydra/config.yaml", ".hydra/overrides.yaml", ".hydra/hydra.yaml"]
    assert set(needed(names)) == {"log.csv", ".hydra/config.yaml"}
    assert set(needed([*names, "config.yaml"])) == {"log.csv", "config.yaml"}
    said, notes = configuration([held(".hydra/config.yaml", "optim:\n  lr: 1e-3\nseed: 1\n")])
    assert (said, notes) == ({"optim": {"lr": 1e-3}, "seed": 1}, ())
    wandb = "wandb_version: 1\nlr: {desc: null, value: 0.5}\nm: {value: {depth: 4}}\n_wandb: {value: {}}\n"
    assert configuration([held("config.yaml", wandb)])[0] == {"lr": 0.5, "m": {"depth": 4}}
    own = "lr:\n  value: 0.5\n  warmup: 10\n"
    assert configuration([held("config.yaml", own)])[0] == {"lr": {"value": 0.5, "warmup": 10}}
