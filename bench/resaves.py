"""Measure `compare` on re-saves, local edits and distinct photographs.

    python -m bench.resaves [resaves|copies|between|plain|edits|distinct ...] [--every N] [--jobs N]

resaves: 24 pictures of photos/kodak and 50 of photos/bsds500, each saved again in 40 ways: how many are called
the same. copies: two copies of each picture, at JPEG qualities 30 to 95 that are one or two apart: neither was made
from the other, and both are of one picture. between: of those 40 ways each against one drawn by chance, as uploads
meet. plain: each picture small on a white or dark ground, saved at two qualities: the same, and edited once a word
stands beside it. edits: the same pictures with one local edit of 0.1 % or 0.5 % of the
frame, saved at JPEG 85: none may be called `resaved`. distinct: all pairs of all photographs; those whose coarse
planes correlate at all (0.5 in any pair of channels, in the frame scaled to 48 x 48, or 0.8 in one channel once
turned or mirrored) go through `compare` in full, the others cannot agree.
"""

from __future__ import annotations

import argparse
import io
import itertools
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from bench.common import SEED, data_folder, header, photos
from bench.edits import EDITS, local_edit
from bench.pipelines import PIPELINES, encode
from samepic.api import compare, compare_pictures
from samepic.picture import load
from samepic.verdict import Relation
from samepic.verify.photometry import coarse

QUALITIES = range(30, 96)
SHARES = (0.001, 0.005)
CORRELATED = 0.5
TURNED = 0.8
SIDE = 48
FRAMES = {(640, 480): (520, 160), (1200, 900): (200, 150), (800, 600): (90, 60), (500, 2000): (400, 60)}
GROUNDS = ("white", "#123456")
STEPS = ((50, 70), (80, 30), (90, 70), (75, 85))


def chosen(data: Path) -> list[Path]:
    """Return all of kodak and every tenth of bsds500: 74 pictures."""
    return (
        sorted((data / "photos/kodak").glob("*.png")) + sorted((data / "photos/bsds500").glob("*.jpg"))[::10]
    )


def strip_exif(image: Image.Image) -> tuple[bytes, bytes]:
    """Return a JPEG with EXIF and the same coded stream without it."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker", "Model"
    whole = encode(image, "JPEG", quality=92, exif=exif.tobytes())
    start = whole.index(b"\xff\xe1")
    return whole, whole[:start] + whole[start + 2 + int.from_bytes(whole[start + 2 : start + 4], "big") :]


def resaves(path: Path) -> list[tuple[str, str, str, float, bool]]:
    """Return (pipeline, file, relation, change, same) for each way of saving one picture again."""
    original = path.read_bytes()
    image = Image.open(io.BytesIO(original)).convert("RGB")
    rows = []
    for name, pipeline in PIPELINES.items():
        first, second = strip_exif(image) if name == "exif stripped" else (original, pipeline(image))
        verdict = compare(first, second)
        change = verdict.measures.get("change", 0.0)
        rows.append((name, path.name, str(verdict.relation), change, verdict.same is True))
    return rows


def copies(path: Path) -> list[tuple[str, str, str, float, bool]]:
    """Return (distance, names, relation, change, same) for pairs of copies at neighbouring qualities."""
    image = Image.open(path).convert("RGB")
    coded = {quality: encode(image, "JPEG", quality=quality) for quality in QUALITIES}
    rows = []
    for quality, apart in itertools.product(QUALITIES, (1, 2)):
        if quality + apart in coded:
            verdict = compare(coded[quality], coded[quality + apart])
            name = f"{path.name} {quality}"
            change = verdict.measures.get("change", 0.0)
            rows.append((f"{apart} apart", name, str(verdict.relation), change, verdict.same is True))
    return rows


def between(path: Path) -> list[tuple[str, str, str, float, bool]]:
    """Return (pipeline, names, relation, change, same) for all ways of saving one picture but one, against that one."""
    image = Image.open(path).convert("RGB")
    names = [name for name in PIPELINES if name != "exif stripped"]
    kept = names[int(np.random.default_rng([SEED, *path.name.encode()]).integers(len(names)))]
    other = PIPELINES[kept](image)
    rows = []
    for name in names:
        if name != kept:
            verdict = compare(PIPELINES[name](image), other)
            change = verdict.measures.get("change", 0.0)
            rows.append((name, f"{path.name} {kept}", str(verdict.relation), change, verdict.same is True))
    return rows


def plain(path: Path) -> list[tuple[str, str, str, float, bool]]:
    """Return (frame, names, relation, change, as wanted) for one picture on plain ground, without and with a word."""
    image = Image.open(path).convert("RGB")
    rows = []
    for (frame, size), ground in itertools.product(FRAMES.items(), GROUNDS):
        shown = Image.new("RGB", frame, ground)
        shown.paste(image.resize(size), ((frame[0] - size[0]) // 2, (frame[1] - size[1]) // 2))
        written = shown.copy()
        ImageDraw.Draw(written).text((20, 20), "NEW 7", fill="red", font_size=24)
        for (one, two), (word, other) in itertools.product(STEPS, {"saved": shown, "word": written}.items()):
            verdict = compare(encode(shown, "JPEG", quality=one), encode(other, "JPEG", quality=two))
            wanted = verdict.relation is Relation.EDITED if word == "word" else verdict.same is True
            name = f"{word}, {size[0]}x{size[1]} on {frame[0]}x{frame[1]}"
            told = f"{path.name} {ground} {one} {two}"
            rows.append((name, told, str(verdict.relation), verdict.measures.get("change", 0.0), wanted))
    return rows


def edits(path: Path) -> list[tuple[str, str, str, float, bool]]:
    """Return (edit, file, relation, intersection over union, never resaved) for one picture's local edits."""
    rgb = np.asarray(Image.open(path).convert("RGB"))
    rows = []
    for (number, kind), share in itertools.product(enumerate(EDITS), SHARES):
        edit = local_edit(rgb, kind, share, SEED + number)
        if edit is None:
            continue
        saved = encode(Image.fromarray(edit.after), "JPEG", quality=85)
        sources = {
            "original": edit.before,
            "q60 of it": encode(Image.fromarray(edit.before), "JPEG", quality=60),
        }
        for against, source in sources.items():
            verdict = compare(source, saved)
            sound = verdict.relation in (Relation.EDITED, Relation.UNDECIDABLE, Relation.DIFFERENT)
            iou = max((_iou(edit.box, (r.x, r.y, r.w, r.h)) for r in verdict.regions), default=0.0)
            rows.append(
                (f"{kind} {share:.1%} against {against}", path.name, str(verdict.relation), iou, sound)
            )
    return rows


def _iou(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> float:
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / (a[2] * a[3] + b[2] * b[3] - w * h)


def _planes(path: Path) -> NDArray[np.float32]:
    cv2.setNumThreads(1)
    small = coarse(load(path).on(255)).reshape(-1, 3).T
    small = small - small.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(small, axis=1, keepdims=True)
    return np.asarray(small / np.maximum(norms, 1e-6), np.float32)


def candidates(files: list[Path], jobs: int) -> Iterator[tuple[Path, Path]]:
    """Yield the pairs whose coarse planes correlate at all: upright in any pair of channels, turned in one."""
    with ProcessPoolExecutor(jobs) as pool:
        planes = np.stack(list(pool.map(_planes, files, chunksize=16)))
    best = np.zeros((len(files), len(files)), np.float32)
    for one, two in itertools.product(range(3), repeat=2):
        best = np.maximum(best, np.abs(planes[:, one] @ planes[:, two].T))
    pictures = planes.reshape(len(files), 3, SIDE, SIDE)
    for mirrored, quarter in list(itertools.product((False, True), range(4)))[1:]:
        held = np.rot90(pictures[..., ::-1] if mirrored else pictures, quarter, axes=(2, 3)).reshape(
            planes.shape
        )
        for band in range(3):
            alike = np.abs(planes[:, band] @ held[:, band].T)
            best = np.maximum(best, np.where(np.maximum(alike, alike.T) >= TURNED, 1.0, 0.0))
    for i, j in np.argwhere(np.triu(best >= CORRELATED, 1)):
        yield files[i], files[j]


def distinct(pair: tuple[Path, Path]) -> list[tuple[str, str, str, float, bool]]:
    """Return one row for a pair of distinct photographs: it must not be called the same."""
    cv2.setNumThreads(1)
    verdict = compare_pictures(load(pair[0]), load(pair[1]))
    names = f"{pair[0].name} {pair[1].name}"
    return [
        (
            "distinct",
            names,
            str(verdict.relation),
            verdict.measures.get("agreement", 0),
            verdict.same is not True,
        )
    ]


def report(title: str, rows: list[tuple[str, str, str, float, bool]]) -> bool:
    """Print the table of one part; return whether every row is as wanted."""
    print(
        f"\n## {title}\n\n| | pairs | as wanted | relations | figure min / median / max |\n|---|---|---|---|---|"
    )
    groups: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        groups[row[0]].append(row)
    for name, group in groups.items():
        relations = ", ".join(f"{k} {v}" for k, v in Counter(r[2] for r in group).most_common())
        low, middle, high = np.percentile([r[3] for r in group], [0, 50, 100])
        print(
            f"| {name} | {len(group)} | {sum(r[4] for r in group)} | {relations} "
            f"| {low:.2f} / {middle:.2f} / {high:.2f} |"
        )
    wrong = [row for row in rows if not row[4]]
    print(f"\n{len(rows) - len(wrong)} of {len(rows)} as wanted ({1 - len(wrong) / len(rows):.3%})")
    for row in wrong[:40]:
        print("  not as wanted:", *row[:4])
    return not wrong


def _run(part: Callable[[Any], list[Any]], work: list[Any], jobs: int) -> list[Any]:
    with ProcessPoolExecutor(jobs) as pool:
        return [row for rows in pool.map(part, work, chunksize=1) for row in rows]


def main() -> int:
    """Run the parts asked for; exit 1 where a pair is called what it must not be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "parts", nargs="*", default=["resaves", "copies", "between", "plain", "edits", "distinct"]
    )
    parser.add_argument("--every", type=int, default=1, help="take every Nth picture only")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    data = data_folder()
    if data is None:
        print("no pictures: set SAMEPIC_BENCH_DATA to the folder that holds photos/")
        return 2
    print(header())
    files, good = chosen(data)[:: args.every], True
    if "resaves" in args.parts:
        good &= report("Re-saves called the same", _run(resaves, files, args.jobs))
    if "copies" in args.parts:
        good &= report("Copies at neighbouring qualities called the same", _run(copies, files, args.jobs))
    if "between" in args.parts:
        good &= report("Copies saved in any two ways called the same", _run(between, files, args.jobs))
    if "plain" in args.parts:
        good &= report("Things on plain ground, saved again and edited", _run(plain, files, args.jobs))
    if "edits" in args.parts:
        good &= report("Local edits, saved at JPEG 85, not called resaved", _run(edits, files, args.jobs))
    if "distinct" in args.parts:
        every = photos(data)[:: args.every]
        pairs = list(candidates(every, args.jobs))
        total = len(every) * (len(every) - 1) // 2
        print(
            f"\n{len(every)} photographs, {total} pairs, {len(pairs)} of them correlate and are compared in full"
        )
        good &= report("Distinct photographs not called the same", _run(distinct, pairs, args.jobs))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
