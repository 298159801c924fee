"""Which way is better, by the name of a series."""

from __future__ import annotations

import pytest

from reportgen.series import better_of, is_evaluation, title_of


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
