"""What a pattern finds on the disk, and what it passes over."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from reportgen.kinds import Head
from reportgen.model_list import DirectorySource
from reportgen.patterns import Pattern
from reportgen.sources import Access, FoundFile, Listing, Unusable
from reportgen.sources.directory import Directory


def fits(_source: object, names: Sequence[str], head: Head) -> tuple[str, ...]:
    """Takes files that begin with ``loss``."""
    return tuple(name for name in names if head(name).startswith(b"loss"))


def inside(_source: object, files: Sequence[FoundFile]) -> list[str] | None:
    text = files[0].path.read_text().splitlines()
    return text[1:] if text[0] == "loss store" else None


def look(base: Path, path: str, pattern: str, limit: int = 100) -> Listing:
    with Directory().open(
        Access(offline=False, max_file_size=10**6, fits=fits, likely=bool, names=inside)
    ) as opened:
        return opened.discover(DirectorySource(path, str(base)), Pattern(pattern), limit)


def names(base: Path, path: str, pattern: str) -> list[str]:
    listing = look(base, path, pattern)
    assert not listing.problem
    return sorted(listing.names)


def put(base: Path, *places: str, data: bytes = b"loss") -> None:
    for place in places:
        file = base / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def test_files_and_folders(tmp_path: Path) -> None:
    put(
        tmp_path,
        "runs/a1/log.csv",
        "runs/a2/log.csv",
        "runs/b1/log.csv",
        "runs/a3/other.csv",
        "runs/a1/x/log.csv",
    )
    assert names(tmp_path, "runs/{name}/log.csv", "a*") == ["a1", "a2"]
    assert names(tmp_path, "runs/{name}/log.csv", "**") == ["a1", "a1/x", "a2", "b1"]
    assert names(tmp_path, "runs/{name}", "a?") == ["a1", "a2", "a3"]
    assert names(tmp_path, "runs/{name}", "a1/*") == ["a1/log.csv", "a1/x"]
    assert names(tmp_path, "{name}/log.csv", "*/a?") == ["runs/a1", "runs/a2"]


def test_a_second_name_repeats_the_first(tmp_path: Path) -> None:
    put(tmp_path, "a/a.csv", "a/b.csv", "b/b.csv", "c/a.csv")
    assert names(tmp_path, "{name}/{name}.csv", "*") == ["a", "b"]


def test_an_absolute_path(tmp_path: Path) -> None:
    put(tmp_path, "r1.csv")
    assert names(Path("/nowhere"), f"{tmp_path.as_posix()}/{{name}}.csv", "*") == ["r1"]


def test_any_character_but_control_ones(tmp_path: Path) -> None:
    put(tmp_path, "a, b[1]: 'x'.csv", "é{}.csv", *(["new\nline.csv"] if sys.platform != "win32" else []))
    listing = look(tmp_path, "{name}.csv", "*")
    assert sorted(listing.names) == ["a, b[1]: 'x'", "é{}"]
    assert listing.passed == 1


def test_what_holds_no_series_is_passed_over_and_counted(tmp_path: Path) -> None:
    put(tmp_path, "out/a/log.csv", "out/b/log.csv")
    put(tmp_path, "out/c/readme", "out/notes.txt", data=b"none")
    (tmp_path / "out" / "empty").mkdir()
    listing = look(tmp_path, "out/{name}", "*")
    assert (sorted(listing.names), listing.passed) == (["a", "b"], 3)


def test_what_is_no_run(tmp_path: Path) -> None:
    put(
        tmp_path,
        "a/log",
        "checkpoint-500/log",
        ".hidden/log",
        "node_modules/log",
        ".venv/lib/site-packages/log",
        "myenv/log",
        "report/log",
    )
    put(tmp_path, "myenv/pyvenv.cfg", data=b"")
    manifest = json.dumps({"schema": 1, "reportgen": "0.1.0", "inputs_digest": None}).encode()
    put(tmp_path, "report/manifest.json", data=manifest)
    assert names(tmp_path, "{name}", "*") == ["a"]
    assert names(tmp_path, "{name}/log", "**") == ["a"]
    assert names(tmp_path, "{name}", "checkpoint-*") == ["checkpoint-500"]
    assert names(tmp_path, "{name}", ".h*") == [".hidden"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own there")
def test_links(tmp_path: Path) -> None:
    put(tmp_path, "out/run-1/log", "elsewhere/run-2/log")
    (tmp_path / "out" / "latest").symlink_to("run-1", target_is_directory=True)
    (tmp_path / "out" / "far").symlink_to(tmp_path / "elsewhere" / "run-2", target_is_directory=True)
    (tmp_path / "out" / "gone").symlink_to("nowhere")
    (tmp_path / "out" / "run-1" / "up").symlink_to(tmp_path / "out", target_is_directory=True)
    assert names(tmp_path, "out/{name}", "*") == ["far", "run-1"]
    assert names(tmp_path, "out/{name}/log", "**") == ["far", "run-1"]


def test_a_packed_file_has_the_name_of_what_it_holds(tmp_path: Path) -> None:
    put(tmp_path, "a/log.csv.gz", "b/log.csv.zst", "c/log.csv", "c/log.csv.gz")
    assert names(tmp_path, "{name}/log.csv", "*") == ["a", "b", "c"]
    put(tmp_path, "x.csv.gz")
    assert names(tmp_path, "{name}.csv", "*") == ["x"]


def test_above_the_runs_that_two_stars_find_is_no_run(tmp_path: Path) -> None:
    put(tmp_path, "sweep/lr1/log", "sweep/lr1/eval/log", "sweep/lr2/log")
    assert names(tmp_path, "{name}", "**") == ["sweep/lr1", "sweep/lr2"]


def test_a_store_tells_its_own_names(tmp_path: Path) -> None:
    put(tmp_path, "runs.db", data=b"loss store\nadd 1\nadd 2\nsub/1\nadd 1")
    assert look(tmp_path, "runs.db", "add*").names == ("add 1", "add 2")
    assert look(tmp_path, "runs.db", "*").names == ("add 1", "add 2")
    assert look(tmp_path, "runs.db", "**", limit=2).problem == "there are over 2 runs"
    put(tmp_path, "log.csv", data=b"loss")
    with pytest.raises(Unusable, match="one run"):
        look(tmp_path, "log.csv", "*")


def test_the_bound(tmp_path: Path) -> None:
    put(tmp_path, *(f"{number}.csv" for number in range(5)))
    listing = look(tmp_path, "{name}.csv", "*", limit=3)
    assert (len(listing.names), listing.problem) == (3, "there are over 3 runs")


def test_a_folder_that_is_not_there_is_named_so_that_it_can_be_found(tmp_path: Path) -> None:
    with pytest.raises(Unusable) as missing:
        look(tmp_path, f"{tmp_path.as_posix()}/out/deep/{{name}}", "*")
    assert str(missing.value) == f"{tmp_path.name}/out/deep does not exist; correct `path`"


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "out/a/log", "out/b/log")
    scandir = os.scandir

    def closed(path: Path) -> object:
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    listing = look(tmp_path, "out/{name}/log", "*")
    assert listing.names == ("a",)
    assert listing.problem == "b/ cannot be read (Permission denied)"
