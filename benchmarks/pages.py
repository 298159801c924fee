"""Pages of many runs: what they weigh, when they are ready and how they scroll, in a real Chromium.

``python -m benchmarks --pages`` measures; it needs Playwright and a Chromium.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from benchmarks.builds import build
from benchmarks.row import Row

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["Opened", "opened", "rows", "write_short_runs"]

_MEGABYTE = 1e6
_SHORT = 400
_CASES: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("27 runs", (27,)),
    ("1,080 runs", (1000, 40, 40)),
    ("10,000 runs", (10_000,)),
    ("500 families of 20", (20,) * 500),
)
_NODES, _SIZE_MB, _READY_S, _FRAME_MS, _HEAP_MB, _MEMORY_GB = 20_000, 40.0, 3.0, 50.0, 300.0, 1.0

# Scrolls through the page and, where it scrolls by itself, through the first table: gaps between frames.
_SCROLL = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const table = document.querySelector("#table-runs .scroll");
  const gaps = [];
  const through = async (element, steps, by) => {
    let before = await frame();
    for (let k = 0; k < steps; k += 1) {
      element.scrollBy(0, by);
      const now = await frame();
      gaps.push(now - before);
      before = now;
    }
  };
  table.scrollIntoView({ block: "center" });
  await frame();
  await new Promise((done) => setTimeout(done, 500));
  await through(table, 120, 240);
  await through(document.scrollingElement, 150, 240);
  return gaps;
}"""


@dataclass(frozen=True)
class Opened:
    """What a page costs a browser.

    Attributes:
        megabytes: Of the file, 10^6 bytes.
        ready: Seconds from the navigation until the page answers.
        nodes: Elements and texts once it is ready.
        nodes_after: The same after scrolling.
        frame: The longest frame while scrolling, ms; the second longest of all, since others work here.
        heap: Of the scripts, 10^6 bytes, after scrolling.
    """

    megabytes: float
    ready: float
    nodes: int
    nodes_after: int
    frame: float
    heap: float


def rows(*, large: bool = True) -> Iterator[Row]:
    """Rows about each number of runs, 10,000 where ``large``; ratios are the target to what was measured."""
    for name, sizes in _CASES if large else _CASES[:2]:
        with tempfile.TemporaryDirectory(prefix="reportgen-pages-") as folder:
            place = Path(folder)
            model_list = write_short_runs(place / "lists", sizes)
            cost = build(model_list, place / "out", place / "cache", "--format", "html")
            page = opened(place / "out" / "report.html")
        yield Row(f"page of {name}: seconds to build, against 38 s", cost.seconds, 38.0, 1)
        yield Row("the same: peak memory, GB", cost.peak_bytes / 2**30, _MEMORY_GB, 1)
        yield Row("the same: size, MB", page.megabytes, _SIZE_MB, 1)
        yield Row("the same: nodes", max(page.nodes, page.nodes_after), _NODES, 1)
        yield Row("the same: seconds until it is ready", page.ready, _READY_S, 1)
        yield Row("the same: longest frame while scrolling, ms", page.frame, _FRAME_MS, 1)
        yield Row("the same: heap of the scripts, MB", page.heap, _HEAP_MB, 1)


def opened(file: Path) -> Opened:
    """Opens a page in Chromium and scrolls through it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(
            "new MutationObserver(() => { if (document.documentElement?.classList.contains('ready'))"
            " window.readyAfter ??= performance.now(); })"
            ".observe(document, { subtree: true, attributes: true, attributeFilter: ['class'] })"
        )
        page.goto(file.as_uri(), timeout=300_000)
        page.locator("html.ready").wait_for(state="attached", timeout=300_000)
        ready = page.evaluate("window.readyAfter") / 1000
        nodes = _nodes(page)
        gaps: list[float] = sorted(page.evaluate(_SCROLL))
        session = page.context.new_cdp_session(page)
        session.send("HeapProfiler.collectGarbage")
        session.send("Performance.enable")
        found: list[dict[str, Any]] = session.send("Performance.getMetrics")["metrics"]
        heap = next(one["value"] for one in found if one["name"] == "JSHeapUsedSize")
        made = Opened(file.stat().st_size / _MEGABYTE, ready, nodes, _nodes(page), gaps[-2], heap / _MEGABYTE)
        browser.close()
    return made


def _nodes(page: Page) -> int:
    found: int = page.evaluate(
        "() => { const walker = document.createTreeWalker(document); let n = 1;"
        " while (walker.nextNode()) n += 1; return n; }"
    )
    return found


def write_short_runs(folder: Path, sizes: Sequence[int]) -> Path:
    """A list of synthetic runs of 400 losses each, with their files, no two alike.

    Args:
        folder: Made.
        sizes: Runs of each family; of every eleven, each has another number of digits.

    Returns:
        The list.
    """
    lines = [
        'title = "Synthetic runs"',
        "synthetic = true",
        "[source]",
        'type = "directory"',
        'path = "runs/{name}/training_loss.json"',
    ]
    chance = np.random.default_rng(0)
    number = 0
    for family, size in enumerate(sizes):
        names = []
        for _ in range(size):
            digits = 5 + number % 11
            name = f"add_d{digits}_l2_h3_t1K_s{100000 + number}"
            file = folder / "runs" / name / "training_loss.json"
            file.parent.mkdir(parents=True)
            falls = np.linspace(1, chance.uniform(-8, -2), _SHORT) + chance.normal(0, 0.3, _SHORT)
            text = orjson.dumps(np.exp(falls), option=orjson.OPT_SERIALIZE_NUMPY).decode()
            config = json.dumps({"n_digits": digits, "lr": float(f"{chance.uniform(1e-4, 1e-2):.2g}")})
            file.write_text(f'{{"Config": {config}, "TrainingLoss": {text}}}')
            names.append(name)
            number += 1
        lines += ["[[family]]", f'name = "Family {family + 1}"', f"runs = {json.dumps(names)}"]
    file = folder / "synthetic.toml"
    file.write_text("\n".join(lines) + "\n")
    return file
