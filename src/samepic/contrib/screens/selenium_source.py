"""Drivers and elements of Selenium: shot at rest, and where elements are on the picture."""

from __future__ import annotations

import base64
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement

from samepic.contrib.screens.sources import Area, placed
from samepic.errors import SourceError
from samepic.profiles.screen import Box

__all__ = ["SeleniumSource"]

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
_VIEW = "return [scrollX, scrollY, devicePixelRatio]"
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
        across, down, ratio = self._driver.execute_script(_VIEW)
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
