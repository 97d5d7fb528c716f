"""Bring the catalogues up to date: `python -m tests.make_catalogues [LANGUAGE...]` adds messages, and compiles.

Each samepic.po gets the messages that it lacks, without a translation, and loses those that are gone; samepic.mo is
made of it. A LANGUAGE that has no catalogue gets an empty one. Exits with 1 while a message is not translated.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import polib

from samepic.messages import ENGLISH, LANGUAGES, LOCALE

HEADER = {
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
}


def po_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "samepic.po"


def expected_entries() -> Iterator[polib.POEntry]:
    """Yield an entry without a translation for each message, in the order of the program."""
    for key, english in ENGLISH.items():
        msgid, plural = (english, "") if isinstance(english, str) else english
        flags = ["python-format"] if "%(" in msgid else []
        untranslated = {0: "", 1: ""} if plural else {}
        yield polib.POEntry(
            msgid=msgid,
            msgid_plural=plural,
            msgstr_plural=untranslated,
            comment=f"{type(key).__name__}.{key.name}",
            flags=flags,
        )


def updated(language: str) -> polib.POFile:
    """Return the catalogue of a language with exactly the messages of the program."""
    path = po_path(language)
    before = polib.pofile(str(path)) if path.exists() else polib.POFile()
    after = polib.POFile(wrapwidth=100)
    after.metadata = before.metadata or {**HEADER, "Language": language, "Plural-Forms": ""}
    for entry in expected_entries():
        known = before.find(entry.msgid)
        if known is not None and known.msgid_plural == entry.msgid_plural:
            entry.msgstr, entry.msgstr_plural = known.msgstr, known.msgstr_plural
        after.append(entry)
    return after


def main(languages: list[str]) -> int:
    """Write the catalogues of all languages, and of new ones."""
    left = 0
    for language in sorted({*LANGUAGES[1:], *languages}):
        catalogue = updated(language)
        path = po_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue.save(str(path))
        catalogue.save_as_mofile(str(path.with_suffix(".mo")))
        for entry in catalogue.untranslated_entries():
            print(f"{language}: not translated: {entry.msgid}")
            left += 1
    return int(left > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
