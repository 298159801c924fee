"""Families of synthetic runs, as figures draw them."""

from __future__ import annotations

from typing import Any

from reportgen.report import FamilyReport
from tests import samples

__all__ = ["family", "one"]


def family(n: int, steps: int = 60, *, digits: bool = True, **fields: Any) -> FamilyReport:
    """n runs that differ by digits, or by their seeds alone."""
    runs = [
        samples.run_report(
            f"add_d{5 + i % 90 if digits else 5}_l2_h3_t15K_s{100_000 + i}",
            samples.losses(steps, seed=i, end=1e-8 * (i + 1)),
            label=f"run {i}",
            slug=f"run-{i}",
        )
        for i in range(n)
    ]
    return samples.family_report("Family", runs, **fields)


def one(losses: Any, **fields: Any) -> FamilyReport:
    """A family of one run with these losses."""
    run = samples.run_report("add_d5_l2_h3_t15K_s372001", losses, label="d5")
    return samples.family_report("One", [run], **fields)
