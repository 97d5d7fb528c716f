"""Small pictures made on the spot, and the strategies that draw them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image

from samepic.arrays import Pixels
from samepic.picture import Picture
from samepic.verdict import PictureInfo


def scene(seed: int, width: int = 97, height: int = 61, bands: int = 3) -> Pixels:
    """Return a smooth random picture with some grain."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (7, 9, 4), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.int16)
    grain = random.integers(-9, 10, smooth.shape)
    return np.ascontiguousarray(np.clip(smooth + grain, 0, 255)[..., :bands], np.uint8)


def flat(value: int, width: int = 32, height: int = 32) -> Pixels:
    """Return a picture of one gray."""
    return np.full((height, width, 3), value, np.uint8)


def drawing(seed: int) -> Pixels:
    """Return black ink on a transparent ground: two such drawings differ only in alpha."""
    picture = np.zeros((64, 64, 4), np.uint8)
    picture[..., 3] = np.where(scene(seed, 64, 64)[..., 0] > 128, 255, 0)
    return picture


def picture_of(pixels: Pixels, data: bytes | None = None) -> Picture:
    """Return the Picture of an array."""
    alpha = np.ascontiguousarray(pixels[..., 3]) if pixels.shape[2] == 4 else None
    info = PictureInfo("test", "array", pixels.shape[1], pixels.shape[0])
    return Picture(np.ascontiguousarray(pixels[..., :3]), alpha, info, data)


def pixels(bands: st.SearchStrategy[int], side: int = 12) -> st.SearchStrategy[Pixels]:
    """Return a strategy of pictures of any content, up to `side` pixels wide and high."""
    sides = st.integers(1, side)
    shapes = st.tuples(sides, sides, bands)
    return npst.arrays(np.uint8, shapes)


ANY = pixels(st.sampled_from([3, 4]))
