"""What is shot: a picture in any form, or a page, element or driver of Playwright or Selenium."""

from __future__ import annotations

import base64
import binascii
import inspect
import math
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from PIL import Image

from samepic.errors import SourceError
from samepic.profiles.screen import Box

__all__ = ["Area", "Source", "placed", "source_of"]

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


class _Still:
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
        return _Still(_decoded(actual))
    known = (str, os.PathLike, bytes, bytearray, memoryview, Image.Image, np.ndarray)
    if isinstance(actual, known) or callable(getattr(actual, "read", None)):
        return _Still(actual)
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
        from samepic.contrib.screens.playwright_source import PlaywrightSource

        shown: Any = actual
        return PlaywrightSource(shown, full_page=full_page)
    if "selenium" in {kind.__module__.split(".")[0] for kind in type(actual).__mro__}:
        from selenium.webdriver.remote.webdriver import WebDriver
        from selenium.webdriver.remote.webelement import WebElement

        from samepic.contrib.screens.selenium_source import SeleniumSource

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
