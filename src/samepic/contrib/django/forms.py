"""UniqueImageField for forms without a model behind them."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models.fields.files import FieldFile

from samepic.contrib.django import admission

__all__ = ["UniqueImageField"]


class UniqueImageField(forms.ImageField):
    """An ImageField of a form that refuses what the gate knows, with a sentence and a link to it.

    It looks and takes nothing in. The cleaned file has the gate's answer in `decision`. A model form needs none of
    this: the field of the model looks.
    """

    def __init__(
        self, *, tenant: str | None = None, policy: Mapping[str, str] | None = None, **kwargs: object
    ) -> None:
        self.tenant, self.policy = tenant, policy
        super().__init__(**kwargs)

    def clean(self, data: UploadedFile | None, initial: FieldFile | None = None) -> UploadedFile | FieldFile:
        """Return the upload. Raises PictureRefusedError, a ValidationError."""
        file = super().clean(data, initial)
        if data and file:
            file.decision = admission.examine(admission.read(file), self.tenant, self.policy)
        return file
