"""Page: groups as one self-contained HTML file with thumbnails, what wins most first."""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Iterator, Sequence

from samepic.collection.group import FileFacts, Group, Member
from samepic.collection.thumbnail import small_jpeg
from samepic.collection.walk import Unreadable
from samepic.errors import UnreadableError
from samepic.picture import load
from samepic.profiles.collection import COLLECTION

__all__ = ["page"]

_HEAD = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>samepic find</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 76em; padding: 0 1.2em }
body { color: #222; background: #fff }
h1 { font-size: 1.5em; margin: 0 } h2 { font-size: 1em; margin: 0 0 .8em; overflow-wrap: anywhere }
header { margin-bottom: 1.5em } p { margin: .3em 0 }
h2 span, figcaption span, p { color: #666; font-weight: normal }
section { border-top: 1px solid #ddd; padding: 1em 0 }
div { display: grid; grid-template-columns: repeat(auto-fill, minmax(172px, 1fr)); gap: 1.4em 1em }
figure { margin: 0; overflow-wrap: anywhere; font-size: .85em }
figure > samp { display: block; font: inherit; margin-bottom: .5em } img { display: block }
i { display: inline-block }
img, i { max-width: 160px; max-height: 160px; border-radius: 3px; outline: 1px solid #0002 }
i { padding: 1em; color: #666; background: #eee }
figure:first-child img { outline: 3px solid #2a7 } figcaption b { color: #555 }
figure:first-child b { color: #fff; background: #197a53; border-radius: 3px; padding: 0 .4em }
bdi { display: block; font-weight: 600 } abbr { text-decoration: none } li bdi { display: inline }
@media (prefers-color-scheme: dark) {
body { color: #ddd; background: #181818 } i { background: #333 } section { border-color: #333 }
h2 span, figcaption span, p, i, figcaption b { color: #999 } img { outline-color: #fff3 }
}
</style></head><body>
"""

_EQUAL = "<i>the same bytes</i>"


def page(groups: Sequence[Group], unreadable: Sequence[Unreadable]) -> Iterator[str]:
    """Yield the parts of the page. Pictures are read again, one group at a time, for their thumbnails.

    Nothing in it is fetched from anywhere, and every name is escaped.
    """
    copies, won = sum(len(group.members) for group in groups), sum(group.wasted for group in groups)
    yield _HEAD
    yield f"<header><h1>Pictures that are the same</h1>\n<p>{_counted(len(groups), 'group')} with {copies} to spare: "
    yield f"{_size(won)} can be won. The first of each group is the best of it, and the others were laid on it. "
    yield "What wins most comes first.</p></header>\n"
    for group in sorted(groups, key=lambda one: (-one.wasted, one.number)):
        yield _section(group)
    if unreadable:
        yield f"<section><h2>Unreadable: {len(unreadable)}</h2>\n<ul>\n"
        for one in unreadable:
            yield f"<li>{_name(one.path)}: {html.escape(_printable(one.error))}</li>\n"
        yield "</ul></section>\n"
    yield "</body></html>\n"


def _section(group: Group) -> str:
    parts = [
        f"<section><h2>Group {group.number} <span>{_counted(len(group.members), 'copy', 'copies')},"
        f" {_size(group.wasted)} can be won</span></h2>\n<div>\n"
    ]
    parts.append(_figure(group.reference, "reference", group.reason, _thumbnail(group.reference)))
    for member in group.members:
        # Bytes that have been shown need not be shown again.
        shown = _EQUAL if member.file.sha256 == group.reference.sha256 else _thumbnail(member.file)
        parts.append(_figure(member.file, str(member.relation), _why(member), shown))
    return "".join((*parts, "</div></section>\n"))


def _why(member: Member) -> str:
    return f"{member.explanation}, a hard link" if member.hard_link_to else member.explanation


def _figure(file: FileFacts, role: str, text: str, image: str) -> str:
    return (
        f"<figure><samp>{image}</samp><figcaption><b>{html.escape(role)}</b> <span>{_size(file.size)}</span>"
        f" {_name(file.path)} <span>{html.escape(_printable(text))}</span></figcaption></figure>\n"
    )


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _size(size: int) -> str:
    """Return a size as people read it, with its bytes where they point."""
    told = (
        f"{size} bytes" if size < 1000 else f"{size / 1e3:.0f} KB" if size < 1e6 else f"{size / 1e6:.1f} MB"
    )
    return f'<abbr title="{size:,} bytes">{told}</abbr>'


def _name(path: str) -> str:
    return f"<bdi>{html.escape(_printable(path))}</bdi>"


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def _thumbnail(file: FileFacts) -> str:
    """Return an img element with the picture, on white, as a data URI."""
    try:
        data = small_jpeg(load(os.fspath(file.path)), COLLECTION.thumbnail, quality=75)
    except UnreadableError:
        return "<i>gone, or changed since it was read</i>"
    return f'<img loading="lazy" alt="" src="data:image/jpeg;base64,{base64.b64encode(data).decode()}">'
