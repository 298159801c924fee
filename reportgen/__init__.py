"""Reports of training runs: model lists in, an HTML page and a PDF out."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
