"""The frame of the pages, in a real browser: signing in, what pages may load, who may ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from samepic.pages.app import PAGES
from samepic.pages.html import POLICY
from tests.kits.browser import PHONE, Watched, faults, shot
from tests.kits.service import Running
from tests.kits.tokens import token_file, token_table

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PAGE = {"Accept": "text/html"}
"""What a browser sends; other programs get JSON at /."""

TOKEN = "reviewer-" + "r" * 24
LESS = "looks-only-" + "l" * 24
TOKENS = token_table("reviewer", TOKEN, "red"), token_table("little", LESS, "red", may=("status",))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return a service that wants a token."""
    folder: Path = tmp_path_factory.mktemp("guarded-pages")
    with Running(folder / "u.db", folder / "log", *token_file(folder, *TOKENS)) as service:
        yield service


def test_the_start_page_leads_to_every_page_of_the_menu(chromium: Browser, site: Running) -> None:
    labels = [one.label for one in PAGES if one.label]
    for size in (PHONE, (1280, 860)):
        with Watched(chromium, site.address, size) as page:
            page.goto(site.address)
            expect(page.get_by_role("navigation").get_by_role("link")).to_have_text(labels)
            expect(page.locator(".way h2")).to_have_text(labels)
            wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, "nothing sticks out at the side"
            assert faults(page) == []


def test_the_page_of_the_api_fits_and_leads_to_its_shapes(chromium: Browser, site: Running) -> None:
    for size in (PHONE, (1280, 860)):
        with Watched(chromium, site.address, size, scheme="light" if size == PHONE else "dark") as page:
            page.goto(f"{site.address}/docs")
            wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, "nothing sticks out at the side"
            assert faults(page) == []
            page.get_by_role("link", name="Verdict").first.click()
            expect(page.get_by_role("heading", name="Verdict")).to_be_in_viewport()


def test_a_person_shows_the_token_once_and_leaves_again(chromium: Browser, guarded: Running) -> None:
    with Watched(chromium, guarded.address, scheme="dark") as page:
        page.goto(f"{guarded.address}/?from=here")
        expect(page.get_by_label("Token")).to_be_focused()
        assert faults(page) == []
        shot(page, "sign-in-dark")
        page.get_by_label("Token").fill(TOKEN)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{guarded.address}/?from=here")
        cookies = page.context.cookies()
        assert [(one["httpOnly"], one["sameSite"]) for one in cookies] == [(True, "Strict")]
        assert TOKEN not in str(cookies)
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Token")).to_be_visible()
        page.goto(guarded.address)
        expect(page.get_by_label("Token")).to_be_visible()


def test_the_pages_are_served_with_their_policy_and_scripts_come_from_files(site: Running) -> None:
    answer = httpx.get(site.address, headers=PAGE)
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "<script>" not in answer.text
    assert " style=" not in answer.text


def test_nobody_else_can_make_a_browser_ask(guarded: Running) -> None:
    with httpx.Client(base_url=guarded.address, headers=PAGE) as client:
        asked = client.get("/ui/enter")
        word = asked.text.partition('name="csrf" value="')[2].partition('"')[0]
        sent = {"token": TOKEN, "next": "/", "csrf": word}
        for headers in (
            {},
            {"Origin": "https://elsewhere.example"},
            {"Sec-Fetch-Site": "cross-site", "Origin": guarded.address},
        ):
            assert client.post("/ui/enter", data=sent, headers=headers).status_code == 403
        own = {"Origin": guarded.address}
        assert client.post("/ui/enter", data={**sent, "csrf": "0" * 64}, headers=own).status_code == 403
        assert client.post("/ui/enter", data={**sent, "token": "wrong"}, headers=own).status_code == 401
        done = client.post("/ui/enter", data={**sent, "next": "//elsewhere.example"}, headers=own)
        assert (done.status_code, done.headers["location"]) == (303, "/")
        assert client.get("/").status_code == 200


def test_a_cookie_that_was_changed_is_none(guarded: Running) -> None:
    with httpx.Client(base_url=guarded.address, headers=PAGE) as client:
        word = client.get("/ui/enter").text.partition('name="csrf" value="')[2].partition('"')[0]
        client.post("/ui/enter", data={"token": LESS, "csrf": word}, headers={"Origin": guarded.address})
        ((name, value),) = client.cookies.items()
        assert "token" not in client.get("/").url.path
        number, who, since, sign = value.split(".")
    for changed in (
        f"{number}.{who}.{chr(ord(since[0]) ^ 1)}{since[1:]}.{sign}",
        f"{number}.{'0' * 32}.{since}.{sign}",
        f"{number}..{since}.{sign}",
        f"{number}.{who}.{sign}",
        value[:-1],
    ):
        answer = httpx.get(guarded.address, headers={**PAGE, "Cookie": f"{name}={changed}"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/ui/enter?next=%2F")
