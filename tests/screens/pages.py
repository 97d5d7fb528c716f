"""Pages drawn by Pillow, so that what changed on them is known to the pixel."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["Page", "drawn"]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of 400 x 300 pixels: a heading, some lines of text, a button and a badge."""

    heading: str = "An ordinary page"
    ground: str = "#fafafa"
    ink: str = "#222222"
    button: tuple[int, int] | None = (40, 200)
    label: str = "Send it"
    colour: str = "#2563eb"
    badge: tuple[int, int] | None = (340, 20)
    lines: tuple[str, ...] = ("The first line of it", "a second one below", "and then a third")
    gap: int = 0

    def but(self, **changes: object) -> Page:
        """Return the page with something changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


def drawn(page: Page, *, height: int = 300) -> NDArray[np.uint8]:
    """Return (height, 400, 3) uint8; `gap` pixels are put in under the heading."""
    image = Image.new("RGB", (400, 300 + page.gap), page.ground)
    draw = ImageDraw.Draw(image)
    draw.text((20, 20), page.heading, page.ink, font=ImageFont.load_default(24))
    for number, line in enumerate(page.lines):
        draw.text((20, 80 + page.gap + 28 * number), line, page.ink, font=ImageFont.load_default(15))
    if page.button is not None:
        x, y = page.button[0], page.button[1] + page.gap
        draw.rounded_rectangle((x, y, x + 110, y + 36), 8, page.colour)
        draw.text((x + 24, y + 8), page.label, "white", font=ImageFont.load_default(15))
    if page.badge is not None:
        x, y = page.badge
        draw.ellipse((x, y, x + 24, y + 24), "#dc2626")
    return np.asarray(image)[: height + page.gap].copy()
