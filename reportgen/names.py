"""A run's name -> its attributes."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Attributes", "attributes_of"]


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a run's name says of it; None where it does not say.

    Attributes:
        op: ``add``, ``sub``, ``mul``, ``mix`` or ``mas``.
        digits: Digits of a question's numbers.
        layers: Transformer layers.
        heads: Attention heads a layer.
        seed: Training seed.
        steps_k: Training steps, thousands.
        grokfast: Trained with GrokFast.
        insert_mode: 0 (none) to 5.
    """

    op: str | None = None
    digits: int | None = None
    layers: int | None = None
    heads: int | None = None
    seed: int | None = None
    steps_k: int | None = None
    grokfast: bool | None = None
    insert_mode: int | None = None


def attributes_of(name: str) -> Attributes:
    """The attributes that ``name`` gives; all None where no pattern fits."""
    raise NotImplementedError
