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
import io
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.collection import stripped
from bench.common import SEED, counted, encoded, head, option, photos, pooled, rgb_of, row, wanted_data
from bench.edits import EDITS, local_edit
from bench.profiles_made import space_profile, to_space
from bench.scores import box_iou
from samepic.api import compare
from samepic.picture import load
from samepic.verdict import Relation, Verdict
from samepic.verify.photometry import coarse

Pipeline = Callable[[Image.Image], bytes]


def _chain(image: Image.Image, *qualities: int) -> bytes:
    data = b""
    for quality in qualities:
        data = encoded(image, "JPEG", quality=quality)
        image = Image.open(io.BytesIO(data))
    return data


def _scaled(
    image: Image.Image, scale: float, how: Image.Resampling, kind: str = "JPEG", **options: object
) -> bytes:
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return encoded(image.resize(size, how), kind, **options)


def _tagged(image: Image.Image, tag: int, undo: Image.Transpose, **options: object) -> bytes:
    """Store the picture turned, with the EXIF tag that turns it back."""
    exif = Image.Exif()
    exif[274] = tag
    return encoded(image.transpose(undo), "JPEG", exif=exif.tobytes(), **options)


def _with_exif(image: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker", "Model"
    return encoded(image, "JPEG", quality=92, exif=exif.tobytes(), comment=b"a comment")


def _sixteen(image: Image.Image) -> bytes:
    """A 16-bit RGB PNG, whose samples are the 8-bit ones times 257."""
    bgr = np.asarray(image.convert("RGB"))[..., ::-1].astype(np.uint16) * 257
    return bytes(cv2.imencode(".png", bgr)[1].tobytes())


def _display_p3(image: Image.Image) -> bytes:
    """The same colours in Display P3 numbers, with the profile embedded, as phones save them."""
    wide = to_space(np.asarray(image.convert("RGB")), "P3")
    return encoded(wide, "JPEG", quality=92, icc_profile=space_profile("P3"))


_R, _T = Image.Resampling, Image.Transpose

PIPELINES: dict[str, Pipeline] = {
    "pillow default": encoded,
    **{f"jpeg q{q}": partial(encoded, quality=q) for q in (95, 90, 85, 60, 50, 40, 30)},
    **{f"jpeg q{q} 4:4:4": partial(encoded, quality=q, subsampling=0) for q in (95, 75, 50, 30)},
    "jpeg q80 4:2:2": partial(encoded, quality=80, subsampling=1),
    "progressive q85": partial(encoded, quality=85, progressive=True),
    "progressive q50": partial(encoded, quality=50, progressive=True),
    "optimised q70": partial(encoded, quality=70, optimize=True),
    **{f"webp {q}": partial(encoded, kind="WEBP", quality=q) for q in (90, 75, 50, 30)},
    "webp lossless": partial(encoded, kind="WEBP", lossless=True),
    "avif 60": partial(encoded, kind="AVIF", quality=60),
    "jpeg 2000": partial(encoded, kind="JPEG2000", quality_mode="rates", quality_layers=[20]),
    "half lanczos q85": lambda i: _scaled(i, 0.5, _R.LANCZOS, quality=85),
    "half bicubic q75": lambda i: _scaled(i, 0.5, _R.BICUBIC, quality=75),
    "half bilinear png": lambda i: _scaled(i, 0.5, _R.BILINEAR, "PNG"),
    "third box q80": lambda i: _scaled(i, 1 / 3, _R.BOX, quality=80),
    "twice as large q85": lambda i: _scaled(i, 2, _R.BICUBIC, quality=85),
    "double 75, 85": lambda i: _chain(i, 75, 85),
    "double 50, 90": lambda i: _chain(i, 50, 90),
    "triple 80, 60, 40": lambda i: _chain(i, 80, 60, 40),
    "exif added": _with_exif,
    "tag 6 q85": lambda i: _tagged(i, 6, _T.ROTATE_90, quality=85),
    "tag 3 q60": lambda i: _tagged(i, 3, _T.ROTATE_180, quality=60),
    "exif stripped": _with_exif,
    "palette png": lambda i: encoded(i.convert("RGB").quantize(256), "PNG"),
    "web palette png": lambda i: encoded(i.convert("RGB").convert("P"), "PNG"),
    "cmyk jpeg": lambda i: encoded(i.convert("RGB").convert("CMYK"), "JPEG", quality=85),
    "16-bit png": _sixteen,
    "display p3": _display_p3,
}

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


def resaves(path: Path) -> Iterator[Row]:
    """Save one picture again in each way."""
    original, image = path.read_bytes(), rgb_of(path)
    for name, pipeline in PIPELINES.items():
        copy = pipeline(image)
        pair = (copy, stripped(copy)) if name == "exif stripped" else (original, copy)
        yield _row(name, path.name, compare(*pair))


def twice(path: Path) -> Iterator[Row]:
    """Save one picture coarsely, or a little cropped, and again at quality 90; or keep the coarse one without loss."""
    image = rgb_of(path)
    cropped = image.crop((3, 2, image.width, image.height)).resize(image.size)
    coarsely = {
        "JPEG 40": encoded(image, quality=40),
        "JPEG 20": encoded(image, quality=20),
        "WebP 80": encoded(image, "WEBP", quality=80),
        "WebP 50": encoded(image, "WEBP", quality=50),
        "cropped by 3 pixels, JPEG 80": encoded(cropped, quality=80),
    }
    for name, once in coarsely.items():
        again = load(once).rgb
        fine = encoded(image, quality=92), encoded(again, quality=90)
        yield _row(f"{name}, then JPEG 90", path.name, compare(*fine))
        if name in ("JPEG 40", "JPEG 20"):
            kept = encoded(image, "PNG"), encoded(again, "PNG")
            yield _row(f"{name}, then PNG", path.name, compare(*kept))


def edits(path: Path) -> Iterator[Row]:
    """Edit one picture in one place; the figure is the intersection over union of the box."""
    rgb = np.asarray(rgb_of(path))
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
            yield _row(f"{kind} {share:.1%} against {against}", path.name, verdict, sound, iou)


def distinct(pair: tuple[Path, Path]) -> Iterator[Row]:
    """Compare two distinct photographs: they must not be called the same."""
    verdict = compare(*pair)
    yield _row("distinct", f"{pair[0].name} {pair[1].name}", verdict, verdict.same is not True)


def _planes(path: Path) -> NDArray[np.float32]:
    cv2.setNumThreads(1)
    small = coarse(load(path).on(255)).reshape(-1, 3).T
    small = small - small.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(small, axis=1, keepdims=True)
    return np.asarray(small / np.maximum(norms, 1e-6), np.float32)


def candidates(data: Path, every: int, jobs: int) -> list[tuple[Path, Path]]:
    """Return the pairs whose coarse planes correlate at all: upright in any pair of channels, turned in one."""
    files = photos(data)[::every]
    planes = np.stack(list(pooled(_planes, files, jobs, chunk=16)))
    best = np.zeros((len(files), len(files)), np.float32)
    for one, two in itertools.product(range(3), repeat=2):
        best = np.maximum(best, np.abs(planes[:, one] @ planes[:, two].T))
    pictures = planes.reshape(len(files), 3, SIDE, SIDE)
    for mirrored, quarter in list(itertools.product((False, True), range(4)))[1:]:
        held = np.rot90(pictures[..., ::-1] if mirrored else pictures, quarter, axes=(2, 3))
        for band in range(3):
            alike = np.abs(planes[:, band] @ held.reshape(planes.shape)[:, band].T)
            best = np.maximum(best, np.where(np.maximum(alike, alike.T) >= TURNED, 1.0, 0.0))
    pairs = [(files[i], files[j]) for i, j in np.argwhere(np.triu(best >= CORRELATED, 1))]
    count = len(files) * (len(files) - 1) // 2
    print(f"\n{len(files)} photographs, {count} pairs, {len(pairs)} of them correlate")
    return pairs


def chosen(data: Path, every: int, jobs: int) -> list[Path]:
    """Return of all of kodak and every tenth of bsds500, 74 pictures, every Nth."""
    kodak, bsds = (data / "photos/kodak").glob("*.png"), (data / "photos/bsds500").glob("*.jpg")
    return (sorted(kodak) + sorted(bsds)[::10])[::every]


def _listed(call: Callable[[Any], Iterable[Row]], one: object) -> list[Row]:
    cv2.setNumThreads(1)
    return list(call(one))


def _measured(
    title: str,
    call: Callable[[Any], Iterable[Row]],
    work: Callable[[Path, int, int], list[Any]],
    args: argparse.Namespace,
) -> int:
    """Run one part and print its table; return 1 where a pair is called what it must not be."""
    found = pooled(partial(_listed, call), work(wanted_data(), args.every, args.jobs), args.jobs)
    rows = list(itertools.chain.from_iterable(found))
    print(f"\n## {title}\n")
    head("", "pairs", "as wanted", "relations", "probability or overlap: min / median / max")
    groups: dict[str, list[Row]] = defaultdict(list)
    for one in rows:
        groups[one.line].append(one)
    for name, group in groups.items():
        ends = np.percentile([one.figure for one in group], [0, 50, 100])
        cells = sum(one.wanted for one in group), counted(one.relation for one in group)
        row(name, len(group), *cells, " / ".join(f"{value:.2f}" for value in ends))
    wrong = [one for one in rows if not one.wanted]
    print(f"\n{len(rows) - len(wrong)} of {len(rows)} as wanted ({1 - len(wrong) / len(rows):.3%})")
    for one in wrong[:40]:
        print("  not as wanted:", *one[:4])
    return int(bool(wrong))


PARTS = {
    "resaves": partial(_measured, "Re-saves called the same", resaves, chosen),
    "twice": partial(_measured, "Copies saved twice", twice, chosen),
    "edits": partial(_measured, "Local edits, saved at JPEG 85", edits, chosen),
    "distinct": partial(_measured, "Distinct photographs not called the same", distinct, candidates),
}
OPTIONS = (option("--every", 1, help="take every Nth picture only"), option("--jobs", 2))
