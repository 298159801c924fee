"""The device that ``--device`` names."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from reportgen.errors import ReportgenError

__all__ = ["device_name", "pick_device", "unused_gpu"]

_TO_GET_TORCH = 'pip install "reportgen-runs[gpu]"'


def pick_device(asked: str) -> str:
    """The device to compute on.

    ``auto`` is CUDA where there is one, else the CPU; never ``mps``, which has no float64. Without a
    driver torch is not even loaded, since the CPU's work is NumPy's; it need not be installed.

    Args:
        asked: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Returns:
        ``cpu``, ``cuda:N`` or ``mps``.

    Raises:
        ReportgenError: With exit code 2, for any other word, for a device that is not here, and without
            torch.
    """
    if asked == "cpu" or (asked == "auto" and not (_has_torch() and _gpu_driver())):
        return "cpu"
    numbered = re.fullmatch(r"cuda(?::(\d{1,4}))?", asked)
    if asked not in ("auto", "mps") and not numbered:
        raise ReportgenError(
            f"--device {asked!r}: no such device; use auto, cpu, cuda, cuda:N or mps", exit_code=2
        )
    if not _has_torch():
        raise ReportgenError(
            f"--device {asked}: needs PyTorch; get it ({_TO_GET_TORCH}), or use --device cpu", exit_code=2
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


def unused_gpu(asked: str) -> str | None:
    """How to use a GPU that is seen here, where it is torch that is missing; None where nothing is.

    Args:
        asked: The device, as ``pick_device`` takes it.
    """
    if asked != "auto" or _has_torch():
        return None
    if shutil.which("nvidia-smi") is not None:
        return f"This machine's GPU is not used, since PyTorch is not installed; {_TO_GET_TORCH} gets it."
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return (
            f"This machine's GPU is not used, since PyTorch is not installed; {_TO_GET_TORCH} gets it for "
            "--device mps."
        )
    return None


def _has_torch() -> bool:
    """Whether torch is installed; asking loads nothing."""
    return find_spec("torch") is not None


def _gpu_driver() -> bool:
    """Whether a driver is installed without which torch finds no GPU: CUDA's, or ROCm's, called cuda too."""
    if Path("/dev/kfd").exists():
        return True
    try:
        import ctypes

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
