"""The code of a picture before its upload, computed by the service's script in a real browser."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from samepic import fingerprint
from samepic.fingerprints.fingerprint import code_distance
from tests.kits.browser import Watched
from tests.kits.service import Running

pytestmark = [pytest.mark.slow, pytest.mark.browser]

NEAR = 8  # bits: the service decodes less of a JPEG
CODE = """async (text) => {
  const { codeOf } = await import("/v1/code.js");
  const file = new Blob([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))]);
  return codeOf(file).catch((error) => ({ error: error.message }));
}"""


def code_of(page: Page, data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(CODE, base64.b64encode(data).decode())
    return found


def test_the_code_of_a_browser_is_that_of_the_service(
    chromium: Browser, site: Running, photos: dict[str, Path], tmp_path: Path
) -> None:
    chelsea = Image.open(photos["chelsea"]).convert("RGB")
    turned, small, cut_out = tmp_path / "turned.jpg", tmp_path / "small.png", tmp_path / "cut out.png"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    chelsea.save(turned, exif=exif)
    chelsea.resize((50, 33)).save(small)
    chelsea.putalpha(Image.linear_gradient("L").resize(chelsea.size))
    chelsea.save(cut_out)
    with Watched(chromium, site.address) as page:
        page.goto(site.address)
        for path in (photos["chelsea"], photos["coffee"], photos["rocket"], turned, small, cut_out):
            found, ours = code_of(page, path.read_bytes()), fingerprint(path)
            assert code_distance(bytes.fromhex(found["pdq"]), ours.pdq) <= NEAR, path.name
            assert abs(found["quality"] - ours.quality) <= 3


def test_what_a_browser_cannot_decode_is_an_error_and_not_a_code(chromium: Browser, site: Running) -> None:
    with Watched(chromium, site.address) as page:
        page.goto(site.address)
        assert code_of(page, b"no picture")["error"]
