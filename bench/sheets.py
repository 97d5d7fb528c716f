"""Drawn sheets of paper, 600 to 1700 pixels tall; screens; and cards: tickets, codes, identity cards, product cards."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from bench.family_base import Color, Rng
from bench.steps import any_color, picked
from bench.values import COLORS, Draw, Values, font, put

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
        self.face, self.accent = picked(rng, _FACES), any_color(rng, 0, 140)
        self.tall = tall / self.unit

    def write(self, x: float, y: float, text: str, size: float = 2.1, **more: object) -> None:
        """Write at (x, y) in hundredths of the width; `bold`, `ink` and `right` as wanted."""
        face = f"{self.face}-Bold" if more.get("bold") else self.face
        chosen = font(max(9, round(size * self.unit)), face)
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
    mark, name = int(rng.integers(0, 3)), picked(rng, _SENDERS)
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


Point = tuple[float, float]
_DARK: tuple[Color, ...] = ((24, 26, 31), (230, 230, 230), (120, 125, 135))
_LIGHT: tuple[Color, ...] = ((255, 255, 255), (25, 25, 28), (125, 128, 135))


def _canvas(width: int, height: int, ground: Color) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (width, height), ground)
    return image, ImageDraw.Draw(image)


def _chat(rng: Rng, v: Values) -> Image.Image:
    """A phone's screen of messages left and right."""
    width = int(rng.integers(440, 900))
    height, u = round(width * float(rng.uniform(1.6, 2.1))), width / 100
    dark = rng.random() < 0.4
    ground, ink, soft = _DARK if dark else _LIGHT
    mine = (0, 110, 90) if dark else (205, 240, 200)
    image, draw = _canvas(width, height, ground if dark else (236, 229, 221))
    draw.rectangle((0, 0, width, 14 * u), fill=(31, 44, 52) if dark else (18, 140, 126))
    draw.ellipse((4 * u, 3 * u, 12 * u, 11 * u), fill=(200, 205, 210))
    put(draw, (16 * u, 4 * u), v.text("who", "name"), round(4.4 * u), (255, 255, 255), face="Sans-Bold")
    y, row, face = 18 * u, 0, font(round(3.6 * u))
    while y < height - 20 * u:
        text, own = v.text(f"say {row}", "line")[:38], bool(rng.integers(0, 2))
        wide = draw.textlength(text, font=face) + 14 * u
        x = width - wide - 3 * u if own else 3 * u
        fill = mine if own else ((32, 44, 51) if dark else (255, 255, 255))
        draw.rounded_rectangle((x, y, x + wide, y + 9 * u), radius=2 * u, fill=fill)
        draw.text((x + 2 * u, y + 2 * u), text, fill=ink, font=face)
        put(draw, (x + wide - 10 * u, y + 5 * u), v.text(f"at {row}", "time"), round(2.6 * u), soft)
        y += (11 + 3 * float(rng.random() < 0.3)) * u
        row += 1
    draw.rounded_rectangle((3 * u, height - 12 * u, 97 * u, height - 3 * u), radius=4 * u, fill=fill)
    return image


def _code(rng: Rng, v: Values) -> Image.Image:
    """An editor: numbered lines in colors."""
    width, height = int(rng.integers(560, 1200)), int(rng.integers(380, 800))
    dark = rng.random() < 0.7
    ground, ink, soft = _DARK if dark else _LIGHT
    image, draw = _canvas(width, height, ground)
    size = int(rng.integers(13, 20))
    face, step = font(size, "SansMono"), round(size * 1.4)
    pale, strong = (
        ((220, 120, 190), (110, 170, 240), (150, 195, 100)),
        ((170, 0, 120), (0, 80, 180), (20, 120, 40)),
    )
    colors = pale if dark else strong
    draw.rectangle((0, 0, width, step * 1.5), fill=tuple(max(0, c - 14) for c in ground))
    draw.text((12, 5), "main.py", fill=soft, font=face)
    depth, letter = 0, draw.textlength("m", font=face)
    for row in range((height - step * 2) // step):
        y = step * 2 + row * step
        draw.text((10, y), f"{row + 1:3d}", fill=soft, font=face)
        depth = max(0, min(3, depth + int(rng.integers(-1, 2))))
        x = 10 + letter * (5 + 4 * depth)
        kind = int(rng.integers(0, 3))
        name = v.text(f"name {row}", "place").lower()
        value = v.text(f"value {row}", "count")
        parts = (
            ((0, "return "), (3, f"{name}("), (2, value), (3, ")")),
            ((3, f"{name} = "), (2, value), (3, " + offset")),
            ((0, "if "), (1, name), (3, " > "), (2, value), (3, ":")),
        )[kind]
        for color, text in parts:
            draw.text((x, y), text, fill=(*colors, ink)[color], font=face)
            x += draw.textlength(text, font=face)
    return image


def _table(rng: Rng, v: Values) -> Image.Image:
    """A spreadsheet with numbers; a few of its cells are tinted."""
    rows, columns = int(rng.integers(8, 20)), int(rng.integers(4, 8))
    wide, tall = int(rng.integers(80, 130)), int(rng.integers(22, 34))
    image, draw = _canvas((columns + 1) * wide, (rows + 1) * tall, (255, 255, 255))
    face = font(round(tall * 0.55))
    count = int(rng.integers(1, 8))
    tinted = {(int(rng.integers(0, rows)), int(rng.integers(0, columns))) for _ in range(count)}
    tints = ((190, 240, 190), (255, 170, 230), (255, 235, 150), (170, 215, 255), (255, 190, 170))
    draw.rectangle((0, 0, image.width, tall), fill=(231, 233, 237))
    for row in range(rows):
        y = (row + 1) * tall
        draw.text((8, y + tall * 0.2), f"Week {row + 1}", fill=(40, 40, 40), font=face)
        for column in range(columns):
            x = (column + 1) * wide
            if (row, column) in tinted:
                draw.rectangle((x, y, x + wide, y + tall), fill=v.pick(f"tint {row} {column}", tints))
            text = v.text(f"cell {row} {column}", "money")
            draw.text((x + wide - 6, y + tall * 0.2), text, fill=(20, 20, 20), font=face, anchor="ra")
    for row in range(rows + 2):
        draw.line((0, row * tall, image.width, row * tall), fill=(205, 208, 213))
    for column in range(columns + 1):
        draw.line((column * wide, 0, column * wide, image.height), fill=(205, 208, 213))
        if column < columns:
            draw.text(((column + 1.4) * wide, tall * 0.2), "ABCDEFGH"[column], fill=(90, 90, 90), font=face)
    return image


def _dashboard(rng: Rng, v: Values) -> Image.Image:
    """An app's page: tiles with one number each, switches, a bar of icons."""
    width = int(rng.integers(360, 760))
    height, u = round(width * 1.7), width / 100
    ground, ink, soft = _DARK if rng.random() < 0.4 else _LIGHT
    image, draw = _canvas(width, height, tuple(max(0, c - 12) for c in ground))  # type: ignore[arg-type]
    put(draw, (5 * u, 5 * u), "Overview", round(7 * u), ink, face="Sans-Bold")
    accent = COLORS[int(rng.integers(0, 4))]
    for tile, label in enumerate(("Steps", "Sleep", "Pulse", "Water", "Weight", "Floors")):
        x, y = 5 + tile % 2 * 46, 20 + tile // 2 * 28
        draw.rounded_rectangle((x * u, y * u, (x + 43) * u, (y + 25) * u), radius=3 * u, fill=ground)
        put(draw, ((x + 3) * u, (y + 3) * u), label, round(3.6 * u), soft)
        put(draw, ((x + 3) * u, (y + 9) * u), v.text(label, "count"), round(10 * u), accent, face="Sans-Bold")
    for row, label in enumerate(("Reminders", "Share with friends", "Dark colors")):
        y = 110 + row * 14
        put(draw, (5 * u, y * u), label, round(4.2 * u), ink)
        on = v.pick(f"switch {row}", (True, False))
        box = (82 * u, y * u, 95 * u, (y + 7) * u)
        draw.rounded_rectangle(box, radius=3.5 * u, fill=accent if on else soft)
        x = 89 if on else 83
        draw.ellipse((x * u, (y + 1) * u, (x + 5) * u, (y + 6) * u), fill=(255, 255, 255))
    return image


def matrix_code(draw: ImageDraw.ImageDraw, at: Point, side: float, bits: Rng, count: int) -> None:
    """Draw a code of `count` x `count` modules with three finder marks."""
    cells, cell = bits.random((count, count)) < 0.5, max(1, int(side / count))
    (left, top), far = (side - 2 * cell for side in at), (count + 2) * cell
    draw.rectangle((left, top, at[0] + far, at[1] + far), fill=(255, 255, 255))
    corners = ((0, 0), (0, count - 7), (count - 7, 0))
    for row, left in corners:
        cells[max(0, row - 1) : row + 8, max(0, left - 1) : left + 8] = False
        cells[row : row + 7, left : left + 7] = True
        cells[row + 1 : row + 6, left + 1 : left + 6] = False
        cells[row + 2 : row + 5, left + 2 : left + 5] = True
    for row, left in np.argwhere(cells):
        x, y = at[0] + left * cell, at[1] + row * cell
        draw.rectangle((x, y, x + cell - 1, y + cell - 1), fill=(10, 10, 10))


def _code_alone(rng: Rng, v: Values) -> Image.Image:
    count, cell = int(rng.choice([21, 25, 29, 33])), int(rng.integers(4, 12))
    image, draw = _canvas((count + 8) * cell, (count + 8) * cell, (255, 255, 255))
    matrix_code(draw, (4 * cell, 4 * cell), count * cell, v.rng("bits"), count)
    return image


def _ticket(rng: Rng, v: Values) -> Image.Image:
    width = int(rng.integers(500, 1100))
    u = width / 100
    image, draw = _canvas(width, round(42 * u), (250, 249, 244))
    accent = COLORS[int(rng.integers(0, 4))]
    draw.rectangle((0, 0, width, 8 * u), fill=accent)
    put(draw, (3 * u, 1.6 * u), "BOARDING PASS", round(4 * u), (255, 255, 255), face="Sans-Bold")
    fields = (
        ("Passenger", "name", 3, 11), ("From", "place", 3, 21), ("To", "place", 24, 21), ("Flight", "code", 3, 31),
        ("Gate", "count", 24, 31), ("Seat", "seat", 36, 31), ("Date", "date", 46, 11), ("Boarding", "time", 46, 21),
    )  # fmt: skip
    for label, kind, x, y in fields:
        put(draw, (x * u, y * u), label, max(9, round(1.8 * u)), (120, 120, 120))
        put(draw, (x * u, (y + 2.4) * u), v.text(label, kind), round(3.2 * u), (15, 15, 15), face="Sans-Bold")
    for dash in range(12):
        ends = (70 * u, (9 + dash * 2.8) * u, 70 * u, (10.4 + dash * 2.8) * u)
        draw.line(ends, fill=(150, 150, 150), width=2)
    matrix_code(draw, (74 * u, 12 * u), 22 * u, v.rng("code"), 25)
    return image


def face(draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], v: Values) -> None:
    """Draw a passport-like portrait into (x, y, w, h)."""
    x, y, w, h = box

    def at(*shares: float) -> tuple[float, ...]:
        return tuple((x + w * share, y + h * share)[place % 2] for place, share in enumerate(shares))

    draw.rectangle((x, y, x + w, y + h), fill=(205, 215, 225))
    skin = v.pick("skin", ((240, 205, 175), (200, 150, 115), (130, 90, 65), (250, 220, 200)))
    hair = v.pick("hair", ((40, 30, 25), (120, 75, 30), (205, 170, 90), (110, 110, 112)))
    coat = v.pick("coat", ((40, 60, 100), (120, 30, 40), (60, 60, 60), (30, 100, 80)))
    draw.ellipse(at(0.05, 0.72, 0.95, 1.5), fill=coat)
    draw.rectangle(at(0, 1, 1, 1.6), fill=(238, 240, 236))
    draw.ellipse(at(0.22, 0.1, 0.78, 0.6), fill=hair)
    draw.ellipse(at(0.28, 0.2, 0.72, 0.78), fill=skin)
    for side in (0.39, 0.61):
        draw.ellipse(at(side - 0.035, 0.42, side + 0.035, 0.46), fill=(30, 30, 30))
    draw.arc(at(0.4, 0.5, 0.6, 0.66), 20, 160, fill=(150, 60, 60), width=max(1, round(w / 50)))


def _identity(rng: Rng, v: Values) -> Image.Image:
    width = int(rng.integers(480, 1000))
    u = width / 100
    tint = any_color(rng, 205, 245)
    image, draw = _canvas(width, round(63 * u), tint)
    for wave in range(0, 63, 3):
        points = [(x * u, (wave + 1.5 * np.sin(x / 5 + wave)) * u) for x in range(0, 101, 2)]
        draw.line(points, fill=tuple(max(0, c - 14) for c in tint), width=1)
    put(draw, (4 * u, 3 * u), "IDENTITY CARD", round(4 * u), (30, 50, 110), face="Sans-Bold")
    face(draw, (5 * u, 12 * u, 26 * u, 33 * u), v)
    fields = {"Name": "name", "Date of birth": "date", "Place of birth": "place", "Number": "code"}
    fields |= {"Expires": "date"}
    for row, (label, kind) in enumerate(fields.items()):
        y = 12 + row * 7.6
        put(draw, (36 * u, y * u), label, max(9, round(1.9 * u)), (95, 95, 105))
        text = v.text(label, kind)
        put(draw, (36 * u, (y + 2.4) * u), text, round(3.3 * u), (15, 15, 20), face="Sans-Bold")
    first, second = v.text("line", "number"), f"{v.text('line 2', 'code')}<<{v.text('line 3', 'number')}"
    for row, text in enumerate((f"IDUTO{first}<<<<<<<<<<<<", f"{second}<<<<")):
        put(draw, (4 * u, (52 + 4.6 * row) * u), text, round(3.6 * u), (15, 15, 15), face="SansMono")
    return image


def _product_card(rng: Rng, v: Values) -> Image.Image:
    """A shop's tile: a thing, its name, price and stars."""
    width = int(rng.integers(260, 520))
    u = width / 100
    image, draw = _canvas(width, round(140 * u), (255, 255, 255))
    shade = v.pick("color", COLORS[:4] + COLORS[6:])
    draw.rectangle((4 * u, 4 * u, 96 * u, 84 * u), fill=(242, 242, 243))
    shape = int(rng.integers(0, 3))
    if shape == 0:
        draw.rounded_rectangle((30 * u, 20 * u, 62 * u, 74 * u), radius=5 * u, fill=shade)
        draw.arc((54 * u, 30 * u, 78 * u, 60 * u), 270, 90, fill=shade, width=round(4 * u))
    elif shape == 1:
        draw.polygon([(x * u, y * u) for x, y in ((35, 14), (65, 14), (72, 76), (28, 76))], fill=shade)
    else:
        draw.ellipse((22 * u, 16 * u, 78 * u, 72 * u), fill=shade)
        draw.ellipse((40 * u, 34 * u, 60 * u, 54 * u), fill=(242, 242, 243))
    put(draw, (5 * u, 89 * u), v.text("what", "thing"), round(7 * u), (30, 30, 30))
    price = f"{v.text('price', 'money')} EUR"
    put(draw, (5 * u, 100 * u), price, round(9 * u), (180, 20, 30), face="Sans-Bold")
    stars = v.pick("stars", (1, 2, 3, 4, 5))
    for star in range(5):
        x, fill = (9 + star * 9) * u, (250, 175, 0) if star < stars else (215, 215, 215)
        draw.regular_polygon((x, 120 * u, 4 * u), 3, fill=fill)
    put(draw, (54 * u, 116 * u), f"({v.text('votes', 'count')})", round(6 * u), (120, 120, 120))
    return image


SCREENS: dict[str, Draw] = {"chat": _chat, "code": _code, "table": _table, "dashboard": _dashboard}
CARDS: dict[str, Draw] = {
    "ticket": _ticket,
    "matrix code": _code_alone,
    "identity card": _identity,
    "product card": _product_card,
}
