"""Views: two encoded pictures compared, and encoded anew to be looked at, from their bytes alone."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from samepic.compare import compare_pictures
from samepic.picture import Encoded, load
from samepic.policy import Policy
from samepic.profiles import LIMITS, Limits
from samepic.profiles.pages import PAGES
from samepic.verdict import Verdict
from samepic.verify.look import WHITE
from samepic.verify.views import Laid, lay

__all__ = ["Views", "views"]


class Views(NamedTuple):
    """What is said of two pictures, and pictures to look at, each a JPEG or a WebP.

    `a` and `b` are the two as they are; `aligned` is b as it lies on a, clear where it shows nothing of a;
    `difference` is what differs, dark on light. All but `b` show the frame of a.
    """

    verdict: Verdict
    a: bytes
    b: bytes
    aligned: bytes
    difference: bytes


def views(
    a: Encoded,
    b: Encoded,
    policy: Policy,
    *,
    prove: bool = True,
    visibility: bool = True,
    limits: Limits = LIMITS,
) -> Views:
    """Compare two encoded pictures and make what people look at. Raises as `samepic.compare`."""
    one, two = load(a, limits=limits), load(b, limits=limits)
    verdict = compare_pictures(
        one, two, same_if=policy.same_if, profile=policy.profile, prove=prove, visibility=visibility
    )
    matrix = verdict.transform.matrix if verdict.transform else None
    laid = lay(one.on(WHITE), two.on(WHITE), matrix, PAGES.view_side)
    return Views(
        verdict, _jpeg(laid.one), _jpeg(laid.two), _clear_outside(laid), _jpeg(laid.difference()[..., None])
    )


def _jpeg(samples: NDArray[np.uint8]) -> bytes:
    space = "GRAY" if samples.shape[2] == 1 else "RGB"
    whole = np.ascontiguousarray(samples)
    encoded: bytes = simplejpeg.encode_jpeg(whole, quality=PAGES.view_quality, colorspace=space)
    return encoded


def _clear_outside(laid: Laid) -> bytes:
    if laid.inside.all():
        return _jpeg(laid.moved)
    alpha = np.where(laid.inside, 255, 0).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(np.dstack([laid.moved, alpha])).save(out, "WEBP", quality=PAGES.view_quality, method=0)
    return out.getvalue()
