"""Writes tests/data/mlflow with MLflow itself: ``python tests/tools/make_mlflow.py``.

Needs mlflow (or mlflow-skinny with sqlalchemy and alembic). The same runs in a store of files and in
a database; what their loops know is in ``truth.json``.
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

PLACE = Path(__file__).resolve().parent.parent / "data" / "mlflow"
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"


def loss(step: int, rate: float) -> float:
    """A loss."""
    return 2 * math.exp(-step * rate) + 0.5


def runs(uri: str) -> dict[str, Any]:
    """Three runs, one deleted, two of one name; metrics with a slash, NaN, infinity, a batch."""
    import mlflow
    from mlflow.entities import Metric

    mlflow.set_tracking_uri(uri)
    client = mlflow.MlflowClient()
    experiment = client.create_experiment("tests", artifact_location="artifacts")
    truth: dict[str, Any] = {}
    for name, rate, state in (("small", 0.1, "FINISHED"), ("big", 0.2, "RUNNING"), ("gone", 0.3, "FINISHED")):
        run = client.create_run(experiment, run_name=name, start_time=1_700_000_000_000)
        run_id = run.info.run_id
        client.log_param(run_id, "lr", rate)
        client.log_param(run_id, "optimizer/name", "adam")
        client.set_tag(run_id, "team", "a")
        series: dict[str, list[tuple[int, float]]] = {"loss": [], "eval_loss": []}
        batch = []
        for step in range(0, 100, 5):
            value = math.inf if step == 10 else loss(step, rate)
            batch.append(Metric("train/loss", value, 1_700_000_000_000 + 1000 * step, step))
            series["loss"].append((step, value))
            if step % 25 == 0:
                value = math.nan if step == 50 else loss(step, rate / 2)
                client.log_metric(
                    run_id, "val/loss", value, timestamp=1_700_000_000_000 + 1000 * step, step=step
                )
                series["eval_loss"].append((step, value))
        client.log_batch(run_id, metrics=batch)
        if state != "RUNNING":
            client.set_terminated(run_id, state, end_time=1_700_000_200_000)
        if name == "gone":
            client.delete_run(run_id)
        else:
            config = {"lr": str(rate), "optimizer/name": "adam", "tags": {"team": "a"}}
            truth[name] = {"series": series, "config": config, "unfinished": state == "RUNNING"}
    return truth


def main() -> None:
    """Both stores."""
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as elsewhere:
        os.chdir(elsewhere)
        truth = runs("mlruns")
        runs("sqlite:///mlflow.db")
        for meta in Path("mlruns").rglob("meta.yaml"):  # where it was written is nobody's matter
            meta.write_text(meta.read_text().replace(elsewhere, "/runs"))
        shutil.copytree("mlruns", PLACE / "mlruns", ignore=shutil.ignore_patterns(".trash", "mlflow.user"))
        store = sqlite3.connect("mlflow.db")
        store.execute("UPDATE runs SET user_id = 'someone'")
        store.execute("UPDATE experiments SET artifact_location = 'artifacts'")
        store.execute("UPDATE runs SET artifact_uri = 'artifacts'")
        store.commit()
        store.execute("VACUUM")
        store.close()
        (PLACE / "mlflow.db.gz").write_bytes(gzip.compress(Path("mlflow.db").read_bytes(), mtime=0))
    (PLACE / "truth.json").write_text(json.dumps(truth) + "\n")
    print(sum(file.stat().st_size for file in PLACE.rglob("*") if file.is_file()))


if __name__ == "__main__":
    main()
