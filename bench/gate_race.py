"""Race the gate: 32 re-saves of one picture admitted at once from 4 processes, round after round: is one let in?

python -m bench gate_race [ROUNDS] [STORE]   # default 200 rounds on each: sqlite, postgres

Each round takes another photograph, at 480 pixels, and saves it 32 times: as JPEG of several qualities, as WebP, at
several sizes. Wanted: one accepted, 31 duplicates of it. Exits 1 where a round went otherwise, and shows it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from bench.common import counted, encoded, option, photos, rgb_of, wanted_data
from tests.kits.postgres import fresh_url
from tests.kits.uploaders import Upload, Uploaders, wrong_round

_COPIES, _SIDE = 32, 480


def copies(path: Path, key: str) -> list[Upload]:
    """Return 32 re-saves of a photograph, all of them different files."""
    whole = rgb_of(path)
    whole.thumbnail((_SIDE, _SIDE))
    made = []
    for number in range(_COPIES):
        shown = whole
        if number % 4 == 3:
            scale = 0.7 + 0.02 * (number // 4)
            shown = whole.resize((round(whole.width * scale), round(whole.height * scale)))
        kind = "WEBP" if number % 8 == 5 else "JPEG"
        made.append(Upload(f"{key}/{number}", encoded(shown, kind, quality=64 + number)))
    return made


def _race(kind: str, url: str, files: list[Path], rounds: int) -> int:
    failed, outcomes = 0, list[str]()
    begin = time.monotonic()
    with Uploaders(url, count=4, threads=8) as uploaders:
        for number in range(rounds):
            path = files[number % len(files)]
            uploads = copies(path, f"{number}-{path.stem}")
            answers = uploaders.round(uploads)
            outcomes += [answer.outcome for answer in answers]
            wrong = wrong_round(answers, dict.fromkeys((upload.key for upload in uploads), path.stem))
            if wrong:
                failed += 1
                print(f"  round {number + 1}, {path.name}: {'; '.join(wrong[:4])}", flush=True)
    took = time.monotonic() - begin
    print(f"{kind}: {rounds} rounds, {failed} failed: {counted(outcomes)}; {took:.0f} s", flush=True)
    return failed


OPTIONS = (
    option("rounds", 200, nargs="?"),
    option("stores", ["sqlite", "postgres"], nargs="*", metavar="STORE"),
)


def main(args: argparse.Namespace) -> int:
    """Run the rounds on each kind of store; return 1 where one went wrong."""
    files, failed = photos(wanted_data())[::5], 0
    with tempfile.TemporaryDirectory() as made:
        for kind in args.stores:
            url = fresh_url() if kind == "postgres" else str(Path(made) / "uploads.db")
            failed += _race(kind, url, files, args.rounds)
    return int(failed > 0)
