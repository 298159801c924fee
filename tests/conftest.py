"""What every test may use: hypothesis profiles, the browser, ``--kills``, and the mark ``cuda``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# The same examples on every machine and every day; `HYPOTHESIS_PROFILE=long` looks further.
settings.register_profile(
    "default",
    max_examples=30,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "long", max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

pytest_plugins = ["loopback_hub"] if Path(__file__).with_name("loopback_hub.py").exists() else []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=8, help="builds that the faults tests kill (default: 8)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker("cuda")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device, and there is none"))


@pytest.fixture(scope="session")
def kills(request: pytest.FixtureRequest) -> int:
    """How many builds the faults tests kill."""
    return int(request.config.getoption("--kills"))


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser that Kaleido uses too; its absence fails the test, with the mend."""
    from choreographer.browsers.chromium import Chromium

    from reportgen import system_parts

    lacking = [part for part in system_parts.missing() if part.debian == ("chromium",)]
    if lacking:
        pytest.fail(f"{lacking[0].name} is missing: {system_parts.how_to_get(lacking[0])}")
    return str(Chromium.find_browser(skip_local=False))


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for all tests: a process can hold one of Playwright's synchronous drivers at a time."""
    # As root, in a container, Chromium has no sandbox of its own.
    flags = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    from playwright.sync_api import sync_playwright  # Tests of curves run where there is none.

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield started
        started.close()
