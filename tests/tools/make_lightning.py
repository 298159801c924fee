"""Writes tests/data/lightning with Lightning itself: ``python tests/tools/make_lightning.py``.

Needs ``lightning``. What was logged is recorded in float64 by the module itself, in ``truth.json``.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.loggers import CSVLogger

PLACE = Path(__file__).resolve().parents[1] / "data" / "lightning"


class Module(lightning.LightningModule):
    def __init__(self, lr: float, betas: tuple[float, float], width: int) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.Tanh(), torch.nn.Linear(width, 1))
        self.training_losses: list[tuple[int, float]] = []
        self.validations: list[tuple[int, float]] = []

    def training_step(self, batch: Any, number: int) -> Any:
        loss = torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])
        self.training_losses.append((self.global_step, float(loss.detach().double())))
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch: Any, number: int) -> None:
        loss = torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])
        if not self.trainer.sanity_checking:
            self.validations.append((self.global_step - 1, float(loss.double())))
        self.log("val_loss", loss)

    def test_step(self, batch: Any, number: int) -> None:
        self.log("test_loss", torch.nn.functional.mse_loss(self.net(batch[0]), batch[1]))

    def configure_optimizers(self) -> Any:
        return torch.optim.Adam(self.parameters(), lr=self.hparams["lr"], betas=self.hparams["betas"])


def loader(count: int, seed: int, size: int) -> Any:
    inputs = torch.randn(count, 4, generator=torch.Generator().manual_seed(seed))
    outputs = inputs.sin().sum(1, keepdim=True)
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(inputs, outputs), batch_size=size)


def main(into: Path) -> None:
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    truth = {}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for version, rate in enumerate((1e-2, 1e-3)):
            lightning.seed_everything(7)
            module = Module(rate, (0.9, 0.99), 8)
            trainer = lightning.Trainer(
                max_epochs=4,
                logger=CSVLogger("logs", name="tiny", version=version),
                callbacks=[LearningRateMonitor("step")],
                log_every_n_steps=5,
                accelerator="cpu",
                enable_progress_bar=False,
                enable_model_summary=False,
                enable_checkpointing=False,
            )
            trainer.fit(module, loader(96, 1, 8), loader(16, 2, 16))
            trainer.test(module, loader(16, 3, 16), verbose=False)
            truth[f"version_{version}"] = {
                "train_loss": module.training_losses,
                "val_loss": module.validations,
            }
        shutil.copytree("logs/tiny", into, dirs_exist_ok=True)
    (into / "truth.json").write_text(json.dumps(truth) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(PLACE)
