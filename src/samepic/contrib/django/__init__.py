"""samepic for Django: the app "samepic.contrib.django". See docs/django.md."""

from __future__ import annotations

from samepic.contrib.common import missing

try:
    import django as _django  # noqa: F401  (only to say what is missing)
except ModuleNotFoundError:
    raise missing("samepic.contrib.django", "Django", "django") from None

__all__: list[str] = []
