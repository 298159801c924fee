"""Runs found by workers of Dask: on disks and in Hub caches of their own, which nobody else sees."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from loopback_hub import LoopbackHub

from reportgen.discover import merged
from reportgen.executors.dask_finding import Finding, listed
from reportgen.executors.dask_tasks import Failed, Piece
from reportgen.model_list import DirectorySource, HubSource, RunSpec
from reportgen.pull import PullOptions, Task, task_of
from reportgen.sources import Found, FoundFile, Listing, SourceRecord, Unusable
from tests.dask_cluster import Cluster, cluster
from tests.test_dask import files_of, run_file, words

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="accidents are signals of POSIX"),
    # Of the engine, as it closes connections that were cut.
    pytest.mark.filterwarnings("ignore"),
]
# A path that leads each process to a folder of its own, as on machines with disks of their own.
OWN_DISK = Path("/proc/self/cwd")
HOME_TOKEN, WORKERS_TOKEN = "hf_ofTheMachineAtHome", "hf_ofTheWorker"


def build(*more: str | Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words(*more), capture_output=True, text=True, check=False, timeout=400, cwd=folder,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1790000000", **environment},
    )  # fmt: skip


def write_list(file: Path, source: str, runs: Sequence[str]) -> Path:
    quoted = ", ".join(f'"{name}"' for name in runs)
    file.write_text(f'[source]\n{source}\n[[family]]\nname = "F"\nruns = [{quoted}]\n')
    return file


def disk(place: Path, names: Sequence[str]) -> Path:
    place.mkdir()
    for name in names:
        run_file(place / "runs", name)
    return place


needs_own_disks = pytest.mark.skipif(not OWN_DISK.exists(), reason="paths of a process's own are Linux's")


@needs_own_disks
def test_each_worker_finds_and_reads_what_its_own_disk_holds(tmp_path: Path) -> None:
    left, right = ([f"{side}{number}" for number in range(70)] for side in "lr")
    disks = [disk(tmp_path / "left", left), disk(tmp_path / "right", right)]
    both = disk(tmp_path / "both", [*left, *right])
    home = disk(tmp_path / "home", [])
    runs = write_list(
        tmp_path / "list.toml",
        f'type = "directory"\npath = "{OWN_DISK}/runs/{{name}}.csv"',
        ["r*", "l*", "nowhere"],
    )
    here = build(runs, "-o", tmp_path / "here", "--no-cache", folder=both)
    with cluster(tmp_path / "cluster", disks=disks) as own:
        there = build(runs, "-o", tmp_path / "there", "--no-cache", "--scheduler", own.file, folder=home)
    assert (here.returncode, there.returncode) == (3, 3), there.stderr
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")
    assert b"nowhere" in (tmp_path / "there" / "report.json").read_bytes()


@needs_own_disks
def test_runs_of_a_disk_whose_worker_ends_are_problems_and_the_others_are_not(tmp_path: Path) -> None:
    disks = [disk(tmp_path / "left", ["a", "b"]), disk(tmp_path / "right", ["ends", "c"])]
    home = disk(tmp_path / "home", [])
    runs = write_list(
        tmp_path / "list.toml",
        f'type = "directory"\npath = "{OWN_DISK}/runs/{{name}}.csv"',
        ["a", "b", "c", "ends"],
    )
    with cluster(tmp_path / "cluster", disks=disks) as own:
        done = build(runs, "-o", tmp_path / "out", "--no-cache", "--scheduler", own.file, folder=home)
    assert done.returncode == 3, done.stderr
    lost = [line for line in done.stderr.splitlines() if "is not at any worker any more" in line]
    assert sorted(line.split(": ")[2] for line in lost) == ["c", "ends"]
    assert "does not exist" in lost[0] and "Traceback" not in done.stderr


@contextmanager
def with_hub(place: Path, hub: LoopbackHub, *, own_caches: bool = True) -> Iterator[Cluster]:
    """Two workers that have the Hub, a token and caches; home has none of them."""
    workers = [
        hub.environment(place / (f"hf-{number}" if own_caches else "hf"), timeout=60)
        | {"HF_TOKEN": WORKERS_TOKEN}
        for number in range(2)
    ]
    with cluster(place / "cluster", workers) as made:
        yield made


AT_HOME = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_TOKEN": HOME_TOKEN}


def hub_list(file: Path, hub: LoopbackHub, number: int) -> Path:
    """Runs on the Hub, a repository each."""
    names = [f"r{one}" for one in range(number)]
    for name in names:
        data = run_file(file.parent / "data", name).read_bytes()
        hub.put(f"me/{name}", "log.csv", data)
    return write_list(file, 'type = "hub"\nrepo = "me/{name}"\nfile = "log.csv"', names)


def test_workers_ask_the_hub_with_their_own_token_and_keep_what_they_fetch(
    loopback_hub: LoopbackHub, tmp_path: Path
) -> None:
    runs = hub_list(tmp_path / "list.toml", loopback_hub, 40)
    home = {
        **AT_HOME,
        "HF_HOME": str(tmp_path / "hf-home"),
        "HF_HUB_CACHE": str(tmp_path / "hf-home" / "hub"),
    }
    with with_hub(tmp_path, loopback_hub) as own:
        there = ["--scheduler", own.file, "--no-cache"]
        done = build(runs, "-o", tmp_path / "there", *there, folder=tmp_path, **home)
        assert done.returncode == 0, done.stderr
        assert {asked.token for asked in loopback_hub.requests} == {WORKERS_TOKEN}
        assert loopback_hub.count("GET", "log.csv") == 40
        fetched = [len(list((tmp_path / f"hf-{worker}").rglob("log.csv"))) for worker in range(2)]
        assert sum(fetched) == 40
        # The caches are two, and what the one lacks the other has.
        asked = len(loopback_hub.requests)
        offline = build(runs, "-o", tmp_path / "offline", *there, "--offline", folder=tmp_path, **home)
        assert offline.returncode == 0, offline.stderr
        assert len(loopback_hub.requests) == asked
        said = own.said() + done.stderr + offline.stderr
        assert HOME_TOKEN not in said and WORKERS_TOKEN not in said
    assert not (tmp_path / "hf-home").exists()
    of_hub = loopback_hub.environment(tmp_path / "hf-here")
    here = build(runs, "-o", tmp_path / "here", "--no-cache", folder=tmp_path, **of_hub)
    assert here.returncode == 0, here.stderr
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")


def test_limits_mean_there_what_they_mean_here(loopback_hub: LoopbackHub, tmp_path: Path) -> None:
    """--max-file-size and --timeout, by the same problems."""
    runs = hub_list(tmp_path / "list.toml", loopback_hub, 2)
    loopback_hub.put("me/r1", "log.csv", b"step,loss\n" + b"1,1.0\n" * 1000)
    small = ("--max-file-size", "3K", "--no-cache")
    of_hub = loopback_hub.environment(tmp_path / "hf-here")
    here = build(runs, "-o", tmp_path / "here", *small, folder=tmp_path, **of_hub)
    with with_hub(tmp_path, loopback_hub) as own:
        there = build(
            runs, "-o", tmp_path / "there", *small, "--scheduler", own.file, folder=tmp_path, **AT_HOME
        )
        assert (here.returncode, there.returncode) == (3, 3), there.stderr
        assert files_of(tmp_path / "there") == files_of(tmp_path / "here")
        loopback_hub.hang(match="r1")
        began = time.monotonic()
        late = build(
            runs, "-o", tmp_path / "late", "--timeout", "4", "--no-cache", "--scheduler", own.file,
            folder=tmp_path, **AT_HOME,
        )  # fmt: skip
        assert (
            time.monotonic() - began < 200
        )  # The client's own limits alone are 240 s, and longer with pauses.
    # The limit ends what is looked for, and then, where the rest takes longer too, the build.
    assert "--timeout" in late.stderr.splitlines()[-1] and late.returncode in (1, 3), late.stderr


def test_an_interrupt_ends_what_workers_are_looking_for(loopback_hub: LoopbackHub, tmp_path: Path) -> None:
    from distributed import Client

    runs = hub_list(tmp_path / "list.toml", loopback_hub, 40)
    loopback_hub.hang()
    with with_hub(tmp_path, loopback_hub) as own:
        process = subprocess.Popen(
            words(runs, "-o", tmp_path / "out", "--no-cache", "--scheduler", own.file),
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **AT_HOME},
        )
        while not loopback_hub.requests:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=300)
        assert (process.returncode, errors.splitlines()[-1]) == (130, "interrupted; nothing was written")
        with Client(own.address, set_as_default=False) as client:
            deadline = time.monotonic() + 300
            # A worker forgets a task that was withdrawn once its thread has come to an end.
            while any(client.run(lambda dask_worker: len(dask_worker.state.tasks)).values()):
                assert time.monotonic() < deadline
                time.sleep(0.1)


def test_what_workers_measured_serves_a_build_without_them_and_the_other_way_round(tmp_path: Path) -> None:
    runs = write_list(
        tmp_path / "list.toml", 'type = "directory"\npath = "home/runs/{name}.csv"', ["a", "b", "c"]
    )
    disk(tmp_path / "home", ["a", "b"])
    kept = ("--cache-dir", tmp_path / "cache", "--verbose")
    with cluster(tmp_path / "cluster", [{}]) as own:
        there = build(runs, "-o", tmp_path / "out", *kept, "--scheduler", own.file, folder=tmp_path)
        assert "computed: a, b" in there.stderr
        run_file(tmp_path / "home" / "runs", "c")
        here = build(runs, "-o", tmp_path / "out", *kept, folder=tmp_path)
        assert "computed: c" in here.stderr
        document = tmp_path / "out" / "report.json"
        first = files_of(tmp_path / "out")
        again = build(document, "-o", tmp_path / "again", *kept, "--scheduler", own.file, folder=tmp_path)
        assert again.returncode == 0 and "computed: none" in again.stderr
        assert f"{own.address}: 3 runs to be found by 1 worker" in again.stderr
        rebuilt = files_of(tmp_path / "again")
        assert {name: data for name, data in rebuilt.items() if name.startswith("curves/")} == {
            name: data for name, data in first.items() if name.startswith("curves/")
        }
        unchanged = build(runs, "-o", tmp_path / "out", *kept, "--scheduler", own.file, folder=tmp_path)
        assert "nothing changed since the last build" in unchanged.stderr


# Without the engine: what is asked of whom.


class Engine:
    """Workers that answer at once.

    Args:
        holds: Worker to the names of the runs on its disk.
    """

    topic = "t"

    def __init__(self, holds: dict[str, set[str]], fails: bool = False) -> None:
        self.holds, self.fails = holds, fails
        self.asked: list[tuple[str, str]] = []
        self.at_once: list[int | None] = []
        self.jobs: set[int] = set()
        self.sizes: list[int] = []

    def workers(self) -> set[str]:
        return set(self.holds)

    def results(
        self, pieces: Sequence[Piece], parts: Callable[[Piece], Sequence[Piece]], at_once: int | None = None
    ) -> Iterator[tuple[Piece, Any]]:
        self.at_once.append(at_once)
        for number, piece in enumerate(pieces):
            worker = next(iter(piece.workers), sorted(self.holds)[number % len(self.holds)])
            self.sizes.append(len(piece.arguments[0]))
            self.jobs.add(piece.arguments[1].options.jobs)
            if self.fails:
                yield from ((part, Failed("stopped 2 workers that read it")) for part in parts(piece))
                continue
            if isinstance(piece.arguments[0][0], Task):
                yield piece, [self._find(task, worker) for task in piece.arguments[0]]
            else:
                yield piece, [Listing(tuple(sorted(self.holds[worker])), passed=2)]

    def _find(self, task: Task, worker: str) -> Found | Unusable:
        self.asked.append((worker, task.name))
        if task.name not in self.holds[worker]:
            return Unusable("missing", f"{task.name} does not exist")
        file = FoundFile(task.name, Path(task.name), 1, "0")
        return Found((file,), SourceRecord("directory", None, None, None, task.name, "0"), worker=worker)


def of_folder(*names: str) -> list[Task]:
    return [task_of(RunSpec(name, DirectorySource("{name}", "/"))) for name in names]


def test_what_one_disk_lacks_the_others_are_asked_for() -> None:
    engine = Engine({"w0": {"a"}, "w1": {"b"}, "w2": set()})
    done: list[str] = []
    outcomes = Finding(engine, PullOptions(), lambda task: done.append(task.name)).of(  # type: ignore[arg-type]
        tasks := of_folder("a", "b", "nowhere")
    )
    workers = [
        one.worker if isinstance(one, Found) else one.kind for one in (outcomes[task] for task in tasks)
    ]
    assert workers == ["w0", "w1", "missing"]
    assert sorted(done) == ["a", "b", "nowhere"]
    assert ("w2", "nowhere") in engine.asked and ("w2", "b") not in engine.asked


@pytest.mark.parametrize(("offline", "asked"), [(False, 1), (True, 4)])
def test_the_hub_is_asked_once_for_what_is_missing_and_caches_are_all_looked_into(
    offline: bool, asked: int
) -> None:
    engine = Engine({f"w{number}": set() for number in range(3)})
    task = task_of(RunSpec("a", HubSource("me/{name}", "log.csv", "main")))
    Finding(engine, PullOptions(offline=offline), lambda _: None).of([task])  # type: ignore[arg-type]
    assert len(engine.asked) == asked


@pytest.mark.parametrize(("jobs", "workers", "pieces", "each"), [(8, 2, 2, 4), (1, 3, 1, 1), (3, 8, 3, 1)])
def test_jobs_are_pulls_at_once_of_all_workers_together(
    jobs: int, workers: int, pieces: int, each: int
) -> None:
    engine = Engine({f"w{number}": {"a"} for number in range(workers)})
    Finding(engine, PullOptions(jobs=jobs), lambda _: None).of(of_folder("a"))  # type: ignore[arg-type]
    assert (engine.at_once[0], engine.jobs) == (pieces, {each})
    assert pieces * each <= jobs


def test_the_files_of_one_repository_are_asked_for_together() -> None:
    """Else each piece of 16 would list all of it again."""
    engine = Engine({"w0": set(), "w1": set()})
    one = [task_of(RunSpec(f"r{n}", HubSource("me/all", "{name}/log.csv", "main"))) for n in range(100)]
    each = [task_of(RunSpec(f"r{n}", HubSource("me/{name}", "log.csv", "main"))) for n in range(100)]
    Finding(engine, PullOptions(), lambda _: None).of([*one, *each])  # type: ignore[arg-type]
    assert engine.sizes == [50, 50, *[16] * 6, 4]


def test_a_run_that_ends_every_worker_that_looks_for_it_is_a_problem() -> None:
    engine = Engine({"w0": set()}, fails=True)
    (outcome,) = Finding(engine, PullOptions(), lambda _: None).of(of_folder("a")).values()  # type: ignore[arg-type]
    assert isinstance(outcome, Unusable)
    assert str(outcome) == "the run stopped 2 workers that read it; build it without workers to see why"


def test_a_pattern_finds_what_any_disk_holds() -> None:
    from reportgen.discover import Task as Pattern

    engine = Engine({"w0": {"a", "b"}, "w1": {"b", "c"}})
    pattern = Pattern(DirectorySource("{name}", "/"), "*")
    (listing,) = listed(engine, [pattern], PullOptions(), 100).values()  # type: ignore[arg-type]
    assert listing == Listing(("a", "b", "c"), passed=2)
    (bounded,) = listed(engine, [pattern], PullOptions(), 2).values()  # type: ignore[arg-type]
    assert isinstance(bounded, Listing)
    assert (bounded.names, bounded.problem) == (("a", "b"), "there are over 2 runs")


def test_listings_of_several_machines_are_one() -> None:
    none, refused = Unusable("missing", "runs does not exist"), Unusable("refused", "runs may not be read")
    there = Listing(("a",))
    assert merged([none, there], 10) == there
    assert merged([none, none], 10) is none
    assert merged([none, refused], 10) is refused
    assert merged([refused, there], 10) == Listing(("a",), 0, "runs may not be read", "refused")


def test_finding_loads_no_engine_by_itself() -> None:
    script = "import sys; import reportgen.executors.dask_finding; sys.exit('distributed' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], timeout=300).returncode == 0
