"""Duplicates are reviewed in a real browser, cleaned up on real files, and restored."""

from __future__ import annotations

import re
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.cleanup.clean_scene import snapshot
from tests.kits.browser import PHONE, WIDE, Watched, faults, shot
from tests.kits.found import Review, memory_of, report_of

pytestmark = [pytest.mark.slow, pytest.mark.browser]

MANY = 10_000


def made(folder: Path, photos: dict[str, Path]) -> None:
    """Make a folder with photographs, and three copies of each: saved again, smaller, cropped."""
    folder.mkdir()
    for name in ("astronaut", "coffee", "rocket"):
        with Image.open(photos[name]) as opened:
            image = opened.convert("RGB")
        width, height = image.size
        (folder / photos[name].name).write_bytes(photos[name].read_bytes())
        image.save(folder / f"{name} copy.jpg", quality=70)
        image.resize((width // 2, height // 2)).save(folder / f"{name}-small.jpg", quality=85)
        image.crop((width // 8, height // 8, width * 7 // 8, height * 7 // 8)).save(
            folder / f"{name}-crop.jpg", quality=85
        )


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, photos: dict[str, Path]) -> Path:
    """Return what a search of such a folder has found, for the tests that leave its files as they are."""
    folder = tmp_path_factory.mktemp("found")
    made(folder / "pictures", photos)
    command = [sys.executable, "-m", "samepic", "find", "--json", "--copies", "--no-cache"]
    done = subprocess.run([*command, str(folder / "pictures")], capture_output=True, check=True)
    (folder / "report.jsonl").write_bytes(done.stdout)
    return folder / "report.jsonl"


@pytest.fixture
def review(report: Path) -> Iterator[Review]:
    """Return a review of it, in which nothing was decided yet."""
    with tempfile.TemporaryDirectory() as home, Review(Path(home), "review", str(report)) as running:
        yield running


@pytest.fixture
def searching(tmp_path: Path, photos: dict[str, Path]) -> Iterator[Review]:
    """Return a search of such a folder, which is the test's own, that goes on in the browser."""
    made(tmp_path / "pictures", photos)
    with Review(tmp_path, "find", "--review", "--copies", "--no-cache", "pictures") as running:
        yield running


def here(page: Page) -> str:
    """Return the name of the file that keys act on."""
    return page.locator(".here .file.at .path b").inner_text()


def test_a_search_is_decided_by_keys_cleaned_up_and_undone(
    chromium: Browser, searching: Review, tmp_path: Path
) -> None:
    review, pictures = searching, tmp_path / "pictures"
    before = snapshot(pictures)
    with Watched(chromium, review.origin) as page:
        page.goto(review.address)
        expect(page.locator("#progress-text")).to_have_text("0 of 3 groups decided")
        expect(page.locator(".here .m-drop[aria-pressed='true']")).to_have_count(2)
        assert faults(page) == []
        shot(page, "find")

        page.keyboard.press("Enter")
        expect(page.locator("#progress-text")).to_have_text("1 of 3 groups decided")
        expect(page.locator(".group").nth(1)).to_be_focused()
        page.keyboard.press("k")
        expect(page.locator(".here .file.at .m-keep")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("u")
        expect(page.locator(".here .file.at .m-drop")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("ArrowRight")
        crop = here(page)
        assert crop.endswith("-crop.jpg")
        page.keyboard.press("n")
        expect(page.locator(".here .file.at .m-other")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("d")
        expect(page.locator(".here .m-drop[aria-pressed='true']")).to_have_count(3)
        dropped = here(page)
        page.get_by_role("link", name="Show the plan").click()

        expect(page.get_by_text("1 group is not decided")).to_be_visible()
        expect(page.locator(".steps tbody tr")).to_have_count(5)
        assert snapshot(pictures) == before, "a plan changes nothing"
        assert faults(page) == []
        shot(page, "find-plan")
        page.get_by_role("button", name="Move 5 files to the trash").click()
        expect(page.locator("#done")).to_have_text("5 files moved to the trash; 0 files not changed.")
        assert len(list(pictures.iterdir())) == 7
        assert not (pictures / dropped).exists()
        assert (pictures / crop).exists()
        assert faults(page) == []
        shot(page, "find-done")

        page.get_by_role("button", name="Undo everything").click()
        expect(page.get_by_role("heading", name="Restored")).to_be_visible()
        expect(page.locator("#done")).to_have_text("5 files restored; 0 files not changed.")
        assert snapshot(pictures) == before, "every byte, mode and time is as it was"
        page.get_by_role("button", name="Finish").click()
        expect(page.get_by_role("heading", name="Finished")).to_be_visible()
    assert review.finished() == ["2 of 3 groups decided; decisions are saved"]


def test_a_rule_is_previewed_applied_to_all_groups_and_undone(chromium: Browser, review: Review) -> None:
    with Watched(chromium, review.origin, refused=422) as page:
        page.goto(review.address)
        page.get_by_text("Decide many groups by a rule").click()
        folder, outcome = page.get_by_label("Keep files in the folder"), page.locator("#rule-text")
        apply = page.get_by_role("button", name="Apply")
        folder.fill("nowhere")
        folder.press("Enter")
        expect(page.locator("#message")).to_have_text("Not saved: nowhere: no such folder")
        expect(apply).to_be_disabled()
        folder.fill("")
        page.get_by_label("or whose path matches").fill("-small")
        page.get_by_label("and of several").select_option("the largest")
        page.get_by_role("button", name="Preview").click()
        expect(outcome).to_have_text(
            re.compile(
                r"Prefer paths with -small, then keep the largest: 6 files to remove in 3 undecided groups, "
            )
        )
        expect(page.locator("#progress-text")).to_have_text("0 of 3 groups decided")
        assert faults(page) == []
        shot(page, "find-rule")
        apply.click()
        expect(page.locator("#progress-text")).to_have_text("3 of 3 groups decided")
        expect(page.locator("#message")).to_contain_text("6 files to remove in 3 undecided groups")
        expect(page.locator(".file.m-keep .path b", has_text="-small")).to_have_count(3)
        page.keyboard.press("u")
        expect(page.locator("#progress-text")).to_have_text("0 of 3 groups decided")
        expect(page.locator("#message")).to_have_text("Undone: 3 groups are undecided again.")


def test_a_file_is_looked_at_closely_beside_the_best_copy(chromium: Browser, review: Review) -> None:
    with Watched(chromium, review.origin, scheme="dark") as page:
        page.goto(review.address)
        expect(page.locator(".here")).to_be_visible()
        page.keyboard.press("v")
        expect(page.get_by_role("heading", name="Same picture")).to_be_visible()
        expect(page.locator(".view .stage img")).to_have_count(2)
        page.keyboard.press("Escape")
        expect(page.locator(".here")).to_be_visible()
        expect(page.locator(".here .thumb img").first).to_be_visible()
        page.evaluate("Promise.all([...document.images].slice(0, 4).map((image) => image.decode()))")
        shot(page, "find-dark")
        picture = page.locator(".here .thumb img").first
        among_four = picture.evaluate("image => image.height")
        page.evaluate(
            "document.querySelectorAll('.here .file:nth-child(n + 3)').forEach((file) => file.remove())"
        )
        assert picture.evaluate("image => image.height") > 1.5 * among_four, "two files share the width"


def test_on_a_phone_nothing_sticks_out_and_fingers_do_what_keys_do(chromium: Browser, review: Review) -> None:
    with Watched(chromium, review.origin, PHONE) as page:
        page.goto(review.address)
        group = page.locator(".group").first
        group.get_by_role("button", name="Keep: ").nth(1).click()
        expect(group.locator(".m-drop[aria-pressed='true']")).to_have_count(1)
        expect(page.locator("#progress-text")).to_have_text("1 of 3 groups decided")
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0
        assert faults(page) == []
        shot(page, "find-phone")


def test_one_browser_is_let_in_and_no_page_of_another_site(chromium: Browser, review: Review) -> None:
    with Watched(chromium, review.origin) as page:
        page.goto(review.address)
        expect(page.locator(".here")).to_be_visible()
        page.goto(review.address)
        expect(page.locator(".here")).to_be_visible()
    assert httpx.get(review.address).status_code == 403
    assert httpx.get(review.origin).status_code == 403
    assert httpx.get(f"{review.origin}/thumb/0/0").status_code == 403
    assert httpx.post(f"{review.origin}/rest").status_code == 403
    for host in ("evil.example", "[", ""):
        assert httpx.get(review.origin, headers={"Host": host}).status_code == 403


def test_the_browser_gets_the_word_by_a_file_of_this_user_and_not_by_its_arguments(
    chromium: Browser, report: Path, tmp_path: Path
) -> None:
    script = tmp_path / "browser.sh"
    script.write_text(
        f'#!/bin/sh\nprintf %s "$*" > {tmp_path}/started.part\nmv {tmp_path}/started.part {tmp_path}/started\n'
    )
    script.chmod(0o755)
    with Review(tmp_path, "review", str(report), browser=f"{script} %s") as review:
        while not (tmp_path / "started").exists():
            time.sleep(0.02)
        started = (tmp_path / "started").read_text()
        file = Path(started.removeprefix("file://"))
        assert (file.parent, stat.S_IMODE(file.stat().st_mode)) == (review.home, 0o600)
        page = chromium.new_page()
        page.goto(started)
        expect(page.locator(".here")).to_be_visible()
        page.close()
        review.process.send_signal(signal.SIGINT)
        review.process.wait(60)
    assert not file.exists()


def test_the_words_of_a_page_are_wanted_for_every_change(review: Review) -> None:
    with httpx.Client(base_url=review.origin, follow_redirects=True) as client:
        assert client.get(review.address).status_code == 200
        for headers in (
            {},
            {"Origin": review.origin},
            {"Origin": "http://evil.example", "X-CSRF-Token": "x"},
        ):
            assert client.post("/rest", headers=headers).status_code == 403
        assert "0 of 3 groups decided" in client.get("/").text


def listens(page: Page) -> None:
    """Wait until a page that a click has opened takes keys: its text is there before its script has run."""
    expect(page.locator(".group.here")).to_have_count(1)


def test_ten_thousand_groups_come_page_by_page(
    chromium: Browser, tmp_path: Path, photos: dict[str, Path]
) -> None:
    """How long the first view takes is printed with -s; its memory is bounded."""
    report = report_of(tmp_path, [photos["coffee"]], MANY)
    with Review(tmp_path, "review", str(report)) as review, Watched(chromium, review.origin, WIDE) as page:
        page.goto(review.address)
        expect(page.locator("#progress-text")).to_have_text(
            "0 of 10\N{NARROW NO-BREAK SPACE}000 groups decided"
        )
        expect(page.locator(".group")).to_have_count(20)
        took = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
        page.get_by_label("Page", exact=True).fill("500")
        page.keyboard.press("Enter")
        expect(page.locator(".group h2").last).to_contain_text("Group 10000")
        listens(page)
        for _ in range(3):
            page.keyboard.press("Enter")
        expect(page.locator("#progress-text")).to_have_text(
            "3 of 10\N{NARROW NO-BREAK SPACE}000 groups decided"
        )
        page.get_by_role("button", name="Accept all remaining").click()
        expect(page.locator("#progress-text")).to_have_text(
            "10\N{NARROW NO-BREAK SPACE}000 of 10\N{NARROW NO-BREAK SPACE}000 groups decided"
        )
        listens(page)
        page.keyboard.press("u")
        expect(page.locator("#progress-text")).to_have_text(
            "9\N{NARROW NO-BREAK SPACE}999 of 10\N{NARROW NO-BREAK SPACE}000 groups decided"
        )
        page.goto(f"{review.origin}/open")
        expect(page.locator(".here h2")).to_contain_text("Group")
        used = memory_of(review.process.pid)
        print(f"first view after {took:.0f} ms, {used} MiB")
        assert used < 300


def test_the_report_as_a_page_is_sound_and_opens_its_pictures(
    chromium: Browser, tmp_path: Path, photos: dict[str, Path]
) -> None:
    made(tmp_path / "pictures", photos)
    command = [sys.executable, "-m", "samepic", "find", "--no-cache", "--html", "page.html", "pictures"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    for dark, (width, height) in ((False, WIDE), (True, WIDE), (False, PHONE)):
        with chromium.new_context(bypass_csp=True, color_scheme="dark" if dark else "light") as context:
            page = context.new_page()
            page.set_viewport_size({"width": width, "height": height})
            page.goto((tmp_path / "page.html").as_uri())
            assert faults(page) == []
            shown = page.locator("figure a").first
            box = shown.locator("img").bounding_box()
            assert box is not None
            assert box["width"] >= 200
            shown.click()
            expect(page).to_have_url((tmp_path / "pictures").as_uri() + "/astronaut.jpg")
