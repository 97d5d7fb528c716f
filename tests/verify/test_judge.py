"""What a person would say of two pictures: small changes of content count, what is done to a whole picture does not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import samepic
from samepic.verdict import Region, Relation, Verdict
from tests.kits.rounds import rounds
from tests.verify.alterations import iou
from tests.verify.conftest import Pixels, saved

STEMS = ("astronaut", "chelsea", "coffee", "rocket")
TEXT = (
    "Invoice of the third of May",
    "Delivered to the back door, as agreed",
    "Twelve chairs of beech, oiled",
    "Four tables, round, of oak",
    "One bench for the garden",
    "Payment within thirty days",
)


def ask(a: Image.Image | Pixels | bytes, b: Image.Image | Pixels | bytes) -> Verdict:
    """Compare two pictures, without the question whether a person would see it."""
    one, two = (np.asarray(p) if isinstance(p, Image.Image) else p for p in (a, b))
    return samepic.compare(one, two, visibility=False)


def box(region: Region) -> tuple[int, int, int, int]:
    """Return a region as a tuple."""
    return region.x, region.y, region.w, region.h


def page(total: str = "Total 1,482.00") -> Image.Image:
    """Return a page of a few lines, the last but one of which holds a sum."""
    image = Image.new("RGB", (620, 440), "white")
    draw = ImageDraw.Draw(image)
    for number, line in enumerate((*TEXT, total, "Thank you")):
        draw.text((50, 40 + 46 * number), line, fill="#202020", font=ImageFont.load_default(22))
    return image


def round_all(regions: tuple[Region, ...]) -> tuple[int, int, int, int]:
    """Return the box round all regions."""
    left, top = min(r.x for r in regions), min(r.y for r in regions)
    return left, top, max(r.x + r.w for r in regions) - left, max(r.y + r.h for r in regions) - top


COVERS = [
    (stem, share, shade)
    for stem in STEMS
    for share in (0.2, 0.4, 0.6)
    for shade in (0, 128, 255)
    if (stem, share, shade) != ("coffee", 0.6, 128)
]


@pytest.mark.parametrize(("stem", "share", "shade"), rounds(COVERS, 2))
def test_what_is_covered_is_an_edit_with_a_box_round_it(
    pixels: dict[str, Pixels], stem: str, share: float, shade: int
) -> None:
    a = pixels[stem]
    b = a.copy()
    height = round(share * len(a))
    b[-height:] = shade
    verdict = ask(a, saved(Image.fromarray(b), quality=88))
    assert verdict.relation is Relation.EDITED
    assert iou(round_all(verdict.regions), (0, len(a) - height, a.shape[1], height)) >= 0.8


@pytest.mark.parametrize("total", ["Total 1,432.00", "Total 1,482.90", "Total 7,482.00"])
def test_a_page_with_another_digit_is_another_page(total: str) -> None:
    one, two = saved(page(), quality=85), saved(page(total), quality=85)
    assert ask(one, two).same is False
    assert ask(saved(page(), "PNG"), two).same is False


@pytest.mark.parametrize("quality", [92, 75, 50])
def test_a_page_saved_again_is_the_same_page(quality: int) -> None:
    assert ask(saved(page(), quality=85), saved(page(), quality=quality)).same is True
    assert ask(page(), saved(page(), "WEBP", quality=quality)).same is True


def test_a_page_and_itself_with_faint_noise_is_a_copy_held_as_it_is() -> None:
    noise = np.random.default_rng(3).normal(0, 2, (440, 620, 3))
    noisy = np.clip(np.asarray(page(), np.float64) + noise, 0, 255).astype(np.uint8)
    verdict = ask(page(), saved(Image.fromarray(noisy), quality=70))
    assert verdict.same is True
    for word in ("angle", "tilted", "slanted", "stretched"):
        assert word not in verdict.explanation


@pytest.mark.parametrize("stem", STEMS)
def test_a_thing_of_another_color_is_an_edit_there(pixels: dict[str, Pixels], stem: str) -> None:
    a = pixels[stem]
    height, width = a.shape[:2]
    hsv = cv2.cvtColor(a, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + 60) % 180
    hsv[..., 1] = np.maximum(hsv[..., 1], 90)
    turned = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, (width // 2, height // 2), (width // 6, height // 5), 0, 0, 360, 1, -1)
    b = np.where(mask[..., None] > 0, turned, a)
    verdict = ask(a, saved(Image.fromarray(b), quality=88))
    assert verdict.relation is Relation.EDITED
    there = cv2.boundingRect(mask)
    assert max(iou(box(r), (there[0], there[1], there[2], there[3])) for r in verdict.regions) >= 0.5


@pytest.mark.parametrize("stem", STEMS)
def test_red_and_blue_exchanged_is_not_the_same(pixels: dict[str, Pixels], stem: str) -> None:
    a = pixels[stem]
    assert ask(a, saved(Image.fromarray(np.ascontiguousarray(a[..., ::-1])), quality=88)).same is False


def flag(*colors: str) -> Image.Image:
    """Return a flag of upright stripes."""
    image = Image.new("RGB", (300, 200), "white")
    wide = 300 // len(colors)
    for number, color in enumerate(colors):
        image.paste(color, (number * wide, 0, (number + 1) * wide, 200))
    return image


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("#002395", "#ffffff", "#ed2939"), ("#009246", "#ffffff", "#ce2b37")),
        (("#009246", "#ffffff", "#ce2b37"), ("#169b62", "#ffffff", "#ff883e")),
        (("#000000", "#ffe936", "#ff0f21"), ("#002395", "#ffe936", "#ff0f21")),
    ],
)
def test_two_flags_of_other_colors_are_two_flags(one: tuple[str, ...], two: tuple[str, ...]) -> None:
    assert ask(flag(*one), flag(*two)).same is False
    assert ask(flag(*one), saved(flag(*two), quality=85)).same is False
    assert ask(saved(flag(*one), quality=92), saved(flag(*one), quality=70)).same is True


def chart(values: tuple[int, ...]) -> Image.Image:
    """Return a chart of bars."""
    image = Image.new("RGB", (480, 320), "white")
    draw = ImageDraw.Draw(image)
    draw.line([40, 20, 40, 290, 460, 290], fill="black", width=2)
    for number, value in enumerate(values):
        draw.rectangle((60 + 55 * number, 290 - value, 95 + 55 * number, 289), fill="#3366aa")
        draw.text((62 + 55 * number, 295), f"{2014 + number}", fill="black", font_size=13)
    return image


@pytest.mark.parametrize("other", [(90, 160, 120, 230, 60, 150, 200), (90, 160, 120, 200, 60, 150, 240)])
def test_a_chart_of_other_figures_is_another_chart(other: tuple[int, ...]) -> None:
    first = chart((90, 160, 120, 200, 60, 150, 200))
    assert ask(first, chart(other)).same is False
    assert ask(saved(first, quality=85), saved(chart(other), quality=85)).same is False
    assert ask(first, saved(first, quality=75)).same is True


def icon(kind: str, size: int = 32) -> Image.Image:
    """Return a plus or the two bars of a pause, with smooth edges."""
    image = Image.new("RGB", (8 * size, 8 * size), "white")
    draw = ImageDraw.Draw(image)
    unit = size
    if kind == "plus":
        draw.rectangle((1.2 * unit, 3.4 * unit, 6.8 * unit, 4.6 * unit), fill="#303030")
        draw.rectangle((3.4 * unit, 1.2 * unit, 4.6 * unit, 6.8 * unit), fill="#303030")
    else:
        draw.rectangle((2 * unit, 1.2 * unit, 3.4 * unit, 6.8 * unit), fill="#303030")
        draw.rectangle((4.6 * unit, 1.2 * unit, 6 * unit, 6.8 * unit), fill="#303030")
    return image.resize((size, size), Image.Resampling.BOX)


def test_a_plus_is_no_pause() -> None:
    assert ask(icon("plus"), icon("pause")).same is False
    assert ask(icon("plus"), saved(icon("plus"), quality=80)).same is True


def test_a_mirrored_sign_is_similar() -> None:
    image = Image.new("RGB", (400, 400), "white")
    draw = ImageDraw.Draw(image)
    draw.polygon([60, 160, 220, 160, 220, 90, 350, 200, 220, 310, 220, 240, 60, 240], fill="#0050a0")
    image = image.resize((200, 200), Image.Resampling.BOX)
    assert ask(image, image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)).relation is Relation.SIMILAR


FEW = [
    *product(
        ("astronaut", "chelsea"),
        (16, 32, 64, 128, 256),
        (Image.Quantize.MEDIANCUT, Image.Quantize.FASTOCTREE),
        (Image.Dither.FLOYDSTEINBERG,),
    ),
    *product(
        ("astronaut", "chelsea", "coffee"),
        (256,),
        (Image.Quantize.MEDIANCUT, Image.Quantize.FASTOCTREE),
        (Image.Dither.NONE,),
    ),
]


@pytest.mark.parametrize(("stem", "colors", "method", "dither"), rounds(FEW))
def test_a_copy_in_few_colors_is_the_same(
    pixels: dict[str, Pixels], stem: str, colors: int, method: Image.Quantize, dither: Image.Dither
) -> None:
    image = Image.fromarray(pixels[stem])
    palette = image.quantize(colors, method=method)
    few = image.quantize(palette=palette, dither=dither)
    assert ask(image, saved(few, "PNG")).same is True


@pytest.mark.parametrize("stem", STEMS)
def test_a_copy_for_the_press_is_the_same(pixels: dict[str, Pixels], stem: str) -> None:
    image = Image.fromarray(pixels[stem])
    assert ask(image, saved(image.convert("CMYK"), quality=90)).same is True


def gray(p: Pixels) -> Pixels:
    """Return a picture without color."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)


def blurred(sigma: float) -> Callable[[Pixels], Pixels]:
    """Return a blur as a function of pixels."""
    return lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), sigma), np.uint8)


def bent(share: float) -> Callable[[Pixels], Pixels]:
    """Return what a lens does that draws the corners in by a share of the half diagonal."""

    def of(p: Pixels) -> Pixels:
        height, width = p.shape[:2]
        y, x = np.mgrid[:height, :width].astype(np.float32)
        across, down = (x - (width - 1) / 2), (y - (height - 1) / 2)
        square = (across**2 + down**2) / ((width / 2) ** 2 + (height / 2) ** 2)
        by = 1 + share * (square - 1)
        return np.asarray(
            cv2.remap(
                p,
                (across * by + (width - 1) / 2).astype(np.float32),
                (down * by + (height - 1) / 2).astype(np.float32),
                cv2.INTER_CUBIC,
            ),
            np.uint8,
        )

    return of


def waved(p: Pixels) -> Pixels:
    """Return a picture that bends smoothly by up to three pixels, as a page does."""
    height, width = p.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    down = 3 * np.sin(np.pi * x / width)
    return np.asarray(
        cv2.remap(p, x, (y + down).astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )


WHOLE: dict[str, Callable[[Pixels], Pixels]] = {
    "gray": gray,
    "blur of a pixel": blurred(1),
    "blur of two pixels": blurred(2),
    "blur of three pixels": blurred(3),
    "lens": bent(0.02),
    "lens, the other way": bent(-0.02),
    "wave": waved,
}


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        (s, n)
        for s in STEMS
        for n in WHOLE
        if s in ("chelsea", "coffee") or not n.startswith(("lens", "wave"))
    ],
)
def test_what_is_done_to_a_whole_picture_leaves_it_the_same(
    pixels: dict[str, Pixels], stem: str, name: str
) -> None:
    a = pixels[stem]
    assert ask(a, saved(Image.fromarray(WHOLE[name](a)), quality=88)).same is True


@pytest.mark.parametrize("size", [200])
def test_a_triangle_with_and_without_smooth_edges_is_one_triangle(size: int) -> None:
    corners = [(0.5, 0.1), (0.93, 0.85), (0.07, 0.85)]
    hard = Image.new("RGB", (size, size), "white")
    ImageDraw.Draw(hard).polygon([(x * size, y * size) for x, y in corners], fill="#c02020")
    large = Image.new("RGB", (8 * size, 8 * size), "white")
    ImageDraw.Draw(large).polygon([(8 * x * size, 8 * y * size) for x, y in corners], fill="#c02020")
    assert ask(hard, large.resize((size, size), Image.Resampling.BOX)).same is True


def coarsened(rgb: Pixels, cells: int) -> Pixels:
    """Return a picture in at most so many squares along its longer side, at the same size."""
    height, width = rgb.shape[:2]
    scale = cells / max(height, width)
    small = cv2.resize(rgb, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


@pytest.mark.parametrize("stem", [stem for stem in STEMS if stem != "rocket"])
def test_a_coarse_copy_is_the_same_picture_either_way_round(pixels: dict[str, Pixels], stem: str) -> None:
    one, two = (saved(Image.fromarray(p), quality=85) for p in (pixels[stem], coarsened(pixels[stem], 64)))
    assert ask(one, two).same is ask(two, one).same is True


def test_a_coarse_copy_of_another_photograph_is_not_the_same(pixels: dict[str, Pixels]) -> None:
    a = pixels["chelsea"]
    other = np.asarray(cv2.resize(pixels["coffee"], a.shape[1::-1]), np.uint8)
    assert ask(a, coarsened(other, 64)).same is False


@pytest.mark.parametrize("color", ["#20c0a0", "#c03060", "#f0e040"])
def test_a_word_is_no_color_that_a_palette_lacks(pixels: dict[str, Pixels], color: str) -> None:
    page = Image.new("RGB", (500, 400), "#5060b0")
    page.paste(Image.fromarray(pixels["coffee"]).resize((240, 160)), (40, 30))
    written = page.copy()
    ImageDraw.Draw(written).text((120, 290), "SOLD 77", fill=color, font_size=44)
    few = page.quantize(256)
    assert ask(written, saved(page, "PNG")).same is False
    assert ask(written, saved(few, "PNG")).same is False
    assert ask(page, saved(few, "PNG")).same is True
