"""What the name of a series tells: which way is better, and how it is titled."""

from __future__ import annotations

import re

from reportgen.kinds import Better

__all__ = ["better_of", "evaluates", "is_evaluation", "title_of"]

_LOWER = frozenset({"loss", "error", "perplexity", "ppl", "nll", "mse", "mae", "rmse", "wer", "cer"})
_HIGHER = frozenset(
    {"acc", "accuracy", "ap", "map", "ar", "precision", "recall", "f1", "auc", "iou", "top", "bleu", "rouge"}
    | {"reward", "rew", "return", "score"}
)
_NEITHER = frozenset({"std", "weight", "scale", "coeff"})
_EVALUATION = frozenset({"val", "valid", "validation", "eval", "evaluation", "test", "dev"})
_TRAINING = frozenset({"train", "training"})
_TITLES = {"loss": "Training loss", "eval_loss": "Evaluation loss", "learning_rate": "Learning rate"}
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def better_of(name: str) -> Better | None:
    """Which way is better: for losses and errors down, for accuracies and rewards up, else unknown."""
    parts = _parts(name)
    if parts & _NEITHER:
        return None
    if parts & _LOWER:
        return "lower"
    return "higher" if parts & _HIGHER else None


def is_evaluation(name: str) -> bool:
    """Whether a name has a part such as ``val``, ``eval`` or ``test``."""
    return not _EVALUATION.isdisjoint(_parts(name))


def evaluates(name: str, of: str) -> bool:
    """Whether a series measures in evaluation what another measures in training: ``val_acc`` of ``acc``."""
    return is_evaluation(name) and _measured(name) == _measured(of)


def _measured(name: str) -> set[str]:
    return _parts(name) - _EVALUATION - _TRAINING - {""}


def title_of(name: str) -> str:
    """How a series is titled unless its list says."""
    return _TITLES.get(name, name)


def _parts(name: str) -> set[str]:
    """``eval/top1_acc`` -> ``eval``, ``top1``, ``top``, ``acc``; humps part words too: ``valLoss``."""
    words = [*re.split(r"[^a-z0-9]+", name.lower()), *re.split(r"[^a-z0-9]+", _HUMP.sub("_", name).lower())]
    return {part for word in words for part in (word, word.strip("0123456789"), re.sub(r"[0-9]+", "", word))}
