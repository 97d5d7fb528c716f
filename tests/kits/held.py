"""Uploads that wait for review, put into a store as the gate would have put them, with pictures to look at."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance

from samepic.decision import Match
from samepic.store import open_store
from samepic.store.contract import Store
from samepic.store.records import Record, State
from samepic.verdict import Relation
from tests.kits.records import record

__all__ = ["hold_pairs"]

_SAID = {
    Relation.EDITED: "the same picture, but changed in one place in the middle",
    Relation.ADJUSTED: "the same picture, but brighter",
}


def hold_pairs(
    store: Path, tenant: str, photos: Iterable[Path], count: int, relation: Relation = Relation.EDITED
) -> None:
    """Fill a tenant: `kept-N` is a piece of a photograph, and `upload-N` is held for it.

    An upload has a box pasted in, or is brighter where `relation` is ADJUSTED; every odd one has twice the width.
    """
    opened = open_store(str(store))
    try:
        for number, piece in zip(range(1, count + 1), _pieces(photos), strict=False):
            kept = _put(opened, _record(f"kept-{number:02}", tenant, piece, 2 - number % 2))
            opened.decide(kept.number, State.ACCEPTED)
            upload = _put(opened, _record(f"upload-{number:02}", tenant, _made(piece, relation), 2))
            better = upload.width > kept.width
            why = "the upload is larger" if better else "as good as the one that is kept"
            match = Match(kept.key, relation, 0.42, _SAID[relation], better, why)
            opened.decide(upload.number, State.HELD, [match])
    finally:
        opened.close()


def _pieces(photos: Iterable[Path]) -> Iterator[Image.Image]:
    for photo in photos:
        with Image.open(photo) as opened:
            image = opened.convert("RGB")
        whole = image.copy()
        whole.thumbnail((320, 320))
        yield whole
        for place in range(4):
            left, top = (place % 2) * image.width // 2, (place // 2) * image.height // 2
            piece = image.crop((left, top, left + image.width // 2, top + image.height // 2))
            piece.thumbnail((320, 320))
            yield piece


def _made(piece: Image.Image, relation: Relation) -> Image.Image:
    if relation is Relation.ADJUSTED:
        return ImageEnhance.Brightness(piece).enhance(1.4)
    made = piece.copy()
    width, height = made.size
    ImageDraw.Draw(made).rectangle(
        (width // 2, height // 2, width * 2 // 3, height * 2 // 3), fill=(250, 200, 30)
    )
    return made


def _record(key: str, tenant: str, picture: Image.Image, scale: int) -> Record:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=80)
    proxy = stream.getvalue()
    seed = f"{tenant}/{key}"
    return record(
        key,
        tenant,
        sha256=hashlib.sha256(seed.encode()).hexdigest(),
        coded_digest=hashlib.sha256(proxy).hexdigest(),
        proxy=proxy,
        width=picture.width * scale,
        height=picture.height * scale,
        size=40_000 * scale + len(proxy),
        grade=2,
        data={"uploader": f"person {len(key)}"},
    )


def _put(store: Store, given: Record) -> Record:
    made = store.put_pending(given, 60)
    assert made is not None
    return made
