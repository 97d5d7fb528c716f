"""Display: what a person wants to know of a verdict, as names and texts, and how values look in Jupyter, as HTML."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from samepic.writing import bytes_text, data_url, percent, printable

if TYPE_CHECKING:
    from PIL.Image import Image

    from samepic.verdict import PictureInfo, Region, Verdict

_LEFT = 'style="text-align:left"'


def fragment(
    title: str, rows: Iterable[tuple[str, str]], figures: Iterable[tuple[Image | str, str]] = ()
) -> str:
    """Return HTML of a title, pictures with their captions, and rows of names and values.

    A picture comes as an RGB image, or as a text that says why there is none.
    """
    shown = "".join(
        f'<figure style="margin:0;max-width:{200 if isinstance(image, str) else max(200, image.width)}px">'
        f'{_figure(image, caption)}<figcaption style="overflow-wrap:anywhere">{_escaped(caption)}'
        "</figcaption></figure>"
        for image, caption in figures
    )
    table = "".join(
        f"<tr><th {_LEFT}>{_escaped(name)}</th><td {_LEFT}>{_escaped(value)}</td></tr>"
        for name, value in rows
    )
    return (
        f"<div><p><b>{_escaped(title)}</b></p>"
        f'<div style="display:flex;flex-wrap:wrap;gap:12px">{shown}</div><table>{table}</table></div>'
    )


def _figure(image: Image | str, caption: str) -> str:
    if isinstance(image, str):
        return f"<i>{_escaped(image)}</i>"
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=85)
    source = data_url(stream.getvalue(), "image/jpeg")
    return f'<img alt="{_escaped(caption)}" style="max-width:100%" src="{source}">'


def _escaped(text: str) -> str:
    import html

    return html.escape(printable(text))


_NAMED = 4  # regions


def regions_text(regions: Sequence[Region]) -> str:
    """Return the first regions in words, and how many more there are."""
    text = ", ".join(f"{one.w}x{one.h} at ({one.x}, {one.y})" for one in regions[:_NAMED])
    return f"{text} and {len(regions) - _NAMED} more" if len(regions) > _NAMED else text


def fact_rows(verdict: Verdict) -> Iterator[tuple[str, str]]:
    """Yield names and texts of what a person wants to know of a verdict besides its sentence."""
    yield "relation", str(verdict.relation)
    yield "probability", f"{percent(verdict.probability)} that a person would call them the same"
    if verdict.original:
        info = verdict.a if verdict.original == "a" else verdict.b
        yield "original", f"{info.name}: {verdict.original_reason}"
    if verdict.visibility:
        yield "visibility", f"{verdict.visibility.score:.1f} of 100: {verdict.visibility.words}"
    if "different_pixels" in verdict.measures:
        yield "pixels", _pixels(verdict.measures)
    if verdict.regions:
        yield "changed", regions_text(verdict.regions)
    yield "a", _picture(verdict.a)
    yield "b", _picture(verdict.b)


def _pixels(measures: Mapping[str, float]) -> str:
    """Return how many pixels of two screenshots differ, and how many more differ invisibly."""
    unseen = sum(measures[f"{kind}_pixels"] for kind in ("smoothed", "speck", "faint"))
    text = f"{measures['different_pixels']:.0f} of {measures['pixels']:.0f} differ"
    return f"{text}, {unseen:.0f} more invisibly" if unseen else text


def _picture(info: PictureInfo) -> str:
    parts = [f"{info.format} {info.width}x{info.height}"]
    if info.size:
        parts.append(bytes_text(info.size))
    if info.jpeg:
        approximately = "" if info.jpeg.quality_exact else "about "
        parts.append(f"quality {approximately}{info.jpeg.quality}, {info.jpeg.subsampling}")
        parts += [] if info.jpeg.ended else ["without its end marker"]
    if info.mode not in ("RGB", "YCbCr"):
        parts.append(f"stored as {info.mode}")
    if info.orientation != 1:
        parts.append(f"orientation tag {info.orientation}")
    if info.frames > 1:
        parts.append(f"{info.frames} {'pages' if info.is_paged else 'frames'}")
    if info.video:
        parts.append(f"with a video of {bytes_text(info.video)}")
    return f"{info.name}: {', '.join(parts)}"
