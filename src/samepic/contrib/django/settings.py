"""SAMEPIC in the site's settings: what may be said there, and what is wrong with it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from django.conf import settings as site
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from samepic.contrib.common import ORPHAN_SECONDS, SHARED, UPLOAD_BYTES
from samepic.errors import SamepicError
from samepic.gate.options import GateOptions, GatePolicy
from samepic.store import Replicas


class SettingsProblem(NamedTuple):
    """Something wrong with SAMEPIC: the number of the system check, what is wrong, and what to do."""

    number: str
    text: str
    hint: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class GateSettings:
    """SAMEPIC = {"STORE": ...}: one key, in capitals, for each of SHARED in `options` and for each other attribute."""

    options: GateOptions
    originals: bool = True  # say the last word on the files in the storage, and not on the small proxies
    max_bytes: int = UPLOAD_BYTES  # what an upload may take at most
    # The URL of an object, or None where the uploader may not see it: a callable, or where to import it from; default
    # `get_absolute_url`.
    link: Any = None
    # What the uploader reads: a callable of (decision, object or None, URL or None), or where to import it from.
    message: Any = None
    # The age from which a picture that no object shows refuses nothing.
    orphan_seconds: float = ORPHAN_SECONDS

    def called(self, name: str) -> Callable[..., object] | None:
        """Return the callable of the setting `name`, None where there is none. Raises ImportError."""
        value = getattr(self, name)
        found: Callable[..., object] | None = import_string(value) if isinstance(value, str) else value
        return found


_OWN = tuple(field.name for field in dataclasses.fields(GateSettings) if field.name != "options")
NAMES = tuple(name.upper() for name in (*SHARED, *_OWN))
"""The keys that SAMEPIC may have."""

_KINDS: Mapping[str, tuple[type, ...]] = {
    "STORE": (str, os.PathLike),
    "TENANT": (str,),
    "POLICY": (str, Mapping, type(None)),
    "PROFILE": (str, os.PathLike, type(None)),
    "WORKERS": (int,),
    "COPYCODE": (bool,),
    "ORIGINALS": (bool,),
    "MAX_BYTES": (int,),
    "REPLICAS": (str, list, tuple),
    "ORPHAN_SECONDS": (int, float),
}


def current() -> GateSettings:
    """Return the settings of the site. Raises ImproperlyConfigured with the first thing that is wrong."""
    given: Any = getattr(site, "SAMEPIC", None)
    for problem in problems(given):
        raise ImproperlyConfigured(f"{problem.text} {problem.hint}")
    return _settings(given)


def problems(given: object) -> Iterator[SettingsProblem]:
    """Yield what is wrong with a value of SAMEPIC; the store is not opened."""
    if not isinstance(given, Mapping) or not given.get("STORE"):
        yield SettingsProblem(
            "E001",
            f'SAMEPIC: expected a mapping with "STORE", found {_shown(given)}.',
            'For instance SAMEPIC = {"STORE": BASE_DIR / "pictures.db"}.',
        )
        return
    for name in given:
        if name not in NAMES:
            hint = f"Those there are: {', '.join(NAMES)}."
            yield SettingsProblem("E002", f"SAMEPIC: {name!r} is no setting.", hint)
            return
    for name, kinds in _KINDS.items():
        if name in given and not isinstance(given[name], kinds):
            expected = " or ".join(kind.__name__ for kind in kinds if kind is not type(None))
            # Addresses of servers hold passwords.
            hidden = name in ("STORE", "REPLICAS")
            found = f"a {type(given[name]).__name__}" if hidden else repr(given[name])
            yield _wrong(name, f"expected {expected}, found {found}")
            return
    settings = _settings(given)
    for name, least in (("MAX_BYTES", 1), ("WORKERS", 0), ("ORPHAN_SECONDS", 0)):
        if given.get(name, least) < least:
            yield _wrong(name, f"expected {least} or more, found {given[name]!r}")
    try:
        GatePolicy.of(settings.options.policy)
        settings.options.loaded_profile()
        Replicas(given.get("REPLICAS", ())).close()
    except (SamepicError, OSError) as error:
        yield SettingsProblem("E003", f"SAMEPIC: {error}.")
    for name in ("LINK", "MESSAGE"):
        try:
            if not callable(settings.called(name.lower()) or print):
                yield _wrong(name, f"expected a callable, found {given[name]!r}")
        except ImportError as error:
            yield _wrong(name, str(error))


def _wrong(name: str, text: str) -> SettingsProblem:
    return SettingsProblem("E003", f'SAMEPIC["{name}"]: {text}.')


def _settings(given: Mapping[str, Any]) -> GateSettings:
    values = {name.lower(): value for name, value in given.items()}
    options = {name: values.pop(name) for name in SHARED if name in values}
    return GateSettings(GateOptions(**options), **values)


def _shown(given: object) -> str:
    """Show what is wrong without the password of a store's URL."""
    if isinstance(given, Mapping):
        return f"one with {', '.join(map(str, given)) or 'nothing'}"
    return "nothing" if given is None else f"a {type(given).__name__}"
