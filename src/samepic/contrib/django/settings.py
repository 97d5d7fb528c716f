"""SAMEPIC in the site's settings: what may be said there, and what is wrong with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.conf import settings as site
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from samepic.errors import SamepicError
from samepic.gate.policy import GatePolicy
from samepic.limits import CONTRIB
from samepic.profile import Profile
from samepic.store.opening import Replicas

__all__ = ["GateSettings", "SettingsProblem", "current", "problems"]


class SettingsProblem(NamedTuple):
    """Something wrong with SAMEPIC: the number of the system check, what is wrong, and what to do."""

    number: str
    text: str
    hint: str


@dataclasses.dataclass(frozen=True, slots=True)
class GateSettings:
    """SAMEPIC = {"STORE": ...}: one key for each attribute, in capitals; all but STORE have a default.

    Attributes:
        store: a path, "sqlite:///PATH" or "postgresql://...".
        tenant: the collection of its own within the store, for fields that name none.
        policy: what is done for which relation, as a mapping or a text such as "edited=accept".
        profile: the file of a profile that `samepic calibrate` made.
        workers: processes that decode uploads, 0 for this process.
        copycode: find crops, borders and captions too, for about 20 ms an upload more.
        originals: say the last word on the files in the storage, and not on the small proxies.
        max_bytes: what an upload may take at most.
        replicas: URLs of standbys of a PostgreSQL store, which answer what only looks.
        link: the URL of an object, or None where the uploader may not see it: a callable, or where to import it from;
            default `get_absolute_url`.
        message: what the uploader reads: a callable of (decision, object or None, URL or None), or where to import
            it from.
        orphan_seconds: age from which a kept picture that no object shows any more refuses nothing.
    """

    store: str
    tenant: str = ""
    policy: Mapping[str, str] | str | None = None
    profile: str | None = None
    workers: int = CONTRIB.workers
    copycode: bool = CONTRIB.copycode
    originals: bool = True
    max_bytes: int = CONTRIB.upload_bytes
    replicas: Sequence[str] = ()
    link: Any = None
    message: Any = None
    orphan_seconds: float = CONTRIB.orphan_seconds

    @property
    def gate_policy(self) -> GatePolicy:
        """The policy of the gate. Raises ProfileError for one that makes no sense."""
        if isinstance(self.policy, str):
            return GatePolicy.parse(self.policy)
        return GatePolicy.of(self.policy)

    def called(self, name: str) -> Callable[..., object] | None:
        """Return the callable of the setting `name`, None where there is none. Raises ImportError."""
        value = getattr(self, name)
        found: Callable[..., object] | None = import_string(value) if isinstance(value, str) else value
        return found


_NAMES = tuple(field.name.upper() for field in dataclasses.fields(GateSettings))
_KINDS: Mapping[str, tuple[type, ...]] = {
    "TENANT": (str,),
    "POLICY": (str, Mapping, type(None)),
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
        if name not in _NAMES:
            yield SettingsProblem(
                "E002", f"SAMEPIC: {name!r} is no setting.", f"Those there are: {', '.join(_NAMES)}."
            )
            return
    yield from _wrong_values(given)


def _wrong_values(given: Mapping[str, Any]) -> Iterator[SettingsProblem]:
    for name, kinds in _KINDS.items():
        if name in given and not isinstance(given[name], kinds):
            expected = " or ".join(kind.__name__ for kind in kinds if kind is not type(None))
            # Addresses of servers hold passwords.
            found = f"a {type(given[name]).__name__}" if name == "REPLICAS" else repr(given[name])
            yield SettingsProblem("E003", f'SAMEPIC["{name}"]: expected {expected}, found {found}.', "")
            return
    settings = _settings(given)
    for name in ("MAX_BYTES", "WORKERS", "ORPHAN_SECONDS"):
        least = 1 if name == "MAX_BYTES" else 0
        if getattr(settings, name.lower()) < least:
            yield SettingsProblem(
                "E003", f'SAMEPIC["{name}"]: expected {least} or more, found {given[name]!r}.', ""
            )
    try:
        _ = settings.gate_policy
        if settings.profile is not None:
            Profile.read(settings.profile)
        Replicas(settings.replicas).close()
    except (SamepicError, OSError) as error:
        yield SettingsProblem("E003", f"SAMEPIC: {error}.", "")
    for name in ("link", "message"):
        try:
            if not callable(settings.called(name) or print):
                yield SettingsProblem(
                    "E003",
                    f'SAMEPIC["{name.upper()}"]: expected a callable, found {given[name.upper()]!r}.',
                    "",
                )
        except ImportError as error:
            yield SettingsProblem("E003", f'SAMEPIC["{name.upper()}"]: {error}.', "")


def _settings(given: Mapping[str, Any]) -> GateSettings:
    values = {name.lower(): value for name, value in given.items()}
    values["store"] = str(values["store"])
    return GateSettings(**values)


def _shown(given: object) -> str:
    """Show what is wrong without the password of a store's URL."""
    if isinstance(given, Mapping):
        return f"one with {', '.join(map(str, given)) or 'nothing'}"
    return "nothing" if given is None else f"a {type(given).__name__}"
