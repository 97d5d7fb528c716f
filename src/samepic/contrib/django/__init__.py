"""samepic for Django: the app "samepic.contrib.django". See docs/django.md."""

from importlib import import_module

from samepic.errors import missing_part

try:
    import_module("django")
except ModuleNotFoundError:
    raise missing_part("samepic.contrib.django", "Django", "django") from None
