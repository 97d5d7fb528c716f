"""CloserLook: an upload beside the original of a kept picture, where the caller can open it."""

from __future__ import annotations

import logging
from enum import StrEnum

from samepic.errors import LimitError, SamepicError, UnreadableError, WorkerError
from samepic.gate.parts import Parts
from samepic.picture import read
from samepic.store.record import Record
from samepic.verdict import Verdict

__all__ = ["CloserLook", "Unseen", "said"]

_log = logging.getLogger("samepic.gate")


class Unseen(StrEnum):
    """Why the originals of two pictures were not compared: a closed set; `no-way` where the gate cannot open any."""

    NO_WAY = "no-way"
    ABSENT = "absent"
    SHUT = "shut"
    BROKEN = "broken"
    TOO_MUCH = "too-much"


class CloserLook:
    """Compares the upload `record`, of the bytes `data`, with originals of kept pictures.

    Raises UnavailableError and StoreError alone, for what is no fault of the pictures and may be tried again.
    """

    def __init__(self, parts: Parts, record: Record, data: bytes) -> None:
        self._engine, self._profile, self._opens = parts.engine, parts.profile, parts.originals
        self._data, self._pixels = data, _pixels(record)
        self._beyond: int | None = None

    def at(self, kept: Record) -> Verdict | Unseen:
        """Return the verdict on the originals, or why there is none."""
        if self._opens is None:
            return Unseen.NO_WAY
        size = self._pixels + _pixels(kept)
        if self._beyond is not None and size >= self._beyond:
            return Unseen.TOO_MUCH  # what was too much once is not paid for again by each of many candidates
        original = self._original(kept)
        if isinstance(original, Unseen):
            return original
        try:
            return self._engine.compare(
                original, self._data, profile=self._profile, prove=False, visibility=False
            )
        except UnreadableError as error:
            _log.warning("record %d: the originals cannot be compared: %s", kept.number, said(error))
            if not isinstance(error, (LimitError, WorkerError)):
                return Unseen.BROKEN
            self._beyond = size if self._beyond is None else min(size, self._beyond)
            return Unseen.TOO_MUCH

    def _original(self, kept: Record) -> bytes | Unseen:
        """Return the bytes of an original, or why they cannot be had."""
        assert self._opens is not None
        try:
            opened = self._opens(kept.key)
            return Unseen.ABSENT if opened is None else read(opened).data
        except (SamepicError, OSError, LookupError) as error:
            _log.warning("record %d: the original cannot be opened: %s", kept.number, said(error))
            return Unseen.TOO_MUCH if isinstance(error, LimitError) else Unseen.SHUT


def said(error: Exception) -> str:
    """Return what an error says without names of files, which do not belong into a service's log."""
    if isinstance(error, UnreadableError):
        return f"wanted {error.wanted}, got {error.got}"
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__


def _pixels(record: Record) -> int:
    return record.width * record.height * record.frames
