"""The whole command on the demonstration list, against values worked out here from the raw files."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import math
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pikepdf
import pytest
import torch
from PIL import Image

import reportgen
from reportgen import cli
from reportgen.job import _warnings
from tests.samples import sample_report

ROOT = Path(__file__).resolve().parent.parent
LISTS = ROOT / "model_lists"
WINDOW = 500
EPOCH = "1767323045"  # 2026-01-02T03:04:05Z


class Build(NamedTuple):
    """A finished build.

    Attributes:
        out: Its folder.
        code: Exit code.
        said: Standard output.
        errors: Standard error.
    """

    out: Path
    code: int
    said: str
    errors: str

    @property
    def report(self) -> dict[str, Any]:
        return dict(json.loads((self.out / "report.json").read_bytes()))

    @property
    def files(self) -> dict[str, bytes]:
        """Path to content of all that the folder shows."""
        return {
            path.relative_to(self.out).as_posix(): path.read_bytes()
            for path in sorted(self.out.rglob("*"))
            if path.is_file() and path.name[0] != "."
        }


def start(folder: Path, out: Path, *words: str | Path, **environment: str) -> subprocess.Popen[str]:
    """Starts a build in ``folder``; ``end`` waits for it."""
    return subprocess.Popen(
        [sys.executable, "-m", "reportgen", "build", *map(str, words), "-o", str(out)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(out: Path, process: subprocess.Popen[str]) -> Build:
    said, errors = process.communicate(timeout=300)
    assert "Traceback" not in errors
    return Build(out, process.returncode, said, errors)


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> tuple[Build, Build]:
    """The demonstration, built twice at one time in two places, two time zones and two hash seeds."""
    begun = []
    for name, seed, zone in (("here", "1", "UTC"), ("there", "4242", "Asia/Kathmandu")):
        folder = tmp_path_factory.mktemp(name)
        out = folder / f"{name}-report"
        words = ("demo", "--no-cache", "--device", "cpu")
        places = {"PYTHONHASHSEED": seed, "TZ": zone, "TMPDIR": str(tmp_path_factory.mktemp("tmp"))}
        begun.append((out, start(folder, out, *words, SOURCE_DATE_EPOCH=EPOCH, **places)))
    one, other = (end(out, process) for out, process in begun)
    return one, other


@pytest.fixture(scope="module")
def demo(twins: tuple[Build, Build]) -> Build:
    """The demonstration."""
    return twins[0]


@pytest.fixture(scope="module")
def runs(demo: Build) -> list[dict[str, Any]]:
    """The runs of its ``report.json``."""
    return [run for family in demo.report["families"] for run in family["runs"]]


def raw(name: str) -> dict[str, Any]:
    return dict(json.loads((LISTS / "demo" / name / "training_loss.json").read_bytes()))


def smoothed(losses: list[float]) -> pd.DataFrame:
    rolling = pd.Series(losses, dtype="float64").rolling(WINDOW, center=True, min_periods=1)
    return pd.DataFrame({"mean": rolling.mean(), "min": rolling.min(), "max": rolling.max()})


# What is there.


def test_the_command_writes_every_output(demo: Build) -> None:
    assert (demo.code, demo.said) == (0, "")
    assert "10 runs, 0 problems: " in demo.errors
    report, files = demo.report, demo.files
    figures = {"all-avg-final-loss"}
    tables = {"tables/runs.csv"}
    for family in report["families"]:
        figures |= {f"{family['slug']}-log", f"{family['slug']}-linear"}
        tables |= {f"tables/{family['slug']}{end}" for end in (".csv", ".tex", "-wide.tex")}
        if family["groups"]:
            tables |= {f"tables/{family['slug']}-groups.csv", f"tables/{family['slug']}-groups.tex"}
    figures.add("three-seeds-of-five-digit-addition-seeds")  # The list asks for it.
    assert files.keys() == (
        {"report.html", "report.pdf", "report.json", "summary.md", "manifest.json"}
        | {f"figures/{name}.{kind}" for name in figures for kind in ("svg", "pdf", "png")}
        | tables
        | {run["curve"] for family in report["families"] for run in family["runs"]}
    )
    starts = {"html": b"<!doctype html>", "pdf": b"%PDF-", "png": b"\x89PNG", "svg": b"<svg", "json": b"{"}
    for name, content in files.items():
        assert content
        assert content.lower().startswith(starts.get(name.rsplit(".")[-1], b"").lower()), name


def test_the_report_says_what_it_was_made_of(demo: Build) -> None:
    report = demo.report
    with (LISTS / "demo.toml").open("rb") as file:
        listed = tomllib.load(file)
    assert report["schema"] == 1
    assert (report["title"], report["created"]) == (listed["title"], "2026-01-02T03:04:05Z")
    assert (report["reportgen"], report["device"]) == (reportgen.__version__, "cpu")
    assert report["command"] == ["reportgen", "build", "demo", "--device", "cpu"]
    # A wheel's own version may lack the part behind "+", which says what it was built for.
    assert report["versions"]["torch"].partition("+")[0] == torch.__version__.partition("+")[0]
    assert report["problems"] == []
    assert "changes" not in report
    names = [run if isinstance(run, str) else run["name"] for one in listed["family"] for run in one["runs"]]
    assert [run["name"] for one in report["families"] for run in one["runs"]] == names
    assert [one["name"] for one in report["families"]] == [one["name"] for one in listed["family"]]
    for run in (run for one in report["families"] for run in one["runs"]):
        file = LISTS / "demo" / run["name"] / "training_loss.json"
        assert run["source"]["kind"] == "directory"
        assert run["source"]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
        assert run["source"]["file"] == f"demo/{run['name']}/training_loss.json"


def test_the_manifest_names_each_file_by_its_hash(demo: Build) -> None:
    files = demo.files
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["files"] == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    assert len(manifest["inputs"]) == 10


# The numbers.


def test_metrics_are_those_of_the_raw_losses(runs: list[dict[str, Any]]) -> None:
    assert len(runs) == 10
    for run in runs:
        document = raw(run["name"])
        losses, metrics = document["TrainingLoss"], run["metrics"]
        mean = smoothed(losses)["mean"]
        assert metrics["steps"] == len(losses) == document["Config"]["n_training_steps"]
        assert metrics["final_loss"] == losses[-1]
        assert metrics["avg_final_loss"] == pytest.approx(math.fsum(losses[-5:]) / 5, rel=1e-12, abs=0)
        assert metrics["min_loss"] == min(losses)
        assert metrics["min_loss_step"] == losses.index(min(losses))
        assert (metrics["nonfinite"], metrics["first_nonfinite_step"]) == (0, None)
        assert metrics["recorded_final_loss"] == document["Config"]["final_loss"]
        assert metrics["recorded_avg_final_loss"] == document["Config"]["avg_final_loss"]
        assert metrics["listed_avg_final_loss"] is None
        assert metrics["steps_to"] == {
            f"1e-{power}": next(
                (step for step, loss in enumerate(mean) if loss < 10.0**-power * (1 - 1e-6)), None
            )
            for power in range(1, 9)
        } | {"target": None}
        assert metrics["end"] == pytest.approx(math.fsum(losses[-500:]) / 500, rel=1e-12, abs=0)
        assert run["marks"] == []
        assert run["config"] == document["Config"]


def test_spikes_are_those_of_a_plain_loop(runs: list[dict[str, Any]]) -> None:
    for run in runs:
        losses = raw(run["name"])["TrainingLoss"]
        spikes = [
            step
            for step in range(WINDOW, len(losses))
            if losses[step] > 10 * math.fsum(losses[step - WINDOW : step]) / WINDOW
        ]
        assert run["metrics"]["spikes"] == spikes
    assert any(run["metrics"]["spikes"] for run in runs)


def test_attributes_come_from_the_names(runs: list[dict[str, Any]]) -> None:
    by_name = {run["name"]: run for run in runs}
    attributes = by_name["mix_d4_l3_h4_t15K_s372001"]["attributes"]
    assert {key: attributes[key] for key in list(attributes)[:8]} == {
        "op": "mix",
        "digits": 4,
        "layers": 3,
        "heads": 4,
        "seed": 372001,
        "steps_k": 15,
        "grokfast": False,
        "insert_mode": 0,
    }
    assert [run["label"] for run in runs[:4]] == ["d3", "d4", "d5", "d6"]
    assert len({run["label"] for run in runs[4:7]}) == 3
    assert runs[9]["label"] == "sub d4"


def test_curves_are_those_of_pandas_and_lose_no_spike(demo: Build, runs: list[dict[str, Any]]) -> None:
    for run in runs:
        losses = raw(run["name"])["TrainingLoss"]
        expected = smoothed(losses)
        with (demo.out / run["curve"]).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        curve = pd.DataFrame({key: [float(row[key]) for row in rows] for key in rows[0]})
        step = curve["step"].to_numpy().astype(int)
        assert list(curve.columns) == ["step", "mean", "min", "max"]
        assert len(step) == 800
        assert (step[0], step[-1]) == (0, len(losses) - 1)
        assert (np.diff(step) > 0).all()
        # A running sum, as pandas keeps one, is right to 1e-16 of its greatest loss.
        np.testing.assert_allclose(curve["mean"], expected["mean"][step], rtol=1e-12, atol=1e-14)
        for k in (0, 1, 399, 798, 799):
            exact = losses[max(0, step[k] - WINDOW // 2) : step[k] + WINDOW // 2]
            assert curve["mean"][k] == pytest.approx(math.fsum(exact) / len(exact), rel=1e-12, abs=0)
        # A point stands for the steps that are nearest to it; half-way between two, for the first.
        nearest = np.searchsorted((step[:-1] + step[1:]) / 2, np.arange(len(losses)), side="left")
        ranges = expected.groupby(nearest).agg({"min": "min", "max": "max"})
        assert curve["min"].tolist() == ranges["min"].tolist()
        assert curve["max"].tolist() == ranges["max"].tolist()
        assert (curve["min"].min(), curve["max"].max()) == (min(losses), max(losses))


def test_numbers_in_csv_are_those_of_the_report(demo: Build, runs: list[dict[str, Any]]) -> None:
    rows = list(csv.DictReader(io.StringIO((demo.out / "tables" / "runs.csv").read_text(encoding="utf-8"))))
    assert len(rows) == len(runs)
    for row, run in zip(rows, runs, strict=True):
        assert row["avg_final_loss"] == repr(run["metrics"]["avg_final_loss"])
        assert float(row["final_loss"]) == raw(run["name"])["TrainingLoss"][-1]


# The same input, the same bytes.


def test_two_builds_differ_in_no_byte(twins: tuple[Build, Build]) -> None:
    one, other = twins
    assert (one.code, other.code) == (0, 0)
    ours, theirs = one.files, other.files
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []


def texts_of(name: str, content: bytes) -> Iterator[bytes]:
    """All that a file says: packed and encoded text as well."""
    yield content
    if name.endswith(".png"):
        yield repr(Image.open(io.BytesIO(content)).info).encode()
    if name.endswith(".pdf"):
        with pikepdf.open(io.BytesIO(content)) as pdf:
            for thing in pdf.objects:
                yield thing.unparse() if not isinstance(thing, pikepdf.Stream) else repr(thing).encode()
                if isinstance(thing, pikepdf.Stream) and thing.get("/Subtype") != "/Image":
                    yield thing.read_bytes()


def test_no_file_names_a_place_of_the_machine(twins: tuple[Build, Build]) -> None:
    places = {str(place) for place in (ROOT, twins[0].out.parent, twins[0].out.parent.parent, sys.prefix)}
    places |= {f"{Path.home()}/", os.path.realpath(sys.executable)}
    forms = {form for place in places for form in (place.encode(), place.encode("utf-16-be"))}
    forms |= {base64.b64encode(place.encode())[:-4] for place in places if len(place) > 12}
    read = 0
    for name, content in twins[0].files.items():
        for text in texts_of(name, content):
            read += 1
            assert [form for form in forms if form in text] == [], name
    assert read > 500  # The streams of the PDFs are among them.


def test_a_second_build_rewrites_nothing(demo: Build) -> None:
    before = {path: path.stat().st_mtime_ns for path in demo.out.rglob("*") if path.is_file()}
    process = start(
        demo.out.parent, demo.out, "demo", "--no-cache", "--device", "cpu", SOURCE_DATE_EPOCH=EPOCH
    )
    again = end(demo.out, process)
    assert (again.code, again.said) == (0, "")
    assert "nothing changed since the last build; nothing is rewritten" in again.errors
    assert {path: path.stat().st_mtime_ns for path in demo.out.rglob("*") if path.is_file()} == before


def test_html_alone_keeps_the_pdf_as_stale_until_it_is_pruned(demo: Build, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(demo.out, out)
    (out / "mine.pdf").write_bytes(b"not made by a build")
    words = ["build", "demo", "-o", str(out), "--format", "html", "--no-cache", "--quiet"]
    for_paper = {name for name in demo.files if name.startswith("figures/") or name == "report.pdf"}
    assert for_paper
    for title in ("One", "Two"):  # What is stale stays so.
        assert cli.main([*words, "--title", title]) == 0
        made = Build(out, 0, "", "").files
        manifest = json.loads(made["manifest.json"])
        when = json.loads(demo.files["manifest.json"])["created"]
        assert manifest["stale"] == dict.fromkeys(for_paper, when)
        assert {name: made[name] for name in for_paper} == {name: demo.files[name] for name in for_paper}
        assert made.keys() == {"mine.pdf", "manifest.json"} | manifest["files"].keys() | for_paper
    assert cli.main([*words, "--title", "Two", "--prune"]) == 0
    made = Build(out, 0, "", "").files
    manifest = json.loads(made["manifest.json"])
    assert manifest["stale"] == {}
    assert made.keys() == {"mine.pdf", "manifest.json"} | manifest["files"].keys()
    assert not (out / "figures").exists()


# A report, built again.


LIST = """
title = "Of the list"
[source]
type = "directory"
path = "runs/{name}.json"
[smoothing]
window = 4
[[family]]
name = "First"
runs = [
  "add_d5_l2_h3_t15K_s372001",
  { name = "add_d6_l2_h3_t15K_s372001", note = "Six.", listed = { avg_final_loss = "2.0e-6" } },
]
[[family]]
name = "Second"
runs = ["odd"]
"""
FIRST, SECOND, ODD = "add_d5_l2_h3_t15K_s372001", "add_d6_l2_h3_t15K_s372001", "odd"


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a list of three short synthetic runs."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    for name, last in ((FIRST, 1e-6), (SECOND, 2e-6), (ODD, 3e-6)):
        losses = [2.0 / 1.5**step for step in range(30)] + [last] * 5
        (tmp_path / "runs" / f"{name}.json").write_text(json.dumps({"TrainingLoss": losses}))
    (tmp_path / "list.toml").write_text(LIST)
    return tmp_path


def build(folder: Path, source: str, out: str, *options: str) -> int:
    words = [str(folder / source), "-o", str(folder / out), "--format", "html", "--no-cache", "--quiet"]
    return cli.main(["build", *words, *options])


def document(out: Path) -> dict[str, Any]:
    return dict(json.loads((out / "report.json").read_bytes()))


def names(report: Mapping[str, Any]) -> list[str]:
    return [run["name"] for family in report["families"] for run in family["runs"]]


def test_a_report_is_built_again_from_itself(small: Path) -> None:
    assert build(small, "list.toml", "one") == 0
    assert build(small, "one/report.json", "two") == 0
    one, two = document(small / "one"), document(small / "two")
    assert two.pop("command")[:3] == ["reportgen", "build", "report.json"]
    assert one.pop("command")[:3] == ["reportgen", "build", "list.toml"]
    assert two == one
    for name in ("summary.md", "tables/first.tex", "tables/runs.csv", f"curves/{ODD}.csv"):
        assert (small / "one" / name).read_bytes() == (small / "two" / name).read_bytes()


def test_a_page_is_built_again_with_its_logo_and_fonts(small: Path) -> None:
    picture = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
    (small / "logo.svg").write_bytes(picture)
    theme = '[theme]\nlogo = "logo.svg"\naccent = "#8a1f5c"\ntitle_font = "Georgia, serif"\n'
    (small / "list.toml").write_text(LIST.replace("[source]", f"{theme}[source]"))
    assert build(small, "list.toml", "one") == 0
    (small / "logo.svg").unlink()
    assert build(small, "one/report.json", "two") == 0
    one, two = ((small / out / "report.html").read_text(encoding="utf-8") for out in ("one", "two"))
    assert f'src="data:image/svg+xml;base64,{base64.b64encode(picture).decode()}"' in one
    assert two == one.replace("reportgen build list.toml", "reportgen build report.json")
    assert str(small) not in (small / "one" / "report.json").read_text(encoding="utf-8")


def test_the_shipped_demonstration_is_built_again_from_its_report(demo: Build, small: Path) -> None:
    assert build(demo.out, "report.json", str(small / "again"), "--device", "cpu") == 0
    again, report = document(small / "again"), demo.report
    for key in ("title", "lists", "families", "versions", "device", "created"):
        assert again[key] == report[key]


def test_a_title_of_the_command_line_outlives_the_rebuild(small: Path) -> None:
    assert build(small, "list.toml", "one", "--title", "Of the command") == 0
    assert build(small, "one/report.json", "two") == 0
    assert build(small, "two/report.json", "three", "--title", "Newer") == 0
    titles = [document(small / out)["title"] for out in ("one", "two", "three")]
    assert titles == ["Of the command", "Of the command", "Newer"]
    assert document(small / "two")["families"] == document(small / "one")["families"]


def test_a_report_without_a_title_is_built_again_as_it_was(small: Path) -> None:
    (small / "list.toml").write_text(LIST.replace('title = "Of the list"\n', ""))
    assert build(small, "list.toml", "one") == 0
    assert build(small, "one/report.json", "two") == 0
    one, two = document(small / "one"), document(small / "two")
    assert (two["title"], two["lists"]) == (one["title"], one["lists"])


def test_a_run_that_is_not_the_one_of_the_report_is_refused(small: Path) -> None:
    assert build(small, "list.toml", "one") == 0
    file = small / "runs" / f"{ODD}.json"
    file.write_bytes(file.read_bytes() + b"\n")
    assert build(small, "one/report.json", "two") == 3
    two = document(small / "two")
    assert names(two) == [FIRST, SECOND]
    (problem,) = two["problems"]
    assert (problem["family"], problem["run"], problem["kind"]) == ("Second", ODD, "refused")
    assert build(small, "list.toml", "three") == 0  # The list itself asks for no certain bytes.


# From Python, and options.


@pytest.mark.parametrize(
    "words", [("--offline",), ("--allow-missing",), ("--family", "First", "--family", "Second")]
)
def test_another_command_is_told_though_it_chooses_the_same(small: Path, words: tuple[str, ...]) -> None:
    for more in ((), words):
        assert build(small, "list.toml", "one", *more) == 0
        assert document(small / "one")["command"] == [
            "reportgen",
            "build",
            "list.toml",
            "--format",
            "html",
            *more,
        ]


def test_what_is_wrong_is_a_line_each() -> None:
    note = "cuda:0 ran out of memory: the runs were worked on in smaller batches"
    gone = "mix_d8_l3_h4_t30K_s572091"
    assert _warnings(sample_report(device_notes=(note,))) == {
        "warnings": [note, f"Mixed: {gone}: PhilipQuirke/QuantaMaths_{gone} does not exist on the Hub."],
        "failed": ["Mixed: mix_d7_l3_h4_t30K_s572091: NaN or infinite is 20, expected = 0"],
        "waived": [],
    }


def test_a_build_without_torch_names_no_version_of_it_and_notes_an_idle_gpu(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = metadata.version

    def version(name: str) -> str:
        if name == "torch":
            raise metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr("shutil.which", {"nvidia-smi": "/usr/bin/nvidia-smi"}.get)
    assert build(small, "list.toml", "out") == 0
    report = document(small / "out")
    assert "torch" not in report["versions"]
    assert "numpy" in report["versions"]
    (note,) = report["device_notes"]
    assert note.startswith("This machine's GPU is not used")


def test_build_returns_the_report(small: Path) -> None:
    report = reportgen.build([str(small / "list.toml")], small / "out", formats=("html",), use_cache=False)
    assert report.title == "Of the list"
    assert [run.spec.name for run in report.runs] == names(document(small / "out")) == [FIRST, SECOND, ODD]
    assert report.runs[1].summary.metrics.avg_final_loss == pytest.approx(2e-6, rel=1e-12)
    # What is there already is no reason to return nothing.
    again = reportgen.build("list.toml", "out", formats=("html",), use_cache=False)
    assert again.runs[1].summary.metrics == report.runs[1].summary.metrics


@pytest.mark.parametrize(
    ("options", "kept", "families"),
    [
        (("--family", "First"), [FIRST, SECOND], ["First"]),
        (("--family", "second"), [ODD], ["Second"]),
        (("--family", "First", "--family", "Second"), [FIRST, SECOND, ODD], ["First", "Second"]),
        (("--run", SECOND, "--run", ODD), [SECOND, ODD], ["First", "Second"]),
        (("--family", "First", "--run", FIRST), [FIRST], ["First"]),
        (("--run", "add_*"), [FIRST, SECOND], ["First"]),
        (("--run", "add_d?_l2_h3_t15K_s372001", "--run", "o*"), [FIRST, SECOND, ODD], ["First", "Second"]),
    ],
)
def test_filters(small: Path, options: tuple[str, ...], kept: list[str], families: list[str]) -> None:
    assert build(small, "list.toml", "out", *options) == 0
    report = document(small / "out")
    assert names(report) == kept
    assert [family["name"] for family in report["families"]] == families
    assert [word for word in report["command"] if word in options] == list(options)
    assert sorted(path.stem for path in (small / "out" / "curves").iterdir()) == sorted(kept)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize("device", ["cuda", "cuda:0"])
def test_a_device_that_is_not_there_is_a_mistake(
    small: Path, device: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(small, "list.toml", "out", "--device", device) == 2
    assert "--device" in capsys.readouterr().err
    assert not (small / "out").exists()
