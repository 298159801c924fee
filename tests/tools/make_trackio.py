"""Writes tests/data/trackio with Trackio itself: ``python tests/tools/make_trackio.py``.

Needs trackio. What the loops know of their runs is in ``truth.json``.
"""

# ruff: noqa: T201

from __future__ import annotations

import gzip
import json
import math
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

PLACE = Path(__file__).resolve().parent.parent / "data" / "trackio"


def loss(step: int, rate: float) -> float:
    """A loss."""
    return 2 * math.exp(-step * rate) + 0.5


def runs() -> dict[str, Any]:
    """One run with steps of its own, one whose steps are Trackio's, one as Transformers logs."""
    import trackio

    truth: dict[str, Any] = {}
    for name, rate in (("own-steps", 0.1), ("counted", 0.2), ("trainer", 0.3)):
        trackio.init(project="tests", name=name, config={"lr": rate, "model": {"depth": 2}}, embed=False)
        series: dict[str, list[tuple[int, float]]] = {"loss": [], "eval_loss": []}
        for number in range(30):
            step = {"own-steps": 10 * number, "counted": number, "trainer": 5 * number}[name]
            values = {"train/loss": math.inf if number == 3 else loss(number, rate)}
            series["loss"].append((step, values["train/loss"]))
            if number % 10 == 9:
                values["eval/loss"] = math.nan if number == 9 else loss(number, rate / 2)
                series["eval_loss"].append((step, values["eval/loss"]))
            if name == "trainer":
                trackio.log({**values, "train/global_step": step, "note": "text"})
            else:
                trackio.log(values, step=step if name == "own-steps" else None)
        trackio.finish()
        truth[name] = {"series": series, "config": {"lr": rate, "model": {"depth": 2}}}
    return truth


def main() -> None:
    """The database of one project."""
    with tempfile.TemporaryDirectory() as elsewhere:
        os.environ["TRACKIO_DIR"] = elsewhere
        truth = runs()
        (place,) = Path(elsewhere).glob("tests.db")
        store = sqlite3.connect(place)
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.execute("VACUUM")
        store.close()
        shutil.rmtree(PLACE, ignore_errors=True)
        PLACE.mkdir(parents=True)
        (PLACE / "tests.db.gz").write_bytes(gzip.compress(place.read_bytes(), mtime=0))
        print((PLACE / "tests.db.gz").stat().st_size)
    (PLACE / "truth.json").write_text(json.dumps(truth) + "\n")


if __name__ == "__main__":
    main()
