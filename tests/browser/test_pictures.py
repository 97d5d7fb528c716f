"""The page of kept pictures, in a real browser."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from samepic.store import open_store
from tests.browser.test_status import put
from tests.kits.browser import PHONE, Watched, faults, shot
from tests.kits.service import Running

pytestmark = [pytest.mark.slow, pytest.mark.browser]

COUNT = 50


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, photos: dict[str, Path]) -> Iterator[Running]:
    """Return a service with more kept pictures than are on one page, one of which waits."""
    folder = tmp_path_factory.mktemp("kept")
    store = open_store(str(folder / "uploads.db"))
    for number in range(COUNT):
        image = Image.open(photos[("chelsea", "rocket", "coffee")[number % 3]]).convert("RGB")
        proxy = io.BytesIO()
        image.resize((240, 160)).save(proxy, "JPEG")
        put(store, f"trip/{number:02}", proxy.getvalue(), held=number == COUNT - 1)
    put(store, "work/<i>&?x=1", proxy.getvalue(), held=False)
    store.close()
    with Running(folder / "uploads.db", folder / "log") as service:
        yield service


def test_kept_pictures_are_browsed_by_key_and_one_is_removed_once_that_is_confirmed(
    chromium: Browser, filled: Running
) -> None:
    with Watched(chromium, filled.address) as page:
        page.goto(f"{filled.address}/pictures")
        expect(page.locator(".kept h2")).to_have_count(48)
        page.get_by_label("Remove trip/01", exact=True).click()
        shot(page, "pictures")
        assert faults(page) == []
        page.get_by_role("link", name="Next page").click()
        expect(page.locator(".kept h2")).to_have_text(["trip/48", "trip/49", "work/<i>&?x=1"])
        expect(page.locator(".kept .chip")).to_have_text("waits for review")
        page.get_by_label("Remove work/<i>&?x=1", exact=True).click()
        page.get_by_role("button", name="Remove work/<i>&?x=1 for good").click()
        expect(page.get_by_role("status")).to_have_text("The picture was removed.")
        expect(page.locator(".kept h2")).to_have_text(["trip/48", "trip/49"])
        page.get_by_role("link", name="First page").click()
        expect(page.locator(".kept h2").first).to_have_text("trip/00")
    with httpx.Client(base_url=filled.address) as client:
        assert client.get("/v1/status").json()["accepted"] == COUNT - 1


def test_a_beginning_of_keys_is_looked_for_on_a_phone(chromium: Browser, filled: Running) -> None:
    with Watched(chromium, filled.address, PHONE, scheme="dark") as page:
        page.goto(f"{filled.address}/pictures")
        page.get_by_label("Keys that begin with").fill("trip/4")
        page.get_by_role("button", name="Show").click()
        expect(page.locator(".kept h2")).to_have_text([f"trip/{number}" for number in range(40, 50)])
        expect(page.locator(".thumb img").first).to_have_js_property("complete", True)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert faults(page) == []
        page.get_by_label("Keys that begin with").fill("nothing/")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("main")).to_contain_text("No key begins with nothing/.")
