"""UniqueImageField and UniquePictureValidator: for forms without a model, and for serializers of any kind."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db.models.fields.files import FieldFile
from django.utils.deconstruct import deconstructible

from samepic.contrib.django import admission

__all__ = ["UniqueImageField", "UniqueImageFormField", "UniquePictureValidator"]


class UniqueImageFormField(forms.ImageField):
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


UniqueImageField = UniqueImageFormField
"""The name to import, as of the model's field."""


@deconstructible
class UniquePictureValidator:
    """Refuses an upload that the gate knows or that is no sound picture; it takes nothing in.

    Whoever takes it in, a `UniqueImageField` or `gate().admit`, has the last word on two copies at once.
    """

    def __init__(self, tenant: str | None = None, policy: Mapping[str, str] | None = None) -> None:
        self.tenant, self.policy = tenant, policy

    def __call__(self, file: File) -> None:
        """Look at an upload; a file that is stored already is not looked at. Raises PictureRefusedError."""
        if file and not getattr(file, "_committed", False):
            admission.examine(admission.read(file), self.tenant, self.policy)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and (self.tenant, self.policy) == (other.tenant, other.policy)

    def __hash__(self) -> int:
        return hash((type(self), self.tenant))
