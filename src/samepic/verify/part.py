"""One picture that lies in another pixel for pixel: a part of a page or of a screenshot, cut out without loss."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from samepic.facts import Facts, OriginalReason, Placing
from samepic.picture import Picture
from samepic.profiles.keep import PART
from samepic.verdict import Relation, Transform
from samepic.verify.judge import Finding
from samepic.verify.look import Answer

__all__ = ["look_part", "place_of"]

Pixels: TypeAlias = NDArray[np.uint8]
Packed: TypeAlias = NDArray[np.uint32]

_LOSSY = frozenset({"JPEG", "HEIF", "AVIF", "JPEG2000"})


def look_part(a: Picture, b: Picture) -> Answer | None:
    """Answer for two pictures of which one lies in the other without one pixel of difference; None for all others.

    Features and correlation need texture, which pages and screenshots lack. Equal pixels need none and are proof. Only
    lossless, opaque pictures are looked at, and a part that is small or holds next to nothing proves nothing.
    """
    if any(one.alpha is not None or one.info.format in _LOSSY for one in (a, b)):
        return None
    swapped = b.rgb.size > a.rgb.size
    whole, part = (b, a) if swapped else (a, b)
    place = place_of(part.rgb, whole.rgb)
    if place is None:
        return None
    left, top = place
    kept = part.rgb.size / whole.rgb.size
    x, y = (-left, -top) if swapped else (left, top)
    matrix = (1.0, 0.0, float(x), 0.0, 1.0, float(y), 0.0, 0.0, 1.0)
    larger, copy = ("b", "a") if swapped else ("a", "b")
    shares = (1.0, kept) if swapped else (kept, 1.0)
    facts = Facts(
        placing=Placing.CROP,
        larger=larger,
        copy=copy,
        share_a=shares[0],
        share_b=shares[1],
        exact_at=place,
        scale=1.0,
        original=larger,
        original_reason=OriginalReason.WHOLE,
    )
    finding, transform = (
        Finding(Relation.REFRAMED, PART.same),
        Transform(matrix, larger=larger, kept=round(kept, 4)),
    )
    return Answer(finding, facts, {}, transform)


def place_of(part: Pixels, whole: Pixels) -> tuple[int, int] | None:
    """Return (left, top) where `part` lies in `whole` pixel for pixel, None where nowhere; both (h, w, 3).

    A part under PART.share of the whole, or in which too little happens to be sure, is not looked for. One pass over
    the whole finds its rarest pixel, and few places are left after some more; so unrelated pairs cost about as much
    as reading them.
    """
    down, right = whole.shape[0] - part.shape[0], whole.shape[1] - part.shape[1]
    if min(down, right) < 0 or part.shape == whole.shape or part.size < PART.share * whole.size:
        return None
    small, large = _packed(part), _packed(whole)
    probes = _probes(small)
    if probes is None:
        return None
    rows, columns = _candidates(small, large, probes, (down, right))
    for top, left in zip(rows[: PART.places], columns[: PART.places], strict=True):
        if np.array_equal(large[top : top + small.shape[0], left : left + small.shape[1]], small):
            return int(left), int(top)
    return None


def _packed(rgb: Pixels) -> Packed:
    """Return (h, w) with the three channels of each pixel in one number."""
    wide = np.zeros((*rgb.shape[:2], 4), np.uint8)
    wide[..., :3] = rgb
    return wide.view(np.uint32)[..., 0]


def _probes(small: Packed) -> NDArray[np.intp] | None:
    """Return (n, 2) rows and columns of pixels at which something happens in both directions, rarest color first.

    None where these are too few: blank paper, and lines from edge to edge, lie in many pictures.
    """
    here, right, below = small[:-1, :-1], small[:-1, 1:], small[1:, :-1]
    corners = np.argwhere((here != right) & (here != below))
    if len(corners) < PART.corners:
        return None
    chosen = corners[np.linspace(0, len(corners) - 1, PART.sampled).astype(np.intp)]
    _, which, counts = np.unique(small[chosen[:, 0], chosen[:, 1]], return_inverse=True, return_counts=True)
    order = np.argsort(counts[which], kind="stable")
    # The rarest first, then the others from all over the part.
    return np.concatenate((chosen[order[:1]], chosen[:: max(1, len(chosen) // PART.probes)]))


def _candidates(
    small: Packed, large: Packed, probes: NDArray[np.intp], room: tuple[int, int]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows and columns in `large` of all places at which every probe agrees."""
    (y, x), (down, right) = probes[0], room
    rows, columns = np.nonzero(large[y : y + down + 1, x : x + right + 1] == small[y, x])
    for y, x in probes[1:]:
        # The pixel after it differs, so that the two together tell more than one.
        for back in (0, 1):
            if not len(rows):
                return rows, columns
            at = min(x + back, small.shape[1] - 1)
            fits = large[rows + y, columns + at] == small[y, at]
            rows, columns = rows[fits], columns[fits]
    return rows, columns
