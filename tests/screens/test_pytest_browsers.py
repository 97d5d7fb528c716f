"""The fixture in Firefox and WebKit, where they are installed: by Playwright's own builds, or by Selenium."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import sync_playwright

import samepic
from samepic.screens.pytest.baselines import Names
from samepic.screens.pytest.fixture import FixtureSettings, SamePicture

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    # Selenium's own way of starting WebKit is what it warns of.
    pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning"),
]

PAGE = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #fafafa; font: 16px sans-serif }
.clock, .box { position: absolute; width: 61px; height: 33px; background: #333; color: #fff; top: 60.7px }
.clock { left: 100.4px } .box { left: 300px } p { position: absolute; left: 20px; top: 300px; animation: come .5s both }
@keyframes come { from { opacity: 0; transform: translateX(13.3px) } }
</style><i class="clock">12:00</i><b class="box">Buy</b><p>The quick brown fox jumps over the lazy dog, 1,250.75</p>"""
ADDRESS = f"data:text/html,{quote(PAGE)}"
MINI_BROWSERS = "/usr/lib/*/webkit2gtk-4.1/MiniBrowser"


def needed(*programs: str) -> list[str]:
    """Return the paths of programs; skip where one is missing, and name it."""
    paths = [shutil.which(name) for name in programs]
    if missing := [name for name, path in zip(programs, paths, strict=True) if path is None]:
        pytest.skip(f"wanted {' and '.join(missing)} on the PATH, found none")
    return [path for path in paths if path]


@dataclass(frozen=True)
class Opened:
    """A browser with the page: what `same_picture` gets, an element of it, and how a script is run."""

    shown: object
    element: object
    run: Callable[[str], object]


def screen(program: str) -> Generator[str, None, None]:
    """Start a virtual screen; yield its name, and end it when the generator is closed."""
    read, write = os.pipe()
    command = [program, "-displayfd", str(write), "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    try:
        yield f":{os.read(read, 9).decode().strip()}"
    finally:
        server.terminate()
        server.wait()
        os.close(read)
        os.close(write)


def by_playwright(name: str) -> Iterator[Opened]:
    with sync_playwright() as driver:
        kind = getattr(driver, name)
        if not Path(kind.executable_path).exists():
            pytest.skip(f"wanted what `playwright install {name}` brings, found none")
        browser = kind.launch()
        page = browser.new_page(viewport={"width": 700, "height": 500})
        page.goto(ADDRESS)
        yield Opened(page, page.locator(".box"), page.evaluate)
        browser.close()


def by_selenium(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    from selenium import webdriver

    monkeypatch.setenv("SE_OFFLINE", "true")
    driver: Any
    display: Generator[str, None, None] | None = None
    if name == "firefox":
        firefox = needed("geckodriver", "firefox-esr" if shutil.which("firefox-esr") else "firefox")
        options = webdriver.FirefoxOptions()
        options.add_argument("-headless")
        options.binary_location = firefox[1]
        driver = webdriver.Firefox(options, webdriver.FirefoxService(firefox[0]))
    else:
        webkit = needed("WebKitWebDriver", "Xvfb")
        mini = next(Path("/").glob(MINI_BROWSERS[1:]), None)
        if mini is None:
            pytest.skip(f"wanted {MINI_BROWSERS}, found none")
        monkeypatch.setenv("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1")  # containers have none
        settings = webdriver.WebKitGTKOptions()
        settings.binary_location = str(mini)
        settings.add_argument("--automation")
        display = screen(webkit[1])
        monkeypatch.setenv("DISPLAY", next(display))
        monkeypatch.setenv("GDK_BACKEND", "x11")
        driver = webdriver.WebKitGTK(settings, webdriver.WebKitGTKService(webkit[0]))
    try:
        driver.get(ADDRESS)
        yield Opened(driver, driver.find_element("css selector", ".box"), driver.execute_script)
    finally:
        driver.quit()
        if display is not None:
            display.close()


@pytest.fixture(params=["playwright-firefox", "playwright-webkit", "selenium-firefox", "selenium-webkit"])
def opened(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    tool, name = request.param.split("-")
    yield from by_playwright(name) if tool == "playwright" else by_selenium(name, monkeypatch)


def test_a_page_passes_twice_and_a_change_is_seen(opened: Opened, tmp_path: Path) -> None:
    def made(update: bool = False) -> SamePicture:
        folder, output = "__screens__", tmp_path / "report"
        settings = FixtureSettings(
            "test_a.py::test_page", tmp_path / "test_a.py", folder, "none", output, tmp_path, update, False
        )
        return SamePicture(settings, Names("test_page", ""), None, [])

    made(update=True)(opened.shown, "page", ignore=".clock")
    made(update=True)(opened.element, "box")
    for _ in range(3):
        opened.run("location.reload()")
        made()(opened.shown, "page", ignore=".clock")
    opened.run("document.querySelector('p').animate([{ opacity: 0, translate: '9.7px' }, {}], 700)")
    opened.run("document.querySelector('.clock').style.background = '#0a0'")
    made()(opened.shown, "page", ignore=".clock")
    with pytest.raises(samepic.PictureChangedError, match=r"61x33 pixels at \(100|color of"):
        made()(opened.shown, "page", timeout=0)
    opened.run("document.querySelector('.box').style.top = '63.7px'")
    with pytest.raises(samepic.PictureChangedError, match="moved 3 px down"):
        made()(opened.shown, "page", ignore=".clock", timeout=0)
