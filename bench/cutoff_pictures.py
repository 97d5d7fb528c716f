"""The pictures of docs/cutoffs.md that fool one measure or another, with what `measure` says of them.

python -m bench cutoff_pictures            # prints the values
python -m bench cutoff_pictures --write    # and rewrites docs/cutoffs.md and its pictures
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from bench.common import ROOT, encoded, option
from bench.cutoffs import markdown, rewrite
from samepic.arrays import Pixels
from samepic.measures.table import Measures, measure_arrays
from samepic.picture import load

OPTIONS = (option("--write", False, help="rewrite docs/cutoffs.md and its pictures"),)
_SHOWN = ("rms_distance", "psnr", "histogram_rms", "jensen_shannon", "whitened_correlation", "ssim")


def source(name: str) -> Pixels:
    """Return an example photograph, 448x296."""
    with Image.open(ROOT / "examples" / "photos" / f"{name}.png") as image:
        return np.asarray(image.convert("RGB").resize((448, 296), Image.Resampling.LANCZOS), np.uint8)


def shuffled(pixels: Pixels, side: int = 8) -> Pixels:
    """Return the same pixels with blocks of `side` x `side` dealt out anew."""
    rows, columns = pixels.shape[0] // side, pixels.shape[1] // side
    blocks = pixels.reshape(rows, side, columns, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)
    dealt = np.random.default_rng(1).permutation(blocks).reshape(rows, columns, side, side, 3)
    return np.ascontiguousarray(dealt.swapaxes(1, 2).reshape(pixels.shape))


def recoloured(pixels: Pixels, colours: Pixels) -> Pixels:
    """Return `pixels` with the histogram of `colours`: band by band, k-th darkest for k-th."""
    result = np.empty(pixels.shape, np.uint8)
    for band in range(3):
        order = np.argsort(pixels[..., band], axis=None, kind="stable")
        result[..., band].flat[order] = np.sort(colours[..., band], axis=None)
    return result


def fogged(pixels: Pixels) -> Pixels:
    """Return `pixels` as in thick fog: a tenth of the contrast, on grey."""
    return np.asarray(170 + (pixels - pixels.mean(axis=(0, 1))) * 0.1, np.uint8)


def edited(pixels: Pixels) -> Pixels:
    """Return `pixels` with one eye painted over: 1.1 % of the frame."""
    changed = pixels.copy()
    changed[98:134, 148:188] = pixels[40:76, 148:188]
    return changed


def resaved(pixels: Pixels) -> Pixels:
    """Return `pixels` saved as JPEG at quality 30 and opened again."""
    return load(encoded(pixels, quality=30)).rgb


def brighter(pixels: Pixels) -> Pixels:
    """Return `pixels` much brighter: gamma 0.5."""
    return np.asarray(255 * np.sqrt(pixels / 255), np.uint8)


def shifted(pixels: Pixels) -> Pixels:
    """Return `pixels` without their outer 3 %."""
    return np.ascontiguousarray(pixels[8:-8, 13:-13])


def pairs() -> Mapping[str, tuple[Pixels, Pixels]]:
    """Return pairs by what they show: three of different pictures, one of a local edit, three of copies."""
    cat, cup = source("chelsea"), source("coffee")
    return {
        "a cat and its blocks, shuffled": (cat, shuffled(cat)),
        "a cat and a cup in the cat's colours": (cat, recoloured(cup, cat)),
        "a cat and a cup, both in fog": (fogged(cat), fogged(cup)),
        "a cat, one eye painted over": (cat, edited(cat)),
        "a cat and itself, saved at JPEG quality 30": (cat, resaved(cat)),
        "a cat and itself, much brighter": (cat, brighter(cat)),
        "a cat and itself without its outer 3 %": (cat, shifted(cat)),
    }


def measured(pair: tuple[Pixels, Pixels]) -> Measures:
    """Return every measure of a pair of arrays."""
    return measure_arrays(load(pair[0]), load(pair[1]))


def _sheet(shown: list[tuple[Pixels, Pixels]], path: Path) -> None:
    """Write the pictures of some pairs side by side, each once."""
    distinct = {pixels.tobytes(): pixels for pair in shown for pixels in pair}
    tiles = [Image.fromarray(pixels).resize((270, 178)) for pixels in distinct.values()]
    sheet = Image.new("RGB", (len(tiles) * 280 - 10, 178), "white")
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (number * 280, 0))
    path.parent.mkdir(exist_ok=True)
    sheet.save(path, quality=82)


def _table() -> str:
    rows = [["pair", *_SHOWN]]
    for name, pair in pairs().items():
        found = measured(pair)
        rows.append([name, *(f"{found[k].value:.4g}{' passes' if found[k].passes else ''}" for k in _SHOWN)])
    return markdown(rows)


def main(args: argparse.Namespace) -> None:
    """Print the values; with --write rewrite pictures and page."""
    print(_table())
    if args.write:
        every = list(pairs().values())
        folder = ROOT / "docs" / "img"
        _sheet(every[:2], folder / "cutoffs-histograms.jpg")
        _sheet(every[2:3], folder / "cutoffs-fog.jpg")
        _sheet(every[3:4], folder / "cutoffs-edit.jpg")
        begin = "<!-- begin: bench/cutoff_pictures.py -->\n"
        rewrite(ROOT / "docs" / "cutoffs.md", begin, "<!-- end pictures -->\n", _table())
