"""Drawn sheets of paper, 600 to 1700 pixels tall: invoices, forms, letters, bank statements, certificates, labels."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from bench.values import Draw, Values, font

Rng = np.random.Generator
_FACES = ("Sans", "Serif", "SansMono", "SansCondensed", "Serif")
_SENDERS = (
    "Kaminski & Sons", "Blue Harbor Ltd", "Atelier Lumen", "NORDWERK", "Casa Verde", "Point Nine Supply",
)  # fmt: skip
_INK, _SOFT, _LINE = (15, 15, 18), (95, 95, 100), (150, 150, 155)


class _Sheet:
    """A white page with a unit (a hundredth of its width) and one face."""

    def __init__(self, rng: Rng, aspect: float = 1.414) -> None:
        tall = int(rng.integers(720, 1700))
        width = round(tall / aspect)
        tint = int(rng.integers(246, 256))
        self.image = Image.new("RGB", (width, tall), (tint, tint, int(rng.integers(240, 256))))
        self.draw = ImageDraw.Draw(self.image)
        self.unit = width / 100
        self.face = _FACES[int(rng.integers(0, len(_FACES)))]
        self.accent = tuple(int(c) for c in rng.integers(0, 140, 3))
        self.tall = tall / self.unit

    def write(self, x: float, y: float, text: str, size: float = 2.1, **more: object) -> None:
        """Write at (x, y) in hundredths of the width; `bold`, `ink` and `right` as wanted."""
        face = {"Sans": "Sans-Bold", "SansMono": "SansMono-Bold", "SansCondensed": "SansCondensed-Bold"}.get(
            self.face, "Serif-Bold"
        )
        chosen = font(max(9, round(size * self.unit)), face if more.get("bold") else self.face)
        at, ink = (x * self.unit, y * self.unit), more.get("ink", _INK)
        self.draw.text(at, text, fill=ink, font=chosen, anchor="ra" if more.get("right") else "la")  # type: ignore[arg-type]

    def line(self, x0: float, y0: float, x1: float, y1: float, width: int = 1) -> None:
        u = self.unit
        self.draw.line((x0 * u, y0 * u, x1 * u, y1 * u), fill=_LINE, width=width)

    def box(self, x: float, y: float, w: float, h: float, fill: tuple[int, ...] | None = None) -> None:
        u = self.unit
        self.draw.rectangle((x * u, y * u, (x + w) * u, (y + h) * u), fill=fill, outline=_LINE)


def _head(sheet: _Sheet, rng: Rng) -> None:
    """The sender, which all versions share: a mark, a name, an address."""
    mark, name = int(rng.integers(0, 3)), _SENDERS[int(rng.integers(0, len(_SENDERS)))]
    u = sheet.unit
    spot = (8 * u, 6 * u, 15 * u, 13 * u)
    if mark == 0:
        sheet.draw.ellipse(spot, fill=sheet.accent)
    elif mark == 1:
        sheet.draw.polygon([(8 * u, 13 * u), (11.5 * u, 6 * u), (15 * u, 13 * u)], fill=sheet.accent)
    else:
        sheet.draw.rounded_rectangle(spot, radius=int(u), fill=sheet.accent)
    sheet.write(18, 6.5, name, 3.6, bold=True, ink=sheet.accent)
    sheet.write(18, 11, f"{int(rng.integers(1, 90))} Harbor Road, 4020 Linz", 1.7, ink=_SOFT)


def _invoice(rng: Rng, v: Values) -> Image.Image:
    sheet = _Sheet(rng)
    _head(sheet, rng)
    sheet.write(8, 22, v.text("name", "name"))
    sheet.write(8, 25, v.text("street", "street"))
    sheet.write(8, 28, v.text("town", "town"))
    for row, (label, kind) in enumerate((("Invoice", "number"), ("Date", "date"), ("Customer", "number"))):
        sheet.write(60, 22 + 3 * row, label, ink=_SOFT)
        sheet.write(92, 22 + 3 * row, v.text(label, kind), right=True)
    sheet.write(8, 40, "INVOICE", 4.2, bold=True)
    sheet.box(8, 47, 84, 4, (228, 230, 235))
    for x, label in ((9, "Item"), (60, "Qty"), (74, "Price"), (86, "Sum")):
        sheet.write(x, 47.8, label, 1.9, bold=True)
    rows = int(rng.integers(4, 12))
    for row in range(rows):
        y = 52.5 + row * 4.2
        sheet.write(9, y, v.text(f"item {row}", "thing"))
        sheet.write(64, y, v.text(f"count {row}", "count"), right=True)
        sheet.write(79, y, v.text(f"price {row}", "money"), right=True)
        sheet.write(91, y, v.text(f"sum {row}", "money"), right=True)
        sheet.line(8, y + 3.4, 92, y + 3.4)
    sheet.write(60, 56 + rows * 4.2, "Total", 2.6, bold=True)
    sheet.write(91, 56 + rows * 4.2, v.text("total", "money"), 2.6, bold=True, right=True)
    sheet.write(8, sheet.tall - 12, "Payable within 14 days. Thank you for your order.", 1.8, ink=_SOFT)
    return sheet.image


def _form(rng: Rng, v: Values) -> Image.Image:
    sheet = _Sheet(rng)
    sheet.box(0, 0, 100, 9, sheet.accent)
    sheet.write(6, 2.6, "APPLICATION FOR RESIDENCE PERMIT", 3, bold=True, ink=(255, 255, 255))
    fields = {"Family name": "name", "Date of birth": "date", "Street": "street", "Town": "town"}
    fields |= {"Document no.": "number", "Valid until": "date", "Place of birth": "place", "Income": "money"}
    for row, (label, kind) in enumerate(fields.items()):
        x, y = 6 + row % 2 * 46, 16 + row // 2 * 12
        sheet.write(x, y, f"{row + 1}. {label}", 1.7, ink=_SOFT)
        sheet.box(x, y + 3, 42, 6)
        sheet.write(x + 1, y + 4.4, v.text(label, kind), 2.5)
    for row in range(6):
        y = 68 + row * 6
        sheet.write(6, y, f"{row + 9}. Have you lived abroad for more than {row + 2} months?", 1.9)
        chosen = v.pick(f"answer {row}", ("yes", "no"))
        for at, word in ((72, "yes"), (82, "no")):
            sheet.box(at, y, 2.4, 2.4)
            sheet.write(at + 3.2, y, word, 1.9)
            if word == chosen:
                sheet.write(at + 0.25, y - 0.6, "X", 2.8, bold=True, ink=(20, 30, 120))
    sheet.line(6, 118, 45, 118)
    sheet.write(6, 114.4, f"{v.text('signed at', 'place')}, {v.text('signed on', 'date')}", 2.2)
    sheet.write(6, 119, "Place and date", 1.6, ink=_SOFT)
    return sheet.image


def _letter(rng: Rng, v: Values) -> Image.Image:
    sheet = _Sheet(rng)
    _head(sheet, rng)
    sheet.write(8, 24, v.text("name", "name"))
    sheet.write(8, 27, v.text("town", "town"))
    sheet.write(92, 33, v.text("date", "date"), right=True)
    sheet.write(8, 40, f"Our reference {v.text('reference', 'number')}", 2.2, bold=True)
    y = 46.0
    for block in range(int(rng.integers(2, 5))):
        for row in range(int(rng.integers(3, 7))):
            one, two = (v.text(f"{block} {row} {part}", "line") for part in "ab")
            sheet.write(8, y, f"{one} {two.lower()}"[:72])
            y += 3.3
        y += 2.6
    sheet.write(8, y, "Yours sincerely")
    sheet.write(8, y + 8, v.text("signed", "name"))
    return sheet.image


def _statement(rng: Rng, v: Values) -> Image.Image:
    sheet = _Sheet(rng)
    _head(sheet, rng)
    sheet.write(8, 20, f"Account {v.text('account', 'number')}", 2.6, bold=True)
    sheet.write(92, 20, f"Statement {v.text('statement', 'count')}", 2.1, right=True)
    sheet.line(8, 25, 92, 25, 2)
    for row in range(int(rng.integers(12, 28))):
        y = 27 + row * 3.5
        if row % 2:
            u = sheet.unit
            sheet.draw.rectangle((8 * u, y * u, 92 * u, (y + 3.5) * u), fill=(238, 240, 243))
        sheet.write(9, y + 0.5, v.text(f"date {row}", "date"), 2)
        sheet.write(26, y + 0.5, v.text(f"what {row}", "thing"), 2)
        sheet.write(91, y + 0.5, v.text(f"sum {row}", "money"), 2, right=True)
    return sheet.image


def _certificate(rng: Rng, v: Values) -> Image.Image:
    sheet = _Sheet(rng, 0.707)
    for edge in (2.0, 3.2):
        sheet.box(edge, edge, 100 - 2 * edge, sheet.tall - 2 * edge)
    sheet.write(24, 11, "CERTIFICATE", 7, bold=True, ink=sheet.accent)
    sheet.write(36, 23, "This is to certify that", 2.2, ink=_SOFT)
    sheet.write(30, 29, v.text("name", "name"), 4.2, bold=True)
    hours, place = v.text("hours", "count"), v.text("place", "place")
    sheet.write(22, 38, f"has completed {hours} hours of first aid in {place}", 2)
    sheet.write(10, 55, v.text("date", "date"), 2.4)
    sheet.write(70, 55, v.text("by", "name"), 2.4)
    sheet.line(10, 59, 34, 59)
    sheet.line(68, 59, 92, 59)
    u = sheet.unit
    sheet.draw.ellipse((46 * u, 48 * u, 56 * u, 58 * u), fill=(190, 150, 50), outline=(120, 90, 20), width=3)
    return sheet.image


def _label(rng: Rng, v: Values) -> Image.Image:
    """A parcel label: address, number, bars."""
    sheet = _Sheet(rng, 1.5)
    sheet.box(3, 3, 94, sheet.tall - 6)
    sheet.write(7, 7, "EXPRESS", 7, bold=True)
    sheet.line(3, 18, 97, 18, 3)
    for row, kind in enumerate(("name", "street", "town")):
        sheet.write(7, 24 + 7 * row, v.text(f"to {kind}", kind), 4.4, bold=row == 0)
    sheet.line(3, 52, 97, 52, 3)
    sheet.write(7, 56, f"Weight {v.text('weight', 'money')} kg", 3.6)
    sheet.write(7, 62, v.text("sent", "date"), 3.6)
    number = v.text("number", "number")
    bars, x, u = np.random.default_rng([int(number)]).integers(1, 4, 44), 12.0, sheet.unit
    for index, wide in enumerate(bars):
        if index % 2 == 0:
            sheet.draw.rectangle((x * u, 84 * u, (x + wide * 0.8) * u, 112 * u), fill=_INK)
        x += wide * 0.8
    sheet.write(30, 116, number, 4.2, bold=True)
    return sheet.image


PAGES: dict[str, Draw] = {
    "invoice": _invoice,
    "form": _form,
    "letter": _letter,
    "statement": _statement,
    "certificate": _certificate,
    "label": _label,
}
