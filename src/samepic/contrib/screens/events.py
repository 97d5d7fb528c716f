"""What the plugin has to tell of one picture: a value that goes from the processes of a run to the one that reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Event", "summary"]


@dataclass(frozen=True, slots=True)
class Event:
    """A picture that was not simply the same as its baseline.

    `new` tells that there was no baseline, `written` that there is one now, `failed` that the test failed by it.
    `test` is the id of the test, `name` and `baseline` the name and path of the baseline, `folder` where in the output
    its pictures are. `boxes` (left, top, width, height) say where it changed; `facts` are names and texts.
    """

    test: str
    name: str
    baseline: str
    sentence: str
    new: bool
    written: bool
    failed: bool
    folder: str = ""
    facts: Sequence[Sequence[str]] = ()
    boxes: Sequence[Sequence[int]] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the event in plain values, as JSON and xdist take them."""
        told = asdict(self)
        told.update(facts=[list(one) for one in self.facts], boxes=[list(one) for one in self.boxes])
        return told

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Event:
        """Return the event that `to_dict` made these values of."""
        return cls(**told)


def summary(events: Iterable[Event]) -> str:
    """Return what happened in one line, "" for nothing."""
    known = list(events)
    changed = sum(event.failed and not event.new for event in known)
    missing = sum(event.new and not event.written for event in known)
    new = sum(event.new and event.written for event in known)
    again = sum(event.written and not event.new for event in known)
    parts = []
    if new or again:
        kinds = (
            f" ({new} new, {again} changed)" if new and again else " for the first time" if new else " anew"
        )
        parts.append(f"{_counted(new + again, 'baseline')} written{kinds}")
    if changed:
        parts.append(f"{_counted(changed, 'picture')} {'differs' if changed == 1 else 'differ'}")
    if missing:
        parts.append(f"{_counted(missing, 'picture')} without a baseline")
    return ", ".join(parts)


def _counted(count: int, one: str) -> str:
    return f"{count} {one}{'' if count == 1 else 's'}"
