"""Writes tests/data/transformers with Transformers itself: ``python tests/tools/make_transformers.py``.

Needs ``transformers`` and ``accelerate``. A tiny model is trained on random data; what each step lost is
recorded in float64 by the loop itself, in ``truth.json``.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments, set_seed

PLACE = Path(__file__).resolve().parents[1] / "data" / "transformers"
KEPT = {"trainer_state.json", "all_results.json", "config.json", "README.md", "training_args.bin"}


class Recorded(Trainer):
    """Records the loss of every step and of every evaluation."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.steps: list[tuple[int, float]] = []
        self.evaluations: list[tuple[int, float]] = []

    def training_step(self, *args: Any, **named: Any) -> Any:
        loss = super().training_step(*args, **named)
        self.steps.append((self.state.global_step + 1, float(loss.detach().double())))
        return loss

    def evaluate(self, *args: Any, **named: Any) -> Any:
        found = super().evaluate(*args, **named)
        self.evaluations.append((self.state.global_step, float(found["eval_loss"])))
        return found


class Tokens(torch.utils.data.Dataset):  # type: ignore[type-arg]
    def __init__(self, count: int, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.tokens = torch.randint(0, 12, (count, 8), generator=generator).cumsum(1) % 23

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, place: int) -> dict[str, torch.Tensor]:
        return {"input_ids": self.tokens[place], "labels": self.tokens[place]}


def trainer(folder: str, seed: int, rate: float, **named: Any) -> Recorded:
    set_seed(seed)
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=23, n_positions=8, n_embd=16, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0
        )
    )
    arguments = TrainingArguments(
        output_dir=folder,
        seed=seed,
        learning_rate=rate,
        per_device_train_batch_size=4,
        max_steps=50,
        logging_steps=3,
        eval_strategy="steps",
        eval_steps=10,
        save_steps=20,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        **named,
    )
    return Recorded(model, arguments, train_dataset=Tokens(120, 1), eval_dataset=Tokens(16, 2))


def main(into: Path) -> None:
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    truth = {}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for seed, rate in ((1, 1e-2), (2, 1e-2), (1, 1e-3)):
            name = f"lr{rate:g}-s{seed}"
            run = trainer(name, seed, rate)
            result = run.train()
            run.save_metrics("all", result.metrics)
            run.save_state()
            run.save_model()
            run.create_model_card(model_name=name)
            truth[name] = {"steps": run.steps, "evaluations": run.evaluations}
        # Killed after its second checkpoint, and not begun again: 40 of 500 steps.
        run = trainer("killed", 3, 1e-2, max_grad_norm=0.5)
        run.args.max_steps = 500
        run.add_callback(_killing())
        with contextlib.suppress(KeyboardInterrupt):
            run.train()
        truth["killed"] = {"steps": run.steps, "evaluations": run.evaluations}
        for file in sorted(Path().rglob("*")):
            if file.name in KEPT and not (
                file.parent.name.startswith("checkpoint-") and file.name != "trainer_state.json"
            ):
                target = into / file
                target.parent.mkdir(parents=True, exist_ok=True)
                if file.name == "training_args.bin":  # read by nobody: it would run whatever it holds
                    target.write_bytes(b"\x80\x05this pickle was never opened.")
                else:
                    shutil.copy(file, target)
    (into / "truth.json").write_text(json.dumps(truth) + "\n", encoding="utf-8")


def _killing() -> Any:
    from transformers import TrainerCallback

    class Killing(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **named: Any) -> None:
            if state.global_step == 43:
                raise KeyboardInterrupt

    return Killing()


if __name__ == "__main__":
    main(PLACE)
