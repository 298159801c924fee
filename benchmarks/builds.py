"""Whole builds against the notebook's way, each a process of its own, as a user would start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmarks.notebook import FAMILIES
from benchmarks.row import Row
from benchmarks.synthetic import losses_of

_RUNS = sum(FAMILIES)
_MEGABYTE = 2**20


@dataclass(frozen=True)
class Process:
    """What a process cost.

    Attributes:
        seconds: Of the clock.
        cpu_seconds: Of all its processes, which other work on the machine stretches less.
        peak_bytes: Resident memory of its largest process, children included.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def rows(*, large: bool = True) -> Iterator[Row]:
    """Rows about whole builds, as they are measured; ``large`` ones take minutes and 4 GB of disk."""
    with tempfile.TemporaryDirectory(prefix="reportgen-benchmark-") as place:
        yield from _small(Path(place))
    if large:
        yield from _large()


def _small(place: Path) -> Iterator[Row]:
    """27 runs of the notebook's nominal lengths, against the notebook."""
    model_list = write_list(place / "lists", _RUNS)
    runs = place / "lists" / "runs"
    page = _run([sys.executable, "-m", "benchmarks.notebook", str(runs), str(place / "theirs")])
    theirs_size = sum(file.stat().st_size for file in (place / "theirs").glob("*.html"))
    saved = _run([sys.executable, "-m", "benchmarks.notebook", str(runs), str(place / "saved"), "--pdf"])

    cold = build(model_list, place / "html", place / "cache-html", "--format", "html")
    yield Row("HTML of 27 runs, cold", cold.seconds, page.seconds, 6)
    yield Row("the same, CPU seconds", cold.cpu_seconds, page.cpu_seconds, 6)
    full = build(model_list, place / "full", place / "cache-full")
    yield Row("HTML, PDF and all figure files, cold", full.seconds, saved.seconds, 3)
    yield Row("the same, CPU seconds", full.cpu_seconds, saved.cpu_seconds, 3)
    same = min(
        build(model_list, place / "html", place / "cache-html", "--format", "html").seconds for _ in range(3)
    )
    yield Row("the same HTML again, nothing changed", same, page.seconds, 40)
    same = min(build(model_list, place / "full", place / "cache-full").seconds for _ in range(3))
    yield Row("HTML, PDF and figures again, nothing changed", same, page.seconds, 40)
    _touch(min(runs.iterdir()) / "training_loss.json", 1)
    changed = build(model_list, place / "full", place / "cache-full")
    yield Row(
        "one run of 27 changed, all formats, against our cold build", changed.seconds, full.seconds, 2.5
    )
    yield Row("the same, CPU seconds", changed.cpu_seconds, full.cpu_seconds, 2.5)
    _touch(min(runs.iterdir()) / "training_loss.json", 2)
    changed = build(model_list, place / "html", place / "cache-html", "--format", "html")
    yield Row("one run of 27 changed, HTML, against our cold build", changed.seconds, cold.seconds, 2.5)
    size = (place / "full" / "report.html").stat().st_size
    yield Row(
        "size of report.html, 27 runs, MB",
        size / _MEGABYTE,
        theirs_size / _MEGABYTE,
        theirs_size / _MEGABYTE / 3,
    )


def _large() -> Iterator[Row]:
    """The cost of a run as runs grow; a family of up to 1,000 among them."""
    at_27 = 0.0
    for count in (_RUNS, 270, 1080, 2700):
        with tempfile.TemporaryDirectory(prefix="reportgen-benchmark-") as name:
            place = Path(name)
            model_list = write_list(place / "lists", count)
            cost = build(model_list, place / "out", place / "cache", "--format", "html")
            size = (place / "out" / "report.html").stat().st_size
        per_run = cost.seconds / count
        if count == _RUNS:
            at_27 = per_run
            continue
        yield Row(f"seconds a run, {count} runs, HTML, against 27 runs", per_run, at_27, 1)
        yield Row(f"peak memory, {count} runs, GB, against 2 GB", cost.peak_bytes / 2**30, 2.0, 1)
        if count == 1080:
            yield Row("size of report.html, 1,080 runs, MB, against 25 MB", size / _MEGABYTE, 25.0, 1)


def write_list(folder: Path, count: int) -> Path:
    """A list of synthetic runs with their files, no two alike.

    Args:
        folder: Made.
        count: 27 gives the notebook's three families; more go into one family of up to 1,000 and
            others of 40.

    Returns:
        The list.
    """
    losses = [losses_of(number) for number in range(_RUNS)]
    sizes = list(FAMILIES) if count == _RUNS else _sizes(count)
    lines = [
        'title = "Synthetic runs"',
        "synthetic = true",
        "[source]",
        'type = "directory"',
        'path = "runs/{name}/training_loss.json"',
    ]
    number = 0
    for family, size in enumerate(sizes):
        names = []
        for _ in range(size):
            digits, steps = 5 + number % 11, len(losses[number % _RUNS]) // 1000
            name = f"add_d{digits}_l2_h3_t{steps}K_s{100000 + number}"
            file = folder / "runs" / name / "training_loss.json"
            file.parent.mkdir(parents=True)
            # No two runs alike: equal files are computed once, and equal curves are in the page once.
            own = losses[number % _RUNS] * (1 + number * 1e-4)
            text = orjson.dumps(own, option=orjson.OPT_SERIALIZE_NUMPY).decode()
            file.write_text(f'{{"Config": {{"n_digits": {digits}}}, "TrainingLoss": {text}}}')
            names.append(name)
            number += 1
        lines += ["[[family]]", f'name = "Family {family + 1}"', f"runs = {json.dumps(names)}"]
    file = folder / "synthetic.toml"
    file.write_text("\n".join(lines) + "\n")
    return file


def _sizes(count: int) -> list[int]:
    large = min(1000, count // 2 if count < 1000 else 1000)
    rest = count - large
    return [large, *([40] * (rest // 40)), *([rest % 40] if rest % 40 else [])]


def _touch(file: Path, number: int) -> None:
    """Another first loss, so that the file is another run's."""
    text = file.read_text()
    start = text.index("[") + 1
    file.write_text(f"{text[:start]}{3.0 + number!r}{text[text.index(',', start) :]}")


def build(model_list: Path, out: Path, cache: Path, *options: str) -> Process:
    """A build in a process of its own."""
    words = [
        sys.executable,
        "-m",
        "reportgen",
        "build",
        str(model_list),
        "-o",
        str(out),
        "--cache-dir",
        str(cache),
    ]
    return _run([*words, "--quiet", *options])


def _run(words: Sequence[str]) -> Process:
    # A checkout is compiled once, as pip compiles what it installs.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} exited with {process.returncode}")
    # Linux counts in KiB, macOS in bytes.
    return Process(
        seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    )
