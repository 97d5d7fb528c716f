"""Does the shop look as it did? `pytest --samepic-update` takes the baselines, `pytest` compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Page

if TYPE_CHECKING:
    from samepic.screens.pytest.fixture import SamePicture

CLOCK = ".clock"  # shows another time in every picture


def test_on_a_desk(shop: Page, same_picture: SamePicture) -> None:
    same_picture(shop, "desk", ignore=CLOCK)


def test_on_a_phone(shop: Page, same_picture: SamePicture) -> None:
    shop.set_viewport_size({"width": 390, "height": 844})
    same_picture(shop, "phone", ignore=CLOCK)


def test_in_the_dark(shop: Page, same_picture: SamePicture) -> None:
    shop.emulate_media(color_scheme="dark")
    same_picture(shop, "dark", ignore=CLOCK)


def test_all_of_it(shop: Page, same_picture: SamePicture) -> None:
    shop.set_viewport_size({"width": 800, "height": 300})
    same_picture(shop, "all", ignore=CLOCK, full_page=True)


def test_the_header(shop: Page, same_picture: SamePicture) -> None:
    same_picture(shop.locator("header"), ignore=[shop.locator(CLOCK)])


def test_the_teas(shop: Page, same_picture: SamePicture) -> None:
    same_picture(shop.locator(".teas"))


def test_the_table(shop: Page, same_picture: SamePicture) -> None:
    same_picture(shop.locator("table"))


def test_the_form(shop: Page, same_picture: SamePicture) -> None:
    shop.get_by_label("Name").fill("Ada")
    same_picture(shop.locator("form"))


def test_the_button_under_the_pointer(shop: Page, same_picture: SamePicture) -> None:
    button = shop.get_by_role("button", name="Buy")
    button.hover()
    same_picture(button)


def test_an_order_without_a_number_hears_why(shop: Page, same_picture: SamePicture) -> None:
    form = shop.locator("form")
    shop.get_by_label("Packets").fill("some")
    same_picture(form, "before")
    shop.get_by_role("button", name="Buy").click()
    same_picture(form, "after")
