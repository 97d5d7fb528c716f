"""compare with the profile `screen`: two screenshots to a verdict."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from samepic.errors import UnsupportedError
from samepic.facts import Facts
from samepic.picture import Picture, equal_pixels, opened
from samepic.profiles import Limits
from samepic.profiles.screen import LAYOUT, Screen
from samepic.screen.draw import draw_screens
from samepic.screen.judge import see
from samepic.verdict import Relation, Verdict
from samepic.verify.explain import explain
from samepic.verify.judge import Finding

__all__ = ["compare_screens"]

Mask: TypeAlias = NDArray[np.bool_]


def compare_screens(a: object, b: object, screen: Screen, same_if: Relation, limits: Limits) -> Verdict:
    """Compare two screenshots, in any form that `compare` takes, by the profile `screen`.

    Of the relations only same-file, same-pixels, resaved (nothing that a person would see), edited and different are
    used; the probability is that of a rule and was not measured. Raises as `compare`, UnsupportedError for an
    animation, and ProfileError for a mask of another size than a.
    """
    one, two = _both(a, b, limits)
    for picture in (one, two):
        if picture.info.frames > 1:
            raise UnsupportedError(picture.info.name, "a screenshot", f"{picture.info.frames} frames")
    seen = see(one, two, screen, _mask(screen.mask, limits))
    finding, sentence = seen.finding, seen.sentence
    if one.data is not None and one.data == two.data:
        finding = Finding(Relation.SAME_FILE, 1.0)
    elif equal_pixels(one, two):
        finding = Finding(Relation.SAME_PIXELS, 1.0)
    if finding is not seen.finding:
        sentence = explain(Facts(), finding.relation, one.info, two.info)
    return Verdict(
        relation=finding.relation,
        same=finding.relation.is_same(same_if),
        probability=finding.probability,
        explanation=sentence,
        a=one.info,
        b=two.info,
        regions=finding.regions,
        measures=MappingProxyType({name: round(value, 4) for name, value in seen.measures.items()}),
        draw=partial(draw_screens, one.on(255), two.on(255), seen.kinds, seen.laid, finding.regions),
    )


def _both(a: object, b: object, limits: Limits) -> tuple[Picture, Picture]:
    """Decode both, at once: a decoder of PNG leaves the other processor free."""
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(opened, b, limits)
        return opened(a, limits), other.result()


def _mask(source: object, limits: Limits) -> Mask | None:
    """Return where a mask is white, None without one."""
    if source is None:
        return None
    return np.asarray(opened(source, limits).on(0).min(axis=2) >= LAYOUT.white)
