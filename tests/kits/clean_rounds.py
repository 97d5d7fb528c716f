"""Rounds of `samepic clean`, killed with SIGKILL at random moments: is a picture lost, does undo work?

Each round makes a collection of its own from examples/photos, runs the command as a user does, kills it, looks,
starts the undo, kills that too, looks, and lets a last undo run to its end.
"""

from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from samepic.cleanup.plan import CleanupAction
from samepic.errors import UnreadableError
from samepic.picture import load
from tests.cleanup.clean_scene import make_scene, snapshot, write_report

Make = Callable[[Path, Mapping[str, Path], int], list[dict[Path, str]]]
_PICTURES = (".png", ".jpg", ".heic", ".cr2")
_PHOTOS = Path(__file__).parent.parent.parent / "examples" / "photos"


class Rounds:
    """Rounds in one folder, of `number` groups or sets of `make`; `counts` says at which moments the kills came."""

    def __init__(self, folder: Path, seed: int, make: Make = make_scene, number: int = 6) -> None:
        self.make, self.number = make, number
        self.folder, self.random, self.counts = folder, random.Random(seed), Counter[str]()
        self.photos = {path.stem: path for path in _PHOTOS.iterdir() if path.suffix in (".jpg", ".png")}

    def one(self, action: CleanupAction, elsewhere: Path | None) -> list[str]:
        """Run one round; return what was found wrong."""
        home = self.folder / "home"
        for place in (home, elsewhere):
            if place:
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir(parents=True)
        tree = home / "tree"
        groups = self.make(tree, self.photos, self.number)
        before = snapshot(tree, folders=False)
        report = write_report(home / "found.jsonl", groups)
        moved = elsewhere or home / "moved"
        how = ["--move-to", str(moved)] if action is CleanupAction.MOVE else [f"--{action}"]
        references, places = [next(iter(group)) for group in groups], [home, moved]
        killed = self._killed(["clean", str(report), "--yes", *how], home, 0.35)
        begun = any((home / "state").rglob("*.jsonl"))
        self.counts[
            "clean " + ("finished" if not killed else "killed at work" if begun else "killed before")
        ] += 1
        wrong = _lost(before, references, places)
        if not begun:
            return wrong + _differences(before, tree)
        killed = self._killed(["clean", "--undo"], home, 0.05)
        self.counts["undo " + ("killed" if killed else "finished")] += 1
        wrong += _lost(before, references, places)
        last = _started(["clean", "--undo"], home, subprocess.STDOUT)
        words, _ = last.communicate()
        if last.returncode != 0:
            wrong.append(f"undo exits {last.returncode}: {words}")
        return wrong + _differences(before, tree)

    def _killed(self, arguments: list[str], home: Path, most: float) -> bool:
        """Run the command and kill it up to `most` seconds after its first word; tell whether it still ran."""
        process = _started(arguments, home, subprocess.DEVNULL)
        assert process.stdout is not None
        process.stdout.read(1)
        time.sleep(self.random.uniform(0, most))
        process.kill()
        process.stdout.close()
        return process.wait() < 0


def _started(arguments: list[str], home: Path, errors: int) -> subprocess.Popen[str]:
    """Start the command as a user of this home does."""
    command = [sys.executable, "-u", "-m", "samepic", *arguments]
    state = {"XDG_DATA_HOME": str(home / "data"), "XDG_STATE_HOME": str(home / "state"), "HOME": str(home)}
    env = {**os.environ, **state, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=errors, text=True)


def _lost(before: dict[str, Any], references: list[Path], places: list[Path]) -> list[str]:
    """Name each reference that cannot be read, and each file whose bytes are nowhere as a readable picture."""
    wrong = []
    for path in references:
        try:
            load(path)
        except UnreadableError as error:
            wrong.append(f"the reference: {error}")
    there = {path.read_bytes() for place in places for path in place.rglob("*") if path.is_file()}
    for name, value in before.items():
        if isinstance(value, tuple) and isinstance(value[0], bytes):
            if value[0] not in there:
                wrong.append(f"{name}: its bytes are gone")
            if name.lower().endswith(_PICTURES):
                load(io.BytesIO(value[0]))
    return wrong


def _differences(before: dict[str, Any], tree: Path) -> list[str]:
    after = snapshot(tree, folders=False)
    return [f"{name}: not as it was" for name in {*before, *after} if before.get(name) != after.get(name)]
