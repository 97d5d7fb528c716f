"""Profile: where "same" ends for a user, as `samepic calibrate` found it, or the loosest relation that is given."""

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

__all__ = ["AS_STATED", "KIND", "RUNGS", "VERSION", "Origin", "Policy", "Profile"]

KIND = "samepic profile"

VERSION = 1

RUNGS = ("same-file", "same-pixels", "resaved", "adjusted", "reframed", "edited")
"""The relations that may end "same"; a test holds them to the ladder of `Relation`, which is a later layer."""

_MOST_BYTES = 1 << 20

_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a profile was made from: name and SHA-256 of the list of pairs, how many were compared, when and how."""

    csv: str
    sha256: str
    pairs: int
    date: str
    samepic: str
    command: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Where "same" ends: the farthest relation `same_if` and the least `probability`, 0 to 1, after rescaling.

    A stated probability p becomes p' with logit(p') = `slope` * logit(p) + `intercept` (Platt, Probabilistic
    outputs for support vector machines, 1999). `origin` is None for a profile written by hand.

    Raises ProfileError for values that make no sense.
    """

    same_if: str = "reframed"
    probability: float = 0.0
    slope: float = 1.0
    intercept: float = 0.0
    origin: Origin | None = None

    def __post_init__(self) -> None:
        _checked("same_if", str(self.same_if), f"one of {', '.join(RUNGS)}", lambda v: v in RUNGS)
        _checked(
            "probability", self.probability, "a number from 0 to 1", lambda v: _number(v) and 0 <= v <= 1
        )
        _checked("slope", self.slope, "a finite number over 0", lambda v: _number(v) and v > 0)
        _checked("intercept", self.intercept, "a finite number", _number)

    def rescaled(self, probability: float) -> float:
        """Return the probability, 0 to 1, that the user's own pairs give to a stated one."""
        least = CALIBRATION.clamp
        held = min(max(probability, least), 1 - least)
        return _logistic(self.slope * math.log(held / (1 - held)) + self.intercept)

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
        """Return the profile that `text` holds; `name` stands for it in messages.

        Raises ProfileError, with name, wanted and got, for anything of another kind, version or shape.
        """
        try:
            return _profile(_object(text))
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
            raise ProfileError(f"{name}: wanted a profile, got {reason}") from error
        if len(data) > _MOST_BYTES:
            raise ProfileError(f"{name}: wanted a profile, got a file of more than {_MOST_BYTES} bytes")
        return cls.parse(data, name)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the profile to the file `path`, in the place of what is there, whole or not at all.

        Raises OSError, with the file, where that fails.
        """
        place = Path(path)
        beside = place.with_name(f".{place.name}.{os.getpid()}.part")
        try:
            beside.write_text(
                json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
            )
            beside.replace(place)
        except OSError as error:
            raise OSError(error.errno, error.strerror or str(error), str(place)) from error
        finally:
            beside.unlink(missing_ok=True)


def _logistic(value: float) -> float:
    if value >= 0:
        return 1 / (1 + math.exp(-value))
    grown = math.exp(value) if value > -700 else 0.0
    return grown / (1 + grown)


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        value = json.loads(
            text.decode("utf-8") if isinstance(text, bytes) else text,
            object_pairs_hook=_distinct,
            parse_constant=_no_number,
        )
    except (ValueError, RecursionError) as error:
        if isinstance(error, ProfileError):
            raise
        raise ProfileError(f"wanted one JSON object of samepic calibrate --write, got {error}") from None
    if not isinstance(value, dict):
        raise ProfileError(f"wanted one JSON object of samepic calibrate --write, got {_shown(value)}")
    return value


def _profile(found: dict[str, Any]) -> Profile:
    # Kind and version come first: the keys of another version are no mistake of the user.
    _checked("kind", found.get("kind"), f'"{KIND}"', lambda v: v == KIND)
    _checked("version", found.get("version"), str(VERSION), lambda v: type(v) is int and v == VERSION)
    _closed(found, ("kind", "version", *(one.name for one in fields(Profile))), "")
    origin = found["origin"]
    if origin is not None:
        _checked("origin", origin, "an object or null", lambda v: isinstance(v, dict))
        _closed(origin, tuple(one.name for one in fields(Origin)), "origin: ")
        for key in ("csv", "date", "samepic", "command"):
            _checked(f"origin: {key}", origin[key], "a text", lambda v: isinstance(v, str))
        _checked("origin: sha256", origin["sha256"], "64 hexadecimal digits", _digest)
        _checked(
            "origin: pairs", origin["pairs"], "a whole number from 0", lambda v: type(v) is int and v >= 0
        )
        origin = Origin(**origin)
    _checked("same_if", found["same_if"], "a text", lambda v: isinstance(v, str))
    return Profile(found["same_if"], found["probability"], found["slope"], found["intercept"], origin)


def _closed(found: dict[str, Any], keys: tuple[str, ...], where: str) -> None:
    for key in keys:
        if key not in found:
            raise ProfileError(f"{where}wanted {key}, got none")
    for key in found:
        if key not in keys:
            raise ProfileError(f"{where}wanted none but {', '.join(keys)}, got {_shown(key)}")


def _checked(key: str, value: object, wanted: str, fits: Callable[[Any], bool]) -> None:
    if not fits(value):
        raise ProfileError(f"{key}: wanted {wanted}, got {_shown(value)}")


def _number(value: object) -> bool:
    # A whole number of a thousand digits is no float, and JSON may hold one.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e9


def _digest(value: object) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ProfileError(f"wanted each key once, got {_shown(twice)} twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ProfileError(f"wanted finite numbers, got {text}")


def _shown(value: object) -> str:
    text = json.dumps(value, default=repr) if not isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:60] + "..."


AS_STATED = (Relation.SAME_FILE, Relation.SAME_PIXELS, Relation.UNDECIDABLE)
"""What is proven or cannot be told: no probability of it was ever estimated, so none is rescaled."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What turns a relation and its probability into "the same" or not; `same_if` is what counts, not the profile's."""

    same_if: Relation = Relation.REFRAMED
    profile: Profile | None = None

    @classmethod
    def of(
        cls, same_if: Relation | str | None = None, profile: Profile | str | os.PathLike[str] | None = None
    ) -> Policy:
        """Return the policy of what a caller gave; a `same_if` of their own goes before that of the profile.

        Raises ProfileError for a relation that cannot end "same" and for a file that holds no profile.
        """
        known = profile if isinstance(profile, Profile) or profile is None else Profile.read(profile)
        if same_if is None:
            same_if = known.same_if if known is not None else Relation.REFRAMED
        rung = Relation.named(same_if)
        rung.is_same(rung)
        return cls(rung, known)

    def probability(self, relation: Relation, stated: float) -> float:
        """Return a stated probability, 0 to 1, as the profile rescales it."""
        if self.profile is None or relation in AS_STATED:
            return stated
        return self.profile.rescaled(stated)

    def same(self, relation: Relation, probability: float) -> bool | None:
        """Tell whether a relation with this probability, rescaled already, counts; None where it cannot be told."""
        within = relation.is_same(self.same_if)
        if within and self.too_improbable(probability):
            return False
        return within

    def too_improbable(self, probability: float) -> bool:
        """Tell whether a probability, rescaled already, is under the least that the profile asks for."""
        return self.profile is not None and probability < self.profile.probability

    def explanation(self, relation: Relation, probability: float, sentence: str) -> str:
        """Return the sentence that explains a relation, with what the profile has against it."""
        if self.profile is None or not (relation.is_same(self.same_if) and self.too_improbable(probability)):
            return sentence
        least = self.profile.probability
        return (
            f"{sentence}; but the probability is {probability:.4g} and the profile wants at least {least:.4g}"
        )
