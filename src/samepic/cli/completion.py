"""samepic completion SHELL: print the script by which a shell completes the command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from samepic.cli.command import SAME, build_parser
from samepic.cli.options import add_shared, print_result

DESCRIPTION = "Print the script by which SHELL completes verbs, options and file names."

EPILOG = """\
exit status: 0 done, 2 trouble

examples:
  samepic completion bash > ~/.local/share/bash-completion/completions/samepic
  samepic completion zsh > ~/.zfunc/_samepic   (with fpath+=~/.zfunc before compinit in ~/.zshrc)
  samepic completion fish > ~/.config/fish/completions/samepic.fish"""

_FILES = ("FILE", "PATH", "REPORT", "A", "B", "JOURNAL", "OUT.png", "PAIRS.csv", "PROFILE.json")
_FOLDERS = ("DIR", "FOLDER")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", metavar="SHELL", choices=("bash", "zsh", "fish"), help="bash, zsh or fish")
    add_shared(parser, "--json")


def run(args: argparse.Namespace) -> int:
    import shtab

    parser = build_parser()
    for action in _actions(parser):
        if action.metavar in _FILES or action.metavar in _FOLDERS:
            action.complete = shtab.FILE if action.metavar in _FILES else shtab.DIRECTORY  # type: ignore[attr-defined]
    script = shtab.complete(parser, shell=args.shell)
    print_result({"shell": args.shell, "script": script}, script, as_json=args.json)
    return SAME


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for verb in action.choices.values():
                yield from _actions(verb)
