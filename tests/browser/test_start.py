"""The start page, in a real browser: a hint before the upload, then the answer in the visitor's words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.kits.browser import PHONE, Watched, dropped, faults, shot
from tests.kits.service import Running

pytestmark = [pytest.mark.slow, pytest.mark.browser]

ZONE = "[data-drop=file]"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, photos: dict[str, Path]) -> Iterator[Running]:
    """Return a service that keeps two photographs."""
    folder = tmp_path_factory.mktemp("start")
    with (
        Running(folder / "uploads.db", folder / "log") as service,
        httpx.Client(base_url=service.address) as client,
    ):
        for name in ("rocket", "coffee"):
            client.post("/v1/admit", params={"key": f"photos/{name}"}, content=photos[name].read_bytes())
        yield service


@pytest.fixture
def copy(photos: dict[str, Path], tmp_path: Path) -> Path:
    """Return a smaller copy of a kept photograph."""
    image = Image.open(photos["rocket"]).convert("RGB")
    image.resize((480, 320)).save(tmp_path / "launch.jpg", quality=85)
    return tmp_path / "launch.jpg"


def uploads(page: Page) -> list[str]:
    """Return a list that gets the addresses to which pictures are sent from now on."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "/check" in request.url else None)
    return sent


def test_a_known_picture_is_recognized_before_its_upload_which_a_button_begins(
    chromium: Browser, filled: Running, copy: Path
) -> None:
    with Watched(chromium, filled.address) as page:
        page.goto(filled.address)
        expect(page.get_by_role("button", name="Upload and check")).to_be_disabled()
        sent = uploads(page)
        dropped(page, [copy], ZONE)
        expect(page.locator("#answer")).to_contain_text("This picture may have been uploaded before.")
        expect(page.locator("#answer figcaption")).to_have_text("photos/rocket")
        assert sent == [f"{filled.address}/ui/check-code"]
        assert faults(page) == []
        shot(page, "start")
        page.get_by_role("button", name="Upload and check").click()
        heading = page.locator("#answer").get_by_role("heading")
        expect(heading).to_contain_text("This picture has already been uploaded")
        expect(page.locator("#answer img")).to_have_js_property("complete", True)
        assert sent[1:] == [f"{filled.address}/check"]
        assert faults(page) == []


def test_another_picture_and_one_that_the_browser_cannot_open_are_checked_on_a_phone(
    chromium: Browser, filled: Running, astronaut: Path, copy: Path
) -> None:
    Image.open(copy).save(copy.with_suffix(".tif"))
    with Watched(chromium, filled.address, PHONE, scheme="dark", refused=415) as page:
        page.goto(filled.address)
        page.locator("#file-file").set_input_files(astronaut)
        expect(page.locator("#answer")).to_contain_text("does not seem to have been uploaded before")
        page.get_by_role("button", name="Upload and check").click()
        expect(page.locator("#answer")).to_have_text("This picture has not been uploaded before.")
        page.locator("#file-file").set_input_files(copy.with_suffix(".tif"))
        expect(page.locator("#answer")).to_contain_text("can only be recognized once it is uploaded")
        page.get_by_role("button", name="Upload and check").click()
        expect(page.locator("#answer figcaption")).to_have_text("photos/rocket")
        page.locator("#file-file").set_input_files({"name": "a.png", "mimeType": "", "buffer": b"no picture"})
        expect(page.locator("#answer")).to_contain_text("can only be recognized once it is uploaded")
        page.get_by_role("button", name="Upload and check").click()
        expect(page.locator("#answer").get_by_role("alert")).to_contain_text(
            "Pictures of this format are not"
        )
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert faults(page) == []


def test_without_scripts_the_form_is_sent_and_answers_in_the_language_of_the_visitor(
    chromium: Browser, filled: Running, copy: Path
) -> None:
    context = chromium.new_context(java_script_enabled=False, locale="de-DE")
    page = context.new_page()
    page.goto(filled.address)
    page.locator("#file-file").set_input_files(copy)
    page.get_by_role("button", name="Upload and check").click()
    heading = page.locator("#answer").get_by_role("heading")
    expect(heading).to_contain_text("Dieses Bild wurde bereits hochgeladen")
    expect(heading).to_have_attribute("lang", "de")
    page.locator("#file-file").set_input_files({"name": "a.png", "mimeType": "", "buffer": b"no picture"})
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("heading", name="That did not work")).to_be_visible()
    context.close()
