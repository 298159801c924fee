"""Writes tests/data/wandb with wandb itself, offline: ``python tests/tools/make_wandb.py``.

Needs wandb. What the loops know of their runs is in ``truth.json``: for each run its series, as pairs of
step and value, and its configuration.
"""

# ruff: noqa: T201

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PLACE = Path(__file__).resolve().parent.parent / "data" / "wandb"

CALLS = 150


def loss(step: int, rate: float) -> float:
    """A loss."""
    return 2 * math.exp(-step * rate) + 0.5 + 0.01 * math.sin(step)


def start(name: str | None, run_id: str, config: dict[str, Any]) -> Any:
    """A run that keeps nothing of the machine."""
    import wandb

    settings = wandb.Settings(
        mode="offline", silent=True, x_disable_meta=True, x_disable_stats=True, x_disable_machine_info=True,
        console="off", disable_git=True, disable_code=True, host="host", program="train.py", username="x",
    )  # fmt: skip
    return wandb.init(project="tests", name=name, id=run_id, config=config, settings=settings)


def finished() -> dict[str, Any]:
    """A named run with steps of its own, nested keys, values that are no numbers, and a second counter."""
    run = start("sweep/lr=0.1", "aaaaaaaa", {"lr": 0.1, "optimizer": {"name": "adam", "betas": [0.9, 0.99]}})
    run.define_metric("trainer/global_step")
    run.define_metric("*", step_metric="trainer/global_step", step_sync=True)
    truth: dict[str, list[tuple[int, float]]] = {"loss": [], "eval_loss": [], "grad.norm": []}
    for step in range(9, 200, 10):
        norm = math.inf if step == 19 else 1 / step
        run.log({"train/loss": loss(step, 0.05), "grad": {"norm": norm}, "trainer/global_step": step})
        truth["loss"].append((step, loss(step, 0.05)))
        truth["grad.norm"].append((step, norm))
        if step % 50 == 49:
            value = math.nan if step == 49 else loss(step, 0.04)
            run.log({"val/loss": value, "text": "a sentence", "trainer/global_step": step})
            truth["eval_loss"].append((step, value))
    run.config.update({"late": True})
    run.finish()
    config = {"lr": 0.1, "optimizer": {"name": "adam", "betas": [0.9, 0.99]}, "late": True}
    return {"series": truth, "config": config, "unfinished": False}


def killed() -> dict[str, Any]:
    """A run without a name, whose process is gone before its end; steps are the calls of log."""
    run = start(None, "bbbbbbbb", {"lr": 0.2})
    for step in range(CALLS):
        run.log({"loss": loss(step, 0.02)})
    sys.stdout.flush()
    os._exit(1)


def main() -> None:
    """Both runs, each in a process of its own."""
    if len(sys.argv) > 1:
        (Path(sys.argv[2])).write_text(json.dumps(globals()[sys.argv[1]]()))
        return
    shutil.rmtree(PLACE, ignore_errors=True)
    with tempfile.TemporaryDirectory() as elsewhere:
        for kind in ("finished", "killed"):
            subprocess.run(
                [sys.executable, __file__, kind, f"{elsewhere}/{kind}"], cwd=elsewhere, check=False
            )
        for file in Path(elsewhere, "wandb").glob("offline-run-*/*.wandb"):
            folder = PLACE / file.parent.name
            folder.mkdir(parents=True)
            shutil.copy(file, folder)
            print(file.name, file.stat().st_size)
        truth = {"sweep/lr=0.1": json.loads(Path(elsewhere, "finished").read_text())}
    # How far the file of the second goes is chance.
    pairs = [(step, loss(step, 0.02)) for step in range(CALLS)]
    truth["bbbbbbbb"] = {"series": {"loss": pairs}, "config": {"lr": 0.2}, "unfinished": True}
    (PLACE / "truth.json").write_text(json.dumps(truth) + "\n")


if __name__ == "__main__":
    main()
