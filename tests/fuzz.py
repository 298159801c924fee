"""Fuzzes everything of ours that reads bytes from elsewhere: ``python -m tests.fuzz``.

libFuzzer, by way of atheris, changes small files that this module writes, and keeps what reaches new
code. An input on which a reader breaks its promise is a finding: it is kept in a file, counted once
for each place that it fails at, and the fuzzing goes on.
"""

# ruff: noqa: PT017 - libFuzzer runs these asserts, not pytest

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import re
import struct
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import atheris
import numpy as np

PARSERS = ["json", "reportgen", "tomllib"]
with contextlib.redirect_stderr(io.StringIO()), atheris.instrument_imports(include=PARSERS):
    from reportgen.baseline import read_baseline
    from reportgen.curves.storing import from_bytes, to_bytes
    from reportgen.curves.summary import Summary
    from reportgen.document import report_document
    from reportgen.errors import ReportgenError
    from reportgen.formats.quanta_maths import read
    from reportgen.kinds import Problem, RunFile, Unreadable
    from reportgen.model_list import ModelList, load
    from tests.fuzz_readers import READERS, SEEDS
    from tests.fuzz_readers import WORDS as READERS_WORDS
    from tests.samples import HOSTILE, family_report, losses, run_report, run_spec, summarise
    from tests.samples import report as sample

WORDS = (
    *("Config", "TrainingLoss", "FinalLoss", "AvgFinalLoss", "null", "true", "NaN", "-Infinity", "1e999"),
    *("5e-324", "9007199254740993", "-0.0", "1" * 40, "[[", "[]", "{}", '"\\ud800"', '":', "schema"),
    *("[source]", "[smoothing]", "[[family]]", "[[family.runs]]", "[figures]", "[pdf]", "[theme]"),
    *("name = ", "runs = [", "path = ", "repo = ", "type = ", "'directory'", "'hub'", "{name}", "{digits}"),
    *("listed = {", "expect = {", "extra = {", "window = ", "edges = ", "x_range = ", "../", '"""', "'''"),
)
"""What chance would take long to spell."""

LIST = """title = "A"
description = "B *c*"
[source]
type = "directory"
path = "runs/{name}/training_loss.json"
[smoothing]
window = 5
[figures]
steps_to = false
[[family]]
name = "F"
label = "d{digits}"
linear_steps = 10
x_range = [0, 10]
runs = ["add_d5_l2_h3_t1K_s1",
  { name = "add_d6_l2_h3_t1K_s1", note = "n", expect = { avg_final_loss = "<= 1e-8" }, listed = { avg_final_loss = "5.6e-06" } }]
"""  # noqa: E501 - an inline table is one line
HUB_LIST = """[source]
type = "hub"
repo = "org/x_{name}"
file = "training_loss.json"
revision = "main"
[[family]]
name = "F"
[[family.runs]]
name = "a"
[family.runs.extra]
k = 1.5
"""
RUN_FILES = (
    '{"Config": {"n_digits": 5, "final_loss": 1e-9}, "TrainingLoss": [2.9, 0.1, 3e-09], "AvgFinalLoss": 1}',
    '{"TrainingLoss": [1, null, NaN, -Infinity, 1e999, 18446744073709551616, -0.0]}',
    '{"TrainingLoss": [1, true], "Config": [[]]}',
    '\ufeff{"FinalLoss": 0, "Config": {"a": {"b": ["\\ud800", "é"]}}, "TrainingLoss": [0.1]}',
)


def check_run_file(data: bytes, folder: Path) -> None:
    """A run with exactly Python's losses, or a reason why there is none."""
    try:
        expected = _losses(data)
    except RecursionError:  # our oracle and our reader may stand at different depths of the stack
        return
    try:
        run = read(data, "file.json")
    except Unreadable as reason:
        assert str(reason).startswith("file.json ")
        assert expected is None, f"refused a sound file: {reason}"
        return
    assert isinstance(run, RunFile)
    assert expected is not None, "read a file that is none"
    (series,) = run.series.values()
    found = [float(value) for value in series.values]
    assert [_bits(value) for value in found] == [_bits(value) for value in expected]
    assert all(map(math.isfinite, run.recorded.values()))
    json.dumps(run.config, ensure_ascii=False).encode()


def _losses(data: bytes) -> list[float] | None:
    """The losses as Python's json reads them, as floats; None where there are none."""
    try:
        # An integer of any length as a float; the integer -0 is 0, without a sign.
        document = json.loads(data.decode("utf-8-sig"), parse_int=lambda digits: float(digits) + 0.0)
    except ValueError:
        return None
    entries = document.get("TrainingLoss") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries:
        return None
    if any(entry is not None and not isinstance(entry, float) for entry in entries):
        return None
    return [math.nan if entry is None else entry for entry in entries]


def _bits(value: float) -> bytes:
    return b"NaN" if math.isnan(value) else struct.pack("<d", value)


def check_list(data: bytes, folder: Path) -> None:
    """A list, or mistakes that are one line each; what begins as an object is a report.json's."""
    file = folder / ("report.json" if data[:1] == b"{" else "list.toml")
    file.write_bytes(data)
    try:
        found = load([str(file)])
        assert len(found) == 1 or file.suffix == ".json"
        assert all(isinstance(one, ModelList) for one in found)
    except ReportgenError as error:
        assert error.exit_code == 2
        for line in str(error).split("\n"):
            assert line.startswith(f"{file}: ") and line.isprintable() and len(line) < 1000, repr(line)


def check_summary(data: bytes, folder: Path) -> None:
    """Summaries, or ValueError: for the bytes themselves and for a sound archive with them as its head."""
    archive = io.BytesIO()
    numbers = {"floats": np.arange(60.0), "steps": np.arange(60)}
    np.savez(archive, head=np.frombuffer(data, np.uint8), **numbers)
    for record in (data, archive.getvalue()):
        with contextlib.suppress(ValueError):
            summaries, _ = from_bytes(record)
            assert all(isinstance(one, Summary) for one in summaries.values())


def check_baseline(data: bytes, folder: Path) -> None:
    """A document, or one line that names the file."""
    file = folder / "old.json"
    file.write_bytes(data)
    try:
        assert isinstance(read_baseline(file), dict)
    except ReportgenError as error:
        assert str(error).startswith(f"{file}: ") and str(error).isprintable()


def seeds(target: str) -> Iterable[bytes]:
    """Small sound files to begin with, and text from strangers."""
    if target in SEEDS:
        return SEEDS[target]
    if target == "read":
        return [text.encode() for text in RUN_FILES]
    if target == "lists":
        quoted = [f"[[family]]\nname = {json.dumps(text[:99])}\nruns = ['a']\n" for text in HOSTILE]
        return [text.encode() for text in (LIST, HUB_LIST, *quoted)] + [_report()]
    if target == "summary":
        record = to_bytes({"loss": summarise(losses(12), points=4)})
        with np.load(io.BytesIO(record)) as archive:
            return [record, archive["head"].tobytes()]
    return [_report()]


def _report() -> bytes:
    name = "add_d5_l2_h3_t1K_s1"
    spec = run_spec(name, note="n", expect={"steps": "> 1"}, listed={"avg_final_loss": "1e-9"})
    family = family_report("F", [run_report(name, losses(12), spec=spec)])
    problem = Problem("F", "b", "missing", "Why.")
    return json.dumps(report_document(sample([family], problems=[problem]))).encode()


TARGETS: dict[str, Callable[[bytes, Path], None]] = {
    "read": check_run_file,
    "lists": check_list,
    "summary": check_summary,
    "baseline": check_baseline,
    **READERS,
}


def fuzz(target: str, seconds: int, folder: Path) -> None:
    """Fuzzes one target in this process, which libFuzzer ends; findings go to ``folder/findings``."""
    for name in ("corpus", "findings", "scratch"):
        (folder / name).mkdir()
    for number, seed in enumerate(seeds(target)):
        (folder / "corpus" / str(number)).write_bytes(seed)
    quoted = [
        '"' + "".join(f"\\x{byte:02x}" for byte in word.encode()) + '"' for word in (*WORDS, *READERS_WORDS)
    ]
    (folder / "words").write_text("\n".join(quoted), encoding="ascii")
    seen = set()

    def once(data: bytes) -> None:
        try:
            TARGETS[target](data, folder / "scratch")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
            place = traceback.extract_tb(error.__traceback__)[-1]
            if (found := (type(error), place.filename, place.lineno)) not in seen:
                seen.add(found)
                (folder / "findings" / f"{len(seen)}.input").write_bytes(data)
                (folder / "findings" / f"{len(seen)}.txt").write_text(traceback.format_exc())

    # A run of over 20 s or 2 GB is a finding too; libFuzzer then leaves the input there and ends.
    limits = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2048", "-max_len=16384"]
    files = [f"-artifact_prefix={folder / 'findings'}/", f"-dict={folder / 'words'}", str(folder / "corpus")]
    atheris.Setup([sys.argv[0], "-print_final_stats=1", *limits, *files], once)
    atheris.Fuzz()


def report(target: str, folder: Path, log: str) -> int:
    """Prints what one target's fuzzing came to; returns the number of findings."""
    executions = re.search(r"stat::number_of_executed_units:\s*(\d+)", log)
    whole = f"{int(executions[1]):,}" if executions else "an unknown number of"
    findings = sorted(file for file in (folder / "findings").iterdir() if file.suffix != ".txt")
    print(f"{target}: {whole} executions, {len(findings)} findings", flush=True)  # noqa: T201
    for file in findings:
        why = file.with_suffix(".txt")
        print(f"{file}\n{why.read_text() if why.exists() else log[-2000:]}", flush=True)  # noqa: T201
    return len(findings) + (executions is None)


def main(words: list[str] | None = None) -> int:
    """Fuzzes each target in a process of its own, one after the other."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=int, default=600, help="for each target (default: 600)")
    parser.add_argument("--target", action="append", choices=TARGETS, help="repeatable (default: all)")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options: Any = parser.parse_args(words)
    targets = options.target or list(TARGETS)
    if options.inside:
        fuzz(targets[0], options.seconds, options.inside)
    wrong = 0
    for target in targets:
        folder = Path(tempfile.mkdtemp(prefix=f"reportgen-fuzz-{target}-"))
        own = ["--target", target, "--seconds", str(options.seconds), "--inside", str(folder)]
        command = [sys.executable, "-m", "tests.fuzz", *own]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        wrong += report(target, folder, done.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
