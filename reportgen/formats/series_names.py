"""What a file's own names of series mean: which is the loss, which an evaluation, which the rate.

Names are matched by their parts, never by substrings: ``val`` is inside ``train/value_loss``, and
``config/vf_loss_coeff`` is no loss.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["is_evaluation", "is_measure", "own_names", "parts"]

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_EVALUATION = frozenset({"val", "valid", "validation", "eval", "evaluation", "test", "dev"})
_TESTS = frozenset({"test"})
_TRAINING = frozenset({"train", "training", "trn", "tr"})
# Of losses: names that say no more than that it is one, the plainest first.
_LOSSES = (
    ("loss",),
    ("total", "loss"),
    ("loss", "total"),
    ("loss", "step"),
    ("loss", "batch"),
    ("batch", "loss"),
    ("loss", "iter"),
    ("loss", "epoch"),
    ("epoch", "loss"),
    ("lm", "loss"),
    ("loss", "mean"),
    ("mean", "loss"),
    ("loss", "avg"),
    ("avg", "loss"),
    ("average", "loss"),
    ("running", "loss"),
    ("smoothed", "loss"),
    ("nll", "loss"),
    ("ce", "loss"),
    ("cross", "entropy", "loss"),
    ("cross", "entropy"),
    ("nll",),
    ("cost",),
    ("objective",),
)
_PLAIN = len(_LOSSES)
# A name with one of these is no measure of how far a run has come.
_NO_MEASURE = frozenset({"coeff", "coef", "weight", "scale", "std", "var", "min", "max", "scaler"})
# What nobody writes in columns of anything but training or its evaluation.
_MEASURES = frozenset(
    {
        *(
            "loss",
            "losses",
            "perplexity",
            "ppl",
            "nll",
            "mse",
            "mae",
            "rmse",
            "wer",
            "cer",
            "acc",
            "accuracy",
        ),
        *("auc", "iou", "bleu", "rouge", "reward", "rew"),
    }
)
_RATES = (("learning", "rate"), ("lr",))
_BEFORE_RATES = frozenset(
    {*_TRAINING, "trainer", "optimizer", "optim", "opt", "cur", "current", "x", "base", "charts"}
)


def parts(name: str) -> tuple[str, ...]:
    """``train/valueLoss_2`` -> ``train``, ``value``, ``loss``, ``2``."""
    return tuple(part.lower() for part in _PARTS.findall(name))


def is_evaluation(name: str) -> bool:
    """Whether a series is known as an evaluation by its name."""
    return not _EVALUATION.isdisjoint(parts(name))


def is_measure(name: str) -> bool:
    """Whether a name says that it measures training, where nothing else does: no step, no epoch."""
    return not _MEASURES.isdisjoint(parts(name))


def own_names(names: Iterable[str]) -> dict[str, str]:
    """The names under which series are kept.

    ``loss``, ``eval_loss`` and ``learning_rate`` are the tool's own.

    Args:
        names: Of the series of one run, as its file has them, without twins.

    Returns:
        The file's name to ours; all but those three keep theirs, and no two become one.
    """
    found = list(names)
    chosen = {
        "loss": _first(found, _loss_rank) or _only_loss(found),
        "eval_loss": _first(found, _evaluation_rank),
        "learning_rate": _first(found, _rate_rank),
    }
    ours = {theirs: own for own, theirs in chosen.items() if theirs is not None}
    taken = set(ours.values())
    result = {}
    for name in found:
        own = ours.get(name, name)
        # A name of ours that means something else in this file is set apart.
        result[name] = own if name in ours or own not in taken else f"{own} (2)"
    return result


def _first(names: list[str], rank: object) -> str | None:
    ranked = [(key, place) for place, name in enumerate(names) if (key := rank(name)) is not None]  # type: ignore[operator]
    return names[min(ranked)[1]] if ranked else None


def _said(name: str) -> tuple[str, ...]:
    return tuple("loss" if part == "losses" else part for part in parts(name))


def _plain_loss(said: tuple[str, ...]) -> int | None:
    """How plainly a name without its training or evaluation parts says loss; None where it does not."""
    if said in _LOSSES:
        return _LOSSES.index(said)
    return None


def _loss_rank(name: str) -> tuple[int, int] | None:
    if name == "loss":
        return (-1, 0)
    said = _said(name)
    if not _EVALUATION.isdisjoint(said) or not _NO_MEASURE.isdisjoint(said):
        return None
    core = tuple(part for part in said if part not in _TRAINING)
    rank = _plain_loss(core)
    if rank is None and core[-2:] == ("total", "loss"):
        rank = _PLAIN
    if rank is None and parts(re.split(r"[/.]", name)[-1]) in {("loss",), ("train", "loss")}:
        rank = _PLAIN + 1
    return None if rank is None else (rank, len(said))


def _only_loss(names: list[str]) -> str | None:
    """The one series of training that says loss at all, where it is the only one."""
    found = [
        name
        for name in names
        if "loss" in (said := _said(name)) and _EVALUATION.isdisjoint(said) and _NO_MEASURE.isdisjoint(said)
    ]
    return found[0] if len(found) == 1 else None


def _evaluation_rank(name: str) -> tuple[int, int, int] | None:
    said = _said(name)
    if name == "eval_loss":
        return (-1, 0, 0)
    if _EVALUATION.isdisjoint(said) or not _TESTS.isdisjoint(said):
        return None
    rank = _plain_loss(tuple(part for part in said if part not in _EVALUATION))
    return None if rank is None else (rank, len(said), 0)


def _rate_rank(name: str) -> tuple[int, int] | None:
    if name == "learning_rate":
        return (-1, 0)
    said = tuple(part for part in parts(name) if not part.isdigit())
    core = said
    while core and core[0] in _BEFORE_RATES:
        core = core[1:]
    if not _NO_MEASURE.isdisjoint(core):
        return None
    if core in _RATES:
        return (0, len(said))
    return (1, len(said)) if core[:1] == ("lr",) else None
