"""The real client against a Hub on the loopback interface, in every state."""

from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path

import pytest
from loopback_hub import LoopbackHub
from pull_process import pull_in_process

from reportgen.kinds import Problem
from reportgen.model_list import HubSource, RunSpec
from reportgen.pull import Pulled

DATA = b'{"TrainingLoss": [2.9, 0.5, 1e-09]}'


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def hub_run(name: str, **fields: str) -> RunSpec:
    usual = {"repo": "me/QuantaMaths_{name}", "file": "training_loss.json", "revision": "main"}
    return RunSpec(name, HubSource(**(usual | fields)))


def repo(name: str) -> str:
    return f"me/QuantaMaths_{name}"


class TestHub:
    """The real client against a Hub on the loopback interface."""

    NAMES = tuple(f"r{number}" for number in range(12))

    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        return tmp_path / "hf"

    @pytest.fixture
    def hub(self, loopback_hub: LoopbackHub) -> LoopbackHub:
        for number, name in enumerate(self.NAMES):
            loopback_hub.put(repo(name), "training_loss.json", DATA + b" " * number)
        return loopback_hub

    @pytest.fixture
    def runs(self) -> list[RunSpec]:
        return [hub_run(name) for name in self.NAMES]

    def cached(self, hub: LoopbackHub, home: Path, runs: list[RunSpec]) -> None:
        """Pulls runs while all is well."""
        assert pull_in_process(runs, hub.environment(home)).kinds == ["checked"] * len(runs)
        hub.recover()

    # What is found, and what it costs.

    def test_new_and_older_layout_branches_tags_and_commits(self, hub: LoopbackHub, home: Path) -> None:
        first = hub.put("me/Verified", "old1_train.json", b"1")
        hub.tag("me/Verified", "v1", first)
        second = hub.put("me/Verified", "old1_train.json", b"22")
        side = hub.put("me/Verified", "old1_train.json", b"333", branch="refs/pr/1")
        older = {"repo": "me/Verified", "file": "{name}_train.json"}
        large = hub.put(repo("big"), "training_loss.json", DATA, large=True)
        runs = [
            hub_run("r0"),
            *(hub_run("old1", **older, revision=r) for r in ("main", "v1", first, second, "refs/pr/1")),
            hub_run("big"),
        ]
        told = pull_in_process(runs, hub.environment(home))
        assert told.kinds == ["checked"] * len(runs)
        sources = [one.source for one in told.outcomes if isinstance(one, Pulled)]
        assert [source.revision for source in sources][1:] == [second, first, first, second, side, large]
        assert [source.requested_revision for source in sources][1:6] == [
            "main",
            "v1",
            first,
            second,
            "refs/pr/1",
        ]
        bodies = [DATA, b"22", b"1", b"1", b"22", b"333", DATA]
        assert [source.sha256 for source in sources] == list(map(sha256, bodies))
        assert [one.path.read_bytes() for one in told.outcomes if isinstance(one, Pulled)] == bodies
        assert (sources[1].kind, sources[1].repo, sources[1].file) == (
            "hub",
            "me/Verified",
            "old1_train.json",
        )
        assert told.waits == []
        assert told.errors == ""
        assert told.modules == ["huggingface_hub"]

    def test_an_unchanged_run_costs_one_head(self, hub: LoopbackHub, home: Path, runs: list[RunSpec]) -> None:
        self.cached(hub, home, runs)
        assert pull_in_process(runs, hub.environment(home)).kinds == ["checked"] * 12
        assert (hub.count("HEAD"), hub.count("GET")) == (12, 0)

    @pytest.mark.parametrize("links", [True, False])
    def test_so_does_one_whose_repository_changed_elsewhere(
        self, hub: LoopbackHub, home: Path, links: bool
    ) -> None:
        environment = hub.environment(home) | ({} if links else {"HF_HUB_DISABLE_SYMLINKS": "1"})
        pull_in_process([hub_run("r0")], environment)
        hub.recover()
        commit = hub.put(repo("r0"), "README.md", b"new")
        for _ in range(2):
            told = pull_in_process([hub_run("r0")], environment)
            assert told.outcomes[0].source.revision == commit  # type: ignore[union-attr]
        assert (hub.count("HEAD"), hub.count("GET")) == (2, 0)
        # Built again, it is pinned at that commit, which costs nothing.
        for options in ({}, {"offline": True}):
            again = pull_in_process([hub_run("r0", commit=commit)], environment, **options)
            assert again.kinds == ["checked"]
            assert again.outcomes[0].source == told.outcomes[0].source  # type: ignore[union-attr]
        assert len(hub.requests) == 2
        # A file that changed later is fetched into its own place.
        later = hub.put(repo("r0"), "training_loss.json", b"later")
        changed = pull_in_process([hub_run("r0"), hub_run("r0", commit=commit)], environment)
        assert [one.source.revision for one in changed.outcomes] == [later, commit]  # type: ignore[union-attr]
        assert [one.path.read_bytes() for one in changed.outcomes] == [b"later", DATA]  # type: ignore[union-attr]

    def test_a_new_commit_takes_no_other_file_from_who_is_offline(self, hub: LoopbackHub, home: Path) -> None:
        older = {"repo": "me/Verified", "file": "{name}_train.json"}
        for name in ("a", "b"):
            hub.put("me/Verified", f"{name}_train.json", name.encode())
        both = [hub_run("a", **older), hub_run("b", **older)]
        self.cached(hub, home, both)
        hub.put("me/Verified", "README.md", b"new")
        self.cached(hub, home, both[:1])
        assert pull_in_process(both, hub.environment(home), offline=True).kinds == ["not checked"] * 2

    def test_a_file_that_changed_leaves_the_others_of_its_repository_as_they_are(
        self, hub: LoopbackHub, home: Path
    ) -> None:
        older = {"repo": "me/Verified", "file": "{name}_train.json"}
        for name in ("a", "b", "c"):
            hub.put("me/Verified", f"{name}_train.json", name.encode())
        runs = [hub_run(name, **older) for name in ("a", "b", "c")]
        self.cached(hub, home, runs)
        commit = hub.put("me/Verified", "a_train.json", b"new")
        hub.hang(match="c_train")
        told = pull_in_process(runs, hub.environment(home, timeout=1), jobs=1, patience={"attempts": 1})
        assert told.kinds == ["checked", "checked", "not checked"]
        assert [one.source.revision for one in told.outcomes][:2] == [commit, commit]  # type: ignore[union-attr]
        assert (hub.count("HEAD", "b_train"), hub.count("GET", "b_train")) == (1, 0)

    def test_a_cache_that_cannot_be_written_serves_all_the_same(self, hub: LoopbackHub, home: Path) -> None:
        self.cached(hub, home, [hub_run("r0")])
        commit = hub.put(repo("r0"), "README.md", b"new")
        (home / "hub" / "models--me--QuantaMaths_r0" / "snapshots" / commit).write_text("in the way")
        told = pull_in_process([hub_run("r0")], hub.environment(home))
        assert told.outcomes[0].source.revision == commit  # type: ignore[union-attr]
        assert (hub.count("HEAD"), hub.count("GET")) == (1, 0)

    def test_a_pinned_commit_in_the_cache_costs_nothing(self, hub: LoopbackHub, home: Path) -> None:
        pinned = hub_run("r0", revision=hub.put(repo("r0"), "training_loss.json", b"pinned"))
        self.cached(hub, home, [pinned])
        hub.put(repo("r0"), "training_loss.json", b"later")
        for options in ({}, {"offline": True}):
            told = pull_in_process([pinned], hub.environment(home), **options)
            assert told.kinds == ["checked"]
            assert told.outcomes[0].path.read_bytes() == b"pinned"  # type: ignore[union-attr]
        assert hub.requests == []

    def test_a_rebuild_reads_the_commit_of_the_report(self, hub: LoopbackHub, home: Path) -> None:
        commit = hub.put(repo("r0"), "training_loss.json", b"reported")
        hub.put(repo("r0"), "training_loss.json", b"later")
        told = pull_in_process([hub_run("r0", commit=commit)], hub.environment(home))
        source = told.outcomes[0].source  # type: ignore[union-attr]
        assert (source.requested_revision, source.revision) == ("main", commit)
        assert source.sha256 == sha256(b"reported")

    def test_a_changed_run_is_fetched(self, hub: LoopbackHub, home: Path) -> None:
        self.cached(hub, home, [hub_run("r0")])
        commit = hub.put(repo("r0"), "training_loss.json", b"new")
        told = pull_in_process([hub_run("r0")], hub.environment(home))
        assert told.outcomes[0].source.revision == commit  # type: ignore[union-attr]
        assert told.outcomes[0].source.sha256 == sha256(b"new")  # type: ignore[union-attr]
        assert hub.count("GET") == 1
        offline = pull_in_process([hub_run("r0")], hub.environment(home), offline=True)
        assert offline.outcomes[0].source == told.outcomes[0].source  # type: ignore[union-attr]

    def test_offline(self, hub: LoopbackHub, home: Path) -> None:
        self.cached(hub, home, [hub_run("r0")])
        runs = [hub_run("r0"), hub_run("r1"), hub_run("r0", revision="v9")]
        for options, more in (({"offline": True}, {}), ({}, {"HF_HUB_OFFLINE": "1"})):
            told = pull_in_process(runs, hub.environment(home) | more, **options)
            assert told.kinds == ["not checked", "network", "network"]
        assert hub.requests == []

    def test_the_token_goes_to_the_hub_and_nowhere_else(self, hub: LoopbackHub, home: Path) -> None:
        hub.put(repo("big"), "training_loss.json", DATA, large=True)
        hub.fail(500, match="r1/")
        environment = hub.environment(home) | {"HF_TOKEN": "hf_secret"}
        told = pull_in_process([hub_run("big"), hub_run("r1"), hub_run("none")], environment)
        assert told.kinds == ["checked", "network", "missing"]
        assert {asked.token for asked in hub.requests if not asked.path.startswith("/store")} == {"hf_secret"}
        assert {asked.token for asked in hub.requests if asked.path.startswith("/store")} == {""}
        assert "hf_secret" not in repr(told)

    # What the Hub refuses.

    def test_each_refusal_has_its_kind_and_its_mend(self, hub: LoopbackHub, home: Path) -> None:
        hub.refuse(repo("gated"), 403, "GatedRepo")
        hub.refuse(repo("private"), 403)
        hub.refuse(repo("login"), 401)
        hub.refuse(repo("odd"), 418)
        hub.put(repo("large"), "training_loss.json", b"x" * 2001)
        expected = [
            (hub_run("none"), "missing", "no repository me/QuantaMaths_none"),
            (hub_run("r0", file="x.json"), "missing", "me/QuantaMaths_r0/x.json at main does not exist"),
            (hub_run("r0", revision="v9"), "missing", "no revision v9"),
            (hub_run("r0", revision="0" * 40), "missing", "no revision 0000"),
            (hub_run("gated"), "refused", "is gated"),
            (hub_run("private"), "refused", "refuses access to me/QuantaMaths_private (403)"),
            (hub_run("login"), "refused", "refuses access to me/QuantaMaths_login (401)"),
            (hub_run("odd"), "refused", "(418)"),
            (hub_run("large"), "too_large", "2,001 bytes"),
        ]
        told = pull_in_process([run for run, _, _ in expected], hub.environment(home), max_file_size=2000)
        for one, (_, kind, words) in zip(told.outcomes, expected, strict=True):
            assert isinstance(one, Problem)
            assert (one.family, one.kind) == ("f", kind)
            assert words in one.message
            assert one.message.isprintable()
        assert hub.count("GET") == 0
        assert told.waits == []
        assert told.errors == ""

    def test_a_run_that_is_gone_is_not_served_from_the_cache(self, hub: LoopbackHub, home: Path) -> None:
        self.cached(hub, home, [hub_run("r0"), hub_run("r1")])
        hub.remove(repo("r0"))
        hub.remove(repo("r1"), "training_loss.json")
        assert pull_in_process([hub_run("r0"), hub_run("r1")], hub.environment(home)).kinds == ["missing"] * 2

    def test_places_that_lead_elsewhere_are_refused_unasked(self, hub: LoopbackHub, home: Path) -> None:
        runs = [hub_run(name) for name in ("../x", "a/b", "a b", "x\n")]
        runs += [hub_run("r0", file=file) for file in ("../training_loss.json", "/etc/passwd")]
        runs += [hub_run("r0", revision=revision) for revision in ("../../../../etc", "/etc/hostname")]
        assert pull_in_process(runs, hub.environment(home)).kinds == ["refused"] * len(runs)
        assert hub.requests == []

    @pytest.mark.parametrize(
        "headers", [{}, {"ETag": '"x"'}, {"ETag": '"../../x"', "X-Repo-Commit": "0" * 40}]
    )
    def test_a_server_that_is_no_hub(self, hub: LoopbackHub, home: Path, headers: dict[str, str]) -> None:
        hub.fail(200, headers=headers)
        told = pull_in_process([hub_run("r0")], hub.environment(home))
        assert told.kinds == ["network"]
        assert "HF_ENDPOINT" in told.outcomes[0].message  # type: ignore[union-attr]
        assert (hub.count("HEAD"), hub.count("GET")) == (1, 0)

    # What passes.

    @pytest.mark.parametrize("method", ["HEAD", "GET"])
    @pytest.mark.parametrize("status", [500, 503])
    def test_server_errors_are_tried_again(
        self, hub: LoopbackHub, home: Path, method: str, status: int
    ) -> None:
        hub.fail(status, method=method, times=2)
        told = pull_in_process([hub_run("r0")], hub.environment(home))
        assert told.kinds == ["checked"]
        assert len(told.waits) == 2
        assert f"the Hub answers {status}; trying again in" in told.waits[0]

    @pytest.mark.parametrize(
        "headers",
        [
            {"Retry-After": "1"},
            {"RateLimit": '"api";r=0;t=1', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'},
        ],
        ids=["Retry-After", "RateLimit"],
    )
    @pytest.mark.parametrize("method", ["HEAD", "GET"])
    def test_the_rate_limit_is_kept_and_its_wait_shown(
        self, hub: LoopbackHub, home: Path, method: str, headers: dict[str, str]
    ) -> None:
        hub.fail(429, method=method, times=1, headers=headers)
        told = pull_in_process([hub_run("r0")], hub.environment(home))
        assert told.kinds == ["checked"]
        assert told.waits == ["the Hub limits requests: waiting 2 s"]
        assert 1.9 < told.seconds < 5
        assert told.errors == ""

    def test_all_pulls_wait_together(self, hub: LoopbackHub, home: Path, runs: list[RunSpec]) -> None:
        hub.fail(429, method="HEAD", times=1, headers={"Retry-After": "1"})
        told = pull_in_process(runs, hub.environment(home), jobs=12)
        assert told.kinds == ["checked"] * 12
        assert len(told.waits) == 1
        # One was told to wait while the eleven others had not asked yet: none of them asked in vain.
        assert hub.count("HEAD") == 1 + 2 * 12

    def test_a_wait_of_a_day_is_not_waited_for(self, hub: LoopbackHub, home: Path) -> None:
        hub.fail(429, headers={"Retry-After": "86400"})
        told = pull_in_process([hub_run("r0")], hub.environment(home))
        assert told.kinds == ["network"]
        assert "86,401 s" in told.outcomes[0].message  # type: ignore[union-attr]
        assert told.seconds < 2

    @pytest.mark.parametrize("method", ["HEAD", "GET"])
    def test_a_long_wait_is_kept_by_all_runs_and_told_once(
        self, hub: LoopbackHub, home: Path, runs: list[RunSpec], method: str
    ) -> None:
        self.cached(hub, home, runs[:2])
        hub.put(repo("r0"), "training_loss.json", b"new")
        hub.fail(429, method=method, headers={"Retry-After": "5000"})
        told = pull_in_process([runs[0], *runs[2:], runs[1]], hub.environment(home), jobs=1)
        # A HEAD tells of another file, so the old one does not stand for it.
        assert told.kinds == ["not checked" if method == "HEAD" else "network"] + ["network"] * 10 + [
            "not checked"
        ]
        assert told.waits == ["the Hub is not asked any more: the server asks to wait 5,001 s"]
        assert hub.count(method) == 1
        assert told.seconds < 2

    def test_waits_without_end_are_kept_for_as_long_as_one_would_be(
        self, hub: LoopbackHub, home: Path, runs: list[RunSpec]
    ) -> None:
        self.cached(hub, home, runs)
        hub.fail(429, headers={"Retry-After": "1"})
        told = pull_in_process(runs, hub.environment(home), jobs=4, patience={"longest_wait": 3.0})
        assert told.kinds == ["not checked"] * 12
        assert told.waits == [
            "the Hub limits requests: waiting 2 s",
            "the Hub is not asked any more: the server asks to wait 4 s",
        ]
        assert hub.count() <= 1 + 4
        assert 1.9 < told.seconds < 3

    def test_a_wait_for_a_body_is_no_stall(self, hub: LoopbackHub, home: Path) -> None:
        hub.fail(429, method="GET", headers={"Retry-After": "1"}, times=1)
        told = pull_in_process([hub_run("r0")], hub.environment(home), patience={"stalled": 0.5})
        assert told.kinds == ["checked"]
        assert told.waits == ["the Hub limits requests: waiting 2 s"]

    @pytest.mark.parametrize(("method", "after"), [("HEAD", 0), ("GET", 0), ("GET", 10)])
    def test_broken_connections_are_tried_again(
        self, hub: LoopbackHub, home: Path, method: str, after: int
    ) -> None:
        hub.cut(after=after, method=method, times=1)
        told = pull_in_process([hub_run("r0")], hub.environment(home))
        assert told.kinds == ["checked"]
        assert told.outcomes[0].source.sha256 == sha256(DATA)  # type: ignore[union-attr]

    @pytest.mark.parametrize("body", [DATA[:-1], b"x" * 100_000], ids=len)
    def test_a_body_that_was_not_promised_never_becomes_a_run(
        self, hub: LoopbackHub, home: Path, body: bytes
    ) -> None:
        hub.put(repo("r1"), "training_loss.json", DATA)
        hub.swap(body, match="r0/", times=1)
        hub.swap(body, match="r1/")
        told = pull_in_process([hub_run("r0"), hub_run("r1")], hub.environment(home))
        assert told.kinds == ["checked", "network"]
        assert told.outcomes[0].source.sha256 == sha256(DATA)  # type: ignore[union-attr]
        stored = [file.read_bytes() for file in (home / "hub").rglob("*") if file.is_file()]
        assert DATA in stored
        assert body not in stored

    def test_a_compressed_body_is_read(self, hub: LoopbackHub, home: Path) -> None:
        hub.swap(gzip.compress(DATA), encoding="gzip")
        told = pull_in_process([hub_run("r0")], hub.environment(home), max_file_size=len(DATA))
        assert told.kinds == ["checked"]
        assert told.outcomes[0].source.sha256 == sha256(DATA)  # type: ignore[union-attr]

    @pytest.mark.skipif(os.name == "nt", reason="Windows tells no process's memory and limits no file")
    @pytest.mark.parametrize("sized", [True, False])
    @pytest.mark.parametrize("encodings", [1, 2])
    def test_a_body_is_unpacked_no_further_than_the_limit(
        self, hub: LoopbackHub, home: Path, sized: bool, encodings: int
    ) -> None:
        """256 MiB that come as 1 MB, or as 4 kB: the limit on disk, little memory, nothing left."""
        limit = 12 * 2**20  # The client hands over 10 MiB at a time.
        body = gzip.compress(bytes(2**28), 1)
        body = body if encodings == 1 else gzip.compress(body)
        hub.swap(body, encoding=", ".join(["gzip"] * encodings), match="r0/")
        if not sized:
            hub.hide_size(match="r0/")
        told = pull_in_process(
            [hub_run("r0"), hub_run("r1")],
            hub.environment(home),
            patience={"attempts": 2},
            largest_file=limit,
            max_file_size=limit,
        )
        assert told.kinds == ["network" if sized else "too_large", "checked"]
        words = "the Hub sent more bytes than announced" if sized else "raise --max-file-size"
        assert words in told.outcomes[0].message  # type: ignore[union-attr]
        assert told.peak < 200 * 2**20
        assert hub.count("GET", "r0/") == (2 if sized else 1)
        left = [file for file in home.rglob("*") if file.is_file() and "QuantaMaths_r0" in str(file)]
        assert sum(file.stat().st_size for file in left) < 1000
        assert not [file for file in left if file.name.endswith(".incomplete")]

    def test_an_old_copy_does_not_stand_for_a_new_file(self, hub: LoopbackHub, home: Path) -> None:
        self.cached(hub, home, [hub_run("r0")])
        hub.put(repo("r0"), "training_loss.json", DATA * 2)
        hub.swap(DATA)
        assert pull_in_process([hub_run("r0")], hub.environment(home)).kinds == ["network"]

    def test_a_damaged_copy_is_fetched_anew(self, hub: LoopbackHub, home: Path) -> None:
        pinned = hub_run("r1", revision=hub.put(repo("r1"), "training_loss.json", b"pinned"))
        self.cached(hub, home, [hub_run("r0"), pinned])
        for blob in (home / "hub").glob("models--*/blobs/*"):
            blob.write_bytes(b"damaged")
        told = pull_in_process([hub_run("r0"), pinned], hub.environment(home))
        assert told.kinds == ["checked"] * 2
        assert [one.source.sha256 for one in told.outcomes] == [sha256(DATA), sha256(b"pinned")]  # type: ignore[union-attr]

    def test_a_damaged_copy_in_a_store_that_repositories_share(self, hub: LoopbackHub, home: Path) -> None:
        self.cached(hub, home, [hub_run("r0")])
        (blob,) = (home / "hub").glob("models--*/blobs/*")
        shared = home / "hub" / "shared" / "0123"
        shared.parent.mkdir()
        blob.rename(shared)
        blob.symlink_to(shared)
        shared.write_bytes(b"damaged")
        for _ in range(2):
            told = pull_in_process([hub_run("r0")], hub.environment(home))
            assert told.kinds == ["checked"]
            assert told.outcomes[0].source.sha256 == sha256(DATA)  # type: ignore[union-attr]
        assert not shared.exists()

    # What does not pass.

    def test_down(self, hub: LoopbackHub, home: Path, runs: list[RunSpec]) -> None:
        self.cached(hub, home, runs[:6])
        hub.stop()
        told = pull_in_process(runs, hub.environment(home))
        assert told.kinds == ["not checked"] * 6 + ["network"] * 6
        assert "no connection" in told.outcomes[-1].message  # type: ignore[union-attr]
        assert len(told.waits) <= 4
        assert told.waits[-1].startswith("the Hub is not asked any more: no connection")

    @pytest.mark.parametrize("jobs", [1, 8])
    def test_a_silent_hub_is_found_out_once(
        self, hub: LoopbackHub, home: Path, runs: list[RunSpec], jobs: int
    ) -> None:
        self.cached(hub, home, runs[:6])
        hub.hang()
        told = pull_in_process(runs, hub.environment(home, timeout=1), jobs=jobs, patience={"attempts": 2})
        assert told.kinds == ["not checked"] * 6 + ["network"] * 6
        assert hub.count() <= 3
        assert told.seconds < 5

    def test_a_silent_run_is_no_silent_hub(self, hub: LoopbackHub, home: Path, runs: list[RunSpec]) -> None:
        hub.hang(match="r0/")
        told = pull_in_process(runs, hub.environment(home, timeout=1), jobs=4, patience={"attempts": 2})
        assert told.kinds == ["network", *["checked"] * 11]

    def test_errors_without_end(self, hub: LoopbackHub, home: Path) -> None:
        self.cached(hub, home, [hub_run("r0")])
        hub.fail(502)
        told = pull_in_process([hub_run("r0"), hub_run("r1")], hub.environment(home))
        assert told.kinds == ["not checked", "network"]
        assert hub.count("HEAD") == 8

    @pytest.mark.parametrize("jobs", [1, 4])
    def test_errors_to_every_run_are_found_out_once(
        self, hub: LoopbackHub, home: Path, runs: list[RunSpec], jobs: int
    ) -> None:
        self.cached(hub, home, runs[:6])
        hub.fail(503)
        told = pull_in_process(runs, hub.environment(home), jobs=jobs)
        assert told.kinds == ["not checked"] * 6 + ["network"] * 6
        assert "the Hub is not asked any more: the Hub answers 503" in told.waits
        # Two runs ask four times each, and those beside them no more often; then one more is enough.
        assert hub.count() <= 4 * (jobs + 1) + 1

    def test_so_are_wrong_files_for_every_run(
        self, hub: LoopbackHub, home: Path, runs: list[RunSpec]
    ) -> None:
        hub.swap(b"other")
        told = pull_in_process(runs, hub.environment(home), jobs=2)
        assert told.kinds == ["network"] * 12
        assert hub.count("GET") <= 4 * (2 + 1) + 1

    @pytest.mark.parametrize("jobs", [1, 4])
    def test_two_bad_repositories_are_no_bad_hub(
        self, hub: LoopbackHub, home: Path, runs: list[RunSpec], jobs: int
    ) -> None:
        hub.fail(503, match="r0/")
        hub.cut(after=0, method="HEAD", match="r1/")
        told = pull_in_process(runs, hub.environment(home), jobs=jobs, patience={"attempts": 2})
        assert told.kinds == ["network"] * 2 + ["checked"] * 10

    def test_a_hub_that_goes_away_half_way(self, hub: LoopbackHub, home: Path, runs: list[RunSpec]) -> None:
        hub.goes_away_after(9)
        told = pull_in_process(runs, hub.environment(home), jobs=2)
        assert told.kinds.count("checked") >= 2
        assert set(told.kinds) == {"checked", "network"}
        assert told.seconds < 8

    def test_a_fetch_that_stalls_is_given_up(self, hub: LoopbackHub, home: Path) -> None:
        hub.hang(method="GET")
        patience = {"stalled": 0.5, "attempts": 2}
        told = pull_in_process([hub_run("r0")], hub.environment(home, timeout=30), patience=patience)
        assert told.kinds == ["network"]
        assert told.seconds < 4

    def test_a_cache_that_cannot_be_written(self, hub: LoopbackHub, home: Path) -> None:
        home.mkdir()
        (home / "hub").write_text("in the way")
        told = pull_in_process([hub_run("r0")], hub.environment(home))
        assert told.kinds == ["unreadable"]
        words = "the Hub's cache cannot be in the folder that HF_HUB_CACHE names: hub is not a folder"
        assert words in told.outcomes[0].message  # type: ignore[union-attr]
        assert str(home) not in told.outcomes[0].message  # type: ignore[union-attr]

    def test_a_cache_that_is_damaged_where_it_knows_branches(self, hub: LoopbackHub, home: Path) -> None:
        ref = home / "hub" / "models--me--QuantaMaths_r0" / "refs" / "main"
        ref.parent.mkdir(parents=True)
        ref.write_bytes(b"\xff\xfe")
        told = pull_in_process([hub_run("r0")], hub.environment(home))
        assert told.kinds == ["unreadable"]
        assert "(invalid start byte)" in told.outcomes[0].message  # type: ignore[union-attr]

    @pytest.mark.parametrize(
        ("variable", "value", "words"),
        [
            ("HF_TOKEN", "hö", "HF_TOKEN"),
            ("SSL_CERT_FILE", "/nowhere", "SSL_CERT_FILE names a file that is not there"),
            ("HF_ENDPOINT", "hub.local", "HF_ENDPOINT"),
            ("HF_ENDPOINT", "http://user:secret@127.0.0.1:1", "no connection"),
        ],
    )
    def test_settings_that_cannot_work(
        self, hub: LoopbackHub, home: Path, variable: str, value: str, words: str
    ) -> None:
        told = pull_in_process([hub_run("r0")], hub.environment(home) | {variable: value})
        assert told.kinds == ["network"]
        assert words in told.outcomes[0].message  # type: ignore[union-attr]
        assert value not in told.outcomes[0].message  # type: ignore[union-attr]

    @pytest.mark.parametrize(
        "wait", ["soon", "-1", "Wed, 21 Oct 2015 07:28:00 GMT", "9" * 400, "9" * 5000], ids=len
    )
    def test_waits_that_make_no_sense(self, hub: LoopbackHub, home: Path, wait: str) -> None:
        hub.fail(429, headers={"Retry-After": wait}, times=1)
        told = pull_in_process([hub_run("r0")], hub.environment(home))
        assert told.kinds == ["network" if wait.startswith("9") else "checked"]
        assert told.seconds < 3
