"""What a gate decides from proxies alone: different receipts and forms, their re-saves, and re-saved photographs.

    python -m bench gate_proxies [--receipts N] [--forms N] [--copies N] [--photos N]

Receipts are read from `documents/receipts` of the data folder, each against those that look most like it; forms are
drawn, one template a pair, with other values or one other digit. Every pair meets in a tenant of its own: the first is
admitted, then the second. The table counts outcomes, and under "fine print" the reviews that say why.
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
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import samepic
from bench.common import SEED, encoded, head, option, photos, row, wanted_data
from samepic.decision import Caveat
from samepic.sandbox.pool import InProcess
from samepic.store import open_store

Pair = tuple[bytes, bytes]
_FIELDS = ("Name", "Street", "City", "Date", "Policy", "Amount", "Phone", "Account")
_COLUMNS = ("accepted", "review", "duplicate", "fine print")

OPTIONS = (
    option("--receipts", 170, help="pairs of different receipts"),
    option("--forms", 330, help="pairs of different forms"),
    option("--copies", 100, help="receipts, and forms, that are saved again"),
    option("--photos", 200, help="photographs that are saved again"),
)


def main(asked: argparse.Namespace) -> None:
    """Print the table."""
    data = wanted_data()
    # Some are there twice, byte for byte.
    receipts = list(dict.fromkeys(map(Path.read_bytes, sorted((data / "documents/receipts").glob("*.jpg")))))
    rng, every = np.random.default_rng(SEED), photos(data)
    chosen = [every[n].read_bytes() for n in rng.permutation(len(every))[: asked.photos]]
    kinds = {
        "different receipts": _nearest(receipts, asked.receipts),
        "different forms": _forms(asked.forms),
        "receipts saved again": _copies(receipts[: asked.copies]),
        "forms saved again": _copies([one for one, _ in _forms(asked.copies)]),
        "photographs saved again": _copies(chosen),
    }
    head("", "pairs", *_COLUMNS, "ms a pair")
    for kind, pairs in kinds.items():
        counts = _outcomes(pairs)
        row(kind, *(counts[name] for name in ("pairs", *_COLUMNS)), counts["ms"] // max(1, counts["pairs"]))


def _outcomes(pairs: Iterator[Pair]) -> Counter[str]:
    """Return how often each outcome came of the second of a pair, the number of pairs, and the CPU milliseconds."""
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, closing(open_store(str(Path(folder) / "u.db"))) as store:
        for number, (one, two) in enumerate(pairs):
            begun = time.process_time()
            with samepic.Gate(store, tenant=str(number), workers=InProcess()) as gate:
                gate.admit(one, "one")
                decision = gate.admit(two, "two")
            fine = any(match.caveat is Caveat.UNRESOLVED for match in decision.matches)
            spent = round(1000 * (time.process_time() - begun))
            counts.update({"pairs": 1, str(decision.outcome): 1, "fine print": int(fine), "ms": spent})
    return counts


def _nearest(files: list[bytes], count: int) -> Iterator[Pair]:
    """Yield the pairs whose PDQ codes are nearest."""
    prints = [samepic.fingerprint(data) for data in files]
    pairs = combinations(range(len(files)), 2)
    for a, b in sorted(pairs, key=lambda pair: (prints[pair[0]].distance(prints[pair[1]]), pair))[:count]:
        yield files[a], files[b]


def _forms(count: int) -> Iterator[Pair]:
    """Yield two forms of one template each: every third pair with other values, the others with one other digit."""
    rng = np.random.default_rng(SEED)
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
        yield form(values), form(others)


def _form(height: int, letters: int, paper: int, values: np.ndarray) -> bytes:
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
    return encoded(image, quality=92)


def _copies(files: list[bytes]) -> Iterator[Pair]:
    """Yield each picture with itself saved again in JPEG quality 75, every other one at two thirds of its size."""
    for number, data in enumerate(files):
        with Image.open(io.BytesIO(data)) as opened:
            image = opened.convert("RGB")
        if number % 2:
            image = image.resize((max(1, image.width * 2 // 3), max(1, image.height * 2 // 3)))
        yield data, encoded(image, quality=75)
