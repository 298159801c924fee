"""Reports to look at: runs of many kinds, all synthetic, built and photographed.

    python -m tests.looks FOLDER

writes lists and runs, builds each report, and takes pictures of the page at three widths, light, dark and
printed, and of every page of the PDF. What a program can check, tests check; this is for eyes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import reportgen

__all__ = ["REPORTS", "build", "write"]

WIDTHS = (1440, 768, 390)
Runs = Iterator[tuple[str, list[float], dict[str, object]]]


def _falling(steps: int, start: float, end: float, seed: int, noise: float = 0.02) -> np.ndarray:
    """(steps,) losses that fall by a power law, with noise."""
    step = np.arange(steps)
    loss = end + (start - end) / (1 + step / max(20, steps / 40)) ** 0.8
    return np.asarray(loss * np.exp(np.random.default_rng(seed).normal(0, noise, steps)))


def stranger() -> Runs:
    """Eight runs of ordinary models, from 200 to 300,000 steps, one of which diverged."""
    names = (
        "resnet50-lr0.1-bs256", "resnet50-lr0.01-bs256", "gpt2-small_wd0.1_seed3", "gpt2-small_wd0.01_seed3",
        "vit-b16-lr3e-5-warmup100", "vit-b16-lr3e-4-warmup100", "学习率一", "MOMENTUM_WARMUP_A",
    )  # fmt: skip
    lengths = (200, 1_000, 5_000, 20_000, 60_000, 3_000, 300_000, 10_000)
    for i, (name, steps) in enumerate(zip(names, lengths, strict=True)):
        losses = _falling(steps, 7.0 + 0.3 * i, 2.05 + 0.11 * i, i)
        if i == 5:
            losses[2_000:2_600] = np.geomspace(4, 1_750, 600)
            losses[2_600:] = np.nan
        yield name, losses.tolist(), {"model": name.split("-")[0], "optimizer": {"lr": 10.0 ** -(1 + i % 4)}}


def sweep() -> Runs:
    """120 runs: 12 configurations of 10 seeds each."""
    for i in range(12):
        config = {"lr": (1e-4, 3e-4, 1e-3)[i % 3], "width": (128, 256, 512, 1024)[i // 3]}
        for seed in range(10):
            losses = _falling(2_000, 6.0, 3.2 - 0.05 * i, 100 * i + seed, 0.03)
            yield f"lr{config['lr']:g}-w{config['width']}-s{seed}", losses.tolist(), {**config, "seed": seed}


def long_names() -> Runs:
    """Nine runs whose names of 80 characters differ in the middle."""
    for i in range(9):
        name = f"llama-7b-lora-openassistant-guanaco-r{2**i}-alpha16-dropout0.05-cosine-fp16-seed1234-final"
        yield name, _falling(800, 2.2, 1.1 + 0.01 * i, i).tolist(), {"lora": {"r": 2**i}}


def evaluations() -> Runs:
    """25 runs that end between 3.27 and 3.35 after 30 values."""
    for i in range(25):
        yield f"speedrun-{i:03}", _falling(30, 5.0, 3.24 + 0.003 * i, i, 0.001).tolist(), {"run": i}


def spikes() -> Runs:
    """Eleven runs of the shapes of Quanta Maths, with spikes of a thousandfold."""
    for i in range(11):
        random = np.random.default_rng(i)
        losses = np.geomspace(2.9, 1e-8 * (i + 1), 20_000) * np.exp(random.normal(0, 0.1, 20_000))
        losses[random.integers(2_000, 20_000, 12)] *= 1_000
        yield f"add_d{3 + i}_l2_h3_t20K_s372001", losses.tolist(), {"n_digits": 3 + i}


REPORTS: dict[str, tuple[Callable[[], Runs], str]] = {
    "stranger": (stranger, ""),
    "sweep": (sweep, ""),
    "long-names": (long_names, ""),
    "evaluations": (evaluations, ""),
    "spikes": (spikes, 'color_by = "digits"\n'),
}


def write(name: str, folder: Path) -> Path:
    """Writes a report's runs and its list, and gives the list's path."""
    runs, keys = REPORTS[name]
    names = []
    for run, losses, config in runs():
        file = folder / name / run / "training_loss.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"Config": config, "TrainingLoss": losses}))
        names.append(run)
    path = folder / f"{name}.toml"
    path.write_text(
        f'title = "Synthetic: {name}"\nsynthetic = true\nauthor = "A. Researcher"\n'
        f'[source]\ntype = "directory"\npath = "{name}/{{name}}/training_loss.json"\n'
        f"[figures]\nwidth_mm = [178, 85]\n"
        f'[[family]]\nname = "Runs"\n{keys}runs = {json.dumps(names)}\n'
    )
    return path


def build(name: str, folder: Path) -> Path:
    """Builds a report and gives its folder."""
    out = folder / f"{name}-report"
    reportgen.build(write(name, folder), out)
    return out


def photograph(out: Path) -> None:
    """Pictures of the page and of the PDF's pages, next to them."""
    import pypdfium2
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for theme in ("light", "dark"):
            for width in WIDTHS:
                page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
                page.goto((out / "report.html").as_uri())
                page.wait_for_timeout(500)
                page.screenshot(path=out / f"first-{width}-{theme}.png")
                for y in range(0, page.evaluate("document.documentElement.scrollHeight"), 600):
                    page.evaluate(f"scrollTo(0, {y})")
                    page.wait_for_timeout(100)
                page.screenshot(path=out / f"page-{width}-{theme}.png", full_page=True)
                if width == WIDTHS[0]:
                    page.pdf(path=out / f"printed-{theme}.pdf", format="A4", print_background=True)
                page.close()
        browser.close()
    for file in sorted(out.glob("*.pdf")):
        with pypdfium2.PdfDocument(file) as document:
            for number, sheet in enumerate(document, start=1):
                sheet.render(scale=1.2).to_pil().save(out / f"{file.stem}-{number:02}.png")


if __name__ == "__main__":
    place = Path(sys.argv[1])
    for each in REPORTS:
        photograph(build(each, place))
