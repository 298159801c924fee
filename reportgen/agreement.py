"""Do two statements of one number agree?

A run's AvgFinalLoss may be stated three times: recomputed from the losses, recorded in the run's file
(rounded to 9 decimals) and listed by a person (to a few digits). Where nothing is stated, nothing can
disagree.
"""

from __future__ import annotations

import math
from decimal import Context, Decimal, localcontext

__all__ = ["agrees_listed", "agrees_recorded"]

_RECORDED_ABSOLUTE = 5e-10  # half a unit of the ninth decimal, to which files round
_RECORDED_RELATIVE = 1e-6
_LONGEST = 1000  # characters; more are no number that a person listed


def agrees_recorded(recomputed: float | None, recorded: float | None) -> bool:
    """Whether a recorded loss is within 5e-10 or 1e-6 relative of the recomputed one.

    Args:
        recomputed: None where the metric does not exist.
        recorded: None where the file says nothing, which agrees with anything.
    """
    if recorded is None:
        return True
    if recomputed is None or not math.isfinite(recorded):
        return False
    # Decimal: a difference of exactly 5e-10 is within; in floats it may come out a hair above.
    apart = abs(Decimal(repr(recomputed)) - Decimal(repr(recorded)))
    return apart <= Decimal(repr(_RECORDED_ABSOLUTE)) or math.isclose(
        recomputed, recorded, rel_tol=_RECORDED_RELATIVE, abs_tol=0.0
    )


def agrees_listed(recomputed: float | None, listed: str | None) -> bool:
    """Whether the recomputed value is within half a unit of the last digit that ``listed`` writes.

    Args:
        recomputed: None where the metric does not exist.
        listed: As its author wrote it, ``5.6e-06``; None (nothing listed) agrees with anything, text
            that is no number with nothing.
    """
    if listed is None:
        return True
    if recomputed is None or len(listed) > _LONGEST:
        return False
    with localcontext(Context(prec=60, traps=[])):
        # Nothing is raised here: a hostile exponent gives NaN or infinity, which agrees with nothing.
        value = Decimal(listed.strip())
        if not value.is_finite():
            return False
        half_unit = Decimal(5).scaleb(int(value.as_tuple().exponent) - 1)
        return abs(Decimal(repr(recomputed)) - value) <= half_unit
