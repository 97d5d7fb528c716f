"""Folders of real pictures for the tests of find."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw

from samepic.duplicates.groups import Group

HOUR_AGO = time.time() - 3600


def settle(folder: Path) -> None:
    """Give every file an older time, so that the cache trusts it."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.utime(path, (HOUR_AGO, HOUR_AGO))


def album(
    folder: Path, photos: dict[str, Path], names: Iterable[str] = ("astronaut", "coffee", "chelsea")
) -> None:
    """Make each photograph with four re-saves in `folder`: NAME.png, -75.jpg, -half.jpg, .webp, -progressive.jpg."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        for end, data in resaves(photos[name]).items():
            (folder / f"{name}{end}").write_bytes(data)
    settle(folder)


@cache
def resaves(photo: Path) -> dict[str, bytes]:
    """Return the files that an album has of a photograph, by the ends of their names."""
    image = Image.open(photo).convert("RGB")
    small = image.resize((image.width // 2, image.height // 2))
    return {
        ".png": saved(image, "PNG"),
        "-75.jpg": saved(image, "JPEG", quality=75),
        "-half.jpg": saved(small, "JPEG", quality=50),
        ".webp": saved(image, "WEBP", quality=75),
        "-progressive.jpg": saved(image, "JPEG", quality=90, progressive=True, subsampling=0),
    }


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    """Return the bytes of a picture as a file of this form."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def chain(folder: Path, photo: Path) -> tuple[Path, Path, Path]:
    """Make A and C, which differ in a red dot, and B, a thumbnail too small to show it: B is like either."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "a.png", folder / "b.png", folder / "c.png"
    image = Image.open(photo).convert("RGB")
    image.save(paths[0])
    image.resize((64, 64), Image.Resampling.LANCZOS).save(paths[1])
    ImageDraw.Draw(image).ellipse((300, 120, 304, 124), fill=(255, 0, 0))
    image.save(paths[2])
    settle(folder)
    return paths


def names(groups: Iterable[Group]) -> list[list[str]]:
    """Return the file names of each group, the reference first."""
    return [[Path(g.reference.path).name, *(Path(m.file.path).name for m in g.members)] for g in groups]
