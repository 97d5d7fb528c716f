"""Records as the gate would make them, without any picture."""

from __future__ import annotations

import hashlib
from typing import Any

from samepic.decision import Match
from samepic.store.records import Record
from samepic.verdict import Relation

__all__ = ["match", "record"]


def record(key: str, tenant: str = "", **given: object) -> Record:
    """Return a record whose digests and codes follow from its key, but for what is given."""
    seed = hashlib.sha256(key.encode()).digest()
    made: dict[str, Any] = {
        "tenant": tenant,
        "key": key,
        "sha256": seed.hex(),
        "coded_digest": hashlib.sha256(seed).hexdigest(),
        "pdq": seed[::-1],
        "quality": 100,
        "detail": 90,
        "copycode": b"",
        "width": 640,
        "height": 480,
        "format": "JPEG",
        "size": 12345,
        "proxy": b"proxy of " + key.encode(),
        "jpeg_quality": 90,
    }
    return Record(**{**made, **given})


def match(key: str) -> Match:
    """Return a match with the picture of a key."""
    return Match(key, Relation.EDITED, 0.5, "the same picture, but changed in one place", True, "is larger")
