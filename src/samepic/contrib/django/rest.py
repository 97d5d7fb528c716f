"""samepic for Django REST framework: a serializer field that answers 409, 413, 422 and 503. See docs/django.md."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from samepic.errors import StoreError, missing_part

try:
    from rest_framework import serializers, views
    from rest_framework.exceptions import APIException
    from rest_framework.response import Response
except ModuleNotFoundError:
    raise missing_part("samepic.contrib.django.rest", "Django REST framework", "drf") from None

from django.core.exceptions import FieldDoesNotExist
from django.core.files import File
from django.core.validators import validate_image_file_extension
from django.db import models

from samepic.contrib.common import RETRY_SECONDS
from samepic.contrib.django import admission
from samepic.contrib.django.admission import PictureRefusedError, answer_to
from samepic.contrib.django.fields import UniquePicture

__all__ = [
    "RefusedPictureError",
    "UniqueImageField",
    "UniqueImageSerializerField",
    "exception_handler",
    "listen",
]

_log = logging.getLogger("samepic.contrib")


class RefusedPictureError(APIException):
    """What REST framework answers to an upload that is not taken: 409, 413 or 422, or 503 while there is no store.

    `detail` is the JSON object of the answer, and `__cause__` the PictureRefusedError or StoreError.
    """

    def __init__(self, error: PictureRefusedError | StoreError) -> None:
        self.status_code, self.detail = answer_to(error)
        self.__cause__ = error
        if isinstance(error, StoreError):
            self.wait = RETRY_SECONDS  # becomes Retry-After
            _log.error("an upload failed: %s", error)

    def __str__(self) -> str:
        return str(self.detail["error"]["message"])


class UniqueImageSerializerField(serializers.ImageField):
    """An ImageField of a serializer that refuses what the gate knows, whatever the view does with `errors`.

    It checks while the serializer validates. A `UniqueImageField` of the model admits in `save`, in one step with
    another check, and the answer to a copy that was faster is the same. A ModelSerializer uses this field for such
    fields by itself, with their `tenant` and `policy`; on a serializer without a model it only checks, and the
    validated file has the gate's decision in `decision`.
    """

    def __init__(
        self, *, tenant: str | None = None, policy: Mapping[str, str] | None = None, **kwargs: object
    ) -> None:
        self.tenant, self.policy = tenant, policy
        super().__init__(**kwargs)

    def to_internal_value(self, data: File) -> File:
        """Return the upload. Raises RefusedPictureError."""
        # Not by ImageField, whose error for a damaged file says nothing of what is wrong, with 400.
        file = super(serializers.ImageField, self).to_internal_value(data)
        field = self._field_of_model()
        if field is None or isinstance(field, models.ImageField):
            validate_image_file_extension(file)
        file.answer_with = RefusedPictureError  # `save` raises this
        try:
            if field is None:
                file.decision = admission.examine(admission.read(file), self.tenant, self.policy)
                return file
            instance = getattr(self.parent, "instance", None)
            known = isinstance(instance, field.model)
            # Whose tenant a new object is in is known when it is saved.
            if known or not callable(field.tenant):
                file.decision = field.examine(file, instance if known else field.model())
        except (PictureRefusedError, StoreError) as error:
            if isinstance(error, PictureRefusedError):
                error.field = self.field_name
            raise RefusedPictureError(error) from error
        return file

    def _field_of_model(self) -> UniquePicture | None:
        model = getattr(getattr(self.parent, "Meta", None), "model", None)
        try:
            field = model and model._meta.get_field(self.source)
        except FieldDoesNotExist:
            return None
        return field if isinstance(field, UniquePicture) else None


UniqueImageField = UniqueImageSerializerField
"""The name to import, as of the model's field."""


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer refusals of views that save without this field; for EXCEPTION_HANDLER in REST_FRAMEWORK."""
    if isinstance(error, (PictureRefusedError, StoreError)):
        error = RefusedPictureError(error)
    return views.exception_handler(error, context)


def listen() -> None:
    """Make ModelSerializer use this field for the models' pictures."""
    serializers.ModelSerializer.serializer_field_mapping[UniquePicture] = UniqueImageSerializerField
