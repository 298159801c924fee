"""Runs at addresses: in memory, and by http on the loopback interface with a server that fails as told."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import fsspec
import pytest

from reportgen.discover import discover
from reportgen.kinds import Problem
from reportgen.model_list import FamilySpec, ModelList, RunSpec, Smoothing, UrlSource
from reportgen.pull import Pulled, PullOptions, pull
from reportgen.sources.line import Patience

TABLE = b"step,loss\n1,2.0\n2,1.0\n"


class Server:
    """Files by path; ``answer`` may answer a request in their stead."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self.authorized: list[str | None] = []
        self.answer: Callable[[str, str], tuple[int, dict[str, str], bytes] | None] = lambda *_: None
        self.etags = True
        mine = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self) -> None:
                path = unquote(self.path.partition("?")[0])
                mine.requests.append((self.command, path))
                mine.authorized.append(self.headers.get("Authorization"))
                status, headers, body = mine.answer(self.command, path) or mine.usual(path)
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                if "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)
                    if headers.get("Content-Length", str(len(body))) != str(len(body)):
                        self.close_connection = True
                        self.connection.shutdown(socket.SHUT_RDWR)

            do_GET = do_HEAD = serve  # noqa: N815 - as the base class has it

            def log_message(self, *args: object) -> None:
                """Keeps requests out of the tests' output."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def usual(self, path: str) -> tuple[int, dict[str, str], bytes]:
        if path.endswith("/"):
            below = [name.removeprefix(path) for name in self.files if name.startswith(path)]
            inside = sorted({name.partition("/")[:2] for name in below})
            links = "".join(f'<a href="{first}{slash}">x</a>' for first, slash in inside)
            return 200, {"Content-Type": "text/html"}, links.encode()
        body = self.files.get(path)
        if body is None:
            inside = any(name.startswith(f"{path}/") for name in self.files)
            return (301, {"Location": f"{path}/"}, b"") if inside else (404, {}, b"")
        return 200, {"ETag": f'"{hashlib.md5(body).hexdigest()}"'} if self.etags else {}, body

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    one = Server()
    yield one
    one.stop()


def look(url: str, name: str, cache: Path, **options: Any) -> Pulled | Problem:
    patience = Patience(attempts=options.pop("attempts", 3), first_pause=0.01)
    (one,) = pull(
        [("f", RunSpec(name, UrlSource(url)))], PullOptions(patience=patience, cache=cache, **options)
    )
    return one


def pulled(url: str, name: str, cache: Path, **options: Any) -> Pulled:
    one = look(url, name, cache, **options)
    assert isinstance(one, Pulled), one
    return one


def problem(url: str, name: str, cache: Path, **options: Any) -> Problem:
    one = look(url, name, cache, **options)
    assert isinstance(one, Problem), one
    return one


class TestMemory:
    """fsspec's own file system in memory."""

    @pytest.fixture(autouse=True)
    def files(self) -> Iterator[None]:
        system = fsspec.filesystem("memory")
        system.pipe("/exp/a/log.csv", TABLE)
        system.pipe("/exp/b c/log.csv", TABLE * 2)
        system.pipe("/exp/b c/notes.md", b"none")
        system.pipe("/exp/c/notes.md", b"none")
        yield
        system.rm("/exp", recursive=True)

    def test_files_and_folders(self, tmp_path: Path) -> None:
        one = pulled("memory://exp/{name}/log.csv", "a", tmp_path)
        assert one.path.read_bytes() == TABLE
        assert one.source.sha256 == hashlib.sha256(TABLE).hexdigest()
        assert (one.source.kind, one.source.file) == ("url", "memory://exp/a/log.csv")
        folder = pulled("memory://exp/{name}/*", "b c", tmp_path)
        assert folder.source.files == ("log.csv",)
        assert problem("memory://exp/{name}/log.csv", "d", tmp_path).kind == "missing"
        assert problem("memory://exp/{name}/*", "c", tmp_path).kind == "missing"

    def test_a_limit(self, tmp_path: Path) -> None:
        assert problem("memory://exp/{name}/log.csv", "a", tmp_path, max_file_size=5).kind == "too_large"

    @pytest.mark.parametrize("url", ["memory://exp/{name}/log.csv", "memory://exp/{name}/*"])
    def test_patterns(self, tmp_path: Path, url: str) -> None:
        family = FamilySpec("f", "f", "", None, 1, Smoothing(), (RunSpec("*", UrlSource(url)),))
        found = discover([ModelList("l.toml", None, "", (family,))], PullOptions(cache=tmp_path))
        assert [run.name for run in found.lists[0].families[0].runs] == ["a", "b c"]
        assert not found.problems

    def test_a_protocol_that_nobody_knows(self, tmp_path: Path) -> None:
        one = problem("nothing://exp/{name}", "a", tmp_path)
        assert (one.kind, "nothing://exp/a" in one.message) == ("network", True)


class TestHttp:
    """By http, with what servers do."""

    def test_what_has_not_changed_is_not_fetched_again(self, server: Server, tmp_path: Path) -> None:
        server.files["/a b/log.csv"] = TABLE
        url = f"{server.address}/{{name}}/log.csv"
        first = pulled(url, "a b", tmp_path)
        assert first.path.read_bytes() == TABLE
        assert first.source.revision == f"etag:{hashlib.md5(TABLE).hexdigest()}"
        server.requests.clear()
        assert pulled(url, "a b", tmp_path).source == first.source
        assert server.requests == [("HEAD", "/a b/log.csv")]
        server.files["/a b/log.csv"] = TABLE * 2
        assert pulled(url, "a b", tmp_path).path.read_bytes() == TABLE * 2

    def test_without_a_name_it_is_fetched_each_time(self, server: Server, tmp_path: Path) -> None:
        server.etags = False
        server.files["/a.csv"] = TABLE
        for _ in range(2):
            assert pulled(f"{server.address}/{{name}}.csv", "a", tmp_path).source.revision is None
        assert [method for method, _ in server.requests].count("GET") == 2

    def test_an_outage_and_offline(self, server: Server, tmp_path: Path) -> None:
        server.files["/a.csv"] = TABLE
        url = f"{server.address}/{{name}}.csv"
        assert pulled(url, "a", tmp_path).checked
        assert not pulled(url, "a", tmp_path, offline=True).checked
        assert problem(url, "b", tmp_path, offline=True).kind == "network"
        server.answer = lambda *_: (503, {}, b"")
        assert not pulled(url, "a", tmp_path).checked
        one = problem(url, "b", tmp_path)
        assert (one.kind, "the server answers 503" in one.message) == ("network", True)
        message = problem("http://127.0.0.1:1/{name}.csv", "b", tmp_path).message
        assert message.endswith("cannot be read (no connection: Connection refused); build again later")
        message = problem("nothing://127.0.0.1/{name}.csv", "b", tmp_path).message
        assert "is of a kind that fsspec does not know; correct `url`" in message

    def test_it_is_asked_again(self, server: Server, tmp_path: Path) -> None:
        server.files["/a.csv"] = TABLE
        left = [429, 503]
        server.answer = lambda *_: (left.pop(), {"Retry-After": "0"}, b"") if left else None
        assert pulled(f"{server.address}/{{name}}.csv", "a", tmp_path).checked

    @pytest.mark.parametrize(
        ("status", "kind"), [(401, "refused"), (403, "refused"), (404, "missing"), (418, "refused")]
    )
    def test_refusals(self, server: Server, tmp_path: Path, status: int, kind: str) -> None:
        server.answer = lambda *_: (status, {}, b"")
        assert problem(f"{server.address}/{{name}}.csv", "a", tmp_path).kind == kind

    def test_a_body_without_an_end_is_cut(self, server: Server, tmp_path: Path) -> None:
        server.answer = lambda method, _: (
            (200, {"Content-Length": "5"}, b"") if method == "HEAD" else (200, {}, bytes(5_000_000))
        )
        url = f"{server.address}/{{name}}.csv"
        assert problem(url, "a", tmp_path, max_file_size=1000).kind in ("too_large", "network")
        assert sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) < 1000

    def test_a_body_that_is_cut_never_becomes_a_run(self, server: Server, tmp_path: Path) -> None:
        server.answer = lambda *_: (200, {"Content-Length": "100"}, TABLE)
        assert problem(f"{server.address}/{{name}}.csv", "a", tmp_path).kind == "network"

    def test_a_web_page_is_no_file(self, server: Server, tmp_path: Path) -> None:
        server.files["/a.csv"] = b"<!doctype html><title>Sign in</title>"
        assert "a web page" in problem(f"{server.address}/{{name}}.csv", "a", tmp_path).message

    def test_a_damaged_copy_is_fetched_again(self, server: Server, tmp_path: Path) -> None:
        server.files["/a.csv"] = TABLE
        url = f"{server.address}/{{name}}.csv"
        pulled(url, "a", tmp_path).path.write_bytes(b"damaged")
        assert pulled(url, "a", tmp_path).path.read_bytes() == TABLE

    def test_a_pattern_reads_the_server_s_own_index(self, server: Server, tmp_path: Path) -> None:
        server.files |= {"/exp/a/log.csv": TABLE, "/exp/b/log.csv": TABLE, "/exp/c/readme.md": b"none"}
        spec = RunSpec("*", UrlSource(f"{server.address}/exp/{{name}}/log.csv"))
        family = FamilySpec("f", "f", "", None, 1, Smoothing(), (spec,))
        found = discover([ModelList("l.toml", None, "", (family,))], PullOptions(cache=tmp_path))
        assert [run.name for run in found.lists[0].families[0].runs] == ["a", "b"]

    def test_credentials_come_from_the_environment_alone(
        self, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one = problem(f"{server.address.replace('//', '//me:hidden@')}/{{name}}.csv", "a", tmp_path)
        assert one.kind == "refused"
        assert "hidden" not in one.message
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login me password hidden\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        server.files["/a.csv"] = TABLE
        assert pulled(f"{server.address}/{{name}}.csv", "a", tmp_path).checked
        assert server.authorized[-1] is not None
        server.answer = lambda *_: (403, {}, b"")
        assert "hidden" not in problem(f"{server.address}/{{name}}.csv", "a", tmp_path).message
