"""Find with known truth, in large pictures and in very many files: what is found, what is wrong, memory, time.

    python -m bench collection [resaves|copies|large|many|growth ...] [--keep FOLDER] [--every N] [--count N]

Each part makes its files in a temporary folder, or in FOLDER, and runs `samepic find` as a process of its own, with an
empty cache and with a full one. resaves: every photograph of photos/ with five re-saves, and every picture of
sameplace/, clipart/ and uipages/ as it is; with --every, each Nth of them. copies: N photographs, every seventh with a
crop, border, tilt, inset or mirrored copy, found with --copies. large: N photographs of 4000x3000, each with four
copies, two of them with a PNG. many: N files of one byte, 250 a folder, and N / 20 distinct JPEGs of 96x96, mixed of
pieces of photographs. growth: 1000, 10 000 and N such JPEGs, by default 100 000, on one thread.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from PIL import Image, ImageFile

from bench.common import (
    SEED,
    Usage,
    encoded,
    groups_of,
    head,
    largest,
    measured,
    option,
    photos,
    rgb_of,
    row,
    wanted_data,
)
from bench.copies import stripped
from bench.families import alter

ImageFile.MAXBLOCK = 1 << 24  # the encoder of progressive JPEG wants its output in one piece

OTHERS = ("sameplace", "clipart", "uipages")
_TURNED = Image.Transpose.ROTATE_90  # counter-clockwise; orientation 6 turns it back


def make(data: Path, folder: Path, every: int) -> None:
    """Make the collection in `folder` of every Nth picture; the photograph p0012 is the one at index 12 of them."""
    (folder / "photos").mkdir(parents=True)
    for number, path in enumerate(photos(data)[::every]):
        shutil.copyfile(path, folder / "photos" / f"p{number:04}-0{path.suffix.lower()}")
        for ending, coded in resaves(path, number):
            (folder / "photos" / f"p{number:04}-{ending}").write_bytes(coded)
    for name in OTHERS:
        (folder / name).mkdir()
        files = sorted(path for path in (data / name).rglob("*") if path.is_file())
        for number, path in enumerate(files[::every]):
            shutil.copyfile(path, folder / f"{name}/{number:04}-{path.name.replace(' ', '_')}")


def resaves(path: Path, number: int) -> Iterable[tuple[str, bytes]]:
    """Yield (ending of the name, bytes) of five re-saves of a photograph."""
    opened = Image.open(path)
    icc = {"icc_profile": opened.info["icc_profile"]} if "icc_profile" in opened.info else {}
    image = opened if opened.mode in ("RGB", "L") else opened.convert("RGB")
    half = image.resize((max(1, image.width // 2), max(1, image.height // 2)), Image.Resampling.LANCZOS)
    yield "1.jpg", encoded(image, "JPEG", quality=75, **icc)
    yield "2.jpg", encoded(half, "JPEG", quality=50, **icc)
    yield "3.webp", encoded(image, "WEBP", quality=75, **icc)
    yield "4.jpg", encoded(image, "JPEG", quality=90, progressive=True, subsampling=0, **icc)
    if number % 2:
        exif = Image.Exif()
        exif[0x0112] = 6
        yield "5.jpg", encoded(image.transpose(_TURNED), "JPEG", quality=92, exif=exif, **icc)
    elif opened.format == "JPEG":
        yield "5.jpg", stripped(path.read_bytes())
    else:
        yield "5.png", encoded(image, "PNG", compress_level=1, **icc)


_ALTERED = (
    ("crop", "50 %"),
    ("crop", "25 %"),
    ("border", "colour"),
    ("perspective", "slight"),
    ("picture in picture", "35 to 50 %"),
    ("mirror", "full size"),
)


def make_copies(data: Path, folder: Path, count: int) -> None:
    """Write so many photographs, spread over all, into `folder`/photos, and an altered copy of every seventh."""
    (folder / "photos").mkdir(parents=True)
    every = photos(data)
    chosen = every[:: max(1, len(every) // count)][:count]
    for number, path in enumerate(chosen):
        shutil.copyfile(path, folder / f"photos/p{number:04}-0{path.suffix.lower()}")
        if number % 7 == 0:
            family, level = _ALTERED[number // 7 % len(_ALTERED)]
            rgb, other = (np.asarray(rgb_of(one)) for one in (path, chosen[(number + 3) % count]))
            altered = alter(family, level, rgb, np.random.default_rng([SEED, number]), other)
            (folder / f"photos/p{number:04}-1.jpg").write_bytes(encoded(altered.rgb, quality=88))


def make_large(data: Path, folder: Path, count: int) -> None:
    """Write so many of the largest photographs at 12 megapixels into `folder`/photos, and four copies of each."""
    (folder / "photos").mkdir(parents=True)
    for number, source in enumerate(largest(data, count)):
        large = rgb_of(source)
        turned = large.transpose(Image.Transpose.ROTATE_90) if large.height > large.width else large
        large = turned.resize((4000, 3000), Image.Resampling.LANCZOS)
        half, name = large.resize((2000, 1500), Image.Resampling.LANCZOS), f"{folder}/photos/p{number:03}"
        large.save(f"{name}-0.jpg", quality=92)
        large.save(f"{name}-1.jpg", quality=75)
        large.save(f"{name}-2.jpg", quality=85, progressive=True)
        half.save(f"{name}-3.jpg", quality=80)
        large.save(f"{name}-4.webp", quality=80, method=2)
        if number < 2:
            large.save(f"{name}-5.png", compress_level=1)


def make_many(data: Path, folder: Path, count: int) -> None:
    """Write `count` files of one byte that take no block on the disk, and a twentieth as many distinct JPEGs."""
    for number in range(count):
        below = folder / f"{number // 25_000:03}" / f"{number // 250:05}"
        below.mkdir(parents=True, exist_ok=True)
        name = os.open(below / f"note-{number:07}.txt", os.O_CREAT | os.O_WRONLY)
        os.ftruncate(name, 1)
        os.close(name)
    make_crops(data, folder, count // 20)


def make_crops(data: Path, folder: Path, count: int) -> None:
    """Write `count` distinct JPEGs of 96x96, each two pieces of photographs in one, a thousand a folder."""
    chance = random.Random(SEED)
    sources = [np.asarray(rgb_of(path)) for path in photos(data)[::2]]
    for number in range(count):
        pieces = []
        for rgb in chance.sample(sources, 2):
            side = chance.randrange(64, min(200, *rgb.shape[:2]))
            top, left = (chance.randrange(most - side + 1) for most in rgb.shape[:2])
            piece = np.ascontiguousarray(rgb[top : top + side, left : left + side, :: chance.choice((1, -1))])
            pieces.append(cv2.resize(piece, (96, 96), interpolation=cv2.INTER_AREA))
        path = folder / f"pictures-{number // 1000:03}" / f"p{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        mixed = np.asarray(cv2.addWeighted(pieces[0], 0.5, pieces[1], 0.5, 0), np.uint8)
        path.write_bytes(simplejpeg.encode_jpeg(mixed, quality=85))


def photo_of(path: str) -> str:
    """Return which photograph a file shows: "p0012", or the path itself for the others."""
    name = Path(path).name
    return name.split("-")[0] if Path(path).parent.name == "photos" else path


def score(groups: list[list[str]], folder: Path) -> tuple[float, int, list[tuple[str, str]]]:
    """Return the share of copies grouped with their photograph, groups that are exactly right, wrong members.

    The first path of a group is its reference; a wrong member is named with it.
    """
    every = [photo_of(str(path)) for path in folder.glob("photos/*")]
    sizes = {key: every.count(key) for key in set(every)}
    found, right, wrong = 0, 0, []
    for group in groups:
        keys = [photo_of(path) for path in group]
        own = max(set(keys), key=lambda key: (keys.count(key), key))
        if own in sizes and any(Path(path).name.startswith(f"{own}-0.") for path in group):
            found += keys.count(own) - 1
        right += keys == [own] * sizes.get(own, 0)
        wrong += [(path, group[0]) for path, key in zip(group, keys, strict=True) if key != keys[0]]
    return found / max(1, len(every) - len(sizes)), right, wrong


def _samepic(folder: Path, temporary: Path, *options: str) -> None:
    temporary.mkdir()
    print(f"{sum(path.is_file() for path in folder.rglob('*'))} files", flush=True)
    command = [sys.executable, "-m", "samepic", "find", "-v", "--json", *options, str(folder)]
    env = {"SAMEPIC_CACHE": str(temporary / "cache")}
    files = [temporary / f"{state}.jsonl" for state in ("cold", "warm")]
    cold, warm = (measured(command, file, env) for file in files)
    print(f"samepic, empty cache  {cold}")
    print(f"samepic, full cache   {warm}, {cold.wall / warm.wall:.0f} times as fast")
    print(f"same output twice: {files[0].read_bytes() == files[1].read_bytes()}")
    if (folder / "photos").is_dir():
        found, right, wrong = score(groups_of(files[0]), folder)
        print(
            f"{found:.2%} of the copies in their group, {right} groups exactly right, {len(wrong)} wrong members"
        )
        for member, reference in wrong[:200]:
            print(f"  wrong? {Path(member).relative_to(folder)} with {Path(reference).relative_to(folder)}")


OPTIONS = (
    option("--keep", type=Path, help="make the files here, or use those that are here"),
    option("--every", 1, help="resaves: take every Nth picture only"),
    option(
        "--count",
        0,
        help="photographs: copies 400, large 8; many: files, 1 000 000; growth: 100 000; by default",
    ),
    option("--rounds", 1),
)


def _found(
    maker: Callable[[Path, Path, int], None], count: int, args: argparse.Namespace, *, copies: bool = False
) -> None:
    """Make, find, score and print."""
    with tempfile.TemporaryDirectory(prefix="samepic-bench-") as name:
        temporary = Path(name)
        folder = args.keep or temporary / "collection"
        if not folder.is_dir():
            maker(wanted_data(), folder, (args.every if maker is make else args.count) or count)
        for number in range(args.rounds):
            print(f"round {number + 1} of {args.rounds}", flush=True)
            _samepic(folder, temporary / f"round-{number}", *["--copies"] * copies)


def growth(args: argparse.Namespace) -> None:
    """Print what `find` takes a picture as their number grows."""
    head("pictures", "CPU s", "ms a picture", "times that of the first", "MB", "KB a picture more")
    begun: list[Usage] = []
    for count in (1000, 10_000, args.count or 100_000):
        with tempfile.TemporaryDirectory(prefix="samepic-bench-") as name:
            make_crops(wanted_data(), Path(name) / "crops", count)
            command = [sys.executable, "-m", "samepic", "find", "--json", "--jobs", "1", f"{name}/crops"]
            begun.append(measured(command, Path(name) / "out", {"SAMEPIC_CACHE": f"{name}/cache"}))
        taken, first = begun[-1], begun[0]
        each = 1000 * taken.cpu / count
        more = 1000 * (taken.peak - first.peak) / max(1, count - 1000)
        row(
            count,
            f"{taken.cpu:.1f}",
            f"{each:.2f}",
            f"{each / first.cpu:.2f}",
            f"{taken.peak:.0f}",
            f"{more:.1f}",
        )


PARTS = {
    "resaves": partial(_found, make, 1),
    "copies": partial(_found, make_copies, 400, copies=True),
    "large": partial(_found, make_large, 8),
    "many": partial(_found, make_many, 1_000_000),
    "growth": growth,
}
