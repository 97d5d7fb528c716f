"""Kill the gate: SIGKILL of a random process in the middle of admissions, round after round. What is lost or blocked?

python -m bench gate_crash [ROUNDS] [STORE]   # default 100 rounds on each: sqlite, postgres, restart, power

In each round three processes upload copies of three photographs, six of each; one of the processes is killed at a
random moment. Wanted: what was answered "accepted" is in the store; when what got no answer is uploaded again, each
photograph is in exactly once; nobody waits much longer than the lease; nothing stays pending. "restart" restarts the
PostgreSQL server instead of killing a process: errors are answers that may be asked again. "power" takes all processes
away at once, before a sync of the SQLite store, and with them what they wrote since a file was last synced, but for
some of it, chosen by chance (bench/power_cut.c, which needs a C compiler).
Exits 1 where anything went wrong, and shows it.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench.common import SEED, option, photos, wanted_data
from bench.gate_race import copies
from tests.kits.crashes import Crash, aftermath
from tests.kits.postgres import fresh_url, restart
from tests.kits.uploaders import Answer, Upload, Uploader, deal

_PROCESSES, _COPIES, _LEASE = 3, 6, 1.0
_SHIM = Path(__file__).with_name("power_cut.c")


class Rounds:
    """Rounds on one store; processes live on from round to round, but for the one that is killed."""

    def __init__(self, kind: str, url: str, shim: Path | None) -> None:
        self.kind, self.url, self.shim = kind, url, shim
        self.random, self.counts = random.Random(SEED), Counter[str]()
        self.members = [self._uploader() for _ in range(_PROCESSES)]

    def one(self, number: int, files: list[Path]) -> list[str]:
        """Run one round; return what was found wrong."""
        uploads: list[Upload] = []
        shows: dict[str, str] = {}
        for path in files:
            made = copies(path, f"{number}-{path.stem}")[:_COPIES]
            uploads += made
            shows.update(dict.fromkeys((upload.key for upload in made), path.stem))
        self.random.shuffle(uploads)
        at = time.time() + 0.05
        if self.kind == "power":
            self._arm()
        for member, part in zip(self.members, deal(uploads, _PROCESSES), strict=True):
            member.send(part, at)
        if self.kind != "power":
            time.sleep(max(0.0, at + self.random.uniform(0, 1.2) - time.time()))
            self._strike()
        answers = [answer for member in self.members for answer in member.answers()]
        if self.kind == "power":
            self._black_out()
        crash = aftermath(self.url, uploads, shows, answers, _LEASE)
        self._count(crash, answers)
        self._revive()
        return crash.wrong

    def end(self) -> None:
        """Let the processes go."""
        for member in self.members:
            member.end()

    def _strike(self) -> None:
        if self.kind == "restart":
            restart()
        else:
            self.members[self.random.randrange(_PROCESSES)].kill()

    def _arm(self) -> None:
        """Have the power cut at one of the next syncs."""
        assert self.shim is not None
        self.shim.with_name("cut").write_text(str(self.random.randrange(0, 24)))

    def _black_out(self) -> None:
        """End whoever is left where the cut has not come, and forget what was noted for it."""
        assert self.shim is not None
        self.counts["power cuts"] += not self.shim.with_name("cut").exists()
        for member in self.members:
            member.kill()
            member.process.join(10)
        for noted in [
            self.shim.with_name("cut"),
            self.shim.with_name("pids"),
            *self.shim.parent.glob("notes-*"),
        ]:
            noted.unlink(missing_ok=True)

    def _revive(self) -> None:
        for place, member in enumerate(self.members):
            member.process.join(0.2)
            if not member.process.is_alive():
                self.counts["processes killed"] += 1
                member.end()
                self.members[place] = self._uploader()

    def _uploader(self) -> Uploader:
        if self.shim is not None:
            os.environ["LD_PRELOAD"] = str(self.shim)
            os.environ["POWER_CUT"] = str(self.shim.with_name("cut"))
        try:
            return Uploader(self.url, threads=3, lease=_LEASE)
        finally:
            os.environ.pop("LD_PRELOAD", None)

    def _count(self, crash: Crash, answers: list[Answer]) -> None:
        self.counts["answers before"] += crash.answered
        self.counts["errors told"] += sum(answer.outcome == "error" for answer in answers)
        self.counts["records left pending"] += crash.pending


def _shim(folder: Path) -> Path | None:
    """Build the library that cuts the power; None where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    made = folder / "power_cut.so"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", made, _SHIM, "-ldl"], check=True)
    return made


KINDS = ("sqlite", "postgres", "restart", "power")


OPTIONS = (
    option("rounds", 100, nargs="?"),
    option("stores", [*KINDS], nargs="*", metavar="STORE", help=f"of {', '.join(KINDS)}; default all"),
)


def main(args: argparse.Namespace) -> int:
    """Run the rounds on each kind of store; return 1 where something was lost."""
    count, files, failed = args.rounds, photos(wanted_data())[::3], 0
    if unknown := [name for name in args.stores if name not in KINDS]:
        raise SystemExit(f"wanted stores of {', '.join(KINDS)}, got {', '.join(unknown)}")
    for kind in args.stores:
        with tempfile.TemporaryDirectory() as made:
            shim = _shim(Path(made)) if kind == "power" else None
            if kind == "power" and shim is None:
                print("power: passed over, there is no C compiler")
                continue
            url = fresh_url() if kind in ("postgres", "restart") else str(Path(made) / "uploads.db")
            rounds, begin = Rounds(kind, url, shim), time.monotonic()
            for number in range(count):
                wrong = rounds.one(number, [files[(3 * number + place) % len(files)] for place in range(3)])
                failed += bool(wrong)
                if wrong:
                    print(f"  {kind}, round {number + 1}: {'; '.join(wrong[:4])}", flush=True)
            rounds.end()
        result = ", ".join(f"{n} {what}" for what, n in sorted(rounds.counts.items()))
        print(f"{kind}: {count} rounds: {result}; {time.monotonic() - begin:.0f} s", flush=True)
    print(f"{failed} rounds failed")
    return bool(failed)
