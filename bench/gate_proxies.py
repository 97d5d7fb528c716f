"""What a gate decides from proxies alone: different receipts and forms, their re-saves, and re-saved photographs.

    python -m bench gate_proxies [--receipts N] [--forms N] [--copies N] [--photos N] [--measure]

Receipts are read from `documents/receipts` of the data folder, each against those that look most like it; forms are
drawn, one template a pair, with other values or one other digit. Every pair meets in a tenant of its own: the first is
admitted, then the second. The table counts outcomes, and under "fine print" the reviews that say why. `--measure`
prints instead how much writing the proxies of each kind of picture do not show.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import samepic
from bench.common import SEED, encoded, head, option, photos, row, wanted_data
from samepic.decision import Caveat
from samepic.sandbox.decode import prepare
from samepic.sandbox.pool import InProcess
from samepic.store import open_store
from samepic.tuning.verify import RESOLUTION

Pair = tuple[bytes, bytes]
_FIELDS = ("Name", "Street", "City", "Date", "Policy", "Amount", "Phone", "Account")
_COLUMNS = ("accepted", "review", "duplicate", "fine print")


OPTIONS = (
    option("--receipts", 170, help="pairs of different receipts"),
    option("--forms", 330, help="pairs of different forms"),
    option("--copies", 100, help="receipts, and forms, that are saved again"),
    option("--photos", 200, help="photographs that are saved again"),
    option("--measure", False, help="print what proxies do not show, by kind"),
)


def main(asked: argparse.Namespace) -> None:
    """Print the table."""
    data = wanted_data()
    if asked.measure:
        _measured(data)
        return
    folder = data / "documents" / "receipts"
    # Some are there twice, byte for byte.
    receipts = list(dict.fromkeys(path.read_bytes() for path in sorted(folder.glob("*.jpg"))))
    rng = np.random.default_rng(SEED)
    chosen = [photos(data)[n] for n in rng.permutation(len(photos(data)))[: asked.photos]]
    forms = partial(_forms, np.random.default_rng(SEED))
    kinds = {
        "different receipts": _nearest(receipts, asked.receipts),
        "different forms": forms(asked.forms),
        "receipts saved again": _copies(receipts[: asked.copies]),
        "forms saved again": _copies([one for one, _ in forms(asked.copies)]),
        "photographs saved again": _copies([path.read_bytes() for path in chosen]),
    }
    head("", "pairs", *_COLUMNS, "ms a pair")
    for kind, pairs in kinds.items():
        counts, count, spent = _outcomes(pairs)
        row(kind, count, *(counts[name] for name in _COLUMNS), f"{1000 * spent / max(1, count):.0f}")


def _outcomes(pairs: Iterator[Pair]) -> tuple[Counter[str], int, float]:
    """Return how often each outcome came of the second of a pair, how many there were, and the seconds of CPU."""
    counts: Counter[str] = Counter()
    number, spent = 0, 0.0
    with tempfile.TemporaryDirectory() as folder, closing(open_store(str(Path(folder) / "u.db"))) as store:
        for number, (one, two) in enumerate(pairs, 1):
            gate = samepic.Gate(store, tenant=str(number), workers=InProcess())
            begun = time.process_time()
            gate.admit(one, "one")
            decision = gate.admit(two, "two")
            spent += time.process_time() - begun
            counts[str(decision.outcome)] += 1
            counts["fine print"] += any(match.caveat is Caveat.UNRESOLVED for match in decision.matches)
            gate.close()
    return counts, number, spent


def _nearest(files: list[bytes], count: int) -> Iterator[Pair]:
    """Yield the pairs whose PDQ codes are nearest."""
    prints = [samepic.fingerprint(data) for data in files]
    distances = [
        (prints[a].distance(prints[b]), a, b) for a in range(len(files)) for b in range(a + 1, len(files))
    ]
    for _, a, b in sorted(distances)[:count]:
        yield files[a], files[b]


def _forms(rng: np.random.Generator, count: int) -> Iterator[Pair]:
    """Yield two forms of one template each: every third pair with other values, the others with one other digit."""
    for number in range(count):
        height, fields = int(rng.integers(500, 2200)), int(rng.integers(3, 24))
        letters = max(8, round(height * rng.uniform(0.009, min(0.03, 0.6 / fields))))
        values = rng.integers(0, 10, (fields, 8))
        others = values.copy()
        if number % 3:
            at = int(rng.integers(0, fields)), int(rng.integers(0, 8))
            others[at] = (others[at] + rng.integers(1, 10)) % 10
        else:
            others = rng.integers(0, 10, values.shape)
        form = partial(_form, height, letters, int(rng.integers(225, 256)))
        yield form(values, 92), form(others, 92)


def _form(height: int, letters: int, paper: int, values: np.ndarray, quality: int) -> bytes:
    """Return a form as a JPEG: a heading, then one field and its digits a line."""
    width = round(height / 1.414)
    image = Image.new("RGB", (width, height), (paper, paper, paper))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(letters)
    title = ImageFont.load_default(2 * letters)
    draw.text((width * 0.1, height * 0.04), "Application", fill=(20, 20, 20), font=title)
    for line, digits in enumerate(values):
        y = height * (0.13 + 0.83 * line / len(values))
        text = f"{_FIELDS[line % len(_FIELDS)]}: {''.join(map(str, digits))}"
        draw.text((width * 0.08, y), text, fill=(30, 30, 60), font=font)
        draw.line((width * 0.08, y + 1.3 * letters, width * 0.9, y + 1.3 * letters), fill=(150, 150, 150))
    return encoded(image, quality=quality)


def _copies(files: list[bytes]) -> Iterator[Pair]:
    """Yield each picture with itself saved again in JPEG quality 75, every other one at two thirds of its size."""
    for number, data in enumerate(files):
        with Image.open(io.BytesIO(data)) as opened:
            image = opened.convert("RGB")
        if number % 2:
            image = image.resize((max(1, image.width * 2 // 3), max(1, image.height * 2 // 3)))
        yield data, encoded(image, quality=75)


def _measured(data: Path) -> None:
    kinds: dict[str, list[bytes]] = {}
    photographs = (f"photos/{name}" for name in ("bsds500", "imagenet", "kodak"))
    for name in (*photographs, "sameplace", "clipart", "uipages", "screens", "documents/receipts"):
        files = sorted(path for path in (data / name).rglob("*") if path.is_file())
        kinds[name] = [path.read_bytes() for path in files]
    kinds["forms"] = [one for one, _ in _forms(np.random.default_rng(SEED), 200)]
    head("", "pictures", "least", "median", "99 %", "most", "flagged")
    for kind, pictures in kinds.items():
        found = [value for value in map(_unresolved, pictures) if value is not None]
        ends = [f"{value:.4f}" for value in np.percentile(found, [0, 50, 99, 100])]
        row(kind, len(found), *ends, sum(value >= RESOLUTION.unresolved for value in found))


def _unresolved(data: bytes) -> float | None:
    try:
        return prepare(data).unresolved
    except samepic.UnreadableError:
        return None
