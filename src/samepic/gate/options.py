"""What a gate is opened with: the action for each relation, the originals of kept pictures, and the other options."""

from __future__ import annotations

import errno
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar

from samepic.errors import ProfileError
from samepic.limits import LIMITS, UPLOAD, Limits
from samepic.profile import Profile
from samepic.values import FrozenDict, short_repr
from samepic.verdict import Relation

if TYPE_CHECKING:
    from samepic.picture import Encoded
    from samepic.sandbox.pool import Decoder
    from samepic.store import Replicas
    from samepic.store.contract import Store

KEY_LETTERS: Final = 1024
"""The longest key, and the longest name of a tenant."""


class PolicyAction(StrEnum):
    """What to do with an upload: a closed set."""

    REFUSE = "refuse"
    REVIEW = "review"
    ACCEPT = "accept"


_SAME = (Relation.SAME_FILE, Relation.SAME_PIXELS, Relation.RESAVED, Relation.ADJUSTED, Relation.REFRAMED)
_DEFAULTS: Mapping[Relation, PolicyAction] = FrozenDict(
    {
        **dict.fromkeys(Relation, PolicyAction.ACCEPT),
        **dict.fromkeys(_SAME, PolicyAction.REFUSE),
        Relation.EDITED: PolicyAction.REVIEW,
        Relation.SIMILAR: PolicyAction.REVIEW,
    }
)
_NEVER_REFUSED = (Relation.SIMILAR, Relation.DIFFERENT, Relation.UNDECIDABLE)


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """The action for each relation; `flooding` is the action where a kept picture matches very many uploads."""

    actions: Mapping[Relation, PolicyAction] = _DEFAULTS
    flooding: PolicyAction = PolicyAction.REVIEW

    __repr__ = short_repr

    @classmethod
    def of(
        cls, given: GatePolicy | Mapping[str, str] | str | None, base: GatePolicy | None = None
    ) -> GatePolicy:
        """Return the policy of what a caller gave: actions by relation (or "flooding"), changing those of `base`.

        A text is as for `parse`. Raises ProfileError for a relation or an action that does not exist, and for refusing
        what is not the same.
        """
        if isinstance(given, GatePolicy):
            return given
        if isinstance(given, str):
            return cls.parse(given, base)
        policy = base or cls()
        actions, flooding = dict(policy.actions), policy.flooding
        for name, value in (given or {}).items():
            try:
                action = PolicyAction(value)
            except ValueError:
                expected = f"one of {', '.join(PolicyAction)}"
                raise ProfileError(f"policy, {name}: expected {expected}, found {str(value)!r}") from None
            if name == "flooding":
                flooding = action
                continue
            relation = Relation.named(name)
            if relation in _NEVER_REFUSED and action is PolicyAction.REFUSE:
                raise ProfileError(
                    f"policy, {relation}: expected review or accept, found refuse: it is not the same"
                )
            actions[relation] = action
        return cls(FrozenDict(actions), flooding)

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


Originals = Callable[[str], object]
"""Gives the original of a key as bytes, a path or a binary file; None where it has none."""

_NO_NAMES = ("", ".", "..")
_NO_LETTERS = frozenset("/\0\\:" if os.name == "nt" else "/\0")


def originals_below(folder: str | os.PathLike[str], tenant: str = "") -> Originals:
    """Return what reads the file at FOLDER/key, or at FOLDER/tenant/key for a tenant that has a name.

    It returns None for a key that names no file there, and raises PermissionError for one that leads out of that
    folder, by a symbolic link too: no key of a tenant with a name reaches another's files. Raises as `read`.
    """

    def original(key: str) -> Encoded | None:
        from samepic.picture import read

        root = os.path.realpath(folder)
        parts = [tenant, *key.split("/")] if tenant else key.split("/")
        if any(part in _NO_NAMES or _NO_LETTERS & set(part) for part in parts):
            return None
        # A file system that minds neither case nor accents would give one tenant the folder of another.
        if tenant and tenant not in os.listdir(root):  # noqa: PTH208  (names suffice)
            return None
        try:
            found = Path(os.path.realpath(Path(root, *parts), strict=True))
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not found.is_relative_to(Path(root, tenant)):
            raise PermissionError(errno.EACCES, "it leads out of the folder of originals")
        return read(found, limits=UPLOAD)

    return original


@dataclass(frozen=True, slots=True)
class GateOptions:
    """The options of a gate: those of `Gate`, of the command line, the service and the parts for web frameworks."""

    # A path, "sqlite:///PATH" or "postgresql://...", with the URLs of shards after it, or an open store.
    store: str | os.PathLike[str] | Store = field(repr=False)
    _: KW_ONLY
    # A collection of its own within the store, invisible to other tenants.
    tenant: str = ""
    # Actions by relation, or a text such as "edited=accept": by default refuse the same picture, hold edited ones for
    # review, accept the rest.
    policy: GatePolicy | Mapping[str, str] | str | None = None
    # A profile that `samepic calibrate` made, or its file.
    profile: Profile | str | os.PathLike[str] | None = None
    # Opens the picture of a key, or the folder that has it at KEY (with a tenant at TENANT/KEY): matches are confirmed
    # on it and not on its proxy.
    originals: Originals | str | os.PathLike[str] | None = None
    # Decodes uploads: so many processes of bounded memory and time, 0 for this process, or a pool that gates share.
    workers: Decoder | int = 2
    limits: Limits = LIMITS
    # Find crops, borders and captions too, for about 20 ms an upload more.
    copycode: bool = True
    # Seconds before a pending upload of a dead process is ignored, at most 60.
    lease: float = 15.0
    # Standbys of a PostgreSQL store: `check` asks them in turn, with an index of their own, and the store itself where
    # none answers; everything else asks the store alone.
    replicas: Replicas | Sequence[str] = field(default=(), repr=False)

    def loaded_profile(self) -> Profile | None:
        """Return the profile, read where it is a file. Raises ProfileError."""
        given = self.profile
        return given if isinstance(given, Profile) or given is None else Profile.read(given)

    def opener(self) -> Originals | None:
        """Return what opens the original of a key; None where there are none, and for a folder without a name."""
        given = self.originals or None
        return originals_below(given, self.tenant) if isinstance(given, (str, os.PathLike)) else given


Made = TypeVar("Made")
Owner = TypeVar("Owner")
Parameters = ParamSpec("Parameters")


def takes(
    made: Callable[Parameters, Made],
) -> Callable[[Callable[[Owner, Made], None]], Callable[Concatenate[Owner, Parameters], None]]:
    """Return a decorator of an `__init__`: it takes the parameters of `made`, and gets what that makes of them."""

    def decorated(begin: Callable[[Owner, Made], None]) -> Callable[Concatenate[Owner, Parameters], None]:
        @wraps(begin)
        def init(self: Owner, /, *args: Parameters.args, **keywords: Parameters.kwargs) -> None:
            begin(self, made(*args, **keywords))

        signature = inspect.signature(begin)
        own = next(iter(signature.parameters.values()))
        parameters = [own, *inspect.signature(made).parameters.values()]
        init.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # read by inspect
        return init

    return decorated
