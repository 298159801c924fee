"""Reports of training runs: model lists in, an HTML page and a PDF out.

``reportgen.build(lists, out)`` does what the command does. The parts it is made of are modules of their
own: ``model_list``, ``pull``, ``formats``, ``curves``, ``report``, ``figures``, ``tables``, ``outputs``.
"""

__version__ = "0.1.0"

# First: it takes the folder that a command is started in off the path.
from reportgen import _entry  # noqa: F401
from reportgen.api import build
from reportgen.errors import ReportgenError, ReportgenWarning
from reportgen.options import BuildOptions

__all__ = ["BuildOptions", "ReportgenError", "ReportgenWarning", "__version__", "build"]
