"""The compare page, in a real browser."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.kits.browser import PHONE, Watched, dropped, faults, shot
from tests.kits.service import Running

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, photos: dict[str, Path]) -> tuple[Path, Path]:
    """Return a photograph, and a copy that was cropped, captioned and saved again."""
    folder = tmp_path_factory.mktemp("pair")
    image = Image.open(photos["coffee"]).convert("RGB")
    image.paste((250, 250, 245), (330, 60, 450, 105))
    image.crop((40, 20, 580, 380)).save(folder / "copy.jpg", quality=80)
    (folder / "coffee.png").write_bytes(photos["coffee"].read_bytes())
    return folder / "coffee.png", folder / "copy.jpg"


def compared(page: Page, site: Running, pair: tuple[Path, Path]) -> None:
    """Choose two files, and wait for the verdict."""
    page.goto(f"{site.address}/compare")
    page.locator("#file-a").set_input_files(pair[0])
    page.locator("#file-b").set_input_files(pair[1])
    expect(page.locator(".verdict h2")).to_be_visible()


def test_two_dropped_files_get_a_verdict_with_what_is_behind_it(
    chromium: Browser, site: Running, pair: tuple[Path, Path]
) -> None:
    with Watched(chromium, site.address) as page:
        page.goto(f"{site.address}/compare")
        dropped(page, pair, "[data-drop=a]")
        expect(page.get_by_role("heading", name="Same picture, edited")).to_be_visible()
        expect(page.locator(".verdict .chip")).to_have_text("Edited")
        expect(page.locator(".verdict .say p").first).to_contain_text("cropped")
        expect(page.locator(".chance")).to_contain_text("% chance that a person would call them the same")
        expect(page.locator(".drop .hint").first).to_contain_text("coffee.png")
        page.get_by_text("Evidence").click()
        expect(page.get_by_role("row", name="Format")).to_contain_text("JPEG")
        page.get_by_text("Evidence").click()
        expect(page.locator(".pane")).to_have_count(2)
        assert faults(page) == []
        shot(page, "compare")


def test_every_view_shows_the_pair(chromium: Browser, site: Running, pair: tuple[Path, Path]) -> None:
    with Watched(chromium, site.address) as page:
        compared(page, site, pair)
        page.get_by_role("button", name="Swipe").click()
        page.get_by_role("slider", name="Swipe").fill("30")
        clip = page.locator(".over").first.evaluate("one => one.style.clipPath")
        assert clip == "inset(0px 0px 0px 30%)"
        page.locator(".stage").scroll_into_view_if_needed()
        line = page.locator(".line").bounding_box()
        stage = page.locator(".pane").bounding_box()
        assert line is not None and stage is not None
        page.mouse.move(line["x"] + line["width"] / 2, line["y"] + 60)
        page.mouse.down()
        page.mouse.move(stage["x"] + 0.6 * stage["width"], line["y"] + 60, steps=4)
        page.mouse.up()
        assert abs(float(page.get_by_role("slider", name="Swipe").input_value()) - 60) < 1
        shot(page, "swipe")
        page.get_by_role("button", name="Onion skin").click()
        page.get_by_role("slider").fill("25")
        assert page.locator(".over").first.evaluate("one => one.style.opacity") == "0.25"
        shot(page, "onion-skin")
        page.get_by_role("button", name="Difference").click()
        expect(page.locator(".pane img")).to_have_attribute("alt", "Difference of the two pictures")
        expect(page.locator(".frames .edge")).to_have_count(1)
        assert faults(page) == []
        shot(page, "difference")
        page.get_by_label("Box around the change").uncheck()
        expect(page.locator(".frames")).to_have_count(0)


def test_blinking_changes_the_picture_can_be_stopped_and_does_not_begin_unasked(
    chromium: Browser, site: Running, pair: tuple[Path, Path]
) -> None:
    with Watched(chromium, site.address, scheme="dark") as page:
        compared(page, site, pair)
        page.get_by_role("button", name="Blink").click()
        expect(page.locator(".stage")).to_have_attribute("data-shows", "b")
        expect(page.locator(".stage")).to_have_attribute("data-shows", "a")
        expect(page.get_by_role("slider", name="Changes per second")).to_have_attribute("max", "3")
        page.get_by_role("button", name="Pause").click()
        page.get_by_role("button", name="Flip once").click()
        expect(page.get_by_role("button", name="Play")).to_be_visible()
        assert faults(page) == []
        shot(page, "blink-dark")
    with Watched(chromium, site.address, motion="reduce") as page:
        compared(page, site, pair)
        page.get_by_role("button", name="Blink").click()
        expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_what_is_zoomed_or_moved_in_one_is_in_both(
    chromium: Browser, site: Running, pair: tuple[Path, Path]
) -> None:
    with Watched(chromium, site.address) as page:
        compared(page, site, pair)

        def placed() -> list[str]:
            drawn = page.locator(".canvas").all()
            return [one.evaluate("one => one.style.transform") for one in drawn]

        page.get_by_role("button", name="Zoom in").click(click_count=3, delay=30)
        assert len(set(placed())) == 1
        before = placed()[0]
        page.locator(".stage").focus()
        page.keyboard.press("ArrowRight")
        assert len(set(placed())) == 1
        assert placed()[0] != before
        page.keyboard.press("0")
        expect(page.locator(".scale")).to_have_text("100 %")
        page.keyboard.press("3")
        expect(page.get_by_role("button", name="Blink")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("1")
        page.get_by_label("Align second to first").check()
        widths = page.locator(".pane").evaluate_all("all => all.map(one => one.style.width)")
        assert widths[0] == widths[1]


def test_a_link_compares_two_kept_pictures_on_a_phone_in_the_dark(
    chromium: Browser, site: Running, pair: tuple[Path, Path]
) -> None:
    keys = "fruit & tea/1", "fruit & tea/2"
    with httpx.Client(base_url=site.address) as client:
        for key, path in zip(keys, pair, strict=True):
            client.post(
                "/v1/admit", params={"key": key, "policy": "edited=accept"}, content=path.read_bytes()
            )
    with Watched(chromium, site.address, PHONE, scheme="dark") as page:
        page.goto(f"{site.address}/compare?a=fruit+%26+tea%2F1&b=fruit+%26+tea%2F2")
        expect(page.locator(".verdict .chip")).to_have_text("Edited")
        expect(page.get_by_text("Compared as small preview pictures")).to_be_visible()
        expect(page.locator(".pane")).to_have_count(2)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert faults(page) == []
        shot(page, "compare-phone-dark", whole=True)


def test_a_file_that_is_no_picture_is_told_in_words(chromium: Browser, site: Running, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    with Watched(chromium, site.address, refused=415) as page:
        page.goto(f"{site.address}/compare")
        dropped(page, (tmp_path / "notes.txt", tmp_path / "notes.txt"), "[data-drop=a]")
        said = "Pictures of this format are not accepted. Please choose a JPEG, PNG or WebP file."
        expect(page.get_by_role("alert")).to_have_text(said)
