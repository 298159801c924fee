"""A run's name and its configuration -> its attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reportgen.kinds import Scalar

__all__ = [
    "QUANTA_MATHS",
    "Attributes",
    "Conflict",
    "NamedAttribute",
    "Naming",
    "question_shares",
]

Attributes = Mapping[str, Scalar | None]
"""A run's attributes by key; None where it is not known."""

Conflict = tuple[str, object, object]
"""An attribute on which a name and a configuration differ: its key, the name's value, the other's."""

_LONGEST_INTEGER = 15  # digits; from 2**53 on readers of JSON disagree


@dataclass(frozen=True, slots=True)
class NamedAttribute:
    """An attribute that a naming gives: a group of its pattern.

    Attributes:
        key: As columns, templates and ``report.json`` name it: ``digits``.
        title: Heading of its column.
        kind: What its values are; ``flag`` is true where the name has the group.
        axis: Title of an axis, where that is longer than the column's heading.
        word: How a longer label tells it: ``d{}``.
        config: Key of the configuration that gives it where the name does not.
        per: How many of the configuration's units make one of the attribute's.
        absent: What a name without the group says.
        unsaid: The value that longer labels leave out, as names do.
        ordered: Whether runs can be shown against it as against an axis.
        excused: Pairs of a name's and a configuration's value that are no disagreement.
    """

    key: str
    title: str
    kind: Literal["text", "integer", "flag"] = "text"
    axis: str = ""
    word: str = "{}"
    config: str | None = None
    per: int = 1
    absent: Scalar | None = None
    unsaid: Scalar | None = None
    ordered: bool = False
    excused: tuple[tuple[Scalar, Scalar], ...] = ()

    def read(self, found: str | None) -> Scalar | None:
        """The value that a name's group gives; ``found`` is None where the name has no such group."""
        if self.kind == "flag":
            return found is not None
        if found is None:
            return self.absent
        return int(found) if self.kind == "integer" and len(found) <= _LONGEST_INTEGER else found

    def recorded(self, config: Mapping[str, Any]) -> Scalar | None:
        """What a configuration says; values of a wrong type say nothing. Thousands may be broken."""
        value = None if self.config is None else config.get(self.config)
        if self.kind == "flag":
            return value if isinstance(value, bool) else None
        if self.kind == "text":
            return value if isinstance(value, str) else None
        number = _whole(value)
        if number is None or self.per == 1:
            return number
        return number // self.per if number % self.per == 0 else number / self.per

    def text(self, value: Scalar | None) -> str | None:
        """How a template shows a value: a flag as its word or nothing; None where it is not known."""
        if value is None:
            return None
        if self.kind == "flag":
            return self.word if value else ""
        return str(value)

    def said(self, value: Scalar | None) -> str:
        """What a value adds to a label: nothing where it is not known, or where names leave it out."""
        text = self.text(value)
        if not text or (value == self.unsaid and self.unsaid is not None):
            return ""
        return text if self.kind == "flag" else self.word.format(text)


@dataclass(frozen=True, slots=True)
class Naming:
    """A way to name runs.

    Attributes:
        pattern: The whole name; its groups are the attributes.
        attributes: In the order in which they are listed and described.
        label: Template of a run's usual label, None where what varies makes it.
    """

    pattern: re.Pattern[str]
    attributes: tuple[NamedAttribute, ...]
    label: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The attributes' keys, in order."""
        return tuple(one.key for one in self.attributes)

    def fits(self, name: str) -> bool:
        """Whether the whole name is of this naming."""
        return self.pattern.fullmatch(name) is not None

    def read(self, name: str) -> dict[str, Scalar | None]:
        """All attributes as ``name`` gives them; None each where the pattern does not fit."""
        match = self.pattern.fullmatch(name)
        return {one.key: None if match is None else one.read(match[one.key]) for one in self.attributes}

    def of(
        self, name: str, config: Mapping[str, Any]
    ) -> tuple[dict[str, Scalar | None], tuple[Conflict, ...]]:
        """All attributes of a run; where name and configuration differ, the name wins.

        Args:
            name: The run's.
            config: As recorded; its outermost keys are looked at.

        Returns:
            The attributes, and each disagreement.
        """
        return self.merge(self.read(name), config)

    def merge(
        self, attributes: Attributes, config: Mapping[str, Any]
    ) -> tuple[dict[str, Scalar | None], tuple[Conflict, ...]]:
        """Completes a name's attributes from a configuration; see :meth:`of`."""
        found = dict.fromkeys(self.keys) | dict(attributes)
        conflicts: list[Conflict] = []
        for one in self.attributes:
            named, recorded = found[one.key], one.recorded(config)
            if recorded is None:
                continue
            if named is None:
                # Only whole thousands can be written as thousands.
                found[one.key] = None if isinstance(recorded, float) else recorded
            elif named != recorded and (named, recorded) not in one.excused:
                conflicts.append((one.key, named, recorded))
        return found, tuple(conflicts)

    def words(self, attributes: Attributes, without: Sequence[str] = ()) -> str:
        """The known attributes in a few words, in the order of names: ``ins1 mix d6 l3 h4 t40K``."""
        order = {key: place for key, place in self.pattern.groupindex.items() if key not in without}
        words = [
            one.said(attributes.get(one.key))
            for one in sorted(self.attributes, key=lambda one: order.get(one.key, 0))
            if one.key in order
        ]
        return " ".join(word for word in words if word)


QUANTA_MATHS = Naming(
    pattern=re.compile(
        r"(?:ins(?P<insert_mode>[1-5])_)?(?P<op>add|sub|mul|mix|mas)"
        r"_d(?P<digits>[0-9]{1,2})_l(?P<layers>[0-9]{1,2})_h(?P<heads>[0-9]{1,2})"
        r"_t(?P<steps_k>[0-9]{1,3})K(?P<grokfast>_gf)?_s(?P<seed>[0-9]+)"
    ),
    attributes=(
        NamedAttribute("op", "Operation"),
        NamedAttribute(
            "digits",
            "Digits",
            "integer",
            axis="Digits of each number",
            word="d{}",
            config="n_digits",
            ordered=True,
        ),
        NamedAttribute("layers", "Layers", "integer", word="l{}", config="n_layers", ordered=True),
        NamedAttribute(
            "heads",
            "Heads",
            "integer",
            axis="Attention heads a layer",
            word="h{}",
            config="n_heads",
            ordered=True,
        ),
        NamedAttribute("seed", "Seed", "integer", word="s{}", config="training_seed"),
        NamedAttribute(
            "steps_k",
            "Thousand steps",
            "integer",
            axis="Training steps (thousands)",
            word="t{}K",
            config="n_training_steps",
            per=1000,
            ordered=True,
        ),
        NamedAttribute("grokfast", "GrokFast", "flag", word="gf", config="grokfast"),
        NamedAttribute(
            "insert_mode",
            "Insert mode",
            "integer",
            word="ins{}",
            config="insert_mode",
            absent=0,
            unsaid=0,
            ordered=True,
            # The training code knew insert modes 1 to 4 only: it recorded mode 5 as 0.
            excused=((5, 0),),
        ),
    ),
    label="d{digits}",
)
"""``[ins<k>_]<op>_d<digits>_l<layers>_h<heads>_t<steps>K[_gf]_s<seed>``; without ``ins<k>_`` the insert mode
is 0, without ``_gf`` there was no GrokFast."""


_SHARES = {"add": (0, 0), "sub": (100, 0), "mul": (0, 100), "mix": (66, 0), "mas": (30, 50)}
"""Operation -> (%Sub, %Mult) of the training questions, unless the file says otherwise."""


def question_shares(attributes: Attributes, config: Mapping[str, Any]) -> tuple[float, float, float] | None:
    """Shares of training questions that add, subtract and multiply, in percent.

    ``Config`` gives ``perc_sub`` and ``perc_mult``, else the operation does; addition is always
    what remains.

    Args:
        attributes: Of a Quanta Maths run.
        config: ``Config`` as recorded.

    Returns:
        ``(add, sub, mult)``, or None where neither says.
    """
    usual_sub, usual_mult = _SHARES.get(str(attributes.get("op")), (None, None))
    if attributes.get("op") == "mix" and attributes.get("insert_mode"):
        usual_sub = 80
    sub = _percent(config.get("perc_sub"), usual_sub)
    mult = _percent(config.get("perc_mult"), usual_mult)
    if sub is None or mult is None or sub + mult > 100:
        return None
    return 100 - sub - mult, sub, mult


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
