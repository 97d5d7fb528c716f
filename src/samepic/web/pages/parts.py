"""Parts that several pages have."""

from __future__ import annotations

from samepic.web.pages.html import Html, el

__all__ = ["drop_zone"]


def drop_zone(name: str, title: str) -> Html:
    """Return where a picture can be dropped, chosen or pasted."""
    return el(
        "div.drop",
        el("input", type="file", id=f"file-{name}", name=name, accept="image/*,.heic,.heif,.avif,.tif,.tiff"),
        el(
            "label",
            el("span.shown", aria_hidden="true"),
            el("span.title", title),
            el("span.hint", "Drop it here, choose a file, or paste"),
            for_=f"file-{name}",
        ),
        data_drop=name,
    )
