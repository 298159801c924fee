"""The numeric core: rolling statistics and summaries, on the CPU and, where asked for, on a GPU."""

from __future__ import annotations

import math
import resource
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt

from benchmarks.row import Row
from benchmarks.synthetic import losses_of, synthetic_runs
from reportgen import curves

__all__ = ["gpu_rows", "rows"]

_WINDOW = 500
_Losses = npt.NDArray[np.float64]
_Rolled = tuple[_Losses, _Losses, _Losses]


def rows() -> Iterator[Row]:
    """Every row that needs no GPU, as they are measured."""
    runs = synthetic_runs()
    for run in runs[::9]:
        run[len(run) // 2 :: 1000] = math.nan
    ours = _seconds(lambda: _ours(runs))
    what = "rolling mean, min and max of 27 runs on the CPU"
    yield Row(f"{what}, against pandas", ours, _seconds(lambda: list(map(_pandas, runs))), 4)
    yield Row(f"{what}, against bottleneck", ours, _seconds(lambda: list(map(_bottleneck, runs))), 1)
    error = _largest_error(runs, [rolled[0] for rolled in _ours(runs)])
    pandas_error = _largest_error(runs, [_pandas(run)[0] for run in runs])
    yield Row("largest relative error of the rolling mean, against pandas", error, pandas_error, 1)
    yield Row("the same, against 1e-12", error, 1e-12, 1)
    settings = curves.CurveSettings()
    summary = _seconds(lambda: curves.summarise(runs, settings, "cpu"))
    yield Row("curves and metrics of 27 runs on the CPU, against 0.12 s", summary, 0.12, 1)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        extra = process.submit(_memory_of_many).result()
    what = "memory for 1,000 runs of 60,000 losses in batches, GB, against 1.2"
    yield Row(what, extra / 2**30, 1.2, 1)


def gpu_rows(losses: int = 10**9) -> Iterator[Row]:
    """Rows that need a CUDA device.

    Args:
        losses: How many lie on the device at once: 36 bytes each, besides 4 GB to measure copying.
    """
    import torch

    from reportgen.curves.gpu import roll_once
    from reportgen.curves.smoothing import Batch, Windows, pack, reach_of, roll

    steps = 62_500
    reach = reach_of(_WINDOW, steps)
    first = np.arange(losses // steps) * (steps + reach.left) + reach.left
    values = torch.rand(int(first[-1]) + steps + reach.right, dtype=torch.float64, device="cuda")
    gap = torch.from_numpy(first).cuda().unsqueeze(1) - torch.arange(1, reach.left + 1, device="cuda")
    values[gap.flatten()] = torch.nan
    batch = Batch(values, first, np.full(len(first), steps), reach)
    source = torch.ones(1 << 28, dtype=torch.float64, device="cuda")
    target = torch.empty_like(source)
    bandwidth = 2 * source.nbytes / _seconds(lambda: target.copy_(source), torch.cuda.synchronize)
    ours = _seconds(lambda: roll(batch), torch.cuda.synchronize)
    name = torch.cuda.get_device_name()
    what = f"rolling mean, min and max of {losses:.0e} losses on {name}"
    at_bandwidth = losses * (8 + 24) / bandwidth
    yield Row(f"{what}, against its {bandwidth / 1e9:,.0f} GB/s of copy", ours, at_bandwidth, 0.5)
    runs = synthetic_runs()
    host = _seconds(lambda: list(map(_pandas, runs))) / sum(map(len, runs)) * losses
    yield Row(f"{what}, against pandas on the host", ours, host, 4)
    small = pack(runs, reach)
    parts = roll_once(small.on("cuda"))
    assert parts is not None
    mean, exact = Windows(*parts).on_host().mean, roll(small).mean
    difference = float(np.nan_to_num(abs(mean - exact) / abs(exact), nan=0.0).max())
    yield Row(
        "largest relative difference of the mean on it from the CPU's, against 1e-12",
        max(difference, sys.float_info.min),
        1e-12,
        1,
    )


def _ours(runs: list[_Losses]) -> list[_Rolled]:
    from benchmarks.rolling import rolling

    return [(rolled.mean, rolled.min, rolled.max) for rolled in rolling(runs, _WINDOW)]


def _pandas(run: _Losses) -> _Rolled:
    import pandas as pd

    windows = pd.Series(run).rolling(_WINDOW, center=True, min_periods=1)
    return windows.mean().to_numpy(), windows.min().to_numpy(), windows.max().to_numpy()


def _bottleneck(run: _Losses) -> _Rolled:
    """Not centred, as bottleneck has it: the same work."""
    import bottleneck as bn

    return bn.move_mean(run, _WINDOW, 1), bn.move_min(run, _WINDOW, 1), bn.move_max(run, _WINDOW, 1)


def _largest_error(runs: list[_Losses], means: list[_Losses]) -> float:
    """Against ``math.fsum``, at every 97th step."""
    return max(
        abs(float(mean[step]) / (math.fsum(window) / len(window)) - 1)
        for run, mean in zip(runs, means, strict=True)
        for step in range(0, len(run), 97)
        for window in [_finite(run[max(step - _WINDOW // 2, 0) : step + (_WINDOW + 1) // 2])]
    )


def _finite(losses: _Losses) -> list[float]:
    return [loss for loss in losses.tolist() if math.isfinite(loss)]


def _memory_of_many() -> int:
    """Bytes by which 1,000 runs of 60,000 losses, made in batches of 40, raise the peak."""
    settings = curves.CurveSettings()
    curves.summarise([losses_of(0)], settings, "cpu")
    before = _peak()
    kept = []
    for _ in range(25):
        kept += curves.summarise(
            [np.resize(losses_of(number), 60_000) for number in range(40)], settings, "cpu"
        )
    return _peak() - before


def _peak() -> int:
    # Linux counts in KiB, macOS in bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)


def _seconds(work: Callable[[], object], wait: Callable[[], object] = lambda: None) -> float:
    """The least of 5 to 21 times; ``wait`` returns when the work is done."""
    times: list[float] = []
    while len(times) < 5 or (len(times) < 21 and sum(times) < 5):
        wait()
        started = time.perf_counter()
        work()
        wait()
        times.append(time.perf_counter() - started)
    return min(times)
