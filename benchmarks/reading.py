"""Reading run files: from JSON on disk to float64 in memory."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.row import Row
from benchmarks.synthetic import synthetic_runs
from reportgen.formats import quanta_maths
from reportgen.model_list import DirectorySource, RunSpec
from reportgen.pull import PullOptions, pull

__all__ = ["rows"]

_REPEATS = 7


def rows() -> Iterator[Row]:
    """Every row about reading, as they are measured: 27 synthetic files, some 34 MB in all."""
    with tempfile.TemporaryDirectory(prefix="reportgen-benchmark-") as place:
        usual = _write(Path(place) / "usual")
        theirs = _seconds(lambda: _theirs(usual))
        yield Row("reading 27 files into float64", _seconds(lambda: _ours(usual)), theirs, 7)
        diverged = _write(Path(place) / "diverged", last=float("nan"))
        theirs = _seconds(lambda: _theirs(diverged))
        ours = _seconds(lambda: _ours(diverged))
        yield Row("the same where every run has diverged (NaN)", ours, theirs, 0.8)
        pulled = _seconds(lambda: _pull(usual))
        yield Row("finding and hashing the 27 files, against 0.1 s", pulled, 0.1, 1)


def _write(folder: Path, last: float | None = None) -> Sequence[Path]:
    files = []
    for number, losses in enumerate(synthetic_runs()):
        entries = losses.tolist() if last is None else [*losses.tolist()[:-1], last]
        file = folder / f"run{number}" / "training_loss.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"Config": {"n_digits": 5, "lr": 8e-5}, "TrainingLoss": entries}))
        files.append(file)
    return files


def _ours(files: Sequence[Path]) -> None:
    """Reads files one by one and keeps none, as a build does."""
    for file in files:
        quanta_maths.read(file.read_bytes(), file.name)


def _theirs(files: Sequence[Path]) -> None:
    for file in files:
        with file.open() as text:
            np.array(json.load(text)["TrainingLoss"])


def _pull(files: Sequence[Path]) -> object:
    source = DirectorySource("{name}/training_loss.json", str(files[0].parent.parent))
    return pull([("family", RunSpec(file.parent.name, source)) for file in files], PullOptions())


def _seconds(work: Callable[[], object]) -> float:
    """The quickest of a few tries: what the machine can do when nothing else runs."""
    tries = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        work()
        tries.append(time.perf_counter() - began)
    return min(tries)
