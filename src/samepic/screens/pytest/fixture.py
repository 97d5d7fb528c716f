"""The fixture `same_picture`: it compares pictures with baselines, and reports changes."""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from samepic.errors import (
    BaselineError,
    NoBaselineError,
    PictureChangedError,
    ProfileError,
    SamepicError,
    SourceError,
)
from samepic.picture import Picture
from samepic.screens.pytest import baselines, capture, report
from samepic.screens.pytest.baselines import Names, Shot
from samepic.screens.pytest.capture import CapturedShot, Source
from samepic.screens.pytest.report import Event
from samepic.tuning.screens import LAYOUT, SCREEN, Screen
from samepic.verdict import Verdict

__all__ = ["FixtureSettings", "SamePicture"]


@dataclass(frozen=True, slots=True)
class FixtureSettings:
    """The settings of a test: its id and file, those of the project and of pytest, which was started in `here`."""

    test: str
    file: Path
    folder: str
    platform: str
    output: Path
    here: Path
    update: bool
    ci: bool
    variants: Sequence[str] = ()
    device: str = ""

    def advice(self, what: str = "To update it") -> str:
        command = report.update_command([self.test])
        if self.ci:
            return f"{what}, run {command} on your machine, check it and commit it"
        return f"{what}: {command}"


@dataclass(frozen=True, slots=True)
class _BaselineOutcome:
    """A `captured` picture that differs from the baseline `expected` at `path`, if there is one."""

    settings: FixtureSettings
    name: str
    path: Path
    expected: Picture | None
    captured: CapturedShot
    timeout: float
    name_used: bool

    def finish(self, events: list[Event]) -> None:
        settings, written = self.settings, False
        if settings.update and self.name_used:
            raise BaselineError(
                f"name: {self.name!r} was used in this test before: give each picture its own name"
            )
        if settings.update and self.captured.at_rest:
            baselines.write_baseline(self.path, self.captured.shot.picture, self.captured.shot.ignored)
            written = True
        event = self._event(written=written, failed=not written or settings.ci)
        events.append(event)
        if not event.failed:
            return
        paths = {"baseline": self.path} if written else {}
        paths |= report.save_pictures(settings.output, event, self._pictures())
        paths["report"] = settings.output / report.INDEX
        error = PictureChangedError if self.expected is not None else NoBaselineError
        advice = "It was written, but in CI a new baseline fails the test: check it and commit it"
        if not written:
            advice = settings.advice("To take it as the baseline")
        heading = f"{self.name}: {event.sentence}"
        raise error(report.failure_message(heading, event.facts, paths, settings.here, advice))

    def _event(self, *, written: bool, failed: bool) -> Event:
        verdict = self.captured.verdict
        facts = [] if verdict is None else report.verdict_facts(verdict)
        if not self.captured.at_rest:
            facts.append(("not at rest", f"no two consecutive shots were equal within {self.timeout:g} s"))
        if self.name_used:
            facts.append(("name", "was used in this test before"))
        digest = hashlib.sha256(f"{self.settings.test} {self.name}".encode()).hexdigest()[:6]
        return Event(
            test=self.settings.test,
            name=self.name,
            baseline=report.relative_path(self.path, self.settings.here),
            sentence=self._sentence(verdict, written=written),
            new=self.expected is None,
            written=written,
            failed=failed,
            folder=f"{self.name}-{digest}",
            facts=facts,
            boxes=[(one.x, one.y, one.w, one.h) for one in verdict.regions] if verdict is not None else [],
            acceptable=self.captured.at_rest and not self.name_used,
        )

    def _sentence(self, verdict: Verdict | None, *, written: bool) -> str:
        if verdict is not None:
            return verdict.explanation
        if written:
            return "this is a new baseline that nobody has checked"
        if not self.captured.at_rest and self.settings.update:
            return "no baseline was taken: the page did not come to rest"
        return "there is no baseline yet"

    def _pictures(self) -> dict[str, bytes]:
        shot = self.captured.shot
        pictures = {"actual": baselines.png(shot.picture, shot.ignored)}  # as the baseline would be written
        if self.expected is not None:
            pictures = {"expected": baselines.png(self.expected), **pictures}
        if self.captured.verdict is not None:
            pictures["difference"] = _difference(self.captured.verdict)
        return pictures


def _difference(verdict: Verdict) -> bytes:
    """Return the third panel of the difference picture; the report shows the other two itself."""
    sheet, one = verdict.difference_image(), verdict.a
    scale = min(1.0, LAYOUT.panel / max(one.width, one.height))
    width, height = max(1, round(one.width * scale)), max(1, round(one.height * scale))
    stream = io.BytesIO()
    sheet.crop((sheet.width - width, 0, sheet.width, height)).save(stream, "PNG")
    return stream.getvalue()


@dataclass(slots=True)
class _Check:
    """A check at a `place` of a test. It can be awaited, and has to be for objects of Playwright's async API."""

    call: Callable[[], None]
    place: TracebackType
    soft: bool
    begun: bool = False
    error: AssertionError | None = None

    def run(self) -> None:
        """Make the check, and keep the failure of a soft one."""
        self.begun = True
        try:
            self.call()
        except AssertionError as error:
            if not self.soft:
                raise
            error.__cause__, error.__suppress_context__ = None, True
            self.error = error.with_traceback(self.place)

    def __await__(self) -> Generator[Any, Any, None]:
        __tracebackhide__ = True
        try:
            yield from () if self.begun else capture.run_async(self.run)
        except SamepicError as error:
            raise error.with_traceback(None) from None


class SamePicture:
    """Compares something with its baseline: `same_picture(page, "menu")`; changes are added to `events`."""

    def __init__(
        self, settings: FixtureSettings, names: Names, screen: Screen | None, events: list[Event]
    ) -> None:
        self._settings, self._names, self._screen, self._events = settings, names, screen, events
        self.used: set[Path] = set()
        self._checks: list[_Check] = []

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
        variants: str | Sequence[str] | None = None,
        timeout: float = capture.REST_SECONDS,
        soft: bool = False,
    ) -> Awaitable[None]:
        """Compare `actual` with the baseline `name`, and fail the test if they are not the same picture.

        `actual` is a path, bytes, a file object, a PIL image, an ndarray, or a page, locator, element or driver of
        Playwright or of Selenium. These are captured until they equal the baseline or are at rest, for `timeout`
        seconds at most; `full_page` captures a page beyond its window. What belongs to Playwright's async API is
        awaited: `await same_picture(page)`. The default `name` is that of the test. `threshold` to `mask` are those of
        `samepic.Screen`, and override those of `profile`. `ignore` takes boxes (left, top, width, height) in pixels of
        the picture, and CSS selectors, locators or elements of the page. `platform` is added to the name: a text, or
        True for the operating system; `variants` are too: "viewport", "device" or both. With `soft` the test goes on
        after a failure, and fails at its end.

        Raises PictureChangedError for another picture, NoBaselineError where there is no baseline, or a new one in CI;
        MissingElementError for an element that does not appear within `timeout`; BaselineError, SourceError,
        UnreadableError or ProfileError for what cannot be compared.
        """
        __tracebackhide__ = True
        given = {"threshold": threshold, "antialiasing": antialiasing, "mask": mask}
        given |= {"most_pixels": most_pixels, "most_share": most_share}
        source = partial(capture.source_of, actual, full_page=full_page)
        named = partial(self._name, name, variants, platform)
        screen = partial(self._profile, profile, given)
        call = partial(self._compare, source, named, _as_list(ignore), screen, timeout)
        caller = sys._getframe(1)
        check = _Check(call, TracebackType(None, caller, caller.f_lasti, caller.f_lineno), soft)
        is_async = capture.is_async(actual)
        if soft or is_async:
            self._checks.append(check)
        if not is_async:
            try:
                check.run()
            except SamepicError as error:
                # A failed test shows its own line, not the traceback of this one.
                raise error.with_traceback(None) from None
        return check

    def failure(self) -> Exception | None:
        """Return what fails the test at its end: soft checks that failed, and those that nobody awaited."""
        for check in self._checks:
            if not check.begun:
                text = "expected await same_picture(...) for what belongs to Playwright's async API, found no await"
                return SourceError(text).with_traceback(check.place)
        failed = [(check.place, check.error) for check in self._checks if check.error is not None]
        if len(failed) < 2:
            return failed[0][1] if failed else None
        kinds = [type(error) for _, error in failed if not isinstance(error, NoBaselineError)]
        headings = "; ".join(str(error).partition("\n")[0] for _, error in failed)
        texts = "".join(f"\n\nline {place.tb_lineno}: {error}" for place, error in failed)
        error = (kinds or [NoBaselineError])[0](f"{len(failed)} checks failed: {headings}{texts}")
        return error.with_traceback(failed[0][0])

    def _name(
        self,
        name: str | None,
        requested: str | Sequence[str] | None,
        platform: str | bool | None,
        source: Source,
    ) -> str:
        """Return the name of the baseline, with the requested variants and the platform. Raises BaselineError."""
        variants, parts = self._settings.variants if requested is None else requested, []
        for variant in [variants] if isinstance(variants, str) else variants:
            if variant not in ("viewport", "device"):
                raise BaselineError(f"variants: expected viewport or device, found {variant!r}")
            device = baselines.device_name(self._settings.device)
            parts.append(source.viewport() if variant == "viewport" else device)
        parts.append(baselines.platform_name(platform, self._settings.platform))
        return self._names.next_name(name, "-".join(filter(None, parts)))

    def _profile(self, profile: object, given: dict[str, Any]) -> Screen:
        base = profile if profile is not None else self._screen if self._screen is not None else SCREEN
        if not isinstance(base, Screen):
            raise ProfileError(f"profile: expected a samepic.Screen, found {type(base).__name__}")
        return replace(base, **{name: value for name, value in given.items() if value is not None})

    def _compare(
        self,
        source_of: Callable[[], Source],
        named: Callable[[Source], str],
        ignore: list[object],
        profile: Callable[[], Screen],
        timeout: float,
    ) -> None:
        settings, screen, source = self._settings, profile(), source_of()
        capture.check_ignored(source, ignore, screen)
        name = named(source)
        path = baselines.baseline_path(settings.file, settings.folder, name)
        try:
            baseline = baselines.read_baseline(path)
        except BaselineError as error:
            if not settings.update:
                raise BaselineError(f"{error}\n{settings.advice()}") from error
            baseline = None

        def judge(shot: Shot) -> Verdict | None:
            return None if baseline is None else capture.compare_with_baseline(baseline, shot, screen)

        seen = capture.capture_at_rest(source, ignore, screen, judge, timeout)
        name_used, self.used = path in self.used, {*self.used, path}
        if seen.verdict is None or not seen.verdict.same:
            expected = baseline.picture if baseline is not None else None
            outcome = _BaselineOutcome(settings, name, path, expected, seen, timeout, name_used=name_used)
            outcome.finish(self._events)


def _as_list(ignore: object) -> list[object]:
    if isinstance(ignore, str) or not isinstance(ignore, Sequence):
        return [ignore]
    alone = len(ignore) == 4 and all(isinstance(one, (int, float)) for one in ignore)
    return [tuple(ignore)] if alone else list(ignore)
