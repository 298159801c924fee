"""Agreement of recomputed, recorded and listed losses: each case worked by hand."""

from __future__ import annotations

import math

import pytest

from reportgen.agreement import agrees_listed, agrees_recorded


@pytest.mark.parametrize(
    ("recomputed", "recorded", "expected"),
    [
        (3.4e-09, 3e-09, True),  # rounded to 9 decimals when it was written
        (4.9e-10, 0.0, True),
        (5e-10, 0.0, True),  # half a unit, exactly
        (3.5e-09, 3e-09, True),  # the same, where floats subtract to a hair above 5e-10
        (5.1e-10, 0.0, False),
        (3.6e-09, 3e-09, False),
        (0.2, 0.2 + 1.9e-7, True),  # 9.5e-7 relative
        (0.2, 0.2 + 2.1e-7, False),
        (2.9, 2.9, True),
        (None, None, True),
        (1.0, None, True),  # nothing recorded, nothing to disagree with
        (None, 0.5, False),  # recorded, yet the losses give no mean
        (0.5, math.nan, False),
        (0.5, math.inf, False),
    ],
)
def test_recorded(recomputed: float | None, recorded: float | None, expected: bool) -> None:
    assert agrees_recorded(recomputed, recorded) is expected


@pytest.mark.parametrize(
    ("recomputed", "listed", "expected"),
    [
        (5.55e-06, "5.6e-06", True),  # half a unit of the last digit is 0.05e-06
        (5.65e-06, "5.6e-06", True),
        (5.549e-06, "5.6e-06", False),
        (5.651e-06, "5.6e-06", False),
        (0.195, "0.20", True),  # the written zero counts: half a unit is 0.005
        (0.205, "0.20", True),
        (0.194, "0.20", False),
        (0.206, "0.20", False),
        (0.206, "0.2", True),
        (0.0020015, "0.002002", True),
        (0.0020025, "0.002002", True),
        (0.0020026, "0.002002", False),
        (1.5e-09, "2e-09", True),
        (2.5e-09, "2e-09", True),
        (2.6e-09, "2e-09", False),
        (104.0, "1e2", True),
        (151.0, "1e2", False),
        (4e-10, "0", True),
        (0.6, "0", False),
        (3.0, " 3 ", True),
        (None, "0.20", False),
        (0.2, None, True),
        (None, None, True),
        (0.2, "", False),
        (0.2, "0.2 or so", False),
        (0.2, "nan", False),
        (0.2, "inf", False),
        (0.2, "1e999999999999", False),
        (0.2, "1e-999999999999", False),
        (0.2, "1e99999999999999999999999", False),
        (0.2, "9" * 10_000, False),
    ],
)
def test_listed(recomputed: float | None, listed: str | None, expected: bool) -> None:
    assert agrees_listed(recomputed, listed) is expected
