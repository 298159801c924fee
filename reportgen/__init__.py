"""Reports of training runs: model lists in, an HTML page and a PDF out.

``reportgen.build(lists, out)`` does what the command does. The parts it is made of are modules of their
own: ``model_list``, ``pull``, ``formats``, ``curves``, ``report``, ``figures``, ``tables``, ``outputs``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# First: it takes the folder that a command is started in off the path.
from reportgen import _entry  # noqa: F401
from reportgen.errors import ReportgenError, ReportgenWarning

if TYPE_CHECKING:
    from reportgen.api import build
    from reportgen.options import BuildOptions

__all__ = ["BuildOptions", "ReportgenError", "ReportgenWarning", "__version__", "build"]


def __getattr__(name: str) -> Any:
    """What a build needs is loaded on demand: ``reportgen.curves`` needs NumPy alone, or torch."""
    homes = {"build": "reportgen.api", "BuildOptions": "reportgen.options"}
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(homes[name]), name)


def __dir__() -> list[str]:
    """What a notebook offers to complete: what is loaded on demand too."""
    return sorted({*globals(), *__all__})
