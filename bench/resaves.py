"""Measure `compare` on re-saves, copies saved twice, local edits, and distinct photographs.

    python -m bench resaves [resaves|twice|edits|distinct ...] [--every N] [--jobs N]

resaves: 24 pictures of photos/kodak and 50 of photos/bsds500, each saved again in 40 ways: how many are called the
same. twice: the same pictures against copies that were saved coarsely first, which no single save explains. edits: the
same pictures with one local edit of 0.1 % or 0.5 % of the frame, saved at JPEG 85: none may be called `resaved`.
distinct: all pairs of all photographs; those whose coarse planes correlate at all (0.5 in any pair of channels, in the
frame scaled to 48 x 48, or 0.8 in one channel once turned or mirrored) go through `compare` in full, the others cannot
agree.
"""

from __future__ import annotations

import argparse
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.common import SEED, counted, encoded, head, option, photos, pooled, rgb_of, row, wanted_data
from bench.edits import EDITS, local_edit
from bench.pipelines import PIPELINES
from bench.scores import box_iou
from samepic.api import compare
from samepic.picture import load
from samepic.verdict import Relation, Verdict
from samepic.verify.photometry import coarse

SHARES = (0.001, 0.005)
CORRELATED = 0.5
TURNED = 0.8
SIDE = 48


class Row(NamedTuple):
    """One pair: the line of the table it counts in, its names, what was said, a figure, and whether that was wanted."""

    line: str
    names: str
    relation: str
    figure: float
    wanted: bool


def _row(
    line: str, names: str, verdict: Verdict, wanted: bool | None = None, figure: float | None = None
) -> Row:
    """Return the row of a pair: by default "the same" is wanted, and its probability is the figure."""
    shown = verdict.probability if figure is None else figure
    return Row(line, names, str(verdict.relation), shown, verdict.same is True if wanted is None else wanted)


def chosen(data: Path) -> list[Path]:
    """Return all of kodak and every tenth of bsds500: 74 pictures."""
    return (
        sorted((data / "photos/kodak").glob("*.png")) + sorted((data / "photos/bsds500").glob("*.jpg"))[::10]
    )


def strip_exif(image: Image.Image) -> tuple[bytes, bytes]:
    """Return a JPEG with EXIF and the same coded stream without it."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker", "Model"
    whole = encoded(image, quality=92, exif=exif.tobytes())
    start = whole.index(b"\xff\xe1")
    return whole, whole[:start] + whole[start + 2 + int.from_bytes(whole[start + 2 : start + 4], "big") :]


def resaves(path: Path) -> list[Row]:
    """Save one picture again in each way."""
    original = path.read_bytes()
    image = rgb_of(path)
    rows = []
    for name, pipeline in PIPELINES.items():
        first, second = strip_exif(image) if name == "exif stripped" else (original, pipeline(image))
        rows.append(_row(name, path.name, compare(first, second)))
    return rows


def twice(path: Path) -> list[Row]:
    """Save one picture coarsely, or a little cropped, and again at quality 90; or keep the coarse one without loss."""
    image = rgb_of(path)
    fine, lossless = encoded(image, quality=92), encoded(image, "PNG")
    rows = []
    for name, coarse_one in {
        "JPEG 40": encoded(image, quality=40),
        "JPEG 20": encoded(image, quality=20),
        "WebP 80": encoded(image, "WEBP", quality=80),
        "WebP 50": encoded(image, "WEBP", quality=50),
        "cropped by 3 pixels, JPEG 80": encoded(
            image.crop((3, 2, image.width, image.height)).resize(image.size), quality=80
        ),
    }.items():
        again = load(coarse_one).rgb
        rows.append(_row(f"{name}, then JPEG 90", path.name, compare(fine, encoded(again, quality=90))))
        if name in ("JPEG 40", "JPEG 20"):
            rows.append(_row(f"{name}, then PNG", path.name, compare(lossless, encoded(again, "PNG"))))
    return rows


def edits(path: Path) -> list[Row]:
    """Edit one picture in one place; the figure is the intersection over union of the box."""
    rgb = np.asarray(rgb_of(path))
    rows = []
    for (number, kind), share in itertools.product(enumerate(EDITS), SHARES):
        edit = local_edit(rgb, kind, share, SEED + number)
        if edit is None:
            continue
        after = encoded(edit.after, quality=85)
        sources = {"original": edit.before, "q60 of it": encoded(edit.before, quality=60)}
        for against, source in sources.items():
            verdict = compare(source, after)
            sound = verdict.relation in (Relation.EDITED, Relation.UNDECIDABLE, Relation.DIFFERENT)
            iou = max((box_iou([(r.x, r.y, r.w, r.h)], [edit.box]) for r in verdict.regions), default=0.0)
            rows.append(_row(f"{kind} {share:.1%} against {against}", path.name, verdict, sound, iou))
    return rows


def _planes(path: Path) -> NDArray[np.float32]:
    cv2.setNumThreads(1)
    small = coarse(load(path).on(255)).reshape(-1, 3).T
    small = small - small.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(small, axis=1, keepdims=True)
    return np.asarray(small / np.maximum(norms, 1e-6), np.float32)


def candidates(files: list[Path], jobs: int) -> Iterator[tuple[Path, Path]]:
    """Yield the pairs whose coarse planes correlate at all: upright in any pair of channels, turned in one."""
    planes = np.stack(list(pooled(_planes, files, jobs, chunk=16)))
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


def distinct(pair: tuple[Path, Path]) -> list[Row]:
    """Compare two distinct photographs: they must not be called the same."""
    cv2.setNumThreads(1)
    verdict = compare(*pair)
    names = f"{pair[0].name} {pair[1].name}"
    return [_row("distinct", names, verdict, verdict.same is not True)]


def report(title: str, rows: list[Row]) -> bool:
    """Print the table of one part; return whether every row is as wanted."""
    print(f"\n## {title}\n")
    head("", "pairs", "as wanted", "relations", "probability, overlap or share: min / median / max")
    groups: dict[str, list[Row]] = defaultdict(list)
    for one in rows:
        groups[one.line].append(one)
    for name, group in groups.items():
        ends = " / ".join(
            f"{value:.2f}" for value in np.percentile([one.figure for one in group], [0, 50, 100])
        )
        row(name, len(group), sum(one.wanted for one in group), counted(one.relation for one in group), ends)
    wrong = [one for one in rows if not one.wanted]
    print(f"\n{len(rows) - len(wrong)} of {len(rows)} as wanted ({1 - len(wrong) / len(rows):.3%})")
    for one in wrong[:40]:
        print("  not as wanted:", *one[:4])
    return not wrong


def _distinct(data: Path, every: int, jobs: int) -> list[tuple[Path, Path]]:
    files = photos(data)[::every]
    pairs = list(candidates(files, jobs))
    print(
        f"\n{len(files)} photographs, {len(files) * (len(files) - 1) // 2} pairs, {len(pairs)} of them correlate"
    )
    return pairs


def _chosen(data: Path, every: int, jobs: int) -> list[Path]:
    return chosen(data)[::every]


Work = Callable[[Path, int, int], list[Any]]
PARTS: Mapping[str, tuple[str, Callable[[Any], list[Row]], Work]] = {
    "resaves": ("Re-saves called the same", resaves, _chosen),
    "twice": ("Copies saved twice", twice, _chosen),
    "edits": ("Local edits, saved at JPEG 85", edits, _chosen),
    "distinct": ("Distinct photographs not called the same", distinct, _distinct),
}
"""Each part: its title, what is done, and to what."""


OPTIONS = (
    option("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default all"),
    option("--every", 1, help="take every Nth picture only"),
    option("--jobs", 2),
)


def main(args: argparse.Namespace) -> int:
    """Run the parts asked for; return 1 where a pair is called what it must not be."""
    data, good = wanted_data(), True
    for part in args.parts or PARTS:
        title, call, work = PARTS[part]
        rows = pooled(call, work(data, args.every, args.jobs), args.jobs)
        good &= report(title, list(itertools.chain.from_iterable(rows)))
    return 0 if good else 1
