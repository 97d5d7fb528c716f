"""Capture a page or element of Playwright or Selenium once it is at rest, or take a picture in any form."""

from __future__ import annotations

import base64
import binascii
import inspect
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from PIL import Image
from playwright.sync_api import ElementHandle, Locator, Page
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement

from samepic.errors import SourceError
from samepic.limits import PYTEST
from samepic.picture import Picture, load
from samepic.screens.compare import compare_screenshots
from samepic.tuning.screens import Box, Screen
from samepic.verdict import Verdict

__all__ = [
    "Area",
    "CapturedShot",
    "Judge",
    "PlaywrightSource",
    "SeleniumSource",
    "Shot",
    "Source",
    "against",
    "placed",
    "source_of",
    "taken",
]

_WANTED = (
    "a path, bytes, a binary file object, a PIL image, an ndarray, or a page, element or driver of Playwright or"
    " Selenium"
)

_PNG_IN_BASE64 = "iVBORw0KGgo"

_AWAIT = "await its screenshot and pass the bytes: same_picture(await page.screenshot(), ...)"

Area = tuple[float, float, float, float]
"""Left, top, width and height in CSS pixels."""


class Source(Protocol):
    """Something that can be shot. What is `live` may look otherwise a moment later."""

    live: bool

    def shoot(self) -> object:
        """Return a picture in any form that samepic reads."""

    def found(self, ignore: Sequence[object]) -> list[Box]:
        """Return where what `ignore` names is, in pixels of the picture that was shot last. Raises SourceError."""

    def pause(self, seconds: float) -> None:
        """Let the page go on for a while."""


class _StillSource:
    """A picture that is there already."""

    live = False

    def __init__(self, picture: object) -> None:
        self._picture = picture

    def shoot(self) -> object:
        return self._picture

    def found(self, ignore: Sequence[object]) -> list[Box]:
        raise SourceError(
            "ignore: a selector or element can be found on a page only: pass the page or element itself instead of a"
            f" picture, or a box (left, top, width, height); got {ignore[0]!r}"
        )

    def pause(self, seconds: float) -> None:
        """Do nothing: it stays as it is."""


def source_of(actual: object, *, full_page: bool = False) -> Source:
    """Return what can be shot of `actual`. Raises SourceError for what cannot."""
    browser = _browser_source(actual, full_page)
    if browser is not None:
        return browser
    if full_page:
        raise SourceError(
            f"full_page: wanted a page of Playwright or a driver of Selenium, got {_called(actual)}"
        )
    if isinstance(actual, str) and actual.startswith(_PNG_IN_BASE64):
        return _StillSource(_decoded(actual))
    known = (str, os.PathLike, bytes, bytearray, memoryview, Image.Image, np.ndarray)
    if isinstance(actual, known) or callable(getattr(actual, "read", None)):
        return _StillSource(actual)
    raise SourceError(f"wanted {_WANTED}, got {_called(actual)}")


def placed(area: Area, origin: tuple[float, float], ratio: float) -> Box | None:
    """Return an area of a page as a box of pixels in a picture whose left top corner is at `origin`.

    Every pixel that the area touches is in it. None for an area without any.
    """
    left, top = (max(0, math.floor((area[at] - origin[at]) * ratio)) for at in (0, 1))
    right, bottom = (math.ceil((area[at] + area[at + 2] - origin[at]) * ratio) for at in (0, 1))
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None


def _browser_source(actual: object, full_page: bool) -> Source | None:
    """Return the source of a browser's object. Neither tool is imported: who has its objects has imported it."""
    if inspect.isawaitable(actual):
        raise SourceError(f"wanted {_WANTED}, got what must be awaited: {_AWAIT}")
    if (asynchronous := sys.modules.get("playwright.async_api")) and isinstance(actual, _shown(asynchronous)):
        raise SourceError(f"wanted {_WANTED}, got a {_called(actual)} of Playwright's async API: {_AWAIT}")
    if (playwright := sys.modules.get("playwright.sync_api")) and isinstance(actual, _shown(playwright)):
        shown: Any = actual
        return PlaywrightSource(shown, full_page=full_page)
    if "selenium" in {kind.__module__.split(".")[0] for kind in type(actual).__mro__}:
        from selenium.webdriver.remote.webdriver import WebDriver
        from selenium.webdriver.remote.webelement import WebElement

        if isinstance(actual, (WebDriver, WebElement)):
            return SeleniumSource(actual, full_page=full_page)
    return None


def _shown(playwright: ModuleType) -> tuple[type, ...]:
    return playwright.Page, playwright.Locator, playwright.ElementHandle


def _called(actual: object) -> str:
    return type(actual).__name__


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise SourceError(f"wanted a PNG in base64, got a text that begins like one: {error}") from error


_PLAYWRIGHT_VIEW = "() => [scrollX, scrollY, devicePixelRatio]"


class PlaywrightSource:
    """A page, locator or element handle of Playwright's sync API. Raises SourceError for `full_page` of an element."""

    live = True

    def __init__(self, shown: Page | Locator | ElementHandle, *, full_page: bool) -> None:
        if full_page and not isinstance(shown, Page):
            raise SourceError("full_page: wanted a page, got an element: it is shot as a whole in any case")
        self._shown, self._full_page = shown, full_page
        self._page = _page_of(shown)

    def shoot(self) -> bytes:
        """Return the picture as PNG, with animations ended and the caret hidden."""
        if isinstance(self._shown, Page):
            return self._shown.screenshot(animations="disabled", caret="hide", full_page=self._full_page)
        return self._shown.screenshot(animations="disabled", caret="hide")

    def found(self, ignore: Sequence[object]) -> list[Box]:
        """Return the boxes of locators, handles and CSS selectors; what is not visible has none."""
        across, down, ratio = self._page.evaluate(_PLAYWRIGHT_VIEW)
        origin = self._origin(across, down)
        areas = [area for one in ignore for area in self._areas(one)]
        return [box for area in areas if (box := placed(area, origin, ratio))]

    def pause(self, seconds: float) -> None:
        """Let the page go on; what the test answers for its network is answered meanwhile."""
        self._page.wait_for_timeout(1000 * seconds)

    def _origin(self, across: float, down: float) -> tuple[float, float]:
        """Return where the left top corner of the picture is in the window, as areas of elements are told."""
        if self._full_page:
            return -across, -down
        area = None if isinstance(self._shown, Page) else self._shown.bounding_box()
        if area is None:
            return 0, 0
        # Playwright shoots from the whole pixel of the document in which the element begins.
        return math.floor(area["x"] + across) - across, math.floor(area["y"] + down) - down

    def _areas(self, one: object) -> Iterator[Area]:
        handles: Sequence[Locator | ElementHandle]
        if isinstance(one, ElementHandle):
            handles = [one]
        elif isinstance(one, (str, Locator)):
            handles = (self._page.locator(one) if isinstance(one, str) else one).all()
        else:
            raise SourceError(
                "ignore: wanted boxes (left, top, width, height), CSS selectors or locators of the page,"
                f" got {type(one).__name__}"
            )
        for handle in handles:
            if (area := handle.bounding_box()) is not None:
                yield area["x"], area["y"], area["width"], area["height"]


def _page_of(shown: Page | Locator | ElementHandle) -> Page:
    if isinstance(shown, Page):
        return shown
    if isinstance(shown, Locator):
        return shown.page
    frame = shown.owner_frame()
    if frame is None:
        raise SourceError("wanted an element on a page, got one that belongs to none")
    return frame.page


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture that was taken; what is not to be looked at in it: `boxes`, and elements that were `found` there."""

    picture: Picture
    boxes: tuple[Box, ...]
    found: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class CapturedShot:
    """The last shot, what was said of it (None without a baseline), and whether the page was at rest."""

    shot: Shot
    verdict: Verdict | None
    rested: bool = True


Judge = Callable[[Shot], Verdict | None]
"""Compares a shot with its baseline, if there is one."""


def taken(
    source: Source, ignore: Sequence[object], screen: Screen, judge: Judge, seconds: float
) -> CapturedShot:
    """Return the first shot that is the same as the baseline, else one that is the same as that before it.

    Raises SourceError for what is no still picture, UnreadableError for what cannot be decoded.
    """
    ends, number = time.monotonic() + seconds, 0
    shot = _shot(source, ignore)
    while True:
        verdict = judge(shot)
        if not source.live or (verdict is not None and verdict.same):
            return CapturedShot(shot, verdict)
        before = shot
        source.pause(PYTEST.pauses[min(number, len(PYTEST.pauses) - 1)])
        shot, number = _shot(source, ignore), number + 1
        if _same(before, shot, screen):
            return CapturedShot(shot, judge(shot))
        if time.monotonic() > ends:
            return CapturedShot(shot, judge(shot), rested=False)


def against(expected: Picture, shot: Shot, screen: Screen, found: Sequence[Box]) -> Verdict:
    """Compare a shot with what is expected, without what it ignores.

    `found` are elements that were ignored in what is expected, where they may have been of another size, as a clock is.
    They count while as many are ignored: what a test no longer ignores is looked at again.
    """
    before = found if len(found) == len(shot.found) else ()
    boxes = (*screen.ignore, *shot.boxes, *shot.found, *before)
    # The sentence calls a picture by its name, and a shot has none that says more.
    actual = replace(shot.picture, info=replace(shot.picture.info, name="the picture"))
    return compare_screenshots(expected, actual, screen=replace(screen, ignore=boxes))


def _same(one: Shot, two: Shot, screen: Screen) -> bool:
    if one.picture.data is not None and one.picture.data == two.picture.data:
        return True
    # A mask is of the size of the baseline, and these two need not be.
    return against(one.picture, two, replace(screen, mask=None), one.found).same is True


def _shot(source: Source, ignore: Sequence[object]) -> Shot:
    picture = load(source.shoot())
    name, frames = picture.info.name, picture.info.frames
    if frames > 1:
        raise SourceError(
            f"{name}: wanted a still picture, got an animation of {frames} frames: pass one of them"
        )
    boxes: list[Any] = [tuple(one) for one in ignore if isinstance(one, (tuple, list))]
    others = [one for one in ignore if not isinstance(one, (tuple, list))]
    return Shot(picture, tuple(boxes), tuple(source.found(others)) if others else ())


# WebDriver ends no animations and hides no caret. A sheet that the document adopts is not subject to its policy.
_HOLD = """
const sheet = new CSSStyleSheet();
sheet.replaceSync("*, *::before, *::after { transition: none !important; caret-color: transparent !important }");
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
const endless = [];
for (const one of document.getAnimations()) {
  if (one.playState !== "running") continue;
  if (one.effect?.getComputedTiming().endTime === Infinity) { endless.push(one); one.cancel(); } else one.finish();
}
document[Symbol.for("samepic")] = { sheet, endless };
"""

_RELEASE = """
const held = document[Symbol.for("samepic")];
if (!held) return;
document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== held.sheet);
for (const one of held.endless) one.play();
delete document[Symbol.for("samepic")];
"""

_SELENIUM_VIEW = "return [scrollX, scrollY, devicePixelRatio]"

_AREAS = """return arguments[0].map((one) => one.getBoundingClientRect())
.filter((box) => box.width && box.height).map((box) => [box.left, box.top, box.width, box.height])"""


class SeleniumSource:
    """A driver or an element of Selenium.

    Raises SourceError for `full_page` of an element, or of a browser that is not built on Chromium.
    """

    live = True

    def __init__(self, shown: WebDriver | WebElement, *, full_page: bool) -> None:
        if full_page and isinstance(shown, WebElement):
            raise SourceError("full_page: wanted a driver, got an element")
        if full_page and not hasattr(shown, "execute_cdp_cmd"):
            raise SourceError(
                "full_page: wanted a driver of Chrome, Chromium or Edge, got another: pass the bytes,"
                " driver.get_full_page_screenshot_as_png() in Firefox"
            )
        self._shown, self._full_page = shown, full_page
        self._driver: Any = shown.parent if isinstance(shown, WebElement) else shown

    def shoot(self) -> bytes:
        """Return the picture as PNG, with animations ended and the caret hidden."""
        with self._held():
            if self._full_page:
                return self._scrolled()
            if isinstance(self._shown, WebElement):
                return self._shown.screenshot_as_png
            return self._shown.get_screenshot_as_png()

    def found(self, ignore: Sequence[object]) -> list[Box]:
        """Return the boxes of elements and CSS selectors; what is not visible has none."""
        across, down, ratio = self._driver.execute_script(_SELENIUM_VIEW)
        origin = self._origin(across, down)
        areas = self._areas([element for one in ignore for element in self._elements(one)])
        return [box for area in areas if (box := placed(area, origin, ratio))]

    def pause(self, seconds: float) -> None:
        """Let the page go on."""
        time.sleep(seconds)

    @contextmanager
    def _held(self) -> Iterator[None]:
        self._driver.execute_script(_HOLD)
        try:
            yield
        finally:
            self._driver.execute_script(_RELEASE)

    def _scrolled(self) -> bytes:
        size = self._driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        options = {"format": "png", "captureBeyondViewport": True, "clip": clip}
        return base64.b64decode(self._driver.execute_cdp_cmd("Page.captureScreenshot", options)["data"])

    def _origin(self, across: float, down: float) -> tuple[float, float]:
        if self._full_page:
            return -across, -down
        areas = self._areas([self._shown]) if isinstance(self._shown, WebElement) else []
        return (math.floor(areas[0][0]), math.floor(areas[0][1])) if areas else (0, 0)

    def _areas(self, elements: list[WebElement]) -> list[Area]:
        return [(x, y, w, h) for x, y, w, h in self._driver.execute_script(_AREAS, elements)]

    def _elements(self, one: object) -> list[WebElement]:
        if isinstance(one, str):
            return list(self._driver.find_elements("css selector", one))
        if isinstance(one, WebElement):
            return [one]
        raise SourceError(
            "ignore: wanted boxes (left, top, width, height), CSS selectors or elements of the page,"
            f" got {type(one).__name__}"
        )
