"""Writing the output folder: whole files, nothing of others touched, leftovers removed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from reportgen.errors import ReportgenError
from reportgen.outputs import folder


def listing(out: Path) -> dict[str, bytes]:
    """The files that a reader sees; the lock is not one of them."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name != ".reportgen.lock"
    }


def test_files_and_their_digests_are_written(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    folder.publish(out, {"report.html": b"<p>", "curves/a.csv": b"1"}, {"inputs_digest": "x"})
    found = listing(out)
    manifest = json.loads(found.pop("manifest.json"))
    assert found == {"report.html": b"<p>", "curves/a.csv": b"1"}
    assert manifest == {
        "inputs_digest": "x",
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in found.items()},
        "stale": {},
    }


def test_what_a_build_did_not_make_again_goes_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    folder.publish(tmp_path, {"report.html": b"1", "curves/a.csv": b"1", "figures/runs/b.svg": b"1"}, {})
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "curves" / "mine.csv").write_text("mine")
    folder.publish(tmp_path, {"report.html": b"2"}, {})
    found = listing(tmp_path)
    assert set(found) == {"report.html", "manifest.json", "notes.txt", "curves/mine.csv"}
    assert found["report.html"] == b"2"
    assert not (tmp_path / "figures").exists()


@pytest.mark.parametrize(
    "name", ["../victim", "{victim}", "a/../../victim", "..\\victim", "", ".", "C:/victim"]
)
def test_a_manifest_from_elsewhere_removes_nothing_outside(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    (out / "a").mkdir(parents=True)
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (out / "manifest.json").write_text(json.dumps({"files": {name.format(victim=victim): "0"}}))
    folder.publish(out, {"report.html": b"1"}, {})
    assert victim.read_text() == "mine"


def test_a_linked_folder_does_not_lead_removal_outside(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (elsewhere / "a.csv").write_text("mine")
    (out / "curves").symlink_to(elsewhere)
    (out / "manifest.json").write_text(json.dumps({"files": {"curves/a.csv": "0"}}))
    folder.publish(out, {"report.html": b"1"}, {})
    assert (elsewhere / "a.csv").read_text() == "mine"


@pytest.mark.parametrize("name", [".reportgen-new", ".reportgen.lock", "curves", "figures/runs"])
def test_a_link_does_not_lead_writing_outside(tmp_path: Path, name: str) -> None:
    real, out, elsewhere = tmp_path / "real", tmp_path / "out", tmp_path / "elsewhere"
    real.mkdir()
    out.symlink_to(real)  # OUT itself may be a link.
    elsewhere.mkdir()
    folder.publish(out, {"report.html": b"old"}, {})
    (elsewhere / "a.csv").write_text("mine")
    link = out / name
    link.unlink(missing_ok=True)
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(elsewhere)
    files = {"report.html": b"1", "curves/a.csv": b"1", "figures/runs/a.svg": b"1"}
    said = f"{link}: is a link, and a build writes nowhere but in its own folder"
    for refused in (folder.check, lambda out, files: folder.publish(out, files, {})):
        with pytest.raises(ReportgenError) as error:
            refused(out, files)
        assert str(error.value) == f"{said}; remove the link, or choose another -o"
    assert listing(elsewhere) == {"a.csv": b"mine"}
    assert (out / "report.html").read_bytes() == b"old"
    link.unlink()
    folder.publish(out, files, {})
    assert set(listing(real)) == {"manifest.json", *files}


def test_a_link_of_a_files_name_is_replaced_and_not_followed(tmp_path: Path) -> None:
    out, victim = tmp_path / "out", tmp_path / "victim"
    victim.write_text("mine")
    folder.publish(out, {}, {})
    (out / "report.html").symlink_to(victim)
    folder.publish(out, {"report.html": b"1"}, {})
    assert (out / "report.html").read_bytes() == b"1"
    assert not (out / "report.html").is_symlink()
    assert victim.read_text() == "mine"


def test_current_means_same_inputs_and_untouched_files(tmp_path: Path) -> None:
    folder.publish(tmp_path, {"report.html": b"1", "tables/runs.csv": b"1"}, {"inputs_digest": "x"})
    manifest = folder.read_manifest(tmp_path)
    assert manifest is not None
    assert folder.is_current(tmp_path, manifest, "x")
    assert not folder.is_current(tmp_path, manifest, "y")
    (tmp_path / "tables" / "runs.csv").write_bytes(b"2")
    assert not folder.is_current(tmp_path, manifest, "x")
    (tmp_path / "tables" / "runs.csv").unlink()
    assert not folder.is_current(tmp_path, manifest, "x")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"files": []}', b"\xff"])
def test_a_broken_manifest_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    assert folder.read_manifest(tmp_path) is None


@pytest.mark.skipif(os.name == "nt", reason="pipes and links as POSIX has them")
@pytest.mark.parametrize("name", ["loop/x", "n" * 300, "pipe", "a/" * 3000, "curves", "report.html/x"])
def test_whatever_a_manifest_names_the_report_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "curves").mkdir()
    (tmp_path / "manifest.json").write_text(json.dumps({"inputs_digest": "x", "files": {name: "x"}}))
    manifest = folder.read_manifest(tmp_path)
    assert manifest is not None
    assert not folder.is_current(tmp_path, manifest, "x")
    folder.publish(tmp_path, {"report.html": b"1"}, {})
    assert set(listing(tmp_path)) == {"report.html", "manifest.json"}
    assert (tmp_path / "loop").is_symlink() and (tmp_path / "pipe").is_fifo()


@pytest.mark.skipif(os.name == "nt", reason="pipes as POSIX has them")
def test_a_pipe_is_no_manifest_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "manifest.json")
    script = (
        "import sys; from pathlib import Path; from reportgen.outputs import folder\n"
        "sys.exit(folder.read_manifest(Path(sys.argv[1])) is not None)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], timeout=20, check=True)


def test_what_a_dead_build_left_half_written_goes(tmp_path: Path) -> None:
    half = tmp_path / ".reportgen-new" / "report.html"
    half.parent.mkdir()
    half.write_text("<ht")
    folder.publish(tmp_path, {"report.html": b"1"}, {})
    assert set(listing(tmp_path)) == {"report.html", "manifest.json"}


@pytest.mark.parametrize("name", ["report.html", "manifest.json", "figures/all.svg"])
def test_a_file_that_no_build_wrote_is_not_written_over(tmp_path: Path, name: str) -> None:
    files = {"report.html": b"1", "figures/all.svg": b"1"}
    mine = tmp_path / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text('{"name": "mine"}')
    for _ in range(2):  # The first attempt leaves nothing that would let the second pass.
        with pytest.raises(ReportgenError) as refused:
            folder.publish(tmp_path, files, {})
        assert str(refused.value) == f"{mine}: exists, and no build wrote it; move it, or choose another -o"
        assert listing(tmp_path) == {name: b'{"name": "mine"}'}
    mine.rename(tmp_path / "mine")
    folder.publish(tmp_path, files, {})
    folder.publish(tmp_path, files, {})
    assert set(listing(tmp_path)) == {"mine", "manifest.json", *files}


def test_a_link_that_no_build_made_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "report.html").symlink_to(tmp_path / "gone")
    with pytest.raises(ReportgenError, match=r"report\.html: exists"):
        folder.publish(tmp_path, {"report.html": b"1"}, {})
    assert (tmp_path / "report.html").is_symlink()


@pytest.mark.parametrize("mark", [".reportgen.lock", ".reportgen-new/report.html"])
def test_what_a_killed_first_build_wrote_is_written_over(tmp_path: Path, mark: str) -> None:
    for name in ("curves/a.csv", mark):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("half of a build")
    folder.check(tmp_path, ["curves/a.csv"])
    folder.publish(tmp_path, {"curves/a.csv": b"1", "report.html": b"1"}, {})
    assert (tmp_path / "curves" / "a.csv").read_bytes() == b"1"


@pytest.mark.parametrize(
    ("obstacle", "said"),
    [
        ("report.html/mine", "report.html: is a folder, and the report needs a file there; move it"),
        ("figures", "figures: is a file, and the report needs a folder there; move it"),
        ("figures/runs", "figures/runs: is a file, and the report needs a folder there; move it"),
        (".reportgen-new", ".reportgen-new: is a file, and the report needs a folder there; move it"),
    ],
)
def test_what_stands_in_the_way_is_named_before_anything_is_written(
    tmp_path: Path, obstacle: str, said: str
) -> None:
    folder.publish(tmp_path, {"report.json": b"old"}, {})
    (tmp_path / obstacle).parent.mkdir(exist_ok=True)
    (tmp_path / obstacle).write_text("mine")
    before = listing(tmp_path)
    files = {"report.json": b"new", "figures/runs/a.svg": b"1", "report.html": b"1"}
    with pytest.raises(ReportgenError) as error:
        folder.publish(tmp_path, files, {})
    assert str(error.value) == f"{tmp_path}/{said}"
    assert listing(tmp_path) == before
    (tmp_path / obstacle).rename(tmp_path / "mine")
    if obstacle.startswith("report.html"):
        (tmp_path / "report.html").rmdir()
    folder.publish(tmp_path, files, {})
    assert set(listing(tmp_path)) == {"mine", "manifest.json", *files}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no POSIX signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupt_among_the_renames_waits_for_the_last(tmp_path: Path, name: str) -> None:
    folder.publish(tmp_path, {"report.html": b"old", "report.json": b"old", "stale.csv": b"old"}, {})
    script = (
        "import os, signal, sys; from pathlib import Path; from reportgen.outputs import folder\n"
        "number = getattr(signal, sys.argv[2])\n"
        "def stop(*_): raise KeyboardInterrupt\n"
        "signal.signal(number, stop)\n"
        "def at_a_rename(event, _):\n"
        "    if event == 'os.rename': os.kill(os.getpid(), number)\n"
        "sys.addaudithook(at_a_rename)\n"
        "files = {'report.html': b'new', 'report.json': b'new', 'curves/a.csv': b'new'}\n"
        "try: folder.publish(Path(sys.argv[1]), files, {})\n"
        "except KeyboardInterrupt: sys.exit(130 if signal.getsignal(number) is stop else 1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), name], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, "")
    found = listing(tmp_path)
    assert set(json.loads(found.pop("manifest.json"))["files"]) == set(found)
    assert found == {"report.html": b"new", "report.json": b"new", "curves/a.csv": b"new"}


def test_a_file_as_output_folder_is_named(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("mine")
    with pytest.raises(ReportgenError, match="out: a file and a folder"):
        folder.publish(out, {"report.html": b"1"}, {})
    assert out.read_text() == "mine"


def test_a_full_disk_leaves_the_old_report(tmp_path: Path) -> None:
    folder.publish(tmp_path, {"report.html": b"old"}, {"inputs_digest": "old"})
    before = listing(tmp_path)
    script = (
        "import resource, signal, sys; from pathlib import Path; from reportgen.outputs import folder\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "folder.publish(Path(sys.argv[1]), {'a.csv': b'new', 'report.html': b'new' * 1000}, {})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert "ReportgenError" in done.stderr and "cannot be written (File too large)" in done.stderr
    assert listing(tmp_path) == before


def test_two_builds_into_one_folder_leave_one_of_them_whole(tmp_path: Path) -> None:
    def build(number: int) -> None:
        content = str(number).encode()
        folder.publish(
            tmp_path, {f"curves/{i}.csv": content for i in range(20)} | {"report.html": content}, {}
        )

    threads = [threading.Thread(target=build, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = listing(tmp_path)
    found.pop("manifest.json")
    assert len(set(found.values())) == 1
    assert len(found) == 21


def test_a_build_waits_for_the_other(tmp_path: Path) -> None:
    with FileLock(tmp_path / ".reportgen.lock"):
        thread = threading.Thread(target=folder.publish, args=(tmp_path, {"report.html": b"1"}, {}))
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        assert not (tmp_path / "report.html").exists()
    thread.join(10)
    assert (tmp_path / "report.html").read_bytes() == b"1"
