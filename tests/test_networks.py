"""Proxies, mirrors, locks and caches that are not as they should be; the real client all the way."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from loopback_hub import LoopbackHub
from pull_process import pull_in_process

from reportgen.kinds import Problem
from reportgen.model_list import HubSource, RunSpec
from reportgen.sources.hub_cache import HubCache

DATA = b'{"TrainingLoss": [2.9, 0.5, 1e-09]}'
OTHER = DATA.replace(b"2.9", b"9.2")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def run(name: str = "a", revision: str = "main") -> RunSpec:
    return RunSpec(name, HubSource("me/{name}", "training_loss.json", revision))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "hf"


@pytest.fixture
def hub(loopback_hub: LoopbackHub) -> LoopbackHub:
    loopback_hub.put("me/a", "training_loss.json", DATA)
    return loopback_hub


@pytest.fixture
def refusing_proxy() -> Iterator[str]:
    """The address of a proxy that asks everybody for a password."""

    class Handler(BaseHTTPRequestHandler):
        def refuse(self) -> None:
            self.send_response(407)
            self.send_header("Proxy-Authenticate", "Basic")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD = do_CONNECT = refuse  # noqa: N815 - as the base class has it

        def log_message(self, *args: object) -> None:
            """Keeps requests out of the tests' output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://user:hidden@127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


class TestProxies:
    """What a machine's settings make impossible is said as what it is, and the cache serves."""

    def environment(self, hub: LoopbackHub, home: Path, **own: str) -> dict[str, str]:
        # Through a proxy: its own address is none of those that go past it.
        return hub.environment(home) | {"NO_PROXY": "", "no_proxy": ""} | own

    @pytest.mark.parametrize(
        ("variable", "value", "words"),
        [
            ("ALL_PROXY", "socks5://127.0.0.1:1", "ALL_PROXY names a SOCKS proxy"),
            ("ALL_PROXY", "socks://127.0.0.1:1", 'ALL_PROXY names a proxy of an unknown kind, "socks"'),
            ("ALL_PROXY", "socks4://127.0.0.1:1", 'ALL_PROXY names a proxy of an unknown kind, "socks4"'),
            ("HTTPS_PROXY", "htp://127.0.0.1:1", 'HTTPS_PROXY names a proxy of an unknown kind, "htp"'),
            ("ALL_PROXY", "http://[::1", "ALL_PROXY is not the address of a proxy"),
            (
                "HTTP_PROXY",
                "http://user:hidden@127.0.0.1:1",
                "through the proxy of HTTP_PROXY",
            ),
            ("HTTP_PROXY", "http://nowhere.invalid:80", "HTTP_PROXY (nowhere.invalid:80)"),
            ("SSL_CERT_FILE", "/nowhere", "SSL_CERT_FILE names a file that is not there"),
            ("HF_TOKEN", "hf_é", "the token of the Hub (HF_TOKEN) holds a character that no token has"),
        ],
    )
    def test_settings(self, hub: LoopbackHub, home: Path, variable: str, value: str, words: str) -> None:
        assert pull_in_process([run()], hub.environment(home)).kinds == ["checked"]
        hub.put("me/b", "training_loss.json", DATA)
        hub.recover()
        told = pull_in_process([run("a"), run("b")], self.environment(hub, home, **{variable: value}))
        assert told.kinds == ["not checked", "network"]
        (problem,) = (one for one in told.outcomes if isinstance(one, Problem))
        assert words in problem.message
        assert "hidden" not in problem.message + "".join(told.waits)
        assert not told.errors
        assert not hub.requests

    def test_a_proxy_that_asks_for_a_password(
        self, hub: LoopbackHub, home: Path, refusing_proxy: str
    ) -> None:
        assert pull_in_process([run()], hub.environment(home)).kinds == ["checked"]
        environment = self.environment(hub, home, HTTP_PROXY=refusing_proxy)
        told = pull_in_process([run("a"), run("b")], environment)
        assert told.kinds == ["not checked", "network"]
        message = told.outcomes[1].message  # type: ignore[union-attr]
        assert "the proxy of HTTP_PROXY (127.0.0.1:" in message
        assert "(407)" in message
        assert "hidden" not in message
        assert told.seconds < 5


class TestMirrors:
    """A server that has names of its own for contents."""

    @pytest.mark.parametrize("kind", ["sha1", "md5", "sha256"])
    def test_a_digest_of_the_file_is_proof(self, loopback_hub: LoopbackHub, home: Path, kind: str) -> None:
        etag = hashlib.new(kind, DATA).hexdigest()
        loopback_hub.put("me/a", "training_loss.json", DATA, etag=etag)
        for requests in ((2, 1), (1, 0)):
            loopback_hub.recover()
            told = pull_in_process([run()], loopback_hub.environment(home))
            assert told.kinds == ["checked"]
            assert told.pulled[0].source.sha256 == sha256(DATA)
            assert (loopback_hub.count("HEAD"), loopback_hub.count("GET")) == requests

    @pytest.mark.parametrize("etag", ["9f8b3c1e-0000-4000-8000-1234567890ab", "W-7", "abc123-4"])
    def test_a_name_that_tells_nothing(self, loopback_hub: LoopbackHub, home: Path, etag: str) -> None:
        loopback_hub.put("me/a", "training_loss.json", DATA, etag=etag)
        for requests in ((2, 1), (1, 0)):
            loopback_hub.recover()
            assert pull_in_process([run()], loopback_hub.environment(home)).kinds == ["checked"]
            assert (loopback_hub.count("HEAD"), loopback_hub.count("GET")) == requests
        assert pull_in_process([run()], loopback_hub.environment(home), offline=True).kinds == ["not checked"]
        loopback_hub.put("me/a", "training_loss.json", OTHER, etag=f"{etag}x")
        (pulled,) = pull_in_process([run()], loopback_hub.environment(home)).pulled
        assert pulled.source.sha256 == sha256(OTHER)

    def test_what_looks_like_another_digest_is_taken_when_it_comes_twice_the_same(
        self, loopback_hub: LoopbackHub, home: Path
    ) -> None:
        loopback_hub.put("me/a", "training_loss.json", DATA, etag="0" * 40)
        told = pull_in_process([run()], loopback_hub.environment(home))
        assert told.kinds == ["checked"]
        assert told.pulled[0].source.sha256 == sha256(DATA)
        assert loopback_hub.count("GET") == 2

    def test_a_damaged_body_is_not_taken_when_the_next_is_sound(self, hub: LoopbackHub, home: Path) -> None:
        hub.swap(OTHER, times=1)
        (pulled,) = pull_in_process([run()], hub.environment(home)).pulled
        assert pulled.source.sha256 == sha256(DATA)

    @pytest.mark.parametrize("etag", [None, "a-name-of-its-own"])
    @pytest.mark.parametrize("start", [b"<!DOCTYPE html>", b"\xef\xbb\xbf\n <html lang='en'>", b"<HTML>"])
    def test_a_web_page_is_no_file(
        self, loopback_hub: LoopbackHub, home: Path, etag: str | None, start: bytes
    ) -> None:
        loopback_hub.put("me/a", "training_loss.json", DATA, etag=etag)
        loopback_hub.swap(start.ljust(len(DATA)))
        told = pull_in_process([run()], loopback_hub.environment(home), patience={"attempts": 2})
        assert told.kinds == ["network"]
        assert "a web page instead of the file" in told.outcomes[0].message  # type: ignore[union-attr]


LOCK = """
import sys, time
import filelock
lock = filelock.FileLock(sys.argv[1])
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


class TestCache:
    """The Hub's cache in the way."""

    def test_a_lock_that_nobody_gives_back_is_named(self, hub: LoopbackHub, home: Path) -> None:
        etag = hashlib.sha1(b"blob %d\0" % len(DATA) + DATA).hexdigest()
        lock = home / "hub" / ".locks" / "models--me--a" / f"{etag}.lock"
        lock.parent.mkdir(parents=True)
        lock.touch()
        os.utime(lock, (time.time() - 7200,) * 2)
        holder = subprocess.Popen([sys.executable, "-c", LOCK, str(lock)], stdout=subprocess.PIPE, text=True)
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            patience = {"locked": 4.0, "attempts": 2}
            told = pull_in_process([run()], hub.environment(home), patience=patience)
        finally:
            holder.kill()
            holder.communicate()
        assert told.kinds == ["unreadable"]
        assert told.seconds < 15
        (wait,) = (one for one in told.waits if "lock" in one)
        assert f"models--me--a/{etag}.lock, for 2 h" in wait
        message = told.outcomes[0].message  # type: ignore[union-attr]
        assert "another process has held a lock in the Hub's cache for 2 h" in message
        assert str(home) not in message

    def test_a_lock_that_is_given_back_is_waited_for(self, hub: LoopbackHub, home: Path) -> None:
        hub.slow(4.0, method="GET")
        hub.put("me/b", "training_loss.json", DATA)
        told = pull_in_process([run("a"), run("b")], hub.environment(home, timeout=20))
        assert told.kinds == ["checked"] * 2
        assert not [one for one in told.waits if "lock" in one]

    @pytest.mark.parametrize("variable", ["HF_HOME", "HF_HUB_CACHE"])
    def test_a_cache_that_is_a_file(self, hub: LoopbackHub, tmp_path: Path, variable: str) -> None:
        (tmp_path / "file").write_text("in the way")
        environment = hub.environment(tmp_path / "hf")
        if variable == "HF_HOME":
            del environment["HF_HUB_CACHE"]
        told = pull_in_process([run()], environment | {variable: str(tmp_path / "file")})
        assert told.kinds == ["unreadable"]
        message = told.outcomes[0].message  # type: ignore[union-attr]
        assert message.endswith(
            f"the Hub's cache cannot be in the folder that {variable} names: "
            f"file is not a folder; correct {variable}"
        )
        assert not hub.requests

    def test_a_cache_that_may_not_be_entered(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "closed" / "hub"))
        monkeypatch.setenv("HF_HOME", str(tmp_path / "closed"))
        monkeypatch.delenv("HF_HUB_CACHE", raising=False)
        assert HubCache.trouble() is None
        (tmp_path / "closed").mkdir()
        # Root may enter everything.
        monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "closed")
        assert HubCache.trouble() == (
            "the Hub's cache cannot be in the folder that HF_HOME names: closed cannot be entered; "
            "correct HF_HOME"
        )
