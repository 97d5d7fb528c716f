"""Codes that a browser computes with /v1/code.js, beside those of the service, and the time they take.

    python -m bench browser_codes [--count N]

Of every photograph, or of N evenly spread ones, and of one of 12 megapixels made of them. It wants Chromium.
"""

from __future__ import annotations

import argparse
import base64
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page, Route

import samepic
import samepic.service
from bench.common import encoded, head, option, photos, rgb_of, row, spread
from samepic.fingerprints.fingerprint import code_distance
from tests.kits.browser import browser

OPTIONS = (option("--count", 0, metavar="N", help="how many photographs; 0: all"),)

_SITE = "http://localhost/"
_SCRIPT = Path(samepic.service.__file__).parent / "code.js"
_CODE = """async (text) => {
  const { codeOf } = await import("/code.js");
  const blob = new Blob([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))]);
  const begin = performance.now();
  return { ...await codeOf(blob), seconds: (performance.now() - begin) / 1000 };
}"""
_ROUNDS = 5


def main(options: argparse.Namespace) -> int:
    """Print how far the codes are apart, and the time of 12 megapixels; return 1 where more than 1 % are 8 bits off."""
    chosen = spread(photos(), options.count)
    with browser() as started:
        page = started.new_page()
        page.route("**/*", _serve)
        page.goto(_SITE)
        bits, qualities = _differences(page, chosen)
        large = _large()
        seconds = [_code(page, large)["seconds"] for _ in range(_ROUNDS)]
    within = 100 * np.mean(np.array(bits) <= 8)
    head("pictures", "bits: mean", "99 %", "most", "within 8 bits", "quality differs: mean", "most")
    percentile = int(np.percentile(bits, 99))
    mean, most = f"{np.mean(bits):.2f}", max(bits)
    row(len(bits), mean, percentile, most, f"{within:.1f} %", f"{np.mean(qualities):.2f}", max(qualities))
    print(f"\nbits by frequency: {sorted(Counter(bits).items())}")
    print(f"12 megapixels, in Chromium: {min(seconds):.2f} to {max(seconds):.2f} s")
    return int(within < 99)


def _serve(route: Route) -> None:
    if route.request.url.endswith("/code.js"):
        route.fulfill(path=_SCRIPT, content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html>", content_type="text/html")


def _differences(page: Page, paths: Sequence[Path]) -> tuple[list[int], list[int]]:
    bits, qualities = [], []
    for path in paths:
        data = path.read_bytes()
        found, ours = _code(page, data), samepic.fingerprint(data)
        bits.append(code_distance(bytes.fromhex(found["pdq"]), ours.pdq))
        qualities.append(abs(found["quality"] - ours.quality))
    return bits, qualities


def _code(page: Page, data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(_CODE, base64.b64encode(data).decode())
    return found


def _large() -> bytes:
    tiles = [rgb_of(path).resize((1000, 1000)) for path in photos()[:12]]
    whole = Image.new("RGB", (4000, 3000))
    for at, tile in enumerate(tiles):
        whole.paste(tile, (at % 4 * 1000, at // 4 * 1000))
    return encoded(whole, quality=90)
