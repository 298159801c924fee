"""The device that ``--device`` names, and what is said where there is none."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from reportgen.curves import device_name, devices, pick_device
from reportgen.curves.devices import unused_gpu
from reportgen.errors import ReportgenError


def test_the_cpu_is_always_there() -> None:
    assert pick_device("cpu") == "cpu"
    assert device_name("cpu") == "cpu"


def test_auto_is_cuda_where_there_is_one() -> None:
    assert pick_device("auto") == ("cuda:0" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("asked", ["gpu", "", "CPU", "cuda:", "cuda:-1", "cuda:x", "cpu:0", "cuda:0\n"])
def test_a_word_that_names_none_is_a_mistake(asked: str) -> None:
    with pytest.raises(ReportgenError, match="use auto, cpu, cuda, cuda:N or mps") as error:
        pick_device(asked)
    assert error.value.exit_code == 2
    assert "\n" not in str(error.value)


def test_a_number_past_the_last_is_a_mistake() -> None:
    with pytest.raises(ReportgenError, match="--device cuda:9999: ") as error:
        pick_device("cuda:9999")
    assert error.value.exit_code == 2


@pytest.mark.parametrize("asked", ["cuda", "cuda:1"])
def test_cuda_where_there_is_none_is_a_mistake(asked: str) -> None:
    script = (
        "from reportgen.curves import pick_device\n"
        "from reportgen.errors import ReportgenError\n"
        f"try: pick_device({asked!r})\n"
        "except ReportgenError as error: print(error.exit_code, error)\n"
    )
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    words = [sys.executable, "-c", script]
    done = subprocess.run(words, env=hidden, capture_output=True, text=True, check=True)
    mend = "PyTorch finds no CUDA GPU here; use --device cpu or auto"
    assert done.stdout == f"2 --device {asked}: {mend}\n"


def test_mps_where_there_is_none_is_a_mistake() -> None:
    if torch.backends.mps.is_available():
        assert device_name(pick_device("mps")) == "mps (Apple GPU)"
        return
    with pytest.raises(ReportgenError, match="--device mps: no Apple GPU here; use --device cpu") as error:
        pick_device("mps")
    assert error.value.exit_code == 2


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An installation without the extra; no tool is on PATH."""
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("sys.platform", "linux")
    return monkeypatch


@pytest.mark.parametrize("asked", ["cuda", "cuda:3", "mps"])
def test_without_torch_a_gpu_says_what_to_install(no_torch: pytest.MonkeyPatch, asked: str) -> None:
    with pytest.raises(ReportgenError) as error:
        pick_device(asked)
    said = 'needs PyTorch; get it (pip install "reportgen-runs[gpu]"), or use --device cpu'
    assert (error.value.exit_code, str(error.value)) == (2, f"--device {asked}: {said}")


def test_without_torch_auto_is_the_cpu_whatever_drivers_there_are(no_torch: pytest.MonkeyPatch) -> None:
    no_torch.setattr(devices, "_gpu_driver", lambda: True)
    assert pick_device("auto") == "cpu"
    assert unused_gpu("auto") is None  # A driver alone is no GPU.


def test_a_gpu_that_lies_idle_for_want_of_torch_is_noted(no_torch: pytest.MonkeyPatch) -> None:
    no_torch.setattr("shutil.which", {"nvidia-smi": "/usr/bin/nvidia-smi"}.get)
    said = "This machine's GPU is not used, since PyTorch is not installed; "
    said += 'pip install "reportgen-runs[gpu]" gets it'
    assert unused_gpu("auto") == f"{said}."
    assert unused_gpu("cpu") is None
    no_torch.setattr("shutil.which", lambda name: None)
    no_torch.setattr("sys.platform", "darwin")
    no_torch.setattr("platform.machine", lambda: "arm64")
    assert unused_gpu("auto") == f"{said} for --device mps."


def test_with_torch_nothing_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", {"nvidia-smi": "/usr/bin/nvidia-smi"}.get)
    assert unused_gpu("auto") is None


@pytest.mark.cuda
def test_a_gpu_is_named() -> None:
    assert device_name(pick_device("cuda")) == f"cuda:0 ({torch.cuda.get_device_name(0)})"


def test_the_curves_need_no_other_library() -> None:
    others = "orjson pydantic jinja2 huggingface_hub platformdirs filelock tqdm markdown_it scipy yaml plotly"
    script = f"import sys; sys.modules |= dict.fromkeys({others.split()}); import reportgen.curves.batches"
    subprocess.run([sys.executable, "-c", script], check=True)
