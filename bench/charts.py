"""Drawn charts and maps: lines, bars, points, heat, shares, a shaded map of regions, contours, streets."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from bench.family_base import Color, Rng
from bench.steps import picked
from bench.values import Draw, Values, put

Point = tuple[float, float]
_SERIES: tuple[Color, ...] = ((31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189))
_OVER = 2
"""Drawn at twice the size and reduced, so that edges are smooth."""


class _Plot:
    """Axes with ticks; (0, 0) to (1, 1) is the inside."""

    def __init__(self, rng: Rng) -> None:
        self.width = int(rng.integers(320, 900))
        self.height = round(self.width * float(rng.uniform(0.55, 0.9)))
        gray = rng.random() < 0.25
        size = (self.width * _OVER, self.height * _OVER)
        self.image = Image.new("RGB", size, (255, 255, 255))
        self.draw = ImageDraw.Draw(self.image)
        self.left, self.top = size[0] * 0.11, size[1] * 0.11
        self.w, self.h = size[0] * 0.84, size[1] * 0.76
        inside = (self.left, self.top, self.left + self.w, self.top + self.h)
        if gray:
            self.draw.rectangle(inside, fill=(234, 234, 242))
        titles = ("Visitors by month", "Output", "Temperature", "Load", "Response time", "Share of voters")
        put(self.draw, (self.left, self.top * 0.25), picked(rng, titles), round(min(size) / 20), (30, 30, 30))
        grid = rng.random() < 0.6
        for tick in range(6):
            x, y = self.at(tick / 5, tick / 5)
            if grid:
                shade = 255 if gray else 225
                self.draw.line((self.left, y, self.left + self.w, y), fill=(shade, shade, shade), width=2)
            for at, number, anchor in (
                ((self.left - 8, y), tick * 20, "rm"),
                ((x, self.top + self.h + 8), tick * 2, "ma"),
            ):
                put(self.draw, at, f"{number}", round(min(size) / 30), (60, 60, 60), anchor=anchor)
        self.draw.rectangle(inside, outline=(40, 40, 40), width=2)

    def at(self, x: float, y: float) -> Point:
        return self.left + x * self.w, self.top + (1 - y) * self.h

    def done(self) -> Image.Image:
        return self.image.resize((self.width, self.height), Image.Resampling.BOX)


def _lines(rng: Rng, v: Values) -> Image.Image:
    plot = _Plot(rng)
    count, wide = int(rng.integers(12, 80)), int(rng.integers(3, 7))
    for line in range(int(rng.integers(1, 4))):
        values = v.series(f"line {line}", count, walk=True)
        points = [plot.at(i / (count - 1), float(y)) for i, y in enumerate(values)]
        plot.draw.line(points, fill=_SERIES[line], width=wide, joint="curve")
    return plot.done()


def _bars(rng: Rng, v: Values) -> Image.Image:
    plot = _Plot(rng)
    count, color = int(rng.integers(4, 16)), _SERIES[int(rng.integers(0, 5))]
    for index, value in enumerate(v.series("bars", count)):
        x0, y0 = plot.at((index + 0.15) / count, float(value))
        x1, y1 = plot.at((index + 0.85) / count, 0)
        plot.draw.rectangle((x0, y0, x1, y1), fill=color)
    return plot.done()


def _points(rng: Rng, v: Values) -> Image.Image:
    plot = _Plot(rng)
    count, size, slope = int(rng.integers(20, 120)), int(rng.integers(5, 10)), float(rng.uniform(-1, 1))
    xs, ys = v.series("x", count), v.series("y", count)
    for x, y in zip(xs, ys, strict=True):
        px, py = plot.at(float(x), float(np.clip(0.5 + slope * (x - 0.5) + 0.5 * (y - 0.5), 0.02, 0.98)))
        plot.draw.ellipse((px - size, py - size, px + size, py + size), fill=_SERIES[0])
    fit = v.pick("fit", ("none", "straight", "curve"))
    if fit != "none":
        bend = 0.6 if fit == "curve" else 0.0
        line = [
            plot.at(t, float(np.clip(0.5 + slope * (t - 0.5) * 0.8 + bend * (t - 0.5) ** 2, 0, 1)))
            for t in np.linspace(0, 1, 60)
        ]
        plot.draw.line(line, fill=_SERIES[3], width=5)
    return plot.done()


def _ramp(values: NDArray[np.float64], which: int) -> NDArray[np.uint8]:
    maps = (cv2.COLORMAP_VIRIDIS, cv2.COLORMAP_HOT, cv2.COLORMAP_OCEAN, cv2.COLORMAP_JET)
    gray = np.clip(np.rint(values * 255), 0, 255).astype(np.uint8)
    return np.asarray(cv2.applyColorMap(gray, maps[which])[..., ::-1], np.uint8)


def _heat(rng: Rng, v: Values) -> Image.Image:
    plot = _Plot(rng)
    rows, columns = int(rng.integers(5, 16)), int(rng.integers(6, 22))
    cells = _ramp(v.series("cells", rows * columns).reshape(rows, columns), int(rng.integers(0, 4)))
    for row in range(rows):
        for column in range(columns):
            x0, y0 = plot.at(column / columns, 1 - row / rows)
            x1, y1 = plot.at((column + 1) / columns, 1 - (row + 1) / rows)
            plot.draw.rectangle((x0, y0, x1 - 1, y1 - 1), fill=tuple(int(c) for c in cells[row, column]))
    return plot.done()


def _shares(rng: Rng, v: Values) -> Image.Image:
    side = int(rng.integers(240, 600))
    image = Image.new("RGB", (side * _OVER, side * _OVER), (255, 255, 255))
    draw, s = ImageDraw.Draw(image), side * _OVER
    shares = v.series("shares", int(rng.integers(3, 6)))
    ends = np.cumsum(shares / shares.sum()) * 360 - 90
    start = -90.0
    for index, end in enumerate(ends):
        box = (s * 0.1, s * 0.12, s * 0.9, s * 0.92)
        draw.pieslice(box, start, float(end), fill=_SERIES[index], outline=(255, 255, 255), width=4)
        start = float(end)
    if rng.random() < 0.4:
        draw.ellipse((s * 0.32, s * 0.34, s * 0.68, s * 0.7), fill=(255, 255, 255))
    put(draw, (s * 0.06, s * 0.02), "Where the money went", round(s / 18), (30, 30, 30))
    return image.resize((side, side), Image.Resampling.BOX)


def _smooth(rng: Rng, coarse: tuple[int, int], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return a smooth field of chance of (width, height), from so many rows and columns."""
    few = rng.normal(0, 1, coarse).astype(np.float32)
    return np.asarray(cv2.resize(few, size, interpolation=cv2.INTER_CUBIC), np.float32)


def _regions(rng: Rng, width: int, height: int, count: int) -> NDArray[np.int32]:
    """Number each pixel by the nearest of `count` seeds, with crooked borders, -1 outside the land."""
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    bent = [_smooth(rng, (14, 14), (width, height)) for _ in range(3)]
    xs, ys = xs + bent[0] * width / 50, ys + bent[1] * height / 50
    seeds = rng.uniform(0.08, 0.92, (count, 2)) * [width, height]
    best, nearest = np.full((height, width), np.inf, np.float32), np.zeros((height, width), np.int32)
    for index, (x, y) in enumerate(seeds.astype(np.float32)):
        away = cv2.magnitude(xs - x, ys - y)
        nearest[away < best] = index
        best = np.minimum(best, away)
    land = ((xs / width - 0.5) / 0.46) ** 2 + ((ys / height - 0.5) / 0.44) ** 2 + bent[2] * 0.12 < 1
    return np.where(land, nearest, -1).astype(np.int32)


def _borders(parts: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Where one region ends and another begins."""
    numbers = ((parts + 1) % 251).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(numbers, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0)


def _shaded_map(rng: Rng, v: Values) -> Image.Image:
    """Regions in the shades of a table: other numbers, other shades."""
    width, height, count = int(rng.integers(320, 800)), int(rng.integers(260, 640)), int(rng.integers(10, 40))
    parts = _regions(rng, width * _OVER, height * _OVER, count)
    ramps: tuple[tuple[Color, Color], ...] = (
        ((239, 243, 255), (8, 69, 148)), ((254, 237, 222), (166, 54, 3)), ((237, 248, 233), (0, 90, 50)),
    )  # fmt: skip
    low, high = (np.array(c, np.float64) for c in ramps[int(rng.integers(0, 3))])
    steps = np.floor(v.series("shades", count) * 4.999) / 4
    table = np.vstack([np.rint(low + steps[:, None] * (high - low)), [[255, 255, 255]]]).astype(np.uint8)
    out = table[parts]
    out[_borders(parts)] = (110, 110, 110)
    return Image.fromarray(out).resize((width, height), Image.Resampling.BOX)


def _party_map(rng: Rng, v: Values) -> Image.Image:
    """Regions in a few colors without order, one for each party."""
    width, height, count = int(rng.integers(320, 800)), int(rng.integers(260, 640)), int(rng.integers(8, 30))
    parts = _regions(rng, width * _OVER, height * _OVER, count)
    table = np.array([v.pick(f"region {n}", _SERIES) for n in range(count)] + [(225, 235, 245)], np.uint8)
    out = table[parts]
    out[_borders(parts)] = (255, 255, 255)
    return Image.fromarray(out).resize((width, height), Image.Resampling.BOX)


def _weather_map(rng: Rng, v: Values) -> Image.Image:
    """A field in colors and steps over the outline of one land."""
    width, height = int(rng.integers(320, 760)), int(rng.integers(260, 600))
    parts = _regions(rng, width, height, 12)
    field = _smooth(v.rng("field"), (6, 8), (width, height))
    steps = np.floor((field - field.min()) / (field.max() - field.min()) * 8.99) / 8
    out = _ramp(steps.astype(np.float64), 3)
    out = np.rint(out * 0.75 + 60).clip(0, 255).astype(np.uint8)
    out[_borders(parts)] = (20, 20, 20)
    image = Image.fromarray(out)
    day = v.text("day", "date")
    put(ImageDraw.Draw(image), (10, 8), day, round(height / 20), (0, 0, 0), face="Sans-Bold")
    return image


def _streets(rng: Rng, v: Values) -> Image.Image:
    """A town map of which the pins and the route move."""
    width, height = int(rng.integers(320, 800)), int(rng.integers(260, 640))
    image = Image.new("RGB", (width * _OVER, height * _OVER), (242, 239, 233))
    draw, w, h = ImageDraw.Draw(image), width * _OVER, height * _OVER
    river = [(x / 20 * w, h * (0.5 + 0.3 * np.sin(x / 5 + float(rng.uniform(0, 1))))) for x in range(21)]
    draw.line(river, fill=(170, 211, 223), width=round(h / 14), joint="curve")
    for _ in range(4):
        x, y = rng.uniform(0, 0.85, 2) * [w, h]
        draw.rectangle((x, y, x + w * 0.12, y + h * 0.14), fill=(200, 228, 180))
    ends = rng.uniform(0, 1, (26, 2))
    for index, (one, two) in enumerate(ends):
        line = ((one * w, 0), (two * w, h)) if index % 2 else ((0, one * h), (w, two * h))
        draw.line(line, fill=(205, 200, 190), width=12 + 8 * (index < 4))
        draw.line(line, fill=(255, 255, 255) if index >= 4 else (252, 214, 164), width=8 + 8 * (index < 4))
    stops = v.series("route", 8).reshape(4, 2)
    if v.pick("routed", (True, False)):
        draw.line([(x * w, y * h) for x, y in stops], fill=(50, 110, 240), width=14, joint="curve")
    for x, y in v.series("pins", int(rng.integers(1, 5)) * 2).reshape(-1, 2):
        r = h / 36
        tip = [(x * w - r, y * h - 2 * r), (x * w + r, y * h - 2 * r), (x * w, y * h)]
        draw.polygon(tip, fill=(215, 40, 40))
        draw.ellipse((x * w - r, y * h - 3.2 * r, x * w + r, y * h - 1.2 * r), fill=(215, 40, 40))
    return image.resize((width, height), Image.Resampling.BOX)


CHARTS: dict[str, Draw] = {
    "lines": _lines,
    "bars": _bars,
    "points": _points,
    "heat": _heat,
    "shares": _shares,
}
MAPS: dict[str, Draw] = {
    "shaded map": _shaded_map,
    "party map": _party_map,
    "weather map": _weather_map,
    "street map": _streets,
}
