"""Runs measured by workers of Dask: the same report, and what happens when something ends or hangs."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import reportgen
from reportgen import BuildOptions, ReportgenError
from reportgen.curves import CurveSettings
from reportgen.executors.dask import Dask
from reportgen.executors.local import Local
from reportgen.sources import FoundFile
from reportgen.work import Batch, Measured, RunSettings, RunWork, Unusable
from tests.dask_cluster import Cluster, cluster
from tests.processes import processes_below, wait_for_the_end_of

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="accidents are signals of POSIX"),
    # Of the engine, as it closes connections that were cut.
    pytest.mark.filterwarnings("ignore"),
]

TOKEN = "hf_tokenThatNobodyMaySee"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("dask") / "cluster", starts_again=True) as made:
        yield made


def run_file(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    end = len(name) / 7
    rows = "".join(f"{step},{end + 2 / step}\n" for step in range(1, 50))
    (folder / f"{name}.csv").write_text("step,loss\n" + rows)
    return folder / f"{name}.csv"


def work_on(folder: Path, name: str) -> RunWork:
    data = run_file(folder, name).read_bytes()
    found = FoundFile(f"{name}.csv", folder / f"{name}.csv", len(data), hashlib.sha256(data).hexdigest())
    return RunWork((found,), name, RunSettings(CurveSettings()))


def a_list(folder: Path, names: list[str]) -> Path:
    for name in names:
        run_file(folder / "runs", name)
    file = folder / "list.toml"
    quoted = ", ".join(f'"{name}"' for name in names)
    file.write_text(
        '[source]\ntype = "directory"\npath = "runs/{name}.csv"\n'
        f'[[family]]\nname = "F"\nruns = [{quoted}]\n'
    )
    return file


def words(*more: str | Path) -> list[str]:
    return [sys.executable, "-m", "reportgen", "build", *map(str, more), "--format", "html"]


def build(*more: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, "SOURCE_DATE_EPOCH": "1790000000", "HF_TOKEN": TOKEN, **environment}
    return subprocess.run(words(*more), capture_output=True, text=True, check=False, timeout=400, env=given)


def same(made: Batch, expected: Batch) -> None:
    for one, other in zip(made.results, expected.results, strict=True):
        assert isinstance(one, Measured) and isinstance(other, Measured)
        assert one.digest == other.digest
        assert one.series["loss"].summary.metrics == other.series["loss"].summary.metrics


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_demo_is_the_same_to_the_byte(running: Cluster, tmp_path: Path) -> None:
    ways: dict[str, tuple[str | Path, ...]] = {"here": (), "there": ("--scheduler", running.file)}
    with ThreadPoolExecutor() as both:
        here, there = both.map(
            lambda way: build("demo", "-o", tmp_path / way, "--no-cache", *ways[way]), ways
        )
    assert (here.returncode, there.returncode) == (0, 0), there.stderr
    assert f"{running.address}: 1 batch for " in there.stderr
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")
    assert TOKEN not in running.said() + there.stderr


def test_300_runs_are_the_same_to_the_byte(running: Cluster, tmp_path: Path) -> None:
    """Three lengths and a run that diverged, from names that a pattern finds."""
    import numpy as np

    chance = np.random.default_rng(7)
    (tmp_path / "runs").mkdir()
    for number in range(300):
        losses = np.exp(np.linspace(1, chance.uniform(-8, -2), (40, 90, 200)[number % 3]))
        losses *= np.exp(chance.normal(0, 0.2, len(losses)))
        if number == 123:
            losses[-20:] = np.nan
        rows = "".join(f"{step},{loss!r}\n" for step, loss in enumerate(losses.tolist()))
        (tmp_path / "runs" / f"lr{number % 5}-s{number}.csv").write_text("step,loss\n" + rows)
    runs = tmp_path / "list.toml"
    runs.write_text(
        'synthetic = true\n[source]\ntype = "directory"\npath = "runs/{name}.csv"\n'
        '[[family]]\nname = "F"\nruns = ["lr*"]\n'
    )
    here = build(runs, "-o", tmp_path / "here", "--no-cache")
    there = build(runs, "-o", tmp_path / "there", "--no-cache", "--scheduler", running.file)
    assert (here.returncode, there.returncode) == (0, 0), there.stderr
    assert f"{running.address}: 2 of 2 batches, 300 of 300 runs, " in there.stderr
    assert len(files_of(tmp_path / "there")) > 300
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")


def test_what_a_dead_worker_had_is_done_by_another(running: Cluster, tmp_path: Path) -> None:
    names = ["a", "b", "ends-once", "c", "d", "e"]
    batches = [[work_on(tmp_path, name)] for name in names]
    made = dict(Dask(str(running.file)).run(batches, "cpu"))
    assert (running.place / "ended-once").exists()
    expected = dict(Local().run(batches, "cpu"))
    assert made.keys() == expected.keys()
    for number, batch in expected.items():
        same(made[number], batch)


def test_a_run_that_ends_every_worker_is_a_problem(running: Cluster, tmp_path: Path) -> None:
    batches = [[work_on(tmp_path, name) for name in some] for some in (("a",), ("b", "ends"), ("c",))]
    made = dict(Dask(running.address).run(batches, "cpu"))
    ended = made[1].results[1]
    assert isinstance(ended, Unusable)
    assert ended.reason == "stopped 2 workers that read it; build it without workers to see why"
    rest = [made[0], Batch(made[1].results[:1], ()), made[2]]
    for one, run in zip(rest, (batches[0], batches[1][:1], batches[2]), strict=True):
        same(one, next(Local().run([run], "cpu"))[1])


def test_an_interrupt_leaves_nothing_at_the_scheduler(running: Cluster, tmp_path: Path) -> None:
    from distributed import Client

    runs = a_list(tmp_path, ["waits", *(f"r{number}" for number in range(280))])
    process = subprocess.Popen(
        words(runs, "-o", tmp_path / "out", "--no-cache", "--scheduler", running.file),
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (running.place / "began").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 130, errors
    assert errors.splitlines()[-1] == "interrupted; nothing was written"
    assert "Traceback" not in errors
    with Client(running.address, set_as_default=False) as client:
        deadline = time.monotonic() + 300
        while client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (running.place / "go-on").touch()


def test_without_its_scheduler_a_build_ends_and_keeps_what_it_has(tmp_path: Path) -> None:
    names = ["ends-the-scheduler", *(f"r{number}" for number in range(280))]
    runs = a_list(tmp_path, names)
    with cluster(tmp_path / "cluster") as own:
        cache = own.place / "cache"
        done = build(runs, "-o", tmp_path / "out", "--cache-dir", cache, "--scheduler", own.file, "--quiet")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "the connection to the scheduler was lost; what was measured stays in the build cache" in line
    assert not (tmp_path / "out").exists()
    with sqlite3.connect(cache / "builds.sqlite3") as kept:
        ((rows,),) = kept.execute("SELECT COUNT(*) FROM entries")
    assert 0 < rows < len(names)


def test_a_worker_of_another_version_is_refused_by_name(tmp_path: Path) -> None:
    other = [{"OTHER_VERSION": "0.0.1"}]
    with cluster(tmp_path / "cluster", other) as old, pytest.raises(ReportgenError) as failed:
        list(Dask(old.address).run([[work_on(tmp_path, "a")]], "cpu"))
    place, said = str(failed.value).split(": ", 1)
    assert place.startswith("tcp://127.0.0.1:") and place != old.address
    here = reportgen.__version__
    assert said == f"reportgen is 0.0.1 there and {here} here; install the same there as here"
    assert failed.value.exit_code == 1


def test_a_worker_with_another_format_of_a_plugin_is_refused_by_name(tmp_path: Path) -> None:
    other = [{"OTHER_FORMAT": "labs_own"}]
    with cluster(tmp_path / "cluster", other) as there, pytest.raises(ReportgenError) as failed:
        list(Dask(there.address).run([[work_on(tmp_path, "a")]], "cpu"))
    said = "formats of plug-ins is labs_own 2 there and none here; install the same there as here"
    assert str(failed.value).endswith(f": {said}")


def test_a_worker_that_does_not_see_a_file_is_named(running: Cluster, tmp_path: Path) -> None:
    """A file that only this process has under its number."""
    run = work_on(tmp_path, "a")
    with run.files[0].path.open("rb") as file:
        number = os.dup2(file.fileno(), 987)
        try:
            there = replace(run, files=(replace(run.files[0], path=Path(f"/dev/fd/{number}")),))
            with pytest.raises(ReportgenError, match=r"^tcp://\S+: this worker does not see /dev/fd/987;"):
                list(Dask(running.address).run([[there]], "cpu"))
        finally:
            os.close(number)


def test_a_device_that_a_worker_lacks_is_named(running: Cluster, tmp_path: Path) -> None:
    with pytest.raises(ReportgenError, match=r"^tcp://\S+: --device 'tpu': ") as failed:
        list(Dask(running.address).run([[work_on(tmp_path, "a")]], "tpu"))
    assert failed.value.exit_code == 2


def test_a_token_is_not_sent(running: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither does what is sent hold it, nor do workers see it."""
    from distributed import Client
    from distributed.protocol.pickle import dumps

    monkeypatch.setenv("HF_TOKEN", TOKEN)
    sent: list[bytes] = []
    submit = Client.submit

    def noted(self: Client, *what: Any, **how: Any) -> Any:
        sent.append(dumps((what, how)))
        return submit(self, *what, **how)

    monkeypatch.setattr(Client, "submit", noted)
    list(Dask(running.address).run([[work_on(tmp_path, "a")]], "cpu"))
    assert sent and TOKEN.encode() not in b"".join(sent)
    with Client(running.address, set_as_default=False) as client:
        assert set(client.run(os.getenv, "HF_TOKEN").values()) == {None}


def test_a_run_that_hangs_is_given_up(running: Cluster, tmp_path: Path) -> None:
    """Nothing else is sent, so that a slow machine takes nothing else for hanging."""
    made = dict(Dask(running.address, patience=1).run([[work_on(tmp_path, "hangs")]], "cpu"))
    (hung,) = made[0].results
    assert isinstance(hung, Unusable)
    assert hung.reason.startswith("was not done by a worker in 1 s")


def test_workers_of_a_build_end_with_it(tmp_path: Path) -> None:
    work_here = [[work_on(tmp_path, "a")], [work_on(tmp_path, "b")]]
    said: list[str] = []
    before = processes_below(os.getpid())
    made = dict(Dask(workers=1, say=said.append).run(work_here, "cpu"))
    same(made[1], next(Local().run(work_here[1:], "cpu"))[1])
    assert said[0].endswith(": 2 batches for 1 worker")
    wait_for_the_end_of(processes_below(os.getpid()) - before)


def test_workers_of_a_build_end_when_it_is_interrupted(tmp_path: Path) -> None:
    """It is told of while they start."""
    runs = a_list(tmp_path, ["a"])
    (tmp_path / "temporary").mkdir()
    process = subprocess.Popen(
        words(runs, "-o", tmp_path / "out", "--no-cache", "--workers", "1"),
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path / "temporary")},
    )
    while not (below := processes_below(process.pid)) or not list((tmp_path / "temporary").glob("*/log")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=300)
    assert (process.returncode, errors.splitlines()[-1]) == (130, "interrupted; nothing was written")
    assert "Traceback" not in errors
    wait_for_the_end_of(below)
    assert not list((tmp_path / "temporary").glob("reportgen-dask-*"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"scheduler": "nowhere.json"},
            "--scheduler nowhere.json: cannot be read (No such",
        ),
        ({"scheduler": "tcp://127.0.0.1:1"}, "--scheduler tcp://127.0.0.1:1: cannot be reached"),
        ({"scheduler": "abc://x"}, "--scheduler abc://x: cannot be reached"),
        ({"scheduler": "tls://127.0.0.1:1"}, "--scheduler tls://127.0.0.1:1: cannot be reached (TLS expects"),
    ],
)
def test_a_scheduler_that_is_not_there_is_a_line(
    given: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reportgen.executors.dask._CONNECT", 1.0)
    with pytest.raises(ReportgenError) as failed:
        list(Dask(**given).run([[work_on(tmp_path, "a")]], "cpu"))
    assert str(failed.value).startswith(said)
    assert len(str(failed.value).splitlines()) == 1


def test_a_port_of_something_else_is_a_line() -> None:
    """Of the dashboard, say: a scheduler has one that speaks HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            connection.recv(4096)

        threading.Thread(target=answer, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ReportgenError, match=r"\(what answers there is no scheduler of Dask\)"):
            list(Dask(scheduler=address).run([[]], "cpu"))


def test_a_scheduler_has_its_own_workers() -> None:
    with pytest.raises(ReportgenError, match=r"^--workers: cannot be used with --scheduler"):
        BuildOptions(scheduler="tcp://a:1", workers=2)


def test_without_the_engine_a_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reportgen.executors.dask.find_spec", lambda _: None)
    with pytest.raises(ReportgenError, match=r'^--workers: needs Dask; .*"reportgen-runs\[dask\]"'):
        Dask(workers=2)


def test_the_engine_is_loaded_only_when_asked_for() -> None:
    script = (
        "import sys; from reportgen.executors.dask import Dask; Dask(workers=1);"
        "sys.exit(bool({'dask', 'distributed'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=300).returncode == 0
