"""Reports to look at: runs of many kinds, all synthetic, built and photographed.

    python -m tests.looks FOLDER [REPORT ...]

writes lists and runs, builds each report (one of ``REPORTS``, a list that ships, or a file), and takes
pictures of the page at three widths, light, dark and printed, and of every page of the PDF. What a program
can check, tests check; this is for eyes.
"""

from __future__ import annotations

import json
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import reportgen
from reportgen.resources import folder

__all__ = ["REPORTS", "build", "write"]

WIDTHS = (1440, 768, 390)
SCREEN = 2_200
MOST_SCREENS = 12
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
    """200 runs in 8 families that end between 3.27 and 3.35 after 30 evaluations."""
    for i in range(200):
        family, seed = divmod(i, 25)
        end = 3.27 + 0.08 * (i * 37 % 200) / 199
        losses = _falling(30, 6.0, end - 0.01, i, 0.0005)
        losses[-1] = end
        yield f"{OPTIMIZERS[family]}-lr{(1, 3, 6, 10, 20)[seed // 5]}e-4-s{seed % 5}", losses.tolist(), {}


def spikes() -> Runs:
    """The 27 shapes of Quanta Maths that its notebook plots, with spikes of a thousandfold."""
    for i, name in enumerate(_quanta_maths()):
        random = np.random.default_rng(i)
        losses = np.geomspace(2.9, 1e-8 * (i % 11 + 1), 20_000) * np.exp(random.normal(0, 0.1, 20_000))
        losses[random.integers(2_000, 20_000, 12)] *= 1_000
        yield name, losses.tolist(), {"lr": 8e-5, "batch_size": 64}


def night() -> Runs:
    """Eight runs as they are the evening before; ``_next_morning`` changes them."""
    for i in range(8):
        config = {"lr": (1e-4, 3e-4)[i % 2], "width": (128, 256)[i // 2 % 2], "seed": i // 4}
        losses = _falling(4_000, 6.5, 2.4 + 0.07 * i, 40 + i, 0.03)
        yield f"lr{config['lr']:g}-w{config['width']}-s{config['seed']}", losses.tolist(), config


def _next_morning(place: Path) -> None:
    """One run is another, one diverged, one went on, one is unreadable, one is new; the list lost one."""
    files = sorted((place / "night").glob("*/training_loss.json"))
    for number, file in enumerate(files[:4]):
        document = json.loads(file.read_text())
        losses = np.array(document["TrainingLoss"])
        if number == 0:
            losses[2_000:] *= 1.35
        elif number == 1:
            losses[3_000:] = np.nan
        elif number == 2:
            losses = np.concatenate((losses, losses[-1] * np.linspace(1, 0.9, 1_000)))
        document["TrainingLoss"] = losses.tolist()
        file.write_text(json.dumps(document) if number < 3 else json.dumps(document)[:9_999])
    new = place / "night" / "lr0.0003-w512-s0" / "training_loss.json"
    new.parent.mkdir()
    config = {"lr": 3e-4, "width": 512, "seed": 0}
    new.write_text(json.dumps({"Config": config, "TrainingLoss": _falling(4_000, 6.5, 2.2, 99).tolist()}))


def _quanta_maths() -> list[str]:
    """Names of the runs of the first three families of the list that ships."""
    listed = tomllib.loads((folder("model_lists") / "quanta-maths.toml").read_text())
    return [run["name"] for family in listed["family"][:3] for run in family["runs"]]


OPTIMIZERS = ("adamw", "muon", "soap", "lion", "shampoo", "sophia", "adafactor", "sgd")


@dataclass(frozen=True, slots=True)
class Look:
    """A report to look at.

    Attributes:
        runs: Name, losses and configuration of each.
        keys: Of its families, TOML.
        family: A run's name -> its family.
        evaluated: Losses are evaluations, logged every 250 steps in a CSV file.
    """

    runs: Callable[[], Runs]
    keys: str = ""
    family: Callable[[str], str] = lambda _: "Runs"
    evaluated: bool = False

    @property
    def file(self) -> str:
        return "log.csv" if self.evaluated else "training_loss.json"


REPORTS: dict[str, Look] = {
    "stranger": Look(stranger),
    "sweep": Look(sweep),
    "long-names": Look(long_names),
    "evaluations": Look(
        evaluations,
        'rank_by = "eval_loss.last"\n',
        family=lambda name: name.partition("-")[0],
        evaluated=True,
    ),
    "spikes": Look(
        spikes,
        'color_by = "digits"\n',
        lambda name: {"add": "Addition", "mix": "Mixed"}.get(name[:3], "Inited"),
    ),
    "night": Look(night, 'expect = { last = "<= 2.7" }\n'),
}


def write(name: str, place: Path, *, morning: bool = False) -> Path:
    """Writes a report's runs and its list, and gives the list's path."""
    look = REPORTS[name]
    families: dict[str, list[str]] = {}
    shutil.rmtree(place / name, ignore_errors=True)
    for run, losses, config in look.runs():
        families.setdefault(look.family(run), []).append(run)
        file = place / name / run / look.file
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = "".join(f"{250 * i},{loss!r}\n" for i, loss in enumerate(losses, start=1))
        whole = json.dumps({"Config": config, "TrainingLoss": losses})
        file.write_text(f"step,val_loss\n{rows}" if look.evaluated else whole)
    if morning:
        _next_morning(place)
        families["Runs"] = [*families["Runs"][:-1], "lr0.0003-w512-s0"]
    path = place / f"{name}.toml"
    tables = [
        f'[[family]]\nname = "{family}"\n{look.keys}runs = {json.dumps(runs)}\n'
        for family, runs in families.items()
    ]
    if look.evaluated:
        tables.insert(0, '[names]\npattern = "(?P<optimizer>[a-z]+)-lr(?P<lr>[0-9e.-]+)-s(?P<seed>[0-9]+)"\n')
    path.write_text(
        f'title = "Synthetic: {name}"\nsynthetic = true\nauthor = "A. Researcher"\n'
        f'[source]\ntype = "directory"\npath = "{name}/{{name}}/{look.file}"\n'
        f"[figures]\nwidth_mm = [178, 85]\n" + "".join(tables)
    )
    return path


def build(name: str, place: Path) -> Path:
    """Builds a report and gives its folder; of a night the second of two."""
    out = place / f"{Path(name).stem}-report"
    if name not in REPORTS:
        reportgen.build(name, out)  # a list that ships, or a file
        return out
    reportgen.build(write(name, place), out)
    if name == "night":
        baseline = place / "night-before"
        shutil.rmtree(baseline, ignore_errors=True)
        out.rename(baseline)
        reportgen.build(write(name, place, morning=True), out, baseline=baseline / "report.json")
    return out


def photograph(out: Path) -> None:
    """Pictures of the page, light, dark and printed, and of the PDF's pages, next to them.

    A page is taken screen by screen: what is far from the screen is not laid out, so that one picture of all
    has gaps.
    """
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
                if width == WIDTHS[0]:
                    page.pdf(path=out / f"printed-{theme}.pdf", format="A4", print_background=True)
                page.set_viewport_size({"width": width, "height": SCREEN})
                for number in range(MOST_SCREENS):
                    page.evaluate(f"scrollTo(0, {number * SCREEN})")
                    page.wait_for_timeout(600)
                    page.screenshot(path=out / f"page-{width}-{theme}-{number + 1:02}.png")
                    if page.evaluate("scrollY + innerHeight >= document.documentElement.scrollHeight"):
                        break
                page.close()
        browser.close()
    for file in sorted(out.glob("*.pdf")):
        with pypdfium2.PdfDocument(file) as document:
            for number, sheet in enumerate(document, start=1):
                sheet.render(scale=1.2).to_pil().save(out / f"{file.stem}-{number:02}.png")


if __name__ == "__main__":
    place = Path(sys.argv[1])
    for each in sys.argv[2:] or (*REPORTS, "demo"):
        photograph(build(each, place))
