"""Notebook: how values show themselves in Jupyter, as HTML with every text escaped and small pictures inside."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from samepic.writing import data_url, printable

if TYPE_CHECKING:
    from PIL.Image import Image

_LEFT = 'style="text-align:left"'


def fragment(
    title: str, rows: Iterable[tuple[str, str]], figures: Iterable[tuple[Image | str, str]] = ()
) -> str:
    """Return HTML of a title, pictures with their captions, and rows of names and values.

    A picture comes as an RGB image, or as a text that says why there is none.
    """
    shown = "".join(
        f'<figure style="margin:0;max-width:{200 if isinstance(image, str) else max(200, image.width)}px">'
        f'{_picture(image, caption)}<figcaption style="overflow-wrap:anywhere">{_escaped(caption)}'
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


def _picture(image: Image | str, caption: str) -> str:
    if isinstance(image, str):
        return f"<i>{_escaped(image)}</i>"
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=85)
    source = data_url(stream.getvalue(), "image/jpeg")
    return f'<img alt="{_escaped(caption)}" style="max-width:100%" src="{source}">'


def _escaped(text: str) -> str:
    import html

    return html.escape(printable(text))
