"""Do what a plan says, one file at a time: check again, write down, act, write down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from samepic.collection.held import Held, Refused, held
from samepic.collection.journal import Journal
from samepic.collection.operations import MOVES, Log
from samepic.collection.plan import Action, Left, Plan, Step
from samepic.compare import compare_pictures
from samepic.errors import UnreadableError
from samepic.picture import Encoded, Picture, load
from samepic.verdict import Relation

__all__ = ["Done", "apply"]


@dataclass(frozen=True, slots=True)
class Done:
    """One file that was acted on; `to` is where it is now, or the kept file that it shares its bytes with."""

    step: Step
    action: Action
    to: str

    def to_dict(self) -> dict[str, Any]:
        """Return it in the shape of `samepic clean --json`."""
        return {**self.step.to_dict(), "done": str(self.action), "to": self.to}


def apply(plan: Plan, journal: Path) -> Iterator[Done | Left]:
    """Do what the plan says and yield what became of each file, as it happens.

    `journal` is a new file that `undo` brings everything back with; it is made when the first file is about
    to be acted on. Every file is opened, locked and compared again before; whatever is not as the scan saw it,
    or not the same picture as the kept one, is left alone. At most one file is between two states at any time.

    Raises ReportError where the journal exists, OSError where it cannot be written; nothing is done then.
    """
    if plan.action is Action.LIST:
        return
    with ExitStack() as stack:
        opened: list[Journal] = []

        def log() -> Journal:
            if not opened:
                opened.append(stack.enter_context(Journal.create(journal)))
            return opened[0]

        for _, steps in groupby(plan.steps, key=lambda step: step.group):
            yield from _group(plan, list(steps), log)


def _group(plan: Plan, steps: list[Step], log: Log) -> Iterator[Done | Left]:
    """Hold the kept file of a group while each of the others is acted on."""
    waiting, path = list(steps), steps[0].kept.file.path
    try:
        with held(steps[0].kept) as kept:
            picture = _decoded(kept)
            while waiting:
                kept.check()
                yield _one(plan, waiting.pop(0), kept, picture, log)
    except Refused as reason:
        for step in waiting:
            yield Left(step.group, step.target.file.path, f"{path}, which would be kept: {reason}")


def _one(plan: Plan, step: Step, kept: Held, picture: Picture, log: Log) -> Done | Left:
    try:
        with held(step.target, other_than=kept) as target:
            _verify(target, kept, picture, plan.same_if)
            to = MOVES[plan.action](plan, target, kept, log)
            kept.refresh()
            return Done(step, plan.action, to)
    except Refused as reason:
        return Left(step.group, step.target.file.path, str(reason))


def _decoded(one: Held) -> Picture:
    try:
        return load(Encoded(one.target.file.path, one.data))
    except UnreadableError as error:
        raise Refused(f"wanted {error.wanted}, got {error.got}") from error


def _verify(target: Held, kept: Held, picture: Picture, same_if: Relation) -> None:
    """Raise Refused unless the two are the same picture, found anew from the bytes that were just read."""
    if target.data == kept.data:
        return
    verdict = compare_pictures(picture, _decoded(target), same_if=same_if)
    if verdict.same is not True:
        word = "cannot be told to be" if verdict.same is None else "is not"
        raise Refused(f"it {word} the same as {kept.target.file.path}: {verdict.explanation}")
