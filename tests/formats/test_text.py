"""Text logs by patterns, against lines that were typed."""

from __future__ import annotations

import math
import time

import pytest
from format_files import Bytes, read
from hypothesis import given
from hypothesis import strategies as st

from reportgen.formats.text import FORMAT
from reportgen.kinds import RunFile, Unreadable
from reportgen.log_patterns import PatternMistake, compiled

LOSS = r"step (?P<step>\d+):.* loss (?P<loss>\S+)"
EVALUATION = r"step (?P<step>\d+):.* val (?P<val_loss>\S+)"


def log(text: str | bytes, *patterns: str) -> RunFile:
    data = text.encode() if isinstance(text, str) else text
    options = {"pattern": patterns[0] if len(patterns) == 1 else list(patterns or (LOSS, EVALUATION))}
    return read(FORMAT, [Bytes("log.txt", data)], "run", options)


def entries(run: RunFile, name: str) -> tuple[list[int] | None, str]:
    one = run.series[name]
    return None if one.steps is None else one.steps.tolist(), repr(one.values.tolist())


def test_named_groups_are_series_and_step_is_the_step() -> None:
    text = "import loss\nprint('step 3: loss no')\nstep 1: loss 3.5\nstep 1: val 3.75\nstep 20: loss -1e-3\n"
    run = log(text)
    assert entries(run, "loss") == ([1, 20], "[3.5, -0.001]")
    assert entries(run, "eval_loss") == ([1], "[3.75]")
    assert run.series["eval_loss"].evaluation
    assert run.notes == (
        "4 of 5 lines match a pattern.",
        "Values that are not numbers were left out: 1.",
    )
    assert run.format == "text"


def test_values_that_are_no_numbers_are_counted_and_nan_and_inf_are_read() -> None:
    run = log(
        "step 1: loss 3.28,\nstep 2: loss nanms\nstep 3: loss nan\nstep 4: loss -inf\nstep 5: loss 1_0\n",
        LOSS,
    )
    assert entries(run, "loss") == ([3, 4], "[nan, -inf]")
    assert run.notes[1] == "Values that are not numbers were left out: 3."


def test_carriage_returns_and_colours_are_removed() -> None:
    text = (
        "\x1b[32m 10%|x\rstep 1: a\x1b[0m loss \x1b[1;31m3.5\x1b[0m\r\n\x1b]8;;x\x07step 2: a loss 2\x1b[K\n"
    )
    assert entries(log(text, LOSS), "loss") == ([1, 2], "[3.5, 2.0]")


def test_two_patterns_may_fit_one_line() -> None:
    run = log("step 7: loss 1.5 val 2.5\n")
    assert entries(run, "loss") == ([7], "[1.5]")
    assert entries(run, "eval_loss") == ([7], "[2.5]")


def test_without_a_step_entries_are_counted() -> None:
    run = log(
        "{'loss': 2, 'epoch': 0.5}\n{'loss': 1, 'epoch': 1}\n",
        r"'loss': (?P<loss>[^,]+), 'epoch': (?P<epoch>[\d.]+)",
    )
    assert entries(run, "loss") == (None, "[2.0, 1.0]")
    assert run.series["loss"].axes["epoch"].tolist() == [0.5, 1.0]


def test_an_optional_group_is_no_entry_where_it_is_missing() -> None:
    run = log(
        "step 1 loss 2\nstep 2 loss 1 lr 0.5\n", r"step (?P<step>\d+) loss (?P<loss>\S+)(?: lr (?P<lr>\S+))?"
    )
    assert entries(run, "learning_rate") == ([2], "[0.5]")
    assert len(run.notes) == 1


def test_a_restart_is_settled_as_everywhere() -> None:
    lines = [
        f"step {step}: loss {value}"
        for value, steps in ((1, range(20)), (2, range(10, 30)))
        for step in steps
    ]
    run = log("\n".join(lines), LOSS)
    assert run.marks == ("restarted",)
    assert run.series["loss"].values.tolist() == [1.0] * 10 + [2.0] * 20


def test_files_in_utf_16_and_with_bytes_that_are_no_text() -> None:
    assert entries(log("step 1: loss 2\nstep 2: loss é\n".encode("utf-16"), LOSS), "loss") == ([1], "[2.0]")
    assert entries(log(b"\xff\xfe\xfd\n\xe9 step 1: \xe9 loss 2\n"[3:], LOSS), "loss") == ([1], "[2.0]")


def test_of_a_folder_the_texts_are_read_in_the_order_of_their_names() -> None:
    files = [
        Bytes("b.log", b"step 3: loss 1\n"),
        Bytes("a.log", b"step 1: loss 3\n"),
        Bytes("a.pt", b"PK\x03\x04\x00step 2: loss 2\n"),
    ]
    run = read(FORMAT, files, "run", {"pattern": LOSS})
    assert entries(run, "loss") == ([1, 3], "[3.0, 1.0]")


def test_a_series_that_no_line_has_is_said() -> None:
    assert log("step 1: loss 2\n").notes[-1] == "No line has a value for val_loss."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nothing here\n\n", r"has no line that matches a pattern \(of 1 line\)"),
        ("step 1: loss much\n", "has 1 line that matches a pattern, but no number"),
        ("step 1e99: loss 1\n", "no line"),
        ("step 99999999999999999999: loss 1\n", "but no number"),
        ("", "no line"),
    ],
)
def test_a_log_without_values_is_refused(text: str, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        log(text, LOSS)


@pytest.mark.parametrize(
    ("patterns", "words"),
    [
        ([], "needs a pattern with a named group"),
        (["(?P<loss>"], r"is not valid \(missing \)"),
        ([r"(?=step)(?P<loss>\S+)"], "without look-around"),
        ([r"(?P<loss>\S+) \1"], "without look-around and backreferences"),
        ([r"step (\d+)"], "names no series"),
        ([r"step (?P<step>\d+)"], "names no series"),
        ([r"(?P<loss>\d) (?P<loss>\d)"], "two groups of one name"),
        (
            [LOSS, r"final loss (?P<loss>\S+)"],
            r'the patterns of "loss" have a group step in one and not in another',
        ),
    ],
)
def test_mistakes_of_patterns_are_said_with_a_fix(patterns: list[str], words: str) -> None:
    with pytest.raises(PatternMistake, match=words) as found:
        compiled(patterns)
    assert "\n" not in str(found.value)
    with pytest.raises(Unreadable, match=words):
        FORMAT.read([Bytes("log.txt", b"")], "run", {"pattern": patterns})


@pytest.mark.parametrize(
    "pattern", [r"(?P<loss>(?:a+)+)$", r"(?P<loss>(?:a|aa)+)b", r"(?P<loss>.*.*.*.*.*)=\d"]
)
def test_no_pattern_stalls(pattern: str) -> None:
    began = time.process_time()
    with pytest.raises(Unreadable):
        log(("a" * 60_000 + "!\n") * 4, pattern)
    assert time.process_time() - began < 20  # of a backtracking engine: years


@given(
    st.lists(st.tuples(st.integers(0, 10**12), st.floats()), min_size=1), st.text(alphabet="ab \t\r\x1b[é:")
)
def test_what_is_written_is_read(pairs: list[tuple[int, float]], noise: str) -> None:
    data = "".join(f"{noise}\n<step {step} loss {value!r}>\n" for step, value in pairs)
    found = FORMAT.read(
        [Bytes("log", data.encode())], "log", {"pattern": r"<step (?P<step>\d+) loss (?P<loss>[^>]+)>"}
    )
    one = found.series["loss"]
    assert one.steps is not None
    assert one.steps.tolist() == [step for step, _ in pairs]
    assert repr(one.values.tolist()) == repr([value for _, value in pairs])


@given(st.binary(max_size=500))
def test_no_bytes_cause_a_traceback(data: bytes) -> None:
    try:
        run = FORMAT.read([Bytes("log", data)], "log", {"pattern": r"(?P<loss>[-+.\w]+)"})
    except Unreadable as reason:
        assert str(reason).startswith("log ")  # noqa: PT017 - either outcome is right
        return
    assert all(not math.isnan(value) or b"nan" in data.lower() for value in run.series["loss"].values)
