"""One night: a report compared with the last one, filed in a site with an index of thirty.

``python -m reportgen.nightly SITE LIST... [OPTIONS]`` builds into ``SITE/<date>``, with the newest
report there as the baseline; the options are those of ``reportgen build``, less ``--out``. A night that
writes no report leaves SITE as it was. ``SITE_URL`` in the environment says where SITE is published.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import orjson

from reportgen import baseline, changes, cli
from reportgen.errors import ReportgenError
from reportgen.outputs.folder import MANIFEST, amend
from reportgen.outputs.templating import environment
from reportgen.outputs.trends import trends
from reportgen.terminal import make_log

__all__ = ["Night", "file_away", "main", "nights", "read", "run", "summarise", "tell", "write_index"]

_KEPT = 30
_BUILDING = ".tonight"
# Without what would end a link in Markdown.
_ADDRESS = re.compile(r"https?://[^\s()<>\[\]]{1,500}")
# What an older night keeps; figures, tables and curves of thirty nights would outgrow a published site.
_OLD_FILES = ("report.html", "report.pdf", "report.json", "summary.md", MANIFEST)


@dataclass(frozen=True, slots=True)
class Night:
    """A report in the site.

    Attributes:
        name: Its folder's: in a site the date, ``-2`` after it for the second of a day.
        created: UTC, ISO 8601.
        title: Of the report.
        runs: How many were used.
        problems: How many could not be.
        failed: Expectations that do not hold.
        changes: Runs that are news since its baseline, as a rule the night before; None without one.
        has_pdf: Whether there is a ``report.pdf``.
        unasked: Runs that came from the cache, since their source gave no answer.
        diverged: Runs whose last losses are not all finite.
        ranked: Family to what it ranks by, and the value of its first run by that; None where none has one.
    """

    name: str
    created: str
    title: str
    runs: int
    problems: int
    failed: int
    changes: int | None
    has_pdf: bool
    unasked: int = 0
    diverged: int = 0
    ranked: Mapping[str, tuple[str, float | None]] = field(default_factory=dict)


def nights(site: Path) -> list[Night]:
    """The nights in ``site``, newest first; what is no report is passed over."""
    found = [night for folder in _folders(site) if (night := read(folder)) is not None]
    return sorted(found, key=lambda night: (night.created, night.name), reverse=True)


def _folders(site: Path) -> Iterable[Path]:
    """Not through links: a night grows thin and goes, and so would somebody's report elsewhere."""
    return (folder for folder in site.glob("????-??-??*") if not folder.is_symlink())


def file_away(site: Path, built: Path, now: datetime) -> str:
    """Moves the report in ``built`` into ``site`` under its date, and drops what is too old.

    Args:
        site: Of the nights; made if it does not exist.
        built: A finished report, on the same file system.
        now: Whose date the night gets.

    Returns:
        The night's name.
    """
    day = now.strftime("%Y-%m-%d")
    names = (day if count == 1 else f"{day}-{count}" for count in range(1, 1000))
    name = next(name for name in names if not (site / name).exists())
    built.rename(site / name)
    kept = nights(site)
    for night in kept[1:_KEPT]:
        _thin(site / night.name)
    write_index(site, kept[:_KEPT])
    for night in kept[_KEPT:]:
        shutil.rmtree(site / night.name)
    return name


def write_index(site: Path, listed: Sequence[Night]) -> None:
    """Writes ``index.html``, and ``latest/index.html``, which sends on to the newest report."""
    template = environment().get_template("nights.html.j2")
    _replace(site / "index.html", template.render(nights=listed, latest=None, trends=trends(listed)))
    _replace(site / "latest" / "index.html", template.render(nights=listed, latest=listed[0]))


def run(site: Path, arguments: Sequence[str], url: str = "") -> tuple[int, Path | None]:
    """Builds tonight's report and files it.

    Args:
        site: Of the nights; made if it does not exist, left as it is when no report is written.
        arguments: Lists and options of ``reportgen build``; a ``--baseline`` among them goes before ours.
        url: Where the site is published, for a link in ``summary.md``; empty where that is not known.

    Returns:
        The exit code of the build, and the night's folder: None where no report was written.
    """
    building = site / _BUILDING
    for place in (building, site / "latest"):
        if place.is_symlink():
            make_log().error(
                f"{place}: is a link, and a night writes nowhere but in its own site; remove the link"
            )
            summarise(None, 1)
            return 1, None
    found = _baseline(site)
    since = [] if found is None else ["--baseline", str(found)]
    # A night that was killed may have left it.
    shutil.rmtree(building, ignore_errors=True)
    try:
        code = cli.main(cli.with_options(["build", *since, *arguments], "-o", str(building)), moved=True)
        written = (building / MANIFEST).exists()
        folder = site / file_away(site, building, datetime.now(UTC)) if written else None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    if folder is not None and _ADDRESS.fullmatch(url):
        _link(folder, f"{url.rstrip('/')}/{folder.name}/report.html")
    summarise(folder, code)
    return code, folder


def _link(folder: Path, page: str) -> None:
    """Adds the page's address to a night's summary, below its first line."""
    summary = folder / "summary.md"
    first, _, rest = summary.read_text(encoding="utf-8").partition("\n")
    if (folder / "report.html").exists():
        amend(folder, summary.name, f"{first}\n\n[The report]({page})\n{rest}".encode())


def _baseline(site: Path) -> Path | None:
    """The newest report that can be compared with; one that cannot must not fail every night after it."""
    log = make_log()
    for folder in sorted(_folders(site)):
        if (folder / "report.json").exists() and read(folder) is None:
            log.warn(f"{folder}: holds no complete report and is skipped; remove it")
    for night in nights(site):
        file = site / night.name / "report.json"
        try:
            changes.read_baseline(file)
        except ReportgenError as error:
            log.warn(f"the report of {night.name} is not used as the baseline: {error}")
        else:
            return file
    return None


def summarise(folder: Path | None, code: int) -> None:
    """Adds ``summary.md`` to the job summary of GitHub Actions, or that there is none."""
    if folder is not None and (summary := folder / "summary.md").exists():
        tell("GITHUB_STEP_SUMMARY", summary.read_text(encoding="utf-8"))
    else:
        tell("GITHUB_STEP_SUMMARY", f"No report was written (exit code {code}). What was published stays.\n")


def tell(variable: str, text: str) -> None:
    """Appends ``text`` to the file that GitHub Actions names in ``variable``; elsewhere does nothing."""
    if path := os.environ.get(variable):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one night.

    Returns:
        The exit code of ``reportgen build``.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        options = _options(words)
    except ReportgenError as error:
        make_log().error(str(error))
        code, folder = error.exit_code, None
        summarise(folder, code)
    else:
        site = Path(options.site)
        code, folder = run(site, words[1:], os.environ.get("SITE_URL", ""))
        if folder is not None:
            cli.log_of(options).say(f"{cli.pages(folder)}; all nights: {site / 'index.html'}")
            if options.open:
                cli.open_page(folder)
    tell("GITHUB_OUTPUT", f"exit-code={code}\nnight={folder.name if folder else ''}\n")
    return code


def _options(words: Sequence[str]) -> argparse.Namespace:
    """The command line, read; what follows SITE goes on to ``reportgen build`` as it is."""
    parser = cli.Parser(
        prog="python -m reportgen.nightly",
        usage="python -m reportgen.nightly SITE LIST... [OPTIONS of reportgen build]",
        description="Builds tonight's report, compares it with the newest one in SITE and files it there.",
    )
    parser.add_argument("site", metavar="SITE", help="folder of the nights, with an index of the last 30")
    parser.add_argument("lists", nargs="+", metavar="LIST", help=cli.LISTS)
    parser.add_argument("-o", "--out", type=_refused, help=argparse.SUPPRESS)
    cli.add_build_options(parser)
    options = parser.parse_args(words)
    if words[0].startswith("-"):
        parser.error("SITE comes first")
    return options


def _refused(_: str) -> NoReturn:
    raise argparse.ArgumentTypeError("SITE is where the report goes; remove this option")


def read(folder: Path) -> Night | None:
    """The report in ``folder``; None where there is none that can be read."""
    try:
        report = orjson.loads((folder / "report.json").read_bytes())
        manifest = orjson.loads((folder / MANIFEST).read_bytes())
        if not baseline.is_time(report["created"]):  # nights are sorted by it
            return None
        families = report["families"]
        runs = [run for family in families for run in family["runs"]]
        return Night(
            name=folder.name,
            created=report["created"],
            title=str(report["title"]),
            runs=len(runs),
            problems=len(report["problems"]),
            failed=int(manifest["failed_expectations"]),
            changes=None if report.get("changes") is None else changes.count(report["changes"]),
            has_pdf=(folder / "report.pdf").exists(),
            unasked=sum("not_checked" in run.get("marks", ()) for run in runs),
            diverged=sum(map(_diverged, runs)),
            ranked={str(family.get("name")): baseline.first_ranked(family) for family in families},
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, OverflowError):
        return None


def _diverged(run: Mapping[str, Any]) -> bool:
    """Whether a run's end is not finite: one that recovered has the mark too, but an end."""
    return "diverged" in run.get("marks", ()) and run.get("metrics", {}).get("end") is None


def _thin(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name not in _OLD_FILES:
            entry.unlink()


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)  # A link of that name would be written through.
    new.write_text(text, encoding="utf-8")
    new.replace(path)


if __name__ == "__main__":
    sys.exit(main())
