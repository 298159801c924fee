"""Figures -> SVG, PDF and PNG, one Chrome for a whole build."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Container, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from reportgen.errors import ReportgenError
from reportgen.figures.ruler import Ruler
from reportgen.figures.style import Figure
from reportgen.outputs.chrome import PLOTLY_JS, Browser, BrowserError, NoBrowserError

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["ChromeError", "Drawer", "Images", "key"]

_DPI = 300
_STILL_DPI = 100
_STILL_COLOURS = 128
_KINDS = ("svg", "pdf", "png", "still")
_INSTALL = (
    "no Chrome or Chromium was found: install it (Debian: apt install chromium; any system: "
    "kaleido_get_chrome), or name it in BROWSER_PATH"
)
_NO_SUCH = "BROWSER_PATH names no file: correct it, or unset it to use the Chrome that is installed"


class ChromeError(ReportgenError):
    """Chrome is missing, does not start, or twice did not draw; the text is one line for the user."""


@dataclass(frozen=True, slots=True)
class Images:
    """One figure in three formats, one of them twice.

    Attributes:
        svg: UTF-8; its ids are the figure's own, so several can stand in one page.
        pdf: One page of the figure's size, text as text, fonts embedded.
        png: 300 dots per inch at the figure's size, on white; empty where it was not asked for.
        still: PNG at 100 dots per inch in 128 colours, some 25 kB: what the page shows where scripts
            are off. Empty where ``png`` is.
    """

    svg: bytes
    pdf: bytes
    png: bytes
    still: bytes


def key(figure: Figure) -> str:
    """What a figure's images depend on, hexadecimal: equal keys, equal images on one machine."""
    from importlib.metadata import version

    import orjson

    versions = [version(name) for name in ("kaleido", "pikepdf", "pillow", "pypdfium2")]
    made_by = [PLOTLY_JS, _DPI, _STILL_DPI, _STILL_COLOURS, *versions]
    described = orjson.dumps([made_by, figure], option=orjson.OPT_SORT_KEYS)
    # Letters of other scripts look as the font does that this machine has for them.
    fonts = [] if described.isascii() else Ruler().stand_ins(described.decode())
    return hashlib.sha256(described + orjson.dumps(fonts)).hexdigest()


class Drawer:
    """Draws figures; a context, during which one Chrome runs.

    Chrome begins to start when the context is entered, in the background. Nothing of it is left when
    the context ends, however it ends; what another thread still draws then fails.

    Args:
        time_limit: Most seconds for a figure. A Chrome that takes longer is stopped and started again,
            once.
    """

    def __init__(self, *, time_limit: float = 30.0) -> None:
        self._time_limit = time_limit
        self._browser: Browser | None = None
        self._ended = False
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
        self._ended = True
        self._png.shutdown(wait=kind is None, cancel_futures=True)
        if self._browser is not None:
            self._browser.close()

    def draw(
        self,
        figures: Mapping[str, Figure],
        *,
        without_png: Container[str] = (),
        cached: Callable[[str], bytes | None] = lambda _: None,
        store: Callable[[str, bytes], None] = lambda _, __: None,
        on_drawn: Callable[[str], None] = lambda _: None,
    ) -> dict[str, Images]:
        """All figures, by name, in the given order.

        Args:
            figures: Name to figure.
            without_png: Names of figures that need none.
            cached: Gives back what ``store`` was given under the same name, or None.
            store: Keeps bytes for later builds.
            on_drawn: Called with the name of each figure that was not cached.

        Raises:
            ChromeError: Chrome is missing, or failed twice.
        """
        keys = {name: key(figure) for name, figure in figures.items()}
        names: dict[str, str] = {}
        for name, drawn in keys.items():
            names.setdefault(drawn, name)
        pictured = {keys[name] for name in figures if name not in without_png}
        done: dict[str, Images] = {}
        for drawn in names:
            parts = [cached(f"{drawn}.{kind}") for kind in (_KINDS if drawn in pictured else _KINDS[:2])]
            if None not in parts:
                svg, pdf, png, still = (*(part for part in parts if part is not None), b"", b"")[:4]
                done[drawn] = Images(svg, pdf, png, still)
        todo = {name: figures[name] for drawn, name in names.items() if drawn not in done}
        for name, images in self._draw(todo, {names[drawn] for drawn in pictured}).items():
            done[keys[name]] = images
            on_drawn(name)
            for kind in _KINDS:
                if content := getattr(images, kind):
                    store(f"{keys[name]}.{kind}", content)
        return {name: done[keys[name]] for name in figures}

    def _draw(self, figures: Mapping[str, Figure], pictured: Container[str]) -> dict[str, Images]:
        """Images by name; a Chrome that fails is replaced once."""
        assert self._browser is not None, "a Drawer draws inside its with block"
        vectors: dict[str, tuple[bytes, bytes]] = {}
        pixels: dict[str, Future[tuple[bytes, bytes]]] = {}
        for last_try in (False, True):
            left = {name: figure for name, figure in figures.items() if name not in vectors}
            try:
                for name, svg, pdf in self._browser.draw(left, self._time_limit) if left else ():
                    vectors[name] = svg, pdf
                    if name in pictured:
                        pixels[name] = self._png.submit(_pixels, pdf)
                break
            except NoBrowserError as error:
                raise ChromeError(_NO_SUCH if os.environ.get("BROWSER_PATH") else _INSTALL) from error
            except BrowserError as error:
                if last_try or self._ended:
                    raise ChromeError(f"Chrome failed twice: {error}") from error
                self._browser.close()
                self._browser = Browser()
                if self._ended:  # The context ended on another thread, and knows nothing of this one.
                    self._browser.close()
        return {
            name: Images(svg, pdf, *(pixels[name].result() if name in pixels else (b"", b"")))
            for name, (svg, pdf) in vectors.items()
        }


def _pixels(pdf: bytes) -> tuple[bytes, bytes]:
    """``png`` and ``still`` of :class:`Images`: a PDF's first page, RGB on white."""
    import pypdfium2
    from PIL import Image

    with pypdfium2.PdfDocument(pdf) as document:
        png, still = (
            document[0].render(scale=dpi / 72, rev_byteorder=True).to_pil().convert("RGB")
            for dpi in (_DPI, _STILL_DPI)
        )
    few_colours = still.quantize(_STILL_COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    return _png(png, dpi=(_DPI, _DPI), compress_level=4), _png(few_colours, optimize=True)


def _png(image: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", **options)
    return out.getvalue()
