"""samepic review of a report of screenshot tests: what failed is accepted as baseline, of that report and no other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

import samepic
from samepic.cli import main
from samepic.screens.pytest.report import Event, accept, read_failures
from tests.kits.browser import PHONE, WIDE, Watched, browser, faults
from tests.kits.found import Review
from tests.kits.project import Project

pytest_plugins = ["pytester"]

TWO = """
def test_menu(same_picture):
    same_picture(scene(top()), "menu", ignore=[(0, 0, 9, 9)])

def test_cart(same_picture):
    same_picture(scene(30 + top()), "cart")
"""


@pytest.fixture
def changed(project: Project) -> Project:
    """Return a project with the report of a run in which both pictures differ."""
    project.write(TWO)
    project.run("--samepic-update")
    project.move(53)
    assert project.run()[0] == {"failed": 2}
    return project


@pytest.fixture
def failures(changed: Project) -> dict[str, Event]:
    return {event.name: event for event in read_failures(changed.path / "samepic-report").values()}


def test_what_is_accepted_is_what_an_update_would_write(changed: Project, failures: dict[str, Event]) -> None:
    accept(changed.path / "samepic-report", failures["menu"], changed.path)
    accepted = changed.baseline().read_bytes()
    assert changed.run()[0] == {"failed": 1, "passed": 1}
    changed.baseline().unlink()
    changed.run("--samepic-update")
    assert changed.baseline().read_bytes() == accepted
    with pytest.raises(samepic.ReportError, match="found no failed picture in it"):
        read_failures(changed.path)


FOREIGN = [
    ({"baseline": "../menu.png"}, "expected a baseline of tests below"),
    ({"baseline": "/etc/menu.png"}, "expected a baseline of tests below"),
    ({"baseline": "test_site.py"}, "expected a baseline of tests below"),
    ({"baseline": "__screens__/test_other/menu.png"}, "expected a baseline of tests below"),
    ({"baseline": "__screens__/test_link/menu.png"}, "expected a baseline of tests below"),
    ({"baseline": "__screens__/test_site/cart.png"}, "no longer what it was in this report"),
    ({"folder": "nowhere"}, "no longer what it was in this report"),
    ({"acceptable": False}, "no longer what it was in this report"),
]


def test_nothing_is_written_but_the_baseline_that_the_report_is_about(
    changed: Project, failures: dict[str, Event], tmp_path: Path
) -> None:
    (changed.path / "test_link.py").touch()
    (changed.path / "__screens__" / "test_link").symlink_to(tmp_path)
    before = {path: path.read_bytes() for path in changed.path.rglob("*.p*") if path.is_file()}
    for changes, message in FOREIGN:
        event = replace(failures["menu"], **changes)  # type: ignore[arg-type]
        with pytest.raises(samepic.BaselineError, match=message):
            accept(changed.path / "samepic-report", event, changed.path)
    assert {path: path.read_bytes() for path in changed.path.rglob("*.p*") if path.is_file()} == before
    assert not (tmp_path / "menu.png").exists()


def test_what_changed_after_the_report_is_not_overwritten(
    changed: Project, failures: dict[str, Event]
) -> None:
    changed.move(56)
    changed.run("-k", "menu", "--samepic-update", "--samepic-output", "elsewhere")
    with pytest.raises(
        samepic.BaselineError, match=r"menu\.png: it is no longer what it was in this report: run"
    ):
        accept(changed.path / "samepic-report", failures["menu"], changed.path)


@pytest.fixture
def review(changed: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Review]:
    monkeypatch.chdir(changed.path)
    with Review(changed.path, "review", "samepic-report", "--json") as started:
        yield started


@pytest.mark.slow
def test_only_the_page_of_the_report_accepts(review: Review, changed: Project) -> None:
    before = changed.baseline().read_bytes()
    with httpx.Client(base_url=review.origin) as client, httpx.Client(base_url=review.origin) as other:
        client.get(review.address)
        page = client.get("/")
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert "connect-src 'self'" in page.text
        csrf = re.search(r'name="csrf" content="([^"]+)"', page.text)
        folders = re.findall(r'data-accept="([^"]+)"', page.text)
        assert csrf is not None
        assert len(folders) == 2
        right = {"X-CSRF-Token": csrf[1], "Origin": review.origin}
        body = {"folder": next(one for one in folders if one.startswith("menu"))}
        for browser_, headers, status in (
            (other, right, 403), (client, {**right, "Origin": "http://evil.example"}, 403),
            (client, {**right, "X-CSRF-Token": "x"}, 403), (client, {**right, "Host": "evil.example"}, 403),
        ):  # fmt: skip
            assert browser_.post("/accept", json=body, headers=headers).status_code == status
        assert client.post("/accept", json={"folder": "../x"}, headers=right).status_code == 404
        assert changed.baseline().read_bytes() == before
        for _ in range(2):
            answer = client.post("/accept", json=body, headers=right)
            assert answer.json() == {"baseline": "__screens__/test_site/menu.png"}
        assert changed.baseline().read_bytes() != before
        assert client.get("/").text.count("data-accept=") == 1
    assert changed.run()[0] == {"failed": 1, "passed": 1}


@pytest.mark.slow
@pytest.mark.browser
def test_a_person_accepts_one_and_sees_what_was_written(review: Review, changed: Project) -> None:
    with browser() as chromium, Watched(chromium, review.origin, refused=422) as page:
        page.goto(review.address)
        page.get_by_role("heading", name="2 pictures differ").wait_for()
        article = page.locator("article", has=page.get_by_role("heading", name="menu"))
        article.get_by_role("button", name="Accept as baseline").click()
        article.get_by_text("Accepted: __screens__/test_site/menu.png was written").wait_for()
        assert faults(page) == []
        changed.baseline("cart").unlink()
        page.get_by_role("button", name="Accept as baseline").click()
        page.get_by_role("alert").get_by_text("run the test again").wait_for()
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})


def test_a_folder_without_a_report_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", str(tmp_path), "--json"]) == 2
    error = json.loads(capsys.readouterr().out)
    assert error["kind"] == "ReportError"
    assert "expected the report of a run of pytest, found no failed picture in it" in error["error"]
