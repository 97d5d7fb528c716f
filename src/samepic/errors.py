"""Everything samepic raises: one root, and one class per thing a caller can act on."""

from __future__ import annotations

__all__ = [
    "BaselineError",
    "FingerprintError",
    "LimitError",
    "MissingPartError",
    "NoBaselineError",
    "PictureChangedError",
    "ProfileError",
    "ReportError",
    "SamepicError",
    "SourceError",
    "StoreError",
    "StoreKeyError",
    "TruncatedError",
    "UnavailableError",
    "UnreadableError",
    "UnsupportedError",
    "WorkerError",
    "missing_part",
]


class SamepicError(Exception):
    """The root of everything samepic raises on purpose."""


class SourceError(SamepicError, TypeError):
    """What was passed is not a path, bytes, file object, PIL image or ndarray of a known shape."""


class UnreadableError(SamepicError):
    """A source holds no picture that can be decoded.

    `name` is the file (or `<bytes>`, `<stream>`), `wanted` and `got` say what was expected and what came.
    """

    def __init__(self, name: str, wanted: str, got: str) -> None:
        super().__init__(f"{name}: wanted {wanted}, got {got}")
        self.name, self.wanted, self.got = name, wanted, got

    def __reduce__(self) -> tuple[type[UnreadableError], tuple[str, str, str]]:
        return type(self), (self.name, self.wanted, self.got)


class TruncatedError(UnreadableError):
    """The file ends, or breaks, before its last pixel."""


class LimitError(UnreadableError):
    """The file asks for more than the limits allow: bytes, pixels, frames or metadata."""


class UnsupportedError(UnreadableError):
    """The format is known, but nothing installed here decodes it."""


class MissingPartError(SamepicError, ImportError):
    """An optional part is not installed; the message says which extra brings it."""


class ProfileError(SamepicError, ValueError):
    """A profile, a relation or a threshold that does not exist or makes no sense."""


class FingerprintError(SamepicError, ValueError):
    """A text that is no fingerprint, or two fingerprints of different versions."""


class ReportError(SamepicError, ValueError):
    """A report, plan, journal or list of pairs that cannot be read or does not fit the files it names."""


class StoreError(SamepicError):
    """A store that cannot be opened, is of a newer schema, or broke off; what was asked of it may be tried again."""


class UnavailableError(StoreError):
    """No worker process can look at the picture now; nothing is said of it, and it may be tried again."""


class StoreKeyError(SamepicError, KeyError):
    """A key that a store does not know, or that it holds already for another picture.

    `field` names the argument that was refused: "key", "other_key", "replaces" or "tenant".
    """

    def __init__(self, *args: object, field: str = "key") -> None:
        super().__init__(*args)
        self.field = field

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class WorkerError(UnreadableError):
    """Decoding cost more time or memory than the limits allow, or ended the process that decoded."""


class BaselineError(SamepicError, ValueError):
    """A baseline of the pytest plugin whose name or place is refused, or that cannot be read or written."""


class NoBaselineError(SamepicError, AssertionError):
    """A picture that has no baseline yet, or one that nobody has looked at."""


class PictureChangedError(SamepicError, AssertionError):
    """A picture that is not the same as its baseline; the message says what changed, and where."""


def missing_part(module: str, framework: str, extra: str) -> MissingPartError:
    """Return the error that says what to install for a part of samepic."""
    return MissingPartError(f"{module}: wanted {framework}, got nothing: pip install 'samepic[{extra}]'")


# The last line of a failed test begins with the name of its error and is cut where the terminal ends.
for _error in (NoBaselineError, PictureChangedError):
    _error.__module__ = "samepic"
