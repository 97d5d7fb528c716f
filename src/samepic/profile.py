"""Profile: where "same" ends for a user, as `samepic calibrate` found it, or as the caller says."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NoReturn

from samepic.errors import ProfileError
from samepic.limits import CALIBRATION
from samepic.verdict import Relation
from samepic.writing import replacing

__all__ = ["AS_STATED", "KIND", "RUNGS", "VERSION", "Origin", "Policy", "Profile"]

KIND = "samepic profile"

VERSION = 1

RUNGS = ("same-file", "same-pixels", "resaved", "adjusted", "reframed", "edited")
"""The relations that may end "same", the closest first; a test compares them with `Relation`."""

_MOST_BYTES = 1 << 20

_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Origin:
    """How a profile was made: the name and SHA-256 of the list of pairs, how many were compared, when and how."""

    csv: str
    sha256: str
    pairs: int
    date: str
    samepic: str
    command: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Where "same" ends: the loosest relation `same_if` and the least `probability`, 0 to 1, after rescaling.

    A stated probability p becomes p' with logit(p') = `slope` * logit(p) + `intercept` (Platt, Probabilistic
    outputs for support vector machines, 1999). `origin` is None for a profile written by hand.

    Raises ProfileError for values out of range.
    """

    same_if: str = "reframed"
    probability: float = 0.0
    slope: float = 1.0
    intercept: float = 0.0
    origin: Origin | None = None

    def __post_init__(self) -> None:
        _check("same_if", str(self.same_if), f"one of {', '.join(RUNGS)}", lambda v: v in RUNGS)
        _check(
            "probability", self.probability, "a number from 0 to 1", lambda v: _is_number(v) and 0 <= v <= 1
        )
        _check("slope", self.slope, "a finite number over 0", lambda v: _is_number(v) and v > 0)
        _check("intercept", self.intercept, "a finite number", _is_number)

    def rescaled(self, probability: float) -> float:
        """Return a stated probability, 0 to 1, rescaled to the user's own pairs."""
        margin = CALIBRATION.clamp
        clamped = min(max(probability, margin), 1 - margin)
        return _logistic(self.slope * math.log(clamped / (1 - clamped)) + self.intercept)

    def to_dict(self) -> dict[str, Any]:
        """Return the profile in the shape of its file."""
        return {
            "kind": KIND,
            "version": VERSION,
            "same_if": str(self.same_if),
            "probability": self.probability,
            "slope": self.slope,
            "intercept": self.intercept,
            "origin": self.origin and asdict(self.origin),
        }

    @classmethod
    def parse(cls, text: str | bytes, name: str = "<profile>") -> Profile:
        """Return the profile in `text`; messages call it `name`.

        Raises ProfileError, with what was expected and what was found, for another kind, version or shape.
        """
        try:
            return _from_values(_parse_object(text))
        except ProfileError as error:
            raise ProfileError(f"{name}: {error}") from None

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Profile:
        """Return the profile in the file `path`; raise ProfileError where there is none."""
        name = os.fspath(path)
        try:
            with Path(name).open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
            raise ProfileError(f"{name}: expected a profile, found {reason}") from error
        if len(data) > _MOST_BYTES:
            raise ProfileError(f"{name}: expected a profile, found a file of more than {_MOST_BYTES} bytes")
        return cls.parse(data, name)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the profile to the file `path`, replacing what is there as a whole.

        Raises OSError, with the file, where that fails.
        """
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"
        with replacing(Path(path)) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _logistic(value: float) -> float:
    if value >= 0:
        return 1 / (1 + math.exp(-value))
    power = math.exp(value) if value > -700 else 0.0
    return power / (1 + power)


def _parse_object(text: str | bytes) -> dict[str, Any]:
    try:
        value = json.loads(
            text.decode("utf-8") if isinstance(text, bytes) else text,
            object_pairs_hook=_unique_keys,
            parse_constant=_reject_constant,
        )
    except (ValueError, RecursionError) as error:
        if isinstance(error, ProfileError):
            raise
        raise ProfileError(f"expected one JSON object of samepic calibrate --write, found {error}") from None
    if not isinstance(value, dict):
        raise ProfileError(f"expected one JSON object of samepic calibrate --write, found {_shorten(value)}")
    return value


def _from_values(values: dict[str, Any]) -> Profile:
    # Kind and version come first: another version has other keys.
    _check("kind", values.get("kind"), f'"{KIND}"', lambda v: v == KIND)
    _check("version", values.get("version"), str(VERSION), lambda v: type(v) is int and v == VERSION)
    _check_keys(values, ("kind", "version", *(field.name for field in fields(Profile))), "")
    origin = values["origin"]
    if origin is not None:
        _check("origin", origin, "an object or null", lambda v: isinstance(v, dict))
        _check_keys(origin, tuple(field.name for field in fields(Origin)), "origin: ")
        for key in ("csv", "date", "samepic", "command"):
            _check(f"origin: {key}", origin[key], "a text", lambda v: isinstance(v, str))
        _check("origin: sha256", origin["sha256"], "64 hexadecimal digits", _is_digest)
        _check("origin: pairs", origin["pairs"], "a whole number from 0", lambda v: type(v) is int and v >= 0)
        origin = Origin(**origin)
    _check("same_if", values["same_if"], "a text", lambda v: isinstance(v, str))
    return Profile(values["same_if"], values["probability"], values["slope"], values["intercept"], origin)


def _check_keys(values: dict[str, Any], keys: tuple[str, ...], prefix: str) -> None:
    for key in keys:
        if key not in values:
            raise ProfileError(f"{prefix}expected {key}, found none")
    for key in values:
        if key not in keys:
            raise ProfileError(f"{prefix}expected none but {', '.join(keys)}, found {_shorten(key)}")


def _check(key: str, value: object, expected: str, fits: Callable[[Any], bool]) -> None:
    if not fits(value):
        raise ProfileError(f"{key}: expected {expected}, found {_shorten(value)}")


def _is_number(value: object) -> bool:
    # JSON may hold a whole number of a thousand digits, which no float can hold.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e9


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise ProfileError(f"expected each key once, found {_shorten(repeated)} twice")
    return found


def _reject_constant(text: str) -> NoReturn:
    raise ProfileError(f"expected finite numbers, found {text}")


def _shorten(value: object) -> str:
    text = json.dumps(value, default=repr) if not isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:60] + "..."


AS_STATED = (Relation.SAME_FILE, Relation.SAME_PIXELS, Relation.UNDECIDABLE)
"""Relations whose probability was not estimated, so that it is not rescaled."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Turns a relation and its probability into "the same" or not; `same_if` overrides that of the profile."""

    same_if: Relation = Relation.REFRAMED
    profile: Profile | None = None

    @classmethod
    def of(
        cls, same_if: Relation | str | None = None, profile: Profile | str | os.PathLike[str] | None = None
    ) -> Policy:
        """Return the policy for a caller's arguments; `same_if` overrides that of the profile.

        Raises ProfileError for a relation that cannot end "same" and for a file without a profile.
        """
        loaded = profile if isinstance(profile, Profile) or profile is None else Profile.read(profile)
        if same_if is None:
            same_if = loaded.same_if if loaded is not None else Relation.REFRAMED
        loosest = Relation.named(same_if)
        loosest.is_same(loosest)
        return cls(loosest, loaded)

    def probability(self, relation: Relation, stated: float) -> float:
        """Return a stated probability, 0 to 1, as the profile rescales it."""
        if self.profile is None or relation in AS_STATED:
            return stated
        return self.profile.rescaled(stated)

    def same(self, relation: Relation, probability: float) -> bool | None:
        """Return whether a relation with this rescaled probability counts as the same; None for undecidable."""
        within = relation.is_same(self.same_if)
        if within and self.too_improbable(probability):
            return False
        return within

    def too_improbable(self, probability: float) -> bool:
        """Return whether a rescaled probability is under the profile's minimum."""
        return self.profile is not None and probability < self.profile.probability

    def explain(self, relation: Relation, probability: float, sentence: str) -> str:
        """Return the sentence that explains a relation, with the profile's objection if there is one."""
        if self.profile is None or not (relation.is_same(self.same_if) and self.too_improbable(probability)):
            return sentence
        minimum = self.profile.probability
        return f"{sentence}; but the probability is {probability:.4g} and the profile requires at least {minimum:.4g}"
