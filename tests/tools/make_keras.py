"""Writes tests/data/keras with Keras itself: ``python tests/tools/make_keras.py``.

Needs ``keras`` and ``torch``. The loop's own record is what ``fit`` gives back, in ``truth.json``.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np

os.environ["KERAS_BACKEND"] = "torch"
import keras

PLACE = Path(__file__).resolve().parents[1] / "data" / "keras"


def main(into: Path) -> None:
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    keras.utils.set_random_seed(5)
    generator = np.random.default_rng(5)
    inputs = generator.normal(size=(64, 3)).astype("float32")
    outputs = (inputs.sum(1) > 0).astype("float32")
    model = keras.Sequential(
        [keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1, activation="sigmoid")]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    truth = []
    for epochs in (5, 7):  # the log of the second is appended to that of the first
        log = keras.callbacks.CSVLogger(str(into / "training.csv"), append=epochs == 7)
        kept = model.fit(inputs, outputs, epochs=epochs, validation_split=0.25, verbose=0, callbacks=[log])
        truth.append({name: [float(value) for value in values] for name, values in kept.history.items()})
    (into / "history.json").write_text(json.dumps(kept.history) + "\n", encoding="utf-8")
    (into / "truth.json").write_text(json.dumps(truth) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(PLACE)
