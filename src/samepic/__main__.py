"""`python -m samepic` is the command `samepic`."""

from __future__ import annotations

import sys

from samepic.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
