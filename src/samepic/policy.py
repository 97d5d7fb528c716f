"""Where "same" ends: the farthest relation that counts, and a user's own profile where one is given."""

from __future__ import annotations

import os
from dataclasses import dataclass

from samepic.profiles.user import Profile
from samepic.verdict import Relation

__all__ = ["AS_STATED", "Policy"]

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

    def told(self, relation: Relation, probability: float, sentence: str) -> str:
        """Return the sentence that explains a relation, with what the profile has against it."""
        if self.profile is None or not (relation.is_same(self.same_if) and self.too_improbable(probability)):
            return sentence
        least = self.profile.probability
        return (
            f"{sentence}; but the probability is {probability:.4g} and the profile wants at least {least:.4g}"
        )
