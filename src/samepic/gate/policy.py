"""GatePolicy: the action for each relation between an upload and a kept picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from samepic.errors import ProfileError
from samepic.verdict import Relation

__all__ = ["GatePolicy", "PolicyAction"]


class PolicyAction(StrEnum):
    """What to do with an upload: a closed set."""

    REFUSE = "refuse"
    REVIEW = "review"
    ACCEPT = "accept"


_SAME = (Relation.SAME_FILE, Relation.SAME_PIXELS, Relation.RESAVED, Relation.ADJUSTED, Relation.REFRAMED)
_DEFAULTS: Mapping[Relation, PolicyAction] = MappingProxyType(
    {
        **dict.fromkeys(Relation, PolicyAction.ACCEPT),
        **dict.fromkeys(_SAME, PolicyAction.REFUSE),
        Relation.EDITED: PolicyAction.REVIEW,
    }
)
_NEVER_REFUSED = (Relation.SIMILAR, Relation.DIFFERENT, Relation.UNDECIDABLE)


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """The action for each relation; `flooding` is the action where a kept picture matches very many uploads."""

    actions: Mapping[Relation, PolicyAction] = field(default_factory=lambda: _DEFAULTS)
    flooding: PolicyAction = PolicyAction.REVIEW

    @classmethod
    def of(cls, given: GatePolicy | Mapping[str, str] | None, base: GatePolicy | None = None) -> GatePolicy:
        """Return the policy of what a caller gave: actions by relation (or "flooding"), changing those of `base`.

        Raises ProfileError for a relation or an action that does not exist, and for refusing what is not the same.
        """
        if isinstance(given, GatePolicy):
            return given
        policy = base or cls()
        actions, flooding = dict(policy.actions), policy.flooding
        for name, value in (given or {}).items():
            action = _action(name, value)
            if name == "flooding":
                flooding = action
                continue
            relation = Relation.named(name)
            if relation in _NEVER_REFUSED and action is PolicyAction.REFUSE:
                raise ProfileError(
                    f"policy, {relation}: expected review or accept, found refuse: it is not the same"
                )
            actions[relation] = action
        return cls(MappingProxyType(actions), flooding)

    @classmethod
    def parse(cls, text: str, base: GatePolicy | None = None) -> GatePolicy:
        """Return the policy that a text such as "edited=accept,reframed=review" names, changing that of `base`.

        Raises ProfileError.
        """
        given = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, mark, action = part.partition("=")
            if not mark:
                raise ProfileError(f"policy: expected RELATION=ACTION, found {part!r}")
            given[name.strip()] = action.strip()
        return cls.of(given, base)

    def __str__(self) -> str:
        actions = [f"{relation}={action}" for relation, action in sorted(self.actions.items())]
        return ",".join([*actions, f"flooding={self.flooding}"])


def _action(name: str, value: str) -> PolicyAction:
    try:
        return PolicyAction(value)
    except ValueError:
        raise ProfileError(
            f"policy, {name}: expected one of {', '.join(PolicyAction)}, found {str(value)!r}"
        ) from None
