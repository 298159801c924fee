"""One Chrome: figures in, SVG and PDF out. Only ``reportgen.outputs.images`` talks to it.

Kaleido draws a figure as SVG in one tab; a second tab prints that SVG as a page of its own size,
which takes a tenth of the time of a converter in Python. Chrome reaches no network: its pages allow
none, and its proxy does not exist.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import io
import json
import logging
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen.figures.style import Figure
from reportgen.resources import folder

if TYPE_CHECKING:
    import kaleido
    from choreographer import Tab
    from choreographer.channels import Pipe

__all__ = ["PLOTLY_JS", "Browser", "BrowserError", "NoBrowserError"]

PLOTLY_JS = "plotly-basic-4.1.1.min.js"
_FACES = {400: "SourceSans3-Regular.ttf", 600: "SourceSans3-Semibold.ttf"}
_NOWHERE = "127.0.0.1:9"
"""A proxy that nobody runs: what Chrome asks of the network on its own account ends there."""
_CLOSE_LIMIT = 1.5
"""Seconds: an interrupted build ends within two."""


class NoBrowserError(Exception):
    """There is no Chrome on this machine."""


class BrowserError(Exception):
    """Chrome hung, crashed or could not draw."""


class Browser:
    """A Chrome that starts in the background, with an event loop and a thread of its own.

    The thread that draws only waits, with a limit, so a Chrome that hangs, even half-way through a
    message, cannot hold it.
    """

    def __init__(self) -> None:
        self._kaleido: kaleido.Kaleido | None = None
        self._pipe: Pipe | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run_loop, name="chrome", daemon=True)
        self._thread.start()
        self._paper: Future[_Paper] = asyncio.run_coroutine_threadsafe(self._open(), self._loop)

    def draw(self, figures: Mapping[str, Figure], limit: float) -> Iterator[tuple[str, bytes, bytes]]:
        """Name, SVG and PDF of each figure, as they get ready.

        Args:
            figures: Name to figure.
            limit: Most seconds for the start, and then from one figure to the next.

        Raises:
            NoBrowserError: There is none.
            BrowserError: With the reason.
        """
        if not wait([self._paper], limit).done:
            raise BrowserError(f"it did not start within {limit:g} s")
        try:
            paper = self._paper.result()
        except (NoBrowserError, BrowserError):
            raise
        except (AttributeError, ImportError, TypeError) as error:
            # What is used of Kaleido has no promise: a later version may call it by another name.
            raise BrowserError(
                f"Kaleido {version('kaleido')} is not one that this reportgen knows ({_line(error)});"
                ' install another: pip install "kaleido>=1.5,<1.6"'
            ) from error
        except BaseException as error:
            raise BrowserError(f"it did not start: {_line(error)}") from error
        names = {
            asyncio.run_coroutine_threadsafe(self._draw(figure, paper), self._loop): name
            for name, figure in figures.items()
        }
        waiting: set[Future[tuple[bytes, bytes]]] = set(names)
        while waiting:
            ready, waiting = wait(waiting, limit, FIRST_COMPLETED)
            if not ready:
                raise BrowserError(f"it did not draw {names[next(iter(waiting))]} within {limit:g} s")
            for future in ready:
                try:
                    svg, pdf = future.result()
                except BaseException as error:
                    raise BrowserError(f"it did not draw {names[future]}: {_line(error)}") from error
                yield names[future], svg, pdf

    def close(self) -> None:
        """Ends Chrome, at once, and everything around it; what it keeps is of no further use."""
        until = time.monotonic() + _CLOSE_LIMIT

        def left() -> float:
            return max(0.1, until - time.monotonic())

        while not (self._paper.done() or self._process() or time.monotonic() > until):
            time.sleep(0.01)  # Chrome is about to be started; what is not there yet cannot be ended.
        if (process := self._process()) is not None:
            _kill(process)
        if self._pipe is not None:
            self._pipe.close()  # Wakes the threads that wait for Chrome's next word.
        ended: Future[None] = Future()
        self._loop.call_soon_threadsafe(self._begin_to_end, ended)  # made there, so never left unawaited
        wait([ended], left())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(left())

    def _run_loop(self) -> None:
        self._loop.run_forever()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self._loop.run_until_complete(asyncio.wait(tasks, timeout=_CLOSE_LIMIT))
        self._loop.close()

    def _process(self) -> subprocess.Popen[bytes] | None:
        return getattr(self._kaleido, "subprocess", None)

    def _begin_to_end(self, ended: Future[None]) -> None:
        self._ending = self._loop.create_task(self._end())
        self._ending.add_done_callback(lambda _: ended.set_result(None))

    async def _end(self) -> None:
        """Lets Kaleido remove its files."""
        if self._kaleido is not None:
            with contextlib.suppress(Exception):
                await self._kaleido.close()

    async def _open(self) -> _Paper:
        import kaleido
        from choreographer.browsers import Chromium
        from choreographer.channels import Pipe

        for name in ("choreographer", "kaleido"):
            _silence(logging.getLogger(name))
        path = Chromium.find_browser(skip_local=False)
        if path is None or not Path(path).is_file():
            raise NoBrowserError

        class Tidy(Chromium):
            """Chrome with all its temporary files in the folder that is removed after it."""

            def get_env(self) -> dict[str, str]:
                return {**super().get_env(), "TMPDIR": str(self.tmp_dir.path)}

            def get_cli(self) -> list[str]:
                # Letters stand where print has them, whatever the machine does for its screen.
                return [*super().get_cli(), "--font-render-hinting=none"]

        self._pipe = pipe = Pipe()
        self._kaleido = kaleido.Kaleido(
            path=path,
            page_generator=_Page(),
            timeout=None,
            proxy_server=_NOWHERE,
            browser_cls=Tidy,
            channel_cls=lambda: pipe,
        )
        await self._kaleido.open()
        return await _Paper.create(self._kaleido)

    async def _draw(self, figure: Figure, paper: _Paper) -> tuple[bytes, bytes]:
        assert self._kaleido is not None
        drawn = await self._kaleido.calc_fig(figure, opts={"format": "svg"})
        svg = _with_own_ids(drawn.decode())
        size = figure["layout"]["width"], figure["layout"]["height"]
        return svg.encode(), await paper.print(svg, *size)


class _Page:
    """The page that Kaleido draws in: our plotly.js and our fonts, which must be there to be measured."""

    def generate_index(self) -> str:
        import kaleido

        scopes = Path(kaleido.__file__).parent / "vendor" / "kaleido_scopes.js"
        if not scopes.is_file():
            raise ImportError(f"it has no vendor/{scopes.name}")
        scripts = (folder("templates") / "vendor" / PLOTLY_JS, scopes)
        return (
            '<!DOCTYPE html><html><head><meta charset="utf-8">'
            + _policy("script-src file: 'unsafe-inline'; img-src data: blob:")
            + '<style id="head-style"></style>'
            + f"<style>{_font_faces()}</style>"
            + "".join(f'<script src="{script.as_uri()}" charset="utf-8"></script>' for script in scripts)
            + "<script>const draw = kaleido_scopes.plotly;"
            + f"kaleido_scopes.plotly = (...figure) => {_FONTS_LOADED}.then(() => draw(...figure))</script>"
            + '</head><body><img id="kaleido-image"></body></html>'
        )


class _Paper:
    """The tab that prints SVG as pages."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._free = asyncio.Lock()

    @classmethod
    async def create(cls, browser: kaleido.Kaleido) -> _Paper:
        paper = cls(await browser.create_tab("about:blank"))
        frames = await paper._ask("Page.getFrameTree")
        html = (
            "<!DOCTYPE html><html><head>"
            + _policy("")
            + f"<style>{_font_faces()}@page {{ margin: 0 }} body {{ margin: 0 }} svg {{ display: block }}"
            + "</style></head><body></body></html>"
        )
        await paper._ask("Page.setDocumentContent", frameId=frames["frameTree"]["frame"]["id"], html=html)
        await paper._run(_FONTS_LOADED)
        return paper

    async def print(self, svg: str, width: float, height: float) -> bytes:
        """The SVG as a PDF of one page, ``width`` by ``height`` CSS pixels."""
        async with self._free:
            await self._run(f"document.body.innerHTML = {json.dumps(svg)}; document.fonts.ready")
            printed = await self._ask(
                "Page.printToPDF",
                printBackground=True,
                generateTaggedPDF=False,  # Its tags would stand inside those of the report.
                paperWidth=(width + 2) / 96,  # Chrome rounds; what is over is cut off below.
                paperHeight=(height + 2) / 96,
                **dict.fromkeys(("marginTop", "marginBottom", "marginLeft", "marginRight"), 0),
            )
        return _trimmed(base64.b64decode(printed["data"]), width * 0.75, height * 0.75)

    async def _run(self, script: str) -> None:
        outcome = await self._ask("Runtime.evaluate", expression=script, awaitPromise=True)
        if "exceptionDetails" in outcome:
            raise BrowserError(_line(outcome["exceptionDetails"]))

    async def _ask(self, command: str, **parameters: Any) -> dict[str, Any]:
        answer = await self._tab.send_command(command, parameters)
        if "error" in answer:
            raise BrowserError(_line(answer["error"]))
        result: dict[str, Any] = answer["result"]
        return result


_FONTS_LOADED = "Promise.all([{}])".format(
    ", ".join(f"""document.fonts.load('{weight} 12px "Source Sans 3"')""" for weight in _FACES)
)


def _policy(more: str) -> str:
    """Nothing may be loaded but styles, embedded fonts and ``more``."""
    rules = f"default-src 'none'; style-src 'unsafe-inline'; font-src data:; {more}"
    return f'<meta http-equiv="Content-Security-Policy" content="{rules}">'


def _font_faces() -> str:
    fonts = folder("templates") / "fonts"
    return "".join(
        f'@font-face {{ font-family: "Source Sans 3"; font-weight: {weight}; '
        f"src: url(data:font/ttf;base64,{base64.b64encode((fonts / file).read_bytes()).decode()}) }}"
        for weight, file in _FACES.items()
    )


def _with_own_ids(svg: str) -> str:
    """The same figure gives the same SVG: Plotly's random names follow from the rest instead, or go.

    So the ids of two figures differ, and both can stand in one page.
    """
    found = re.search(r'id="defs-([0-9a-f]{6})"', svg)
    if found is None:
        raise BrowserError("what Plotly drew is no figure")
    svg = re.sub(r'(?<=class="trace scatter) trace[0-9a-f]{6}"', '"', svg)
    ids = re.compile(rf"\b(defs-|topdefs-|clip|legend){found[1]}")
    digest = hashlib.sha256(ids.sub(r"\1", svg).encode()).hexdigest()
    return ids.sub(rf"\g<1>{digest[:8]}-", svg)


def _trimmed(pdf: bytes, width: float, height: float) -> bytes:
    """Chrome's page at the exact size in points, and without its dates: the same page, the same bytes."""
    import pikepdf

    with pikepdf.open(io.BytesIO(pdf)) as document:
        if len(document.pages) != 1:
            raise BrowserError(f"a figure was printed on {len(document.pages)} pages")
        page = document.pages[0]
        top = float(page.mediabox[3])
        page.mediabox = pikepdf.Array([0, top - height, width, top])
        del document.trailer.Info
        out = io.BytesIO()
        document.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        return out.getvalue()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends Chrome with its children: it leads a process group of its own."""
    if os.name == "nt":
        if process.poll() is None:
            subprocess.run(
                ["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False
            )
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_CLOSE_LIMIT)


def _silence(logger: logging.Logger) -> None:
    """Keeps what a library logs out of standard error, where nobody has asked for it."""
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _line(error: object) -> str:
    """An error as one short line; of an exception with several arguments the first, which says what it is."""
    said = error.args[0] if isinstance(error, Exception) and len(error.args) > 1 else error
    text = " ".join(str(said).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:199] + "…"
