"""The rows of ``docs/benchmarks.md``, measured in one go: ``python -m benchmarks [--gpu] [--small]``.

``--pages`` measures the pages of many runs instead, ``--workers`` workers of Dask.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks import builds, events, numeric, pages, reading, workers
from benchmarks.row import table


def main() -> None:
    """Prints a Markdown table, row by row."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--gpu", action="store_true", help="add the rows that need a CUDA device")
    parser.add_argument("--small", action="store_true", help="leave out builds of 270 runs and more")
    parser.add_argument("--pages", action="store_true", help="measure pages of many runs in Chromium alone")
    parser.add_argument("--workers", action="store_true", help="measure workers of Dask alone")
    options = parser.parse_args()
    print("All runs are synthetic. Seconds, unless a row names another unit; a ratio is theirs to ours.\n")
    if options.pages:
        parts = [pages.rows(large=not options.small)]
    elif options.workers:
        parts = [workers.rows()]
    else:
        parts = [reading.rows(), events.rows(), numeric.rows(), builds.rows(large=not options.small)]
    if options.gpu:
        parts.append(numeric.gpu_rows())
    for line in table(row for part in parts for row in part):
        print(line)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
