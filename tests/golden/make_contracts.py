"""Draw anew what users hold on to, as files of tests/golden/contracts: python -m tests.golden.make_contracts

Says what changed. Verdicts are drawn anew only where samepic.tuning.VERSION was raised.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from samepic.tuning import VERSION
from tests.golden import contract_commands as commands
from tests.golden import contract_formats as formats
from tests.golden import contract_names as names
from tests.golden import contract_service as service
from tests.golden import contract_verdicts as verdicts

__all__ = ["COMMAND", "CONTRACTS", "GROUPS", "differences", "kept", "main", "raise_version", "stored_version"]

COMMAND = "python -m tests.golden.make_contracts"
CONTRACTS = Path(__file__).parent / "contracts"
GROUPS: dict[str, Callable[[Path], dict[str, str]]] = {
    "commands": commands.commands,
    "help": commands.helps,
    "formats": formats.formats,
    "postgres": formats.postgres,
    "names": names.names,
    "parts": names.names_of_parts,
    "service": service.service,
    "verdicts": verdicts.verdicts,
}
_TOLD = 12


def kept(name: str) -> str:
    """Return the text of a golden file, "" where there is none."""
    path = CONTRACTS / name
    return path.read_text("utf-8") if path.exists() else ""


def differences(name: str, wanted: str, got: str) -> list[str]:
    """Return what differs, each with file and line; of verdicts, what is decided otherwise."""
    if name == verdicts.VERDICTS and wanted:
        lines = wanted.splitlines()
        return [
            f"tests/golden/contracts/{name}:{_line(lines, one.split(': was ')[0])}: {one}"
            for one in verdicts.changed(wanted, got)
        ]
    if wanted == got:
        return []
    before, now = wanted.splitlines(), got.splitlines()
    same = 0
    while same < min(len(before), len(now)) and before[same] == now[same]:
        same += 1
    pair = [lines[same] if same < len(lines) else "<end of the file>" for lines in (before, now)]
    result = [f"tests/golden/contracts/{name}:{same + 1}: wanted {pair[0]!r}", f"    got {pair[1]!r}"]
    more = sum(one != other for one, other in zip(before, now, strict=False)) + abs(len(before) - len(now))
    return [*result, *([f"    and about {more - 1} lines more"] if more > 1 else [])]


def _line(lines: list[str], pair: str) -> int:
    """Return the number of the line that a pair has, 0 for none."""
    return next((number for number, line in enumerate(lines, 1) if f'"{pair}": ' in line), 0)


def stored_version() -> int:
    """Return the version that the stored verdicts are of; that of today where there are none."""
    text = kept(verdicts.VERDICTS)
    return int(json.loads(text)["version"]) if text else VERSION


def raise_version() -> str:
    """Return what is to be done about verdicts that changed."""
    return (
        "verdicts changed: where that is meant, raise samepic.tuning.VERSION, so that what was kept before is not"
        f" used again, and then run {COMMAND}"
    )


def main(asked: list[str]) -> int:
    """Draw the groups that were asked for, all without any, and tell what changed."""
    for group in asked or GROUPS:
        with tempfile.TemporaryDirectory(prefix="contracts-") as place:
            made = GROUPS[group](Path(place))
        for name, text in made.items():
            found = differences(name, kept(name), text)
            if name == verdicts.VERDICTS and kept(name) and found and stored_version() == VERSION:
                print("\n".join((*found, raise_version())))
                return 1
            if not found and not (name == verdicts.VERDICTS and stored_version() != VERSION):
                continue
            print("\n".join(found[:_TOLD]))
            (CONTRACTS / name).parent.mkdir(parents=True, exist_ok=True)
            (CONTRACTS / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
