"""samepic for Flask: an extension, and a validator for WTForms. See docs/flask.md."""

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

try:
    from flask import Flask, current_app
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

    `sentence` is what the uploader reads, `url` where the picture is that is there already, `html` both together,
    `decision` what the gate said (None where it was not asked).
    """

    def __init__(
        self, status: int, sentence: str, decision: Decision | None = None, url: str | None = None
    ) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.decision, self.url = status, sentence, decision, url

    @property
    def html(self) -> Markup:
        """The sentence, with a link where there is one."""
        link = Markup(' <a href="{}">{}</a>').format(self.url, common.SEE) if self.url else Markup("")
        return escape(self.sentence) + link

    def get_description(self, environ: object = None, scope: object = None) -> str:
        """Return what the page of the error says."""
        return f"<p>{self.html}</p>"


class SamePic:
    """The gate of an application.

    Its settings are SAMEPIC_STORE, and if wanted SAMEPIC_TENANT, SAMEPIC_POLICY, SAMEPIC_PROFILE, SAMEPIC_COPYCODE,
    SAMEPIC_REPLICAS and SAMEPIC_WORKERS, which are those of `GateOptions`, and SAMEPIC_MAX_BYTES. `link` gives the URL
    of what is kept under a key, None where the uploader may not see it; `shown` says whether the site shows the picture
    of a key, so that what a crash left behind refuses nothing for long; `originals` opens the file of a key.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        link: Callable[[str], str | None] = lambda key: None,
        shown: Shown | None = None,
        originals: Callable[[str], object] | None = None,
    ) -> None:
        self._link, self._shown, self._originals = link, shown, originals
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
        return self._asked(partial(self.gate.check, _read(file), policy=policy, replaces=replaces))

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
        gate, taken, name = self.gate, _read(file), key or str(uuid.uuid4())
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
            status = common.STATUS[decision.outcome]
            raise RefusedUploadError(status, common.sentence(decision), decision, url)
        return decision


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


def _read(file: FileStorage) -> bytes:
    """Return the bytes of an upload, which stands at its beginning again. Raises PictureRefusedError for too many."""
    most: int = current_app.config["SAMEPIC_MAX_BYTES"]
    stream: IO[bytes] = file.stream
    stream.seek(0)
    data = stream.read(most + 1)
    stream.seek(0)
    if len(data) > most:
        raise RefusedUploadError(413, common.too_large(most))
    return data


PictureRefusedError = RefusedUploadError
UniquePicture = PictureValidator
"""The names to import."""
