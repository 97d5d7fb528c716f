"""Make copies of real photographs in the ways the world does, and print what samepic says of each.

Run by `make demo`. Writes into ./demo-out/ and exits 1 when an answer is not the expected one.
"""

from __future__ import annotations

import hashlib
import io
import math
import operator
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms

import samepic

PHOTOS = Path(__file__).parent / "photos"
OUT = Path("demo-out")
HEAD = (
    "what was done to the copy",
    "md5",
    "hist RMS",
    "samepic",
    "relation",
    "chance",
    "in one sentence",
)
ANSWER = {True: "same", False: "not the same", None: "cannot tell"}


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph of examples/photos; `box` (left, top, right, bottom) holds something to paint out."""

    name: str
    box: tuple[int, int, int, int]
    shift: tuple[int, int]

    @property
    def path(self) -> Path:
        """Where it lies."""
        return PHOTOS / self.name


@dataclass(frozen=True, slots=True)
class Case:
    """One thing done to a photograph: how, to what file, and whether the copy is still the same picture."""

    done: str
    file: str
    make: Callable[[Photo, Path], None]
    same: bool | None = True


ROCKET = Photo("rocket.jpg", (430, 112, 464, 200), (40, 0))
CAT = Photo("chelsea.png", (292, 110, 344, 166), (-60, 0))
HUBBLE = Photo("hubble.jpg", (728, 552, 780, 604), (60, 0))


def as_shown(photo: Photo) -> Image.Image:
    """Return the photograph in sRGB, as an editor exports it for the web."""
    image = Image.open(photo.path)
    profile = image.info.pop("icc_profile", None)
    if not profile:
        return image.convert("RGB")
    kept = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if "sRGB" in ImageCms.getProfileDescription(kept):
        return image.convert("RGB")
    shown = ImageCms.profileToProfile(image, kept, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert shown is not None  # only a conversion in place returns None
    shown.info.pop("icc_profile", None)
    return shown


def saved_again(photo: Photo, path: Path) -> None:
    """The question that samepic began with, word for word; Pillow drops the colour profile here."""
    Image.open(photo.path).save(path)


def recoded(options: dict[str, Any]) -> Callable[[Photo, Path], None]:
    """Return a maker that saves the photograph once more with these options of Pillow."""

    def make(photo: Photo, path: Path) -> None:
        as_shown(photo).save(path, **options)

    return make


def halved(photo: Photo, path: Path) -> None:
    """Half the width and height."""
    image = as_shown(photo)
    image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS).save(path, quality=90)


def stripped(photo: Photo, path: Path) -> None:
    """The same coded pixels without EXIF, XMP and comments; the colour profile stays, it decides colours."""
    if photo.path.suffix == ".jpg":
        path.write_bytes(b"".join(_kept_segments(photo.path.read_bytes())))
    else:
        image = Image.open(photo.path)
        clean = Image.frombytes(image.mode, image.size, image.tobytes())
        clean.save(path, icc_profile=image.info.get("icc_profile"))


def _kept_segments(data: bytes) -> Iterator[bytes]:
    """Yield a JPEG without its APP1 (EXIF, XMP), APP13 (IPTC) and COM segments."""
    yield data[:2]
    at = 2
    while data[at + 1] != 0xDA:  # start of scan: coded pixels follow
        size = 2 + int.from_bytes(data[at + 2 : at + 4])
        if data[at + 1] not in (0xE1, 0xED, 0xFE):
            yield data[at : at + size]
        at += size
    yield data[at:]


def turned_by_tag(photo: Photo, path: Path) -> None:
    """The pixels lie on their side and an EXIF tag says how to hold them, as phones do."""
    image = as_shown(photo)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to view
    image.transpose(Image.Transpose.ROTATE_90).save(path, quality=92, exif=exif)


def palette(photo: Photo, path: Path) -> None:
    """256 colours."""
    as_shown(photo).quantize(256).save(path)


def cmyk(photo: Photo, path: Path) -> None:
    """The colours of a printer, without a profile."""
    as_shown(photo).convert("CMYK").save(path, quality=90)


def painted_out(photo: Photo, path: Path) -> None:
    """One object is covered with what is beside it."""
    image = as_shown(photo)
    (left, top, right, bottom), (dx, dy) = photo.box, photo.shift
    beside = image.crop((left + dx, top + dy, right + dx, bottom + dy))
    image.paste(beside, (left, top))
    image.save(path, quality=90)


def another(name: str) -> Callable[[Photo, Path], None]:
    """Return a maker that saves another photograph."""

    def make(_: Photo, path: Path) -> None:
        Image.open(PHOTOS / name).convert("RGB").save(path, quality=90)

    return make


def copied(photo: Photo, path: Path) -> None:
    """The file itself, under another name."""
    shutil.copyfile(photo.path, path)


def cases(photo: Photo) -> list[Case]:
    """Return everything that is done to one photograph."""
    suffix = photo.path.suffix
    return [
        Case("copied", f"copied{suffix}", copied),
        Case("Image.open(a).save(b)", f"saved-again{suffix}", saved_again),
        Case("JPEG quality 75", "q75.jpg", recoded({"quality": 75})),
        Case("JPEG quality 40, progressive", "q40.jpg", recoded({"quality": 40, "progressive": True})),
        Case("WebP quality 80", "q80.webp", recoded({"quality": 80})),
        Case("half size", "half.jpg", halved),
        Case("metadata stripped", f"stripped{suffix}", stripped),
        Case("turned, put right by its tag", "turned.jpg", turned_by_tag),
        Case("palette PNG", "palette.png", palette),
        Case("CMYK JPEG", "cmyk.jpg", cmyk),
        Case("an object painted out", "painted-out.jpg", painted_out, same=False),
        Case("another photograph", "another.jpg", another("coffee.png"), same=False),
    ]


def histogram_rms(a: Path, b: Path) -> float:
    """Return the root mean square of the differences of the two RGB histograms, as in the question."""
    h1, h2 = (Image.open(path).convert("RGB").histogram() for path in (a, b))
    squares = [(x - y) ** 2 for x, y in zip(h1, h2, strict=True)]
    return math.sqrt(reduce(operator.add, squares) / len(h1))


def row(done: str, a: Path, b: Path, wanted: bool | None) -> tuple[list[str], bool]:
    """Return one line of the table, and whether the answer is the wanted one."""
    md5 = "equal" if len({hashlib.md5(path.read_bytes()).digest() for path in (a, b)}) == 1 else "differ"
    verdict = samepic.compare(a, b)
    right = verdict.same is wanted
    told = ANSWER[verdict.same] + ("" if right else f" (WRONG: wanted {ANSWER[wanted]})")
    chance = f"{verdict.probability:.4f}"
    line = [done, md5, f"{histogram_rms(a, b):.1f}", told, str(verdict.relation), chance, verdict.explanation]
    return line, right


def flat_greys() -> tuple[Path, Path]:
    """Return two pictures of nothing."""
    paths = OUT / "grey-100.png", OUT / "grey-140.png"
    for path, level in zip(paths, (100, 140), strict=True):
        Image.new("RGB", (320, 240), (level, level, level)).save(path)
    return paths


def print_table(title: str, lines: list[list[str]]) -> None:
    """Print aligned columns; on a terminal the last one is cut at its edge."""
    widths = [max(len(line[i]) for line in [list(HEAD), *lines]) for i in range(len(HEAD) - 1)]
    edge = shutil.get_terminal_size((120, 40)).columns if sys.stdout.isatty() else None
    print(f"\n{title}")
    for line in [list(HEAD), *lines]:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        print("  ".join([*cells, line[-1]])[:edge])


def main() -> int:
    """Make every copy, print what samepic says of it, and return 1 when an answer is not the wanted one."""
    OUT.mkdir(exist_ok=True)
    wrong = 0
    for photo in (ROCKET, CAT, HUBBLE):
        lines = []
        for case in cases(photo):
            copy = OUT / f"{photo.path.stem}-{case.file}"
            case.make(photo, copy)
            line, right = row(case.done, photo.path, copy, case.same)
            lines.append(line)
            wrong += not right
        print_table(f"{photo.name} held against", lines)
    line, right = row("a flat grey, another grey", *flat_greys(), None)
    print_table("two pictures of nothing", [line])
    wrong += not right
    picture = OUT / "difference.png"
    samepic.compare(ROCKET.path, OUT / "rocket-painted-out.jpg").difference_image().save(picture)
    print(f"\nThe copies are in {OUT}/. Where rocket.jpg was painted over is shown in {picture}.")
    print(f"{wrong} answers are wrong." if wrong else "Every answer is the expected one.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
