"""The values of an event's summary: numbers, tensors of one number, texts, hyperparameters."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from reportgen.formats import protobuf
from reportgen.formats.protobuf import BYTES, FIXED64, VARINT

__all__ = ["Value", "double", "number_of", "values_of"]

# Types of tensors (tensorflow/core/framework/types.proto): struct's letter, and the field of its values.
_TYPES: Final[Mapping[int, tuple[str, int]]] = {
    1: ("f", 5),
    2: ("d", 6),
    3: ("i", 7),
    4: ("B", 7),
    5: ("h", 7),
    6: ("b", 7),
    9: ("q", 10),
    10: ("?", 11),
    14: ("bfloat16", 13),
    17: ("H", 7),
    19: ("e", 13),
    22: ("I", 16),
    23: ("Q", 17),
}
_STRING = 7


def double(data: bytes, at: int = 0) -> float:
    """A float64 in a message."""
    found: float = struct.unpack_from("<d", data, at)[0]
    return found


def values_of(summary: bytes) -> list[Value]:
    """What a summary holds.

    Raises:
        Malformed: It is none.
    """
    return [
        _value(content)
        for number, wire, _, content in protobuf.fields(summary)
        if number == 1 and wire == BYTES
    ]


@dataclass(slots=True)
class Value:
    """A value of a summary.

    Attributes:
        letter: Type of a number, as ``_TYPES`` has it; empty where it is no scalar.
        raw: The number's bytes, or those of a varint as 8 bytes.
        simple: Not a tensor.
        other: What it is where it is no scalar.
    """

    tag: str = ""
    letter: str = ""
    raw: bytes = b""
    simple: bool = False
    text: str | None = None
    hparams: Mapping[str, Any] | None = None
    other: str = ""


def number_of(letter: str, raw: bytes) -> float:
    """A number of the type of ``letter``."""
    if letter == "bfloat16":
        return float(struct.unpack("<f", b"\0\0" + raw)[0])
    return float(struct.unpack("<" + letter, raw)[0])


_PLUGINS = {
    "graph_keras_model": "a graph",
    "graph_run_metadata": "a graph",
    "scalars": "tensors of many numbers",
}
_KINDS = {4: "images", 5: "histograms", 6: "audio"}


def _value(data: bytes) -> Value:
    """``Summary.Value`` (tensorflow/core/framework/summary.proto)."""
    value, plugin, content, tensor = Value(), "", b"", None
    for number, wire, _, part in protobuf.fields(data):
        if number == 1 and wire == BYTES:
            value.tag = protobuf.text(part)
        elif number == 2 and wire == protobuf.FIXED32:
            value.letter, value.raw, value.simple = "f", part, True
        elif number in _KINDS:
            value.other = _KINDS[number]
        elif number == 8 and wire == BYTES:
            tensor = part
        elif number == 9 and wire == BYTES:
            plugin, content = _plugin(part)
    if plugin == "hparams":
        value.letter = ""
        value.hparams = _hparams(content)
    elif tensor is not None and not value.letter:
        _read_tensor(tensor, value, plugin)
    return value


def _plugin(metadata: bytes) -> tuple[str, bytes]:
    """Name of the plug-in that a summary is for, and what it says to it."""
    name, content = "", b""
    for number, wire, _, part in protobuf.fields(metadata):
        if number == 1 and wire == BYTES:
            for inner, inner_wire, _, data in protobuf.fields(part):
                if inner == 1 and inner_wire == BYTES:
                    name = protobuf.text(data)
                elif inner == 2 and inner_wire == BYTES:
                    content = data
    return name, content


def _read_tensor(data: bytes, value: Value, plugin: str) -> None:
    """``TensorProto`` (tensorflow/core/framework/tensor.proto): a scalar where it holds one number."""
    value.other = _PLUGINS.get(plugin, plugin or "tensors")
    kind, found = 0, list(protobuf.fields(data))
    for number, wire, count, _ in found:
        if number == 1 and wire == VARINT:
            kind = count
    if kind == _STRING:
        texts = [part for number, wire, _, part in found if number == 8 and wire == BYTES]
        if plugin == "text" and texts:
            value.text = protobuf.text(texts[0])
        return
    if kind not in _TYPES or plugin not in ("", "scalars"):
        return
    letter, typed = _TYPES[kind]
    width = 2 if letter == "bfloat16" else struct.calcsize("<" + letter)
    for number, wire, count, part in found:
        if number == 4 and wire == BYTES and len(part) == width:
            value.letter, value.raw = letter, part
        elif number == typed:
            _read_typed(letter, width, (wire, count, part), value)


def _read_typed(letter: str, width: int, content: tuple[int, int, bytes], value: Value) -> None:
    """A number in the field of its type: packed or not, a float as itself, whole numbers as varints."""
    wire, count, part = content
    if letter in "fd":
        if len(part) == width:
            value.letter, value.raw = letter, part
        return
    if wire == BYTES:
        count, after = protobuf.varint(part, 0)
        if after != len(part):
            return
    value.letter = letter
    value.raw = (count & ((1 << (8 * width)) - 1)).to_bytes(width, "little")


def _hparams(content: bytes) -> Mapping[str, Any] | None:
    """``HParamsPluginData.session_start_info.hparams``; None where it is another part of the plug-in's."""
    found: dict[str, Any] = {}
    started = False
    for number, wire, _, part in protobuf.fields(content):
        if number != 3 or wire != BYTES:
            continue
        started = True
        for inner, inner_wire, _, entry in protobuf.fields(part):
            if inner == 1 and inner_wire == BYTES:
                members = {key: data for key, kind, _, data in protobuf.fields(entry) if kind == BYTES}
                found[protobuf.text(members.get(1, b""))] = _plain(members.get(2, b""))
    return found if started else {}


def _plain(data: bytes) -> Any:
    """``google.protobuf.Value``; lists and structures, which the plug-in does not write, as None."""
    for number, wire, count, part in protobuf.fields(data):
        if number == 2 and wire == FIXED64:
            value: float = double(part)
            return int(value) if value.is_integer() and abs(value) < 2**53 else value
        if number == 3 and wire == BYTES:
            return protobuf.text(part)
        if number == 4 and wire == VARINT:
            return bool(count)
    return None
