"""The job: lists in, a report out."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import reportgen
from reportgen import model_list, selection, waivers, work
from reportgen.curves.devices import unused_gpu
from reportgen.discover import Discovered, discover, look
from reportgen.errors import ReportgenError
from reportgen.kinds import Problem
from reportgen.log import Log
from reportgen.model_list import FamilySpec, ModelList, RunSpec
from reportgen.model_list.mistakes import shown
from reportgen.notation import condition, measured
from reportgen.options import FORMATS, BuildOptions, command_words
from reportgen.outputs import folder, own_templates
from reportgen.patterns import is_pattern
from reportgen.provenance import inputs_digest, versions
from reportgen.pull import Pulled, PullOptions, find, pull
from reportgen.text import one_line

if TYPE_CHECKING:
    from reportgen.cache import Cache
    from reportgen.executors import Executor
    from reportgen.executors.dask import Dask
    from reportgen.outputs.images import Drawer
    from reportgen.outputs.typesetter import Typesetter
    from reportgen.report import Report

__all__ = ["Outcome", "run"]

# Above this many runs a page with 800 points a curve would grow past what a browser opens smoothly.
_MANY_RUNS = 100
_POINTS, _POINTS_OF_MANY = 800, 300
_LONGEST_LINE = 1000
_MOST_PASSED = 3
_LAST_SECOND = 253402300799  # of the year 9999
_ALWAYS = ("report.json", "summary.md", folder.MANIFEST)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a build.

    Attributes:
        report: None where nothing changed and so nothing was made.
        out: The output folder.
        exit_code: 0, 3, 4 or 5 of the contract.
        changed: Whether anything was written.
        missing_formats: Format to the reason why it could not be made.
    """

    report: Report | None
    out: Path
    exit_code: int
    changed: bool
    missing_formats: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A run and its place in the lists."""

    family: FamilySpec
    position: int
    spec: RunSpec
    settings: work.RunSettings


def run(
    lists: Sequence[str],
    out: Path,
    options: BuildOptions,
    log: Log | None = None,
    *,
    skip_if_current: bool = True,
) -> Outcome:
    """The whole job, step by step.

    Args:
        lists: TOML files, folders, names of lists that ship, or a ``report.json``.
        out: The output folder.
        options: How.
        log: Where progress goes; None says nothing.
        skip_if_current: Whether a report that would be the same is left as it is.

    Raises:
        ReportgenError: Nothing was written.
    """
    log = log or Log()
    _epoch()  # A mistake there is reported before anything slow.
    executor = _executor(options, log)
    there = executor if options.scheduler else None
    deadline = None if options.timeout is None else time.monotonic() + options.timeout
    for line in () if options.templates is None else own_templates.check(options.templates):
        log.warn(line)
    baseline, curves = (None, {}) if options.baseline is None else _baseline(options.baseline)
    loaded = model_list.load(lists, lambda place: _list_of(place, log))
    folder.check(out, (*_ALWAYS, *(f"report.{name}" for name in options.formats)))
    found = _discovered(loaded, options, deadline, there, log)
    chosen = selection.chosen(found.lists, options.families, options.runs)
    entries = _entries(chosen)
    pulled = _pull(entries, options, deadline, there, log)
    chosen, entries, pulled = _without_passed(chosen, entries, pulled, log)
    for entry, one in zip(entries, pulled, strict=True):
        if isinstance(one, Pulled):
            log.info(one_line(f"{entry.family.name}: {entry.spec.name}: {_origin(one)}", _LONGEST_LINE))
    of_all = [*pulled, *found.problems]
    inputs = inputs_digest(
        chosen, of_all, _command(lists, options), options.templates, (baseline, curves), _now()
    )
    old = folder.read_manifest(out)
    to_prune = options.prune and old is not None and old.get("stale")
    if skip_if_current and not to_prune and old is not None and folder.is_current(out, old, inputs):
        _warn(old, log)
        log.say(f"{out}: nothing changed since the last build; nothing is rewritten")
        return Outcome(None, out, _exit_code(old, False, options), False, {})
    # Not before: numbers, figures and templates are slow to load, and often nothing has changed.
    from reportgen.outputs.files import make_files

    with _opened_cache(options, log) as store, _printers(options) as printers:
        report = _report(
            lists, chosen, entries, pulled, found.problems, baseline, options, store, executor, log
        )
        if not report.runs:
            raise ReportgenError(_no_run_text(report))
        if baseline is not None and options.baseline is not None:
            from reportgen import old_curves

            report = old_curves.added(report, baseline, options.baseline.parent, curves)
        made = make_files(
            report,
            formats=options.formats,
            templates=options.templates,
            paper_size=options.paper,
            printers=printers,
            store=store,
            log=log,
        )
    said = _warnings(report)
    manifest = {
        "schema": 1,
        "reportgen": reportgen.__version__,
        "created": report.created,
        "inputs_digest": inputs if not made.missing_formats else None,
        "command": list(report.command),
        "versions": dict(report.versions),
        "inputs": [
            dataclasses.asdict(one.source)
            if isinstance(one, Pulled)
            else {"problem": one.kind, "run": one.run}
            for one in of_all
        ],
        "problems": len(report.problems),
        "failed_expectations": len(said["failed"]),
        **said,
    }
    with log.step("write"):
        unasked = set(FORMATS) - set(options.formats) if not options.prune else set()
        folder.publish(out, made.files, manifest, stays=lambda name: _format_of(name) in unasked)
    no_figures = "" if any(name.startswith("figures/") for name in made.files) else " and figures/"
    for name, reason in made.missing_formats.items():
        log.warn(f"report.{name}{no_figures} could not be made: {reason}")
    _warn(manifest, log)
    code = _exit_code(manifest, bool(made.missing_formats), options)
    return Outcome(report, out, code, True, made.missing_formats)


def _format_of(name: str) -> str | None:
    """The format that a file of the report is made for; None of those that every build makes."""
    if name == "report.html":
        return "html"
    return "pdf" if name == "report.pdf" or name.startswith("figures/") else None


def _baseline(file: Path) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """A report to compare with, and the curves of its build."""
    from reportgen import changes, old_curves

    return changes.read_baseline(file), old_curves.of_build(file)


def _entries(lists: Sequence[ModelList]) -> list[_Entry]:
    """Every run of every family, with the settings of its curves."""
    families = [family for one in lists for family in one.families]
    many = sum(len(family.runs) for family in families) > _MANY_RUNS
    return [
        _Entry(
            family,
            position,
            spec,
            work.settings_of(family, spec, _POINTS_OF_MANY if many else _POINTS),
        )
        for family in families
        for position, spec in enumerate(family.runs)
    ]


def _list_of(place: Path, log: Log) -> str:
    """The list of a folder that holds none: what ``reportgen init`` would write."""
    from reportgen import first_list

    made = first_list.of_folder(place)
    for line in made.said:
        log.say(line)
    return made.text


def _discovered(
    lists: Sequence[ModelList], options: BuildOptions, deadline: float | None, there: Dask | None, log: Log
) -> Discovered:
    """The lists with the runs that their patterns find."""
    families = [family for one in lists for family in one.families]
    if not any(spec.is_pattern for family in families for spec in family.runs):
        return Discovered(tuple(lists))
    with log.step("find"):
        found = discover(
            lists,
            _pull_options(options, deadline),
            families=options.families,
            looker=look if there is None else there.look,
            on_wait=log.say,
        )
    for note in found.notes:
        log.say(note)
    return found


def _without_passed(
    lists: tuple[ModelList, ...], entries: list[_Entry], pulled: list[Pulled | Problem], log: Log
) -> tuple[tuple[ModelList, ...], list[_Entry], list[Pulled | Problem]]:
    """All without the runs that a listing told and that hold no series: they are none, and no problem."""
    passed = {
        (entry.family.slug, entry.position): one_line(one.message)
        for entry, one in zip(entries, pulled, strict=True)
        if isinstance(one, Problem) and one.kind == "missing" and entry.spec.found and not entry.spec.sha256
    }
    if not passed:
        return lists, entries, pulled
    left = [
        one
        for entry, one in zip(entries, pulled, strict=True)
        if (entry.family.slug, entry.position) not in passed
    ]
    lists = _less(lists, passed, log)
    return lists, _entries(lists), left


def _less(
    lists: tuple[ModelList, ...], passed: Mapping[tuple[str, int], str], log: Log
) -> tuple[ModelList, ...]:
    """The lists without what patterns found and is no run: places in families, by slug, and why."""
    some = "; ".join(list(passed.values())[:_MOST_PASSED]) + ("; ..." if len(passed) > _MOST_PASSED else "")
    found = f"left out, since they hold no series: {len(passed):,} of the runs found"
    log.say(one_line(f"{found} ({some})", _LONGEST_LINE))

    def kept(family: FamilySpec) -> FamilySpec:
        runs = tuple(
            spec for position, spec in enumerate(family.runs) if (family.slug, position) not in passed
        )
        return dataclasses.replace(family, runs=runs)

    return tuple(dataclasses.replace(one, families=tuple(map(kept, one.families))) for one in lists)


def _pull_options(options: BuildOptions, deadline: float | None) -> PullOptions:
    return PullOptions(
        jobs=options.jobs,
        offline=options.offline,
        max_file_size=options.max_file_size,
        deadline=deadline,
        cache=_cache_folder(options),
        analyses=True,
    )


def _pull(
    entries: Sequence[_Entry], options: BuildOptions, deadline: float | None, there: Dask | None, log: Log
) -> list[Pulled | Problem]:
    with log.step("pull", len(entries)) as progress:
        pulled = pull(
            [(entry.family.name, entry.spec) for entry in entries],
            _pull_options(options, deadline),
            finder=find if there is None else there.find,
            on_done=progress.advance,
            on_wait=log.say,
        )
    _say_unasked(pulled, options, log)
    return pulled


def _say_unasked(pulled: Sequence[Pulled | Problem], options: BuildOptions, log: Log) -> None:
    """Says how many runs the cache alone vouches for: a warning, unless that is what was asked for."""
    unasked = sum(isinstance(one, Pulled) and not one.checked for one in pulled)
    if not unasked:
        return
    # Loaded already: no other source leaves a run unchecked.
    from huggingface_hub import is_offline_mode

    share = f"{unasked:,} of {len(pulled):,}"
    if options.offline or is_offline_mode():
        log.say(f"runs taken from the cache, since this build is offline: {share}")
    else:
        log.warn(f"runs taken from the cache, since the Hub gave no useful answer: {share}")


def _origin(run: Pulled) -> str:
    """Where a run's file came from, in words."""
    source = run.source
    if source.repo is None:
        return str(run.path)
    asked = "" if run.checked else "; the Hub was not asked"
    return f"{source.repo} @ {source.revision}: {source.file}{asked}"


def _report(
    names: Sequence[str],
    lists: tuple[ModelList, ...],
    entries: Sequence[_Entry],
    pulled: Sequence[Pulled | Problem],
    of_patterns: Sequence[Problem],
    baseline: Mapping[str, Any] | None,
    options: BuildOptions,
    store: Cache,
    executor: Executor | None,
    log: Log,
) -> Report:
    """Measures what was pulled and puts the report together."""
    from reportgen import assemble, judging, measure
    from reportgen.report import Report, Selected

    usable = [(entry, one) for entry, one in zip(entries, pulled, strict=True) if isinstance(one, Pulled)]
    with log.step("compute", len(usable)) as progress:
        measured = measure.measure(
            [(one, entry.settings) for entry, one in usable],
            options.device,
            store,
            progress,
            limit=options.max_file_size,
            executor=executor,
        )
    log.info(one_line(f"computed: {', '.join(measured.computed) or 'none'}", _LONGEST_LINE))
    results = iter(measured.results)
    made: dict[tuple[str, int], assemble.MeasuredRun] = {}
    problems: list[Problem] = list(of_patterns)
    passed: dict[tuple[str, int], str] = {}
    for entry, one in zip(entries, pulled, strict=True):
        if isinstance(one, Problem):
            problems.append(one)
            continue
        result = next(results)
        place = (entry.family.slug, entry.position)
        if isinstance(result, measure.Measured):
            made[place] = assemble.MeasuredRun(one, result)
        elif result.no_series and entry.spec.found and not entry.spec.sha256:
            passed[place] = result.reason
        else:
            problems.append(Problem(entry.family.name, entry.spec.name, "unreadable", result.reason))
    if passed:
        kept = [entry for entry in entries if (entry.family.slug, entry.position) not in passed]
        lists = _less(lists, passed, log)
        made = {
            (new.family.slug, new.position): made[old.family.slug, old.position]
            for old, new in zip(kept, _entries(lists), strict=True)
            if (old.family.slug, old.position) in made
        }
    families, found = judging.judged(assemble.families(lists, made))
    report = Report(
        title=options.title or model_list.title_of(lists),
        description="\n\n".join(one.description for one in lists if one.description),
        created=_now(),
        version=reportgen.__version__,
        device=", ".join(dict.fromkeys(one.measured.device for one in made.values())) or options.device,
        device_notes=(*measured.notes, *filter(None, (unused_gpu(options.device),))),
        lists=lists,
        families=families,
        problems=tuple(problems),
        checks=assemble.unchecked(lists, made),
        changes=None,
        versions=versions(),
        command=_command(names, options),
        selected=Selected(options.families, options.runs),
        findings=found,
    )
    report = waivers.judged(report)
    if baseline is None:
        return report
    from reportgen import changes

    return changes.against(report, baseline)


def _now() -> str:
    """``SOURCE_DATE_EPOCH`` where it is set, else the time, in UTC."""
    epoch = _epoch()
    seconds = int(time.time()) if epoch is None else epoch
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _epoch() -> int | None:
    text = os.environ.get("SOURCE_DATE_EPOCH", "").strip()
    if not text:
        # As CI sets what has no value. NumPy reads it too, and ends in an error where it is empty.
        os.environ.pop("SOURCE_DATE_EPOCH", None)
        return None
    if (
        text.isascii()
        and text.isdigit()
        and len(text) <= len(str(_LAST_SECOND))
        and int(text) <= _LAST_SECOND
    ):
        return int(text)
    wrong = f"{shown(text)} is not a number of seconds from 0 to {_LAST_SECOND}"
    raise ReportgenError(f"SOURCE_DATE_EPOCH: {wrong}; set one, or unset it", exit_code=2)


def _command(names: Sequence[str], options: BuildOptions) -> tuple[str, ...]:
    """The command less its places and its ways of speaking: what shaped the report."""
    return ("reportgen", "build", *(Path(name).name for name in names), *command_words(options))


def _executor(options: BuildOptions, log: Log) -> Dask | None:
    """Where runs are measured, and found too if those are other machines, if not in this process."""
    if not options.scheduler and not options.workers:
        return None
    from reportgen.executors.dask import Dask

    return Dask(
        scheduler=options.scheduler or "",
        workers=options.workers or 0,
        say=log.say,
        pulling=_pull_options(options, None),
    )


def _cache_folder(options: BuildOptions) -> Path | None:
    """Where builds keep what they may use again; None for nowhere."""
    from reportgen import cache

    return (options.cache_dir or cache.default_folder()) if options.use_cache else None


@contextmanager
def _opened_cache(options: BuildOptions, log: Log) -> Iterator[Cache]:
    from reportgen import cache

    place = _cache_folder(options)
    with cache.open_cache(place) as store:
        if place is not None and not store.usable:
            log.warn(f"{place}: cannot hold the build cache, so this build goes without; name a --cache-dir")
        yield store


@contextmanager
def _printers(options: BuildOptions) -> Iterator[tuple[Drawer, Typesetter] | None]:
    """Begins to start Chrome and the typesetter, which takes as long as the numbers do."""
    if "pdf" not in options.formats:
        yield None
        return
    from reportgen.outputs.images import Drawer
    from reportgen.outputs.typesetter import Typesetter

    with Typesetter() as typesetter, Drawer() as drawer:
        yield drawer, typesetter


def _warnings(report: Report) -> dict[str, list[str]]:
    """What is wrong with a report, a line each: in the manifest, so that it is said as long as it is true."""
    told = [f"{family.name}: {line}" for family in report.families for line in family.warnings]
    from reportgen import tables

    problems = [f"{one.family}: {one.run}: {one.message}" for one in report.problems]
    said: dict[str, list[str]] = {"failed": [], "waived": []}
    for check in (check for run_ in report.runs for check in run_.checks if check.outcome in said):
        found = f"{tables.metric_title(check.metric)} is {measured(check.actual)}"
        line = f"{check.family}: {check.run}: {found}, expected {condition(check.expected)}"
        said[check.outcome].append(f"{line}; {check.note}" if check.note else line)
    said["warnings"] = [*report.device_notes, *told, *problems]
    return {kind: [one_line(line, _LONGEST_LINE) for line in lines] for kind, lines in said.items()}


def _warn(manifest: Mapping[str, Any], log: Log) -> None:
    for line in manifest.get("waived", ()):
        log.say(line)
    for line in manifest["warnings"]:
        log.warn(line)
    for line in manifest["failed"]:
        log.fail(line)


def _exit_code(manifest: Mapping[str, Any], formats_missing: bool, options: BuildOptions) -> int:
    if manifest["failed_expectations"]:
        return 4
    if formats_missing:
        return 5
    return 3 if manifest["problems"] and not options.allow_missing else 0


def _no_run_text(report: Report) -> str:
    if not report.problems:
        if report.families:
            return "no run that the lists' patterns found holds a series; correct the patterns or the source"
        return "the lists name no run; name at least one under [[family]]"
    first, number = report.problems[0], len(report.problems)
    if all(is_pattern(one.run) for one in report.problems):
        return f"no run was found, so nothing is written; {first.family}: {first.message}"
    if number == 1:
        return f"the one run could not be used, so nothing is written; {first.run}: {first.message}"
    return (
        f"not one of {number:,} runs could be used, so nothing is written; "
        f"the first, {first.run}: {first.message}"
    )
