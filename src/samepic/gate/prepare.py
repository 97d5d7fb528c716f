"""prepare: what the gate needs of an upload, from its bytes alone."""

from __future__ import annotations

from dataclasses import dataclass

from samepic.fingerprint.make import fingerprint, fingerprint_shown
from samepic.fingerprint.proxy import proxy
from samepic.fingerprint.value import Fingerprint
from samepic.picture import Encoded, inspect
from samepic.profiles import LIMITS, Limits
from samepic.profiles.gate import GATE
from samepic.verdict import PictureInfo

__all__ = ["Prepared", "catalogue", "prepare"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture as it is kept: its fingerprint, its proxy (an encoded small picture) and what its header says."""

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


def catalogue(
    data: bytes, name: str, *, copycode: bool = False, proxied: bool = False, limits: Limits = LIMITS
) -> Prepared:
    """Fingerprint an encoded picture bit for bit as `samepic.fingerprint` does.

    The proxy is b"" unless it is asked for. Raises as `prepare`.
    """
    encoded = Encoded(name, data)
    made = fingerprint(encoded, copycode=copycode, limits=limits)
    info = inspect(encoded, limits=limits)
    if not proxied:
        return Prepared(made, b"", info)
    return Prepared(made, proxy(fingerprint_shown(encoded, GATE.proxy_side, limits=limits)[1]), info)
