"""Make copies of the example photographs, and a list of pairs as a person would label them: for docs/notebooks.md."""

from __future__ import annotations

import csv
from itertools import combinations
from pathlib import Path

from PIL import Image, ImageDraw

PHOTOS = Path(__file__).parent / "photos"


def main(folder: Path = Path("labelled")) -> None:
    """Write the pictures and pairs.csv to `folder`."""
    folder.mkdir(exist_ok=True)
    names = sorted(path for path in PHOTOS.iterdir() if path.suffix in (".jpg", ".png"))
    rows = [row for path in names for row in copies(path, folder)]
    rows += [(f"{a.stem}.png", f"{b.stem}-75.jpg", "different") for a, b in combinations(names, 2)]
    rows.append(("rocket.png", "coffee-75.jpg", "same"))  # a slip of the hand, which calibrate finds
    with (folder / "pairs.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("a", "b", "same"), *rows])
    print(f"{folder / 'pairs.csv'}: {len(rows)} pairs")


def copies(path: Path, folder: Path) -> list[tuple[str, str, str]]:
    """Save a photograph, two copies of it, and one with a red mark on it."""
    name, image = path.stem, Image.open(path).convert("RGB")
    image.save(folder / f"{name}.png")
    image.save(folder / f"{name}-75.jpg", quality=75)
    image.resize((image.width * 2 // 3, image.height * 2 // 3)).save(
        folder / f"{name}-small.webp", quality=70
    )
    ImageDraw.Draw(image).rectangle((40, 40, 120, 100), fill="red")
    image.save(folder / f"{name}-marked.jpg", quality=90)
    return [
        (f"{name}.png", f"{name}-75.jpg", "same"),
        (f"{name}.png", f"{name}-small.webp", "same"),
        (f"{name}.png", f"{name}-marked.jpg", "different"),
    ]


if __name__ == "__main__":
    main()
