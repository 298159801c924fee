"""Which way is better, by the name of a series."""

from __future__ import annotations

import pytest

from reportgen.series import Ranked, better_of, is_evaluation, ranked_by, title_of


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("loss", "lower"),
        ("train/valueLoss", "lower"),
        ("eval_wer", "lower"),
        ("eval/perplexity", "lower"),
        ("accuracy", "higher"),
        ("eval_accuracy", "higher"),
        ("top1_acc", "higher"),
        ("top5", "higher"),
        ("metrics/mAP50(B)", "higher"),
        ("metrics/mAP50-95(B)", "higher"),
        ("metrics/precision(B)", "higher"),
        ("bbox_AP75", "higher"),
        ("rollout/ep_rew_mean", "higher"),
        ("f1", "higher"),
        ("eval_rougeL", "higher"),
        ("reward_std", None),
        ("loss_scale", None),
        ("vf_loss_coeff", None),
        ("learning_rate", None),
        ("grad_norm", None),
        ("map_size", "higher"),
        ("snap", None),
        ("lossless", None),
    ],
)
def test_better(name: str, better: str | None) -> None:
    assert better_of(name) == better


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("eval_loss", True),
        ("val/loss", True),
        ("valLoss", True),
        ("test1_acc", True),
        ("validity", False),
        ("train/value_loss", False),
        ("loss", False),
        ("latest", False),
    ],
)
def test_evaluations(name: str, holds: bool) -> None:
    assert is_evaluation(name) is holds


def test_titles() -> None:
    assert [title_of(name) for name in ("loss", "eval_loss", "train/kl")] == [
        "Training loss",
        "Evaluation loss",
        "train/kl",
    ]


# What tools log, in the order of their files, and what those who train with them compare.
ULTRALYTICS = (
    *("train/box_loss", "train/cls_loss", "train/dfl_loss", "metrics/precision(B)", "metrics/recall(B)"),
    *("metrics/mAP50(B)", "metrics/mAP50-95(B)", "val/box_loss", "val/cls_loss", "learning_rate"),
)
YOLOV5 = (
    *("train/box_loss", "train/obj_loss", "metrics/precision", "metrics/recall", "metrics/mAP_0.5"),
    *("metrics/mAP_0.5:0.95", "val/box_loss"),
)
COCO = ("coco/AP", "coco/AP .5", "coco/AP .75", "coco/AP (M)", "coco/AR", "loss_kpt")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("loss", "accuracy", "eval_loss", "val_accuracy"), None),  # Keras
        (("loss", "bbox/AP", "fast_rcnn/cls_accuracy"), None),  # detectron2: total_loss is our loss
        (("loss", "policy_loss", "value_loss"), None),
        (ULTRALYTICS, ("metrics/mAP50-95(B)", "best")),
        (YOLOV5, ("metrics/mAP_0.5:0.95", "best")),
        (COCO, ("coco/AP", "best")),
        (("epoch_time", "eval_loss", "val_accuracy"), ("eval_loss", "last")),  # Lightning, without train_loss
        (("lr", "train_acc", "val_acc"), ("val_acc", "best")),
        (("lr", "train_acc"), ("train_acc", "best")),
        (("val_wer", "lr"), ("val_wer", "last")),
        (("Generator loss", "Discriminator loss"), ("Generator loss", "end")),
        (("lr", "throughput"), ("lr", "end")),
        (("train/dice", "train/iou"), ("train/iou", "best")),
        # Stable-Baselines3, Ray, CleanRL, GRPO: a loss is there and says little.
        (("loss", "rollout/ep_len_mean", "rollout/ep_rew_mean"), ("rollout/ep_rew_mean", "end")),
        (("loss", "episode_reward_max", "episode_reward_mean"), ("episode_reward_mean", "end")),
        (("loss", "charts/SPS", "charts/episodic_return"), ("charts/episodic_return", "end")),
        (("loss", "completions/mean_length", "reward", "reward_std"), ("reward", "end")),
        (("loss", "env_runners/episode_return_mean"), ("env_runners/episode_return_mean", "end")),
        # Preferences and a reward model: what is trained is told by the loss.
        (("loss", "rewards/chosen", "rewards/margins", "eval_loss"), None),
        (("loss", "min_reward", "mean_reward", "max_reward", "margin"), None),
        ((), None),
    ],
)
def test_what_runs_are_ranked_by(names: tuple[str, ...], expected: tuple[str, str] | None) -> None:
    validated = {name for name in names if name.startswith("metrics/")}
    found = ranked_by(names, validated)
    assert (None if found is None else (found.series, found.metric)) == expected
    assert found is None or (isinstance(found, Ranked) and found.why)
