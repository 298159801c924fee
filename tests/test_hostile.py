"""Whole builds, by the real command, of lists and files that strangers wrote to do harm."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from markdown_it import MarkdownIt
from playwright.sync_api import Browser, Dialog

from benchmarks.synthetic import synthetic_runs
from reportgen.model_list import unsafe_path
from reportgen.text import one_line
from tests.memory import peak_of
from tests.page_chunks import unpacked
from tests.page_reader import Page
from tests.samples import HOSTILE

GOOD = "[2.9, 0.5, 0.1, 3e-09]"

# What a file holds -> what its problem row says.
UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "empty-too": (b"", "is empty"),
    "blank": (b" \n", "holds only blanks"),
    "cut": (b'{"TrainingLoss": [2.9, 0.5', "is truncated at byte"),
    "cut-number": (b'{"TrainingLoss": [2.9, 0.', "is truncated at byte"),
    "binary": (bytes(range(128, 256)) * 9, "is text in no known format"),
    "utf16": ('{"TrainingLoss": [1]}'.encode("utf-16"), "is text in no known format"),
    "prose": (b"Not found", "is text in no known format"),
    "page": (b"<!doctype html><script>alert(1)</script>", "is a web page or XML"),
    "array": (b"[1, 2]", "is JSON, but not a training history"),
    "shape": (b'{"weights": {"a": 1}}', "is JSON, but not a training history"),
    "deep": (b"[" * 50_000 + b"]" * 50_000, "is nested too deeply"),
    "deep-object": (b'{"TrainingLoss":' * 50_000 + b"1" + b"}" * 50_000, "is nested too deeply"),
    "boolean": (b'{"TrainingLoss": [1, true]}', "holds a boolean as TrainingLoss[1]"),
    "string": (b'{"TrainingLoss": [1, "2"]}', "holds a string as TrainingLoss[1]"),
    "none": (b'{"TrainingLoss": []}', "holds no losses"),
    "large": (b'{"TrainingLoss": [' + b"1," * 600_000 + b"1]}", "has at least 1,200,021 bytes"),
}

# Losses of a file -> its metrics, worked out by hand: steps, final, average of the last 5, least, not finite.
READABLE: dict[str, tuple[str, tuple[int, float | None, float | None, float | None, int]]] = {
    "one": ("[0.25]", (1, 0.25, 0.25, 0.25, 0)),
    "beyond": ("[1, 1e999, 0.5]", (3, 0.5, None, 0.5, 1)),
    "digits": (f"[1, -{'9' * 400}, 0.5, 0.25]", (4, 0.25, None, 0.25, 1)),
    "nan": ("[NaN, NaN, null]", (3, None, None, None, 3)),
    "zero": ("[0, 0, 0, 0, 0, 0]", (6, 0.0, 0.0, 0.0, 0)),
    "negative": ("[-1, -2, -3]", (3, -3.0, -2.0, -3.0, 0)),
    "constant": ("[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]", (7, 0.5, 0.5, 0.5, 0)),
    "CONSTANT": ("[0.25, 0.25]", (2, 0.25, 0.25, 0.25, 0)),
    "greatest": ("[1.75e308, 1.75e308]", (2, 1.75e308, 1.75e308, 1.75e308, 0)),
    "widest": ("[-1.5e308, 1.5e308]", (2, 1.5e308, 0.0, -1.5e308, 0)),
    "smallest": ("[5e-324, 5e-324]", (2, 5e-324, 5e-324, 5e-324, 0)),
}

# Text that a list lets a run be called (the rest is a mistake, see tests/test_list_mistakes.py).
NAMES = [
    *(text for text in HOSTILE if "," not in text and unsafe_path(f"runs/{text}.json") is None),
    "&lt;script&gt;alert(2)&lt;/script&gt;",
    "'onload='alert(2)' [a](javascript) ![a](x.png) `b` _c_ #",
    "=1+1",
    "$x^2$ 50% & # _ { } ~ ^ {{ 7+7 }} {% raw %}",
]
MISSING = "&lt;b&gt; 'x' [a](b) `c` $d$ {{ 7 }} \u202eexe"


@dataclass(frozen=True)
class Built:
    """What a build left.

    Attributes:
        folder: Where the lists and the runs are.
        out: The report.
        done: Exit code and what was said.
        document: ``report.json``.
        before: Digests of all files in ``folder`` before the build.
    """

    folder: Path
    out: Path
    done: subprocess.CompletedProcess[str]
    document: dict[str, Any]
    before: dict[Path, str]


def reportgen(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own."""
    command = [sys.executable, "-m", "reportgen", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)


def quoted(text: str) -> str:
    """A TOML string of any text."""
    return '"' + "".join(f"\\U{ord(character):08x}" for character in text) + '"'


def write_lists(folder: Path) -> None:
    """Two lists: hostile text everywhere, and hostile files."""
    everything = quoted("".join(HOSTILE[:-1]))
    source = '[source]\ntype = "directory"\npath = "runs/{name}.json"\n'
    runs = []
    texts = [(f"text-{number}", text) for number, text in enumerate(HOSTILE)]
    for name, text in [*texts, *((name, name) for name in NAMES)]:
        own = f"note = {quoted(text)}, extra = {{ {quoted(text)} = {quoted(text)} }}"
        if not {"{", "}"} & set(text):  # braces of a label hold its placeholders
            own += f", label = {quoted(text)}"
        runs.append(f"  {{ name = {quoted(name)}, {own} }},")
        config = {"model_name": text, text: {text: [text]}, "n_digits": text}
        written = json.dumps({"Config": config, "TrainingLoss": json.loads(GOOD)})
        file = folder / "runs" / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(written, encoding="utf-8")
    (folder / "lists").mkdir()
    (folder / "lists" / "runs").symlink_to(folder / "runs")
    (folder / "lists" / "text.toml").write_text(
        f"title = {everything}\ndescription = {everything}\n[pdf]\nruns = 'none'\n{source}"
        f"[[family]]\nname = {everything}\ndescription = {everything}\nruns = [\n"
        + "\n".join(runs)
        + "\n]\n",
        encoding="utf-8",
    )
    for name, (data, _) in UNREADABLE.items():
        (folder / "runs" / f"{name}.json").write_bytes(data)
    for name, (losses, _) in READABLE.items():
        (folder / "runs" / f"{name}.json").write_text(f'{{"Config": {{}}, "TrainingLoss": {losses}}}')
    (folder / "lists" / "files.toml").write_text(
        f"{source}[figures]\nruns = ['greatest', 'widest', 'smallest']\n"
        f"[[family]]\nname = 'Bad'\nruns = {json.dumps([*UNREADABLE, MISSING])}\n"
        f"[[family]]\nname = 'Odd'\nruns = {json.dumps(list(READABLE))}\n"
    )


def digests(folder: Path) -> dict[Path, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("hostile")
    write_lists(folder)
    before = digests(folder)
    out = tmp_path_factory.mktemp("report")
    done = reportgen("build", folder / "lists", "-o", out, "--no-cache", "--max-file-size", "1M")
    assert (out / "report.json").exists(), done.stderr
    return Built(folder, out, done, json.loads((out / "report.json").read_bytes()), before)


def runs_of(built: Built, family: str) -> dict[str, dict[str, Any]]:
    (found,) = [one for one in built.document["families"] if one["name"] == family]
    return {run["name"]: run for run in found["runs"]}


def test_the_build_ends_as_promised_and_touches_nothing_else(built: Built) -> None:
    assert built.done.returncode == 3, built.done.stderr
    assert built.done.stdout == ""
    assert digests(built.folder) == built.before
    assert (built.out / "report.pdf").exists()


def test_each_file_that_holds_no_run_is_one_problem_with_its_reason(built: Built) -> None:
    problems = {problem["run"]: problem for problem in built.document["problems"]}
    assert len(problems) == len(built.document["problems"]) == len(UNREADABLE) + 1
    for name, (_, reason) in UNREADABLE.items():
        assert problems[name]["message"].startswith(f"runs/{name}.json {reason}")
        assert problems[name]["kind"] == ("too_large" if name == "large" else "unreadable")
    assert problems[MISSING]["kind"] == "missing"
    assert one_line(MISSING) in problems[MISSING]["message"]
    assert runs_of(built, "Bad") == {}
    page = Page((built.out / "report.html").read_text(encoding="utf-8"))
    for problem in problems.values():
        assert problem["message"] in page.text


def test_each_readable_file_is_drawn_and_measured(built: Built) -> None:
    runs = runs_of(built, "Odd")
    assert list(runs) == list(READABLE)
    for name, (_, expected) in READABLE.items():
        found = runs[name]["metrics"]
        keys = ("steps", "final_loss", "avg_final_loss", "min_loss", "nonfinite")
        assert tuple(found[key] for key in keys) == expected, name
        rows = (built.out / runs[name]["curve"]).read_text().splitlines()
        assert len(rows) == 1 + expected[0]
        assert ("diverged" in runs[name]["marks"]) == (expected[-1] > 0)
        assert ("nonpositive" in runs[name]["marks"]) == (name in ("zero", "negative", "widest"))
    files = [run["curve"].lower() for run in runs.values()]
    assert len(set(files)) == len(files), "constant and CONSTANT need two files on every system"


def test_every_text_is_kept_and_its_files_stay_in_the_folder(built: Built) -> None:
    (family,) = [one for one in built.document["families"] if one["name"] not in ("Bad", "Odd")]
    names = [f"text-{number}" for number in range(len(HOSTILE))]
    assert [run["name"] for run in family["runs"]] == [*names, *NAMES]
    assert {"+1+1", "-1+1", "=1+1"} < set(NAMES)
    inside = {path.relative_to(built.out).as_posix() for path in built.out.rglob("*") if path.is_file()}
    assert {run["curve"] for run in family["runs"]} <= inside
    assert all(re.fullmatch(r"[A-Za-z0-9._/-]{1,200}", path) for path in inside)


def test_the_terminal_shows_no_control_characters(built: Built) -> None:
    said = [built.done.stderr]
    # Some of these runs cannot be read, which check sees on disk.
    for command, code in (("check", 3), ("runs", 0)):
        done = reportgen(command, built.folder / "lists")
        assert done.returncode == code, done.stderr
        said += [done.stdout, done.stderr]
    failed = built.folder / "bad.toml"
    failed.write_text("\n".join(f"{quoted(text)} = 1" for text in HOSTILE), encoding="utf-8")
    done = reportgen("check", failed)
    assert done.returncode == 2
    for text in (*said, done.stdout, done.stderr):
        assert "Traceback" not in text
        assert all(character == "\n" or character.isprintable() for character in text)


def test_the_page_holds_no_script_but_its_own(built: Built) -> None:
    page = Page((built.out / "report.html").read_text(encoding="utf-8"))
    (policy,) = [one["content"] for one in page.all("meta") if one.get("http-equiv")]
    hashes = set(re.findall(r"'sha256-[^']+'", policy))
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    assert len([kind for kind, _ in page.scripts if kind != "application/json"]) <= len(hashes)
    assert not any("alert(" in text for kind, text in page.scripts if kind != "application/json")
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert not re.match(r"\s*(javascript|data:text)", attributes.get("href", ""), re.IGNORECASE)
    for text in HOSTILE[:-1]:
        assert " ".join(one_line(text).split()) in " ".join(page.text.split())


def test_in_a_browser_nothing_runs_and_nothing_is_asked_for(built: Built, browser: Browser) -> None:
    complaints: list[str] = []
    asked: list[str] = []

    def ran(dialog: Dialog) -> None:
        complaints.append(f"a script ran: {dialog.message}")
        dialog.dismiss()

    page = browser.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", ran)
    page.on("request", lambda request: asked.append(request.url))
    page.goto((built.out / "report.html").as_uri())
    page.evaluate("for (const run of document.querySelectorAll('details')) run.open = true")
    for figure in page.locator("figure").all():
        figure.scroll_into_view_if_needed()
    page.locator("figure svg").first.wait_for()
    assert page.evaluate("document.querySelectorAll('main img, main script').length") == 0
    page.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_no_cell_is_a_formula(built: Built) -> None:
    tables = sorted((built.out / "tables").glob("*.csv"))
    assert len(tables) == 4
    for table in tables:
        with table.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))
        assert len({len(row) for row in rows}) == 1
        for cell in (cell for row in rows for cell in row):
            assert not cell.startswith(("=", "+", "@", "\t", "\r"))
            assert not cell.startswith("-") or isinstance(float(cell), float)
            assert "\x1b" not in cell and "\u202e" not in cell


def test_the_summary_is_text(built: Built) -> None:
    text = (built.out / "summary.md").read_text(encoding="utf-8")
    assert all(character == "\n" or character.isprintable() for character in text)
    assert not any(line.startswith("::") for line in text.splitlines())
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(text):
        for part in (token, *(token.children or ())):
            assert part.type not in ("html_block", "html_inline", "image", "link_open"), part.content
            # GitHub looks for addresses, mentions, issues and emoji in text, though not in code.
            assert part.type != "text" or not re.search(r"[@#/\\]|:[^\s\d]|www\.", part.content), part.content


def test_figures_and_pdf_hold_nothing_that_runs(built: Built) -> None:
    drawings = sorted((built.out / "figures").rglob("*.svg"))
    assert drawings
    for drawing in drawings:
        for element in ET.parse(drawing).iter():
            assert element.tag.rpartition("}")[2] not in ("script", "foreignObject", "a", "image", "use")
            assert not [name for name in element.attrib if name.rpartition("}")[2].startswith("on")]
    with pikepdf.open(built.out / "report.pdf") as document:
        for thing in document.objects:
            keys = thing.keys() if isinstance(thing, pikepdf.Dictionary) else ()
            assert not {"/JS", "/JavaScript", "/Launch", "/OpenAction", "/AA"} & set(keys)
            if "/URI" in keys:
                assert str(thing["/URI"]).startswith(("https://", "http://"))


def test_tex_commands_are_text(built: Built) -> None:
    for table in (built.out / "tables").glob("*.tex"):
        text = table.read_text(encoding="utf-8")
        assert r"\input{" not in text and r"\write18" not in text


def test_two_hundred_short_runs_are_one_report(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    names = [f"add_d{5 + i % 9}_l2_h3_t1K_s{100_000 + i}" for i in range(200)]
    for i, name in enumerate(names):
        losses = [2.9 * 0.9**step for step in range(20)] + [float(f"{i + 1}e-9")] * 5
        (tmp_path / "runs" / f"{name}.json").write_text(json.dumps({"TrainingLoss": losses}))
    (tmp_path / "many.toml").write_text(
        '[source]\ntype = "directory"\npath = "runs/{name}.json"\n'
        f"[[family]]\nname = 'F'\nruns = {json.dumps(names)}\n"
    )
    out = tmp_path / "out"
    done = reportgen("build", tmp_path / "many.toml", "-o", out, "--no-cache", "--format", "html")
    assert done.returncode == 0, done.stderr
    document = json.loads((out / "report.json").read_bytes())
    found = {run["name"]: run["metrics"]["avg_final_loss"] for run in document["families"][0]["runs"]}
    assert found == pytest.approx({name: (i + 1) * 1e-9 for i, name in enumerate(names)}, rel=1e-12)
    assert len(list((out / "curves").glob("*.csv"))) == 200


@pytest.mark.skipif(os.name == "nt", reason="Python cannot ask Windows for a process's memory")
def test_ten_million_steps_are_one_report_in_2_gb(tmp_path: Path) -> None:
    (tmp_path / "long.json").write_text(f'{{"TrainingLoss": [{"0.5," * 9_999_999}0.25]}}')
    file = tmp_path / "list.toml"
    file.write_text(
        '[source]\ntype = "directory"\npath = "{name}.json"\n[[family]]\nname = "F"\nruns = ["long"]\n'
    )
    out = tmp_path / "out"
    peak = peak_of("build", file, "-o", out, "--no-cache", "--quiet", "--format", "html")
    (run,) = json.loads((out / "report.json").read_bytes())["families"][0]["runs"]
    found = {key: run["metrics"][key] for key in ("steps", "final_loss", "avg_final_loss", "min_loss_step")}
    expected = {"steps": 10_000_000, "final_loss": 0.25, "avg_final_loss": 0.45, "min_loss_step": 9_999_999}
    assert found == expected
    assert peak < 2 * 2**30


@pytest.mark.skipif(os.name == "nt", reason="Python cannot ask Windows for a process's memory")
def test_a_thousand_runs_are_one_report_in_2_gb(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    names = [f"add_d{5 + number % 11}_l2_h3_t4K_s{100_000 + number}" for number in range(1000)]
    shapes = [losses[::20] for losses in synthetic_runs()]
    last = {}
    for number, name in enumerate(names):
        losses = shapes[number % len(shapes)] * (1 + number / 1000)
        last[name] = losses[-1]
        text = json.dumps({"Config": {"n_layers": 2}, "TrainingLoss": losses.tolist()})
        (tmp_path / "runs" / f"{name}.json").write_text(text)
    file = tmp_path / "list.toml"
    file.write_text(
        'synthetic = true\n[source]\ntype = "directory"\npath = "runs/{name}.json"\n'
        f"[[family]]\nname = 'F'\nruns = {json.dumps(names)}\n"
    )
    out = tmp_path / "out"
    peak = peak_of("build", file, "-o", out, "--no-cache", "--quiet", "--format", "html")
    document = json.loads((out / "report.json").read_bytes())
    found = {run["name"]: run["metrics"]["final_loss"] for run in document["families"][0]["runs"]}
    assert found == last
    assert len(list((out / "curves").glob("*.csv"))) == 1000
    scripts = Page((out / "report.html").read_text(encoding="utf-8")).scripts
    chunks = [text for kind, text in scripts if kind == "application/octet-stream"]
    said = " ".join(json.dumps(unpacked(chunk)[0]) for chunk in chunks)
    assert all(f'"{name}"' in said for name in names)
    assert peak < 2 * 2**30
