"""The fixture `same_picture`: what it gives to a test, and what is done where a picture is not its baseline."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from samepic.errors import BaselineError, NoBaselineError, PictureChangedError, ProfileError, SamepicError
from samepic.limits import PYTEST
from samepic.picture import Picture
from samepic.screens.pytest.baselines import Names, in_place, kept, place_of, platform_name, png
from samepic.screens.pytest.capture import CapturedShot, Shot, Source, against, source_of, taken
from samepic.screens.pytest.report import INDEX, Event, facts_of, save, shown, told
from samepic.tuning.screens import LAYOUT, SCREEN, Screen
from samepic.verdict import Verdict

__all__ = ["BaselineOutcome", "FixtureSettings", "SamePicture"]


@dataclass(frozen=True, slots=True)
class FixtureSettings:
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
class BaselineOutcome:
    """A picture that was `taken` and is not the same as `expected` (None where there is no baseline) at `place`.

    `used` tells that the test used the name before; `seconds` is how long a page had to come to rest.
    """

    settings: FixtureSettings
    name: str
    place: Path
    expected: Picture | None
    taken: CapturedShot
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


class SamePicture:
    """Tell whether something looks as its baseline does: `same_picture(page, "menu")`.

    `screen` is the profile of the project, None for that of samepic; what happened is added to `events`.
    """

    def __init__(
        self, settings: FixtureSettings, names: Names, screen: Screen | None, events: list[Event]
    ) -> None:
        self._settings, self._names, self._screen, self._events = settings, names, screen, events
        self._used: set[Path] = set()

    def __call__(
        self,
        actual: object,
        name: str | None = None,
        *,
        threshold: float | None = None,
        antialiasing: bool | None = None,
        most_pixels: int | None = None,
        most_share: float | None = None,
        ignore: object = (),
        mask: object = None,
        profile: Screen | None = None,
        full_page: bool = False,
        platform: str | bool | None = None,
        timeout: float = PYTEST.rest_seconds,
    ) -> None:
        """Compare `actual` with the baseline `name`, and fail the test where they are not the same picture.

        `actual` is a path, bytes, a file object, a PIL image, an ndarray, or a page, locator, element or driver of
        Playwright's sync API or of Selenium, which is shot until it is as expected or at rest, `timeout` seconds at
        most; `full_page` shoots a page beyond its window. Without a `name` it is that of the test. `threshold` to
        `mask` are those of `samepic.Screen`, and go before those of `profile`; `ignore` takes boxes (left, top, width,
        height) in pixels of the picture, and CSS selectors, locators or elements of the page. `platform` is added to
        the name: a text, or True for the operating system.

        Raises PictureChangedError for another picture, NoBaselineError where there is no baseline, or in CI a new one;
        BaselineError, SourceError, UnreadableError or ProfileError for what cannot be compared.
        """
        __tracebackhide__ = True
        try:
            given = {"threshold": threshold, "antialiasing": antialiasing, "most_pixels": most_pixels}
            screen = self._profile(profile, given | {"most_share": most_share, "mask": mask})
            source = source_of(actual, full_page=full_page)
            called = self._names.next(name, platform_name(platform, self._settings.platform))
            self._look(source, called, _listed(ignore), screen, timeout)
        except SamepicError as error:
            # A test that fails shows the line that asked, not what happened in here.
            raise error.with_traceback(None) from None

    def _profile(self, profile: object, given: dict[str, Any]) -> Screen:
        base = profile if profile is not None else self._screen if self._screen is not None else SCREEN
        if not isinstance(base, Screen):
            raise ProfileError(f"profile: wanted a samepic.Screen, got {type(base).__name__}")
        return replace(base, **{name: value for name, value in given.items() if value is not None})

    def _look(self, source: Source, name: str, ignore: list[object], screen: Screen, seconds: float) -> None:
        settings = self._settings
        place = place_of(settings.file, settings.folder, name)
        try:
            baseline = kept(place)
        except BaselineError as error:
            if not settings.update:
                raise BaselineError(f"{error}\n{settings.advice()}") from error
            baseline = None

        def judge(shot: Shot) -> Verdict | None:
            if baseline is None:
                return None
            return against(baseline.picture, shot, screen, baseline.found)

        seen = taken(source, ignore, screen, judge, seconds)
        used, self._used = place in self._used, {*self._used, place}
        if seen.verdict is None or not seen.verdict.same:
            expected = baseline.picture if baseline is not None else None
            outcome = BaselineOutcome(settings, name, place, expected, seen, seconds, used=used)
            outcome.settle(self._events)


def _listed(ignore: object) -> list[object]:
    """Return what is to be ignored as a list: one alone, a box of four numbers too, needs no brackets."""
    if isinstance(ignore, str) or not isinstance(ignore, Sequence):
        return [ignore]
    alone = len(ignore) == 4 and all(isinstance(one, (int, float)) for one in ignore)
    return [tuple(ignore)] if alone else list(ignore)
