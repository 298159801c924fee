"""The guide "Your runs": every command and every list in it, as written, on runs as its sections say."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reportgen.cli import main

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data"
GUIDE = (ROOT / "docs" / "your-runs.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^#+ (.+?)$(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL))


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def block(section: str, language: str, place: int = 0) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```", SECTIONS[section], re.MULTILINE | re.DOTALL)
    assert isinstance(found[place], str)
    return found[place]


def transformers() -> None:
    for name in ("lr0.01-s1", "lr0.01-s2", "lr0.001-s1", "killed"):
        shutil.copytree(DATA / "transformers" / name, Path("out") / name)
        file = next(Path("out", name).rglob("trainer_state.json"))
        state = json.loads(file.read_text())
        for entry in state["log_history"]:
            if "loss" in entry:
                entry["reward"] = 1.0  # as GRPO has it
        file.write_text(json.dumps(state))


def lightning() -> None:
    for version in ("version_0", "version_1"):
        shutil.copytree(DATA / "lightning" / version, Path("lightning_logs") / version)


def keras() -> None:
    write(Path("runs/small/training.csv"), (DATA / "keras" / "training.csv").read_text())


def ultralytics() -> None:
    names = "epoch,time,train/box_loss,train/cls_loss,metrics/mAP50-95(B),val/box_loss,val/cls_loss,lr/pg0"
    for name, rate in (("train", 0.01), ("train2", 0.02)):
        rows = [f"{n},{9 * n},{1 / n},{2 / n},{1 - 1 / n},{1.5 / n},{2.5 / n},{rate}" for n in range(1, 13)]
        padded = ["".join(f"{cell:>20}," for cell in row.split(","))[:-1] for row in (names, *rows)]
        write(Path("runs/detect", name, "results.csv"), "\n".join(padded) + "\n")
        write(Path("runs/detect", name, "args.yaml"), f"task: detect\nlr0: {rate}\nimgsz: 640\n")


def detectron2() -> None:
    lines = [
        {"iteration": n, "total_loss": 5 / n, "loss_cls": 1 / n, "lr": 0.02} for n in range(19, 1000, 20)
    ]
    lines.insert(25, {"bbox/AP": 30.5, "iteration": 499})
    write(Path("output/faster_rcnn/metrics.json"), "".join(json.dumps(line) + "\n" for line in lines))


def reinforcement() -> None:
    for seed in (1, 2):
        rows = [f"{0.5 - n / 900},{10 * n + seed},{n * 512}" for n in range(1, 30)]
        header = "train/loss,rollout/ep_rew_mean,time/total_timesteps"
        write(Path(f"logs/ppo-s{seed}/progress.csv"), "\n".join([header, *rows, ""]))


def own_loop() -> None:
    write(Path("logs/resnet-lr0.001-s0.csv"), block("Your own loop", "", 0))
    write(Path("logs/lines-lr0.001-s0.jsonl"), block("Your own loop", "", 2))
    write(Path("logs/gan.csv"), "minibatch,Gen Loss,Disc Loss\n5,0.7,1.3\n10,0.6,1.4\n")


MADE: dict[str, Callable[[], None]] = {
    "Your runs": transformers,
    "Transformers": transformers,
    "Lightning": lightning,
    "Keras": keras,
    "Ultralytics": ultralytics,
    "detectron2": detectron2,
    "Reinforcement learning": reinforcement,
    "Your own loop": own_loop,
}
COMMANDS = [
    (section, command)
    for section, text in SECTIONS.items()
    for command in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
]
LISTS = [
    (section, text)
    for section, body in SECTIONS.items()
    for text in re.findall(r"^```toml\n(.*?)^```", body, re.MULTILINE | re.DOTALL)
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def runs_in_report() -> dict[str, list[str]]:
    report = json.loads(Path("report/report.json").read_text(encoding="utf-8"))
    assert report["problems"] == []
    return {run["name"]: list(run["series"]) for family in report["families"] for run in family["runs"]}


def test_every_section_has_a_command_and_runs_to_try_it_on() -> None:
    assert set(SECTIONS) == set(MADE) == {section for section, _ in COMMANDS}


@pytest.mark.parametrize(("section", "commands"), COMMANDS, ids=[section for section, _ in COMMANDS])
def test_commands(section: str, commands: str) -> None:
    MADE[section]()
    if section == "Your own loop":
        Path("logs/gan.csv").unlink()
    for command in commands.strip().split("\n"):
        program, *words = shlex.split(command)
        assert program == "reportgen"
        assert main([*words, *(["--format", "html"] if words[0] == "build" else [])]) == 0, command
    assert Path("report/report.html").is_file() or "build" not in commands


@pytest.mark.parametrize(("section", "text"), LISTS, ids=[section for section, _ in LISTS])
def test_lists(section: str, text: str) -> None:
    MADE[section]()
    if section == "Your own loop":
        for file in Path("logs").iterdir():
            if file.name != "gan.csv":
                file.unlink()
    if section == "Transformers":
        shutil.rmtree("out/killed")
    write(Path("runs.toml"), text)
    assert main(["build", "runs.toml", "--format", "html"]) == 0
    found = runs_in_report()
    if section == "Keras":
        assert list(found) == ["small#1", "small#2"]
    if section == "Your own loop":
        assert "loss" in found["gan"]
