"""Rounds in which a process is killed in the middle of its uploads, and what must hold afterwards."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from samepic.gate.gate import Gate
from samepic.sandbox.pool import InProcess
from samepic.store import open_store
from samepic.store.records import State
from tests.kits.uploaders import Answer, Upload, Uploaders, deal, wrong_round

__all__ = ["Crash", "aftermath", "crash_round"]


class Crash(NamedTuple):
    """What a round was like: what went `wrong`, how many answers came before, how many records were left pending."""

    wrong: list[str]
    answered: int
    pending: int


def crash_round(
    url: str,
    uploads: Sequence[Upload],
    shows: Mapping[str, str],
    *,
    delay: float,
    lease: float,
    count: int = 2,
) -> Crash:
    """Upload from `count` processes, kill one of them `delay` seconds after they began, and look at what is left."""
    with Uploaders(url, count, threads=3, lease=lease) as uploaders:
        at = time.time() + 0.05
        for member, part in zip(uploaders.members, deal(uploads, count), strict=True):
            member.send(part, at)
        time.sleep(max(0.0, at + delay - time.time()))
        uploaders.members[0].kill()
        answers = [answer for member in uploaders.members for answer in member.answers()]
    return aftermath(url, uploads, shows, answers, lease)


def aftermath(
    url: str, uploads: Sequence[Upload], shows: Mapping[str, str], answers: Sequence[Answer], lease: float
) -> Crash:
    """Look at what a crash left, upload again what got no answer, and tell what is wrong."""
    wrong = []
    store = open_store(url)
    pending = store.counts("")[State.PENDING]
    for answer in answers:
        kept = store.get("", answer.key)
        if answer.outcome == "accepted" and (kept is None or kept.state is not State.ACCEPTED):
            wrong.append(f"{answer.key}: was accepted, and is {kept.state if kept else 'not there'}")
    again = list(answers)
    answered = {answer.key for answer in answers if answer.outcome != "error"}
    with Gate(store, workers=InProcess(), lease=lease) as gate:
        for upload in uploads:
            if upload.key not in answered:
                began = time.monotonic()
                decision = gate.admit(upload.data, upload.key)
                again.append(
                    Answer(upload.key, decision.outcome, decision.match.key if decision.match else "")
                )
                if time.monotonic() - began > 60 + 10 * lease:
                    wrong.append(f"{upload.key}: had to wait {time.monotonic() - began:.1f} s")
    wrong += wrong_round([answer for answer in again if answer.outcome != "error"], shows)
    left = {State.PENDING: store.counts("")[State.PENDING]}
    store.close()
    # A dead upload that nobody tried again and no copy met may stay pending; here every one was tried again.
    wrong += [f"{count} records stayed {state}" for state, count in left.items() if count]
    return Crash(wrong, len(answered), pending)
