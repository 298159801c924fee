"""Rolling statistics on a CUDA GPU, against pandas and against the CPU."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from reportgen.curves import gpu, smoothing
from reportgen.curves.smoothing import Batch, Windows, pack, reach_of, roll

pytestmark = pytest.mark.cuda

# Around the kernel's own borders: loss by loss, each number of entries a thread, one to four warps.
WINDOWS = [1, 2, 31, 32, 33, 50, 95, 96, 97, 160, 161, 288, 289, 499, 500, 512, 576, 577, 1151, 1152]


def losses(sizes: tuple[int, ...], seed: int = 0) -> list[np.ndarray]:
    """Runs over many decades, some losses missing, some negative."""
    chance = np.random.default_rng(seed)
    runs = [np.exp(chance.normal(size=size) * 5) for size in sizes]
    longest = max(runs, key=len)
    longest[chance.integers(0, len(longest), 99)] = math.nan
    longest[chance.integers(0, len(longest), 9)] = [math.inf, -math.inf, -1e-3] * 3
    longest[2000:6000] = math.nan
    return runs


def rolled(runs: list[np.ndarray], window: int) -> tuple[Batch, Windows]:
    batch = pack(runs, reach_of(window, max(map(len, runs))))
    parts = gpu.roll_once(batch.on("cuda"))
    assert parts is not None
    return batch, Windows(*parts).on_host()


@pytest.mark.parametrize("window", WINDOWS)
def test_every_step_is_as_in_pandas(window: int) -> None:
    runs = losses((1, 80, 40_000, 2, 33_333))
    batch, ours = rolled(runs, window)
    for run, first in zip(runs, batch.origin.tolist(), strict=True):
        finite = pd.Series(np.where(np.isfinite(run), run, np.nan))
        theirs = finite.rolling(window, center=True, min_periods=1)
        own = slice(first, first + len(run))
        np.testing.assert_array_equal(ours.count[own], theirs.count().to_numpy())
        np.testing.assert_array_equal(ours.min[own], theirs.min().fillna(math.inf).to_numpy())
        np.testing.assert_array_equal(ours.max[own], theirs.max().fillna(-math.inf).to_numpy())
    np.testing.assert_allclose(ours.mean, roll(batch).mean, rtol=1e-12, atol=1e-15)


def test_a_run_has_the_same_bits_in_every_batch() -> None:
    first, second = losses((9_999, 40_000), seed=1)
    together, ours = rolled([first, second], 500)
    _, alone = rolled([second], 500)
    own = slice(int(together.origin[1]), int(together.origin[1]) + len(second))
    for part in ("count", "mean", "min", "max"):
        expected = getattr(alone, part)[: len(second)]
        assert getattr(ours, part)[own].tobytes() == expected.tobytes()


@pytest.mark.parametrize("window", [7, 500])
def test_losses_near_the_largest_float_have_a_mean(window: int) -> None:
    batch = pack([np.full(3000, 1.7e308), np.ones(900)], reach_of(window, 3000)).on("cuda")
    assert gpu.roll_once(batch) is None
    mean = roll(batch).on_host().mean
    np.testing.assert_allclose(mean[:3000], 1.7e308, rtol=1e-12)


def test_large_batches_go_through_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = pack(losses((40_000,)), reach_of(500, 40_000)).on("cuda")
    assert smoothing._by_kernel(batch) is None
    by_torch = roll(batch).on_host()
    monkeypatch.setattr(gpu, "FEWEST_LOSSES", 0)
    assert smoothing._by_kernel(batch) is not None
    np.testing.assert_allclose(roll(batch).on_host().mean, by_torch.mean, rtol=1e-12, atol=1e-15)
