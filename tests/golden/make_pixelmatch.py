"""Count with pixelmatch 7.2.0 which pixels of drawn pairs differ: python -m tests.golden.make_pixelmatch NODE_FOLDER

In NODE_FOLDER `npm install pixelmatch@7.2.0` must have been run. The counts are written to pixelmatch.json.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["pairs"]

_SCRIPT = """
import fs from 'fs';
import pixelmatch from 'pixelmatch';
const [file, width, height] = process.argv.slice(1);
const data = fs.readFileSync(file), size = width * height * 4;
const [one, two] = [0, size].map((at) => Uint8Array.from(data.subarray(at, at + size)));
console.log(pixelmatch(one, two, null, +width, +height, {threshold: 0.05}));
"""


def pairs() -> dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Return pairs of (200, 200, 3) uint8: smoothed edges, letters, noise; of greys, on which both measures agree."""
    found = {}
    for seed in range(12):
        rng = np.random.default_rng(seed)
        found[f"{seed:02}"] = _drawn(rng, 0), _drawn(np.random.default_rng(seed), seed + 1)
    return found


def _drawn(rng: np.random.Generator, changed: int) -> NDArray[np.uint8]:
    """Return a scene; `changed` moves, recolours and smooths some of it otherwise."""
    other = np.random.default_rng(1000 + changed)
    large = Image.new("RGB", (800, 800), (250, 250, 250))
    draw = ImageDraw.Draw(large)
    for number in range(8):
        x, y, w, h = (int(one) for one in rng.integers(20, 700, 4))
        level = int(rng.integers(0, 200))
        if changed and number % 3 == changed % 3:
            x, level = x + int(other.integers(-6, 7)), level + int(other.integers(30, 50))
        colour = (level, level, level)
        draw.ellipse((x, y, x + w // 3 + 8, y + h // 3 + 8), colour)
        draw.line((x, y, 800 - w, 800 - h), colour, 6)
    image = large.resize((200, 200), Image.Resampling.BOX)
    text = "letters" if changed % 2 else "lettuce"
    ImageDraw.Draw(image).text((20, 150), text, (40, 40, 40), font=ImageFont.load_default(18))
    pixels = np.asarray(image).astype(int)
    if changed:
        pixels[:60, 140:] += 40 * other.integers(-1, 2, (60, 60, 1))
    return np.asarray(pixels.clip(0, 255), np.uint8)


def _count(one: NDArray[np.uint8], two: NDArray[np.uint8], folder: Path) -> int:
    opaque = np.full((*one.shape[:2], 1), 255, np.uint8)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "pair.raw"
        file.write_bytes(b"".join(np.dstack([picture, opaque]).tobytes() for picture in (one, two)))
        size = [str(one.shape[1]), str(one.shape[0])]
        command = ["node", "--input-type=module", "-e", _SCRIPT, "--", str(file), *size]
        return int(subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout)


def _main(folder: Path) -> None:
    counts = {name: _count(one, two, folder) for name, (one, two) in pairs().items()}
    golden = {
        "made by": "python -m tests.golden.make_pixelmatch NODE_FOLDER, pixelmatch 7.2.0 at threshold 0.05",
        "counts": counts,
    }
    (Path(__file__).parent / "pixelmatch.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
