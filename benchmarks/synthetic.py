"""Synthetic runs of full size: made up, with the shape of real ones, for measuring and nothing else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["LENGTHS", "losses_of", "synthetic_runs"]

LENGTHS = (
    *(40_000, 40_000, 45_000, 45_000, 45_000, 40_000, 50_000, 50_000, 50_000, 60_000, 80_000),
    *(40_000, 40_000, 50_000, 60_000, 60_000, 75_000, 80_000, 85_000, 85_000),
    *(40_000, 40_000, 50_000, 70_000, 70_000, 50_000, 75_000),
)
"""Nominal steps of the notebook's 27 runs: Addition, Mixed, Inited Mixed."""


def losses_of(number: int) -> npt.NDArray[np.float64]:
    """Losses of one synthetic run: the same for the same number.

    They fall from about 2.9 to about 1e-9 in plateaus and sudden drops, with noise that grows as
    they fall, and with spikes that decay over some steps.

    Args:
        number: Any run, 0 or more; lengths repeat after 27.

    Returns:
        (steps,) float64.
    """
    chance = np.random.default_rng(number)
    steps = LENGTHS[number % len(LENGTHS)]
    drops = chance.integers(3, 7)
    at = np.sort(chance.beta(1, 2, drops)) * 0.9
    depth = chance.dirichlet(np.ones(drops)) * chance.uniform(14, 19)
    progress = np.arange(steps) / steps
    log_loss = np.log(2.9) - depth @ (1 / (1 + np.exp(-(progress - at[:, None]) * 80)))
    log_loss -= 2.5 * progress
    log_loss += chance.normal(size=steps) * np.interp(log_loss, (-20, 1), (0.6, 0.03))
    for first in chance.integers(steps // 4, steps - 400, chance.integers(2, 12)).tolist():
        log_loss[first : first + 400] += chance.uniform(2, 6) * np.exp(-np.arange(400) / 60)
    losses: npt.NDArray[np.float64] = np.exp(log_loss)
    return losses


def synthetic_runs(count: int = len(LENGTHS)) -> list[npt.NDArray[np.float64]]:
    """Losses of the first ``count`` synthetic runs."""
    return [losses_of(number) for number in range(count)]
