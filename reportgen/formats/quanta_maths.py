"""``training_loss.json`` of the Quanta Maths runs -> losses and config.

Two ways lead through this file and give the same answer. The fast one (orjson) takes strict JSON; the
exact one (Python's ``json``) takes everything else: ``NaN`` and ``Infinity``, numbers beyond 64 bits, and
every file that is wrong, so that there is one judge of what is wrong and where.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from reportgen import memory
from reportgen.kinds import FloatArray, IntArray, RunFile, Series, Unreadable

if TYPE_CHECKING:
    from reportgen.kinds import Head, InputFile

__all__ = ["QuantaMaths", "read"]

# 10**308 still fits a float64; an integer of more digits may not, and Python refuses to read one of
# more than 4,300. As a float it is right to the last bit, or infinite.
_MOST_DIGITS = 308

# Deeper than any configuration, shallow enough for whatever walks it later.
_MOST_LEVELS = 32

# A file of more bytes is read by pieces of so many.
_LARGE, _PIECE = 32 << 20, 4 << 20

_RECORDED = {"final_loss": "FinalLoss", "avg_final_loss": "AvgFinalLoss"}
_KEYS = ("Config", "TrainingLoss", *_RECORDED.values())
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # UTF-32 begins with one of them too
_AGAIN = "write it again, or remove the run from the list"
_CUT_NUMBER = re.compile(r"(?:-|\.|[eE][+-]?)?")  # what json finds wrong in 2. and 2e- and - at the end
_TYPES = {bool: "a boolean", str: "a string", list: "an array", dict: "an object", type(None): "null"}


class QuantaMaths:
    """One JSON object a run, with ``TrainingLoss``, a loss a step from step 0, and ``Config``."""

    name = "quanta_maths"
    version = 1

    def fits(self, files: Sequence[str], head: Head) -> tuple[str, ...]:
        """A lone file, or a ``training_loss.json``, that is an object with TrainingLoss."""
        likely = [file for file in files if len(files) == 1 or file == "training_loss.json"]
        return tuple(file for file in likely if _is_one(file, head(file)))

    def runs(self, files: Sequence[InputFile], options: Mapping[str, Any]) -> None:
        """A file holds one run."""

    def read(self, files: Sequence[InputFile], name: str, options: Mapping[str, Any]) -> RunFile:
        """Reads one run; see :func:`read`."""
        return read(files[0].read(), files[0].name)


def _is_one(file: str, head: bytes) -> bool:
    """Whether a file is one of these by its name, or by its beginning."""
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    return file == "training_loss.json" or (start.startswith(b"{") and b'"TrainingLoss"' in start)


def read(data: bytes, name: str) -> RunFile:
    """Reads one file.

    Losses are exactly those that Python's ``json`` reads; null is NaN, and a number beyond float64
    (``1e999``, 400 digits) is infinite. Of a key that stands twice, the last counts. A ``Config``
    that is no object, or one nested deeper than 32 levels, is taken as empty: the losses matter
    more. Values in ``Config`` are as Python reads them (so NaN may be among them), save that half a
    surrogate pair becomes U+FFFD, since it cannot be written again.

    Args:
        data: The file's bytes, UTF-8; a leading byte-order mark is let pass.
        name: The file's name, for messages.

    Returns:
        One series, ``loss``: (steps,) float64, read-only; and what the file says besides.

    Raises:
        Unreadable: not UTF-8, not JSON, not this layout, or without losses.
    """
    try:
        data = data.removeprefix(codecs.BOM_UTF8)
        members = _fast(data) or _exact(data)
        losses, missing = members["TrainingLoss"]
    except _Wrong as wrong:
        raise Unreadable(name, str(wrong)) from None
    losses.flags.writeable = False
    config = _config(members.get("Config"))
    return RunFile(
        series={"loss": Series("loss", losses, source_name="TrainingLoss", missing=missing)},
        config=config,
        recorded=_recorded(members, config),
        format="quanta_maths",
    )


class _Wrong(Exception):  # noqa: N818 - never leaves this file
    """What is wrong, as the second half of a sentence that the file's name begins."""


def _fast(data: bytes) -> dict[str, Any] | None:
    """The document's members, ``TrainingLoss`` as losses; None where this way does not lead."""
    memory.keep_freed()
    if len(data) > _LARGE and (members := _by_pieces(data)) is not None:
        return members
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(document, dict) or not isinstance(document.get("TrainingLoss"), list):
        return None
    members = {key: document[key] for key in _KEYS if key in document}
    if _is_rounded(members.get("Config"), _MOST_LEVELS):
        return None
    return members | {"TrainingLoss": _losses(members["TrainingLoss"])}


def _by_pieces(data: bytes) -> dict[str, Any] | None:
    """The same of a file of many losses: a list of them all would take ten times their memory."""
    begin = data.find(b"[", data.find(b'"TrainingLoss"')) + 1
    close = data.find(b"]", begin)
    if not begin or close < 0 or data.count(b'"TrainingLoss"') != 1:
        return None
    parts: list[tuple[FloatArray, IntArray | None]] = []
    try:
        document = orjson.loads(data[:begin] + data[close:])
        while begin <= close:
            end = data.find(b",", begin + _PIECE, close)
            end = close if end < 0 else end
            parts.append(_losses(orjson.loads(b"[%b]" % data[begin:end])))
            begin = end + 1
    except (orjson.JSONDecodeError, _Wrong):
        return None
    if not isinstance(document, dict) or document.get("TrainingLoss") != []:
        return None
    members = {key: document[key] for key in _KEYS if key in document}
    if _is_rounded(members.get("Config"), _MOST_LEVELS):
        return None
    first = np.cumsum([0, *(len(losses) for losses, _ in parts)])
    missing = [at + start for (_, at), start in zip(parts, first.tolist(), strict=False) if at is not None]
    losses = np.concatenate([losses for losses, _ in parts])
    return members | {"TrainingLoss": (losses, np.concatenate(missing) if missing else None)}


def _is_rounded(value: object, levels: int) -> bool:
    """Whether there may have been an integer beyond 64 bits: orjson makes it a float, json keeps it."""
    if isinstance(value, float):
        return abs(value) >= 2.0**63
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and any(_is_rounded(one, levels - 1) for one in inner)


def _exact(data: bytes) -> dict[str, Any]:
    """The same by Python's ``json``."""
    document = _document(data)
    if not isinstance(document, dict):
        raise _Wrong(f"holds {_kind(document)}, not an object with TrainingLoss")
    if "TrainingLoss" not in document:
        raise _Wrong("has no TrainingLoss, the array of losses")
    return document | {"TrainingLoss": _losses(document["TrainingLoss"])}


def _document(data: bytes) -> object:
    """Any JSON, as Python reads it."""
    if not data.strip():
        raise _Wrong(f"is empty; {_AGAIN}")
    if data.startswith(_UTF16):
        raise _Wrong("is UTF-16 or UTF-32; save it as UTF-8")
    try:
        text = data.decode("utf-8")
        return json.loads(text, parse_int=_integer)
    except UnicodeDecodeError as error:
        where = f"byte 0x{data[error.start]:02x} at offset {error.start}"
        raise _Wrong(f"is not UTF-8 text ({where}); it must be JSON in UTF-8") from None
    except json.JSONDecodeError as error:
        rest = text[error.pos :].rstrip()
        if _CUT_NUMBER.fullmatch(rest) or error.msg.startswith("Unterminated string"):
            raise _Wrong(f"is truncated at byte {len(data)}; copy the file again") from None
        where = f"{error.msg}: line {error.lineno}, column {error.colno}"
        raise _Wrong(f"is not JSON ({where}); it must be an object with TrainingLoss") from None
    except RecursionError:
        raise _Wrong("is nested too deeply; it must be an object with TrainingLoss") from None


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _losses(entries: object) -> tuple[FloatArray, IntArray | None]:
    """(steps,) float64, null as NaN; and the steps of the nulls, None where there are none."""
    if not isinstance(entries, list):
        raise _Wrong(f"holds {_kind(entries)} as TrainingLoss, not an array of losses")
    if not entries:
        raise _Wrong(f"holds no losses (TrainingLoss is empty); {_AGAIN}")
    kinds = set(map(type, entries))
    wrong = kinds - {int, float, type(None)}
    if wrong:
        step = next(step for step, entry in enumerate(entries) if type(entry) in wrong)
        raise _Wrong(f"holds {_kind(entries[step])} as TrainingLoss[{step}]; a loss is a number or null")
    missing = None
    if type(None) in kinds:
        missing = np.array([step for step, entry in enumerate(entries) if entry is None], dtype=np.int64)
        entries = [math.nan if entry is None else entry for entry in entries]
    return np.fromiter(entries, np.float64, len(entries)), missing


def _kind(value: object) -> str:
    return _TYPES.get(type(value), "a number")


def _config(value: object) -> Mapping[str, Any]:
    """``Config``, fit to be written again; empty where it is none."""
    try:
        return _writable(value, _MOST_LEVELS) if isinstance(value, dict) else {}
    except RecursionError:
        return {}


def _writable(value: Any, levels: int) -> Any:
    """``value`` with text that UTF-8 can write; RecursionError below ``levels`` levels."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict | list) and not levels:
        raise RecursionError
    if isinstance(value, dict):
        return {_writable(key, levels): _writable(item, levels - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_writable(item, levels - 1) for item in value]
    return value


def _recorded(members: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, float]:
    """Of each metric the value of older files, where it is above 0, else that of ``Config``."""
    found: dict[str, float] = {}
    for metric, key in _RECORDED.items():
        older = _finite(members.get(key))
        value = older if older is not None and older > 0 else _finite(config.get(metric))
        if value is not None:
            found[metric] = value
    return found


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
