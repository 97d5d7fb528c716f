"""Open and compare the pictures of every orientation, sample mode and phone.

    python -m bench.formats

orientation: 8 tags of one landscape and of one portrait, each with its own number painted on: any two are `edited`,
with a box round the number. modes: one photograph in 15 sample modes against its RGB form. heic: each phone picture
against a JPEG that Pillow saves of what was decoded.
"""

from __future__ import annotations

import io
import itertools
import sys
from pathlib import Path

from PIL import Image

from bench.common import data_folder, header
from samepic.api import compare_pictures
from samepic.picture import Picture, load
from samepic.verdict import Relation


def orientation(folder: Path) -> list[str]:
    """Return what is wrong with the 56 pairs of turned pictures; each must be `edited`, boxed on the number."""
    wrong = []
    for shape in ("landscape", "portrait"):
        pictures = {n: load(folder / f"{shape}_{n}.jpg") for n in range(1, 9)}
        for one, two in itertools.combinations(pictures, 2):
            verdict = compare_pictures(pictures[one], pictures[two])
            boxes = [(r.x, r.y, r.w, r.h) for r in verdict.regions]
            share = sum(w * h for _, _, w, h in boxes) / pictures[one].rgb[..., 0].size
            print(f"| {shape} {one} {two} | {verdict.relation} | {boxes} | {share:.1%} |")
            if verdict.relation is not Relation.EDITED or share > 0.05:
                wrong.append(f"{shape} {one} against {two}: {verdict.relation}, {share:.1%} of the frame")
    return wrong


def modes(folder: Path) -> list[str]:
    """Return which sample modes are not the same picture as the RGB form."""
    wrong, rgb = [], load(folder / "RGB.jpg")
    for path in sorted(p for p in folder.iterdir() if p.suffix in (".png", ".jpg", ".webp")):
        verdict = compare_pictures(rgb, load(path))
        print(f"| {path.name} | {verdict.relation} | {verdict.explanation} | |")
        if not verdict.same:
            wrong.append(f"{path.name}: {verdict.relation}: {verdict.explanation}")
    return wrong


def phones(folder: Path) -> list[str]:
    """Return which phone pictures are not the same as a JPEG of them."""
    wrong = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".heic", ".heif")):
        picture = load(path)
        verdict = compare_pictures(picture, _saved(picture))
        print(f"| {path.name} | {verdict.relation} | {verdict.explanation} | |")
        if not verdict.same:
            wrong.append(f"{path.name}: {verdict.relation}")
    return wrong


def _saved(picture: Picture) -> Picture:
    out = io.BytesIO()
    Image.fromarray(picture.rgb).save(out, "JPEG", quality=80)
    return load(out.getvalue())


def main() -> int:
    """Print a row a pair; exit 1 where one is not as wanted."""
    data = data_folder()
    if data is None:
        print("no pictures: set SAMEPIC_BENCH_DATA to the folder that holds orientation/, pdq/ and heic/")
        return 2
    print(header(), "\n\n| pair | relation | regions or sentence | share |\n|---|---|---|---|", sep="")
    wrong = orientation(data / "orientation") + modes(data / "pdq/misc-images/modes") + phones(data / "heic")
    print(f"\n{len(wrong)} not as wanted", *wrong, sep="\n  ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
