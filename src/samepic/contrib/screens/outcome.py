"""Outcome: what is done about a picture that is not simply the same as its baseline."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from samepic.contrib.screens.baselines import in_place, png
from samepic.contrib.screens.events import Event
from samepic.contrib.screens.message import facts_of, shown, told
from samepic.contrib.screens.output import INDEX, save
from samepic.contrib.screens.rest import Taken
from samepic.errors import BaselineError, NoBaselineError, PictureChangedError
from samepic.picture import Picture
from samepic.profiles.screen import LAYOUT
from samepic.verdict import Verdict

__all__ = ["Outcome", "Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for a test: its id and file, where baselines and failures go, and what was asked for.

    `folder` and `platform` are the settings of the project; `here` is where pytest was started.
    """

    test: str
    file: Path
    folder: str
    platform: str
    output: Path
    here: Path
    update: bool
    ci: bool

    def advice(self, what: str = "To take it anew") -> str:
        """Return how a baseline is taken."""
        test = self.test.replace('"', '\\"')
        command = f'pytest "{test}" --samepic-update'
        return (
            f"{what}, run {command} where you work, look at it and commit it"
            if self.ci
            else f"{what}: {command}"
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """A picture that was `taken` and is not the same as `expected` (None where there is no baseline) at `place`.

    `used` tells that the test used the name before; `seconds` is how long a page had to come to rest.
    """

    settings: Settings
    name: str
    place: Path
    expected: Picture | None
    taken: Taken
    seconds: float
    used: bool

    def settle(self, events: list[Event]) -> None:
        """Write the baseline where that was asked for, tell what happened, and fail the test where it has to fail.

        Raises PictureChangedError, NoBaselineError or BaselineError.
        """
        settings, written = self.settings, False
        if settings.update and self.used:
            raise BaselineError(
                f"name: {self.name!r} was used in this test before, for another picture: give each its own name"
            )
        if settings.update and self.taken.rested:
            in_place(self.place, self.taken.shot.picture, self.taken.shot.found)
            written = True
        event = self._event(written=written, failed=not written or settings.ci)
        events.append(event)
        if not event.failed:
            return
        paths = {"baseline": self.place} if written else {}
        paths |= save(settings.output, event, self._pictures()) | {"report": settings.output / INDEX}
        error = PictureChangedError if self.expected is not None else NoBaselineError
        heading = f"{self.name}: {event.sentence}"
        raise error(told(heading, event.facts, paths, settings.here, self._advice(written)))

    def _event(self, *, written: bool, failed: bool) -> Event:
        facts, verdict = [], self.taken.verdict
        if verdict is not None:
            facts += facts_of(verdict)
        if not self.taken.rested:
            facts.append(("not at rest", f"no two shots in a row were the same in {self.seconds:g} s"))
        if self.used:
            facts.append(("name", "was used in this test before"))
        digest = hashlib.sha256(f"{self.settings.test} {self.name}".encode()).hexdigest()[:6]
        return Event(
            test=self.settings.test,
            name=self.name,
            baseline=shown(self.place, self.settings.here),
            sentence=self._sentence(verdict, written=written),
            new=self.expected is None,
            written=written,
            failed=failed,
            folder=f"{self.name}-{digest}",
            facts=facts,
            boxes=[(one.x, one.y, one.w, one.h) for one in verdict.regions] if verdict is not None else [],
        )

    def _sentence(self, verdict: Verdict | None, *, written: bool) -> str:
        if verdict is not None:
            return verdict.explanation
        if written:
            return "this is a new baseline, which nobody has looked at"
        if not self.taken.rested and self.settings.update:
            return "no baseline was taken, for the page did not come to rest"
        return "there is no baseline yet"

    def _advice(self, written: bool) -> str:
        if not written:
            return self.settings.advice("To take it as the baseline")
        return "It was written, but in CI a new baseline is no pass: look at it and commit it"

    def _pictures(self) -> dict[str, bytes]:
        pictures = {"actual": png(self.taken.shot.picture)}
        if self.expected is not None:
            pictures = {"expected": png(self.expected), **pictures}
        if self.taken.verdict is not None:
            pictures["difference"] = _difference(self.taken.verdict)
        return pictures


def _difference(verdict: Verdict) -> bytes:
    """Return the part of the difference picture that shows what differs, for the other two lie beside it."""
    sheet, one = verdict.difference_image(), verdict.a
    scale = min(1.0, LAYOUT.panel / max(one.width, one.height))
    width, height = max(1, round(one.width * scale)), max(1, round(one.height * scale))
    stream = io.BytesIO()
    sheet.crop((sheet.width - width, 0, sheet.width, height)).save(stream, "PNG")
    return stream.getvalue()
