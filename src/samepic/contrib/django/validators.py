"""UniquePictureValidator: the look at an upload as a validator, for fields and serializers of any kind."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.files import File
from django.utils.deconstruct import deconstructible

from samepic.contrib.django import admission

__all__ = ["UniquePictureValidator"]


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
