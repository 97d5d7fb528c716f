"""Measure other ways to tell whether two pictures are the same, on the pairs that `lookalikes --out` wrote down.

    python -m bench lookalikes_peers FILE.jsonl [...] [--python PYTHON] [--peers a,b] [--out FILE.json]

PYTHON has imagehash, pdqhash, imagededup and perception; a peer that it lacks is said to be absent. Every pair is
made again from its name. A peer's distance and its cutoff are its own: `default` is what its makers use or show.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.common import head, listed, option, row
from bench.lookalikes import pair_of
from bench.scores import Line, as_wanted


class Peer(NamedTuple):
    """A script, the cutoff its makers use or show ("same" is distance <= cutoff), and whether it runs with ours."""

    script: str
    cutoff: float
    ours: bool = False


_HEAD = """
import json, sys
import numpy as np
task = json.load(open(sys.argv[1]))
files, pairs = task["files"], task["pairs"]

def read(made):
    out = []
    for path in files:
        try:
            out.append(made(path))
        except Exception as error:  # a peer's own errors are its business: it has no answer
            print(path, error, file=sys.stderr)
            out.append(None)
    return out

def write(values, distance):
    found = []
    for i, j in pairs:
        a, b = values[i], values[j]
        value = np.inf if a is None or b is None else float(distance(a, b))
        found.append(value if np.isfinite(value) else None)
    json.dump(found, open(task["out"], "w"))
"""

_PDQHASH = """
import cv2, pdqhash
write(read(lambda path: pdqhash.compute(cv2.imread(path)[..., ::-1].copy())[0]), lambda a, b: (a != b).sum())
"""

_IMAGEHASH = """
import imagehash
from PIL import Image
write(read(lambda path: imagehash.{kind}(Image.open(path))), lambda a, b: a - b)
"""

_IMAGEDEDUP = """
from imagededup.methods import PHash
method = PHash(verbose=False)
write(read(lambda path: method.encode_image(image_file=path)), method.hamming_distance)
"""

_PERCEPTION = """
from perception import hashers
hasher = hashers.PHash(hash_size=16)
write(read(hasher.compute), hasher.compute_distance)
"""

_LOCAL = """
import logging
logging.disable(logging.CRITICAL)
import cv2
cv2.setRNGSeed(1)
from perception import local_descriptor_deduplication as local
hasher = local.SIFT()
def distance(a, b):
    passed, stats = hasher.validate_match(a, b, 0.0, hasher.validation_intersection, hasher.validation_inliers)
    return 1 - stats["match"] if passed else np.inf
write(read(lambda path: local.generate_image_descriptors(path, hasher)), distance)
"""

_SSIM = """
import cv2
cv2.setNumThreads(1)
def made(path):
    grey = cv2.resize(cv2.imread(path, cv2.IMREAD_GRAYSCALE), (256, 256), interpolation=cv2.INTER_AREA)
    return grey.astype(np.float32)
def soft(x):
    return cv2.GaussianBlur(x, (11, 11), 1.5)
def distance(a, b):
    ma, mb = soft(a), soft(b)
    va, vb, cov = soft(a * a) - ma * ma, soft(b * b) - mb * mb, soft(a * b) - ma * mb
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * ma * mb + c1) * (2 * cov + c2)
    return 1 - float((top / ((ma * ma + mb * mb + c1) * (va + vb + c2))).mean())
write(read(made), distance)
"""

_ORB = """
import cv2
cv2.setNumThreads(1)
cv2.setRNGSeed(1)
orb, matcher = cv2.ORB_create(500), cv2.BFMatcher(cv2.NORM_HAMMING)
def made(path):
    grey = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    scale = min(1.0, 400 / max(grey.shape))
    grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    points, codes = orb.detectAndCompute(grey, None)
    return np.float32([point.pt for point in points]).reshape(-1, 2), codes
def distance(a, b):
    if a[1] is None or b[1] is None or len(a[1]) < 8 or len(b[1]) < 8:
        return 0.0
    near = [pair for pair in matcher.knnMatch(a[1], b[1], 2) if len(pair) == 2]
    good = [one for one, two in near if one.distance < 0.8 * two.distance]
    if len(good) < 4:
        return 0.0
    one, two = np.float32([a[0][m.queryIdx] for m in good]), np.float32([b[0][m.trainIdx] for m in good])
    _, inliers = cv2.findHomography(one, two, cv2.RANSAC, 5.0)
    return 0.0 if inliers is None else -float(inliers.sum())
write(read(made), distance)
"""

PEERS: dict[str, Peer] = {
    "pdqhash": Peer(_HEAD + _PDQHASH, 31),
    "imagehash phash": Peer(_HEAD + _IMAGEHASH.format(kind="phash"), 4),
    "imagehash dhash": Peer(_HEAD + _IMAGEHASH.format(kind="dhash"), 4),
    "imagededup PHash": Peer(_HEAD + _IMAGEDEDUP, 10),
    "perception PHash 16": Peer(_HEAD + _PERCEPTION, 0.1999),
    "perception SIFT": Peer(_HEAD + _LOCAL, 0.6),
    "SSIM at 256 x 256": Peer(_HEAD + _SSIM, 0.1, ours=True),
    "ORB and RANSAC": Peer(_HEAD + _ORB, -15, ours=True),
}
"""Cutoffs: ThreatExchange's radius; "cutoff = 5" (exclusive) of imagehash's README; imagededup's and perception's
defaults (0.2, exclusive, and a share of 0.4 matched descriptors); 0.9 and 15 inliers as tutorials use them."""


Distances = NDArray[np.float64]
_KINDS = ("positive", "negative", "edited", "blank")

OPTIONS = (
    option("files", nargs="+", type=Path),
    option("--python", sys.executable, help="an interpreter that has the peers"),
    option("--peers", "", help="names with commas between; default all"),
    option("--out", type=Path, help="write all distances"),
)


def distances_of(name: str, python: str, files: list[str], pairs: list[tuple[int, int]]) -> Distances | None:
    """Return one distance a pair by a peer (infinite where it cannot read one), or None where it is absent."""
    peer = PEERS[name]
    with tempfile.TemporaryDirectory() as folder:
        task, out, script = (Path(folder) / part for part in ("task.json", "out.json", "peer.py"))
        task.write_text(json.dumps({"files": files, "pairs": pairs, "out": str(out)}))
        script.write_text(peer.script)
        run = sys.executable if peer.ours else python
        done = subprocess.run([run, str(script), str(task)], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{name}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
            return None
        found = json.loads(out.read_text())
    return np.array([np.inf if distance is None else distance for distance in found])


def cutoff_for_recall(positive: Distances, recall: float) -> float:
    """Return the smallest cutoff (distance <= cutoff is "same") that recalls this share of the positives."""
    needed = int(np.ceil(recall * len(positive) - 1e-9))
    return float(np.sort(positive)[needed - 1]) if needed > 0 else -np.inf


def cutoff_for_wrong(positive: Distances, negative: Distances, most: int) -> float:
    """Return the largest distance of a positive at which at most `most` negatives are called the same."""
    fit = [cutoff for cutoff in np.unique(positive) if int((negative <= cutoff).sum()) <= most]
    return float(max(fit)) if fit else -np.inf


def summary(name: str, kinds: dict[str, Distances], recall: float, wrong: int) -> list[str]:
    """Return the cells of a row: what a peer calls the same at its default cutoff, at its best one, and at our recall.

    `kinds` are its distances of the "positive", "negative", "edited" and "blank" pairs; its best cutoff recalls most
    with at most `wrong` negatives.
    """
    positive, negative = kinds["positive"], kinds["negative"]
    best = cutoff_for_wrong(positive, negative, wrong), cutoff_for_recall(positive, recall)
    cells = [name]
    for cutoff in (PEERS[name].cutoff, *best):
        # What a peer has no distance for it calls different, whatever the cutoff.
        limit = min(cutoff, np.finfo(np.float64).max)
        shares = {kind: _share(distances <= limit) for kind, distances in kinds.items()}
        cells.append("none" if cutoff == -np.inf else "any" if cutoff == np.inf else f"{cutoff:.4g}")
        cells += [shares["positive"], str(int((negative <= limit).sum())), shares["edited"], shares["blank"]]
    return cells


def _share(called: NDArray[np.bool_]) -> str:
    return f"{called.mean():.1%}" if len(called) else "-"


def _kind(line: Line) -> str:
    """Tell what a pair is for a tool that knows only "same"."""
    if line["wanted_same"]:
        return "positive"
    return (
        "edited" if line["truth"] == ["edited"] else "blank" if "undecidable" in line["truth"] else "negative"
    )


def _write_files(lines: Sequence[Line], folder: Path) -> tuple[list[str], list[tuple[int, int]]]:
    """Write every file once; return the files, and each pair as two indexes into them."""
    numbers: dict[bytes, int] = {}
    files, pairs = [], []
    for line in lines:
        kind, half, number = line["name"].split("|")
        pair = pair_of(kind, half, int(number))
        for data in (pair.a, pair.b):
            if data not in numbers:
                ending = ".png" if data[:4] == b"\x89PNG" else ".webp" if data[8:12] == b"WEBP" else ".jpg"
                files.append(str(folder / f"{len(numbers):06d}{ending}"))
                Path(files[-1]).write_bytes(data)
                numbers[data] = len(numbers)
        pairs.append((numbers[pair.a], numbers[pair.b]))
    return files, pairs


def main(args: argparse.Namespace) -> None:
    """Measure the peers on saved pairs and print the table."""
    lines = [json.loads(text) for path in args.files for text in path.read_text().splitlines()]
    kinds = np.array([_kind(line) for line in lines])
    masks = {kind: kinds == kind for kind in _KINDS}
    same, wanted = np.array([line["same"] is True for line in lines]), np.array([*map(as_wanted, lines)])
    recall = float(wanted[masks["positive"]].mean())
    wrong = int(same[masks["negative"]].sum())
    print(", ".join(f"{mask.sum()} {kind}" for kind, mask in masks.items()) + "\n")
    part = ("recall", "wrong", "edited called same", "blank called same")
    head("", "default cutoff", *part, "cutoff as safe as ours", *part, "cutoff at our recall", *part)
    ours = [_share(same[masks[kind]]) for kind in ("edited", "blank")]
    row("samepic", "its profile", f"{recall:.1%}", wrong, *ours, *[""] * 10)
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        files, pairs = _write_files(lines, Path(folder))
        for name in listed(args.peers, PEERS):
            distances = distances_of(name, args.python, files, pairs)
            if distances is None:
                row(name, "absent")
            else:
                found[name] = list(distances)
                row(*summary(name, {kind: distances[mask] for kind, mask in masks.items()}, recall, wrong))
    if args.out:
        args.out.write_text(json.dumps(found))
