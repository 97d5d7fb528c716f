"""A picture as it shows once its colour profile has been lost on the way."""

from __future__ import annotations

from samepic.picture import jpeg, png
from samepic.picture.loader import load
from samepic.picture.picture import Picture
from samepic.picture.source import Encoded
from samepic.profiles import LIMITS, Limits

__all__ = ["unprofiled"]


def unprofiled(picture: Picture, *, limits: Limits = LIMITS) -> Picture | None:
    """Return `picture` decoded without its colour profile, or None where it has none or cannot lose it.

    Pillow's `save` and many upload forms drop the profile and keep the samples: the copy then shows other
    colours than the original though no sample was touched. JPEG and PNG only.
    """
    if not picture.info.profile or picture.data is None or picture.info.format not in ("JPEG", "PNG"):
        return None
    strip = jpeg.without_icc if picture.info.format == "JPEG" else png.without_icc
    return load(Encoded(picture.info.name, strip(picture.data, picture.info.name)), limits=limits)
