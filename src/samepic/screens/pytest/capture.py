"""Capture a page or element of Playwright or Selenium when it is at rest, or take a picture in any form."""

from __future__ import annotations

import base64
import binascii
import inspect
import math
import os
import re
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from samepic.errors import BaselineError, MissingElementError, SourceError
from samepic.picture import load
from samepic.screens.compare import compare_screenshots
from samepic.screens.pytest.baselines import Shot
from samepic.tuning.screens import Box, Screen
from samepic.verdict import Verdict

if TYPE_CHECKING:
    from playwright.sync_api import ElementHandle, Locator, Page
    from selenium.webdriver.remote.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement

REST_SECONDS: Final = 5.0  # how long a page may take to match its baseline or come to rest, as in Playwright
_PAUSES: Final = (0.1, 0.25, 0.5, 1.0)  # seconds between two shots of a page; the last one repeats

_SOURCES = (
    "a path, bytes, a binary file object, a PIL image, an ndarray, or a page, element or driver of Playwright or"
    " Selenium"
)

_PNG_IN_BASE64 = "iVBORw0KGgo"
_AWAIT = "await its screenshot and pass the bytes: same_picture(await page.screenshot(), ...)"
_LEAST_SECONDS: Final = 1.0  # that an element is waited for; it may take as long to ask a busy browser
_ASKED_AGAIN: Final = (
    3  # times that an element which can be seen is asked for, before it has all the time of Playwright
)
_REFUSED: Final = "Unable to capture screenshot"  # all that tells this error of Chromium from others
_REDRAW_SECONDS: Final = 0.1  # for a frame or more
_SET_WILL_CHANGE = """(value) => {
  const style = document.documentElement.style, before = style.willChange;
  style.willChange = value;
  return before;
}"""
_Area = tuple[float, float, float, float]
"""Left, top, width and height in CSS pixels."""


class Source:
    """A picture that exists already, in any form; what is `live` is a page or an element, and may change."""

    live = False

    def __init__(self, picture: object) -> None:
        self._picture = picture

    def take(self) -> object:
        """Return a picture in any form that samepic reads."""
        return self._picture

    def check_ignored(self, target: object) -> None:
        """Raise SourceError for what cannot be ignored here; boxes always can."""
        raise SourceError(
            "ignore: selectors and elements need a page: pass the page or element instead of a picture, or a box (left,"
            f" top, width, height); found {target!r}"
        )

    def locate_ignored(self, ignore: Sequence[object]) -> list[Box]:
        """Return the boxes of what `ignore` names, in pixels of the last picture."""
        return []

    def appear(self, seconds: float) -> None:
        """Wait until an element can be seen. Raises MissingElementError."""

    def viewport(self) -> str:
        """Return the size of the window and its scale, such as 390x844@3x. Raises BaselineError without a page."""
        raise BaselineError("variants: 'viewport' needs a page or an element, found a picture")

    def pause(self, seconds: float) -> None:
        """Wait while a page continues."""

    def redraw(self) -> None:
        """Have a browser draw all of the page anew."""


def source_of(actual: object, *, full_page: bool = False) -> Source:
    # An object of a browser tool exists only if its tool is imported.
    """Return the source for `actual`. Raises SourceError for an unsupported object."""
    target: Any = actual
    found = type(actual).__name__
    if inspect.isawaitable(actual):
        raise SourceError(f"expected {_SOURCES}, found an awaitable: {_AWAIT}")
    if is_async(actual) or _is_of_playwright(actual, "sync_api"):
        return _PlaywrightSource(target, full_page=full_page)
    if "selenium" in {kind.__module__.split(".")[0] for kind in type(actual).__mro__}:
        from selenium.webdriver.remote.webdriver import WebDriver
        from selenium.webdriver.remote.webelement import WebElement

        if isinstance(actual, (WebDriver, WebElement)):
            return _SeleniumSource(actual, full_page=full_page)
    if full_page:
        raise SourceError(f"full_page: expected a page of Playwright or a driver of Selenium, found {found}")
    if isinstance(actual, str) and actual.startswith(_PNG_IN_BASE64):
        try:
            return Source(base64.b64decode(actual, validate=True))
        except binascii.Error as error:
            found = f"a text that begins like one: {error}"
            raise SourceError(f"expected a PNG in base64, found {found}") from error
    known = (str, os.PathLike, bytes, bytearray, memoryview, Image.Image, np.ndarray)
    if isinstance(actual, known) or callable(getattr(actual, "read", None)):
        return Source(actual)
    raise SourceError(f"expected {_SOURCES}, found {found}")


def is_async(actual: object) -> bool:
    """Return whether `actual` is of Playwright's async API, and has to be captured within `run_async`."""
    return _is_of_playwright(actual, "async_api")


def run_async(call: Callable[[], object]) -> Generator[Any, Any, None]:
    """Run a call that asks objects of Playwright's async API, and yield to the event loop what it waits for.

    The call runs in a greenlet (Playwright needs the package), so that there is one way of capturing for both APIs.
    """
    __tracebackhide__ = True
    from greenlet import greenlet

    runner = greenlet(call)
    waiting = runner.switch()
    while not runner.dead:
        try:
            result = yield from waiting.__await__()
        except BaseException as error:  # noqa: BLE001  (it is raised in the call, which waits for it)
            waiting = runner.throw(error)
        else:
            waiting = runner.switch(result)


def _finished(result: Any) -> Any:  # noqa: ANN401
    """Return what an object of Playwright answered, which the async API has to be waited for."""
    if not inspect.isawaitable(result):
        return result
    from greenlet import getcurrent

    return getcurrent().parent.switch(result)


def _is_of_playwright(actual: object, api: str) -> bool:
    module = sys.modules.get(f"playwright.{api}")
    return module is not None and isinstance(actual, (module.Page, module.Locator, module.ElementHandle))


def box_in_pixels(area: _Area, origin: tuple[float, float], ratio: float) -> Box | None:
    """Return the box of all pixels of a picture at `origin` that an area touches; None for an empty area."""
    left, top = (max(0, math.floor((area[at] - origin[at]) * ratio)) for at in (0, 1))
    right, bottom = (math.ceil((area[at] + area[at + 2] - origin[at]) * ratio) for at in (0, 1))
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None


class _BrowserSource(Source, ABC):
    """A page or an element, captured as PNG with animations ended and the caret hidden."""

    live = True
    _expected = ""  # what a test may ignore on a page, beside boxes and selectors, and its types
    _kinds: tuple[type, ...] = ()

    def __init__(self, target: object, *, full_page: bool) -> None:
        super().__init__(target)
        self._full_page = full_page

    def check_ignored(self, target: object) -> None:
        if not isinstance(target, (str, *self._kinds)):
            raise SourceError(
                f"ignore: expected boxes (left, top, width, height), CSS selectors or {self._expected} of the page,"
                f" found {type(target).__name__}"
            )

    def redraw(self) -> None:
        before = self._run(_SET_WILL_CHANGE, "opacity")
        self.pause(_REDRAW_SECONDS)
        self._run(_SET_WILL_CHANGE, before)

    def viewport(self) -> str:
        _, _, ratio, width, height = self._view()
        return f"{width}x{height}" + (f"@{ratio:g}x" if ratio != 1 else "")

    def locate_ignored(self, ignore: Sequence[object]) -> list[Box]:
        scroll_x, scroll_y, ratio, *_ = self._view()
        origin = (-scroll_x, -scroll_y) if self._full_page else self._origin(scroll_x, scroll_y)
        areas = [area for one in ignore for area in self._areas(one)]
        return [box for area in areas if (box := box_in_pixels(area, origin, ratio))]

    def _view(self) -> tuple[float, float, float, int, int]:
        """Return how far the page is scrolled, how many pixels a CSS pixel has, and the size of the window."""
        x, y, ratio, width, height = self._run(
            "() => [scrollX, scrollY, devicePixelRatio, innerWidth, innerHeight]"
        )
        return x, y, ratio, width, height

    @abstractmethod
    def _run(self, function: str, value: str = "") -> Any:  # noqa: ANN401
        """Return what a function returns in the page."""

    @abstractmethod
    def _origin(self, scroll_x: float, scroll_y: float) -> tuple[float, float]:
        """Return the top left corner of the picture in window coordinates."""

    @abstractmethod
    def _areas(self, target: object) -> Iterable[_Area]:
        """Return the areas of all that `target` names."""


class _PlaywrightSource(_BrowserSource):
    """A page, locator or element handle of Playwright, of either API. Raises SourceError for a `full_page` element."""

    _expected = "locators"
    _patience = 30_000.0  # ms, that a call may wait for its element

    def __init__(self, target: Page | Locator | ElementHandle, *, full_page: bool) -> None:
        super().__init__(target, full_page=full_page)
        self._target: Any = target
        self._api: Any = sys.modules[f"playwright.{'async' if is_async(target) else 'sync'}_api"]
        self._kinds = self._api.Locator, self._api.ElementHandle
        self._is_page = isinstance(target, self._api.Page)
        if full_page and not self._is_page:
            raise SourceError(
                "full_page: expected a page, found an element, which is always captured as a whole"
            )
        self._page = self._page_of(self._target)

    def _page_of(self, target: Any) -> Any:  # noqa: ANN401
        if self._is_page:
            return target
        if isinstance(target, self._api.Locator):
            return target.page
        frame = _finished(target.owner_frame())
        if frame is None:
            raise SourceError("expected an element on a page, found a detached one")
        return frame.page

    def appear(self, seconds: float) -> None:
        timeout = self._patience = 1000 * max(_LEAST_SECONDS, seconds)
        if self._is_page:
            return
        try:
            wait = getattr(self._target, "wait_for", None) or partial(
                self._target.wait_for_element_state, "visible"
            )
            _finished(wait(timeout=timeout))
        except self._api.TimeoutError as error:
            is_there = not isinstance(self._target, self._api.Locator) or _finished(self._target.count())
            hidden = " (it is there, but hidden or without a size)" if is_there else ""
            text = f"the element {_name_in(error.message)}did not appear within {timeout / 1000:g} s{hidden}"
            raise MissingElementError(text) from error
        except self._api.Error as error:
            raise SourceError(f"expected one element: {_in_short(error)}") from error

    def take(self) -> object:
        try:
            return self._take()
        except self._api.Error as error:
            if _REFUSED not in error.message:
                raise
        self.pause(_PAUSES[-1])  # Chromium refuses to capture now and then, and does so a moment later
        return self._take()

    def _take(self) -> object:
        take = partial(self._target.screenshot, animations="disabled", caret="hide")
        return _finished(take(full_page=self._full_page)) if self._is_page else self._seen(self._target, take)

    def pause(self, seconds: float) -> None:
        _finished(self._page.wait_for_timeout(1000 * seconds))  # routes of the test are served meanwhile

    def _run(self, function: str, value: str = "") -> Any:  # noqa: ANN401
        return _finished(self._page.evaluate(function, value))

    def _origin(self, scroll_x: float, scroll_y: float) -> tuple[float, float]:
        area = None if self._is_page else self._area(self._target)
        if area is None:
            return 0, 0
        # Playwright captures from the whole pixel of the document in which the element begins.
        return math.floor(area["x"] + scroll_x) - scroll_x, math.floor(area["y"] + scroll_y) - scroll_y

    def _seen(self, target: Any, ask: Callable[..., object]) -> Any:  # noqa: ANN401
        """Return what an element answered; a slow one is waited for. Raises MissingElementError where it is gone."""
        for _ in range(_ASKED_AGAIN):
            try:
                return _finished(ask(timeout=self._patience))
            except self._api.TimeoutError as error:
                if _finished(target.is_visible()):
                    continue
                name, waited = _name_in(error.message), f"{self._patience / 1000:g} s"
                text = f"the element {name}vanished, and did not come back within {waited}"
                raise MissingElementError(text) from error
        return _finished(ask())

    def _area(self, target: Any) -> Any:  # noqa: ANN401
        is_handle = isinstance(target, self._api.ElementHandle)  # answers at once
        return _finished(target.bounding_box()) if is_handle else self._seen(target, target.bounding_box)

    def _areas(self, target: Any) -> Iterable[_Area]:  # noqa: ANN401
        if isinstance(target, str):
            target = self._page.locator(target)
        try:
            handles = _finished(target.all()) if isinstance(target, self._api.Locator) else [target]
            boxes = [self._area(handle) for handle in handles]
        except self._api.Error as error:
            raise SourceError(f"ignore: {_in_short(error)}") from error
        return [(area["x"], area["y"], area["width"], area["height"]) for area in boxes if area is not None]


def _in_short(error: Exception) -> str:
    """Return what an error of Playwright says in its first line, without the method that raised it."""
    return re.sub(r"^[\w.]+: (Error: )?", "", str(error).split("\n", 1)[0]).rstrip(":")


def _name_in(log: str) -> str:
    """Return the element that was waited for, as Playwright names it, which has no other way to ask; "" for none."""
    waited = re.search(r"waiting for (locator\(.+\)|.+(?= to be visible))", log)
    return re.sub(r'^locator\((".*")\)$', r"\1", waited[1]) + " " if waited else ""


@dataclass(frozen=True, slots=True)
class CapturedShot:
    """The last shot, its verdict (None without a baseline), and whether the page was at rest."""

    shot: Shot
    verdict: Verdict | None
    at_rest: bool = True


Judge = Callable[[Shot], Verdict | None]
"""Compares a shot with its baseline, if there is one."""


def capture_at_rest(
    source: Source, ignore: Sequence[object], screen: Screen, judge: Judge, seconds: float
) -> CapturedShot:
    """Return the first shot that equals the baseline, else one that equals the shot before. Raises SamepicError."""
    deadline, number = time.monotonic() + seconds, 0
    source.appear(seconds)
    shot = _take_shot(source, ignore)
    while True:
        verdict = judge(shot)
        if not source.live or (verdict is not None and verdict.same):
            return CapturedShot(shot, verdict)
        before = shot
        source.pause(_PAUSES[min(number, len(_PAUSES) - 1)])
        shot, number = _take_shot(source, ignore), number + 1
        if _look_equal(before, shot, screen):
            verdict = judge(shot)
            if verdict is None or not verdict.same:
                # What was drawn while something moved or faded may have letters a quarter of a pixel beside.
                source.redraw()
                shot = _take_shot(source, ignore)
                verdict = judge(shot)
            return CapturedShot(shot, verdict)
        if time.monotonic() > deadline:
            return CapturedShot(shot, judge(shot), at_rest=False)


def compare_with_baseline(expected: Shot, shot: Shot, screen: Screen) -> Verdict:
    """Compare a shot with its baseline except for what it ignores, and what the baseline did of as many elements."""
    before = expected.ignored if len(expected.ignored) == len(shot.ignored) else ()
    boxes = (*screen.ignore, *shot.boxes, *shot.ignored, *before)
    # The sentence uses the name of a picture, and a shot has none.
    actual = replace(shot.picture, info=replace(shot.picture.info, name="the picture"))
    return compare_screenshots(expected.picture, actual, screen=replace(screen, ignore=boxes))


def _look_equal(before: Shot, after: Shot, screen: Screen) -> bool:
    if before.picture.data is not None and before.picture.data == after.picture.data:
        return True
    # A mask has the size of the baseline, which these shots may not have.
    return compare_with_baseline(before, after, replace(screen, mask=None)).same is True


def _take_shot(source: Source, ignore: Sequence[object]) -> Shot:
    picture = load(source.take())
    name, frames = picture.info.name, picture.info.frames
    if frames > 1:
        found = f"an animation of {frames} frames: pass one of them"
        raise SourceError(f"{name}: expected a still picture, found {found}")
    boxes: list[Any] = [tuple(area) for area in ignore if isinstance(area, (tuple, list))]
    others = [area for area in ignore if not isinstance(area, (tuple, list))]
    return Shot(picture, tuple(source.locate_ignored(others)) if others else (), tuple(boxes))


def check_ignored(source: Source, ignore: Sequence[object], screen: Screen) -> None:
    """Raise ProfileError or SourceError for what cannot be ignored, before a browser is asked for a picture."""
    boxes: list[Any] = [area for area in ignore if isinstance(area, (tuple, list))]
    replace(screen, ignore=boxes)
    for target in ignore:
        if not isinstance(target, (tuple, list)):
            source.check_ignored(target)


class _SeleniumSource(_BrowserSource):
    _expected = "elements"

    def __init__(self, target: WebDriver | WebElement, *, full_page: bool) -> None:
        from selenium.webdriver.remote.webelement import WebElement

        super().__init__(target, full_page=full_page)
        self._element = target if isinstance(target, WebElement) else None
        if full_page and self._element is not None:
            raise SourceError("full_page: expected a driver, found an element")
        if full_page and not hasattr(target, "execute_cdp_cmd"):
            raise SourceError(
                "full_page: expected a driver of Chrome, Chromium or Edge; in other browsers pass the bytes,"
                " driver.get_full_page_screenshot_as_png() in Firefox"
            )
        self._kinds = (WebElement,)
        self._driver: Any = target if self._element is None else self._element.parent

    def _run(self, function: str, value: str = "") -> Any:  # noqa: ANN401
        return self._driver.execute_script(f"return ({function})(arguments[0])", value)

    def _act(self, action: str, *given: object) -> Any:  # noqa: ANN401
        script = Path(__file__).with_name("selenium.js").read_text(encoding="utf-8")
        return self._driver.execute_script(script, action, *given)

    def take(self) -> object:
        self._act("freeze")
        try:
            if self._full_page:
                size = self._driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
                clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
                options = {"format": "png", "captureBeyondViewport": True, "clip": clip}
                shot = self._driver.execute_cdp_cmd("Page.captureScreenshot", options)
                return base64.b64decode(shot["data"])
            if self._element is not None:
                return self._element.screenshot_as_png
            return self._driver.get_screenshot_as_png()
        finally:
            self._act("release")

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)

    def _origin(self, scroll_x: float, scroll_y: float) -> tuple[float, float]:
        areas = [] if self._element is None else self._areas(self._element)
        return (math.floor(areas[0][0]), math.floor(areas[0][1])) if areas else (0, 0)

    def _areas(self, target: object) -> list[_Area]:
        elements = self._driver.find_elements("css selector", target) if isinstance(target, str) else [target]
        return [(x, y, w, h) for x, y, w, h in self._act("areas", *elements)]
