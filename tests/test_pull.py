"""``pull``: many runs at once, each failure a problem, and never a wait without an end."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from loopback_hub import LoopbackHub
from pull_process import ROOT, command, job, pull_in_process

from reportgen.kinds import Problem
from reportgen.model_list import DirectorySource, HubSource, RunSpec
from reportgen.pull import Pulled, PullOptions, pull

DATA = b'{"TrainingLoss": [2.9, 0.5, 1e-09]}'
HUB = HubSource("me/{name}", "training_loss.json", "main")


@pytest.fixture
def source(tmp_path: Path) -> DirectorySource:
    """Runs ``r0`` to ``r29``, no two alike."""
    for number in range(30):
        (tmp_path / f"r{number}.json").write_bytes(DATA + b" " * number)
    return DirectorySource("{name}.json", str(tmp_path))


@pytest.mark.parametrize("jobs", [1, 3, 100])
def test_results_stand_in_the_order_of_the_runs(source: DirectorySource, jobs: int) -> None:
    names = [f"r{number}" for number in (*range(29, -1, -1), 40, 3, 41)]
    done: list[str] = []
    runs = [(f"family of {name}", RunSpec(name, source)) for name in names]
    results = pull(runs, PullOptions(jobs=jobs), on_done=done.append)
    assert sorted(done) == sorted(names)
    for (family, spec), one in zip(runs, results, strict=True):
        if spec.name in {"r40", "r41"}:
            assert isinstance(one, Problem)
            assert (one.family, one.run, one.kind) == (family, spec.name, "missing")
        else:
            assert isinstance(one, Pulled)
            assert one.spec is spec
            assert one.source.sha256 == hashlib.sha256(DATA + b" " * int(spec.name[1:])).hexdigest()


def test_nothing_to_pull() -> None:
    assert pull([], PullOptions()) == []


def test_callbacks_run_in_the_calling_thread(source: DirectorySource) -> None:
    threads: set[int] = set()
    pull([("f", RunSpec("r0", source))], PullOptions(), on_done=lambda _: threads.add(threading.get_ident()))
    assert threads == {threading.get_ident()}


def test_a_file_that_changed_since_a_report_is_a_problem(source: DirectorySource) -> None:
    right = hashlib.sha256(DATA).hexdigest()
    runs = [("f", RunSpec("r0", source, sha256=right)), ("f", RunSpec("r1", source, sha256=right))]
    same, changed = pull(runs, PullOptions())
    assert isinstance(same, Pulled)
    assert isinstance(changed, Problem)
    assert changed.kind == "refused"
    assert changed.message.startswith("r1.json is no longer the file of that report")


def test_many_runs_take_no_longer_each_than_few(tmp_path: Path) -> None:
    runs = [
        ("f", RunSpec(f"r{number}", DirectorySource("{name}.json", str(tmp_path))))
        for number in range(20_000)
    ]
    began = time.monotonic()
    assert {one.kind for one in pull(runs, PullOptions()) if isinstance(one, Problem)} == {"missing"}
    # 2 s of work; a look at all the runs after each is minutes.
    assert time.monotonic() - began < 30


def test_a_bug_is_raised_and_not_a_problem(source: DirectorySource) -> None:
    with pytest.raises(TypeError):
        pull([("f", RunSpec("r0", source))], PullOptions(max_file_size="large"))  # type: ignore[arg-type]


def test_runs_in_folders_load_no_client_and_no_torch(source: DirectorySource) -> None:
    told = pull_in_process([RunSpec("r0", source)], {})
    assert told.kinds == ["checked"]
    assert told.modules == []


def test_folders_and_hub_side_by_side(
    source: DirectorySource, loopback_hub: LoopbackHub, tmp_path: Path
) -> None:
    loopback_hub.put("me/a", "training_loss.json", DATA)
    runs = [RunSpec("r0", source), RunSpec("a", HUB), RunSpec("b", HUB)]
    told = pull_in_process(runs, loopback_hub.environment(tmp_path / "hf"))
    assert told.kinds == ["checked", "checked", "missing"]


def test_what_stands_twice_is_pulled_once(loopback_hub: LoopbackHub, tmp_path: Path) -> None:
    loopback_hub.put("me/a", "training_loss.json", DATA)
    runs = [RunSpec("a", HUB), RunSpec("a", HUB, label="again"), RunSpec("none", HUB), RunSpec("none", HUB)]
    told = pull_in_process(runs, loopback_hub.environment(tmp_path / "hf"))
    assert told.kinds == ["checked", "checked", "missing", "missing"]
    assert sorted(told.done) == ["a", "a", "none", "none"]
    assert loopback_hub.count("GET") == 1
    assert loopback_hub.count("HEAD", "none") == 1


def test_the_deadline_ends_it(loopback_hub: LoopbackHub, tmp_path: Path) -> None:
    loopback_hub.put("me/a", "training_loss.json", DATA)
    loopback_hub.hang(match="slow")
    environment = loopback_hub.environment(tmp_path / "hf", timeout=60)
    began = time.monotonic()
    told = pull_in_process([RunSpec("a", HUB), RunSpec("slow", HUB)], environment, seconds=1.0)
    assert told.kinds == ["checked", "timeout"]
    assert "--timeout" in told.outcomes[1].message  # type: ignore[union-attr]
    assert sorted(told.done) == ["a", "slow"]
    assert time.monotonic() - began < 5, "a thread that hangs held up the end of the process"


def test_one_run_that_hangs_does_not_hold_up_the_others(loopback_hub: LoopbackHub, tmp_path: Path) -> None:
    loopback_hub.put("me/warm", "training_loss.json", DATA)
    loopback_hub.put("me/a", "training_loss.json", DATA)
    loopback_hub.hang(match="slow")
    environment = loopback_hub.environment(tmp_path / "hf", timeout=60)
    runs = [RunSpec(name, HUB) for name in ("warm", "slow", "a")]
    told = pull_in_process(runs, environment, jobs=1, run_seconds=1.0)
    assert told.kinds == ["checked", "timeout", "checked"]
    assert told.seconds < 5


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signal to one process")
@pytest.mark.parametrize("state", ["silent", "limited", "stalled"])
def test_ctrl_c_ends_it_at_once(loopback_hub: LoopbackHub, tmp_path: Path, state: str) -> None:
    names = [f"r{number}" for number in range(12)]
    for name in names:
        loopback_hub.put(f"me/{name}", "training_loss.json", DATA)
    if state == "silent":
        loopback_hub.hang()
    elif state == "limited":
        loopback_hub.fail(429, headers={"Retry-After": "300"})
    else:
        loopback_hub.hang(method="GET")
    environment = (
        os.environ | loopback_hub.environment(tmp_path / "hf", timeout=60) | {"PYTHONPATH": str(ROOT)}
    )
    asked = {"silent": ("", 1), "limited": ("HEAD", 1), "stalled": ("GET", 8)}[state]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command(), env=environment, text=True, **pipes) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(job([RunSpec(name, HUB) for name in names]))
        process.stdin.close()
        deadline = time.monotonic() + 20
        while loopback_hub.count(asked[0]) < asked[1] and time.monotonic() < deadline:
            time.sleep(0.02)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(10)
        assert time.monotonic() - began < 2
        assert process.stderr.read().rstrip().endswith("KeyboardInterrupt")
    assert process.returncode == -signal.SIGINT
