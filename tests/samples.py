"""Small reports made by hand, for the tests of outputs: no file is read, no torch is needed.

Everything here is synthetic. ``summarise`` is plain NumPy, one window at a time, so that tests of
outputs do not lean on the code of ``reportgen.curves``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from reportgen.agreement import agrees_listed, agrees_recorded
from reportgen.attributes import varied_of
from reportgen.curves.summary import THRESHOLDS, Curve, Envelope, LossMetrics, Summary
from reportgen.judging import judged
from reportgen.kinds import FloatArray, Problem, SourceRecord
from reportgen.model_list import (
    DirectorySource,
    FamilySpec,
    HubSource,
    ModelList,
    RunSpec,
    Smoothing,
    slugify,
    with_runs,
)
from reportgen.naming import QUANTA_MATHS, Attributes
from reportgen.report import Check, Conflict, FamilyReport, Report, RunReport, SeriesReport

WINDOW = 5

RTL = "\u202egnp.exe\u202c\u2066\u200f"
ESCAPES = "\x1b[31mred\x1b[0m\x1b]0;owned\x07\x9b2J\x00\x7f"
HOSTILE: tuple[str, ...] = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "\"'><svg/onload=alert(1)>",
    "</style><style>*{display:none}",
    "[click](javascript:alert(1)) ![x](http://example.org/x.png)",
    "| a | b |\n| --- | --- |\n`code` **bold** _it_ # head",
    r"\input{/etc/passwd} \write18{id} $x^2$ 50% & # _ { } ~ ^",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(1,1)",
    "\t=1+1",
    "\r=1+1",
    "{{ 7*7 }} {% raw %}",
    "::error file=a::injected",
    RTL,
    ESCAPES,
    "\u2028\u2029\ufeff\ud7ff é 漢字 🙂",
    "x" * 10_000,
)
"""Text that a stranger may put anywhere; every output must show it as text."""


def losses(
    steps: int = 60, *, start: float = 2.9, end: float = 3.3e-9, seed: int = 0, spikes: Iterable[int] = ()
) -> FloatArray:
    """(steps,) float64: losses that fall by powers of ten, with noise and with spikes where told."""
    noise = np.random.default_rng(seed).normal(0.0, 0.05, steps)
    values = np.asarray(np.geomspace(start, end, steps) * np.exp(noise), dtype=np.float64)
    for step in spikes:
        values[step] *= 500.0
    return values


@np.errstate(over="ignore")
def summarise(values: Sequence[float] | FloatArray, *, window: int = WINDOW, points: int = 800) -> Summary:
    """The summary of (steps,) losses, partial edges, one window at a time."""
    loss = np.asarray(values, dtype=np.float64)
    steps = len(loss)
    windows = [loss[max(0, i - window // 2) : i - window // 2 + window] for i in range(steps)]
    finite = [w[np.isfinite(w)] for w in windows]
    mean = np.array([w.mean() if len(w) else math.nan for w in finite])
    low = np.array([w.min() if len(w) else math.nan for w in finite])
    high = np.array([w.max() if len(w) else math.nan for w in finite])
    early = min(steps, 40)
    bad = np.flatnonzero(~np.isfinite(loss))
    good = np.flatnonzero(np.isfinite(loss))
    least = int(good[np.argmin(loss[good])]) if len(good) else None
    tail, last = loss[-5:], loss[-max(5, window) :]
    spikes = []
    for i in range(window, steps):
        before = loss[i - window : i]
        before = before[np.isfinite(before)]
        positive = len(before) and (before > 0).all()
        if math.isfinite(loss[i]) and positive and loss[i] > 10 * before.mean():
            spikes.append(i)
    below = {key: np.flatnonzero(mean < float(key) * (1 - 1e-6)) for key in THRESHOLDS}
    metrics = LossMetrics(
        steps=steps,
        final_loss=float(loss[-1]) if math.isfinite(loss[-1]) else None,
        avg_final_loss=math.fsum(tail) / len(tail) if np.isfinite(tail).all() else None,
        min_loss=None if least is None else float(loss[least]),
        min_loss_step=least,
        nonfinite=len(bad),
        first_nonfinite_step=int(bad[0]) if len(bad) else None,
        nonpositive=int((loss <= 0).sum()),
        spikes=tuple(spikes),
        steps_to={key: int(found[0]) if len(found) else None for key, found in below.items()},
        trained_steps=steps,
        best=None if least is None else float(loss[least]),
        best_step=least,
        end=math.fsum(last) / len(last) if np.isfinite(last).all() else None,
        end_spread=float(last.std(ddof=1)) if np.isfinite(last).all() and len(last) > 1 else None,
        end_entries=len(last),
    )
    raw = np.where(np.isfinite(loss), loss, math.nan)
    drawn = _thinned(steps, mean, low, high, points)
    return Summary(
        metrics=metrics,
        curve=drawn,
        early=_thinned(early, mean[:early], low[:early], high[:early], points),
        raw=Envelope(steps, drawn.step, *_ranges(drawn.step, raw, raw)),
        raw_early=loss[:20].copy(),
        raw_early_step=np.arange(min(20, steps)),
        end=_from(max(0, min(steps - 5, steps * 4 // 5)), mean, low, high),
        window=window,
    )


def _from(first: int, mean: FloatArray, low: FloatArray, high: FloatArray) -> Curve:
    step = np.arange(first, len(mean))
    return Curve(len(mean), step, mean[first:], low[first:], high[first:])


def series_report(summary: Summary, name: str = "loss", **fields: Any) -> SeriesReport:
    """A series as a run has it."""
    usual = {"source_name": name, "better": "lower", "step_unit": "step", "evaluation": False}
    return SeriesReport(name=name, summary=summary, **usual | fields)  # type: ignore[arg-type]


def with_summary(run: RunReport, **fields: Any) -> RunReport:
    """A run whose ranked series has another summary, or other parts of one."""
    one = run.series[run.ranked]
    summary = fields.pop("summary", None) or dataclasses.replace(one.summary, **fields)
    series = {**run.series, run.ranked: dataclasses.replace(one, summary=summary)}
    return dataclasses.replace(run, series=series)


def _ranges(step: Any, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Least and greatest value over the steps nearest to each of ``step``."""
    starts = np.concatenate(([0], (step[:-1] + step[1:]) // 2 + 1))
    return (
        np.fmin.reduceat(low, starts),
        np.fmax.reduceat(high, starts),
    )


def _thinned(steps: int, mean: FloatArray, low: FloatArray, high: FloatArray, points: int) -> Curve:
    step = np.unique(np.linspace(0, steps - 1, min(points, steps)).round().astype(np.int64))
    return Curve(steps, step, mean[step], *_ranges(step, low, high))


def run_spec(name: str, *, source: HubSource | DirectorySource | None = None, **fields: Any) -> RunSpec:
    """A run of a list; on the Hub unless told otherwise."""
    hub = HubSource("PhilipQuirke/QuantaMaths_{name}", "training_loss.json", "main")
    return RunSpec(name=name, source=source or hub, **fields)


def run_report(
    name: str,
    values: Sequence[float] | FloatArray | None = None,
    *,
    spec: RunSpec | None = None,
    label: str | None = None,
    slug: str | None = None,
    config: Mapping[str, Any] | None = None,
    recorded: Mapping[str, float] = MappingProxyType({}),
    marks: Iterable[str] = (),
    conflicts: Sequence[Conflict] = (),
    checks: Sequence[Check] = (),
    revision: str = "0123456789abcdef0123456789abcdef01234567",
    sha256: str = "ab" * 32,
    attrs: Attributes | None = None,
) -> RunReport:
    """One run; marks that follow from the numbers are set, ``marks`` adds more."""
    spec = spec or run_spec(name)
    attrs = attrs if attrs is not None else QUANTA_MATHS.read(name)
    summary = summarise(losses() if values is None else values)
    metrics = summary.metrics
    found = set(marks)
    if metrics.nonfinite:
        found.add("diverged")
    if metrics.nonpositive:
        found.add("nonpositive")
    if not agrees_recorded(metrics.avg_final_loss, recorded.get("avg_final_loss")):
        found.add("recorded_differs")
    if not agrees_listed(metrics.avg_final_loss, spec.listed.get("avg_final_loss")):
        found.add("listed_differs")
    hub = isinstance(spec.source, HubSource)
    source = SourceRecord(
        kind="hub" if hub else "directory",
        repo=f"PhilipQuirke/QuantaMaths_{name}" if hub else None,
        requested_revision=spec.source.revision if isinstance(spec.source, HubSource) else None,
        revision=revision if hub else None,
        file="training_loss.json" if hub else f"runs/{name}/training_loss.json",
        sha256=sha256,
    )
    return RunReport(
        spec=spec,
        label=label or (name if attrs.get("digits") is None else f"d{attrs['digits']}"),
        slug=slug or slugify(name, set()),
        attributes=attrs,
        config={"n_digits": attrs.get("digits"), "lr": 8e-5, "batch_size": 64, "weight_decay": 0.1}
        if config is None
        else config,
        recorded=dict(recorded),
        series={"loss": series_report(summary)},
        source=source,
        marks=tuple(sorted(found)),
        conflicts=tuple(conflicts),
        checks=tuple(checks),
    )


def family_report(
    name: str, runs: Sequence[RunReport], *, slug: str | None = None, **fields: Any
) -> FamilyReport:
    """A family of these runs."""
    spec = FamilySpec(
        name=name,
        slug=slug or slugify(name, set()),
        description=fields.pop("description", f"{name}, **synthetic**."),
        label=fields.pop("label", "d{digits}"),
        linear_steps=fields.pop("linear_steps", 40),
        smoothing=Smoothing(window=WINDOW),
        runs=(),
        given=frozenset({"window", *({"figures"} & fields.keys())}),
        **{key: value for key, value in fields.items() if key != "specs"},
    )
    varied = varied_of([{} for _ in runs], [run.spec.name for run in runs], [run.attributes for run in runs])
    made = FamilyReport(
        with_runs(spec, fields.get("specs", [run.spec for run in runs])), tuple(runs), varied=varied
    )
    (family,), _ = judged([made])
    return family


def report(
    families: Sequence[FamilyReport],
    *,
    problems: Sequence[Problem] = (),
    checks: Sequence[Check] = (),
    changes: Mapping[str, Any] | None = None,
    title: str = "Sample report",
    **fields: Any,
) -> Report:
    """A report of these families."""
    listed = ModelList(
        file="sample.toml",
        title=title,
        description=fields.get("description", "Made-up runs."),
        families=tuple(family.spec for family in families),
        synthetic=True,
    )
    families, findings = judged(families)
    return Report(
        title=title,
        description=fields.pop("description", "Made-up runs."),
        created="2026-01-02T03:04:05Z",
        version="0.1.0",
        device="cpu",
        device_notes=fields.pop("device_notes", ()),
        lists=(listed,),
        families=tuple(families),
        problems=tuple(problems),
        checks=tuple(checks),
        changes=changes,
        versions={"numpy": "2.4.6", "torch": "2.13.0"},
        command=("--format", "html"),
        findings=findings,
    )


def sample_report(**fields: Any) -> Report:
    """Three families, eight runs: seeds of one size, a diverged run, marks, a problem, checks."""
    digits = []
    for n in (5, 6, 10):
        name = f"add_d{n}_l2_h3_t15K_s372001"
        values = losses(60, end=1e-9 * n, seed=n, spikes=(30,) if n == 6 else ())
        avg = math.fsum(values[-5:]) / 5
        digits.append(
            run_report(
                name,
                values,
                spec=run_spec(
                    name,
                    note="A note with *stars*.",
                    listed={"avg_final_loss": "0.5" if n == 10 else f"{avg:.1e}"},
                    extra={"add_accuracy": 0.999999, "fails_per_million": 3 * n},
                    expect={"avg_final_loss": "<= 1e-3"},
                ),
                recorded={"final_loss": float(values[-1]), "avg_final_loss": round(avg, 9)},
                checks=(Check("Addition", name, "avg_final_loss", "<= 1e-3", avg, "passed"),),
            )
        )
    seeds = []
    for seed in (173289, 372001, 572091):
        name = f"add_d5_l2_h3_t10K_s{seed}"
        seeds.append(
            run_report(
                name, losses(50, end=1e-5, seed=seed % 97), label=f"d5, seed {seed}", sha256=f"{seed:064x}"
            )
        )
    diverged = losses(60, end=1e-2, seed=7)
    diverged[40:] = math.nan
    diverged[41] = math.inf
    bad = "mix_d7_l3_h4_t30K_s572091"
    mixed = [
        run_report("mix_d6_l3_h4_t30K_s572091", losses(60, end=1e-7, seed=3)),
        run_report(
            bad,
            diverged,
            spec=run_spec(bad, expect={"nonfinite": "== 0"}),
            checks=(Check("Mixed", bad, "nonfinite", "== 0", 20, "failed"),),
            config={"n_digits": 7, "avg_final_loss": math.nan, "nested": {"deep": [1, None, math.inf]}},
        ),
    ]
    gone = "mix_d8_l3_h4_t30K_s572091"
    return report(
        [
            family_report("Addition", digits),
            family_report("Seeds", seeds),
            family_report("Mixed", mixed, specs=(*(run.spec for run in mixed), run_spec(gone))),
        ],
        problems=[
            Problem("Mixed", gone, "missing", f"PhilipQuirke/QuantaMaths_{gone} does not exist on the Hub.")
        ],
        checks=[Check("Mixed", gone, "nonfinite", "== 0", None, "not_checked")],
        **fields,
    )


def hostile_report() -> Report:
    """A report whose every text is hostile: one run for each of ``HOSTILE``."""
    family = "".join(HOSTILE[:-1])
    runs = [
        run_report(
            text,
            losses(30, seed=i),
            spec=run_spec(
                text,
                note=text,
                initialised_from=text,
                label=text,
                listed={"avg_final_loss": text},
                extra={text: text},
                expect={text: text},
            ),
            label=text,
            slug=f"run-{i}",
            config={"model_name": text, text: {text: [text]}},
            marks=(),
            checks=(Check(family, text, text, text, None, "failed"),),
        )
        for i, text in enumerate(HOSTILE)
    ]
    return report(
        [family_report(family, runs, slug="hostile", description=family)],
        problems=[Problem(family, family, "unreadable", family)],
        title=family,
        description=family,
        device_notes=(family,),
    )
