"""The command `samepic`: one verb a file; every decision is made below, here is only words and exit codes."""

from samepic.cli.command import main

__all__ = ["main"]
