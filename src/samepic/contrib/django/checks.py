"""System checks: SAMEPIC makes sense, and its store can be opened."""

from __future__ import annotations

from django.conf import settings as site
from django.core import checks

from samepic.contrib.django.gates import gate
from samepic.contrib.django.settings import problems
from samepic.errors import MissingPartError, SamepicError

__all__ = ["check", "register"]


def register() -> None:
    """Register the check with Django."""
    checks.register(check)


def check(**_: object) -> list[checks.CheckMessage]:
    """Return what is wrong: E001 no store, E002 unknown setting, E003 wrong value, E004 a store not to be opened."""
    found = [
        checks.Error(problem.text, hint=problem.hint or None, id=f"samepic.{problem.number}")
        for problem in problems(getattr(site, "SAMEPIC", None))
    ]
    if found:
        return found
    try:
        gate().status()
    except MissingPartError as error:
        return [checks.Error(f"SAMEPIC: a part is not installed: {error}.", id="samepic.E004")]
    except SamepicError as error:
        hint = "Uploads fail until the store can be reached."
        return [checks.Error(f"SAMEPIC: the store cannot be opened: {error}.", hint=hint, id="samepic.E004")]
    return []
