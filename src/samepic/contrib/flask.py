"""samepic for Flask: an extension, and a validator for WTForms. See docs/fastapi.md."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from samepic.contrib import common
from samepic.contrib.common import AdmittedPicture, Shown
from samepic.decision import Decision
from samepic.errors import StoreError, missing_part
from samepic.messages import Message, Notice, preferred_language

try:
    from flask import Flask, current_app, has_request_context, request
    from markupsafe import Markup, escape
    from werkzeug.datastructures import FileStorage
    from werkzeug.exceptions import HTTPException
    from wtforms import Field, Form
    from wtforms.validators import ValidationError
except ModuleNotFoundError:
    raise missing_part("samepic.contrib.flask", "Flask and WTForms", "flask") from None

if TYPE_CHECKING:
    from samepic.gate.gate import Gate

__all__ = [
    "AdmittedPicture", "PictureRefusedError", "PictureValidator", "RefusedUploadError", "SamePic", "UniquePicture",
]  # fmt: skip

_NAME = "samepic"


class RefusedUploadError(HTTPException):
    """A rejected upload; unhandled, Flask answers 409, 413 or 422 with the sentence.

    `sentence` is what the uploader reads, in their `language`, `url` where the picture is that is there already, `html`
    both together, `decision` what the gate said (None where it was not asked).
    """

    def __init__(
        self,
        status: int,
        sentence: str,
        decision: Decision | None = None,
        url: str | None = None,
        language: str = "en",
    ) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.decision, self.url = status, sentence, decision, url
        self.language = language

    @property
    def html(self) -> Markup:
        """The sentence, with a link where there is one."""
        if not self.url:
            return escape(self.sentence)
        label = Notice(Message.SEE).text(self.language)
        return Markup('{} <a href="{}">{}</a>').format(self.sentence, self.url, label)

    def get_body(self, environ: object = None, scope: object = None) -> str:
        """Return the page of the error."""
        return common.error_page(self.language, self.sentence, self.html)


class SamePic:
    """The gate of an application.

    Its settings are SAMEPIC_STORE, and if wanted SAMEPIC_TENANT, SAMEPIC_POLICY, SAMEPIC_PROFILE, SAMEPIC_COPYCODE,
    SAMEPIC_REPLICAS and SAMEPIC_WORKERS, which are those of `GateOptions`, and SAMEPIC_MAX_BYTES. `link` gives the URL
    of what is kept under a key, None where the uploader may not see it; `own` says whether the picture of a key is the
    uploader's too, `language` in which language they read (default: as Accept-Language says); `shown` says whether the
    site shows the picture of a key, so that what a crash left behind refuses nothing for long; `originals` opens the
    file of a key.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        link: Callable[[str], str | None] = lambda key: None,
        own: Callable[[str], bool] = lambda key: False,
        language: Callable[[], str] = lambda: preferred_language(request.headers.get("Accept-Language", "")),
        shown: Shown | None = None,
        originals: Callable[[str], object] | None = None,
    ) -> None:
        self._link, self._shown, self._originals = link, shown, originals
        self._own, self._language = own, language
        self._lock = threading.Lock()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Make this the gate of an application. Raises StoreError where SAMEPIC_STORE is missing."""
        if not app.config.get("SAMEPIC_STORE"):
            raise StoreError(
                "SAMEPIC_STORE: expected a path, sqlite:///PATH or postgresql://..., found nothing"
            )
        app.config.setdefault("SAMEPIC_MAX_BYTES", common.UPLOAD_BYTES)
        app.extensions[_NAME] = _State(self)
        app.register_error_handler(StoreError, self._unavailable)

    @property
    def gate(self) -> Gate:
        """The gate of the application that is being served, opened when it is first asked for. Raises StoreError."""
        from samepic.gate.gate import Gate

        state, config = _state(), current_app.config
        with self._lock:
            if state.gate is None:
                given = {name: f"SAMEPIC_{name.upper()}" for name in common.SHARED}
                options = {name: config[setting] for name, setting in given.items() if setting in config}
                state.gate = Gate(**options, originals=self._originals)
            return state.gate

    def close(self) -> None:
        """Close the gate of the application; the next use opens it again."""
        state = _state()
        with self._lock:
            if state.gate is not None:
                state.gate.close()
            state.gate = None

    def check(
        self, file: FileStorage, *, policy: Mapping[str, str] | None = None, replaces: Collection[str] = ()
    ) -> Decision:
        """Check an upload. Raises PictureRefusedError for one that would be rejected, and StoreError."""
        return self._asked(partial(self.gate.check, self._read(file), policy=policy, replaces=replaces))

    @contextmanager
    def admit(
        self,
        file: FileStorage,
        key: str | None = None,
        *,
        data: Mapping[str, Any] | None = None,
        policy: Mapping[str, str] | None = None,
        replaces: Collection[str] = (),
    ) -> Iterator[AdmittedPicture]:
        """Admit an upload under `key` (default: a UUID) for the block; remove it again if the block raises.

        `data`, `policy` and `replaces` are as for `Gate.admit`. Raises PictureRefusedError for an upload that is not
        taken, with the block not entered, and StoreError.
        """
        gate, taken, name = self.gate, self._read(file), key or str(uuid.uuid4())
        ask = partial(gate.admit, taken, name, data=data, policy=policy, replaces=replaces)
        decision = self._asked(ask)
        try:
            yield AdmittedPicture(name, decision, taken, file.filename or "")
        except BaseException:
            common.give_back(gate, name, self._shown)
            raise

    def _asked(self, ask: Callable[[], Decision]) -> Decision:
        decision = common.past_orphans(self.gate, ask, self._shown)
        if decision.outcome in common.STATUS:
            url = self._link(decision.match.key) if decision.match else None
            own = decision.match is not None and self._own(decision.match.key)
            status, language = common.STATUS[decision.outcome], self.language()
            raise RefusedUploadError(status, decision.message(language, own=own), decision, url, language)
        return decision

    def language(self) -> str:
        """Return the language of the request's messages; outside of a request, English."""
        return self._language() if has_request_context() else "en"

    def _unavailable(self, error: StoreError) -> tuple[str, int, dict[str, str]]:
        """Answer 503 while the store cannot be reached; a handler of the site's own takes the place of this one."""
        current_app.logger.error("an upload failed: %s", error)
        language = self.language()
        sentence = Notice(Message.UNAVAILABLE).text(language)
        return common.error_page(language, sentence, str(escape(sentence))), 503, {"Retry-After": "5"}

    def _read(self, file: FileStorage) -> bytes:
        """Return the bytes of an upload, then at its beginning again. Raises RefusedUploadError for too many."""
        most: int = current_app.config["SAMEPIC_MAX_BYTES"]
        stream: IO[bytes] = file.stream
        stream.seek(0)
        data = stream.read(most + 1)
        stream.seek(0)
        if len(data) > most:
            language = self.language()
            raise RefusedUploadError(413, Notice.too_large(most).text(language), language=language)
        return data


class PictureValidator:
    """A validator for file fields that rejects a duplicate with a sentence and a link.

    It stores nothing: `SamePic.admit` does, and decides between two copies that arrive at once.
    """

    def __init__(self, *, policy: Mapping[str, str] | None = None) -> None:
        self.policy = policy

    def __call__(self, form: Form, field: Field) -> None:
        """Look at each file of the field; none is no concern of this validator. Raises ValidationError."""
        files = field.data if isinstance(field.data, (list, tuple)) else [field.data]
        for file in files:
            if isinstance(file, FileStorage) and file.filename:
                try:
                    _state().extension.check(file, policy=self.policy)
                except RefusedUploadError as refusal:
                    raise ValidationError(refusal.html) from None


@dataclass(slots=True)
class _State:
    extension: SamePic
    gate: Gate | None = None


def _state() -> _State:
    state = current_app.extensions.get(_NAME)
    if not isinstance(state, _State):
        raise StoreError(
            "samepic: expected an application with the extension, found one without: SamePic(app)"
        )
    return state


PictureRefusedError = RefusedUploadError
UniquePicture = PictureValidator
"""The names to import."""
