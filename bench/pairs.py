"""Labelled pairs: two files, what they are to each other, and where they differ; and how a file is kept.

A maker draws `Twins`: two pictures on one frame. `labelled_twins` gives each of them its own file, sometimes another
size, a small tilt or the noise of a scanner, and takes the mask of what changed along.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.common import SEED, encoded
from bench.family_base import Box, Pixels, Right, Rng
from bench.steps import blurred, scaled, to_bytes, turn_of

_SEEN = 12
"""Levels of change in some channel from which a pixel counts as changed."""
_LEAST_SIDE = 260
"""Longer sides from which a picture is made smaller now and then: below it, a change may not survive."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Two encoded files and the truth about them.

    `truth` are the right relations. `boxes` (x, y, w, h) are in pixels of a, where content changed, as far as known;
    `changed` is a PNG of a's size, 255 where it changed, where known exactly. Nothing is given where only "the same"
    is right, since nothing changed; `name` is "KIND|HALF|NUMBER".
    """

    level: str
    truth: frozenset[str]
    a: bytes
    b: bytes
    boxes: tuple[Box, ...] = ()
    changed: bytes | None = None
    kind: str = ""
    name: str = ""

    @property
    def same(self) -> bool:
        """Whether "the same" is right."""
        return bool(self.truth & Right.SAME)


class Copy(NamedTuple):
    """Two files that are the same picture, in either order."""

    level: str
    files: tuple[bytes, bytes]
    truth: frozenset[str] = Right.SAME


@dataclass(frozen=True, slots=True)
class Twins:
    """Two (h, w, 3) uint8 RGB pictures: the label of `Labelled`, and how they are kept.

    `mask` is (h, w) uint8 0 or 255 of what changed, from the pixels where None and the shapes allow it. `style` is
    "photo", "page" (may be tilted and scanned), "drawing" or "icon" (kept without loss more often); `whole` makes one
    box of all that changed; `least` is the smallest scale at which the change can still be seen. With `alpha`, (h, w)
    uint8, `two` is kept as a PNG of its own size that is transparent where alpha is 0.
    """

    level: str
    one: Pixels
    two: Pixels
    truth: frozenset[str]
    mask: Pixels | None = None
    style: str = "photo"
    whole: bool = False
    least: float = 0.5
    toned: bool = False
    alpha: Pixels | None = None


def named_rng(name: str) -> Rng:
    """Return the generator that a name stands for: the same name draws the same."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode())])


def as_mask(where: NDArray[np.bool_]) -> Pixels:
    """Return uint8, 255 where it is so."""
    return np.where(where, 255, 0).astype(np.uint8)


def changed_mask(one: Pixels, two: Pixels, seen: int = _SEEN) -> Pixels | None:
    """Return (h, w) uint8, 255 where two pictures of one size differ by `seen` levels; None where the sizes differ."""
    if one.shape != two.shape:
        return None
    return as_mask(cv2.absdiff(one, two).max(axis=2) >= seen)


def mask_boxes(mask: Pixels, *, whole: bool = False) -> tuple[Box, ...]:
    """Return a box for each change that stands alone (a fiftieth of the longer side apart), or one for all."""
    if not mask.any():
        return ()
    if whole:
        x, y, w, h = (int(n) for n in cv2.boundingRect(mask))
        return ((x, y, w, h),)
    reach = max(5, max(mask.shape) // 50 * 2 + 1)
    count, parts = cv2.connectedComponents(cv2.dilate(mask, np.ones((reach, reach), np.uint8)))
    boxes = [cv2.boundingRect(np.where(parts == part, mask, 0).astype(np.uint8)) for part in range(1, count)]
    return tuple((int(x), int(y), int(w), int(h)) for x, y, w, h in boxes if w)


def png(rgb: Pixels) -> bytes:
    """Return pixels of one (gray), three (RGB) or four (RGBA) channels as a PNG."""
    order = [2, 1, 0, 3][: rgb.shape[2]] if rgb.ndim == 3 else []
    done, data = cv2.imencode(".png", np.ascontiguousarray(rgb[..., order]) if order else rgb)
    assert done
    return data.tobytes()


def coded(rgb: Pixels, rng: Rng, shares: Sequence[float] = (0.7, 0.15, 0.15)) -> bytes:
    """Return a JPEG or WebP of quality 60 to 95 or a PNG, drawn by their shares."""
    kind, quality = str(rng.choice(["JPEG", "WEBP", "PNG"], p=list(shares))), int(rng.integers(60, 96))
    if kind == "PNG":
        return png(rgb)
    options = {"subsampling": 0 if rng.random() < 0.3 else 2} if kind == "JPEG" else {"method": 2}
    return encoded(rgb, kind, quality=quality, **options)


def resized(rgb: Pixels, scale: float, how: int | None = None) -> Pixels:
    """Return pixels of one or three channels at `scale`, at least 8 on a side."""
    height, width = rgb.shape[:2]
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    chosen = how if how is not None else cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return scaled(rgb, size, chosen)


def _tilted(rgb: Pixels, mask: Pixels, rng: Rng) -> tuple[Pixels, Pixels]:
    """A sheet on a scanner: turned a little, softened, with noise and a slightly gray ground."""
    height, width = rgb.shape[:2]
    turn = turn_of(width, height, float(rng.uniform(-1.5, 1.5)))[:2]
    fill = rgb[:: max(1, height - 1)].reshape(-1, 3)
    ground = tuple(float(c) for c in np.median(fill, axis=0))
    out = cv2.warpAffine(rgb, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=ground)
    moved = cv2.warpAffine(mask, turn, (width, height), flags=cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.3, 0.6))) * float(rng.uniform(0.94, 1.0))
    soft = soft + rng.normal(0, float(rng.uniform(1.5, 4)), (height, width, 1))
    return to_bytes(soft), as_mask(moved > 0)


def _toned(rgb: Pixels, rng: Rng) -> Pixels:
    """A mild change of tone, or a mild blur."""
    if rng.random() < 0.3:
        return blurred(rgb, float(rng.uniform(0.6, 1.6)))
    curve = 255 * (np.arange(256) / 255) ** float(rng.uniform(0.75, 1.35)) + float(rng.uniform(-15, 15))
    return to_bytes(curve)[rgb]


def _kept(rgb: Pixels, mask: Pixels, twins: Twins, rng: Rng, *, other: bool) -> tuple[Pixels, Pixels]:
    """Return one side as its file shows it; only the `other` side may be tilted or of another size."""
    if not other:
        return rgb, mask
    if twins.toned and rng.random() < 0.4:
        rgb = _toned(rgb, rng)
    if twins.style == "page" and rng.random() < 0.3:
        rgb, mask = _tilted(rgb, mask, rng)
    if max(rgb.shape[:2]) >= _LEAST_SIDE and rng.random() < 0.4:
        least = min(1.0, max(twins.least, _LEAST_SIDE / 2 / max(rgb.shape[:2])))
        scale = float(rng.uniform(least, 1.0))
        rgb, mask = resized(rgb, scale), as_mask(resized(mask, scale) > 20)
    return rgb, mask


def labelled_twins(kind: str, name: str, twins: Twins, rng: Rng) -> Labelled:
    """Return the pair with a file for each side, in an order by chance."""
    shares = {"icon": (0.3, 0.15, 0.55), "drawing": (0.5, 0.15, 0.35)}.get(twins.style, (0.75, 0.15, 0.1))
    mask = twins.mask if twins.mask is not None else changed_mask(twins.one, twins.two)
    known = mask is not None and not twins.truth & Right.SAME
    odd, sides = int(rng.integers(0, 3)), []
    for number, rgb in enumerate((twins.one, twins.two)):
        blank = np.zeros(rgb.shape[:2], np.uint8) if mask is None else mask
        if number == 1 and twins.alpha is not None:
            sides.append((png(np.dstack([rgb, twins.alpha])), blank))
            continue
        seen, where = _kept(np.ascontiguousarray(rgb), blank, twins, rng, other=odd == number)
        sides.append((coded(seen, rng, shares), where))
    first = int(rng.integers(0, 2))
    (a, where), (b, _) = sides[first], sides[1 - first]
    boxes = mask_boxes(where, whole=twins.whole) if known else ()
    return Labelled(twins.level, twins.truth, a, b, boxes, png(where) if known else None, kind, name)


def edited_pair(
    level: str,
    a: bytes,
    b: bytes,
    mask: Pixels | None,
    truth: frozenset[str] = Right.EDITED,
    *,
    whole: bool = True,
) -> Labelled:
    """Return two files of which one was edited: `mask` is (h, w) of a, 255 where it was; `whole` makes it one place."""
    assert mask is not None
    return Labelled(level, truth, a, b, mask_boxes(mask, whole=whole), png(mask))
