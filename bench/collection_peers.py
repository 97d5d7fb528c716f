"""Other duplicate finders, each used as its makers show it, in a process of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from bench.common import Usage, measured

_IMAGEDEDUP = """
import json, os, sys
from imagededup.methods import PHash
found = PHash(verbose=False).find_duplicates(image_dir=sys.argv[1], recursive=True)
taken, groups = set(), []
for name in sorted(found):  # as its own find_duplicates_to_remove goes through them
    if name not in taken and found[name]:
        groups.append([name, *(other for other in found[name] if other not in taken)])
        taken.update(groups[-1])
print(json.dumps([[os.path.join(sys.argv[1], name) for name in group] for group in groups]))
"""

_DIFPY = """
import json, sys
import difPy
if __name__ == "__main__":
    built = difPy.build(sys.argv[1], recursive=True, show_progress=False)
    found = difPy.search(built, similarity="similar", show_progress=False).result
    print(json.dumps([[name, *(match[0] for match in matches)] for name, matches in found.items()]))
"""

_CZKAWKA = """
import json, sys
import czkawka
finder = czkawka.ImageSimilarity()
finder.set_directories([sys.argv[1]])
finder.set_similarity(15)  # "moderately similar", the level of its example
print(json.dumps([[str(path) for path in group] for group in finder.find_similar()]))
"""

_SCRIPTS = {"imagededup": _IMAGEDEDUP, "difPy": _DIFPY, "czkawka": _CZKAWKA}
PEERS = ("findimagedupes", *_SCRIPTS)
"""Peers that are run by `run_peer`."""

_SECONDS = 240


def run_peer(
    name: str, python: str, folder: Path, temporary: Path
) -> tuple[list[list[str]] | None, Usage | str]:
    """Return the groups, lists of paths, that a peer finds below `folder`, and what it took.

    The groups are None where it is absent or does not end, and the second then says so.
    """
    out = temporary / f"{name}.out"
    if name == "findimagedupes":
        if shutil.which(name) is None:
            return None, "absent"
        command = [name, "-R", str(folder)]
    else:
        script = temporary / f"{name}_peer.py"
        script.write_text(_SCRIPTS[name])
        if subprocess.run([python, "-c", f"import {name}"], capture_output=True, check=False).returncode:
            return None, "absent"
        command = [python, str(script), str(folder)]
    try:
        used = measured(["timeout", str(_SECONDS), *command], out)
    except subprocess.CalledProcessError as error:
        return (
            None,
            f"not done in {_SECONDS} s" if error.returncode == 124 else f"failed ({error.returncode})",
        )
    text = out.read_text()
    groups = [line.split() for line in text.splitlines()] if name == "findimagedupes" else _last_json(text)
    return groups, used


def _last_json(text: str) -> list[list[str]]:
    groups: list[list[str]] = json.loads(text.strip().splitlines()[-1])
    return groups
