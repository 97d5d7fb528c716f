"""Capture a page or element of Playwright or Selenium when it is at rest, or take a picture in any form."""

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
    "CapturedShot",
    "Judge",
    "Shot",
    "Source",
    "box_in_pixels",
    "capture_at_rest",
    "compare_with_baseline",
    "source_of",
]

_SOURCES = (
    "a path, bytes, a binary file object, a PIL image, an ndarray, or a page, element or driver of Playwright or"
    " Selenium"
)

_PNG_IN_BASE64 = "iVBORw0KGgo"

_AWAIT = "await its screenshot and pass the bytes: same_picture(await page.screenshot(), ...)"

_Area = tuple[float, float, float, float]
"""Left, top, width and height in CSS pixels."""


class Source(Protocol):
    """Something to capture. A `live` source may change over time."""

    live: bool

    def take(self) -> object:
        """Return a picture in any form that samepic reads."""

    def locate_ignored(self, ignore: Sequence[object]) -> list[Box]:
        """Return the boxes of what `ignore` names, in pixels of the last picture. Raises SourceError."""

    def pause(self, seconds: float) -> None:
        """Wait while the page continues."""


class _StillSource:
    """A picture that exists already."""

    live = False

    def __init__(self, picture: object) -> None:
        self._picture = picture

    def take(self) -> object:
        return self._picture

    def locate_ignored(self, ignore: Sequence[object]) -> list[Box]:
        raise SourceError(
            "ignore: selectors and elements need a page: pass the page or element instead of a picture, or a box (left,"
            f" top, width, height); found {ignore[0]!r}"
        )

    def pause(self, seconds: float) -> None:
        """Do nothing: the picture does not change."""


def source_of(actual: object, *, full_page: bool = False) -> Source:
    """Return the source for `actual`. Raises SourceError for an unsupported object."""
    browser = _browser_source(actual, full_page)
    if browser is not None:
        return browser
    if full_page:
        raise SourceError(
            f"full_page: expected a page of Playwright or a driver of Selenium, found {_type_name(actual)}"
        )
    if isinstance(actual, str) and actual.startswith(_PNG_IN_BASE64):
        return _StillSource(_decoded(actual))
    known = (str, os.PathLike, bytes, bytearray, memoryview, Image.Image, np.ndarray)
    if isinstance(actual, known) or callable(getattr(actual, "read", None)):
        return _StillSource(actual)
    raise SourceError(f"expected {_SOURCES}, found {_type_name(actual)}")


def box_in_pixels(area: _Area, origin: tuple[float, float], ratio: float) -> Box | None:
    """Return an area of a page as a box of pixels in a picture whose top left corner is at `origin`.

    The box includes all pixels that the area touches. None for an empty area.
    """
    left, top = (max(0, math.floor((area[at] - origin[at]) * ratio)) for at in (0, 1))
    right, bottom = (math.ceil((area[at] + area[at + 2] - origin[at]) * ratio) for at in (0, 1))
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None


def _browser_source(actual: object, full_page: bool) -> Source | None:
    """Return the source for an object of a browser tool. Such an object exists only if its tool is imported."""
    if inspect.isawaitable(actual):
        raise SourceError(f"expected {_SOURCES}, found an awaitable: {_AWAIT}")
    if (asynchronous := sys.modules.get("playwright.async_api")) and isinstance(
        actual, _page_types(asynchronous)
    ):
        raise SourceError(
            f"expected {_SOURCES}, found a {_type_name(actual)} of Playwright's async API: {_AWAIT}"
        )
    if (playwright := sys.modules.get("playwright.sync_api")) and isinstance(actual, _page_types(playwright)):
        target: Any = actual
        return _PlaywrightSource(target, full_page=full_page)
    if "selenium" in {kind.__module__.split(".")[0] for kind in type(actual).__mro__}:
        from selenium.webdriver.remote.webdriver import WebDriver
        from selenium.webdriver.remote.webelement import WebElement

        if isinstance(actual, (WebDriver, WebElement)):
            return _SeleniumSource(actual, full_page=full_page)
    return None


def _page_types(playwright: ModuleType) -> tuple[type, ...]:
    return playwright.Page, playwright.Locator, playwright.ElementHandle


def _type_name(actual: object) -> str:
    return type(actual).__name__


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise SourceError(f"expected a PNG in base64, found a text that begins like one: {error}") from error


_PLAYWRIGHT_VIEW = "() => [scrollX, scrollY, devicePixelRatio]"


class _PlaywrightSource:
    """A page, locator or element handle of Playwright's sync API. Raises SourceError for a `full_page` element."""

    live = True

    def __init__(self, target: Page | Locator | ElementHandle, *, full_page: bool) -> None:
        if full_page and not isinstance(target, Page):
            raise SourceError(
                "full_page: expected a page, found an element, which is always captured as a whole"
            )
        self._target, self._full_page = target, full_page
        self._page = _page_of(target)

    def take(self) -> bytes:
        """Return the picture as PNG, with animations ended and the caret hidden."""
        if isinstance(self._target, Page):
            return self._target.screenshot(animations="disabled", caret="hide", full_page=self._full_page)
        return self._target.screenshot(animations="disabled", caret="hide")

    def locate_ignored(self, ignore: Sequence[object]) -> list[Box]:
        """Return the boxes of locators, handles and CSS selectors; what is not visible has none."""
        scroll_x, scroll_y, ratio = self._page.evaluate(_PLAYWRIGHT_VIEW)
        origin = self._origin(scroll_x, scroll_y)
        areas = [area for one in ignore for area in self._areas(one)]
        return [box for area in areas if (box := box_in_pixels(area, origin, ratio))]

    def pause(self, seconds: float) -> None:
        """Wait while the page continues; routes of the test are served meanwhile."""
        self._page.wait_for_timeout(1000 * seconds)

    def _origin(self, scroll_x: float, scroll_y: float) -> tuple[float, float]:
        """Return the top left corner of the picture in window coordinates."""
        if self._full_page:
            return -scroll_x, -scroll_y
        area = None if isinstance(self._target, Page) else self._target.bounding_box()
        if area is None:
            return 0, 0
        # Playwright captures from the whole pixel of the document in which the element begins.
        return math.floor(area["x"] + scroll_x) - scroll_x, math.floor(area["y"] + scroll_y) - scroll_y

    def _areas(self, target: object) -> Iterator[_Area]:
        handles: Sequence[Locator | ElementHandle]
        if isinstance(target, ElementHandle):
            handles = [target]
        elif isinstance(target, (str, Locator)):
            handles = (self._page.locator(target) if isinstance(target, str) else target).all()
        else:
            raise SourceError(
                "ignore: expected boxes (left, top, width, height), CSS selectors or locators of the page,"
                f" found {type(target).__name__}"
            )
        for handle in handles:
            if (area := handle.bounding_box()) is not None:
                yield area["x"], area["y"], area["width"], area["height"]


def _page_of(target: Page | Locator | ElementHandle) -> Page:
    if isinstance(target, Page):
        return target
    if isinstance(target, Locator):
        return target.page
    frame = target.owner_frame()
    if frame is None:
        raise SourceError("expected an element on a page, found a detached one")
    return frame.page


@dataclass(frozen=True, slots=True)
class Shot:
    """A captured picture; `boxes` and the boxes of `ignored` elements are not compared."""

    picture: Picture
    boxes: tuple[Box, ...]
    ignored: tuple[Box, ...]


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
    """Return the first shot that equals the baseline, else the first one that equals the shot before it.

    Raises SourceError for an animation, UnreadableError for a picture that cannot be decoded.
    """
    deadline, number = time.monotonic() + seconds, 0
    shot = _take_shot(source, ignore)
    while True:
        verdict = judge(shot)
        if not source.live or (verdict is not None and verdict.same):
            return CapturedShot(shot, verdict)
        before = shot
        source.pause(PYTEST.pauses[min(number, len(PYTEST.pauses) - 1)])
        shot, number = _take_shot(source, ignore), number + 1
        if _look_equal(before, shot, screen):
            return CapturedShot(shot, judge(shot))
        if time.monotonic() > deadline:
            return CapturedShot(shot, judge(shot), at_rest=False)


def compare_with_baseline(expected: Picture, shot: Shot, screen: Screen, ignored: Sequence[Box]) -> Verdict:
    """Compare a shot with its baseline, except for what it ignores.

    `ignored` are the boxes of elements that were ignored in the baseline, where an element such as a clock may have had
    another size. They count as long as the number of ignored elements stays the same.
    """
    before = ignored if len(ignored) == len(shot.ignored) else ()
    boxes = (*screen.ignore, *shot.boxes, *shot.ignored, *before)
    # The sentence uses the name of a picture, and a shot has none.
    actual = replace(shot.picture, info=replace(shot.picture.info, name="the picture"))
    return compare_screenshots(expected, actual, screen=replace(screen, ignore=boxes))


def _look_equal(before: Shot, after: Shot, screen: Screen) -> bool:
    if before.picture.data is not None and before.picture.data == after.picture.data:
        return True
    # A mask has the size of the baseline, which these shots may not have.
    return (
        compare_with_baseline(before.picture, after, replace(screen, mask=None), before.ignored).same is True
    )


def _take_shot(source: Source, ignore: Sequence[object]) -> Shot:
    picture = load(source.take())
    name, frames = picture.info.name, picture.info.frames
    if frames > 1:
        raise SourceError(
            f"{name}: expected a still picture, found an animation of {frames} frames: pass one of them"
        )
    boxes: list[Any] = [tuple(area) for area in ignore if isinstance(area, (tuple, list))]
    others = [area for area in ignore if not isinstance(area, (tuple, list))]
    return Shot(picture, tuple(boxes), tuple(source.locate_ignored(others)) if others else ())


# WebDriver neither ends animations nor hides the caret. Adopted style sheets are not subject to the page's policy.
_FREEZE = """
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


class _SeleniumSource:
    """A driver or an element of Selenium.

    Raises SourceError for `full_page` with an element, or a browser that is not based on Chromium.
    """

    live = True

    def __init__(self, target: WebDriver | WebElement, *, full_page: bool) -> None:
        if full_page and isinstance(target, WebElement):
            raise SourceError("full_page: expected a driver, found an element")
        if full_page and not hasattr(target, "execute_cdp_cmd"):
            raise SourceError(
                "full_page: expected a driver of Chrome, Chromium or Edge; in other browsers pass the bytes,"
                " driver.get_full_page_screenshot_as_png() in Firefox"
            )
        self._target, self._full_page = target, full_page
        self._driver: Any = target.parent if isinstance(target, WebElement) else target

    def take(self) -> bytes:
        """Return the picture as PNG, with animations ended and the caret hidden."""
        with self._frozen():
            if self._full_page:
                return self._full_page_png()
            if isinstance(self._target, WebElement):
                return self._target.screenshot_as_png
            return self._target.get_screenshot_as_png()

    def locate_ignored(self, ignore: Sequence[object]) -> list[Box]:
        """Return the boxes of elements and CSS selectors; what is not visible has none."""
        scroll_x, scroll_y, ratio = self._driver.execute_script(_SELENIUM_VIEW)
        origin = self._origin(scroll_x, scroll_y)
        areas = self._areas([element for one in ignore for element in self._elements(one)])
        return [box for area in areas if (box := box_in_pixels(area, origin, ratio))]

    def pause(self, seconds: float) -> None:
        """Wait while the page continues."""
        time.sleep(seconds)

    @contextmanager
    def _frozen(self) -> Iterator[None]:
        self._driver.execute_script(_FREEZE)
        try:
            yield
        finally:
            self._driver.execute_script(_RELEASE)

    def _full_page_png(self) -> bytes:
        size = self._driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        options = {"format": "png", "captureBeyondViewport": True, "clip": clip}
        return base64.b64decode(self._driver.execute_cdp_cmd("Page.captureScreenshot", options)["data"])

    def _origin(self, scroll_x: float, scroll_y: float) -> tuple[float, float]:
        if self._full_page:
            return -scroll_x, -scroll_y
        areas = self._areas([self._target]) if isinstance(self._target, WebElement) else []
        return (math.floor(areas[0][0]), math.floor(areas[0][1])) if areas else (0, 0)

    def _areas(self, elements: list[WebElement]) -> list[_Area]:
        return [(x, y, w, h) for x, y, w, h in self._driver.execute_script(_AREAS, elements)]

    def _elements(self, target: object) -> list[WebElement]:
        if isinstance(target, str):
            return list(self._driver.find_elements("css selector", target))
        if isinstance(target, WebElement):
            return [target]
        raise SourceError(
            "ignore: expected boxes (left, top, width, height), CSS selectors or elements of the page,"
            f" found {type(target).__name__}"
        )
