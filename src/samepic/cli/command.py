"""main: parse the command line, run one verb, and report any error as one line and an exit code."""

from __future__ import annotations

import gc
import os
import sys

from samepic import __version__

TYPE_CHECKING = False  # that of typing, which alone takes a quarter of what Python takes to start
if TYPE_CHECKING:
    import argparse
    from collections.abc import Container, Iterable, Iterator, Sequence
    from typing import Final

    from samepic.cli.options import Parser

SAME, NOT_SAME, TROUBLE, CANNOT_TELL = 0, 1, 2, 3

STOPPED, PIPE = 130, 141  # 128 + SIGINT, 128 + SIGPIPE: what a shell reports for a program that they end

VERBS: Final = {
    "compare": "are these two the same picture?",
    "measure": "print every classical measure with its cutoff",
    "diff": "write a picture of the differences",
    "find": "find the duplicate pictures in folders",
    "clean": "keep one file of each group of duplicates",
    "review": "decide about duplicates in the browser",
    "check": "is this picture in a store already?",
    "admit": "add pictures to a store, each once",
    "list": "list the keys of the pictures in a store",
    "remove": "remove pictures from a store, so that they may be uploaded again",
    "events": "record the decisions of a store, list them, post them to a webhook",
    "serve": "keep pictures from being uploaded twice, over HTTP",
    "token": "make, list and revoke the tokens of the service",
    "backup": "copy a store to a file while it is used",
    "restore": "put a store back from a backup",
    "recode": "make the copy codes of a store again after an upgrade",
    "fingerprint": "print the fingerprints of pictures",
    "calibrate": "check verdicts against your own labeled pairs",
    "doctor": "check the installation",
    "completion": "print the completions of bash, zsh or fish",
}
"""The verbs, each a module, and what `samepic --help` says of them."""

_DESCRIPTION = "Tell whether two images are the same picture, as a person who looks at both would."
_EPILOG = """\
exit status: 0 the same picture, 1 not the same, 2 trouble, 3 cannot tell
A picture named - is read from standard input. Every verb takes --json."""

_HELP: Final[Sequence[list[str]]] = (["-h"], ["--help"], [])
_NARROW = 50  # columns, below which argparse lays out the help
_COLUMN = 17 if sys.version_info >= (3, 13) else 15  # where argparse begins what it says of each


class UsageError(Exception):
    """An invalid command line."""


def build_parser(wanted: Container[str] = VERBS, listed: Iterable[str] = VERBS) -> Parser:
    """Return the parser of the command with the verbs `listed`, of which those `wanted` know their options."""
    from importlib import import_module

    from samepic.cli.options import Parser

    parser = Parser(prog="samepic", description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("--version", action="version", version=f"samepic {__version__}")
    verbs = parser.add_subparsers(title="verbs", dest="verb", metavar="VERB", required=True)
    for name in listed:
        options = verbs.add_parser(name, help=VERBS[name])
        if name in wanted:
            verb = import_module(f"samepic.cli.{name}")
            options.description, options.epilog = verb.DESCRIPTION, verb.EPILOG
            options.set_defaults(run=verb.run)
            verb.add_arguments(options)
    return parser


def _text_of(arguments: list[str]) -> str | None:
    """Return what is printed where no verb is named; None where argparse is needed to know."""
    if arguments == ["--version"]:
        return f"samepic {__version__}"
    if arguments not in _HELP or (width := columns()) < _NARROW:
        return None
    return _help(width)


def _help(width: int) -> str:
    """Return what the parser would, without argparse, which takes twice as long to load as Python to start."""
    entries = (
        "usage: samepic [-h] [--version] VERB ...",
        f"\n{_DESCRIPTION}",
        "\noptions:",
        *_entry("  -h, --help", "show this help message and exit", width),
        *_entry("  --version", "show program's version number and exit", width),
        "\nverbs:\n  VERB",
        *(line for name, text in VERBS.items() for line in _entry(f"    {name}", text, width)),
        f"\n{_EPILOG}",
    )
    return "\n".join(entries)


def _entry(name: str, text: str, width: int) -> Iterator[str]:
    """Yield the lines of an option or a verb in the help."""
    line = name.ljust(_COLUMN)
    if len(name) > _COLUMN - 2:
        yield name
        line = " " * _COLUMN
    for word in text.split():
        if len(line) + len(word) > width - 2:
            yield line.rstrip()
            line = " " * _COLUMN
        line += f"{word} "
    yield line.rstrip()


def columns() -> int:
    """Return the width of the terminal, as shutil does, which also loads every kind of compression."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        return 80


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: that of the process) and return its exit status."""
    # No verb multiplies large matrices, and a thread pool for that is slow to start.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = list(sys.argv[1:] if argv is None else argv)
    if argv is None and arguments[:1] == ["compare"]:
        gc.disable()  # two pictures leave nothing to find, and with each import it would look again
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        text = _text_of(arguments)
        if text is not None:
            print(text)
        # SAME for no arguments at all would say that two pictures are the same.
        status = _run(arguments) if text is None else SAME if arguments else TROUBLE
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
    if argv is None:
        gc.freeze()  # the process ends: Python need not look through all that there is for garbage
    return status


def _discard_output() -> None:
    """Discard unwritten output, so that Python does not fail on it again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_error(message: str) -> None:
    from samepic.writing import printable

    if sys.stderr:  # None where the caller closed it; print would take stdout instead
        print(f"samepic: {printable(message)}", file=sys.stderr)


def _run(arguments: Sequence[str]) -> int:
    """Parse and run. An uncaught exception would exit 1, which means "not the same", so all are caught."""
    import warnings

    from samepic.errors import SamepicError

    try:
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        args = _parse(arguments)
        status: int = args.run(args)
    except SystemExit as stop:  # help and --version, which have already printed
        return stop.code if isinstance(stop.code, int) else TROUBLE
    except (SamepicError, UsageError) as error:
        return _report_error(arguments, str(error), type(error).__name__)
    except BrokenPipeError:
        raise
    except OSError as error:
        from samepic.writing import reason_of

        name = error.filename if isinstance(error.filename, str) else "system"
        return _report_error(arguments, f"{name}: {reason_of(error)}", type(error).__name__)
    except MemoryError:
        return _report_error(arguments, "out of memory", "MemoryError")
    except Exception as error:  # noqa: BLE001  (see above)
        # Python 3.11 wraps a Ctrl-C during the creation of a class, in an import, in a RuntimeError.
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise error.__cause__ from None
        if os.environ.get("SAMEPIC_DEBUG"):
            import traceback

            traceback.print_exc()
        hint = "please report this bug, with what SAMEPIC_DEBUG=1 prints"
        return _report_error(arguments, f"{type(error).__name__}: {error} ({hint})", type(error).__name__)
    return status


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the parsed arguments. Raises UsageError, and SystemExit where help was printed."""
    wanted = next((word for word in arguments if not word.startswith("-")), "")
    if not arguments:
        build_parser(()).print_help()
        sys.exit(TROUBLE)  # SAME would say that two pictures are the same
    if wanted in VERBS or wanted != arguments[0]:
        listed = (wanted,) if wanted == arguments[0] else VERBS
        return build_parser((wanted,), listed).parse_args(arguments)
    from difflib import get_close_matches

    near = get_close_matches(wanted, VERBS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(VERBS)}"
    raise UsageError(f"{wanted}: no such verb; {hint} (see samepic --help)")


def _report_error(arguments: Sequence[str], message: str, kind: str) -> int:
    if "--json" in arguments:
        import json

        print(json.dumps({"error": message, "kind": kind}, ensure_ascii=False))
    else:
        _print_error(message)
    return TROUBLE
