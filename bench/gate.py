"""What the gate decides on look-alikes and their re-saves from proxies alone, and on what is meant to slip past it.

    python -m bench gate [proxies|evasions ...] [--pairs N] [--copies N] [--kept N] [--innocents N]

proxies: pairs of bench.lookalikes from `--first` on: different receipts, from the most alike on, different forms, two
of one layout; and receipts, forms and photographs saved again. Each pair meets in a tenant of its own: the first is
admitted, then the second. "Fine print" counts the reviews that say that it could not be resolved. No different ones may
be duplicates. evasions: photographs of the test half are kept, among them those that are altered: ten kinds, each of
every such photograph, so that a person still sees the same picture. At most 2 % may be accepted. Innocents are all
other pictures of the data folder, each admitted after all before it: none may be refused as a duplicate. Those that are
one picture by their label are left out.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import chain, count, islice
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

import samepic
from bench.common import SEED, encoded, files_of, head, option, row, wanted_data
from bench.families import alter, save
from bench.family_base import Pixels, Rng
from bench.lookalikes import pair_of
from bench.pictures import named_bytes, names_of, pixels_of
from bench.steps import hue_turned
from samepic.decision import Caveat
from samepic.sandbox.pool import InProcess
from samepic.store import open_store

Pair = tuple[bytes, bytes]
OPTIONS = (
    option("--first", 0, help="number of the first pair: other draws"),
    option("--pairs", 250, help="pairs of different receipts, and of different forms"),
    option("--copies", 100, help="receipts, forms, and photographs that are saved again"),
    option("--kept", 50, help="photographs that are altered in ten ways"),
    option("--innocents", 2000, help="other pictures"),
    option("--policy", "", help="what the gate does with each relation, other than by default"),
)
_COLUMNS = ("accepted", "review", "duplicate", "fine print")
_OUTCOMES = ("duplicate", "review", "accepted", "refused")


def proxies(asked: argparse.Namespace) -> int:
    """Print what became of pairs of which the gate has proxies alone; return 1 where different ones are duplicates."""
    numbers = range(asked.first, asked.first + asked.pairs)
    files = {
        "receipts": ((wanted_data() / name).read_bytes() for name in names_of("receipts", "test")),
        "forms": (pair_of("forms", "test", number).a for number in count(asked.first)),
        "photographs": ((wanted_data() / name).read_bytes() for name in names_of("photos", "test")),
    }
    kinds: dict[str, Iterator[Pair]] = {
        f"different {kind}": ((pair.a, pair.b) for pair in map(partial(pair_of, kind, "test"), numbers))
        for kind in ("receipts", "forms")
    }
    kinds |= {f"{kind} saved again": _copies(some, asked.copies) for kind, some in files.items()}
    head("", "pairs", *_COLUMNS, "ms a pair")
    wrong = 0
    for kind, pairs in kinds.items():
        counts = _outcomes(pairs)
        row(kind, *(counts[name] for name in ("pairs", *_COLUMNS)), counts["ms"] // max(1, counts["pairs"]))
        wrong += counts["duplicate"] if kind.startswith("different") else 0
    return int(wrong > 0)


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


def _copies(files: Iterator[bytes], most: int) -> Iterator[Pair]:
    """Yield each picture with itself saved again in JPEG quality 75, every other one at two thirds of its size."""
    for number, data in zip(range(most), files, strict=False):
        with Image.open(io.BytesIO(data)) as opened:
            image = opened.convert("RGB")
        if number % 2:
            image = image.resize((max(1, image.width * 2 // 3), max(1, image.height * 2 // 3)))
        yield data, encoded(image, quality=75)


def evasions(asked: argparse.Namespace) -> int:
    """Print what became of every kind; return 1 where more than 2 % get in or an innocent is refused."""
    names = names_of("photos", "test")
    kept, others = names[: asked.kept], names[asked.kept :]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    with (
        tempfile.TemporaryDirectory() as folder,
        samepic.Gate(f"{folder}/u.db", workers=InProcess(), policy=asked.policy) as gate,
    ):
        for name in kept:
            gate.admit(wanted_data() / name, name)
        innocents = islice(_innocents(set(kept)), asked.innocents)
        decided = chain(
            ((kind, name, gate.check(data)) for kind, name, data in _evasions(kept, others)),
            (("innocents", name, gate.admit(named_bytes(name), name)) for name in innocents),
        )
        for kind, name, decision in decided:
            counts[kind][decision.outcome] += 1
            if decision.outcome == ("duplicate" if kind == "innocents" else "accepted"):
                print(f"{kind:16} {name}: {decision.detail}")
    head("", "pictures", *_OUTCOMES)
    for kind, of_kind in counts.items():
        row(kind, of_kind.total(), *(of_kind[outcome] for outcome in _OUTCOMES))
    every = sum((of_kind for kind, of_kind in counts.items() if kind != "innocents"), Counter[str]())
    row("evasions", every.total(), *(every[outcome] for outcome in _OUTCOMES))
    return int(every["accepted"] > 0.02 * every.total() or counts["innocents"]["duplicate"] > 0)


def _evasions(kept: Sequence[str], others: Sequence[str]) -> Iterator[tuple[str, str, bytes]]:
    for number, name in enumerate(kept):
        rgb, other = pixels_of(name), pixels_of(others[number % len(others)])
        for place, (kind, make) in enumerate(KINDS.items()):
            yield kind, name, make(rgb, np.random.default_rng([SEED, number, place]), other)


Maker = Callable[[Pixels, Rng, Pixels], bytes]


def _of_families(*levels: tuple[str, str]) -> Maker:
    """Return what alters by one of these families and levels, drawn by chance."""

    def make(rgb: Pixels, rng: Rng, other: Pixels) -> bytes:
        family, level = levels[int(rng.integers(len(levels)))]
        return save(alter(family, level, rgb, rng, other), rng)

    return make


def _as_jpeg(change: Callable[[Pixels, Rng], Pixels]) -> Maker:
    def make(rgb: Pixels, rng: Rng, other: Pixels) -> bytes:
        return encoded(change(rgb, rng), quality=int(rng.integers(75, 96)))

    return make


def _frames(rgb: Pixels, rng: Rng, other: Pixels) -> bytes:
    """Return the picture as the first frame of a file of several, the others being alike, equal or black."""
    first = Image.fromarray(rgb)
    second = (first, Image.fromarray(rgb // 2 + 60), Image.new("RGB", first.size))[int(rng.integers(3))]
    frames = [second] * int(rng.integers(1, 4))
    kind = ("GIF", "WEBP", "PNG", "TIFF", "AVIF")[int(rng.integers(5))]
    out = io.BytesIO()
    options = {} if kind == "TIFF" else {"duration": 500}
    first.save(out, kind, save_all=True, append_images=frames, **options)
    return out.getvalue()


def _moved(rgb: Pixels, x: np.ndarray, y: np.ndarray) -> Pixels:
    maps = x.astype(np.float32), y.astype(np.float32)
    return np.asarray(cv2.remap(rgb, *maps, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT), np.uint8)


def _waves(rgb: Pixels, rng: Rng) -> Pixels:
    """Bend by waves of up to 2 % of the longer side, each 5 to 40 % of it long."""
    side = max(rgb.shape)
    y, x = np.mgrid[0 : rgb.shape[0], 0 : rgb.shape[1]]
    high, turn = side * rng.uniform(0.004, 0.02), 2 * np.pi / (side * rng.uniform(0.05, 0.4))
    return _moved(rgb, x + high * np.sin(y * turn), y + high * np.sin(x * turn))


def _lens(rgb: Pixels, rng: Rng) -> Pixels:
    """Bend as a lens does, by 2 to 10 % at the edges, like a barrel or a cushion."""
    height, width = rgb.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    dx, dy = x / width * 2 - 1, y / height * 2 - 1
    by = float(rng.uniform(0.02, 0.1) * rng.choice([-1, 1]))
    scale = 1 - max(by, 0) + by * (dx**2 + dy**2) / 2
    return _moved(rgb, (dx * scale + 1) * width / 2, (dy * scale + 1) * height / 2)


def _recolored(rgb: Pixels, rng: Rng) -> Pixels:
    """Turn every hue by a quarter to three quarters, or exchange channels."""
    if rng.random() < 0.5:
        return np.ascontiguousarray(rgb[..., [(2, 1, 0), (1, 2, 0), (0, 2, 1)][int(rng.integers(3))]])
    return hue_turned(rgb, int(rng.integers(45, 136)))


def _patterned(rgb: Pixels, rng: Rng) -> Pixels:
    """Lay a grid, lines, or noise in every other place over the picture."""
    out, step, kind = rgb.copy(), int(rng.integers(3, 12)), int(rng.integers(3))
    if kind == 2:
        y, x = np.mgrid[0 : rgb.shape[0], 0 : rgb.shape[1]]
        out[(x + y) % 2 == 0] = rng.integers(0, 256, (int(((x + y) % 2 == 0).sum()), 3))
        return out
    out[::step] = int(rng.integers(0, 256))
    if kind:
        out[:, ::step] = int(rng.integers(0, 256))
    return out


KINDS: dict[str, Maker] = {
    "several frames": _frames,
    "waves": _as_jpeg(_waves),
    "lens": _as_jpeg(_lens),
    "other colors": _as_jpeg(_recolored),
    "patterns": _as_jpeg(_patterned),
    "cropped": _of_families(("crop", "50 %"), ("tilt inside", "10 to 15"), ("crop one side", "60 %")),
    "shown inside": _of_families(
        ("picture in picture", "35 to 50 %"), ("phone screen", "dark app"), ("collage", "two")
    ),
    "laid over": _of_families(
        ("text over", "banner"), ("watermark", "dense"), ("sticker", "three"), ("caption inside", "bar")
    ),
    "other tones": _of_families(
        ("gamma", "1.8"), ("posterise", "4"), ("auto-level", "equalised"), ("photo filter", "cross")
    ),
    "chains": _of_families(("chain", "three of frame and tone"), ("chain", "content, frame and tone")),
}
"""Ten ways to change a picture so that a person still sees it."""


def _innocents(kept: set[str]) -> Iterator[str]:
    """Yield names: photographs, series, drawings, dialogs and receipts of the data folder, then drawn pages."""
    folders = ("photos", "sameplace/opensfm", "clipart", "uipages", "documents/receipts")
    found = sorted(path for folder in folders for path in files_of(folder))
    # Some are there twice, byte for byte; three are one bird in the colors of a camera, a display and a printer.
    files = {path.read_bytes(): path.relative_to(wanted_data()).as_posix() for path in found}
    names = [name for name in files.values() if "figures-color-" not in name]
    yield from (f"file:{name}" for name in np.random.default_rng(SEED).permutation(names) if name not in kept)
    for number in count():
        yield from (f"made:{kind}|{number}" for kind in ("text page", "form", "chart"))


PARTS = {"proxies": proxies, "evasions": evasions}
