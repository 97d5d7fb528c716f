"""Fingerprint: the digests, codes and size by which a picture is found again."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from samepic.errors import FingerprintError
from samepic.fingerprints.pdq import FORMS
from samepic.tuning.search import SEARCH
from samepic.values import one_line

VERSION = 4
_KIND = "samepic-fp"
_BYTES, _QUARTERS, _MOST_PARTS = 32, 4, 32
_DIGEST, _NUMBER = r"(?:[0-9a-f]{64})?", r"[0-9]{1,9}"
_FIELDS = {
    "sha256": _DIGEST,
    "coded": _DIGEST,
    "pdq": r"[0-9a-f]{64}",
    "forms": "",
    "quality": _NUMBER,
    "detail": _NUMBER,
    "width": _NUMBER,
    "height": _NUMBER,
    "format": r"[A-Za-z0-9-]{1,32}",
    "mode": r"fast|reference",
    "copy": "",
    "parts": "",
}
"""The fields of the text form in their order, with the pattern of each; "" is a code in base64."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The digests, codes and size of one picture. Equal values mean equal fields, not equal pictures.

    `sha256` is of the bytes and `coded_digest` of what decides the pixels of a still JPEG or PNG, both in hex, or "".
    `pdq` is the 32-byte code of the upright picture, `pdq_forms` the 256 bytes of all eight forms, in the order of
    `FORMS`. `quality` is PDQ's own figure, `detail` the share of its bits that stand above noise, both 0 to 100.
    `width` and `height` are upright, `format` is by content, `mode` is "fast" or "reference". `copycode` has 32 bytes.
    `copycode_parts` has 128 bytes for the four quarters, row by row, and 32 for each inset; only queries use them.
    Both are b"" where not requested.
    """

    sha256: str
    coded_digest: str
    pdq_forms: bytes
    quality: int
    detail: int
    width: int
    height: int
    format: str
    mode: str = "fast"
    copycode: bytes = b""
    copycode_parts: bytes = b""
    version: int = VERSION

    @property
    def pdq(self) -> bytes:
        """The 32 bytes of the upright picture's PDQ code; `.hex()` is how ThreatExchange tools write it."""
        return self.pdq_forms[:_BYTES]

    @property
    def quarter_codes(self) -> tuple[bytes, ...]:
        """The copy codes of the four quarters, row by row; none where not requested."""
        return self._parts(0, _QUARTERS)

    @property
    def inset_codes(self) -> tuple[bytes, ...]:
        """The copy codes of the rectangles that look like pictures pasted into this one."""
        return self._parts(_QUARTERS, None)

    @property
    def is_weak(self) -> bool:
        """Whether the picture is too blank or plain to match by its code alone."""
        return self.quality < SEARCH.quality or self.detail < SEARCH.detail

    def distance(self, other: Fingerprint) -> int:
        """Return how many of 256 bits differ between the two upright codes. Raises FingerprintError across versions."""
        self._check(other)
        return code_distance(self.pdq, other.pdq)

    def nearest_form(self, other: Fingerprint) -> tuple[int, str]:
        """Return the least distance of any turned or mirrored form of this picture to the other, and its name.

        Raises FingerprintError across versions.
        """
        self._check(other)
        forms = (self.pdq_forms[at : at + _BYTES] for at in range(0, len(self.pdq_forms), _BYTES))
        bits, index = min((code_distance(form, other.pdq), index) for index, form in enumerate(forms))
        return bits, FORMS[index]

    def is_candidate(self, other: Fingerprint, *, radius: int = SEARCH.radius) -> bool:
        """Return whether some form of this picture is within `radius` bits of the other and neither is weak.

        Raises FingerprintError across versions.
        """
        return self.nearest_form(other)[0] <= radius and not (self.is_weak or other.is_weak)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of a fingerprint: its text form and its fields, codes in hex."""
        codes = self.pdq_forms.hex()
        return {
            "fingerprint": str(self),
            "sha256": self.sha256,
            "coded_digest": self.coded_digest,
            "pdq": self.pdq.hex(),
            "pdq_forms": {form: codes[64 * at : 64 * (at + 1)] for at, form in enumerate(FORMS)},
            "quality": self.quality,
            "detail": self.detail,
            "weak": self.is_weak,
            "width": self.width,
            "height": self.height,
            "format": self.format,
            "mode": self.mode,
            "copycode": self.copycode.hex(),
            "copycode_parts": self.copycode_parts.hex(),
            "version": self.version,
        }

    def __str__(self) -> str:
        codes = self.pdq_forms[_BYTES:], self.copycode, self.copycode_parts
        forms, *copies = (base64.urlsafe_b64encode(code).decode().rstrip("=") for code in codes)
        shown = self.quality, self.detail, self.width, self.height, self.format, self.mode
        values = (self.sha256, self.coded_digest, self.pdq.hex(), forms, *shown, *copies)
        fields = ",".join(f"{key}={value}" for key, value in zip(_FIELDS, values, strict=True))
        return f"{_KIND}${self.version}${fields}"

    def __repr__(self) -> str:
        shown = (
            f"{self.format} {self.width}x{self.height}",
            f"quality={self.quality}",
            f"detail={self.detail}",
        )
        return one_line("Fingerprint", (*shown, f"pdq={self.pdq.hex()}"))

    @classmethod
    def parse(cls, text: str) -> Fingerprint:
        """Return the fingerprint that `str` wrote as `text`.

        Raises FingerprintError for anything else, and for another kind or version, which it names.
        """
        kind, mark, rest = text.strip().partition("$")
        if kind != _KIND or not mark:
            raise FingerprintError(f"expected a fingerprint of kind {_KIND!r}, found {text[:40]!r}")
        version, _, listed = rest.partition("$")
        if version != str(VERSION):
            found = f"version {version[:20]!r}"
            raise FingerprintError(
                f"expected a fingerprint of version {VERSION}, found {found}: make it again from the picture"
            )
        field = dict(item.partition("=")[::2] for item in listed.split(","))
        if tuple(field) != tuple(_FIELDS) or len(field) != listed.count(",") + 1:
            _refuse("fields", f"the fields {', '.join(_FIELDS)}", ", ".join(field))
        for key, pattern in _FIELDS.items():
            if pattern and not re.fullmatch(pattern, field[key]):
                _refuse(key, f"something like {pattern}", field[key])
        return cls(
            sha256=field["sha256"],
            coded_digest=field["coded"],
            pdq_forms=bytes.fromhex(field["pdq"]) + _code("forms", field["forms"], (len(FORMS) - 1) * _BYTES),
            quality=_percent("quality", field["quality"]),
            detail=_percent("detail", field["detail"]),
            width=int(field["width"]),
            height=int(field["height"]),
            format=field["format"],
            mode=field["mode"],
            copycode=_code("copy", field["copy"], _BYTES),
            copycode_parts=_code("parts", field["parts"], _QUARTERS * _BYTES, _MOST_PARTS * _BYTES),
        )

    def _parts(self, first: int, end: int | None) -> tuple[bytes, ...]:
        starts = range(0, len(self.copycode_parts), _BYTES)[first:end]
        return tuple(self.copycode_parts[at : at + _BYTES] for at in starts)

    def _check(self, other: Fingerprint) -> None:
        if self.version != other.version:
            found = f"versions {self.version} and {other.version}"
            raise FingerprintError(f"expected two fingerprints of one version, found {found}")


def code_distance(a: bytes, b: bytes) -> int:
    """Return how many bits differ between two codes of one length."""
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


def _code(key: str, text: str, size: int, most: int = 0) -> bytes:
    """Return a code of `size` bytes, or several codes of up to `most` bytes; b"" for one that may be left out."""
    if not text and key != "forms":
        return b""
    try:
        code = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        code = b""
    if len(code) not in range(size, max(size, most) + 1, _BYTES):
        _refuse(key, f"{size} bytes{f', or {_BYTES} more a few times,' if most else ''} in base64", text)
    return code


def _percent(key: str, text: str) -> int:
    if int(text) > 100:
        _refuse(key, "at most 100", text)
    return int(text)


def _refuse(key: str, wanted: str, got: str) -> NoReturn:
    raise FingerprintError(f"fingerprint, {key}: expected {wanted}, found {got[:80]!r}")
