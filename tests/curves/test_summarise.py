"""What a report gets of each run, against pandas, one run and one window at a time."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from reportgen.curves import CurveSettings, Summary, batches, smoothing, summarise
from reportgen.curves.storing import to_bytes as stored
from reportgen.kinds import FloatArray, Series

LOSS = st.one_of(st.integers(0, 1000).map(float), st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -1.0]))
RUN = st.lists(LOSS, min_size=1, max_size=90).map(np.array)
SETTINGS = st.builds(
    CurveSettings,
    window=st.integers(1, 120),
    edges=st.sampled_from(["partial", "trim"]),
    points=st.integers(2, 30),
    early_steps=st.integers(1, 100),
    raw_entries=st.integers(0, 100),
)


def to_bytes(summary: Summary) -> bytes:
    return stored({"loss": summary})


def finite(run: FloatArray) -> pd.Series:
    return pd.Series(np.where(np.isfinite(run), run, np.nan))


def ranges(step: np.ndarray, steps: int) -> list[slice]:
    """What each point stands for: the steps nearest to it, the later one of two points in the middle."""
    nearest = [
        min(range(len(step)), key=lambda k: (2 * abs(int(step[k]) - at) + (step[k] > at), k))
        for at in range(steps)
    ]
    return [slice(nearest.index(k), len(nearest) - nearest[::-1].index(k)) for k in range(len(step))]


STEPS = st.lists(st.integers(0, 5), min_size=90, max_size=90).map(lambda gaps: np.cumsum(gaps) + 3)


@given(st.lists(st.tuples(RUN, SETTINGS, st.one_of(st.none(), STEPS)), min_size=1, max_size=6))
def test_curves_are_pandas_thinned(
    cases: list[tuple[FloatArray, CurveSettings, np.ndarray | None]],
) -> None:
    """Windows count entries, points are entries, and each carries its own step."""
    given_ = [Series("loss", run, None if steps is None else steps[: len(run)]) for run, _, steps in cases]
    summaries = summarise(given_, [how for _, how, _ in cases], "cpu")
    for (run, how, _), one, summary in zip(cases, given_, summaries, strict=True):
        count = len(run)
        steps = np.arange(count) if one.steps is None else one.steps
        rolling = finite(run).rolling(how.window, center=True, min_periods=1)
        last = max(np.flatnonzero(np.isfinite(run)), default=-1)
        left, right = (how.window // 2, (how.window - 1) // 2) if how.edges == "trim" else (0, 0)
        drawn = [left <= at < count - right and at <= last for at in range(count)]
        mean, low, high = (each.where(drawn) for each in (rolling.mean(), rolling.min(), rolling.max()))
        early = max(1, int((steps < how.early_steps).sum()))
        end = min(count, max(5, -(-count // 5)))
        parts = ((summary.curve, 0, count), (summary.early, 0, early), (summary.end, count - end, end))
        for curve, first, entries in parts:
            entry = points_of(entries, how.points) + first
            np.testing.assert_array_equal(curve.step, steps[entry])
            assert curve.steps == steps[entry[-1]] + 1
            np.testing.assert_array_equal(curve.mean, mean[entry])
            for point, own in enumerate(ranges(entry - first, entries)):
                held = slice(own.start + first, own.stop + first)
                np.testing.assert_array_equal(curve.min[point], low[held].min())
                np.testing.assert_array_equal(curve.max[point], high[held].max())
        raw = summary.raw
        np.testing.assert_array_equal(raw.step, summary.curve.step)
        for point, own in enumerate(ranges(points_of(count, how.points), count)):
            np.testing.assert_array_equal(raw.min[point], finite(run)[own].min())
            np.testing.assert_array_equal(raw.max[point], finite(run)[own].max())
        np.testing.assert_array_equal(summary.raw_early, run[: how.raw_entries])
        np.testing.assert_array_equal(summary.raw_early_step, steps[: how.raw_entries])
        assert summary.metrics.nonpositive == sum(math.isfinite(loss) and loss <= 0 for loss in run.tolist())


def points_of(entries: int, points: int) -> np.ndarray:
    """As ``docs/contract.md`` has it: even, the first and the last among them."""
    kept = min(points, entries)
    if kept == 1:
        return np.zeros(1, dtype=np.int64)
    return np.array([(k * (entries - 1) + (kept - 1) // 2) // (kept - 1) for k in range(kept)])


def test_points_carry_the_axes_of_their_entries() -> None:
    run = np.linspace(3, 1, 1_000)
    axes = {"epoch": np.linspace(0, 2, 1_000), "tokens": np.arange(1_000) * 4096.0}
    series = Series("loss", run, np.arange(1_000) * 10 + 10, axes=axes)
    (summary,) = summarise([series], CurveSettings(points=37), "cpu")
    for curve in (summary.curve, summary.early, summary.end):
        assert list(curve.axes) == ["epoch", "tokens"]
        np.testing.assert_array_equal(curve.axes["tokens"], (curve.step - 10) / 10 * 4096.0)


def test_a_line_ends_where_its_losses_end() -> None:
    run = np.concatenate([np.linspace(2, 1, 100), np.full(100, math.nan)])
    for smoother in ("mean", "median", "ema", "geometric"):
        (summary,) = summarise([run], CurveSettings(window=30, smoother=smoother), "cpu")
        assert np.isfinite(summary.curve.line[:100]).all()
        assert np.isnan(summary.curve.line[100:]).all()
        assert np.isnan(summary.curve.max[100:]).all()


@given(
    st.lists(RUN, min_size=1, max_size=8), SETTINGS, st.sampled_from(["mean", "median", "ema", "geometric"])
)
def test_the_company_of_a_run_changes_no_bit(
    runs: list[FloatArray], how: CurveSettings, smoother: str
) -> None:
    how = dataclasses.replace(how, smoother=smoother)
    together = [to_bytes(summary) for summary in summarise(runs, how, "cpu")]
    assert together == [to_bytes(summarise([run], how, "cpu")[0]) for run in runs]
    assert together == [to_bytes(summary) for summary in summarise(runs[::-1], how, "cpu")][::-1]


@pytest.mark.parametrize("smoother", ["mean", "median", "ema", "geometric"])
@pytest.mark.parametrize("edges", ["partial", "trim"])
def test_batches_and_tiles_change_no_bit(smoother: str, edges: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(0)
    runs = [np.exp(chance.normal(size=size) * 3) for size in (30_000, 17, 8_000, 1, 8_000)]
    runs[2][chance.integers(0, 8_000, 30)] = math.nan
    how = CurveSettings(smoother=smoother, edges=edges)
    before = [to_bytes(summary) for summary in summarise(runs, how, "cpu")]
    monkeypatch.setattr(smoothing, "TILE", 1_100)
    monkeypatch.setattr(smoothing, "CPU_BATCH", 9_000)
    assert [to_bytes(summary) for summary in summarise(runs, how, "cpu")] == before


def test_no_spike_is_lost() -> None:
    run = np.full(50_000, 1e-6)
    spikes = [0, 1, 24_999, 31_337, 49_999]
    run[spikes] = [5.0, 6.0, 7.0, 8.0, 9.0]
    (summary,) = summarise([run], CurveSettings(window=1, points=100), "cpu")
    assert sorted(set(summary.curve.max.tolist())) == [1e-6, 6.0, 7.0, 8.0, 9.0]
    assert summary.raw.max.tolist() == summary.curve.max.tolist()
    assert summary.curve.mean[[0, -1]].tolist() == [5.0, 9.0]


def test_trim_leaves_first_and_last_point_empty() -> None:
    (summary,) = summarise([np.arange(2_000.0)], CurveSettings(window=50, edges="trim", points=200), "cpu")
    curve = summary.curve
    assert (curve.step[0], curve.step[-1]) == (0, 1_999)
    for part in (curve.mean, curve.min, curve.max):
        assert np.isnan(part[[0, -1]]).all()
        assert np.isfinite(part[10:-10]).all()


def test_metrics_follow_neither_smoother_nor_edges() -> None:
    run = np.exp(-np.arange(3_000.0) / 150)
    metrics = [
        summarise([run], CurveSettings(window=40, smoother=smoother, edges=edges), "cpu")[0].metrics
        for smoother in ("mean", "median", "ema", "geometric")
        for edges in ("partial", "trim")
    ]
    assert all(each == metrics[0] for each in metrics)


def test_a_run_without_losses_is_named() -> None:
    with pytest.raises(ValueError, match="series 1 has no entries"):
        summarise([np.ones(3), np.ones(0)], CurveSettings(), "cpu")


def test_no_runs_give_no_summaries() -> None:
    assert summarise([], CurveSettings(), "cpu") == []


def test_importing_curves_imports_no_torch() -> None:
    """Nor does anything that a build from the cache does: the CPU, bytes to a summary and back."""
    script = (
        "import sys, numpy, reportgen.curves as c\n"
        "c.device_name(c.pick_device('cpu'))\n"
        "c.summarise([numpy.ones(9)], c.CurveSettings(), 'cpu')\n"
        "assert not {'torch', 'pandas', 'plotly'} & set(sys.modules), 'slow'\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("smoother", ["mean", "median", "ema", "geometric"])
@pytest.mark.parametrize("edges", ["partial", "trim"])
def test_torch_gives_the_same_bits_as_numpy(
    smoother: str, edges: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs on a GPU, on the CPU: ``cpu:0`` is a device of torch's."""
    chance = np.random.default_rng(2)
    runs = [np.exp(chance.normal(size=size) * 3) for size in (30_000, 9, 4_000, 1, 1)]
    runs[2][chance.integers(0, 4_000, 99)] = math.nan
    runs[4][0] = math.inf
    runs[0][[70, 20_000]] = [-1.0, 0.0]
    monkeypatch.setattr(smoothing, "DEVICE_TILE", 1_100)
    for window in (1, 2, 500, 100_000):
        how = CurveSettings(window=window, smoother=smoother, edges=edges, points=300)
        ours, theirs = (
            [to_bytes(summary) for summary in summarise(runs, how, device)] for device in ("cpu", "cpu:0")
        )
        assert ours == theirs


def test_an_apple_gpu_draws_in_float32_and_measures_in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    """Played by the CPU, since few machines have one: what is asked of it is float32 alone."""
    run = np.exp(-np.arange(9_000) / 500) + 1e-9
    run[[70, 7_000]] = [math.nan, 3.0]
    really = smoothing.Batch.on

    def played(batch: smoothing.Batch, device: str, *, single: bool = False) -> smoothing.Batch:
        assert (device, single) == ("mps", True)
        return really(batch, "cpu:0", single=single)

    (exact,) = summarise([run], CurveSettings(), "cpu")
    monkeypatch.setattr(smoothing.Batch, "on", played)
    (summary,) = summarise([run], CurveSettings(), "mps")
    assert summary.metrics == exact.metrics
    assert to_bytes(summary) != to_bytes(exact)
    for field in ("mean", "min", "max"):
        ours, theirs = getattr(summary.curve, field), getattr(exact.curve, field)
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


class Gpu:
    """A GPU that holds ``holds`` losses, played by the CPU: nobody can plan a real one's memory."""

    def __init__(self, holds: int) -> None:
        self.holds = holds
        self.batches: list[tuple[str, int]] = []
        self._really = batches._summarise_batch

    def __call__(self, series: Sequence[Series], way: Any, device: str) -> list[Summary]:
        self.batches.append((device, len(series)))
        if device != "cpu" and sum(len(one.values) for one in series) > self.holds:
            raise torch.OutOfMemoryError
        return self._really(series, way, "cpu")


def on_gpu(holds: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Gpu, list[str], bool]:
    runs = [np.arange(1.0, 101.0) * number for number in range(1, 9)]
    how = CurveSettings(window=10)
    gpu, notes = Gpu(holds), list[str]()
    monkeypatch.setattr(batches, "_summarise_batch", gpu)
    monkeypatch.setattr(batches, "room_on", lambda device: 10_000)
    made = summarise(runs, how, "cuda:0", on_note=notes.append)
    monkeypatch.undo()
    equal = [to_bytes(one) for one in made] == [to_bytes(one) for one in summarise(runs, how, "cpu")]
    return gpu, notes, equal


def test_out_of_memory_means_smaller_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu, notes, equal = on_gpu(250, monkeypatch)
    assert equal
    assert gpu.batches[0] == ("cuda:0", 8)
    assert {device for device, _ in gpu.batches} == {"cuda:0"}
    assert set(notes) == {"cuda:0 ran out of memory: the runs were worked on in smaller batches"}


def test_one_run_too_many_means_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu, notes, equal = on_gpu(50, monkeypatch)
    assert equal
    assert gpu.batches[-1][0] == "cpu"
    assert notes[-1] == "cuda:0 ran out of memory on a single run: the CPU did the rest"


@pytest.mark.cuda
@pytest.mark.parametrize("smoother", ["mean", "median", "ema", "geometric"])
@pytest.mark.parametrize("edges", ["partial", "trim"])
def test_a_gpu_says_the_same(smoother: str, edges: str) -> None:
    chance = np.random.default_rng(1)
    runs = [np.exp(chance.normal(size=size) * 3) for size in (60_000, 9, 40_000, 1)]
    runs[2][chance.integers(0, 40_000, 99)] = math.nan
    runs[0][777] = -1.0
    how = CurveSettings(smoother=smoother, edges=edges)
    here, there = summarise(runs, how, "cpu"), summarise(runs, how, "cuda:0")
    for ours, theirs in zip(here, there, strict=True):
        assert ours.metrics == theirs.metrics
        assert ours.metrics.nonpositive == theirs.metrics.nonpositive
        for part in ("curve", "early", "raw"):
            for field in dataclasses.fields(getattr(ours, part)):
                expected, actual = (getattr(getattr(one, part), field.name) for one in (ours, theirs))
                assert (expected is None) == (actual is None)
                if expected is not None:
                    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=0)
