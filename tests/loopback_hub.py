"""A Hub on the loopback interface: real repositories with history, and every way to fail.

It speaks as much of the Hub's protocol as a file's download needs, to the real client. The client
reads its environment when it is imported, so whatever is to talk to this Hub runs in a process of
its own, with ``LoopbackHub.environment``::

    def test_something(loopback_hub, tmp_path):
        commit = loopback_hub.put("me/QuantaMaths_x", "training_loss.json", data)
        loopback_hub.fail(503, method="HEAD", times=2)
        subprocess.run([...], env=os.environ | loopback_hub.environment(tmp_path / "hf"))
        assert loopback_hub.count("HEAD") == 3
"""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import parse_qs, unquote, urlencode

import pytest

__all__ = ["LoopbackHub", "Request", "loopback_hub"]

Kind = Literal["answer", "silent", "cut", "swap", "slow", "unsized"]
_TYPES = ("models", "datasets", "spaces")


@dataclass
class _File:
    data: bytes
    large: bool
    own_etag: str | None = None

    @property
    def etag(self) -> str:
        if self.own_etag is not None:
            return self.own_etag
        if self.large:
            return hashlib.sha256(self.data).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(self.data) + self.data).hexdigest()


@dataclass
class _Repo:
    commits: dict[str, dict[str, _File]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    refusal: tuple[int, str] | None = None


@dataclass
class _Fault:
    """What happens instead, to requests of a method whose path holds ``match``, so many times."""

    kind: Kind
    method: str
    match: str
    times: float
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    after: int = 0
    seconds: float = 0.0


class Request(NamedTuple):
    """What a client asked.

    Attributes:
        token: Of its ``Authorization`` header, empty where it sent none.
    """

    method: str
    path: str
    token: str


class LoopbackHub:
    """The server; ``start`` and ``stop`` it as often as wanted, it keeps its port and its repositories.

    Attributes:
        endpoint: Its address, for ``HF_ENDPOINT``.
        requests: In order.
        page: Repositories in one answer to a listing.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._repos: dict[str, _Repo] = {}
        self._faults: list[_Fault] = []
        self._lock = threading.Lock()
        self._left: float = float("inf")
        self._open: set[socket.socket] = set()
        self._server: _Server | None = None
        self._stopped = threading.Event()
        self.page = 1000
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = probe.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self._port}"

    # What it holds.

    def put(
        self,
        repo: str,
        file: str,
        data: bytes,
        *,
        branch: str = "main",
        large: bool = False,
        etag: str | None = None,
    ) -> str:
        """Commits a file to a branch; a ``large`` one lies on another host, as with git-lfs.

        Args:
            repo: A model's; ``datasets/OWNER/NAME`` is a dataset's.
            file: Its name.
            data: Its bytes.
            branch: Made where there is none.
            large: Whether git-lfs keeps it.
            etag: What a mirror calls the bytes, where it has names of its own.

        Returns:
            The commit.
        """
        with self._lock:
            held = self._repos.setdefault(repo, _Repo())
            parent = held.refs.get(branch, held.refs.get("main", ""))
            files = {**held.commits.get(parent, {}), file: _File(data, large, etag)}
            return self._commit(held, branch, parent, files)

    def remove(self, repo: str, file: str | None = None, *, branch: str = "main") -> None:
        """Takes a file out of a branch, or the repository off the Hub."""
        with self._lock:
            if file is None:
                del self._repos[repo]
                return
            held = self._repos[repo]
            parent = held.refs[branch]
            files = {name: kept for name, kept in held.commits[parent].items() if name != file}
            self._commit(held, branch, parent, files)

    def tag(self, repo: str, tag: str, commit: str) -> None:
        """Names a commit."""
        self._repos[repo].refs[tag] = commit

    def refuse(self, repo: str, status: int, code: str = "") -> None:
        """Answers for a repository with a status and an ``X-Error-Code`` (``GatedRepo``, say)."""
        self._repos.setdefault(repo, _Repo()).refusal = (status, code)

    @staticmethod
    def _commit(held: _Repo, branch: str, parent: str, files: dict[str, _File]) -> str:
        listing = "\n".join(f"{name} {files[name].etag}" for name in sorted(files))
        commit = hashlib.sha1(f"{len(held.commits)} {parent}\n{listing}".encode()).hexdigest()
        held.commits[commit] = files
        held.refs[branch] = commit
        return commit

    # How it fails. Each call adds a fault; the first that fits a request and is not used up applies.

    def fail(
        self,
        status: int,
        *,
        method: str = "",
        match: str = "",
        times: float = float("inf"),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answers with a status: ``fail(429, headers={"Retry-After": "2"}, times=1)``."""
        self._faults.append(_Fault("answer", method, match, times, status=status, headers=headers or {}))

    def hang(self, *, method: str = "", match: str = "", times: float = float("inf")) -> None:
        """Takes the request and says nothing."""
        self._faults.append(_Fault("silent", method, match, times))

    def cut(
        self, *, after: int = 100, method: str = "GET", match: str = "", times: float = float("inf")
    ) -> None:
        """Breaks the connection so many bytes into the body; before the headers when 0."""
        self._faults.append(_Fault("cut", method, match, times, after=after))

    def swap(self, body: bytes, *, match: str = "", times: float = float("inf"), encoding: str = "") -> None:
        """Sends another body than the headers of the HEAD request promised, packed as ``encoding`` says."""
        headers = {"Content-Encoding": encoding} if encoding else {}
        self._faults.append(_Fault("swap", "GET", match, times, body=body, headers=headers))

    def hide_size(self, *, match: str = "", times: float = float("inf")) -> None:
        """Answers HEAD requests without the file's size."""
        self._faults.append(_Fault("unsized", "HEAD", match, times))

    def slow(self, seconds: float, *, method: str = "", match: str = "", times: float = float("inf")) -> None:
        """Answers after a while."""
        self._faults.append(_Fault("slow", method, match, times, seconds=seconds))

    def goes_away_after(self, requests: int) -> None:
        """Stops, connections and all, when so many more requests have been answered."""
        self._left = requests

    def recover(self) -> None:
        """Takes all faults back, and forgets the requests."""
        with self._lock:
            self._faults.clear()
            self.requests.clear()
            self._left = float("inf")

    # Running and asking it.

    def start(self) -> None:
        """Listens."""
        self._stopped.clear()
        self._server = _Server(("127.0.0.1", self._port), self)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Closes its port and every connection; what waits for it is let go."""
        self._stopped.set()
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            _close(connection)

    def count(self, method: str = "", match: str = "") -> int:
        """Requests so far, of a method and with a text in their path."""
        with self._lock:
            return sum(method in ("", asked.method) and match in asked.path for asked in self.requests)

    def environment(self, home: Path, *, timeout: int = 5) -> dict[str, str]:
        """What a process needs to talk to this Hub and to keep its cache in ``home``.

        Args:
            home: Made when it is needed.
            timeout: Seconds without an answer that end a request; 1 is quick for a Hub that hangs, and
                too short for one that answers on a busy machine.
        """
        return {
            "HF_ENDPOINT": self.endpoint,
            "HF_HOME": str(home),
            "HF_HUB_CACHE": str(home / "hub"),
            "HF_HUB_ETAG_TIMEOUT": str(timeout),
            "HF_HUB_DOWNLOAD_TIMEOUT": str(timeout),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_OFFLINE": "0",
            "HF_TOKEN": "",
            "NO_PROXY": "127.0.0.1,localhost",
        }

    # Called by the server's threads.

    def _take_fault(self, asked: Request) -> _Fault | None:
        with self._lock:
            self.requests.append(asked)
            for fault in self._faults:
                if fault.times > 0 and fault.method in ("", asked.method) and fault.match in asked.path:
                    fault.times -= 1
                    return fault
        return None

    def _answered(self) -> None:
        with self._lock:
            self._left -= 1
            gone = self._left == 0
        if gone:
            threading.Thread(target=self.stop, daemon=True).start()

    def _listing(self, path: str) -> tuple[int, dict[str, str], bytes] | None:
        """Status, headers and body of a question for a listing; None where it is none."""
        place, _, query = path.partition("?")
        asked = parse_qs(query)
        parts = unquote(place).strip("/").split("/")
        if parts[:1] != ["api"] or len(parts) < 2 or parts[1] not in _TYPES:
            return None
        prefix = "" if parts[1] == "models" else f"{parts[1]}/"
        with self._lock:
            if len(parts) == 2:
                return self._page(place, prefix, asked)
            held = self._repos.get(prefix + "/".join(parts[2:4]))
            if held is None:
                return 401, {"X-Error-Code": "RepoNotFound"}, b""
            if held.refusal is not None:
                status, code = held.refusal
                return status, {"X-Error-Code": code} if code else {}, b""
            revision = "/".join(parts[5:]) or "main"
            commit = held.refs.get(revision, revision)
            if commit not in held.commits:
                return 404, {"X-Error-Code": "RevisionNotFound"}, b""
            told = self._told("/".join(parts[2:4]), held, commit, whole="blobs" in asked)
            return 200, {}, json.dumps(told).encode()

    def _page(
        self, place: str, prefix: str, asked: Mapping[str, list[str]]
    ) -> tuple[int, dict[str, str], bytes]:
        """One page of the repositories of an author."""
        start = f"{prefix}{asked['author'][0]}/"
        names = sorted(name for name in self._repos if name.startswith(start))
        first = int(asked.get("from", ["0"])[0])
        told = [
            self._told(name.removeprefix(prefix), held, held.refs.get("main", ""), whole=False)
            for name in names[first : first + self.page]
            if (held := self._repos[name]).refusal is None
        ]
        headers = {}
        if first + self.page < len(names):
            query = urlencode({**asked, "from": first + self.page}, doseq=True)
            headers["Link"] = f'<{self.endpoint}{place}?{query}>; rel="next"'
        return 200, headers, json.dumps(told).encode()

    @staticmethod
    def _told(name: str, held: _Repo, commit: str, *, whole: bool) -> dict[str, object]:
        siblings: list[dict[str, object]] = []
        for file, kept in sorted(held.commits.get(commit, {}).items()):
            one: dict[str, object] = {"rfilename": file}
            if whole:
                blob = hashlib.sha1(b"blob %d\0" % len(kept.data) + kept.data).hexdigest()
                one |= {"size": len(kept.data), "blobId": blob}
            if whole and kept.large:
                one["lfs"] = {"sha256": kept.etag, "size": len(kept.data), "pointerSize": 134}
            siblings.append(one)
        return {"_id": "0", "id": name, "sha": commit, "private": False, "siblings": siblings}

    def _look_up(self, path: str) -> tuple[int, dict[str, str], _File | None]:
        """Status, headers and file of a path."""
        repo, found, rest = path.strip("/").partition("/resolve/")
        revision, _, file = rest.partition("/")
        with self._lock:
            held = self._repos.get(repo)
            if not found or held is None:
                # As on the Hub: who is not logged in does not learn whether there is such a repository.
                return 401, {"X-Error-Code": "RepoNotFound"}, None
            if held.refusal is not None:
                status, code = held.refusal
                return status, {"X-Error-Code": code} if code else {}, None
            revision = unquote(revision)
            commit = held.refs.get(revision, revision)
            if commit not in held.commits:
                return 404, {"X-Error-Code": "RevisionNotFound"}, None
            kept = held.commits[commit].get(unquote(file))
            if kept is None:
                return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit}, None
            return 200, {"X-Repo-Commit": commit, "ETag": f'"{kept.etag}"'}, kept


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False
    request_queue_size = 128  # The usual five drop the first words of clients that come all at once.

    def __init__(self, address: tuple[str, int], hub: LoopbackHub) -> None:
        self.hub = hub
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Passes over a client that went away, as they do here all the time."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    connection: socket.socket

    def setup(self) -> None:
        super().setup()
        self.server.hub._open.add(self.connection)

    def finish(self) -> None:
        self.server.hub._open.discard(self.connection)
        super().finish()

    def do_HEAD(self) -> None:
        self._respond()

    def do_GET(self) -> None:
        self._respond()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
        """Keeps requests out of the output; the server has them."""

    def _respond(self) -> None:
        hub = self.server.hub
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        fault = hub._take_fault(Request(self.command, self.path, token))
        if fault is not None and fault.kind == "silent":
            hub._stopped.wait()
            self.close_connection = True
            return
        if fault is not None and fault.kind == "answer":
            self._send(fault.status, dict(fault.headers), b"")
        elif fault is not None and fault.kind == "cut" and not fault.after:
            self.close_connection = True
            _close(self.connection)
            return
        else:
            self._serve(fault)
        hub._answered()

    def _serve(self, fault: _Fault | None) -> None:
        hub = self.server.hub
        if fault is not None:
            hub._stopped.wait(fault.seconds)
        if (listing := hub._listing(self.path)) is not None:
            status, headers, body = listing
            self._send(status, headers, body if fault is None or fault.kind != "swap" else fault.body)
            return
        on_store = self.path.startswith("/store")
        status, headers, kept = hub._look_up(self.path.removeprefix("/store"))
        if kept is None:
            self._send(status, headers, b"")
            return
        body = kept.data
        if fault is not None and fault.kind == "swap":
            body = fault.body
            headers |= fault.headers
        if kept.large and not on_store:
            # Another host name is another host to the client: no token goes there.
            store = hub.endpoint.replace("127.0.0.1", "localhost") + "/store" + self.path
            headers |= {
                "Location": store,
                "X-Linked-Size": str(len(kept.data)),
                "X-Linked-ETag": headers["ETag"],
            }
            self._send(302, headers, b"")
            return
        end = fault.after if fault is not None and fault.kind == "cut" else len(body)
        self._send(status, headers, body, end, sized=fault is None or fault.kind != "unsized")

    def _send(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        end: int | None = None,
        *,
        sized: bool = True,
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if sized:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(body[:end])
        if end is not None and end < len(body):
            self.close_connection = True
            _close(self.connection)


def _close(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


@pytest.fixture
def loopback_hub() -> Iterator[LoopbackHub]:
    """A Hub that listens until the test ends."""
    hub = LoopbackHub()
    hub.start()  # Its port is bound when this returns: a client that comes at once waits, and is served.
    yield hub
    hub.stop()
