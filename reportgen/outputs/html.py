"""A Report -> one HTML file that asks nothing of any network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from reportgen.outputs.context import context
from reportgen.outputs.page_data import page_data
from reportgen.outputs.page_of_many import page_of_many
from reportgen.outputs.templating import environment, filled
from reportgen.outputs.views import FigureView
from reportgen.report import Report
from reportgen.resources import folder

__all__ = ["render"]

# In this order: each may use what those before it define.
_SCRIPTS = (
    "data",
    "ticks",
    "lines",
    "figure",
    "marks",
    "effects",
    "labels",
    "light",
    "happened",
    "read",
    "keep",
    "address",
    "save",
    "controls",
    "copying",
    "sparklines",
    "rows",
    "tables",
    "compare",
    "contents",
    "many",
    "start",
)
_FONTS = (
    ("Report Sans", 400, "normal", "report-sans-regular"),
    ("Report Sans", 400, "italic", "report-sans-italic"),
    ("Report Sans", 600, "normal", "report-sans-semibold"),
    ("Report Serif", 600, "normal", "report-serif-semibold"),
)
_PLOTLY = "vendor/plotly-basic-4.1.1.min.js"


def render(
    report: Report, *, templates: Path | None = None, pictures: Mapping[str, bytes] | None = None
) -> str:
    """The page. The same report gives the same text.

    Args:
        report: The report.
        templates: Folder of templates that go before the shipped ones.
        pictures: Figure name -> PNG; shown where scripts are off.

    Raises:
        ReportgenError: A template has a mistake.
    """
    made = environment(templates)
    shared = context(
        report, medium="screen", figure=lambda view: _figure(view, pictures or {}), fonts=_fonts()
    )
    style = _text(made, "page/page.css", shared)
    early = _text(made, "page/early.js", shared)
    script = Markup("\n").join(_text(made, f"page/{name}.js", shared) for name in _SCRIPTS)
    parts: dict[str, Any] = {
        "style": style,
        "early_script": early,
        "plotly": _text(made, _PLOTLY, shared),
        "script": Markup('(() => {{\n"use strict";\n{}\n}})();').format(script),
    }
    policy = _policy(parts)
    chunks: tuple[str, ...] = ()
    if shared["many"]:
        many = page_of_many(report, shared, lambda name, names: filled(made, name, {**shared, **names}))
        shared |= {"here": many.here, "parts": many.parts}
        data, chunks = page_data((), (), many.places), tuple(map(Markup, many.chunks))
    else:
        # They are used for the page's data and for its text.
        families = [replace(family, runs=tuple(family.runs)) for family in shared["families"]]
        shared["families"] = families
        views = [view for family in families for view in family.runs]
        figures = [figure for family in families for figure in family.figures]
        figures += [] if shared["overview"] is None else [shared["overview"]]
        data = page_data(
            [*figures, *(figure for view in views for figure in (*view.figures, *view.others))], views
        )
    parts |= {"policy": policy, "data": Markup(data), "chunks": chunks}
    return filled(made, "report.html.j2", shared | parts)


def _text(made: Environment, name: str, shared: Mapping[str, Any]) -> Markup:
    """A stylesheet or script. Only stylesheets are templates: braces have a meaning in scripts."""
    if name.endswith(".css"):
        text = filled(made, name, shared)
    else:
        assert made.loader is not None
        text = made.loader.get_source(made, name)[0]
    # Browsers hash what they parsed, and they parse every line end as a line feed.
    return Markup(text.replace("\r\n", "\n").replace("\r", "\n"))


def _policy(parts: Mapping[str, str]) -> str:
    """The Content-Security-Policy: the page's own scripts and styles by hash, and no request to anywhere.

    plotly.js fills an empty style element rule by rule, and sets style attributes.
    """
    scripts = " ".join(_hash(parts[name]) for name in ("early_script", "plotly", "script"))
    styles = " ".join(_hash(text) for text in (parts["style"], ""))
    return (
        f"default-src 'none'; script-src {scripts}; style-src-elem {styles}; style-src-attr 'unsafe-inline'; "
        "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{_base64(hashlib.sha256(text.encode()).digest())}'"


def _fonts() -> list[dict[str, Any]]:
    fonts = folder("templates") / "fonts"
    return [
        {
            "family": family,
            "weight": weight,
            "style": style,
            "data": f"data:font/woff2;base64,{_base64((fonts / f'{name}.woff2').read_bytes())}",
        }
        for family, weight, style, name in _FONTS
    ]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _figure(view: FigureView, pictures: Mapping[str, bytes]) -> Markup:
    """Where the script draws a figure, and what stands there without scripts."""
    plot = Markup(
        '<div class="plot" data-figure="{}" data-kind="{}" data-family="{}" data-of="{}"'
        ' role="img" aria-label="{}"></div>'
    ).format(view.name, view.kind, view.family or "", view.run or "", view.finding)
    if view.run is not None:
        return plot
    picture = pictures.get(view.name)
    if picture is None:
        still = Markup("{} The interactive figure needs JavaScript.").format(view.finding)
    else:
        still = Markup('<img alt="{}" src="data:image/png;base64,{}">').format(view.finding, _base64(picture))
    return plot + Markup('<noscript><p class="still">{}</p></noscript>').format(still)
