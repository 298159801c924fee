"""Configurations of a family's runs -> what they are told apart by. Knows no files, runs or reports.

Configurations are read as recorded, nested, of any tool; their keys are named by paths: ``optimizer.lr``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from reportgen.kinds import Scalar

__all__ = [
    "MOST_COLUMNS",
    "NOTHING_VARIED",
    "Attribute",
    "Difference",
    "LeftOut",
    "Varied",
    "as_attribute",
    "as_number",
    "differences",
    "flatten",
    "in_words",
    "is_seed",
    "varied_of",
]

Kind = Literal["number", "text", "boolean"]

MOST_COLUMNS = 6
"""Varied attributes that are columns of a table unless its list says otherwise."""

_LONGEST_TEXT = 60
_DEEPEST = 32
_LONGEST_INTEGER = 63  # bits; others are text, as readers of JSON would round them

# Words of names that are metrics; without digits, so top5 is one too.
_METRICS = frozenset(
    {
        "loss", "error", "perplexity", "ppl", "nll", "mse", "mae", "rmse", "wer", "cer", "acc", "accuracy",
        "ap", "map", "ar", "precision", "recall", "f", "auc", "iou", "top", "bleu", "rouge", "reward",
        "rew", "return", "score", "metric",
    }
)  # fmt: skip
_RESULTS = ("final_", "best_", "avg_", "eval_", "val_")
_IDENTITIES = ("id", "uuid", "hash", "commit", "time", "date", "port", "runtime", "per_second")
_OF_A_MACHINE = frozenset(
    ["pid", "duration", "elapsed", "memory", "host", "user", "run_name", "output_dir", "logging_dir"]
)

_NUMBER = re.compile(
    r"[+-]?(?P<mantissa>[0-9]+(?P<point>\.[0-9]*)?|\.[0-9]+)(?P<exponent>[eE][+-]?[0-9]{1,3})?"
)
_MOST_DIGITS = 15  # a float64 tells whole numbers of so many digits apart
# Not owner/model: one slash, and nothing that looks like a file.
_PATH = re.compile(
    r"[/.~\\].*|[A-Za-z]:[\\/].*|.*\\.*|[^/]*/[^/]*/.*|.*/[^/]*\.[A-Za-z][A-Za-z0-9]{0,5}", re.DOTALL
)
_DATE = re.compile(
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([T _][0-2][0-9][:-][0-5][0-9]([:-][0-5][0-9]([.,][0-9]+)?)?(Z|[+-][0-2][0-9]:?[0-5][0-9])?)?"
)


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something that runs are told apart by.

    Attributes:
        key: As lists name it: ``lr``; ``config.<path>`` where something else has that name.
        path: In the configuration; None where a name or the list gives it.
        kind: What its values are compared and sorted as.
        values: Of each run, in the family's order; None where it is missing.
        seed: It tells repetitions apart, and nothing else.
        varied: It differs among the runs, a missing one being a value of its own. Never said of a seed.
        tied_to: Key of the attribute before it that it follows from; None where it follows from none.
    """

    key: str
    path: str | None
    kind: Kind
    values: tuple[Scalar | None, ...]
    seed: bool = False
    varied: bool = False
    tied_to: str | None = None

    @property
    def last_part(self) -> str:
        """``lr`` of ``optimizer.lr``."""
        return (self.path or self.key).rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A key of the configuration that is no attribute, though it differs, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Varied:
    """What the runs of a family are told apart by.

    Attributes:
        attributes: Of names first, then in the configuration's order: those that vary, seeds, and those
            that names and the list give.
        shared: Path to value of what is the same for all runs that have a configuration.
        left_out: Keys that differ and are no attributes.
        aliases: Names that the list uses for attributes of other keys: ``lr`` to ``optimizer.lr``.
        warnings: What the list's author should know of these names, a sentence each.
    """

    attributes: tuple[Attribute, ...] = ()
    shared: Mapping[str, Scalar] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def free(self) -> tuple[Attribute, ...]:
        """Those that vary and follow from none before them: columns, axes and parts of labels."""
        return tuple(one for one in self.attributes if one.varied and one.tied_to is None)

    @property
    def seeds(self) -> tuple[Attribute, ...]:
        """Those that tell repetitions apart."""
        return tuple(one for one in self.attributes if one.seed)

    @property
    def columns(self) -> tuple[str, ...]:
        """Keys of the columns of a table that is not told which."""
        return tuple(one.key for one in self.free[:MOST_COLUMNS])

    def get(self, name: str) -> Attribute | None:
        """The attribute that the list calls ``name``, None where there is none."""
        key = self.aliases.get(name, name)
        return next((one for one in self.attributes if one.key == key), None)

    def ordered(self, indices: Sequence[int]) -> Varied:
        """The same of the runs at ``indices``, in that order."""
        return replace(
            self,
            attributes=tuple(
                replace(one, values=tuple(one.values[index] for index in indices)) for one in self.attributes
            ),
        )

    def of_run(self, index: int) -> dict[str, Scalar | None]:
        """Key to value of the run at ``index``."""
        return {one.key: one.values[index] for one in self.attributes}


NOTHING_VARIED = Varied()
"""Of a family whose runs nobody looked at."""


def flatten(config: Mapping[str, Any]) -> dict[str, Scalar]:
    """Path to value of a nested configuration, in its order; null is missing.

    A list is one value, as JSON writes it, since it is one choice (``[256, 256]``). Numbers that JSON cannot
    write, and whole ones of over 64 bits, are text.
    """
    found: dict[str, Scalar] = {}
    _flatten(config, "", 0, found)
    return found


def _flatten(config: Mapping[str, Any], before: str, depth: int, found: dict[str, Scalar]) -> None:
    # By type, the usual ones first: a family of 10,000 runs has millions of values.
    for key, value in config.items():
        path = f"{before}{key}"
        kind = type(value)
        if kind is str or kind is bool:
            found[path] = value
        elif kind is int:
            found[path] = value if value.bit_length() <= _LONGEST_INTEGER else f"{value:#x}"
        elif kind is float:
            found[path] = value if math.isfinite(value) else str(value)
        elif isinstance(value, Mapping):
            if depth < _DEEPEST:
                _flatten(value, f"{path}.", depth + 1, found)
        elif isinstance(value, (list, tuple)):
            try:
                found[path] = json.dumps(value, ensure_ascii=False)
            except (TypeError, ValueError, RecursionError):
                continue


def is_seed(path: str) -> bool:
    """Whether a key tells repetitions apart: ``seed``, ``data_seed``, ``random_state``."""
    last = path.rpartition(".")[2].lower()
    return last in ("seed", "random_state") or last.endswith("_seed")


def as_number(text: str) -> int | float | None:
    """The finite number that a text is; None where it is none, or an identity that looks like one.

    ``6037e443`` and ``12e4567`` are no numbers, nor is one of more digits than a float64 tells apart.
    """
    found = _NUMBER.fullmatch(text.strip())
    if found is None or sum(map(str.isdigit, found["mantissa"])) > _MOST_DIGITS:
        return None
    if found["exponent"] is None and found["point"] is None and found["mantissa"][0] != ".":
        return int(found[0])
    exponent = found["exponent"] or ""
    if exponent and exponent[1:].isdigit() and found["mantissa"].isdigit() and len(found["mantissa"]) > 2:
        return None  # an exponent without a sign behind many digits: hexadecimal
    number = float(found[0])
    return number if math.isfinite(number) else None


def varied_of(
    configs: Sequence[Mapping[str, Any]],
    names: Sequence[str] = (),
    named: Sequence[Mapping[str, Scalar | None]] = (),
    *,
    paths: Mapping[str, str] | None = None,
    listed: Collection[str] = (),
    taken: Collection[str] = (),
    given: Collection[str] = (),
) -> Varied:
    """What the runs of a family are told apart by.

    Args:
        configs: Of each run, nested; those of runs without one are empty and take no part.
        names: Of the runs: text that holds them is no attribute.
        named: What names give of each run, already read; None where a name gives nothing.
        paths: Key to path of attributes that the list gives (``[attributes]``).
        listed: Names that the list uses: they are attributes whatever they look like.
        taken: Names that something before all attributes has: columns of every table, and of ``extra``.
        given: Paths that ``named`` was already completed from; they are not attributes twice.
    """
    flat = [flatten(config) for config in configs]
    part = [index for index, one in enumerate(flat) if one]
    every = dict.fromkeys(path for one in flat for path in one if path not in given)
    values = {path: tuple(one.get(path) for one in flat) for path in every}
    differ = {path for path in every if _differs([values[path][index] for index in part])}
    why_not = {
        path: why
        for path in every
        if (
            why := _why_not(path, values[path], names)
            if path in differ
            else _why_not(path, values[path][:1], ())
        )
        is not None
    }
    first = _of_names(named, taken)
    used = {*taken, *(one.key for one in first)}
    renamed = {path: key for key, path in (paths or {}).items()}
    chosen = {
        path
        for path in every
        if path in renamed or (path not in why_not and (path in differ or is_seed(path)))
    }
    keys = _keys([path for path in every if path in chosen], renamed, used)
    meant, warnings = _meant([name for name in listed if name not in {*used, *keys.values()}], every, chosen)
    chosen |= {*meant.values()}
    in_order = [path for path in every if path in chosen]
    before, keys = keys, _keys(in_order, renamed, used)
    attributes = [*first, *(_attribute(keys[path], path, values[path], part) for path in in_order)]
    aliases = {key: keys[path] for path, key in before.items()} | {
        name: keys[path] for name, path in meant.items()
    }
    return Varied(
        attributes=_tied(attributes, part),
        shared={
            path: values[path][part[0]]  # type: ignore[misc]  # none is missing where all are equal
            for path in every
            if path not in differ and path not in why_not
        },
        left_out=tuple(
            LeftOut(path, why_not[path])
            for path in every
            if path in differ and path in why_not and path not in chosen
        ),
        aliases={name: key for name, key in aliases.items() if name != key},
        warnings=warnings,
    )


def _meant(
    names: Iterable[str], every: Collection[str], chosen: Collection[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Name to the path that a list means by it, and what is ambiguous: then it is the shortest."""
    meant, warnings = {}, []
    for name in names:
        plain = name.removeprefix("config.")
        ends = [path for path in every if path == plain or path.endswith(f".{name}")]
        ends = [path for path in ends if path == plain] or [path for path in ends if path in chosen] or ends
        if not ends:
            continue
        meant[name] = min(ends, key=lambda path: (path.count("."), len(path)))
        if len(ends) > 1:
            others = ", ".join(path for path in ends if path != meant[name])
            warnings.append(f'"{name}" is taken for {meant[name]}; write the path to mean {others}')
    return meant, tuple(warnings)


def as_attribute(key: str, values: Sequence[Scalar | None]) -> Attribute:
    """Values that are known already, as one attribute."""
    return _attribute(key, None, tuple(values), range(len(values)))


def _of_names(named: Sequence[Mapping[str, Scalar | None]], taken: Collection[str]) -> list[Attribute]:
    keys = dict.fromkeys(key for one in named for key in one if key not in taken)
    found = []
    for key in keys:
        values = tuple(one.get(key) for one in named)
        part = [index for index, value in enumerate(values) if value is not None]
        if part:
            found.append(_attribute(key, None, values, part))
    return found


def _attribute(
    key: str, path: str | None, values: tuple[Scalar | None, ...], part: Sequence[int]
) -> Attribute:
    kind, values = _as_one_kind(values)
    seed = is_seed(key) or (path is not None and is_seed(path))
    varied = not seed and _differs([values[index] for index in part])
    return Attribute(key, path, kind, values, seed, varied)


def _as_one_kind(values: tuple[Scalar | None, ...]) -> tuple[Kind, tuple[Scalar | None, ...]]:
    """The kind of some values, and the values as that kind."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, bool) for value in known):
        return "boolean", values
    numbers = [
        as_number(value) if isinstance(value, str) else None if isinstance(value, bool) else value
        for value in known
    ]
    if known and None not in numbers:
        read = iter(numbers)
        return "number", tuple(None if value is None else next(read) for value in values)
    return "text", tuple(None if value is None else _text(value) for value in values)


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _differs(values: Sequence[Scalar | None]) -> bool:
    """Whether some values are not all equal, a missing one being a value of its own."""
    if len(set(values)) == 1:
        return False
    _, same = _as_one_kind(tuple(values))
    return len(set(same)) > 1


def _why_not(path: str, values: Sequence[Scalar | None], names: Sequence[str]) -> str | None:
    """Why a key is no attribute by itself; None where it is one."""
    parts = [part.lower().replace("-", "_") for part in path.split(".")]
    last = parts[-1]
    known = [value for value in values if value is not None]
    texts = [value for value in known if isinstance(value, str)]
    if any(part.startswith("_") for part in parts):
        return "its name begins with _"
    if last in _OF_A_MACHINE or last in _IDENTITIES or last.endswith(tuple(f"_{end}" for end in _IDENTITIES)):
        return "it is an identity, a time or a place"
    if _is_result(last) and sum(as_number(text) is None for text in texts) < len(known):
        return "it is a result"  # MLflow keeps numbers as text
    if any(len(text) > _LONGEST_TEXT for text in texts):
        return f"it is text of over {_LONGEST_TEXT} characters"
    if not texts or len(texts) < len(known):
        return None
    if all(_DATE.fullmatch(text) for text in texts):
        return "it is a date"
    if names and all(_holds(str(text), name) for text, name in zip(values, names, strict=True) if text):
        return "it holds the run's name"
    if len(texts) > 1 and len(set(texts)) == len(texts) and all(map(_PATH.fullmatch, texts)):
        return "it is a path of each run's own"
    return None


def _is_result(last: str) -> bool:
    """``final_loss``, ``eval_accuracy_top5``: no choice, though a configuration records it."""
    words = {word.rstrip("0123456789") for word in last.split("_")}
    return last.startswith(_RESULTS) and not _METRICS.isdisjoint(words)


def _holds(text: str, name: str) -> bool:
    """Whether a text holds a run's name, whole, or is the last part of one."""
    if text == name.rpartition("/")[2]:
        return True
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", text) is not None


def _keys(chosen: Sequence[str], renamed: Mapping[str, str], taken: Collection[str]) -> dict[str, str]:
    """Path to key: the last part where it is unique and free, else the path, else ``config.<path>``."""
    lasts: dict[str, int] = {}
    for path in chosen:
        last = path.rpartition(".")[2]
        lasts[last] = lasts.get(last, 0) + 1
    keys: dict[str, str] = {}
    used = {*taken, *(renamed[path] for path in chosen if path in renamed)}
    for path in chosen:
        last = path.rpartition(".")[2]
        if path in renamed:
            keys[path] = renamed[path] if renamed[path] not in taken else f"config.{path}"
            continue
        key = last if lasts[last] == 1 else path
        if last in ("name", "type") and "." in path:
            key = ".".join(path.rsplit(".", 2)[-2:])  # "name" alone says nothing
        if key in used:
            key = f"config.{path}"
        keys[path] = key
        used.add(key)
    return keys


def _tied(attributes: Sequence[Attribute], part: Sequence[int]) -> tuple[Attribute, ...]:
    """The same attributes, each that follows from one before it tied to the first such one."""
    found: list[Attribute] = []
    free: list[Attribute] = []
    for one in attributes:
        if not one.varied:
            found.append(one)
            continue
        before = next((other.key for other in free if _follows(one, other, part)), None)
        found.append(replace(one, tied_to=before))
        free += [one] if before is None else []
    return tuple(found)


def _follows(one: Attribute, other: Attribute, part: Sequence[int]) -> bool:
    """Whether ``one`` repeats wherever ``other``, whose values repeat, does; or is a fixed multiple of it."""
    runs = part or range(len(one.values))
    pairs = {(other.values[index], one.values[index]) for index in runs}
    values = {first for first, _ in pairs}
    if len(values) < len(runs) and len(pairs) == len(values):
        return True
    if one.kind != other.kind or any((a is None) != (b is None) for a, b in pairs):
        return False
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    if one.kind != "number":
        return all(a == b for a, b in known)
    numbers = [(float(a), float(b)) for a, b in known]
    times = next((b / a for a, b in numbers if a and math.isfinite(b / a)), 0.0)
    return times != 0 and all(math.isclose(b, a * times, rel_tol=1e-9) for a, b in numbers)


@dataclass(frozen=True, slots=True)
class Difference:
    """A path on which two configurations differ; None where one has no value there."""

    path: str
    first: Scalar | None
    second: Scalar | None


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[Difference, ...]:
    """What differs between two configurations, in the order of the first, then of the second."""
    one, other = flatten(first), flatten(second)
    return tuple(
        Difference(path, one.get(path), other.get(path))
        for path in dict.fromkeys((*one, *other))
        if _differs((one.get(path), other.get(path)))
    )


def in_words(attribute: Attribute) -> tuple[str | None, ...]:
    """How labels, axes and columns write an attribute's values; None where one is missing.

    Text is as it is, true and false so, whole numbers in full, others with the fewest digits, three at
    minimum, that tell the values apart; all with an exponent where one is below 1e-4.
    """
    if attribute.kind != "number":
        return tuple(None if value is None else _text(value) for value in attribute.values)
    numbers = sorted({float(value) for value in attribute.values if value is not None})
    broken = [number for number in numbers if not _is_whole(number)]
    small = any(abs(number) < 1e-4 for number in broken)
    digits = next((n for n in range(3, 17) if _tells_apart(numbers, n, small)), 17)
    return tuple(
        None if value is None else _number(float(value), digits, small) for value in attribute.values
    )


def _tells_apart(numbers: Sequence[float], digits: int, small: bool) -> bool:
    """Whether so many digits tell the numbers apart, and show none as whole or infinite that is not."""
    texts = {_number(number, digits, small) for number in numbers}
    shown = [float(f"{number:.{digits}g}") for number in numbers if not _is_whole(number)]
    return len(texts) == len(numbers) and not any(_is_whole(one) or math.isinf(one) for one in shown)


def _is_whole(number: float) -> bool:
    return number.is_integer() and abs(number) < 10**_MOST_DIGITS


def _number(number: float, digits: int, small: bool) -> str:
    if _is_whole(number):
        return str(int(number))
    if not small and abs(number) < 10**_MOST_DIGITS:
        return _plain(number, digits)
    mantissa, exponent = f"{number:.{digits - 1}e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def _plain(number: float, digits: int) -> str:
    """Without an exponent, whatever its size."""
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(number))))
    text = f"{number:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
