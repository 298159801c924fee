"""``formats.quanta_maths`` against Python's own ``json`` and ``float``."""

from __future__ import annotations

import codecs
import json
import math
import re
import struct
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reportgen import resources
from reportgen.formats import quanta_maths
from reportgen.formats.quanta_maths import read
from reportgen.kinds import RunFile, Unreadable

DEMO = sorted((resources.folder("model_lists") / "demo").rglob("training_loss.json"))

# Numbers as JSON spells them, among them those on which careless readers go wrong by a bit or more.
SPELLINGS = [
    "0",
    "-0",
    "-0.0",
    "1",
    "3e-09",
    "1E+2",
    "0.1",
    "0.1000000000000000055511151231257827",
    "5e-324",
    "2.4703282292062327e-324",
    "2.4703282292062328e-324",
    "2.2250738585072011e-308",
    "2.2250738585072014e-308",
    "1.7976931348623157e308",
    "9007199254740993",
    "9007199254740993.0",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "8.41e21",
    "7.2057594037927933e16",
    "0." + "0" * 400 + "1",
    "1" + "0" * 22 + ".0",
    "3." + "14159" * 160,
    "1" * 309,
]
TOO_LARGE = [
    "1e999",
    "-1e999",
    "9" * 400,
    "-" + "9" * 400,
    "9" * 5000,
    "NaN",
    "Infinity",
    "-Infinity",
    "1e309",
]


def value_of(spelling: str) -> float:
    """What Python makes of a number; an integer beyond float64 is infinite."""
    try:
        return float(json.loads(spelling))
    except (OverflowError, ValueError):
        return float(spelling)


def bits(values: Any) -> list[bytes]:
    """Exact values; every NaN is one."""
    return ["nan" if math.isnan(v) else struct.pack("<d", v) for v in map(float, values)]  # type: ignore[misc]


def losses_of(data: bytes) -> list[float]:
    run = read(data, "x")
    assert list(run.series) == ["loss"]
    assert run.series["loss"].steps is None
    values = run.series["loss"].values
    assert values.dtype == np.float64
    assert values.ndim == 1
    assert not values.flags.writeable
    return [float(value) for value in values]


@pytest.mark.parametrize("file", DEMO, ids=lambda file: file.parent.name)
def test_real_files_are_read_as_json_reads_them(file: Path) -> None:
    data = file.read_bytes()
    document = json.loads(data)
    run = read(data, file.name)
    assert bits(run.series["loss"].values) == bits(document["TrainingLoss"])
    assert run.config == document["Config"]
    assert run.recorded["final_loss"] == document["Config"]["final_loss"]
    assert run.recorded["avg_final_loss"] == document["Config"]["avg_final_loss"]


def test_real_files_take_the_fast_way() -> None:
    assert DEMO
    assert all(quanta_maths._fast(file.read_bytes()) is not None for file in DEMO)


@pytest.mark.parametrize("spelling", SPELLINGS + TOO_LARGE, ids=lambda spelling: spelling[:24])
def test_every_number_is_the_one_that_python_reads(spelling: str) -> None:
    data = f'{{"TrainingLoss": [{spelling}, 1.5]}}'.encode()
    assert bits(losses_of(data)) == bits([value_of(spelling), 1.5])


@given(
    st.lists(st.floats() | st.integers() | st.none(), min_size=1),
    st.sampled_from([None, 1, "\t"]),
    st.booleans(),
)
def test_any_losses_come_back_exactly(losses: list[float | int | None], indent: Any, compact: bool) -> None:
    separators = (",", ":") if compact else None
    data = json.dumps(
        {"Config": {"lr": 1e-3}, "TrainingLoss": losses}, indent=indent, separators=separators
    ).encode()
    expected = [math.nan if loss is None else float(loss) for loss in losses]
    assert bits(losses_of(data)) == bits(expected)


@given(
    st.lists(
        st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.sampled_from(SPELLINGS), min_size=1
    )
)
def test_both_ways_give_the_same_bits(spellings: list[str]) -> None:
    data = f'{{"TrainingLoss": [{", ".join(spellings)}], "Config": {{"a": 1.5, "b": [[]]}}}}'
    plain = data.replace("[[]]", "null").encode()
    assert bits(losses_of(data.encode())) == bits(losses_of(plain)) == bits(map(value_of, spellings))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=4), children, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=6), JSON, max_size=6))
def test_config_comes_back_as_json_reads_it(config: dict[str, Any]) -> None:
    data = json.dumps({"TrainingLoss": [1.0], "Config": config}).encode()
    # repr tells 1 from 1.0 and from True, and one NaN from none.
    assert repr(read(data, "x").config) == repr(json.loads(data)["Config"])


# Texts of JSON, not values: spelled, spaced and escaped as json.dumps never would.
SPACES = st.sampled_from(["", " ", "\n", "\t\r "])
NUMBERS = st.one_of(
    st.sampled_from([spelling for spelling in SPELLINGS if len(spelling) < 309 or "." in spelling]),
    st.integers().map(str),
    st.integers(2**63 - 2, 2**66).map(str) | st.integers(-(2**66), 2 - 2**63).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,2})?", fullmatch=True),
)
STRINGS = st.one_of(
    st.builds(json.dumps, st.text(max_size=6), ensure_ascii=st.booleans()),
    st.lists(st.sampled_from([r"\u00e9", r"\ud83d\ude00", r"\/", r"\u0000", "é"]), max_size=3).map(
        lambda pieces: f'"{"".join(pieces)}"'
    ),
)


def array_of(entries: list[str]) -> str:
    return f"[{','.join(entries)}]"


def object_of(members: list[tuple[str, str, str]]) -> str:
    return f"{{{','.join(f'{space}{key}{space}:{value}{space}' for key, value, space in members)}}}"


def documents(leaves: st.SearchStrategy[str], *others: st.SearchStrategy[tuple[str, str, str]]) -> Any:
    """Objects that mostly have losses and a configuration, among ``others`` and repeated keys."""
    texts = st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3).map(array_of)
            | st.lists(st.tuples(STRINGS, inner, SPACES), max_size=3).map(object_of)
        ),
        max_leaves=8,
    )
    config = st.lists(st.tuples(STRINGS | st.just('"final_loss"'), texts, SPACES), max_size=4).map(object_of)
    losses = st.lists(NUMBERS | st.just("null"), min_size=1, max_size=6).map(array_of)
    members = st.one_of(
        st.tuples(st.sampled_from(['"TrainingLoss"', r'"Training\u004coss"']), losses, SPACES),
        st.tuples(st.just('"Config"'), config, SPACES),
        st.tuples(st.sampled_from(['"FinalLoss"', '"AvgFinalLoss"']) | STRINGS, texts, SPACES),
        *others,
    )
    whole = (
        st.tuples(st.just('"TrainingLoss"'), losses, SPACES),
        st.tuples(st.just('"Config"'), config, SPACES),
    )
    shuffled = st.tuples(*whole, members, members).flatmap(st.permutations)
    return st.tuples(SPACES, shuffled.map(object_of), SPACES).map("".join)


STRICT = documents(NUMBERS | STRINGS | st.sampled_from(["null", "true", "false"]))
ANY = documents(
    NUMBERS | STRINGS | st.sampled_from(["NaN", "-Infinity", "1e999", r'"\ud83d"', r'"\ude00\ud83d"']),
    st.tuples(st.sampled_from(['"TrainingLoss"', '"Config"']), NUMBERS | STRINGS | st.just("[]"), SPACES),
    st.tuples(st.just('"TrainingLoss"'), st.sampled_from(["[NaN]", f"[{'1' * 309},-1e999]"]), SPACES),
)


def spelled(value: Any) -> str:
    """Types and bits of a value, by ``repr``; half a surrogate pair is U+FFFD in it, as it is when read."""
    if isinstance(value, dict):
        return repr({spelled(key): spelled(item) for key, item in value.items()})
    if isinstance(value, list):
        return repr([spelled(item) for item in value])
    return repr(re.sub("[\ud800-\udfff]", "\ufffd", value) if isinstance(value, str) else value)


@given(STRICT | ANY)
@example('{"TrainingLoss": [18446744073709551616], "Config": {"a": [{"b": 18446744073709551616}, -0, 1.0]}}')
@example(r'{"TrainingLoss": [1], "TrainingLoss": [NaN, 2], "Config": {"\ud83d": ["\ude00"]}}')
def test_whole_documents_are_read_as_python_reads_them(text: str) -> None:
    document = json.loads(text)
    losses = document.get("TrainingLoss")
    if not isinstance(losses, list) or not losses or {type(one) for one in losses} - {int, float, type(None)}:
        with pytest.raises(Unreadable):
            read(text.encode(), "x")
        return
    run = read(text.encode(), "x")
    missing = [step for step, loss in enumerate(losses) if loss is None]
    known = run.series["loss"].missing
    assert bits(run.series["loss"].values) == bits(
        math.nan if one is None else as_float(one) for one in losses
    )
    assert ([] if known is None else known.tolist()) == missing
    config = document.get("Config")
    assert spelled(run.config) == spelled(config if isinstance(config, dict) else {})
    with mock.patch.object(quanta_maths, "_fast", return_value=None):
        assert repr(read(text.encode(), "x").recorded) == repr(run.recorded)
    for piece in (0, 5):
        with mock.patch.multiple(quanta_maths, _LARGE=0, _PIECE=piece):
            by_pieces = read(text.encode(), "x")
        loss = by_pieces.series["loss"]
        assert bits(loss.values) == bits(run.series["loss"].values)
        assert ([] if loss.missing is None else loss.missing.tolist()) == missing
        assert repr((by_pieces.config, by_pieces.recorded)) == repr((run.config, run.recorded))


def test_large_files_are_read_by_pieces() -> None:
    data = json.dumps({"Config": {}, "TrainingLoss": [1.5, None, 3, 2e-9, *range(100)]}).encode()
    with mock.patch.multiple(quanta_maths, _LARGE=0, _PIECE=7):
        found = quanta_maths._by_pieces(data)
    assert found is not None
    losses, missing = found["TrainingLoss"]
    assert bits(losses) == bits([1.5, math.nan, 3, 2e-9, *range(100)])
    assert missing.tolist() == [1]


@pytest.mark.parametrize(
    "losses", ["[]", "[1,]", "[,1]", "[1,,2]", "[1,[2],3]", '[1,"],2"]', "[true,1]", "[1", "3"]
)
def test_what_is_no_array_of_losses_is_left_to_the_exact_way(losses: str) -> None:
    with mock.patch.multiple(quanta_maths, _LARGE=0, _PIECE=0):
        assert quanta_maths._by_pieces(f'{{"TrainingLoss":{losses}}}'.encode()) is None


def as_float(value: float) -> float:
    """A number as float64; an integer beyond it is infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


@given(JSON)
def test_documents_of_any_shape_are_read_or_refused(document: Any) -> None:
    read_or_refused(json.dumps(document).encode())
    read_or_refused(json.dumps({"TrainingLoss": document}).encode())
    read_or_refused(json.dumps({"TrainingLoss": [1.0], "Config": document, "FinalLoss": document}).encode())


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    read_or_refused(data)


@given(st.data())
def test_any_change_of_a_good_file_is_read_or_refused(data: st.DataObject) -> None:
    good = json.dumps(
        {"Config": {"n": 1, "text": 'é\\"'}, "TrainingLoss": [2.9, 1e-9, None], "FinalLoss": 3e-9}
    )
    changed = bytearray(good.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed) - 1))
        end = at + data.draw(st.integers(0, 6))
        changed[at:end] = data.draw(
            st.binary(max_size=4) | st.sampled_from([b"NaN", b"[", b"]", b'"', b"-", b",1"])
        )
        changed = changed or bytearray(b" ")
    read_or_refused(bytes(changed))


def read_or_refused(data: bytes) -> None:
    """Whatever is read is what ``json`` reads; whatever is not is refused in one line."""
    try:
        run: RunFile | None = read(data, "x")
        reason = "x "
    except Unreadable as refused:
        run, reason = None, str(refused)
    assert reason.startswith("x ")
    assert "\n" not in reason
    if run is not None:
        losses = json.loads(data.removeprefix(codecs.BOM_UTF8))["TrainingLoss"]
        assert bits(run.series["loss"].values) == bits(math.nan if loss is None else loss for loss in losses)


DEEP = 50_000
WRONG = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\t", "is empty"),
    "only a byte-order mark": (codecs.BOM_UTF8, "is empty"),
    "UTF-16": ('{"TrainingLoss": [1.0]}'.encode("utf-16"), "is UTF-16 or UTF-32; save it as UTF-8"),
    "UTF-32": ('{"TrainingLoss": [1.0]}'.encode("utf-32"), "is UTF-16 or UTF-32; save it as UTF-8"),
    "UTF-16 without a mark": ('{"TrainingLoss": [1.0]}'.encode("utf-16-le"), "is not JSON"),
    "binary": (b"\x80\x04\x95\x00", "is not UTF-8 text (byte 0x80 at offset 0)"),
    "a stray byte": (b'{"TrainingLoss": [1.0], "a": "\xff"}', "(byte 0xff at offset 30)"),
    "cut off in a number": (b'{"TrainingLoss": [1.0, 2.5', "is truncated at byte 26"),
    "cut off after a point": (b'{"TrainingLoss": [1.0, 2.', "is truncated at byte 25"),
    "cut off in an exponent": (b'{"TrainingLoss": [1.0, 2e-', "is truncated at byte 26"),
    "cut off after a sign": (b'{"TrainingLoss": [1.0, -', "is truncated at byte 24"),
    "cut off in a key": (b'{"TrainingLoss": [1.0], "Fin', "is truncated at byte 28"),
    "cut off after a comma": (b'{"TrainingLoss": [1.0,', "is truncated at byte 22"),
    "HTML": (b"<!DOCTYPE html>", "is not JSON (Expecting value: line 1, column 1)"),
    "two documents": (b'{"TrainingLoss": [1.0]}{}', "is not JSON (Extra data: line 1, column 24)"),
    "an array": (b"[1.0]", "holds an array, not an object with TrainingLoss"),
    "a string": (b'"x"', "holds a string, not an object"),
    "a number": (b"1", "holds a number, not an object"),
    "two byte-order marks": (
        2 * codecs.BOM_UTF8 + b'{"TrainingLoss": [1.5]}',
        "is not JSON (Unexpected UTF-8 BOM",
    ),
    "null": (b"null", "holds null, not an object"),
    "another object": (b'{"loss": [1.0]}', "has no TrainingLoss"),
    "losses in an object": (b'{"TrainingLoss": {"0": 1.0}}', "holds an object as TrainingLoss"),
    "losses null": (b'{"TrainingLoss": null}', "holds null as TrainingLoss"),
    "losses a string": (b'{"TrainingLoss": "1.0"}', "holds a string as TrainingLoss"),
    "no losses": (b'{"TrainingLoss": []}', "holds no losses (TrainingLoss is empty)"),
    "a string among losses": (b'{"TrainingLoss": [1.0, "2.0"]}', "holds a string as TrainingLoss[1]"),
    "a boolean among losses": (b'{"TrainingLoss": [true, 1.0]}', "holds a boolean as TrainingLoss[0]"),
    "an array among losses": (b'{"TrainingLoss": [1.0, [2.0], 3.0]}', "holds an array as TrainingLoss[1]"),
    "only arrays": (b'{"TrainingLoss": [[1.0], [2.0]]}', "holds an array as TrainingLoss[0]"),
    "an object among losses": (b'{"TrainingLoss": [1.0, {}]}', "holds an object as TrainingLoss[1]"),
    "too deep": (b"[" * DEEP + b"]" * DEEP, "nested too deeply"),
    "too deep, cut off": (b'{"a":' * DEEP, "nested too deeply"),
}


@pytest.mark.parametrize(("data", "reason"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(data, "training_loss.json")
    assert str(refused.value).startswith("training_loss.json ")
    assert reason in str(refused.value)


def test_null_is_nan() -> None:
    assert bits(losses_of(b'{"TrainingLoss": [null, 1, null]}')) == bits([math.nan, 1.0, math.nan])


def test_a_byte_order_mark_is_let_pass() -> None:
    assert losses_of(codecs.BOM_UTF8 + b'{"TrainingLoss": [1.5]}') == [1.5]


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    one = (
        b'{"TrainingLoss": 1, "Config": {"a": 1, "a": 2}, '
        b'"Config": {"b": 3, "b": 4}, "TrainingLoss": [1.5, 2]}'
    )
    three = b'{"Config": {"b": 3, "b": 4}, "TrainingLoss": [1.5, 2]}'
    two = b'{"TrainingLoss": [9.0], "Config": {"b": 4}, "TrainingLoss": [1.5, 2]}'
    for data in (one, two, three):
        assert losses_of(data) == [1.5, 2.0]
        assert read(data, "x").config == {"b": 4}


@pytest.mark.parametrize("config", ["null", "3", '"x"', "[1, 2]", '[{"lr": 1}]'])
def test_a_config_that_is_no_object_is_empty(config: str) -> None:
    run = read(f'{{"Config": {config}, "TrainingLoss": [1.0]}}'.encode(), "x")
    assert run.config == {}
    assert run.recorded == {}


def test_a_config_that_is_too_deep_is_empty() -> None:
    for levels, kept in ((31, True), (32, False), (900, False)):
        deep = '{"a": ' * levels + "1" + "}" * levels
        run = read(f'{{"Config": {{"a": {deep}}}, "TrainingLoss": [1.0]}}'.encode(), "x")
        assert bool(run.config) is kept


@pytest.mark.parametrize("losses", ["[1.0]", "[NaN]"], ids=["fast", "exact"])
def test_config_can_be_written_as_utf8(losses: str) -> None:
    data = rf'{{"Config": {{"\ud800k": ["\udfff", "\ud83d\ude00"]}}, "TrainingLoss": {losses}}}'.encode()
    config = read(data, "x").config
    assert config == {"\ufffdk": ["\ufffd", "\U0001f600"]}
    json.dumps(config, ensure_ascii=False).encode("utf-8")


def test_numbers_in_config_keep_their_values() -> None:
    config = read(
        b'{"Config": {"seed": 123456789012345678901234567890, "x": NaN}, "TrainingLoss": [1]}', "x"
    ).config
    assert config["seed"] == 123456789012345678901234567890
    assert math.isnan(config["x"])


# Older files record the two losses at the top; there they win, where above 0.
RECORDED: list[tuple[str, str, float | None]] = [
    ("", "", None),
    ("", "3e-9", 3e-9),
    ("2e-9", "3e-9", 2e-9),
    ("2e-9", "", 2e-9),
    ("0", "3e-9", 3e-9),
    ("-1", "3e-9", 3e-9),
    ("0.0", "", None),
    ("null", "3e-9", 3e-9),
    ('"2e-9"', "3e-9", 3e-9),
    ("true", "3e-9", 3e-9),
    ("NaN", "3e-9", 3e-9),
    ("Infinity", "3e-9", 3e-9),
    ("1e999", "", None),
    ("", "0.0", 0.0),
    ("", "1", 1.0),
    ("", "NaN", None),
    ("", "false", None),
    ("", "[1]", None),
    ("[]", '{"a": 1}', None),
]


@pytest.mark.parametrize(("older", "newer", "expected"), RECORDED)
@pytest.mark.parametrize("which", ["final", "avg_final"])
def test_recorded_losses(older: str, newer: str, expected: float | None, which: str) -> None:
    top, key = {"final": ("FinalLoss", "final_loss"), "avg_final": ("AvgFinalLoss", "avg_final_loss")}[which]
    members = ['"TrainingLoss": [1.0]', f'"Config": {{{f"{json.dumps(key)}: {newer}" if newer else ""}}}']
    members += [f'"{top}": {older}'] if older else []
    run = read(f"{{{', '.join(members)}}}".encode(), "x")
    assert run.recorded == ({} if expected is None else {key: expected})
