"""prepare: what the gate needs of an upload, from its bytes alone."""

from __future__ import annotations

from dataclasses import dataclass

from samepic.fingerprint.make import fingerprint_shown
from samepic.fingerprint.proxy import proxy
from samepic.fingerprint.value import Fingerprint
from samepic.picture import Encoded, inspect
from samepic.profiles import LIMITS, Limits
from samepic.profiles.gate import GATE
from samepic.verdict import PictureInfo

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """An upload as it is kept: its fingerprint, its proxy (an encoded small picture) and what its header says."""

    fingerprint: Fingerprint
    proxy: bytes
    info: PictureInfo


def prepare(
    data: bytes, name: str = "<bytes>", *, copycode: bool = False, limits: Limits = LIMITS
) -> Prepared:
    """Fingerprint an encoded picture and make its proxy.

    Raises as `samepic.picture.load`, and MissingPartError where copy codes cannot be made.
    """
    encoded = Encoded(name, data)
    info = inspect(encoded, limits=limits)
    made, picture = fingerprint_shown(encoded, GATE.proxy_side, copycode=copycode, limits=limits)
    return Prepared(made, proxy(picture), info)
