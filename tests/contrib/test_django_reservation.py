"""A reservation that nobody kept leaves the gate with the process that made it, and with no other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from samepic import Gate
from tests.contrib.uploads import PHOTOS

PROGRAM = """
import os, sys, warnings
from samepic import Gate
from samepic.contrib.django.admission import Reservation, wait
from samepic.sandbox.pool import InProcess

warnings.simplefilter("ignore")  # newer Pythons warn of forks beside threads
store, rocket, cat, coffee = sys.argv[1:]
gate = Gate(store, workers=InProcess())
for picture, key in ((rocket, "kept"), (cat, "dropped"), (coffee, "open")):
    gate.admit(picture, key)
kept, dropped, left_open = (Reservation(gate, key) for key in ("kept", "dropped", "open"))
child = os.fork()
if not child:
    del kept, dropped, left_open
    wait()
    sys.exit()
os.waitpid(child, 0)
print(*(gate.get(key) is not None for key in ("kept", "dropped", "open")))
kept.keep()
del kept, dropped
wait()
print(*(gate.get(key) is not None for key in ("kept", "dropped", "open")))
"""


def test_it_ends_when_dropped_or_with_the_process_and_never_in_a_forked_child(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    pictures = [PHOTOS / name for name in ("rocket.jpg", "chelsea.png", "coffee.png")]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, store, *pictures],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout.splitlines(), done.stderr) == (["True True True", "True False True"], "")
    with Gate(store) as gate:
        assert [gate.get(key) is not None for key in ("kept", "dropped", "open")] == [True, False, False]
