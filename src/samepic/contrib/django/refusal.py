"""PictureRefusedError: an upload that is not taken, as an error that any form can show."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.html import format_html
from django.utils.translation import gettext as _

from samepic.contrib.common import SEE, sentence, too_large
from samepic.contrib.django import keys
from samepic.contrib.django.settings import current
from samepic.verdict import Decision, Outcome

__all__ = ["PictureRefusedError"]


class PictureRefusedError(ValidationError):
    """An upload that is not taken: a duplicate, no sound picture, or too large.

    `status` is the HTTP status that says so (409, 422 or 413), `sentence` what the uploader is told, `url` where the
    picture is that is there already, `found` the object that shows it, `decision` what the gate said (None where it was
    not asked), `field` the name of the model's field. As a form's error it is the sentence with a link.
    """

    def __init__(
        self,
        told: str,
        code: str,
        status: int,
        *,
        decision: Decision | None = None,
        found: models.Model | None = None,
        url: str | None = None,
    ) -> None:
        html = format_html('{} <a href="{}">{}</a>', told, url, _(SEE)) if url else told
        super().__init__(html, code=code)
        self.sentence, self.status = told, status
        self.decision, self.found, self.url = decision, found, url
        self.field: str | None = None

    @classmethod
    def of(cls, decision: Decision) -> PictureRefusedError:
        """Return the refusal that a gate decided on, in the site's own words where SAMEPIC["MESSAGE"] gives them."""
        found = keys.find(decision.match.key) if decision.match else None
        url = keys.link_of(found)
        message = current().called("message")
        told = sentence(decision) if message is None else str(message(decision, found, url))
        if decision.outcome is Outcome.DUPLICATE:
            return cls(told, "duplicate", 409, decision=decision, found=found, url=url)
        return cls(told, "unreadable", 422, decision=decision)

    @classmethod
    def too_large(cls, limit: int) -> PictureRefusedError:
        """Return the refusal of an upload of more than `limit` bytes."""
        return cls(too_large(limit), "too-large", 413)

    def to_dict(self) -> dict[str, Any]:
        """Return what a script wants to know: code, message, and the URL of the picture that is there already."""
        return {"code": self.code, "message": self.sentence, "url": self.url}
