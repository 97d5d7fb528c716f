"""The ways in which people alter a picture before they show it again, by families and levels.

A good part are those of Copydays (INRIA 2009) and of the DISC21 image similarity challenge (2021). Everything is
deterministic: draw with `np.random.default_rng([SEED, index])`.
"""

from __future__ import annotations

import cv2
import numpy as np

from bench.common import encoded
from bench.family_base import Altered, Box, Family, Made, Pixels, Right
from bench.family_content import CONTENT
from bench.family_frame import FRAME
from bench.family_scene import SCENE
from bench.family_tone import CODING, TONE
from bench.steps import picked

_SINGLE: dict[str, Family] = {**CODING, **TONE, **FRAME, **CONTENT, **SCENE}
_CHAINS = ("two of frame and tone", "three of frame and tone", "content and tone", "content, frame and tone")

FAMILIES: dict[str, tuple[str, ...]] = {
    **{name: tuple(family.makers) for name, family in _SINGLE.items()},
    "chain": _CHAINS,
}
"""Every family with the names of its levels."""

BOXED = tuple(CONTENT)
"""Families that change content in known boxes: `edited` is the only right relation."""

TONED = tuple(TONE)
"""Families that change tone, colour, sharpness or noise over the whole frame: never `edited`."""

_HARDLY = 3.0
"""Mean change in levels below which nobody sees a change of tone: less saturation of a grey photograph."""

_PLAIN_FRAME = ("border", "letterbox", "mirror", "quarter turns", "stretch")
_CHAIN_FRAME = (
    "crop", "border", "mirror", "quarter turns", "tilt inside", "tilt with corners", "perspective",
)  # fmt: skip
_CHAIN_TONE = (
    "gamma", "brightness", "contrast", "saturation", "temperature", "grey", "photo filter", "blur", "noise",
    "smaller",
)  # fmt: skip


def level_of(family: str, rng: np.random.Generator) -> str:
    """Return one level of a family, drawn at random."""
    return picked(rng, FAMILIES[family])


def alter(family: str, level: str, rgb: Pixels, rng: np.random.Generator, other: Pixels) -> Altered:
    """Return `rgb` altered; `other` is another photograph, for what shows more than one.

    Raises KeyError for a family or level that does not exist.
    """
    if family == "chain":
        return _chain(level, rgb, rng, other)
    made = _SINGLE[family].makers[level](rgb, rng, other)
    right = _SINGLE[family].right(level)
    if right == Right.ADJUSTED and np.abs(made.rgb.astype(np.int16) - rgb).mean() < _HARDLY:
        right = Right.GENTLE
    return Altered(family, level, made.rgb, made.boxes, right, made.saved_as)


def _chain(level: str, rgb: Pixels, rng: np.random.Generator, other: Pixels) -> Altered:
    """Two or three alterations one after the other; content comes first, so that its boxes hold."""
    steps: tuple[tuple[str, ...], ...] = {
        "two of frame and tone": (_CHAIN_FRAME, _CHAIN_TONE),
        "three of frame and tone": (_CHAIN_TONE, _CHAIN_FRAME, _PLAIN_FRAME),
        "content and tone": (BOXED, _CHAIN_TONE),
        "content, frame and tone": (BOXED, _PLAIN_FRAME, _CHAIN_TONE),
    }[level]
    out, right = rgb, Right.GENTLE
    boxes: tuple[Box, ...] = ()
    for choice in steps:
        family = str(rng.choice(choice))
        step = level_of(family, rng)
        made: Made = _SINGLE[family].makers[step](out, rng, other)
        out, boxes = made.rgb, boxes + made.boxes
        # What was edited stays so, in whatever frame.
        if family in CONTENT:
            right = Right.EDITED
        elif family in FRAME and right != Right.EDITED:
            right = Right.REFRAMED
    return Altered("chain", level, out, boxes, right)


def save(altered: Altered, rng: np.random.Generator) -> bytes:
    """Return the copy as a file: mostly JPEG of quality 60 to 95, now and then WebP or PNG."""
    kind, _, quality = altered.saved_as.partition(" ")
    drawn = int(rng.integers(60, 96))
    if not kind:
        kind = str(rng.choice(["JPEG", "WEBP", "PNG"], p=[0.9, 0.07, 0.03]))
    if kind == "JPEG":
        # cv2 writes 4:2:0 as most programs do, five times as fast as an encoder that optimises.
        bgr = np.ascontiguousarray(altered.rgb[..., ::-1])
        done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, int(quality or drawn)])
        assert done
        return data.tobytes()
    return encoded(altered.rgb, kind, **({} if kind == "PNG" else {"quality": int(quality or drawn)}))
