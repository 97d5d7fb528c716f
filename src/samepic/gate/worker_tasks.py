"""What a worker does with pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from samepic.compare import compare
from samepic.errors import LimitError, MissingPartError, TruncatedError, UnreadableError, UnsupportedError
from samepic.gate.prepare import catalogue, prepare
from samepic.gate.screen import screen
from samepic.gate.views import views
from samepic.gate.worker_answers import (
    MISSING,
    CompareAnswer,
    ErrorAnswer,
    PrepareAnswer,
    ScreenAnswer,
    ViewsAnswer,
)
from samepic.gate.worker_wire import plain, shown
from samepic.picture import Encoded
from samepic.policy import Policy
from samepic.profiles import Limits
from samepic.profiles.user import Profile
from samepic.verdict import Verdict

__all__ = ["catalogued", "compared", "failed", "prepared", "screened", "viewed"]

_OPENCV_NO_MEMORY = -4


def prepared(data: bytes, ask: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], bytes]:
    """Return the answer and the proxy of one encoded picture. Raises as `samepic.fingerprint` and `load`."""
    found = prepare(data, ask["names"][0], copycode=ask["copycode"], limits=limits)
    return _plain(PrepareAnswer(str(found.fingerprint), found.info, found.unresolved)), found.proxy


def catalogued(data: bytes, ask: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], bytes]:
    """Return as `prepared` the answer and the proxy, which is empty unless it is asked for."""
    copycode, proxied = ask["copycode"], ask["proxied"]
    found = catalogue(data, ask["names"][0], copycode=copycode, proxied=proxied, limits=limits)
    return _plain(PrepareAnswer(str(found.fingerprint), found.info)), found.proxy


def compared(a: bytes, b: bytes, ask: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """Return the verdict on two encoded pictures. Raises as `samepic.compare`."""
    verdict = compare(
        Encoded(ask["names"][0], a),
        Encoded(ask["names"][1], b),
        same_if=ask["same_if"],
        profile=Profile.parse(ask["profile"]) if ask["profile"] else None,
        prove=ask["prove"],
        visibility=ask["visibility"],
        limits=limits,
    )
    return _plain(_answer(verdict))


def viewed(a: bytes, b: bytes, ask: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], bytes]:
    """Return the verdict on two encoded pictures, and pictures to look at. Raises as `samepic.compare`."""
    policy = Policy.of(ask["same_if"], Profile.parse(ask["profile"]) if ask["profile"] else None)
    names = ask["names"]
    made = views(
        Encoded(names[0], a),
        Encoded(names[1], b),
        policy,
        prove=ask["prove"],
        visibility=ask["visibility"],
        limits=limits,
    )
    shown = made.a, made.b, made.aligned, made.difference
    sizes = len(made.a), len(made.b), len(made.aligned), len(made.difference)
    return _plain(ViewsAnswer(_answer(made.verdict), sizes)), b"".join(shown)


def screened(bodies: Sequence[bytes], limits: Limits) -> dict[str, Any]:
    """Return how many features each proxy but the first shares with the first. Raises as `load`."""
    return _plain(ScreenAnswer(tuple(screen(bodies[0], bodies[1:], limits=limits))))


def failed(error: Exception, name: str, memory_bytes: int) -> ErrorAnswer:
    """Return what is told of an error; that memory ran out is a LimitError whoever says it."""
    for kind in (LimitError, TruncatedError, UnsupportedError, UnreadableError):
        if isinstance(error, kind):
            return ErrorAnswer(kind.__name__, shown(error.name), shown(error.wanted), shown(error.got))
    if isinstance(error, MissingPartError):
        return ErrorAnswer(MISSING, name, "", shown(str(error)))
    if isinstance(error, MemoryError) or getattr(error, "code", None) == _OPENCV_NO_MEMORY:
        wanted = f"a picture that needs no more than {memory_bytes >> 20} MiB"
        return ErrorAnswer("LimitError", name, wanted, "one that needs more")
    return ErrorAnswer("", name, "a picture that can be decoded", _unforeseen(error))


def _unforeseen(error: Exception) -> str:
    at, trace = "", error.__traceback__
    while trace is not None:
        at, trace = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}", trace.tb_next
    return shown(f"one that breaks the decoder: {type(error).__name__}: {error} ({at})", 400)


def _answer(verdict: Verdict) -> CompareAnswer:
    told = {field.name: getattr(verdict, field.name) for field in fields(CompareAnswer)}
    told["measures"] = {name: float(value) for name, value in verdict.measures.items()}
    return CompareAnswer(**told)


def _plain(answer: object) -> dict[str, Any]:
    told = plain(answer)
    assert isinstance(told, dict)
    return told
