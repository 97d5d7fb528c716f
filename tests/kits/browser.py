"""A real browser for tests: the Chromium of this machine, driven by Playwright, whose every page is watched."""

from __future__ import annotations

import base64
import io
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

__all__ = [
    "CHROMEDRIVER",
    "CHROMIUM",
    "LEAN",
    "PHONE",
    "WIDE",
    "Watched",
    "browser",
    "dropped",
    "faults",
    "path_of",
    "shot",
]

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
CHROMEDRIVER = ("chromedriver",)
# A window of Chromium loads two pages of its own for the suggestions below the address, and holds a process ready for
# the next page: a third of its time, for what no test looks at. The last list that is given counts, so that this one
# begins with what Playwright switches off.
_LEFT_OUT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
    *("SpareRendererForSitePerProcess", "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"),
)
# Drawing in the process of the browser is one process less to start.
LEAN = (f"--disable-features={','.join(_LEFT_OUT)}", "--in-process-gpu")
_OPTIONS = (
    *LEAN,
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE, WIDE = (390, 844), (1280, 860)
_SHOTS = Path(__file__).parent.parent.parent / "docs" / "review"
_WAIT = 30_000.0

expect.set_options(timeout=_WAIT)  # five seconds are too few for a busy machine


def path_of(names: Sequence[str]) -> str:
    """Return the path of a program of one of these names; skip the test where there is none, and fail it in CI."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        missing = f"the pages are tested in a browser: wanted {' or '.join(names)} on the PATH, got none"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    """Start the browser; skip the test where there is none, and fail it there in CI."""
    found = path_of(CHROMIUM)
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=found, args=list(_OPTIONS))
        try:
            yield started
        finally:
            started.close()


class Watched:
    """A browser of one person, at `size`; asserts at its end that nothing was said on the console, and that nothing
    but `origin` was asked. A browser writes refused requests on the console: those with the status `refused` are meant.
    """

    def __init__(
        self,
        browser: Browser,
        origin: str,
        size: tuple[int, int] = WIDE,
        *,
        scheme: Literal["light", "dark"] = "light",
        motion: Literal["no-preference", "reduce"] = "no-preference",
        refused: int = 0,
    ) -> None:
        self.origin, self.wrong = origin, list[str]()
        self._refused = f"status of {refused} "
        self.context: BrowserContext = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion=motion
        )
        self.context.set_default_timeout(_WAIT)
        self.context.on("console", self._said)
        self.context.on("weberror", lambda error: self.wrong.append(f"error: {error.error}"))
        self.context.on("request", self._asked)
        self.page: Page = self.context.new_page()

    def __enter__(self) -> Page:
        return self.page

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.context.close()
        if error is None:
            assert not self.wrong, self.wrong

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and self._refused not in message.text:
            self.wrong.append(f"console: {message.text} ({message.location})")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.wrong.append(f"asked another host: {request.url}")


def faults(page: Page) -> list[str]:
    """Return the serious faults of accessibility that axe-core finds on a page as it is now."""
    found: dict[str, Any] = Axe().run(page).response
    return [
        f"{one['id']}: {one['help']}: {node['html']:.160}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def dropped(page: Page, files: Sequence[Path], target: str) -> None:
    """Drop files on an element, as a person who drags them from a folder does."""
    data = page.evaluate_handle("() => new DataTransfer()")
    for path in files:
        page.evaluate(
            """([data, name, text]) =>
            data.items.add(new File([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], name))""",
            [data, path.name, base64.b64encode(path.read_bytes()).decode()],
        )
    page.dispatch_event(target, "dragover", {"dataTransfer": data})
    page.dispatch_event(target, "drop", {"dataTransfer": data})


def shot(page: Page, name: str, *, whole: bool = False) -> None:
    """Write docs/review/NAME.png where SAMEPIC_SCREENSHOTS is set."""
    if os.environ.get("SAMEPIC_SCREENSHOTS") == "1":
        _SHOTS.mkdir(exist_ok=True)
        page.evaluate("scrollTo(0, 0)")
        taken = Image.open(io.BytesIO(page.screenshot(full_page=whole, animations="disabled")))
        taken.convert("RGB").quantize(200).save(_SHOTS / f"{name}.png", optimize=True)
