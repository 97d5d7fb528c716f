"""`python -m samepic` is the command `samepic`."""

import sys

from samepic.cli import main

if __name__ == "__main__":
    sys.exit(main())
