"""SamePicture: what the fixture gives to a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from samepic.contrib.screens.baselines import kept, place_of
from samepic.contrib.screens.events import Event
from samepic.contrib.screens.names import Names, platform_name
from samepic.contrib.screens.outcome import Outcome, Settings
from samepic.contrib.screens.rest import Shot, against, taken
from samepic.contrib.screens.sources import Source, source_of
from samepic.errors import BaselineError, ProfileError, SamepicError
from samepic.profiles.contrib import PYTEST
from samepic.profiles.screen import SCREEN, Screen
from samepic.verdict import Verdict

__all__ = ["SamePicture"]


class SamePicture:
    """Tell whether something looks as its baseline does: `same_picture(page, "menu")`.

    `screen` is the profile of the project, None for that of samepic; what happened is added to `events`.
    """

    def __init__(self, settings: Settings, names: Names, screen: Screen | None, events: list[Event]) -> None:
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
            outcome = Outcome(settings, name, place, expected, seen, seconds, used=used)
            outcome.settle(self._events)


def _listed(ignore: object) -> list[object]:
    """Return what is to be ignored as a list: one alone, a box of four numbers too, needs no brackets."""
    if isinstance(ignore, str) or not isinstance(ignore, Sequence):
        return [ignore]
    alone = len(ignore) == 4 and all(isinstance(one, (int, float)) for one in ignore)
    return [tuple(ignore)] if alone else list(ignore)
