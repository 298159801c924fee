"""A run's name -> its attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

__all__ = ["ATTRIBUTES", "Attributes", "attributes_of", "merge", "question_shares"]


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


ATTRIBUTES: tuple[str, ...] = tuple(field.name for field in fields(Attributes))
"""The attributes' names, in the contract's order."""

_NAME = re.compile(
    r"(?:ins(?P<insert_mode>[1-5])_)?(?P<op>add|sub|mul|mix|mas)"
    r"_d(?P<digits>[0-9]{1,2})_l(?P<layers>[0-9]{1,2})_h(?P<heads>[0-9]{1,2})"
    r"_t(?P<steps_k>[0-9]{1,3})K(?P<grokfast>_gf)?_s(?P<seed>[0-9]{6})"
)

_CONFIG_KEYS = {
    "digits": "n_digits",
    "layers": "n_layers",
    "heads": "n_heads",
    "seed": "training_seed",
    "insert_mode": "insert_mode",
}

_SHARES = {"add": (0, 0), "sub": (100, 0), "mul": (0, 100), "mix": (66, 0), "mas": (30, 50)}
"""Operation -> (%Sub, %Mult) of the training questions, unless the file says otherwise."""


def attributes_of(name: str) -> Attributes:
    """The attributes that ``name`` gives; all None where no pattern fits.

    The pattern is ``[ins<k>_]<op>_d<digits>_l<layers>_h<heads>_t<steps>K[_gf]_s<seed>``; without
    ``ins<k>_`` the insert mode is 0, without ``_gf`` there was no GrokFast.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return Attributes()
    return Attributes(
        op=match["op"],
        digits=int(match["digits"]),
        layers=int(match["layers"]),
        heads=int(match["heads"]),
        seed=int(match["seed"]),
        steps_k=int(match["steps_k"]),
        grokfast=match["grokfast"] is not None,
        insert_mode=int(match["insert_mode"] or 0),
    )


def merge(
    attributes: Attributes, config: Mapping[str, Any]
) -> tuple[Attributes, tuple[tuple[str, object, object], ...]]:
    """Completes a name's attributes from ``Config``; where both speak and differ, the name wins.

    Args:
        attributes: From the name.
        config: ``Config`` as recorded. Values of a wrong type say nothing.

    Returns:
        The attributes, and each disagreement as ``(attribute, from_name, from_config)``.
    """
    found: dict[str, Any] = {}
    conflicts: list[tuple[str, object, object]] = []
    for attribute, recorded in _recorded(config).items():
        named = getattr(attributes, attribute)
        if named is None:
            # Only whole thousands of steps can be told as ``steps_k``.
            if not isinstance(recorded, float):
                found[attribute] = recorded
        elif named != recorded and not (attribute == "insert_mode" and named == 5 and recorded == 0):
            # The training code knew insert modes 1 to 4 only: it recorded mode 5 as 0.
            conflicts.append((attribute, named, recorded))
    return replace(attributes, **found), tuple(conflicts)


def question_shares(run: str | Attributes, config: Mapping[str, Any]) -> tuple[float, float, float] | None:
    """Shares of training questions that add, subtract and multiply, in percent.

    ``Config`` gives ``perc_sub`` and ``perc_mult``, else the operation does; addition is always
    what remains.

    Args:
        run: A name or its attributes.
        config: ``Config`` as recorded.

    Returns:
        ``(add, sub, mult)``, or None where neither says.
    """
    attributes = attributes_of(run) if isinstance(run, str) else run
    usual_sub, usual_mult = _SHARES.get(attributes.op or "", (None, None))
    if attributes.op == "mix" and attributes.insert_mode:
        usual_sub = 80
    sub = _percent(config.get("perc_sub"), usual_sub)
    mult = _percent(config.get("perc_mult"), usual_mult)
    if sub is None or mult is None or sub + mult > 100:
        return None
    return 100 - sub - mult, sub, mult


def _recorded(config: Mapping[str, Any]) -> dict[str, int | float | bool]:
    """What ``Config`` says of attributes; thousands of steps may be broken."""
    found: dict[str, int | float | bool] = {}
    for attribute, key in _CONFIG_KEYS.items():
        value = _whole(config.get(key))
        if value is not None:
            found[attribute] = value
    steps = _whole(config.get("n_training_steps"))
    if steps is not None:
        found["steps_k"] = steps // 1000 if steps % 1000 == 0 else steps / 1000
    if isinstance(config.get("grokfast"), bool):
        found["grokfast"] = config["grokfast"]
    return found


def _whole(value: object) -> int | None:
    """``value`` where it is a whole number that JSON readers agree on, as an int."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if not 0 <= value < 2**53 or value != int(value):
        return None
    return int(value)


def _percent(value: object, usual: int | None) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 100:
        return value
    return usual
