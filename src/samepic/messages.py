"""Messages: what a visitor of a site reads of an upload, one sentence for each case, in the visitor's language.

The catalogues are the files locale/LANGUAGE/LC_MESSAGES/samepic.po, with the English sentence as the msgid; see
docs/languages.md. A site's people and programs read the technical sentences, which are in English only.
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from enum import Enum, StrEnum
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from samepic.errors import LimitError, TruncatedError, UnreadableError, UnsupportedError, WorkerError

__all__ = ["ENGLISH", "LANGUAGES", "Change", "Message", "Notice", "catalogue_language", "preferred_language"]

LOCALE: Final = Path(__file__).parent / "locale"
"""The folder of the catalogues."""

LANGUAGES: Final = ("en", *sorted(path.name for path in LOCALE.iterdir() if path.is_dir()))
"""The languages that there are: English, and one for each catalogue."""

_ALIASES: Final = {
    "zh": "zh-hans", "zh-cn": "zh-hans", "zh-sg": "zh-hans", "zh-my": "zh-hans",
    "zh-tw": "", "zh-hk": "", "zh-mo": "", "zh-hant": "",
}  # fmt: skip
"""Chinese by region; readers of traditional characters get what they prefer next."""


class Message(Enum):
    """The cases that a visitor can meet, with their sentences in English: a closed set.

    A sentence has two forms where a number decides. The last two are the label of a link, and what separates changes.
    """

    _value_: str | tuple[str, str]

    NEW = "This picture has not been uploaded before."
    DUPLICATE = "This picture has already been uploaded."
    DUPLICATE_CHANGED = "This picture has already been uploaded (%(changes)s)."
    DUPLICATE_WAITING = "This picture has already been uploaded and is waiting for review."
    OWN_DUPLICATE = "You have already uploaded this picture."
    OWN_DUPLICATE_CHANGED = "You have already uploaded this picture (%(changes)s)."
    OWN_DUPLICATE_WAITING = "You have already uploaded this picture. It is waiting for review."
    REVIEW = "This picture resembles one that is already here, so a person will look at it first."
    REVIEW_COMMON = "Pictures like this one are uploaded very often, so a person will look at it first."
    DAMAGED = "This file is damaged or incomplete. Please check it and try again."
    NOT_A_PICTURE = "This file is damaged or not a picture. Please choose another one."
    UNSUPPORTED = "Pictures of this format are not accepted. Please choose a JPEG, PNG or WebP file."
    TOO_LARGE = "This file is too large. Please choose a smaller one."
    TOO_LARGE_BYTES = (
        "This file is too large. The limit is %(count)d byte.",
        "This file is too large. The limit is %(count)d bytes.",
    )
    TOO_LARGE_KB = "This file is too large. The limit is %(count)d KB."
    TOO_LARGE_MB = "This file is too large. The limit is %(count)d MB."
    TOO_LARGE_GB = "This file is too large. The limit is %(count)d GB."
    TOO_MANY_PIXELS = "This picture has too many pixels. Please make it smaller and try again."
    TOO_MANY_MEGAPIXELS = (
        "This picture has too many pixels. The limit is %(count)d megapixel.",
        "This picture has too many pixels. The limit is %(count)d megapixels.",
    )
    TOO_LONG = (
        "This picture is too wide or too tall. The limit is %(count)d pixel on each side.",
        "This picture is too wide or too tall. The limit is %(count)d pixels on each side.",
    )
    TOO_MANY_FRAMES = "This file contains too many pictures. The limit is %(count)d."
    TOO_COMPLEX = (
        "This picture is too complex to be opened here. Please save it as a JPEG file and try again."
    )
    TOO_SLOW = "The upload took too long. Please try again."
    UNAVAILABLE = "Pictures cannot be accepted right now. Please try again in a moment."
    SIGN_IN = "Please sign in."
    FORBIDDEN = "You are not allowed to do this."
    RELOAD = "This page is out of date. Please reload it."
    NOT_FOUND = "There is nothing here."
    UNKNOWN_PICTURE = "This picture does not exist."
    INVALID = "Something in this request is missing or invalid."
    TOO_MANY_TRIES = "Too many attempts. Please try again in a minute."
    FAILED = "Something went wrong. Please try again later."
    MAYBE_KNOWN = "This picture may have been uploaded before. Upload it to find out."
    SEEMS_NEW = "This picture does not seem to have been uploaded before. Upload it to be sure."
    UPLOAD_TO_KNOW = "This picture can only be recognized once it is uploaded."
    SEE = "See the picture that is already here."
    SEPARATOR = ", "


class Change(StrEnum):
    """What a person notices first between two copies of one picture, whichever was made of which: a closed set."""

    EDITED = "edited"
    CROPPED = "cropped"
    BORDERED = "bordered"
    INSET = "inset"
    ROTATED = "rotated"
    MIRRORED = "mirrored"
    DISTORTED = "distorted"
    BRIGHTNESS = "brightness"
    COLOR = "color"
    RESIZED = "resized"


ENGLISH: Mapping[Message | Change, str | tuple[str, str]] = {
    **{message: message.value for message in Message},
    Change.EDITED: "edited",
    Change.CROPPED: "cropped differently",
    Change.BORDERED: "with a different border",
    Change.INSET: "as part of a larger picture",
    Change.ROTATED: "rotated",
    Change.MIRRORED: "mirrored",
    Change.DISTORTED: "tilted or distorted",
    Change.BRIGHTNESS: "lighter or darker",
    Change.COLOR: "in different colors",
    Change.RESIZED: "in a different size",
}
"""The English text of everything that a visitor can read."""

_LIMITS: Final = {"side": Message.TOO_LONG, "frames": Message.TOO_MANY_FRAMES}
_UNUSABLE: Final = (
    (TruncatedError, Message.DAMAGED),
    (UnsupportedError, Message.UNSUPPORTED),
    ((LimitError, WorkerError), Message.TOO_COMPLEX),
)


class Notice(NamedTuple):
    """What a visitor reads: a message, its number, and what differs between two copies."""

    message: Message
    number: int = 0
    changes: tuple[Change, ...] = ()

    def text(self, language: str = "en") -> str:
        """Return the sentence in a language such as "de" or "pt-BR"; in English where there is no catalogue."""
        catalogue = _catalogue(catalogue_language(language) or "en")
        changes = _text(catalogue, Message.SEPARATOR).join(
            _text(catalogue, change) for change in self.changes
        )
        return _text(catalogue, self.message, self.number) % {"count": self.number, "changes": changes}

    @classmethod
    def too_large(cls, most: int) -> Notice:
        """Return the notice that a file has more than `most` bytes, which are named in whole units."""
        units = ((30, Message.TOO_LARGE_GB), (20, Message.TOO_LARGE_MB), (10, Message.TOO_LARGE_KB))
        for bits, message in units:
            if most >> bits and (most % (1 << bits) == 0 or most >> bits >= 100):
                return cls(message, most >> bits)
        return cls(Message.TOO_LARGE_BYTES, most)

    @classmethod
    def of_error(cls, error: UnreadableError | None) -> Notice:
        """Return the notice of a file that cannot be used."""
        limit, most = (error.limit, error.most) if error else ("", 0)
        if limit == "bytes":
            return cls.too_large(most)
        if limit == "pixels":
            megapixels = most // 1_000_000
            return cls(Message.TOO_MANY_MEGAPIXELS if megapixels else Message.TOO_MANY_PIXELS, megapixels)
        if limit in _LIMITS:
            return cls(_LIMITS[limit], most)
        return cls(next((one for kind, one in _UNUSABLE if isinstance(error, kind)), Message.NOT_A_PICTURE))


def catalogue_language(tag: str) -> str:
    """Return the one of LANGUAGES that a tag such as "de-AT" or "zh_CN" asks for, "" where there is none."""
    known = {name.lower().replace("_", "-"): name for name in LANGUAGES}
    parts = tag.strip().lower().replace("_", "-").split("-")
    for length in range(len(parts), 0, -1):
        part = "-".join(parts[:length])
        found = known.get(_ALIASES.get(part, part))
        if found or part in _ALIASES:
            return found or ""
    return ""


def preferred_language(accept_language: str) -> str:
    """Return the best of LANGUAGES for the header Accept-Language (RFC 9110, 12.5.4), "en" where none is wanted."""
    ranked = []
    for item in accept_language[:1000].split(","):
        tag, _, parameters = item.partition(";")
        name, _, value = parameters.replace(" ", "").partition("=")
        try:
            weight = float(value) if name.lower() == "q" else 1.0
        except ValueError:
            weight = 0.0
        language = "en" if tag.strip() == "*" else catalogue_language(tag)
        if language and 0 < weight <= 1:
            ranked.append((weight, language))
    return max(ranked, key=lambda one: one[0])[1] if ranked else "en"


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("samepic", LOCALE, [language], fallback=language == "en")


def _text(catalogue: gettext.NullTranslations, key: Message | Change, count: int = 0) -> str:
    english = ENGLISH[key]
    return catalogue.gettext(english) if isinstance(english, str) else catalogue.ngettext(*english, count)
