"""Race the gate: 32 re-saves of one picture admitted at once from 4 processes, round after round: is one let in?

python -m bench.gate_race [ROUNDS] [STORE]   # default 200 rounds on each: sqlite, postgres

Each round takes another photograph, at 480 pixels, and saves it 32 times: as JPEG of several qualities, as WebP, at
several sizes. Wanted: one accepted, 31 duplicates of it. Exits 1 where a round went otherwise, and shows it.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from PIL import Image

from bench.common import data_folder, header, photos
from tests.kits.postgres import fresh_url
from tests.kits.uploaders import Upload, Uploaders, wrong_round

__all__ = ["copies", "main"]

_COPIES, _SIDE = 32, 480


def copies(path: Path, key: str) -> list[Upload]:
    """Return 32 re-saves of a photograph, all of them different files."""
    with Image.open(path) as image:
        whole = image.convert("RGB")
    whole.thumbnail((_SIDE, _SIDE))
    made = []
    for number in range(_COPIES):
        shown = whole
        if number % 4 == 3:
            scale = 0.7 + 0.02 * (number // 4)
            shown = whole.resize((round(whole.width * scale), round(whole.height * scale)))
        stream = io.BytesIO()
        shown.save(stream, "WEBP" if number % 8 == 5 else "JPEG", quality=64 + number)
        made.append(Upload(f"{key}/{number}", stream.getvalue()))
    return made


def _race(kind: str, url: str, files: list[Path], rounds: int) -> int:
    failed, outcomes = 0, Counter[str]()
    begin = time.monotonic()
    with Uploaders(url, count=4, threads=8) as uploaders:
        for number in range(rounds):
            path = files[number % len(files)]
            uploads = copies(path, f"{number}-{path.stem}")
            answers = uploaders.round(uploads)
            outcomes.update(answer.outcome for answer in answers)
            wrong = wrong_round(answers, dict.fromkeys((upload.key for upload in uploads), path.stem))
            if wrong:
                failed += 1
                print(f"  round {number + 1}, {path.name}: {'; '.join(wrong[:4])}", flush=True)
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    print(f"{kind}: {rounds} rounds, {failed} failed: {told}; {time.monotonic() - begin:.0f} s", flush=True)
    return failed


def main(rounds: int, kinds: list[str]) -> int:
    """Run the rounds on each kind of store; return the exit status."""
    data = data_folder()
    if data is None:
        print("wanted a folder of pictures in SAMEPIC_BENCH_DATA, got none")
        return 2
    print(header())
    files = photos(data)[::5]
    failed = 0
    with tempfile.TemporaryDirectory() as made:
        for kind in kinds:
            url = fresh_url() if kind == "postgres" else str(Path(made) / "uploads.db")
            failed += _race(kind, url, files, rounds)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, sys.argv[2:] or ["sqlite", "postgres"]))
