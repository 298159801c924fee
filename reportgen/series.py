"""What the name of a series tells: which way is better, and how it is titled."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from reportgen.kinds import Better

__all__ = [
    "Ranked",
    "better_of",
    "evaluates",
    "in_sentence",
    "is_evaluation",
    "parts_of",
    "ranked_by",
    "title_of",
]

_LOWER = frozenset({"loss", "error", "perplexity", "ppl", "nll", "mse", "mae", "rmse", "wer", "cer"})
_HIGHER = frozenset(
    {"acc", "accuracy", "ap", "map", "ar", "precision", "recall", "f1", "auc", "iou", "top", "bleu", "rouge"}
    | {"reward", "rew", "return", "score"}
)
_NEITHER = frozenset({"std", "weight", "scale", "coeff"})
_EVALUATION = frozenset({"val", "valid", "validation", "eval", "evaluation", "test", "dev"})
_TRAINING = frozenset({"train", "training"})
_TITLES = {"loss": "Training loss", "eval_loss": "Evaluation loss", "learning_rate": "Learning rate"}
# Of a reward: words that say no more than that it is one of an episode.
_REWARDS = frozenset({"reward", "rew", "return", "returns"})
_OF_REWARDS = _REWARDS | {
    *("ep", "episode", "episodes", "episodic", "mean", "avg", "average", "total", "cumulative"),
    *(
        "rollout",
        "train",
        "training",
        "eval",
        "evaluation",
        "test",
        "env",
        "runners",
        "charts",
        "sampler",
        "results",
    ),
}
# Beside a reward: its run learned by acting. A reward model's, which logs rewards too, has none of them.
_ACTING = frozenset({"ep", "episode", "episodes", "episodic", "rollout", "completion", "completions"})
# What tells the quality of a model by itself, the plainest first; one of precision and recall does not.
_QUALITIES = (
    frozenset({"map", "ap"}),
    frozenset({"accuracy", "acc", "top"}),
    frozenset({"f", "iou", "auc", "bleu", "rouge", "score"}),
)
# The mean over thresholds, by which detectors are compared.
_OVER_THRESHOLDS = re.compile(r"50[-_:]?95|0?\.50?:0?\.95")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def better_of(name: str) -> Better | None:
    """Which way is better: for losses and errors down, for accuracies and rewards up, else unknown."""
    parts = parts_of(name)
    if parts & _NEITHER:
        return None
    if parts & _LOWER:
        return "lower"
    return "higher" if parts & _HIGHER else None


def is_evaluation(name: str) -> bool:
    """Whether a name has a part such as ``val``, ``eval`` or ``test``."""
    return not _EVALUATION.isdisjoint(parts_of(name))


def evaluates(name: str, of: str) -> bool:
    """Whether a series measures in evaluation what another measures in training: ``val_acc`` of ``acc``."""
    return is_evaluation(name) and _measured(name) == _measured(of)


def _measured(name: str) -> set[str]:
    return parts_of(name) - _EVALUATION - _TRAINING - {""}


@dataclass(frozen=True, slots=True)
class Ranked:
    """What runs are ranked by.

    Attributes:
        series: Its name.
        metric: Of it.
        why: Half a sentence.
    """

    series: str
    metric: str
    why: str


def ranked_by(names: Sequence[str], evaluations: Collection[str] = ()) -> Ranked | None:
    """What the owner of runs looks at, where a list says nothing; None: the loss, as usual.

    The reward of runs that learned by acting. Else, without a loss as a whole, the evaluation loss; then
    what tells the quality by itself (mean average precision, accuracy, ...), of evaluation before that of
    training, and its best value, which is that of the checkpoint that is kept; then any series whose
    name tells which way is better; at last the first.

    Args:
        names: Of all series, as a list would name them, in their order.
        evaluations: Those that are known as evaluations; names that say so need not be among them.
    """
    rewards = [name for name in names if _is_reward(name)]
    if rewards and any(parts_of(name) & _ACTING for name in names):
        return Ranked(rewards[0], "end", "what counts is the reward")
    if "loss" in names or not names:
        return None
    if "eval_loss" in names:
        return Ranked("eval_loss", "last", "there is no training loss")
    tested = [name for name in names if name in evaluations or is_evaluation(name)]
    trained = [name for name in names if name not in tested]
    has_parts = any(better_of(name) == "lower" and "loss" in parts_of(name) for name in trained)
    why = "there is no loss as a whole" if has_parts else "there is no loss"
    for several in (tested, trained):
        found = [(place, name) for name in several if (place := _quality(name)) is not None]
        if found:
            return Ranked(min(found)[1], "best", why)
    known = [name for name in (*tested, *trained) if better_of(name) is not None]
    first = (*known, *names)[0]
    return Ranked(first, "last" if first in tested else "end", why)


def _is_reward(name: str) -> bool:
    words = {word for word in _words(name) if not word.isdigit()}
    return bool(words & _REWARDS) and words <= _OF_REWARDS


def _quality(name: str) -> tuple[int, bool, int] | None:
    """How plainly a series tells the quality of a model; None where it does not."""
    if better_of(name) != "higher":
        return None
    parts = parts_of(name)
    place = next((place for place, words in enumerate(_QUALITIES) if parts & words), None)
    return None if place is None else (place, not _OVER_THRESHOLDS.search(name), len(name))


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", _HUMP.sub("_", name).lower()) if word]


def title_of(name: str) -> str:
    """How a series is titled unless its list says."""
    return _TITLES.get(name, name)


def in_sentence(name: str) -> str:
    """A series within a sentence: ``evaluation loss``; what the tool has no title for keeps its name."""
    title = title_of(name)
    return title if title == name else title[:1].lower() + title[1:]


def parts_of(name: str) -> set[str]:
    """``eval/top1_acc`` -> ``eval``, ``top1``, ``top``, ``acc``; humps part words too: ``valLoss``."""
    words = [*re.split(r"[^a-z0-9]+", name.lower()), *re.split(r"[^a-z0-9]+", _HUMP.sub("_", name).lower())]
    return {part for word in words for part in (word, word.strip("0123456789"), re.sub(r"[0-9]+", "", word))}
