"""Pages opened in the Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_driver import Opener
from playwright.sync_api import Browser, Page

from reportgen.outputs import html
from reportgen.report import Report


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    """Opens a report; afterwards no script may have failed and nothing may have been asked for."""
    complaints: list[str] = []
    contexts = []

    def opened(report: Report, *, width: int = 1440, at: str = "", **options: Any) -> Page:
        pictures = options.pop("pictures", None)
        file = tmp_path / "report.html"
        file.write_text(html.render(report, pictures=pictures), encoding="utf-8", newline="")
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith(("file:", "data:", "blob:"))
                else complaints.append(request.url)
            ),
        )
        page.goto(file.as_uri() + at)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
