"""Profile: where "same" ends for a user, as `samepic calibrate` found it, or as the caller says."""

from __future__ import annotations

import math
import os
import re
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, NamedTuple, TypeVar

from samepic.errors import ProfileError
from samepic.reading import convert, read_json, require, shorten
from samepic.values import by_fields, values_of
from samepic.verdict import Relation
from samepic.writing import NO_SUCH_FILE, replacing

KIND = "samepic profile"
VERSION = 1
CLAMP = 1e-6  # the least distance of probabilities from 0 and 1 for logarithms
RUNGS = ("same-file", "same-pixels", "resaved", "adjusted", "reframed", "edited")
"""The relations that may end "same", the closest first; a test compares them with `Relation`."""

_MOST_BYTES = 1 << 20
_T = TypeVar("_T", bound="Profile | Origin")


@by_fields
@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """How a profile was made: the name and SHA-256 of the pairs, how many were compared, when and how."""

    csv: str
    sha256: str
    pairs: int
    date: str
    samepic: str
    command: str

    def __post_init__(self) -> None:
        digest = re.fullmatch("[0-9a-f]{64}", self.sha256)
        require(digest is not None, "sha256", "64 hexadecimal digits", self.sha256, ProfileError)
        require(self.pairs >= 0, "pairs", "a whole number from 0", self.pairs, ProfileError)


@by_fields
@dataclass(frozen=True, slots=True, eq=False)
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
        rungs = f"one of {', '.join(RUNGS)}"
        require(self.same_if in RUNGS, "same_if", rungs, str(self.same_if), ProfileError)
        probable = _is_number(self.probability) and 0 <= self.probability <= 1
        require(probable, "probability", "a number from 0 to 1", self.probability, ProfileError)
        positive = _is_number(self.slope) and self.slope > 0
        require(positive, "slope", "a finite number over 0", self.slope, ProfileError)
        require(_is_number(self.intercept), "intercept", "a finite number", self.intercept, ProfileError)

    def rescaled(self, probability: float) -> float:
        """Return a stated probability, 0 to 1, rescaled to the user's own pairs."""
        clamped = min(max(probability, CLAMP), 1 - CLAMP)
        return _logistic(self.slope * math.log(clamped / (1 - clamped)) + self.intercept)

    def to_dict(self) -> dict[str, Any]:
        """Return the profile in the shape of its file."""
        values = values_of(self) | {"origin": self.origin and asdict(self.origin)}
        return {"kind": KIND, "version": VERSION, **values}

    @classmethod
    def parse(cls, text: str | bytes, name: str = "<profile>") -> Profile:
        """Return the profile in `text`; messages call it `name`.

        Raises ProfileError, with what was expected and what was found, for another kind, version or shape.
        """
        import json

        data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        values = read_json(data, name, "one JSON object of samepic calibrate --write", ProfileError)
        # Kind and version come first: another version has other keys.
        for key, expected in (("kind", KIND), ("version", VERSION)):
            found = values.pop(key, None)
            fits = type(found) is type(expected) and found == expected
            require(fits, f"{name}: {key}", json.dumps(expected), found, ProfileError)
        origin = values.get("origin")
        made = None if origin is None else _strictly(origin, Origin, f"{name}: origin")
        return replace(_strictly({**values, "origin": None}, cls, name), origin=made)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Profile:
        """Return the profile in the file `path`; raise ProfileError where there is none."""
        from pathlib import Path

        name = os.fspath(path)
        try:
            with Path(name).open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
        except FileNotFoundError as error:
            raise ProfileError(f"{name}: {NO_SUCH_FILE}") from error
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
        import json
        from pathlib import Path

        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"
        with replacing(Path(path)) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _logistic(value: float) -> float:
    if value >= 0:
        return 1 / (1 + math.exp(-value))
    power = math.exp(value) if value > -700 else 0.0
    return power / (1 + power)


def _strictly(values: object, kind: type[_T], where: str) -> _T:
    """Return a dataclass from JSON that has every field of it, and no other."""
    result = convert(values, kind, where, ProfileError)
    assert isinstance(values, dict)
    names = [field.name for field in fields(kind)]
    for key in names:
        if key not in values:
            raise ProfileError(f"{where}: expected {key}, found none")
    for key in values:
        if key not in names:
            raise ProfileError(f"{where}: expected none but {', '.join(names)}, found {shorten(key)}")
    return result


def _is_number(value: object) -> bool:
    # JSON may hold a whole number of a thousand digits, which no float can hold.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e9


AS_STATED = (Relation.SAME_FILE, Relation.SAME_PIXELS, Relation.UNDECIDABLE)
"""Relations whose probability was not estimated, so that it is not rescaled."""


class Policy(NamedTuple):
    """Turns a relation and its probability into "the same" or not; `same_if` overrides that of the profile."""

    same_if: Relation = Relation.REFRAMED
    profile: Profile | None = None

    @classmethod
    def of(
        cls, same_if: Relation | str | None = None, profile: Profile | str | os.PathLike[str] | None = None
    ) -> Policy:
        """Return the policy for a caller's arguments; `same_if` overrides that of the profile. Raises ProfileError."""
        loaded = profile if isinstance(profile, Profile) or profile is None else Profile.read(profile)
        if same_if is None:
            same_if = loaded.same_if if loaded is not None else Relation.REFRAMED
        loosest = Relation.named(same_if)
        loosest.is_same(loosest)
        return cls(loosest, loaded)

    def probability(self, relation: Relation, stated: float) -> float:
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
        return self.profile is not None and probability < self.profile.probability

    def explain(self, relation: Relation, probability: float, sentence: str) -> str:
        """Return the sentence that explains a relation, with the profile's objection if there is one."""
        if self.profile is None or not (relation.is_same(self.same_if) and self.too_improbable(probability)):
            return sentence
        minimum = self.profile.probability
        return f"{sentence}; but the probability is {probability:.4g} and the profile requires at least {minimum:.4g}"
