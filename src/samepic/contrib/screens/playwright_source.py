"""Pages and elements of Playwright: shot at rest, and where elements are on the picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from playwright.sync_api import ElementHandle, Locator, Page

from samepic.contrib.screens.sources import Area, placed
from samepic.errors import SourceError
from samepic.profiles.screen import Box

__all__ = ["PlaywrightSource"]

_VIEW = "() => [scrollX, scrollY, devicePixelRatio]"


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
        across, down, ratio = self._page.evaluate(_VIEW)
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
