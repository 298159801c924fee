"""Figures -> SVG, PDF and PNG, one Chrome for a whole build."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

from reportgen.errors import ReportgenError
from reportgen.figures import Figure
from reportgen.outputs.chrome import PLOTLY_JS, Browser, BrowserError, NoBrowserError

__all__ = ["ChromeError", "Drawer", "Images", "key", "pdf_to_png"]

_DPI = 300
_INSTALL = (
    "no Chrome or Chromium was found: install it (Debian, Ubuntu: apt install chromium; any system: "
    "plotly_get_chrome), or name it in BROWSER_PATH"
)


class ChromeError(ReportgenError):
    """Chrome is missing, does not start, or twice did not draw; the text is one line for the user."""


@dataclass(frozen=True, slots=True)
class Images:
    """One figure in three formats.

    Attributes:
        svg: UTF-8; its ids are the figure's own, so several can stand in one page.
        pdf: One page of the figure's size, text as text, fonts embedded.
        png: 300 dots per inch at the figure's size, on white.
    """

    svg: bytes
    pdf: bytes
    png: bytes


def key(figure: Figure) -> str:
    """What a figure's images depend on, hexadecimal: equal keys, equal images on one machine."""
    from importlib.metadata import version

    import orjson

    made_by = [PLOTLY_JS, _DPI, *(version(name) for name in ("kaleido", "pikepdf", "pillow", "pypdfium2"))]
    return hashlib.sha256(orjson.dumps([made_by, figure], option=orjson.OPT_SORT_KEYS)).hexdigest()


class Drawer:
    """Draws figures; a context, during which one Chrome runs.

    Chrome begins to start when the context is entered, in the background. Nothing of it is left when
    the context ends, however it ends.

    Args:
        time_limit: Most seconds for a figure. A Chrome that takes longer is stopped and started again,
            once.
    """

    def __init__(self, *, time_limit: float = 60.0) -> None:
        self._time_limit = time_limit
        self._browser: Browser | None = None
        self._png = ThreadPoolExecutor(1, "png")  # PDFium may be called from one thread only.

    def __enter__(self) -> Drawer:
        self._browser = Browser()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._png.shutdown(wait=kind is None, cancel_futures=True)
        if self._browser is not None:
            self._browser.close(at_once=kind is not None)

    def draw(
        self,
        figures: Mapping[str, Figure],
        *,
        cached: Callable[[str], bytes | None] = lambda _: None,
        store: Callable[[str, bytes], None] = lambda _, __: None,
    ) -> dict[str, Images]:
        """All figures, by name, in the given order.

        Args:
            figures: Name to figure.
            cached: Gives back what ``store`` was given under the same name, or None.
            store: Keeps bytes for later builds.

        Raises:
            ChromeError: Chrome is missing, or failed twice.
        """
        keys = {name: key(figure) for name, figure in figures.items()}
        done: dict[str, Images] = {}
        todo: dict[str, Figure] = {}
        for name, figure in figures.items():
            parts = [cached(f"{keys[name]}.{kind}") for kind in ("svg", "pdf", "png")]
            if all(part is not None for part in parts):
                done[keys[name]] = Images(*(part for part in parts if part is not None))
            else:
                todo[keys[name]] = figure
        for drawn, images in self._draw(todo).items():
            done[drawn] = images
            for kind in ("svg", "pdf", "png"):
                store(f"{drawn}.{kind}", getattr(images, kind))
        return {name: done[keys[name]] for name in figures}

    def _draw(self, figures: Mapping[str, Figure]) -> dict[str, Images]:
        """Images by key; a Chrome that fails is replaced once."""
        vectors: dict[str, tuple[bytes, bytes]] = {}
        pixels: dict[str, Future[bytes]] = {}
        for last_try in (False, True):
            assert self._browser is not None, "a Drawer draws inside its with block"
            left = {name: figure for name, figure in figures.items() if name not in vectors}
            try:
                for name, svg, pdf in self._browser.draw(left, self._time_limit):
                    vectors[name] = svg, pdf
                    pixels[name] = self._png.submit(pdf_to_png, pdf)
                break
            except NoBrowserError as error:
                raise ChromeError(_INSTALL) from error
            except BrowserError as error:
                self._browser.close(at_once=True)
                if last_try:
                    raise ChromeError(f"Chrome failed twice: {error}") from error
                self._browser = Browser()
        return {name: Images(*vectors[name], pixels[name].result()) for name in figures}


def pdf_to_png(pdf: bytes, dpi: int = _DPI) -> bytes:
    """The first page as PNG, RGB on white."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        image = document[0].render(scale=dpi / 72, rev_byteorder=True).to_pil().convert("RGB")
    finally:
        document.close()
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()
