"""The plugin in a project of ten tests (examples/screens) in a real Chromium, and its report in another one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.contrib.uploads import ROOT
from tests.kits.browser import LEAN, PHONE, WIDE, Watched, browser, faults

pytestmark = [pytest.mark.slow, pytest.mark.browser]

LEFT_OUT = (
    "-p",
    "no:cacheprovider",
    "-p",
    "no:anyio",
    "-p",
    "no:hypothesispytest",
)  # what only takes time to load
WITH_BUTTON = {"all", "before", "dark", "desk", "phone", "test_the_form"}
# Of the six tests that fail where the button moved four, and the other two with one that does not show it.
SHOWN = "desk or phone or dark or all"
FEW = "form or order or table"
CHANGE = 700  # ms, a little more than a picture is shown before the other takes its turn


def run(folder: Path, *options: str) -> str:
    """Run the tests of a project away from any CI; return what was printed."""
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "PYTEST_ADDOPTS")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *LEFT_OUT, "-W", "ignore", *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return done.stdout + done.stderr


def move_button(folder: Path, before: str, after: str) -> None:
    style = folder / "shop.css"
    text = style.read_text()
    assert text.count(f"top: {before};") == 1
    style.write_text(text.replace(f"top: {before};", f"top: {after};"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return the browser: for one file alone, since its driver keeps an event loop running in this thread."""
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def shop(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the example, whose baselines are taken."""
    folder = tmp_path_factory.mktemp("shop") / "screens"
    left = shutil.ignore_patterns("__screens__", "samepic-report", "__pycache__", ".pytest_cache")
    shutil.copytree(ROOT / "examples" / "screens", folder, ignore=left)
    conftest = (folder / "conftest.py").read_text()
    assert conftest.count('"--no-first-run"') == 1
    (folder / "conftest.py").write_text(conftest.replace('"--no-first-run"', f'"--no-first-run", *{LEAN}'))
    taken = run(folder, "-n", "2", "--samepic-update")
    assert "10 passed" in taken, taken
    assert "samepic: 11 baselines written for the first time" in taken
    assert not (folder / "samepic-report").exists()
    return folder


@pytest.fixture(scope="module")
def changed(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return another copy, in which the button is 3 pixels lower, and what its run printed."""
    folder = tmp_path_factory.mktemp("changed") / "screens"
    shutil.copytree(shop, folder)
    move_button(folder, "0", "3px")
    return folder, run(folder)


@pytest.fixture
def report(changed: tuple[Path, str]) -> str:
    """Return the address of its report."""
    return (changed[0] / "samepic-report" / "index.html").as_uri()


def test_tests_of_a_shop_pass_in_one_process_on_what_two_have_taken(shop: Path) -> None:
    """Of those that fail below; there the four that do not show the button are seen to pass too."""
    result = run(shop, "-k", SHOWN)
    assert "4 passed, 6 deselected" in result, result
    assert "samepic:" not in result
    assert len(list((shop / "__screens__" / "test_shop").iterdir())) == 11


def test_a_button_that_moved_fails_the_tests_that_show_it_and_says_so(changed: tuple[Path, str]) -> None:
    folder, result = changed
    assert "6 failed, 4 passed" in result, result
    said = re.findall(
        r"^E +samepic\.PictureChangedError: (\w+)-chromium: (.*) pixels at \(\d+, \d+\) moved 3 px down$",
        result,
        re.M,
    )
    assert {name for name, _ in said} == WITH_BUTTON
    (size,) = {size for _, size in said}  # all show one button
    assert re.fullmatch(r"something of \d+x\d+", size)
    assert result.count("samepic: 6 pictures differ; report: samepic-report/index.html\n") == 1
    assert len(list(folder.glob("samepic-report/*/*-difference.png"))) == 6


def test_an_update_takes_the_button_where_it_is_now(changed: tuple[Path, str], tmp_path: Path) -> None:
    folder = tmp_path / "screens"
    shutil.copytree(changed[0], folder)
    result = run(folder, "-k", FEW, "--samepic-update")
    assert "3 passed" in result, result
    # The order shows the button twice: it is compared before and after.
    assert "samepic: 3 baselines written again\n" in result
    result = run(folder, "-k", FEW)
    assert "3 passed" in result, result
    assert "samepic:" not in result


def opened(page: Page, report: str, name: str = "desk-chromium") -> None:
    page.goto(report)
    page.locator(
        "article", has=page.get_by_role("heading", name=name, exact=True)
    ).scroll_into_view_if_needed()


def test_the_report_shows_every_change_and_asks_for_nothing(chromium: Browser, report: str) -> None:
    with Watched(chromium, report.split("/", 3)[0] + "//") as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(report)
        assert page.get_by_role("heading", level=1).inner_text() == "6 pictures differ"
        names = [name.removesuffix("-chromium") for name in page.locator("article h2").all_inner_texts()]
        assert set(names) == WITH_BUTTON
        for image in page.locator("article img").all():
            assert image.evaluate("(one) => one.naturalWidth") > 100
        page.get_by_role("link", name="dark-chromium").click()
        assert page.locator("article", has_text="dark-chromium").first.evaluate(
            "(one) => one.matches(':target')"
        )
        assert [url for url in asked if not url.startswith("data:") and url.split("#")[0] != report] == []
        assert page.locator("article").first.locator("svg.frames .edge").count() == 2


def test_blink_shows_the_two_in_turn_and_stops_when_told(chromium: Browser, report: str) -> None:
    with Watched(chromium, "file://") as page:
        page.clock.install()
        opened(page, report)
        article = page.locator("article").nth(3)
        stage, over = article.locator(".stage"), article.locator(".pane > .over").first
        page.clock.pause_at(page.evaluate("Date.now()") + 1000)
        article.get_by_role("button", name="Blink", exact=True).click()
        seen = []
        for _ in range(4):
            badge = article.locator(".badge").inner_text()
            seen.append((stage.get_attribute("data-shows"), over.is_visible(), badge))
            page.clock.run_for(CHANGE)
        assert seen == [("a", False, "Expected"), ("b", True, "Actual")] * 2
        article.get_by_role("button", name="Pause").click()
        before = stage.get_attribute("data-shows")
        for _ in range(2):
            page.clock.run_for(CHANGE)
            assert stage.get_attribute("data-shows") == before
        article.get_by_role("button", name="Flip once").click()
        assert stage.get_attribute("data-shows") != before


def test_a_click_brings_the_change_into_the_middle(chromium: Browser, report: str) -> None:
    with Watched(chromium, "file://") as page:
        opened(page, report)
        article = page.locator("article").nth(3)
        article.get_by_role("button", name="To the change").click()
        assert int(article.locator("output.scale").inner_text().removesuffix(" %")) > 300
        middle = "({ x, y, width, height }) => [x + width / 2, y + height / 2]"
        middle = f"(one) => ({middle})(one.getBoundingClientRect())"
        pane = article.locator(".pane").first.evaluate(middle)
        assert article.locator(".frames .edge").first.evaluate(middle) == pytest.approx(pane, abs=2)
        article.get_by_role("button", name="Fit").click()
        assert article.locator("output.scale").inner_text() == "100 %"


def test_swipe_is_moved_by_keys_and_by_the_pointer(chromium: Browser, report: str) -> None:
    with Watched(chromium, "file://") as page:
        opened(page, report)
        article = page.locator("article").nth(3)
        article.locator(".stage").focus()
        page.keyboard.press("2")
        slider, over = article.get_by_role("slider", name="Swipe"), article.locator(".pane > .over").first
        slider.focus()
        page.keyboard.press("Home")
        assert over.evaluate("(one) => one.style.clipPath") == "inset(0px 0px 0px 0%)"
        page.keyboard.press("End")
        assert over.evaluate("(one) => one.style.clipPath") == "inset(0px 0px 0px 100%)"
        line, box = article.locator(".line"), article.locator(".pane").bounding_box()
        grip = line.bounding_box()
        assert box is not None
        assert grip is not None
        page.mouse.move(grip["x"] + 10, grip["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 4, grip["y"] + 40)
        page.mouse.up()
        assert abs(float(slider.input_value()) - 25) < 2


def test_who_wants_less_motion_sees_no_blinking_until_asked(chromium: Browser, report: str) -> None:
    with Watched(chromium, "file://", motion="reduce") as page:
        page.clock.install()
        opened(page, report)
        article = page.locator("article").first
        article.get_by_role("button", name="Blink", exact=True).click()
        for _ in range(2):
            page.clock.run_for(CHANGE)
            assert article.locator(".stage").get_attribute("data-shows") == "a"
        article.get_by_role("button", name="Play").click()
        article.locator('.stage[data-shows="b"]').wait_for()


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (WIDE, "dark"), (PHONE, "light")])
def test_the_report_is_sound_light_dark_and_on_a_phone(
    chromium: Browser, report: str, size: tuple[int, int], scheme: str
) -> None:
    with Watched(chromium, "file://", size, scheme="dark" if scheme == "dark" else "light") as page:
        opened(page, report)
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for mode in ("Swipe", "Onion skin", "Difference") if (size, scheme) == (WIDE, "light") else ():
            page.locator("article").first.get_by_role("button", name=mode).click()
            assert faults(page) == []


def test_the_report_can_be_read_without_scripts(chromium: Browser, report: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report)
    assert page.locator("article figure img").count() == 3 * len(WITH_BUTTON)
    assert page.locator("figcaption", has_text="Expected").first.is_visible()
    context.close()
