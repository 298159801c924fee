"""The device that ``--device`` names."""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path

from reportgen.errors import ReportgenError

__all__ = ["device_name", "pick_device"]


def pick_device(asked: str) -> str:
    """The device to compute on.

    ``auto`` is CUDA where there is one, else the CPU; never ``mps``, which has no float64. Without a
    driver torch is not even loaded, since the CPU's work is NumPy's.

    Args:
        asked: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Returns:
        ``cpu``, ``cuda:N`` or ``mps``.

    Raises:
        ReportgenError: With exit code 2, for any other word and for a device that is not here.
    """
    if asked == "cpu" or (asked == "auto" and not _gpu_driver()):
        return "cpu"
    numbered = re.fullmatch(r"cuda(?::(\d{1,4}))?", asked)
    if asked not in ("auto", "mps") and not numbered:
        raise ReportgenError(
            f"--device {asked!r}: no such device; use auto, cpu, cuda, cuda:N or mps", exit_code=2
        )
    import torch

    if asked == "mps":
        if not torch.backends.mps.is_available():
            raise ReportgenError("--device mps: no Apple GPU here; use --device cpu", exit_code=2)
        return asked
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if asked == "auto":
        return "cuda:0" if found else "cpu"
    assert numbered is not None
    number = int(numbered[1] or 0)
    if not found:
        raise ReportgenError(
            f"--device {asked}: PyTorch finds no CUDA GPU here; use --device cpu or auto",
            exit_code=2,
        )
    if number >= found:
        raise ReportgenError(f"--device {asked}: the last CUDA GPU here is cuda:{found - 1}", exit_code=2)
    return f"cuda:{number}"


def _gpu_driver() -> bool:
    """Whether a driver is installed without which torch finds no GPU: CUDA's, or ROCm's, called cuda too."""
    if Path("/dev/kfd").exists():
        return True
    try:
        ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return False
    return True


def device_name(device: str) -> str:
    """A device as the report names it: ``cpu``, ``cuda:0 (NVIDIA H100)``, ``mps (Apple GPU)``."""
    if device == "cpu":
        return device
    if device == "mps":
        return "mps (Apple GPU)"
    import torch

    return f"{device} ({torch.cuda.get_device_name(device)})"
