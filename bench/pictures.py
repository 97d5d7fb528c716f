"""The pictures that pairs are made from, by name or number: files, copies of them, and those we draw."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from bench.charts import CHARTS, MAPS
from bench.common import SEED, data_folder, encoded, files_of, photo_names, wanted_data
from bench.families import alter, level_of, save
from bench.family_base import Altered, Box, Pixels, Rng
from bench.family_content import write
from bench.sheets import CARDS, PAGES, SCREENS
from bench.signs import SIGNS, drawn_sign
from bench.steps import changed_boxes, picked, seed_of
from bench.values import Draw, Values, pixels

Read = Callable[[str], Pixels]

_SYLLABLES = (
    "ka", "lo", "mi", "ter", "an", "sel", "vor", "in", "do", "re", "pa", "tu", "shi", "ben", "or", "la", "mun",
)  # fmt: skip
_HERSHEY = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_PLAIN,
)
FORM_FIELDS = ("Number", "Date", "Name", "Street", "Town", "Total")
_CAPTIONS = (
    "THE PLAN", "WHAT HAPPENED", "ME ON MONDAY", "ME ON FRIDAY", "NOT AGAIN", "FINALLY", "SEND HELP", "OH NO",
)  # fmt: skip


def _word(rng: np.random.Generator) -> str:
    return "".join(str(part) for part in rng.choice(_SYLLABLES, int(rng.integers(1, 4))))


def _line(rng: np.random.Generator, letters: int) -> str:
    words = _word(rng).capitalize()
    while len(words) < letters - 6:
        words += f" {_word(rng)}"
    return words


def _text_page(number: int, read: Read) -> Pixels:
    """A page of one of six faces; pages of one face differ in their words alone."""
    rng, face = np.random.default_rng([SEED, 1, number]), number % 6
    if face < 4:
        page = np.full((640, 480, 3), 255, np.uint8)
        scale = 1.0 if face == 3 else 0.5
        for row in range(26):
            at = (24, 40 + row * 23)
            cv2.putText(page, _line(rng, 40), at, _HERSHEY[face], scale, (20, 20, 20), 1, cv2.LINE_AA)
        return page
    image = Image.new("RGB", (480, 640), (255, 255, 255) if face == 4 else (28, 28, 32))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default((15, 22)[face - 4])
    step, letters, ink = ((22, 58, (0, 0, 0)), (31, 38, (230, 230, 225)))[face - 4]
    for row in range(560 // step):
        draw.text((30, 36 + row * step), _line(rng, letters), fill=ink, font=font)
    return np.asarray(image)


def _form(number: int, read: Read) -> Pixels:
    """An invoice; pages of one number // 10 share everything but the fields that their last digit changes."""
    group, version = divmod(number, 10)
    image = Image.new("RGB", (520, 400), (252, 252, 250))
    draw, rng = ImageDraw.Draw(image), np.random.default_rng([SEED, 2, group])
    draw.text((30, 20), _line(rng, 20), fill=(20, 40, 110), font=ImageFont.load_default(26))
    font = ImageFont.load_default(17)
    changed = set(rng.permutation(len(FORM_FIELDS))[: 1 + group % 2])
    for row, field in enumerate(FORM_FIELDS):
        y = 90 + row * 45
        draw.line((30, y + 30, 490, y + 30), fill=(150, 150, 150))
        draw.text((30, y), field, fill=(90, 90, 90), font=font)
        words = np.random.default_rng([SEED, 3, group, row, version if row in changed else 0])
        draw.text((180, y), f"{int(words.integers(100, 99999))} {_word(words)}", fill=(0, 0, 0), font=font)
    return np.asarray(image)


def _captioned(number: int, path: str, read: Read) -> Pixels:
    """A photograph with one of eight captions at the top and another at the bottom, all of one size."""
    rgb = read(path).copy()
    height, width = rgb.shape[:2]
    tall = max(12, height // 7)
    for bottom in (False, True):
        y = height - tall if bottom else 0
        rgb[y : y + tall] = 255
        which = number * 3 + 5 if bottom else number
        write(rgb, (0, y, width, tall), _CAPTIONS[which % len(_CAPTIONS)], (0, 0, 0))
    return rgb


def _flat(number: int, read: Read) -> Pixels:
    rng = np.random.default_rng([SEED, 4, number])
    return np.broadcast_to(rng.integers(0, 256, 3), (240, 320, 3)).astype(np.uint8)


def _gradient(number: int, read: Read) -> Pixels:
    """A graded surface: linear one way or the other, or round, between two colours."""
    rng = np.random.default_rng([SEED, 5, number])
    ys, xs = np.mgrid[0:1:240j, 0:1:320j]
    angle = float(rng.uniform(0, 2 * np.pi))
    line = (np.cos(angle) * (xs - 0.5) + np.sin(angle) * (ys - 0.5)) + 0.5
    share = np.hypot(xs - 0.5, ys - 0.5) * 1.4 if number % 3 == 2 else line
    one, two = rng.integers(0, 256, (2, 3))
    return np.asarray(np.rint(one + np.clip(share, 0, 1)[..., None] * (two - one)), np.uint8)


def _texture(number: int, read: Read) -> Pixels:
    """Noise of one kind and scale: all such pictures look alike, and no two are the same."""
    rng = np.random.default_rng([SEED, 6, number])
    noise = rng.normal(0, 1, (240, 320, 1 if number % 2 else 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), (1.0, 3.0, 8.0)[number % 3]).reshape(240, 320, -1)
    scaled = 127 + 45 * (soft - soft.mean()) / soft.std()
    return np.broadcast_to(np.clip(np.rint(scaled), 0, 255), (240, 320, 3)).astype(np.uint8)


def _board(number: int, read: Read) -> Pixels:
    """A chart of bars under one heading: one template, other numbers all over."""
    rng = np.random.default_rng([SEED, 7, number])
    image = Image.new("RGB", (420, 300), (255, 255, 255))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(14)
    draw.text((20, 12), "Visitors by month", fill=(30, 30, 30), font=ImageFont.load_default(20))
    for bar in range(12):
        tall, x = int(rng.integers(15, 210)), 24 + bar * 32
        draw.rectangle((x, 270 - tall, x + 22, 270), fill=(66, 120, 190))
        draw.text((x, 274), f"{bar + 1}", fill=(30, 30, 30), font=font)
    return np.asarray(image)


MADE: dict[str, Callable[[int, Read], Pixels]] = {
    "text page": _text_page,
    "form": _form,
    "flat": _flat,
    "gradient": _gradient,
    "texture": _texture,
    "chart": _board,
}


def _pixels(name: str, read: Read) -> Pixels:
    kind, number, *path = name.split("|", 2)
    return _captioned(int(number), path[0], read) if kind == "captions" else MADE[kind](int(number), read)


def template_boxes(a: str, b: str, read: Read) -> tuple[Box, ...]:
    """Return the boxes in which two made pictures of one size differ: one for each change that stands alone."""
    one, two = _pixels(a.removeprefix("made:"), read), _pixels(b.removeprefix("made:"), read)
    changed = (one != two).any(axis=2).astype(np.uint8)
    joined = cv2.dilate(changed, np.ones((25, 25), np.uint8))
    count, labels = cv2.connectedComponents(joined)
    parts = (np.where((labels == part)[..., None], two, one) for part in range(1, count))
    return tuple(box for part in parts for box in changed_boxes(one, part))


def made_bytes(name: str, read: Read) -> bytes:
    """Return the file of "KIND|NUMBER" or "captions|NUMBER|PATH": a JPEG of quality 70 to 95, or a PNG."""
    rgb, drawn = _pixels(name, read), zlib.crc32(name.encode())
    return encoded(rgb, "PNG") if drawn % 4 == 0 else encoded(rgb, quality=70 + drawn // 4 % 26)


def half_of(key: str) -> str:
    """Return "test" or "train": which half of the data an original, named by its path, belongs to."""
    return ("train", "test")[zlib.crc32(key.encode()) >> 7 & 1]


def copy_by_chance(family: str, path: str, number: int = 0, salt: str = "") -> str:
    """Return the name of a copy of a file at a level drawn by chance; another salt draws another one."""
    rng = np.random.default_rng([SEED, zlib.crc32(f"{salt}{family} {path}".encode())])
    return f"copy:{family}|{level_of(family, rng)}|{number}|{path}"


@lru_cache(maxsize=4)
def pixels_of(path: str) -> Pixels:
    """Return the upright (h, w, 3) uint8 RGB pixels of a file, alpha laid on white."""
    with Image.open(wanted_data() / path) as file:
        image = ImageOps.exif_transpose(file)
    if image.has_transparency_data:
        whole = image.convert("RGBA")
        image = Image.new("RGBA", whole.size, "white")
        image.alpha_composite(whole)
    rgb = np.asarray(image.convert("RGB"))
    rgb.flags.writeable = False
    return rgb


def quarters(rgb: Pixels) -> Iterator[Pixels]:
    """Yield the four quarters of a picture, row by row."""
    height, width = rgb.shape[0] // 2, rgb.shape[1] // 2
    for y, x in product((0, height), (0, width)):
        yield np.ascontiguousarray(rgb[y : y + height, x : x + width])


def copy_of(name: str) -> tuple[bytes, Altered]:
    """Return the file of an altered copy and the truth about it."""
    family, level, _, path = name.removeprefix("copy:").split("|", 3)
    rng = np.random.default_rng([SEED, zlib.crc32(name.encode())])
    names = [other for other in photo_names() if half_of(other) == half_of(path) and other != path]
    other = pixels_of(picked(rng, names))
    altered = alter(family, level, pixels_of(path), rng, other)
    return save(altered, rng), altered


def named_bytes(name: str) -> bytes:
    """Return the bytes of the file that a name stands for."""
    kind, _, rest = name.partition(":")
    if kind == "copy":
        return copy_of(name)[0]
    if kind == "made":
        return made_bytes(rest, pixels_of)
    return (wanted_data() / rest).read_bytes()


DRAWN: Mapping[str, Mapping[str, Draw]] = {
    "forms": PAGES,
    "screens": SCREENS,
    "cards": CARDS,
    "charts": CHARTS,
    "maps": MAPS,
}
"""Kinds of drawings whose values can be others, each with its layouts."""

_FOLDERS = {
    "photos": ("photos/bsds500", "photos/imagenet", "photos/kodak"),
    "jpegs": ("photos/imagenet",),
    "receipts": ("documents/receipts",),
    "clipart": ("clipart",),
}
_LEAST_SPREAD = 4
"""Standard deviation of the levels under which a picture shows nothing."""
_LONGEST = 1400
_SUFFIXES = {"photos": (".jpg", ".jpeg", ".png"), "clipart": (".png",)}


@lru_cache(maxsize=16)
def names_of(what: str, half: str) -> tuple[str, ...]:
    """Return the files of one half below the data folder, in an order by chance: "photos", "jpegs", "receipts" ...

    Raises FileNotFoundError where there is no data folder.
    """
    data = data_folder()
    if data is None:
        raise FileNotFoundError("no pictures: set SAMEPIC_BENCH_DATA to the folder that holds photos/")
    endings = _SUFFIXES.get(what, (".jpg", ".jpeg"))
    found = (path.relative_to(data) for folder in _FOLDERS[what] for path in files_of(folder, endings))
    mine = [path.as_posix() for path in found if half_of(path.as_posix()) == half]
    return tuple(sorted(mine, key=lambda name: zlib.crc32(f"{SEED} {name}".encode())))


def file_of(what: str, half: str, number: int) -> str:
    """Return file `number` of one half, from the start again where there are fewer."""
    names = names_of(what, half)
    return names[number % len(names)]


def photo(half: str, number: int) -> Pixels:
    """Return the pixels of photograph `number` of one half."""
    return pixels_of(file_of("photos", half, number))


def drawn(kind: str, number: int, rng: Rng) -> Pixels:
    """Return one drawing of a kind of DRAWN or of SIGNS; neighboring numbers take turns in its layouts."""
    if kind in SIGNS:
        return drawn_sign(kind, rng)
    layouts: Sequence[Draw] = tuple(DRAWN[kind].values())
    seed = seed_of(rng)
    return pixels(layouts[number % len(layouts)](np.random.default_rng(seed), Values(seed)))


def any_original(half: str, number: int, rng: Rng) -> tuple[str, Pixels]:
    """Return a picture of one half and how it is kept: "photo" in six of ten, else "page" or "drawing"."""
    chance = float(rng.random())
    if chance < 0.6:
        return "photo", photo(half, number)
    if chance < 0.75:
        return "page", pixels_of(file_of("receipts", half, number))
    if chance < 0.85:
        return "page", drawn("forms", number, rng)
    if chance < 0.92:
        return "drawing", pixels_of(file_of("clipart", half, number))
    kind = str(rng.choice(["screens", "cards", "charts", "maps"]))
    return "drawing", drawn(kind, number, rng)


def clear_original(half: str, number: int, rng: Rng) -> tuple[str, Pixels]:
    """Return `any_original` at most 1400 pixels long, another one instead of what shows nothing on white."""
    while True:
        what, rgb = any_original(half, number, rng)
        if float(rgb.std()) >= _LEAST_SPREAD:
            break
    by = _LONGEST / max(rgb.shape[:2])
    return what, rgb if by >= 1 else np.asarray(
        cv2.resize(rgb, None, fx=by, fy=by, interpolation=cv2.INTER_AREA), np.uint8
    )
