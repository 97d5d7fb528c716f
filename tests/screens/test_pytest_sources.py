"""Pages, elements and drivers as pictures: real Playwright and real Selenium, with a real Chromium."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Browser, Error, Page

import samepic
from samepic.picture import load
from samepic.screens.pytest.baselines import Names, Shot, read_baseline
from samepic.screens.pytest.capture import capture_at_rest, compare_with_baseline, source_of
from samepic.screens.pytest.fixture import FixtureSettings, SamePicture
from samepic.screens.pytest.report import Event
from tests.kits.browser import CHROMEDRIVER, CHROMIUM, LEAN, browser, path_of
from tests.kits.project import size_of

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PAGE = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #fafafa; height: 900px; font: 16px sans-serif }
.clock, .box, .far { position: absolute; width: 61px; height: 33px; background: #333; color: #fff }
.clock { left: 100.4px; top: 60.7px } .box { left: 300px; top: 60px } .far { left: 40px; top: 800px }
#card { position: absolute; left: 80.3px; top: 40.6px; width: 400px; height: 120px; outline: 1px solid #ccc }
#card .inner { position: absolute; left: 10px; top: 80px; width: 20px; height: 20px; background: #c33 }
input { position: absolute; left: 20px; top: 300px; animation: blink .4s infinite alternate }
@keyframes blink { to { opacity: .2 } }
h1 { position: absolute; left: 20px; top: 400px; animation: come .5s both } @keyframes come { from { opacity: 0 } }
iframe { position: absolute; left: 500px; top: 200px; width: 120px; height: 90px; border: 0 }
</style><div id="card"><i class="inner"></i></div><i class="clock"></i><i class="box">Buy</i><i class="far"></i>
<input value="text" autofocus><h1>Here</h1>
<iframe srcdoc="<style>i { display: block; width: 30px; height: 20px; background: #36c }</style><i class=inside></i>">
</iframe>"""
ADDRESS = f"data:text/html,{quote(PAGE)}"
# Without letters: where one was painted while its box moved, its edges may differ from those on a new page.
BARE = f"data:text/html,{quote(re.sub('>(Buy|Here)<', '><', PAGE).replace('value=', 'name='))}"
DOT = """([left, top]) => {
  const dot = document.createElement("b");
  dot.style.cssText = `position: absolute; width: 1px; height: 1px; background: #f0f; left: ${left}px; top: ${top}px`;
  document.body.append(dot);
}"""
PAINT = "one => document.querySelector(one).style.background = '#0a0'"

PLAIN = pytest.mark.parametrize("page", [1], indirect=True)
Making = Callable[..., SamePicture]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return the browser: for one file alone, since its driver keeps an event loop running in this thread."""
    with browser() as started:
        yield started


@pytest.fixture
def page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    """Return a page with something of everything, on a screen of two pixels per CSS pixel, of one where asked for."""
    scale: int = getattr(request, "param", 2)
    context = chromium.new_context(viewport={"width": 700, "height": 500}, device_scale_factor=scale)
    page = context.new_page()
    page.goto(ADDRESS)
    yield page
    context.close()


@pytest.fixture(scope="module")
def driver() -> Iterator[WebDriver]:
    """Return a Chromium that is driven by Selenium; skip where there is none, and fail it there in CI."""
    from selenium import webdriver

    chromium, driver = path_of(CHROMIUM), path_of(CHROMEDRIVER)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--window-size=700,700",
        "--no-first-run",
        *LEAN,
    ):
        options.add_argument(option)
    started = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield started
    started.quit()


@pytest.fixture
def making(tmp_path: Path) -> Making:
    """Return what makes the fixture of a test, with or without --samepic-update."""
    settings = FixtureSettings(
        "test_a.py::test_odd",
        tmp_path / "test_a.py",
        "__screens__",
        "none",
        tmp_path / "report",
        tmp_path,
        True,
        False,
    )

    def make(update: bool = False, events: list[Event] | None = None) -> SamePicture:
        return SamePicture(
            replace(settings, update=update), Names("test_odd", ""), None, [] if events is None else events
        )

    return make


def where(tmp_path: Path, name: str = "shot") -> Path:
    return tmp_path / "__screens__" / "test_a" / f"{name}.png"


def test_a_page_is_shot_with_its_animations_ended_and_without_a_caret(
    page: Page, making: Making, tmp_path: Path
) -> None:
    page.focus("input")
    making(update=True)(page, "shot")
    ratio = page.evaluate("devicePixelRatio")
    assert size_of(where(tmp_path)) == (700 * ratio, 500 * ratio)
    for _ in range(4):
        making()(page, "shot", timeout=0)
        page.wait_for_timeout(130)


@pytest.mark.parametrize("refusals", [1, 2])
def test_a_capture_that_the_browser_refuses_is_asked_for_once_more(
    page: Page, making: Making, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusals: int
) -> None:
    refused = Error("Page.captureScreenshot: Unable to capture screenshot")
    answers = [refused] * refusals + [page.screenshot()] * 9
    monkeypatch.setattr(page, "screenshot", Mock(side_effect=answers))
    with nullcontext() if refusals == 1 else pytest.raises(Error, match="Unable to capture"):
        making(update=True)(page, "shot")
    assert where(tmp_path).exists() is (refusals == 1)


def test_a_change_on_a_page_is_told_in_pixels_of_the_screen(page: Page, making: Making) -> None:
    making(update=True)(page, "shot")
    page.evaluate("document.querySelector('.box').style.top = '63px'")
    ratio = page.evaluate("devicePixelRatio")
    with pytest.raises(samepic.PictureChangedError, match=f"moved {3 * ratio} px down"):
        making()(page, "shot")


@pytest.mark.parametrize(
    ("page", "shape"),
    [(1, "page"), (2, "scrolled"), (1, "whole"), (2, "whole"), (2, "element"), (1, "handle")],
    indirect=["page"],
)
def test_elements_are_ignored_where_they_are_on_the_picture_and_nothing_beside_them(
    shape: str, page: Page, making: Making
) -> None:
    options: dict[str, Any] = {"full_page": True} if shape == "whole" else {}
    shown = {"element": page.locator("#card"), "handle": page.query_selector("#card")}.get(shape, page)
    if shape in ("scrolled", "whole"):
        page.evaluate("scrollTo(0, 37)")
    making(update=True)(shown, "shot", ignore=".clock", **options)
    page.evaluate(PAINT, ".clock")
    for ignore in (".clock", page.locator(".clock"), [page.query_selector(".clock"), (0, 0, 1, 1)]):
        making()(shown, "shot", ignore=ignore, timeout=0, **options)
    with pytest.raises(samepic.PictureChangedError):
        making()(shown, "shot", timeout=0, **options)
    page.evaluate(DOT, [100.4 - 2, 60.7 + 10])
    with pytest.raises(samepic.PictureChangedError):
        making()(shown, "shot", ignore=".clock", timeout=0, **options)


@PLAIN
def test_what_was_ignored_in_the_baseline_is_ignored_where_it_was_of_another_size(
    page: Page, making: Making
) -> None:
    making(update=True)(page, "shot", ignore=".clock")
    page.evaluate("document.querySelector('.clock').style.width = '20px'")
    making()(page, "shot", ignore=".clock")
    with pytest.raises(samepic.PictureChangedError):
        making()(page, "shot")


@PLAIN
def test_elements_in_frames_hidden_and_missing_ones_can_be_ignored(page: Page, making: Making) -> None:
    inside = page.frame_locator("iframe").locator(".inside")
    page.evaluate("document.querySelector('.far').hidden = true")
    ignore = [inside, page.locator(".none"), page.locator("[hidden]"), ".none"]
    making(update=True)(page, "shot", ignore=ignore)
    inside.evaluate("(one) => { one.style.background = '#fff' }")
    making()(page, "shot", ignore=ignore)
    with pytest.raises(samepic.PictureChangedError):
        making()(page, "shot")


def test_a_whole_page_is_more_than_its_window(page: Page, making: Making, tmp_path: Path) -> None:
    making(update=True)(page, "shot", full_page=True)
    ratio = page.evaluate("devicePixelRatio")
    assert size_of(where(tmp_path)) == (700 * ratio, 900 * ratio)
    with pytest.raises(samepic.SourceError, match="full_page: expected a page, found an element"):
        making()(page.locator("#card"), "shot", full_page=True)
    with pytest.raises(
        samepic.SourceError, match=r"ignore: expected boxes .* or locators of the page, found int"
    ):
        making()(page, "shot", ignore=[3, (1, 1, 1, 1)])


@PLAIN
def test_a_page_may_take_a_while_to_look_as_expected(page: Page, making: Making) -> None:
    making(update=True)(page, "shot")
    page.evaluate(PAINT, ".box")
    with pytest.raises(samepic.PictureChangedError):
        making()(page, "shot", timeout=0)
    page.evaluate(
        "const one = document.querySelector('.box').style;"
        " const id = setInterval(() => { one.width = `${1 + parseInt(one.width || 0)}px` }, 10);"
        " setTimeout(() => { clearInterval(id); one.background = one.width = '' }, 900)"
    )
    making()(page, "shot")


@PLAIN
def test_a_page_that_never_rests_is_no_baseline(page: Page, making: Making, tmp_path: Path) -> None:
    page.evaluate(
        "let n = 0; setInterval(() => { document.querySelector('.box').style.width = `${++n % 300}px` }, 5)"
    )
    with pytest.raises(
        samepic.NoBaselineError, match="no baseline was taken: the page did not come to rest"
    ) as error:
        making(update=True)(page, "shot", timeout=0.5)
    assert "no two consecutive shots were equal within 0.5 s" in str(error.value)
    assert not where(tmp_path).exists()


@PLAIN
def test_a_baseline_is_taken_of_a_page_at_rest(page: Page, making: Making, tmp_path: Path) -> None:
    page.goto(BARE)
    page.evaluate(
        "let n = 0; const id = setInterval(() => { document.querySelector('.box').style.width = `${30 + ++n}px`;"
        " if (n == 60) { clearInterval(id); document.querySelector('.box').style.width = '61px' } }, 10)"
    )
    making(update=True)(page, "shot")
    page.goto(BARE)
    making()(page, "shot", timeout=0)


ASYNC = """
import asyncio
import pytest, samepic
from playwright.async_api import Page, async_playwright

ADDRESS = %(address)r

def in_browser(call):
    async def run():
        async with async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=%(chromium)r, args=["--no-sandbox", *%(lean)r])
            page = await browser.new_page(device_scale_factor=2)
            await page.goto(ADDRESS)
            await call(page)
            await browser.close()
    asyncio.run(run())

def test_all(same_picture):
    async def call(page):
        await same_picture(page, "page", ignore=[".clock", page.locator(".far")], variants="viewport")
        await same_picture(page, "whole", full_page=True)
        await same_picture(page.locator("#card"), "card")
        await same_picture(await page.query_selector("#card"), "handle")
        await same_picture(await page.screenshot(animations="disabled"), "bytes")
        with pytest.raises(samepic.SourceError, match="found an awaitable: await its screenshot"):
            await same_picture(page.screenshot(), "bytes")
        with pytest.raises(samepic.SourceError, match="locators of the page, found int"):
            await same_picture(page, "other", ignore=3)
        with pytest.raises(samepic.MissingElementError, match='did not appear within 1 s$'):
            await same_picture(page.locator("#no"), "no", timeout=1)
        await page.evaluate(%(paint)r, ".clock")
        await same_picture(page, "page", ignore=".clock", variants="viewport", timeout=0)
    in_browser(call)

def test_not_awaited(same_picture):
    same_picture(Page.__new__(Page), "nobody waits")
"""


def test_objects_of_the_async_api_are_awaited(tmp_path: Path) -> None:
    names = {"address": ADDRESS, "chromium": path_of(CHROMIUM), "lean": LEAN, "paint": f"({PAINT})"}
    (tmp_path / "test_async.py").write_text(ASYNC % names)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-W",
        "ignore",
        "-p",
        "samepic",
        "-p",
        "no:cacheprovider",
    ]
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "PYTEST_ADDOPTS")}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    run = partial(
        subprocess.run, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    for options, passed in (
        (["--samepic-update"], "5 baselines written for the first time"),
        ([], "test_async.py:"),
    ):
        done = run([*command, *options])
        assert passed in done.stdout, done.stdout
        assert "1 failed, 1 passed" in done.stdout, done.stdout
        assert "expected await same_picture(...)" in done.stdout
    assert (tmp_path / "__screens__" / "test_async" / "page-1280x720@2x.png").exists()


@PLAIN
@pytest.mark.parametrize(
    ("selector", "sentence"),
    [
        ("#nope", r'^the element "#nope" did not appear within 1 s$'),
        (
            ".far",
            r'^the element "\.far" did not appear within 1 s \(it is there, but hidden or without a size\)$',
        ),
    ],
)
def test_an_element_that_does_not_appear_is_named_in_time(
    selector: str, sentence: str, page: Page, making: Making
) -> None:
    page.evaluate("document.querySelector('.far').style.height = 0")
    begin = time.monotonic()
    with pytest.raises(samepic.MissingElementError, match=sentence):
        making(update=True)(page.locator(selector), "shot", timeout=1)
    assert time.monotonic() - begin < 5


@PLAIN
def test_an_element_that_vanishes_after_it_appeared_is_not_waited_for_any_longer(page: Page) -> None:
    source = source_of(page.locator("#card"))
    source.appear(1)
    source.take()
    page.evaluate("document.querySelector('#card').remove()")
    begin, gone = time.monotonic(), r'^the element "#card" vanished, and did not come back within 1 s$'
    with pytest.raises(samepic.MissingElementError, match=gone):
        source.take()
    with pytest.raises(samepic.MissingElementError, match=gone):
        source.locate_ignored([".clock"])
    assert time.monotonic() - begin < 5


@PLAIN
def test_an_element_that_appears_in_time_is_taken_and_one_of_several_is_not(
    page: Page, making: Making
) -> None:
    page.evaluate("setTimeout(() => { document.querySelector('h1').id = 'late' }, 300)")
    making(update=True)(page.locator("#late"), "shot")
    with pytest.raises(
        samepic.SourceError, match=r'^expected one element: .*locator\("i"\) resolved to 4 elements'
    ):
        making()(page.locator("i"), "shot")
    with pytest.raises(samepic.SourceError, match=r'^ignore: .*selector "\[\["'):
        making()(page, "shot", ignore="[[")


@PLAIN
def test_what_cannot_be_ignored_is_said_before_the_browser_is_asked(page: Page, making: Making) -> None:
    page.close()
    for ignore, error in ((3, samepic.SourceError), ((1, 2, 3), samepic.ProfileError)):
        with pytest.raises(error, match=r"^ignore: expected boxes"):
            making()(page, "shot", ignore=[ignore])


@PLAIN
def test_a_page_that_is_not_as_expected_is_drawn_anew_before_it_fails(page: Page) -> None:
    """As where text that was drawn while it moved or faded stays a quarter of a pixel beside (bench/screens.py)."""
    page.evaluate("document.documentElement.style.willChange = 'contents'")
    seen: list[str] = []

    class Drawn(type(source_of(page))):  # type: ignore[misc]
        def take(self) -> object:
            fresh = "opacity" in seen
            seen.append(page.evaluate("document.documentElement.style.willChange"))
            return np.full((20, 20, 3), 250 if fresh else 200, np.uint8)

        def pause(self, seconds: float) -> None:
            seen.append(page.evaluate("document.documentElement.style.willChange"))

    expected = Shot(load(np.full((20, 20, 3), 250, np.uint8)))
    judge = partial(compare_with_baseline, expected, screen=samepic.Screen())
    result = capture_at_rest(Drawn(page, full_page=False), [], samepic.Screen(), judge, 5)
    assert result.verdict is not None
    assert result.verdict.same
    assert seen == ["contents", "contents", "contents", "opacity", "contents"]


def test_the_window_is_in_the_name_where_asked(page: Page, making: Making, tmp_path: Path) -> None:
    making(update=True)(page, "shot", variants=["viewport"], platform="kiosk")
    assert where(tmp_path, "shot-700x500@2x-kiosk").exists()
    with pytest.raises(samepic.BaselineError, match="variants: expected viewport or device, found 'size'"):
        making()(page, "shot", variants="size")
    with pytest.raises(samepic.BaselineError, match=r"variants: .viewport. needs a page or an element"):
        making()(page.screenshot(), "shot", variants="viewport")


@pytest.mark.parametrize("shape", ["driver", "whole", "element"])
def test_a_driver_and_an_element_of_selenium_are_shot_and_compared(
    shape: str, driver: WebDriver, making: Making, tmp_path: Path
) -> None:
    def shown() -> object:
        return driver.find_element("css selector", "#card") if shape == "element" else driver

    options: dict[str, Any] = {"full_page": True} if shape == "whole" else {}
    driver.get(ADDRESS)
    driver.execute_script("document.querySelector('input').focus(); scrollTo(0, 37)")
    making(update=True)(shown(), "shot", ignore=".clock", **options)
    width, height = size_of(where(tmp_path))
    assert {"whole": height == 900, "element": (width - 400 < 3, height - 120 < 3) == (True, True)}.get(
        shape, True
    )
    for _ in range(3):
        making()(
            shown(), "shot", ignore=[driver.find_element("css selector", ".clock")], timeout=0, **options
        )
    driver.execute_script(f"({PAINT})('.clock')")
    making()(shown(), "shot", ignore=".clock", **options)
    with pytest.raises(samepic.PictureChangedError):
        making()(shown(), "shot", timeout=0, **options)
    driver.execute_script("document.querySelector('.inner').style.top = '83px'")
    with pytest.raises(samepic.PictureChangedError, match=r"20x20 pixels at \(\d+, \d+\) moved 3 px down"):
        making()(shown(), "shot", ignore=".clock", **options)


def test_selenium_gives_the_page_back_as_it_was(driver: WebDriver, making: Making, tmp_path: Path) -> None:
    driver.get(ADDRESS)
    making(update=True)(driver, "shot")
    sheets, running, left = driver.execute_script(
        "return [document.adoptedStyleSheets.length, document.getAnimations().map((one) => one.playState),"
        " document[Symbol.for('samepic')]]"
    )
    assert (sheets, left) == (0, None)
    assert "running" in running
    baseline = read_baseline(where(tmp_path))
    assert baseline is not None
    assert baseline.picture.rgb[400:440, 20:100].min() < 100  # the heading had come in


def test_what_selenium_cannot_do_is_said(driver: WebDriver, making: Making) -> None:
    driver.get(ADDRESS)
    with pytest.raises(samepic.SourceError, match="full_page: expected a driver, found an element"):
        making()(driver.find_element("css selector", "#card"), full_page=True)
    with pytest.raises(samepic.SourceError, match="or elements of the page, found int"):
        making()(driver, ignore=[3])
    with pytest.raises(samepic.SourceError, match="found SwitchTo"):
        making()(driver.switch_to)
