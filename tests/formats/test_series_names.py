"""Which series is which, by the parts of its name."""

from __future__ import annotations

import pytest

from reportgen.formats.series_names import is_evaluation, own_names, parts


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("train/value_loss", ("train", "value", "loss")),
        ("valLoss", ("val", "loss")),
        ("metrics/mAP50-95(B)", ("metrics", "m", "ap", "50", "95", "b")),
        ("Train Loss", ("train", "loss")),
        ("GPUMem", ("gpu", "mem")),
    ],
)
def test_parts(name: str, expected: tuple[str, ...]) -> None:
    assert parts(name) == expected


@pytest.mark.parametrize(
    "name", ["val_loss", "Valid MSE", "eval/loss", "test_acc", "valLoss", "eval_g0_loss"]
)
def test_evaluations(name: str) -> None:
    assert is_evaluation(name)


@pytest.mark.parametrize(
    "name", ["train/value_loss", "evaluator_loss", "interval", "latest", "devices", "loss"]
)
def test_what_only_holds_the_letters_is_none(name: str) -> None:
    assert not is_evaluation(name)


@pytest.mark.parametrize(
    ("names", "loss", "evaluation", "rate"),
    [
        (["loss", "train_loss", "val_loss", "lr"], "loss", "val_loss", "lr"),
        (["train_loss_epoch", "train_loss_step", "val_loss"], "train_loss_step", "val_loss", None),
        (["train/value_loss", "train/loss", "config/vf_loss_coeff"], "train/loss", None, None),
        (["loss_cls", "loss_box_reg", "total_loss", "lr"], "total_loss", None, "lr"),
        (["train/box_loss", "train/cls_loss", "val/box_loss", "lr/pg0", "lr/pg1"], None, None, "lr/pg0"),
        (["lm loss", "num-zeros"], "lm loss", None, None),
        (["Train loss", "Valid MSE", "Test MSE"], "Train loss", None, None),
        (["info/learner/default_policy/learner_stats/total_loss", "a/vf_loss"], None, None, None),
        (["test_loss", "train_loss"], "train_loss", None, None),
        (["eval_loss", "val_loss"], None, "eval_loss", None),
        (["val_total_loss", "val_box_loss"], None, "val_total_loss", None),
        (["policy_loss", "reward"], "policy_loss", None, None),
        (["policy_loss", "value_loss"], None, None, None),
        (["lr-Adam", "weight_decay"], None, None, "lr-Adam"),
        (["config/vf_loss_coeff"], None, None, None),
        (["lr_scale"], None, None, None),
        (["lr", "learning_rate"], None, None, "learning_rate"),
        (["train_losses", "val_losses"], "train_losses", "val_losses", None),
    ],
)
def test_own_names(names: list[str], loss: str | None, evaluation: str | None, rate: str | None) -> None:
    found = {own: theirs for theirs, own in own_names(names).items()}
    if names[0].startswith("info/"):
        assert found["loss"] == names[0]
        return
    assert (found.get("loss"), found.get("eval_loss"), found.get("learning_rate")) == (loss, evaluation, rate)
    assert len(found) == len(names)
    assert all(found[name] == name for name in names if name not in {loss, evaluation, rate})
