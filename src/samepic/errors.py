"""Exceptions of samepic: one root, and one class per condition that a caller can handle."""

from __future__ import annotations


class SamepicError(Exception):
    """The base class of all exceptions that samepic raises."""


class SourceError(SamepicError, TypeError):
    """A source is not a path, bytes, file object, PIL image or ndarray of a known shape."""


class UnreadableError(SamepicError):
    """A source cannot be decoded as a picture.

    `name` is the file (or `<bytes>`, `<stream>`), `wanted` what was expected ("" where there is no such file) and `got`
    what was found. `limit` names the limit that the file exceeds, whose value is `most`: "bytes", "pixels" of a frame,
    its longer "side", "frames"; "" for others.
    """

    def __init__(self, name: str, wanted: str, got: str, limit: str = "", most: int = 0) -> None:
        super().__init__(f"{name}: expected {wanted}, found {got}" if wanted else f"{name}: {got}")
        self.name, self.wanted, self.got = name, wanted, got
        self.limit, self.most = limit, most

    def __reduce__(self) -> tuple[type[UnreadableError], tuple[str, str, str, str, int]]:
        return type(self), (self.name, self.wanted, self.got, self.limit, self.most)

    def renamed(self, name: str) -> UnreadableError:
        """Return the same error of the file `name`."""
        return type(self)(name, self.wanted, self.got, self.limit, self.most)


class TruncatedError(UnreadableError):
    """The file ends, or breaks, before its last pixel."""


class LimitError(UnreadableError):
    """The file asks for more than the limits allow: bytes, pixels, frames or metadata."""


class UnsupportedError(UnreadableError):
    """The format is known, but no installed decoder reads it."""


class MissingPartError(SamepicError, ImportError):
    """An optional dependency is not installed; the message names the extra that installs it."""


class ProfileError(SamepicError, ValueError):
    """A profile, a relation or a threshold does not exist or is invalid."""


class FingerprintError(SamepicError, ValueError):
    """A text is not a fingerprint, or two fingerprints have different versions."""


class ReportError(SamepicError, ValueError):
    """A report, plan, journal or list of pairs cannot be read, or does not match its files."""


class StoreError(SamepicError):
    """A store cannot be opened, has a newer schema, or failed; the call may be retried."""


class UnavailableError(StoreError):
    """No worker process is available to decode the picture; the call may be retried."""


class StoreKeyError(SamepicError, KeyError):
    """A key is unknown to the store, or already used for another picture.

    `field` names the refused argument: "key", "other_key", "replaces" or "tenant".
    """

    def __init__(self, *args: object, field: str = "key") -> None:
        super().__init__(*args)
        self.field = field

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class WorkerError(UnreadableError):
    """Decoding exceeded the limits of time or memory, or crashed the worker process."""


class BaselineError(SamepicError, ValueError):
    """The name or folder of a baseline is refused, or the baseline cannot be read or written."""


class NoBaselineError(SamepicError, AssertionError):
    """A picture has no baseline yet, or one that nobody has reviewed."""


class PictureChangedError(SamepicError, AssertionError):
    """A picture differs from its baseline; the message says what changed, and where."""


class MissingElementError(SamepicError, AssertionError):
    """An element whose picture is to be compared did not appear in time."""


def missing_part(module: str, framework: str, extra: str) -> MissingPartError:
    """Return the error that says which extra to install for a module of samepic."""
    return MissingPartError(f"{module} needs {framework}: {install_command(extra)}")


PUBLISHED = False
"""Whether package indexes have samepic. The first release sets it, and changes "Install" of README.md with it."""


def install_command(extra: str) -> str:
    """Return the words that say how to install an extra."""
    return (
        f"pip install 'samepic[{extra}]'"
        if PUBLISHED
        else f"pip install '.[{extra}]' in a checkout of samepic"
    )


# The last line of a failed test begins with the name of its error and is cut where the terminal ends.
for _error in (NoBaselineError, PictureChangedError, MissingElementError):
    _error.__module__ = "samepic"
