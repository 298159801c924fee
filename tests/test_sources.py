"""Runs in folders: places that names may not reach, and files that are none."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.kinds import Head
from reportgen.model_list import DirectorySource
from reportgen.sources import Access, Found, Unusable, hash_file, read_again, relative_parts
from reportgen.sources.directory import Directory
from reportgen.sources.files import _digests
from reportgen.sources.folders import files_in

LIMIT = 1000
DATA = b'{"TrainingLoss": [2.9, 0.5, 1e-09]}'


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def access(fits: Callable[[Any, Sequence[str], Head], tuple[str, ...]] | None = None) -> Access:
    return Access(
        offline=False,
        max_file_size=LIMIT,
        fits=fits or (lambda _source, names, _head: tuple(names)),
        likely=lambda _name: True,
        names=lambda _source, _files: None,
    )


def found_in(base: Path, path: str, name: str, allowed: Access | None = None) -> Found:
    with Directory().open(allowed or access()) as opened:
        return opened.find(DirectorySource(path, str(base)), name)


class TestRelativeParts:
    """The words of a path alone decide, on every system the same."""

    @pytest.mark.parametrize(
        "place",
        [
            "..",
            "../x",
            "a/../x",
            "a/..",
            ".",
            "a/./b",
            "",
            "/etc/passwd",
            "a//b",
            "a/",
            "~\\x",
            "a\\..\\b",
            "C:x",
            "C:/x",
            "x:stream",
            "a\0b",
            "a\nb",
            "\x1b[31m",
            "x\x7f",
            "con",
            "CON",
            "con.json",
            "a/NUL/b",
            "com1",
            "LPT9.txt",
            "com¹",
            "aux .json",
            "x.",
            "x ",
            ".. ",
            "...",
            "a*",
            "a?",
            'a"',
            "a<b",
            "a|b",
        ],
    )
    def test_refused(self, place: str) -> None:
        with pytest.raises(Unusable) as refused:
            relative_parts(place)
        assert refused.value.kind == "refused"
        assert str(refused.value).isprintable()

    @pytest.mark.parametrize(
        "place", ["a", "a/b", "..a", "a..b", ".hidden", "console", "com10", "naïve", "a b", "~"]
    )
    def test_taken(self, place: str) -> None:
        assert relative_parts(place) == tuple(place.split("/"))

    @given(st.text(st.sampled_from("./\\:a \0~"), max_size=12))
    def test_what_is_taken_stays_inside(self, place: str) -> None:
        try:
            parts = relative_parts(place)
        except Unusable:
            return
        for inside in (os.path.normpath(os.path.join("/fixed", *parts)),):  # noqa: PTH118 - words, not files
            assert inside.startswith("/fixed/")


class TestDirectory:
    def find(self, base: Path, path: str, name: str) -> Found:
        found = found_in(base, path, name)
        assert found.checked
        assert found.source.kind == "directory"
        assert (found.source.repo, found.source.requested_revision, found.source.revision) == (
            None,
            None,
            None,
        )
        return found

    def put(self, file: Path, data: bytes = DATA) -> Path:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return file

    @pytest.mark.parametrize(
        ("path", "file"),
        [
            ("runs/{name}/training_loss.json", "runs/r1/training_loss.json"),
            ("runs/{name}_train.json", "runs/r1_train.json"),
            ("{name}.json", "r1.json"),
            ("./runs/x-{name}.json", "runs/x-r1.json"),
            ("../beside/{name}/{name}.json", "../beside/r1/r1.json"),
        ],
    )
    def test_a_relative_file_is_named_from_the_list(self, tmp_path: Path, path: str, file: str) -> None:
        base = tmp_path / "lists"
        base.mkdir()
        written = self.put(base / file)
        found = self.find(base, path, "r1")
        assert found.source.file == file
        assert found.source.sha256 == sha256(DATA)
        assert found.files[0].path.samefile(written)

    def test_an_absolute_file_is_named_from_its_folder(self, tmp_path: Path) -> None:
        self.put(tmp_path / "runs" / "r1" / "loss.json")
        found = self.find(Path("/nowhere"), f"{tmp_path.as_posix()}/runs/{{name}}/loss.json", "r1")
        assert found.source.file == "r1/loss.json"

    @pytest.mark.parametrize(
        "name", ["..", "../../secret", "a/../../secret", "/secret", "a\\..\\..\\secret", "x\0"]
    )
    def test_no_name_leads_out(self, tmp_path: Path, name: str) -> None:
        self.put(tmp_path / "secret" / "training_loss.json")
        self.put(tmp_path / "training_loss.json")
        (tmp_path / "lists" / "runs" / "a").mkdir(parents=True)
        with pytest.raises(Unusable) as refused:
            self.find(tmp_path / "lists", "runs/{name}/training_loss.json", name)
        assert refused.value.kind == "refused"

    def test_a_name_may_lead_deeper(self, tmp_path: Path) -> None:
        self.put(tmp_path / "runs" / "a" / "b.json")
        assert self.find(tmp_path, "runs/{name}.json", "a/b").source.file == "runs/a/b.json"

    def test_links_are_followed(self, tmp_path: Path) -> None:
        blob = self.put(tmp_path / "blobs" / "0123")
        (tmp_path / "runs").mkdir()
        (tmp_path / "runs" / "r1.json").symlink_to(blob)
        (tmp_path / "linked").symlink_to(tmp_path / "runs", target_is_directory=True)
        assert self.find(tmp_path, "linked/{name}.json", "r1").source.sha256 == sha256(DATA)

    def refused(self, base: Path, name: str = "r1") -> tuple[str, str]:
        with pytest.raises(Unusable) as refused:
            self.find(base, "{name}.json", name)
        message = str(refused.value)
        assert str(base) not in message
        assert message.isprintable()
        return refused.value.kind, message

    def test_missing(self, tmp_path: Path) -> None:
        kind, message = self.refused(tmp_path)
        assert kind == "missing"
        assert message == "r1.json does not exist; put it there, or remove the run from the list"

    def test_an_absolute_one_is_named_from_a_folder_that_is_there(self, tmp_path: Path) -> None:
        (tmp_path / "exp").mkdir()
        with pytest.raises(Unusable) as missing:
            found_in(Path("/nowhere"), f"{tmp_path.as_posix()}/exp/out/{{name}}/log.csv", "r1")
        assert str(missing.value).startswith("exp/out/r1/log.csv does not exist; ")
        assert str(tmp_path) not in str(missing.value)

    def test_missing_folder_and_file_in_the_way(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(DATA)
        assert self.refused(tmp_path, "a/b")[0] == "missing"
        assert self.refused(tmp_path, "c/b")[0] == "missing"

    def test_a_link_that_leads_nowhere(self, tmp_path: Path) -> None:
        (tmp_path / "r1.json").symlink_to(tmp_path / "gone")
        assert self.refused(tmp_path)[0] == "missing"

    def test_links_in_a_ring(self, tmp_path: Path) -> None:
        (tmp_path / "r1.json").symlink_to(tmp_path / "r2.json")
        (tmp_path / "r2.json").symlink_to(tmp_path / "r1.json")
        assert self.refused(tmp_path)[0] == "unreadable"

    def test_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "r1.json").mkdir()
        kind, message = self.refused(tmp_path)
        assert kind == "missing"
        assert message.startswith("r1.json is an empty folder; ")

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither in its folders")
    def test_a_pipe_and_a_device_do_not_hang(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "r1.json")
        (tmp_path / "r2.json").symlink_to("/dev/zero")
        began = time.monotonic()
        assert self.refused(tmp_path)[0] == "refused"
        assert self.refused(tmp_path, "r2")[0] == "refused"
        assert time.monotonic() - began < 1

    def test_a_name_too_long_for_the_system(self, tmp_path: Path) -> None:
        kind, message = self.refused(tmp_path, "x" * 10_000)
        assert kind == "refused"
        assert len(message) < 500

    def test_size(self, tmp_path: Path) -> None:
        self.put(tmp_path / "r1.json", b"x" * LIMIT)
        assert self.find(tmp_path, "{name}.json", "r1").source.sha256 == sha256(b"x" * LIMIT)
        self.put(tmp_path / "r1.json", b"x" * (LIMIT + 1))
        kind, message = self.refused(tmp_path)
        assert kind == "too_large"
        assert "1,001" in message
        assert "--max-file-size" in message

    def test_a_huge_file_is_not_read(self, tmp_path: Path) -> None:
        with (tmp_path / "r1.json").open("wb") as file:
            file.truncate(2**40)
        assert self.refused(tmp_path)[0] == "too_large"


class TestFolder:
    """A run that is a folder."""

    def put(self, folder: Path, **files: bytes) -> None:
        for name, data in files.items():
            file = folder / name.replace("__", "/").replace("_dot_", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)

    def test_what_formats_want_is_taken_and_has_one_digest(self, tmp_path: Path) -> None:
        self.put(tmp_path / "out" / "a", log_dot_csv=b"step,loss\n", sub__more_dot_csv=b"x", notes=b"none")

        def fits(_source: object, names: Sequence[str], head: Head) -> tuple[str, ...]:
            assert names == ["log.csv", "notes", "sub/more.csv"]
            assert head("log.csv") == b"step,loss\n"
            return ("sub/more.csv", "log.csv")

        found = found_in(tmp_path, "out/{name}", "a", access(fits))
        assert [file.name for file in found.files] == ["log.csv", "sub/more.csv"]
        assert [file.path for file in found.files] == [
            tmp_path / "out/a/log.csv",
            tmp_path / "out/a/sub/more.csv",
        ]
        lines = f"log.csv\t10\t{sha256(b'step,loss' + bytes([10]))}\nsub/more.csv\t1\t{sha256(b'x')}\n"
        assert found.source.sha256 == sha256(lines.encode())
        assert (found.source.file, found.source.files) == ("out/a", ("log.csv", "sub/more.csv"))

    def test_a_lone_file_of_a_folder_has_its_own_digest(self, tmp_path: Path) -> None:
        self.put(tmp_path / "a", log_dot_csv=b"x")
        found = found_in(tmp_path, "{name}", "a")
        assert (found.source.sha256, found.source.files) == (sha256(b"x"), ("log.csv",))

    def test_files_of_a_report_are_taken_as_they_are(self, tmp_path: Path) -> None:
        self.put(tmp_path / "a", one_dot_csv=b"x", two_dot_csv=b"y")
        with Directory().open(access()) as opened:
            found = opened.find(DirectorySource("{name}", str(tmp_path)), "a", ("two.csv",))
            assert found.source.files == ("two.csv",)
            with pytest.raises(Unusable) as refused:
                opened.find(DirectorySource("{name}", str(tmp_path)), "a", ("../b/two.csv",))
        assert refused.value.kind == "refused"

    def test_no_series(self, tmp_path: Path) -> None:
        self.put(tmp_path / "a", readme=b"x", train_dot_py=b"x")
        with pytest.raises(Unusable, match=r"^a holds no file in a known format; it has: readme, train.py; "):
            found_in(tmp_path, "{name}", "a", access(lambda *_: ()))

    def test_what_is_no_run_is_not_looked_into(self, tmp_path: Path) -> None:
        self.put(tmp_path / "a", x=b"", _dot_git__config=b"", node_modules__y=b"", b__c=b"")
        (tmp_path / "a" / "b" / "up").symlink_to(tmp_path / "a", target_is_directory=True)
        assert files_in(tmp_path / "a") == ["x", "b/c"]


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_a_packed_file_is_found_under_the_name_of_what_it_holds(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"log.csv.{ending}").write_bytes(b"packed")
    found = found_in(tmp_path, "{name}.csv", "log")
    assert (found.source.file, found.source.sha256) == ("log.csv", sha256(b"packed"))
    (tmp_path / "log.csv").write_bytes(b"plain")
    assert found_in(tmp_path, "{name}.csv", "log").source.sha256 == sha256(b"plain")


def test_a_file_that_has_grown_is_read_up_to_where_it_was_hashed(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(b"step,loss\n1,2.0\n")
    found = found_in(tmp_path, "{name}.csv", "log").files[0]
    with file.open("ab") as more:
        more.write(b"2,1.0\n")
    data = read_again(found.path, found.size)
    assert (data, sha256(data)) == (b"step,loss\n1,2.0\n", found.sha256)


def test_a_file_that_grows_is_read_no_further_than_the_limit() -> None:
    growing = io.BytesIO(b"x" * (LIMIT + 1))
    with pytest.raises(Unusable) as refused:
        _digests(growing, 10, "r1.json", LIMIT, others=False)  # type: ignore[arg-type]
    assert refused.value.kind == "too_large"


def test_what_has_nothing_to_read_yet_is_no_empty_file() -> None:
    """Such as ``/proc/kmsg``, which calls itself a regular file: to read it would wait for the kernel."""

    class Waiting(io.BytesIO):
        def read(self, _: int | None = -1) -> bytes:
            return None  # type: ignore[return-value]  # as FileIO does where it would have to wait

    with pytest.raises(Unusable) as refused:
        _digests(Waiting(), 0, "kmsg", LIMIT, others=False)  # type: ignore[arg-type]
    assert (refused.value.kind, str(refused.value)) == (
        "refused",
        "kmsg never ends; put the run's file in its place",
    )


@given(st.binary(max_size=200))
def test_digests_are_those_of_git_and_sha256(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.mktemp("git") / "x"
    file.write_bytes(data)
    digests = hash_file(file, "x", LIMIT, others=True)
    assert (digests.size, digests.sha256) == (len(data), sha256(data))
    words = ["git", "hash-object", "--no-filters", str(file)]
    assert (
        digests.others[0] == subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    )
