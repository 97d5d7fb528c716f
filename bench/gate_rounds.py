"""Race the gate and kill it, round after round: is each picture let in once, and is anything lost or left pending?

    python -m bench gate_rounds [race|kill|restart|power ...] [--store sqlite|postgres] [--rounds N]

race: 32 re-saves of one photograph at once, from 4 processes with 8 threads each; wanted: one accepted, 31 duplicates.
kill: three processes upload copies of three photographs, six of each; one of them is killed at a random moment. What
was answered "accepted" must be in the store; once what got no answer is uploaded again, each photograph is in
exactly once, nobody waits much longer than the lease, and nothing stays pending. restart: the PostgreSQL server is
restarted instead, and errors are answers that may be asked again. power: all processes end at once, before a sync of
the SQLite store, and with them what they wrote since a file was last synced, but for some of it, chosen by chance
(bench/power_cut.c, which needs a C compiler). Exits 1 where anything went wrong, and shows it.
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
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bench.common import SEED, encoded, option, photos, rgb_of, wanted_data
from tests.kits.crashes import aftermath
from tests.kits.postgres import fresh_url, restart
from tests.kits.uploaders import Upload, Uploader, Uploaders, deal, wrong_round

_COPIES, _SIDE, _PROCESSES, _LEASE = 32, 480, 3, 1.0
_SHIM = Path(__file__).with_name("power_cut.c")


def copies(path: Path, key: str, count: int = _COPIES) -> list[Upload]:
    """Return so many re-saves of a photograph at 480 pixels, as JPEG and WebP at several sizes: all different files."""
    whole = rgb_of(path)
    whole.thumbnail((_SIDE, _SIDE))
    made = []
    for number in range(count):
        shown = whole
        if number % 4 == 3:
            scale = 0.7 + 0.02 * (number // 4)
            shown = whole.resize((round(whole.width * scale), round(whole.height * scale)))
        kind = "WEBP" if number % 8 == 5 else "JPEG"
        made.append(Upload(f"{key}/{number}", encoded(shown, kind, quality=64 + number)))
    return made


class _Races:
    """Rounds of one photograph on one store."""

    def __init__(self, url: str) -> None:
        self.counts, self.uploaders = Counter[str](), Uploaders(url, count=4, threads=8)

    def one(self, number: int, files: Sequence[Path]) -> list[str]:
        uploads = copies(files[0], f"{number}-{files[0].stem}")
        answers = self.uploaders.round(uploads)
        self.counts.update(answer.outcome for answer in answers)
        return wrong_round(answers, dict.fromkeys((upload.key for upload in uploads), files[0].stem))

    def end(self) -> None:
        self.uploaders.end()


class _Crashes:
    """Rounds of three photographs on one store; processes live on from round to round, but for those killed."""

    def __init__(self, kind: str, url: str, shim: Path | None) -> None:
        self.kind, self.url, self.shim = kind, url, shim
        self.random, self.counts = random.Random(SEED), Counter[str]()
        self.members = [self._uploader() for _ in range(_PROCESSES)]

    def one(self, number: int, files: Sequence[Path]) -> list[str]:
        shows = {upload: path.stem for path in files for upload in copies(path, f"{number}-{path.stem}", 6)}
        uploads = list(shows)
        self.random.shuffle(uploads)
        at = time.time() + 0.05
        if self.shim is not None:
            self.shim.with_name("cut").write_text(str(self.random.randrange(0, 24)))
        for member, part in zip(self.members, deal(uploads, _PROCESSES), strict=True):
            member.send(part, at)
        if self.shim is None:
            time.sleep(max(0.0, at + self.random.uniform(0, 1.2) - time.time()))
            restart() if self.kind == "restart" else self.random.choice(self.members).kill()
        answers = [answer for member in self.members for answer in member.answers()]
        if self.shim is not None:
            self._black_out(self.shim)
        crash = aftermath(self.url, uploads, {one.key: stem for one, stem in shows.items()}, answers, _LEASE)
        errors = sum(answer.outcome == "error" for answer in answers)
        self.counts += Counter(
            {"answers before": crash.answered, "errors": errors, "left pending": crash.pending}
        )
        self._revive()
        return crash.wrong

    def end(self) -> None:
        for member in self.members:
            member.end()

    def _black_out(self, shim: Path) -> None:
        """End whoever is left where the cut has not come, and forget what was noted for it."""
        self.counts["power cuts"] += not shim.with_name("cut").exists()
        for member in self.members:
            member.kill()
            member.process.join(10)
        for noted in [shim.with_name("cut"), shim.with_name("pids"), *shim.parent.glob("notes-*")]:
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


def _built(folder: Path) -> Path:
    """Build the library that cuts the power."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise SystemExit("power: wanted a C compiler, found none")
    made = folder / "power_cut.so"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", made, _SHIM, "-ldl"], check=True)
    return made


def _rounds(kind: str, args: argparse.Namespace) -> int:
    """Run the rounds of one kind and print; return 1 where something was lost or let in twice."""
    files, failed, begin = photos(wanted_data())[::3], 0, time.monotonic()
    with tempfile.TemporaryDirectory() as made:
        postgres = kind == "restart" or (args.store == "postgres" and kind != "power")
        url = fresh_url() if postgres else str(Path(made) / "uploads.db")
        shim = _built(Path(made)) if kind == "power" else None
        rounds = _Races(url) if kind == "race" else _Crashes(kind, url, shim)
        for number in range(args.rounds):
            wrong = rounds.one(number, [files[(3 * number + place) % len(files)] for place in range(3)])
            failed += bool(wrong)
            if wrong:
                print(f"  round {number + 1}: {'; '.join(wrong[:4])}", flush=True)
        rounds.end()
    result = ", ".join(f"{n} {what}" for what, n in sorted(rounds.counts.items()))
    print(f"{kind}: {args.rounds} rounds, {failed} failed: {result}; {time.monotonic() - begin:.0f} s")
    return int(failed > 0)


PARTS = {kind: partial(_rounds, kind) for kind in ("race", "kill", "restart", "power")}
OPTIONS = (option("--store", "sqlite", choices=("postgres", "sqlite")), option("--rounds", 100))
