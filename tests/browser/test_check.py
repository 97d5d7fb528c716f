"""The check page, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.kits.browser import PHONE, Watched, dropped, faults, shot
from tests.kits.service import Running

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, photos: dict[str, Path]) -> Iterator[Running]:
    """Return a service that keeps the photographs but one, and a changed copy of another."""
    folder = tmp_path_factory.mktemp("filled")
    with (
        Running(folder / "uploads.db", folder / "log") as service,
        httpx.Client(base_url=service.address) as client,
    ):
        for name in ("chelsea", "coffee", "hubble", "rocket"):
            client.post("/v1/admit", params={"key": f"photos/{name}"}, content=photos[name].read_bytes())
        image = Image.open(photos["rocket"]).convert("RGB")
        image.paste((230, 200, 60), (60, 60, 150, 140))
        image.save(folder / "badge.jpg", quality=90)
        query = {"key": "photos/rocket with a badge", "policy": "edited=accept"}
        client.post("/v1/admit", params=query, content=(folder / "badge.jpg").read_bytes())
        yield service


def test_a_copy_is_found_with_the_kept_picture_and_can_be_laid_on_it(
    chromium: Browser, filled: Running, photos: dict[str, Path], tmp_path: Path
) -> None:
    image = Image.open(photos["rocket"]).convert("RGB")
    image.resize((960, 640)).rotate(90, expand=True).save(tmp_path / "launch.jpg", quality=85)
    with Watched(chromium, filled.address) as page:
        page.goto(f"{filled.address}/check")
        dropped(page, [tmp_path / "launch.jpg"], "[data-drop=file]")
        expect(page.get_by_role("heading", name="Already in the store")).to_be_visible()
        expect(page.locator("#answer")).to_contain_text("Its key is photos/rocket.")
        expect(page.locator(".near")).to_have_count(2)
        expect(page.locator(".near").first).to_contain_text("The upload is larger: 640x960 against 640x427")
        for image_shown in page.locator(".thumb img").all():
            expect(image_shown).to_have_js_property("complete", True)
        assert faults(page) == []
        shot(page, "check")
        page.get_by_role("button", name="Compare", exact=True).last.click()
        expect(page.locator("#view .verdict .chip")).to_have_text("Edited")
        expect(page.locator(".frames polygon.edge")).to_have_count(1)
        assert faults(page) == []


def test_a_picture_that_is_not_there_is_told_so_on_a_phone(
    chromium: Browser, filled: Running, astronaut: Path
) -> None:
    with Watched(chromium, filled.address, PHONE, scheme="dark") as page:
        page.goto(f"{filled.address}/check")
        page.locator("#file-file").set_input_files(astronaut)
        expect(page.get_by_role("heading", name="Not in the store")).to_be_visible()
        expect(page.locator("#nearest")).to_contain_text("No similar picture among the 5 in the store.")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert faults(page) == []
    with httpx.Client(base_url=filled.address) as client:
        assert client.get("/v1/status").json()["accepted"] == 5, "a check changes nothing"
