"""Measure `compare` on re-saves, copies of copies, local edits, formats, kinds of pictures and distinct photographs.

    python -m bench resaves [resaves|twice|copies|between|plain|edits|kinds|formats|distinct ...] [--every N] [--jobs N]

resaves: 24 pictures of photos/kodak and 50 of photos/bsds500, each saved again in 40 ways: how many are called the
same. twice: the same pictures against copies that were saved coarsely first, which no single save explains.
copies: two copies of each picture, at JPEG qualities 30 to 95 that are
one or two apart: neither was made from the other, and both are of one picture. between: of those 40 ways each against
one drawn by chance, as uploads meet. plain: each picture small on a white or dark ground, saved at two qualities: the
same, and edited once a word stands beside it. edits: the same pictures with one local edit of 0.1 % or 0.5 % of the
frame, saved at JPEG 85: none may be called `resaved`. kinds: twelve photographs made into kinds that collections of
photographs hold few of, in two codings, and with a word (bench/made_kinds.py). formats: eight orientations with a
number each, which are `edited`, 15 sample modes and the pictures of phones, which are the same. distinct: all pairs of
all photographs; those whose coarse planes correlate at all (0.5 in any pair of channels, in the frame scaled to 48 x
48, or 0.8 in one channel once turned or mirrored) go through `compare` in full, the others cannot agree.
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
from PIL import Image, ImageDraw

from bench.common import SEED, counted, encoded, head, option, photos, pooled, rgb_of, row, wanted_data
from bench.edits import EDITS, local_edit
from bench.made_kinds import KINDS, saved, written
from bench.made_kinds import STEPS as KIND_STEPS
from bench.pipelines import PIPELINES
from bench.scores import box_iou
from samepic.api import compare
from samepic.picture import load
from samepic.verdict import Relation, Verdict
from samepic.verify.photometry import coarse

QUALITIES = range(30, 96)
SHARES = (0.001, 0.005)
CORRELATED = 0.5
TURNED = 0.8
SIDE = 48
FRAMES = {(640, 480): (520, 160), (1200, 900): (200, 150), (800, 600): (90, 60), (500, 2000): (400, 60)}
GROUNDS = ("white", "#123456")
STEPS = ((50, 70), (80, 30), (90, 70), (75, 85))


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
    """Return the row of a pair: the same unless told otherwise, with the probability of that as its figure."""
    shown = verdict.probability if figure is None else figure
    return Row(line, names, str(verdict.relation), shown, verdict.same is True if wanted is None else wanted)


def chosen(data: Path) -> list[Path]:
    """Return all of kodak and every tenth of bsds500: 74 pictures."""
    kodak, bsds = (
        sorted((data / "photos/kodak").glob("*.png")),
        sorted((data / "photos/bsds500").glob("*.jpg")),
    )
    return kodak + bsds[::10]


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


def copies(path: Path) -> list[Row]:
    """Save one picture at neighboring qualities."""
    image = rgb_of(path)
    coded = {quality: encoded(image, quality=quality) for quality in QUALITIES}
    return [
        _row(f"{apart} apart", f"{path.name} {quality}", compare(coded[quality], coded[quality + apart]))
        for quality, apart in itertools.product(QUALITIES, (1, 2))
        if quality + apart in coded
    ]


def between(path: Path) -> list[Row]:
    """Save one picture in each way, and lay it against one way drawn by chance."""
    image = rgb_of(path)
    names = [name for name in PIPELINES if name != "exif stripped"]
    kept = names[int(np.random.default_rng([SEED, *path.name.encode()]).integers(len(names)))]
    other = PIPELINES[kept](image)
    return [
        _row(name, f"{path.name} {kept}", compare(PIPELINES[name](image), other))
        for name in names
        if name != kept
    ]


def plain(path: Path) -> list[Row]:
    """Lay one picture on plain ground, without and with a word beside it."""
    image = rgb_of(path)
    rows = []
    for (frame, size), ground in itertools.product(FRAMES.items(), GROUNDS):
        shown = Image.new("RGB", frame, ground)
        shown.paste(image.resize(size), ((frame[0] - size[0]) // 2, (frame[1] - size[1]) // 2))
        worded = shown.copy()
        ImageDraw.Draw(worded).text((20, 20), "NEW 7", fill="red", font_size=24)
        for (one, two), (word, other) in itertools.product(STEPS, {"saved": shown, "word": worded}.items()):
            verdict = compare(encoded(shown, quality=one), encoded(other, quality=two))
            wanted = verdict.relation is Relation.EDITED if word == "word" else None
            name = f"{word}, {size[0]}x{size[1]} on {frame[0]}x{frame[1]}"
            rows.append(_row(name, f"{path.name} {ground} {one} {two}", verdict, wanted))
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


def kinds(path: Path) -> list[Row]:
    """Make one photograph into each kind, and save it in two codings, and with a word in it."""
    rows = []
    for kind, made in KINDS.items():
        image = made(rgb_of(path))
        rows += [
            _row(f"{kind}, saved twice", path.name, compare(saved(image, one), saved(image, two)))
            for one, two in KIND_STEPS
        ]
        word = written(image)
        if word is not None:
            verdict = compare(saved(image, ("JPEG", 80)), saved(word, ("JPEG", 60)))
            rows.append(_row(f"{kind}, with a word", path.name, verdict, verdict.relation is Relation.EDITED))
    return rows


def formats(files: tuple[str, Path, Path | None]) -> list[Row]:
    """Lay two orientations, a sample mode and its RGB form, or a phone's picture and a JPEG of it side by side."""
    part, one, two = files
    picture = load(one)
    verdict = compare(one, encoded(picture.rgb, quality=80) if two is None else two)
    if part != "orientations":
        return [_row(part, one.name, verdict)]
    share = sum(r.w * r.h for r in verdict.regions) / picture.rgb[..., 0].size
    boxed = verdict.relation is Relation.EDITED and share <= 0.05
    return [_row(part, f"{one.name} {two and two.name}", verdict, boxed, share)]


def _formats(data: Path) -> Iterator[tuple[str, Path, Path | None]]:
    for shape in ("landscape", "portrait"):
        files = [data / f"orientation/{shape}_{n}.jpg" for n in range(1, 9)]
        yield from (("orientations", one, two) for one, two in itertools.combinations(files, 2))
    modes = data / "pdq/misc-images/modes"
    for path in sorted(path for path in modes.iterdir() if path.suffix in (".png", ".jpg", ".webp")):
        yield "sample modes", path, modes / "RGB.jpg"
    for path in sorted((data / "heic").rglob("*")):
        if path.suffix.lower() in (".heic", ".heif"):
            yield "phones", path, None


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


def _twelve(data: Path, every: int, jobs: int) -> list[Path]:
    files = photos(data)
    return files[7 :: max(1, len(files) // 12)][:12:every]


Work = Callable[[Path, int, int], list[Any]]
PARTS: Mapping[str, tuple[str, Callable[[Any], list[Row]], Work]] = {
    "resaves": ("Re-saves called the same", resaves, _chosen),
    "twice": ("Copies saved twice", twice, _chosen),
    "copies": ("Copies at neighboring qualities", copies, _chosen),
    "between": ("Copies saved in any two ways", between, _chosen),
    "plain": ("Things on plain ground", plain, _chosen),
    "edits": ("Local edits, saved at JPEG 85", edits, _chosen),
    "kinds": ("Kinds of pictures", kinds, _twelve),
    "formats": (
        "Orientations, sample modes, phones",
        formats,
        lambda data, every, _: list(_formats(data))[::every],
    ),
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
