"""Writes tests/data/tensorboard with the real tools: ``python tests/tools/make_tensorboard.py``.

Needs torch, tensorboard, lightning, transformers and accelerate. Each folder is a run, with what the loop
itself knows of it in ``truth.json``: series to pairs of step and value.
"""

# ruff: noqa: T201

from __future__ import annotations

import json
import math
import os
import random
import shutil
import socket
import tempfile
import warnings
from pathlib import Path

PLACE = Path(__file__).resolve().parent.parent / "data" / "tensorboard"
socket.gethostname = lambda: "host"  # It becomes part of file names.
Truth = dict[str, list[tuple[int, float]]]


def curve(step: int, seed: int = 0) -> float:
    """A loss."""
    return 2.5 * math.exp(-step / 40) + 0.3 + random.Random(step * 1000 + seed).random() * 0.05


def keep(folder: Path, truth: Truth, config: dict[str, object]) -> None:
    """What the loop knows, where the test finds it."""
    (folder / "truth.json").write_text(json.dumps({"series": truth, "config": config}, indent=0) + "\n")


def summary_writer(folder: Path) -> None:
    """Plain scalars, a restart in a second file, add_scalars, add_hparams, a histogram, text."""
    from torch.utils.tensorboard import SummaryWriter

    truth: Truth = {"loss": [], "accuracy": [], "eval_loss": []}
    for first, last in ((0, 60), (40, 100)):
        truth = {name: [pair for pair in pairs if pair[0] < first] for name, pairs in truth.items()}
        writer = SummaryWriter(str(folder))
        writer.add_text("notes", "a run of the tests")
        for step in range(first, last, 2):
            writer.add_scalar("train/loss", curve(step, first), step)
            truth["loss"].append((step, curve(step, first)))
            if step % 20 == 0:
                value = math.nan if step == 20 else curve(step, 7)
                writer.add_scalar("val/loss", value, step)
                truth["eval_loss"].append((step, value))
                writer.add_scalar("accuracy", 1 - curve(step) / 4, step, new_style=True)
                truth["accuracy"].append((step, 1 - curve(step) / 4))
        writer.close()
    writer.add_hparams(
        {"lr": 0.001, "batch_size": 32, "optimizer": "adam", "amp": True}, {"hparam/best": 0.3}
    )
    writer.close()
    keep(folder, truth, {"lr": 0.001, "batch_size": 32, "optimizer": "adam", "amp": True})


def add_scalars(folder: Path) -> None:
    """One subfolder for each series."""
    from torch.utils.tensorboard import SummaryWriter

    truth: Truth = {"loss": [], "eval_loss": []}
    with SummaryWriter(str(folder)) as writer:
        for step in range(30):
            writer.add_scalars("Loss", {"train": curve(step), "valid": curve(step, 5)}, step)
            truth["loss"].append((step, curve(step)))
            truth["eval_loss"].append((step, curve(step, 5)))
    keep(folder, truth, {})


def tensors(folder: Path) -> None:
    """As Keras does: tensors of TensorFlow 2, in train and validation, epochs and batches in one file."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.plugins.scalar.summary_v2 import scalar_pb
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    truth: Truth = {"loss": [], "eval_loss": [], "validation/evaluation_loss_vs_iterations": []}
    writers = {
        name: EventFileWriter(str(folder / name), filename_suffix=".v2") for name in ("train", "validation")
    }

    def write(name: str, tag: str, step: int, value: float, kind: int = 1) -> None:
        summary = scalar_pb(tag, value)
        if kind != 1:  # A type that scalar_pb does not write, but others do.
            summary.value[0].tensor.CopyFrom(TensorProto(dtype=kind, double_val=[value]))
        writers[name].add_event(Event(wall_time=1.7e9 + step, step=step, summary=summary))

    for epoch in range(12):
        write("train", "epoch_loss", epoch, curve(epoch))
        truth["loss"].append((epoch, curve(epoch)))
        write("validation", "epoch_loss", epoch, curve(epoch, 3), kind=2)
        truth["eval_loss"].append((epoch, curve(epoch, 3)))
        write("validation", "evaluation_loss_vs_iterations", 50 * (epoch + 1), curve(epoch, 3))
        truth["validation/evaluation_loss_vs_iterations"].append((50 * (epoch + 1), curve(epoch, 3)))
    for writer in writers.values():
        writer.close()
    keep(folder, truth, {})


def lightning(folder: Path) -> None:
    """Lightning's logger, with hyperparameters and its hp_metric."""
    import torch
    from lightning.pytorch import LightningModule, Trainer
    from lightning.pytorch.loggers import TensorBoardLogger

    truth: Truth = {"loss": [], "eval_loss": []}

    class Model(LightningModule):
        def __init__(self, lr: float = 0.01, width: int = 4) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(width, 1)

        def training_step(self, batch: torch.Tensor, number: int) -> torch.Tensor:
            loss = self.layer(batch).square().mean()
            self.log("train_loss", loss)
            if (self.global_step + 1) % 5 == 0:
                truth["loss"].append((self.global_step, loss.item()))
            return loss

        def validation_step(self, batch: torch.Tensor, number: int) -> None:
            loss = self.layer(batch).square().mean()
            self.log("val_loss", loss)
            truth["eval_loss"].append((self.global_step - 1, loss.item()))

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=self.hparams["lr"])

    torch.manual_seed(1)
    data = [torch.randn(8, 4) for _ in range(20)]
    trainer = Trainer(
        max_epochs=3,
        logger=TensorBoardLogger(str(folder.parent), name="", version=folder.name),
        accelerator="cpu",
        log_every_n_steps=5,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    loader = torch.utils.data.DataLoader
    trainer.fit(Model(), loader(data, batch_size=None), loader(data[:1], batch_size=None))
    (folder / "hparams.yaml").unlink()
    keep(folder, truth, {"lr": 0.01, "width": 4})


def transformers(folder: Path) -> None:
    """The Trainer's arguments as text, its values under train/ and eval/, its results at the end."""
    import torch
    from transformers import Trainer, TrainerCallback, TrainingArguments

    truth: Truth = {"loss": [], "eval_loss": [], "learning_rate": []}

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

        def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
            y = self.layer(x).squeeze(-1)
            return {"loss": (y - labels).square().mean(), "logits": y}

    class Keep(TrainerCallback):
        def on_log(self, args, state, control, logs=None, **rest) -> None:  # type: ignore[no-untyped-def]
            for ours, theirs in (
                ("loss", "loss"),
                ("eval_loss", "eval_loss"),
                ("learning_rate", "learning_rate"),
            ):
                if theirs in (logs or {}):
                    truth[ours].append((state.global_step, float(logs[theirs])))

    torch.manual_seed(2)
    data = [{"x": torch.randn(4), "labels": torch.randn(())} for _ in range(64)]
    os.environ["TENSORBOARD_LOGGING_DIR"] = "logs"
    arguments = TrainingArguments(
        output_dir="out",
        num_train_epochs=3,
        per_device_train_batch_size=8,
        logging_steps=2,
        learning_rate=0.05,
        eval_strategy="epoch",
        report_to="tensorboard",
        use_cpu=True,
        save_strategy="no",
        disable_tqdm=True,
    )
    trainer = Trainer(Model(), arguments, train_dataset=data, eval_dataset=data[:16], callbacks=[Keep()])
    trainer.train()
    for file in Path("logs").rglob("*tfevents*"):
        shutil.copy(file, folder / file.name)
    keep(folder, truth, {"learning_rate": 0.05, "per_device_train_batch_size": 8})


def main() -> None:
    """Every folder, from nothing."""
    warnings.simplefilter("ignore")
    shutil.rmtree(PLACE, ignore_errors=True)
    with tempfile.TemporaryDirectory() as elsewhere:
        os.chdir(elsewhere)
        for make in (summary_writer, add_scalars, tensors, lightning, transformers):
            folder = PLACE / make.__name__
            folder.mkdir(parents=True)
            make(folder)
            print(make.__name__, sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()))


if __name__ == "__main__":
    main()
