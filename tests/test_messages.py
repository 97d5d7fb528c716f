"""What visitors read: every sentence is in every catalogue, none has technical details, and none is elsewhere."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import polib
import pytest

import samepic
from samepic.decision import Decision, Match, Outcome
from samepic.errors import LimitError, TruncatedError, UnreadableError, UnsupportedError, WorkerError
from samepic.messages import (
    ENGLISH,
    LANGUAGES,
    Change,
    Message,
    Notice,
    catalogue_language,
    preferred_language,
)
from samepic.picture.load import load
from samepic.sandbox.pool import InProcess
from tests.make_catalogues import po_path, updated
from tests.test_structure import PACKAGE, ROOT

CATALOGUES = LANGUAGES[1:]
MATCH = Match("photo/1", samepic.Relation.REFRAMED, 0.93, "re-saved as JPEG quality 75")
NUMBERS = (0, 1, 2, 5, 100)


def test_there_are_the_six_languages_besides_english() -> None:
    assert set(LANGUAGES) >= {"en", "de", "fr", "es", "pt", "zh-Hans", "ja"}


def test_every_case_has_an_english_text() -> None:
    assert set(ENGLISH) == {*Message, *Change}


@pytest.mark.parametrize("language", CATALOGUES)
def test_a_catalogue_has_exactly_the_messages_of_the_program_and_all_of_them(language: str) -> None:
    catalogue = polib.pofile(str(po_path(language)), wrapwidth=100)
    assert str(catalogue) == str(updated(language)), "run python -m tests.make_catalogues"
    assert [entry.msgid for entry in catalogue.untranslated_entries()] == []
    assert [entry.msgid for entry in catalogue if entry.fuzzy or entry.obsolete] == []


@pytest.mark.parametrize("language", CATALOGUES)
def test_a_compiled_catalogue_is_that_of_its_source(language: str) -> None:
    path = po_path(language)
    assert path.with_suffix(".mo").read_bytes() == polib.pofile(str(path)).to_binary()


def fields(text: str) -> list[str]:
    return sorted(re.findall(r"%(?:\(\w+\))?.", text))


@pytest.mark.parametrize("language", CATALOGUES)
def test_a_translation_has_the_placeholders_of_its_message(language: str) -> None:
    for entry in polib.pofile(str(po_path(language))):
        for text in entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]:
            assert fields(text) == fields(entry.msgid), entry.msgid
            assert text == text.strip() or entry.msgid == ", "


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_a_whole_sentence_in_every_language_for_every_number(language: str) -> None:
    english_too = language == "en"
    for message in Message:
        for number in NUMBERS:
            notice = Notice(message, number, (Change.CROPPED, Change.COLOR))
            text = notice.text(language)
            assert text
            assert "%" not in text
            assert (str(number) in text) is ("%(count)d" in str(ENGLISH[message]))
            assert english_too or message is Message.SEPARATOR or text != notice.text()
    for change in Change:
        text = Notice(Message.DUPLICATE_CHANGED, 0, (change,)).text(language)
        assert english_too or str(ENGLISH[change]) not in text


def test_numbers_decide_the_form_as_each_language_has_it() -> None:
    def limit(language: str, number: int) -> str:
        return Notice.too_large(number).text(language).split(" ", 4)[-1]

    assert limit("en", 1).endswith(" 1 byte.")
    assert limit("en", 0).endswith(" 0 bytes.")
    assert limit("fr", 0).endswith(" 0 octet.")
    assert limit("fr", 2).endswith(" 2 octets.")


@pytest.mark.parametrize(
    ("most", "text"),
    [
        (20 << 20, "20 MB"),
        (3 << 19, "1536 KB"),
        (1 << 30, "1 GB"),
        (1234567, "1205 KB"),
        (5000, "5000 bytes"),
    ],
)
def test_a_limit_is_named_in_whole_units(most: int, text: str) -> None:
    assert Notice.too_large(most).text() == f"This file is too large. The limit is {text}."


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("de", "de"), ("DE-at", "de"), ("pt_BR", "pt"), ("zh", "zh-Hans"), ("zh-CN", "zh-Hans"),
        ("zh_Hans_CN", "zh-Hans"), ("zh-TW", ""), ("zh-Hant-HK", ""), ("xx", ""), ("", ""), ("../de", ""), ("deu", ""),
    ],
)  # fmt: skip
def test_a_tag_asks_for_a_catalogue(tag: str, language: str) -> None:
    assert catalogue_language(tag) == language
    assert Notice(Message.NEW).text(tag) == Notice(Message.NEW).text(language or "en")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"), ("*", "en"), ("ja", "ja"), ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr"),
        ("it, de;q=0.5", "de"), ("en;q=0.1, es;q=0.2", "es"), ("de;q=0, ja;q=0.001", "ja"), ("de;q=0", "en"),
        ("zh-TW, ja;q=0.3", "ja"), ("de;q=2, fr;q=0.1", "fr"), ("de;q=x, ;, fr ; q=0.4", "fr"), ("de;q=nan", "en"),
        ("en-US,en;q=0.9,de;q=0.8", "en"), ("a," * 100_000, "en"),
    ],
)  # fmt: skip
def test_accept_language_is_read_with_its_weights(header: str, language: str) -> None:
    assert preferred_language(header) == language


ERRORS = {
    LimitError("a.jpg", "at most 100000000 pixels", "3e8", "pixels", 100_000_000): "At most 100 megapixels",
    LimitError("a.jpg", "at most 10 bytes", "11", "bytes", 10): "10 bytes",
    LimitError("a.jpg", "", "x", "side", 7): "7 pixels on each side",
    LimitError("a.jpg", "", "x", "frames", 9): "The limit is 9.",
    LimitError("a.jpg", "at most 32 bytes of metadata", "33"): "too complex",
    WorkerError("a.jpg", "a picture that takes at most 20 s", "one that takes longer"): "too complex",
    TruncatedError("a.jpg", "a whole JPEG", "a segment that runs past its end at byte 7"): "incomplete",
    UnsupportedError("a.svg", "a picture", "SVG"): "format",
    UnreadableError("a.txt", "a picture", "none"): "not a picture",
}


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_an_unusable_file_has_a_sentence_of_its_own(error: UnreadableError) -> None:
    reason = Decision(Outcome.REFUSED, "x", error=error).reason
    assert ERRORS[error].removeprefix("At most ") in reason
    assert error.name not in reason
    assert error.renamed("b").limit == error.limit


def test_real_limits_reach_the_visitor_with_their_numbers() -> None:
    data = BytesIO()
    from PIL import Image

    Image.new("RGB", (50, 50)).save(data, "PNG")
    for limits, text in (
        (samepic.Limits(pixels=1000), "too many pixels"),
        (samepic.Limits(side=40), "40 pixels on each side"),
        (samepic.Limits(file_bytes=60), "60 bytes"),
    ):
        with pytest.raises(LimitError) as raised:
            load(data.getvalue(), limits=limits)
        assert text in Notice.of_error(raised.value).text()


@pytest.mark.parametrize(
    ("changed", "own", "text"),
    [
        ({}, False, "Dieses Bild wurde bereits hochgeladen."),
        ({}, True, "Sie haben dieses Bild bereits hochgeladen."),
        ({"waiting": True}, False, "Dieses Bild wurde bereits hochgeladen und wird noch geprüft."),
        ({"outcome": Outcome.ACCEPTED}, False, "Dieses Bild wurde noch nicht hochgeladen."),
    ],
)
def test_a_decision_says_whose_picture_it_was(changed: dict[str, object], own: bool, text: str) -> None:
    values: dict[str, object] = {"outcome": Outcome.DUPLICATE, "detail": "x", "match": MATCH, **changed}
    decision = Decision(**values)  # type: ignore[arg-type]
    assert decision.message("de", own=own) == text
    assert decision.to_dict("ja")["reason"] == decision.message("ja")


def test_what_a_visitor_reads_names_what_a_person_sees_and_nothing_of_the_encoder(tmp_path: Path) -> None:
    from PIL import Image, ImageOps

    from tests.contrib.uploads import PHOTOS

    with Image.open(PHOTOS / "chelsea.png") as picture:
        turned = ImageOps.mirror(picture.rotate(90, expand=True))
        smaller = picture.resize((picture.width // 2, picture.height // 2))
    with samepic.Gate(tmp_path / "store.db", workers=InProcess(), copycode=False) as gate:
        gate.admit(PHOTOS / "chelsea.png", "photo/1")
        for image, words in ((turned, "rotated, mirrored"), (smaller, "in a different size")):
            data = BytesIO()
            image.save(data, "JPEG", quality=71)
            decision = gate.check(data.getvalue())
            assert decision.outcome is Outcome.DUPLICATE
            assert decision.reason == f"This picture has already been uploaded ({words})."
            for language in LANGUAGES:
                assert not re.search(r"\d|JPEG|photo/1|store", decision.message(language))


SINKS = {
    "HTTPException", "HttpResponse", "JsonResponse", "Markup", "PictureRefusedError", "RefusedUploadError",
    "ValidationError", "cls", "error_page", "escape", "format_html", "mark_safe",
}  # fmt: skip
"""What makes something that a visitor reads, in the parts for web frameworks."""


def words_given_to_visitors(path: Path) -> Iterator[str]:
    """Yield texts with words in the calls that make what a visitor reads, and those under the name `message`."""
    for node in ast.walk(ast.parse(path.read_text())):
        given: list[ast.expr] = []
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = [*node.args, *(one.value for one in node.keywords)] if name in SINKS else []
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            given = [
                value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "message"
            ]
        for part in (part for one in given for part in ast.walk(one)):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                text = re.sub(r"<[^>]*>", "", part.value)
                if re.search(r"[a-z]+ [a-z]+", text):
                    yield f"{path.name}:{part.lineno}: {text}"


def test_no_sentence_for_visitors_is_outside_of_the_catalogues() -> None:
    found = [text for path in (PACKAGE / "contrib").rglob("*.py") for text in words_given_to_visitors(path)]
    assert found == []


def test_such_a_sentence_would_be_found(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(
        'raise HTTPException(409, {"message": "Too bad. Try again"})\nValidationError(f"no {x} here")\n'
    )
    assert len(list(words_given_to_visitors(path))) == 2


def test_every_code_of_the_service_has_its_sentence() -> None:
    from samepic.service.problems import MESSAGES

    files = [path for room in ("service", "pages") for path in (PACKAGE / room).rglob("*.py")]
    makers, codes = {"HttpProblem", "mismatch"}, set()
    for node in (node for path in files for node in ast.walk(ast.parse(path.read_text()))):
        if isinstance(node, ast.Call) and len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            codes |= {node.args[1].value} if name in makers else set()
    assert len(codes) > 8
    assert codes <= set(MESSAGES)


@pytest.mark.slow
def test_the_pages_on_languages_show_what_is_said(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "languages.md").read_text()
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    (output,) = re.findall(r"^```text\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    command, environment = [sys.executable, "-c", code], {**os.environ, "PYTHONIOENCODING": "utf-8"}
    shown = subprocess.run(
        command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True, env=environment
    )
    assert shown.stdout == output
    sentences = {notice.text() for notice in (Notice(one, 100) for one in Message)}
    sentences |= {
        Notice.too_large(20 << 20).text(),
        Notice(Message.DUPLICATE_CHANGED, 0, (Change.CROPPED, Change.ROTATED)).text(),
    }
    gate = (ROOT / "docs" / "gate.md").read_text().split("## What visitors read")[1].split("## ")[0]
    for text, count in ((page, 12), (gate, 5)):
        rows = re.findall(r"^\| .* \| (.*\.) \|$", text, re.MULTILINE)
        assert len(rows) == count
        assert set(rows) <= sentences
