"""``training_loss.json`` of the Quanta Maths runs -> losses and config.

Two ways lead through this file and give the same answer. The fast one (simdjson) writes the losses
straight into an array; it takes the usual file, strict JSON with one array in it. The exact one
(Python's ``json``) takes everything else: ``NaN`` and ``Infinity``, null, numbers too large for a
float, files with a second array, and every file that is wrong, so that there is one judge of what
is wrong and where.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from reportgen import memory
from reportgen.kinds import FloatArray, RunFile, Series, Unreadable

if TYPE_CHECKING:
    import simdjson

__all__ = ["new_parser", "read"]

# 10**308 still fits a float64; an integer of more digits may not, and Python refuses to read one of
# more than 4,300. As a float it is right to the last bit, or infinite.
_MOST_DIGITS = 308

# Deeper than any configuration, shallow enough for whatever walks it later.
_MOST_LEVELS = 32

_RECORDED = {"final_loss": "FinalLoss", "avg_final_loss": "AvgFinalLoss"}
_KEYS = ("Config", "TrainingLoss", *_RECORDED.values())
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # UTF-32 begins with one of them too
_MEND = "write it again, or take the run out of the list"
_CUT_NUMBER = re.compile(r"(?:-|\.|[eE][+-]?)?")  # what json finds wrong in 2. and 2e- and - at the end
_TYPES = {bool: "a boolean", str: "a string", list: "an array", dict: "an object", type(None): "null"}


def new_parser() -> simdjson.Parser | None:
    """What :func:`read` parses with: its memory serves one file after another, in one thread at a time.

    None where simdjson has no wheel for this Python: slower, and the same numbers.
    """
    try:
        import simdjson
    except ImportError:
        return None
    memory.keep_freed()
    return simdjson.Parser()


def read(data: bytes, name: str, parser: simdjson.Parser | None = None) -> RunFile:
    """Reads one file.

    Losses are exactly those that Python's ``json`` reads; null is NaN, and a number beyond float64
    (``1e999``, 400 digits) is infinite. Of a key that stands twice, the last counts. A ``Config``
    that is no object, or one nested deeper than 32 levels, is taken as empty: the losses matter
    more. Values in ``Config`` are as Python reads them (so NaN may be among them), save that half a
    surrogate pair becomes U+FFFD, since it cannot be written again.

    Args:
        data: The file's bytes, UTF-8; a leading byte-order mark is let pass.
        name: The file's name, for messages.
        parser: Of :func:`new_parser`; None makes one for this file.

    Returns:
        One series, ``loss``: (steps,) float64, read-only; and what the file says beside it.

    Raises:
        Unreadable: not UTF-8, not JSON, not this layout, or without losses.
    """
    try:
        data = data.removeprefix(codecs.BOM_UTF8)
        members = _fast(data, parser or new_parser())
        if members is None:
            members = _exact(data)
        losses = members["TrainingLoss"]
    except _Wrong as wrong:
        raise Unreadable(name, str(wrong)) from None
    losses.flags.writeable = False
    config = _config(members.get("Config"))
    return RunFile(
        series={"loss": Series("loss", losses, source_name="TrainingLoss")},
        config=config,
        recorded=_recorded(members, config),
        format="quanta_maths",
    )


class _Wrong(Exception):  # noqa: N818 - never leaves this file
    """What is wrong, as the second half of a sentence that the file's name begins."""


def _fast(data: bytes, parser: simdjson.Parser | None) -> dict[str, Any] | None:
    """The document's members, ``TrainingLoss`` as an array; None where this way does not lead."""
    # as_buffer flattens arrays inside an array without a word: one bracket means there are none.
    # (count would say so too, ten times slower than find.)
    if parser is None or data.find(b"[", data.find(b"[") + 1) != -1:
        return None
    if data.startswith(codecs.BOM_UTF8):  # a second one, which simdjson would let pass as well
        return None
    import simdjson

    try:
        root = parser.parse(data)
        if not isinstance(root, simdjson.Object):
            return None
        keys = list(root)
        # Of a key that stands twice it would take the first, where json takes the last.
        if len(set(keys)) < len(keys):
            return None
        members: dict[str, Any] = {key: root[key] for key in keys if key in _KEYS}
        losses, config = members.get("TrainingLoss"), members.get("Config")
        if not isinstance(losses, simdjson.Array) or not len(losses):
            return None
        members["TrainingLoss"] = np.frombuffer(losses.as_buffer(of_type="d"), dtype=np.float64)
        if isinstance(config, simdjson.Object):
            members["Config"] = config.as_dict()
    except (ValueError, TypeError, RuntimeError):
        return None
    return members


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
        raise _Wrong(f"is empty; {_MEND}")
    if data.startswith(_UTF16):
        raise _Wrong("is UTF-16 or UTF-32; it must be UTF-8")
    try:
        text = data.decode("utf-8")
        return json.loads(text, parse_int=_integer)
    except UnicodeDecodeError as error:
        where = f"byte 0x{data[error.start]:02x} at offset {error.start}"
        raise _Wrong(f"is not UTF-8 text ({where}); it must be JSON in UTF-8") from None
    except json.JSONDecodeError as error:
        rest = text[error.pos :].rstrip()
        if _CUT_NUMBER.fullmatch(rest) or error.msg.startswith("Unterminated string"):
            raise _Wrong(f"ends too early, at byte {len(data)}; write or copy it again, whole") from None
        where = f"{error.msg}: line {error.lineno}, column {error.colno}"
        raise _Wrong(f"is not JSON ({where}); it must be an object with TrainingLoss") from None
    except RecursionError:
        raise _Wrong("is nested too deeply; it must be an object with TrainingLoss") from None


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _losses(entries: object) -> FloatArray:
    """(steps,) float64; null is NaN."""
    if not isinstance(entries, list):
        raise _Wrong(f"holds {_kind(entries)} as TrainingLoss, not an array of losses")
    if not entries:
        raise _Wrong(f"holds no losses (TrainingLoss is empty); {_MEND}")
    kinds = set(map(type, entries))
    wrong = kinds - {int, float, type(None)}
    if wrong:
        step = next(step for step, entry in enumerate(entries) if type(entry) in wrong)
        raise _Wrong(f"holds {_kind(entries[step])} as TrainingLoss[{step}]; a loss is a number or null")
    if type(None) in kinds:
        entries = [math.nan if entry is None else entry for entry in entries]
    return np.fromiter(entries, np.float64, len(entries))


def _kind(value: object) -> str:
    return _TYPES.get(type(value), "a number")


def _config(value: object) -> Mapping[str, Any]:
    """``Config``, fit to be written again; empty where it is none."""
    try:
        return _mended(value, _MOST_LEVELS) if isinstance(value, dict) else {}
    except RecursionError:
        return {}


def _mended(value: Any, levels: int) -> Any:
    """``value`` with text that UTF-8 can write; RecursionError below ``levels`` levels."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict | list) and not levels:
        raise RecursionError
    if isinstance(value, dict):
        return {_mended(key, levels): _mended(item, levels - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_mended(item, levels - 1) for item in value]
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
