"""main: parse the command line, run one verb, and report any error as one line and an exit code."""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from samepic import __version__
from samepic.cli.options import PIPE, STOPPED, TROUBLE, UsageError
from samepic.errors import SamepicError
from samepic.writing import printable, reason_of

VERBS = (
    *("compare", "measure", "diff", "find", "clean", "review", "check", "admit", "remove", "serve"),
    *("fingerprint", "calibrate", "doctor"),
)

_DESCRIPTION = "Tell whether two images are the same picture, as a person who looks at both would."
_EPILOG = """\
exit status: 0 the same picture, 1 not the same, 2 trouble, 3 cannot tell
A picture named - is read from standard input. Every verb takes --json."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises UsageError where its parent would print and exit."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def build_parser() -> Parser:
    parser = Parser(
        prog="samepic",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"samepic {__version__}")
    verbs = parser.add_subparsers(title="verbs", dest="verb", metavar="VERB", required=True)
    for name in VERBS:
        verb = import_module(f"samepic.cli.{name}")
        options = verbs.add_parser(
            name,
            help=verb.SUMMARY,
            description=verb.DESCRIPTION,
            epilog=verb.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        options.set_defaults(run=verb.run)
        verb.add_arguments(options)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: that of the process) and return its exit status."""
    # No verb multiplies large matrices, and a thread pool for that is slow to start.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _run(arguments)
        if sys.stdout:
            sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
        return PIPE
    except OSError as error:
        _discard_output()
        _print_error(f"standard output: {error.strerror or error}")
        return TROUBLE
    except KeyboardInterrupt:
        return STOPPED
    return status


def _discard_output() -> None:
    """Discard unwritten output, so that Python does not fail on it again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_error(message: str) -> None:
    if sys.stderr:  # None where the caller closed it; print would take stdout instead
        print(f"samepic: {printable(message)}", file=sys.stderr)


def _run(arguments: Sequence[str]) -> int:
    """Parse and run. An uncaught exception would exit 1, which means "not the same", so all are caught."""
    try:
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        args = build_parser().parse_args(arguments)
        status: int = args.run(args)
    except SystemExit as stop:  # --help and --version, which have already printed
        return stop.code if isinstance(stop.code, int) else TROUBLE
    except (SamepicError, UsageError) as error:
        return _report_error(arguments, str(error), type(error).__name__)
    except BrokenPipeError:
        raise
    except OSError as error:
        name = error.filename if isinstance(error.filename, str) else "system"
        return _report_error(arguments, f"{name}: {reason_of(error)}", type(error).__name__)
    except MemoryError:
        return _report_error(arguments, "out of memory", "MemoryError")
    except Exception as error:  # noqa: BLE001  (see above)
        # Python 3.11 wraps a Ctrl-C during the creation of a class, in an import, in a RuntimeError.
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise error.__cause__ from None
        if os.environ.get("SAMEPIC_DEBUG"):
            traceback.print_exc()
        hint = "please report this bug, with what SAMEPIC_DEBUG=1 prints"
        return _report_error(arguments, f"{type(error).__name__}: {error} ({hint})", type(error).__name__)
    return status


def _report_error(arguments: Sequence[str], message: str, kind: str) -> int:
    if "--json" in arguments:
        print(json.dumps({"error": message, "kind": kind}, ensure_ascii=False))
    else:
        _print_error(message)
    return TROUBLE
