"""``python -m reportgen``."""

from __future__ import annotations

import sys

from reportgen.cli import main

if __name__ == "__main__":  # Worker processes import this module again.
    sys.exit(main())
