"""Deep: stored samples of more than 8 bits, which the 8 bits that are shown cannot tell apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from samepic.picture.picture import Picture

__all__ = ["Deep", "Stored", "deep_of", "equal_samples", "turned_deep", "upright_deep"]


@dataclass(frozen=True, slots=True, eq=False)
class Deep:
    """Samples as they are stored: (height, width, channels), colours first and alpha last, integers or floats.

    `white` is the sample that is shown as 255, and 0 where the range in use is stretched to 0 to 255 instead.
    `samples` is None where no decoder here gives more than 8 bits of them.
    """

    samples: NDArray[Any] | None
    white: float

    @property
    def colours(self) -> NDArray[Any]:
        """The samples without alpha: (height, width, 1 or 3)."""
        assert self.samples is not None
        return self.samples[..., : 1 if self.samples.shape[2] < 3 else 3]

    def fits_8_bits(self) -> bool:
        """Tell whether the 8 bits that are shown are all there is."""
        if self.samples is None or not self.white:
            return False
        steps = self.samples.astype(np.float64) * (255 / self.white)
        return bool(np.isfinite(steps).all() and np.abs(steps - np.rint(steps)).max() < _ROUNDING)


_ROUNDING = 1e-4  # of one of 255 steps; 16 bits are 257 parts of one, and 32-bit floats are this exact

Stored: TypeAlias = Callable[[], Deep]

_TURNS: Mapping[int, Callable[[NDArray[Any]], NDArray[Any]]] = MappingProxyType(
    {
        1: lambda samples: samples,
        2: lambda samples: samples[:, ::-1],
        3: lambda samples: samples[::-1, ::-1],
        4: lambda samples: samples[::-1],
        5: lambda samples: samples.swapaxes(0, 1),
        6: lambda samples: np.rot90(samples, -1),
        7: lambda samples: samples[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90,
    }
)
"""By EXIF orientation (CIPA DC-008, 4.6.5); OpenCV, which turns 8 bits faster, drops a single channel."""


def upright_deep(stored: Stored, orientation: int) -> Deep:
    """Return the samples with the orientation applied."""
    return turned_deep(stored(), orientation)


def turned_deep(deep: Deep, orientation: int) -> Deep:
    """Return samples as EXIF `orientation` 1 to 8 asks."""
    return deep if deep.samples is None else Deep(_TURNS[orientation](deep.samples), deep.white)


def deep_of(picture: Picture) -> Deep | None:
    """Return the stored samples of a picture, upright; None where the 8 bits that are shown are all there is."""
    deep = None if picture.deep is None else picture.deep()
    return None if deep is None or deep.fits_8_bits() else deep


def equal_samples(a: Picture, b: Picture) -> bool:
    """Tell whether two pictures that are shown alike, pixel by pixel, were stored with equal samples too.

    Where nobody can see it, under full transparency, colour does not count.
    """
    one, two = deep_of(a), deep_of(b)
    if one is None or two is None:
        return one is two
    if one.samples is None or two.samples is None or bool(one.white) != bool(two.white):
        return False
    seen = np.True_ if a.alpha is None else (a.alpha > 0)[..., None]
    colours = _equal(_scaled(one.colours, two.white), _scaled(two.colours, one.white))
    return bool((colours | ~seen).all()) and _equal_alpha(one, two)


def _equal(one: NDArray[np.float64], two: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where both are equal; what is no number in both is."""
    same: NDArray[np.bool_] = (one == two) | (np.isnan(one) & np.isnan(two))
    return same


def _scaled(samples: NDArray[Any], white: float) -> NDArray[np.float64]:
    """Return samples on a scale that two have in common; both products are exact in 53 bits."""
    scaled: NDArray[np.float64] = samples.astype(np.float64) * (white or 1)
    return scaled


def _equal_alpha(one: Deep, two: Deep) -> bool:
    alphas = [
        deep.samples[..., -1]
        for deep in (one, two)
        if deep.samples is not None and deep.samples.shape[2] in (2, 4)
    ]
    # Where one has no channel for it, the 8 bits of the other were all opaque.
    return len(alphas) < 2 or np.array_equal(_scaled(alphas[0], two.white), _scaled(alphas[1], one.white))
