"""The site of docs/ builds without a warning, asks no other host for anything, and keeps its pages short.

There are at most twenty, each under 1500 words with its code, the reference of Python among them, which the docstrings
make (tests/test_api_reference.py).
"""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from tests.kits.browser import CHROMIUM, LEAN, path_of
from tests.test_readme import README, blocks
from tools.site_hooks import section

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
SITE = (ROOT / "mkdocs.yml").read_text("utf-8")
LEFT_OUT = set(yaml.safe_load(SITE)["exclude_docs"].split())
PAGES = sorted(path for path in DOCS.rglob("*.md") if path.relative_to(DOCS).as_posix() not in LEFT_OUT)


def words(text: str) -> int:
    """Return how many words a page has, the code of its blocks too; what has no letter or digit is none."""
    return sum(1 for word in text.split() if re.search(r"[^\W_]", word))


def build(config: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", config, "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT / "mkdocs.yml", folder)
    assert (done.returncode, "WARNING" in done.stderr) == (0, False), done.stderr
    return folder


class Parts(HTMLParser):
    """What a page loads by itself, and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self.links.append(given.get("href") or "")
        elif tag == "link":
            self.loaded.append(given.get("href") or "")
        self.loaded += [given[name] or "" for name in ("src", "srcset", "data", "poster") if name in given]


def test_there_are_at_most_twenty_pages_and_every_page_is_short() -> None:
    assert len(PAGES) <= 20
    texts = {page.name: page.read_text("utf-8") for page in PAGES}
    texts["index.md"] += section("install") + section("limits")
    assert {name: count for name, text in texts.items() if (count := words(text)) >= 1500} == {}


def test_what_is_left_out_of_the_site_is_there() -> None:
    assert [name for name in LEFT_OUT if not (DOCS / name).exists()] == []


def test_the_first_result_is_that_of_the_readme_which_is_run() -> None:
    (shown,) = blocks((DOCS / "index.md").read_text("utf-8"), "console")
    assert shown == blocks(README, "console")[0]


@pytest.mark.slow
def test_every_page_is_built_and_found_by_the_search(site: Path) -> None:
    names = {page.relative_to(DOCS).with_suffix(".html").as_posix() for page in PAGES}
    assert {path.relative_to(site).as_posix() for path in site.rglob("*.html")} == names | {"404.html"}
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    assert {one["location"].partition("#")[0] for one in index["docs"]} == names
    assert "what works on other systems" in (site / "index.html").read_text("utf-8")  # from the README


@pytest.mark.slow
def test_pages_load_nothing_from_elsewhere_and_every_file_that_they_name_is_there(site: Path) -> None:
    pictures = 0
    for page in site.rglob("*.html"):
        if page.name == "404.html":  # shown below any address, so its own are from the root
            continue
        parts = Parts(page.read_text("utf-8"))
        assert [one for one in parts.loaded if re.match(r"(\w+:)?//", one)] == []
        local = [one for one in parts.loaded + parts.links if one and not re.match(r"https?:|#|data:", one)]
        for one in local:
            assert (page.parent / re.sub(r"[?#].*", "", one)).exists(), f"{page.name}: {one}"
        pictures += sum(one.endswith((".png", ".jpg")) for one in parts.loaded)
    assert pictures > 20


@pytest.mark.slow
@pytest.mark.parametrize("link", ["[a](b.md)", "[a](index.md#nowhere)", "[a](../bench/NOTHING.md)"])
def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path, link: str) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# Home\n\nSee {link}.\n")
    settings = {
        key: value for key, value in yaml.safe_load(SITE).items() if key in ("site_name", "validation")
    }
    settings |= {"hooks": [str(ROOT / "tools" / "site_hooks.py")], "docs_dir": str(tmp_path / "docs")}
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump(settings))
    done = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode == 1
    assert "WARNING" in done.stderr


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.slow
@pytest.mark.browser
def test_the_search_answers_in_a_browser_that_asks_no_other_host(address: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path_of(CHROMIUM), args=["--no-sandbox", *LEAN])
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}index.html")
        page.locator("input.md-search__input").click()
        page.keyboard.type("flooding", delay=20)
        page.locator(".md-search-result__item", has_text="The gate").first.wait_for()
        browser.close()
    assert [one for one in asked if not one.startswith(address)] == []
