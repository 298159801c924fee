"""Memory that every run of a build asks for anew."""

from __future__ import annotations

from functools import cache

import numpy as np

__all__ = ["keep_freed"]

_MMAP_THRESHOLD = 31 * 2**20


@cache  # What is learnt stays; a second block would come from what is kept, and take it along when freed.
def keep_freed() -> None:
    """Has this process keep the memory of arrays that it frees, for the next run's arrays.

    glibc hands a large block back to the system as soon as it is freed, and the system fills the next
    one with zeros page by page, which takes as long as all that is computed in it. But it keeps blocks
    up to the size of the largest that was ever freed, 32 MiB at most (``M_MMAP_THRESHOLD``, which it
    raises by itself). So one is taken, never touched, and freed. With another C library this does nothing.
    """
    np.empty(_MMAP_THRESHOLD, np.uint8)
