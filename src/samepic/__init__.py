"""samepic: are these two the same picture? What a person who looks at both would say, with the reason."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

TYPE_CHECKING = False  # type checkers take it for true; importing it from typing would double the import time
if TYPE_CHECKING:
    from samepic.api import compare, measure
    from samepic.duplicates.finder import find
    from samepic.duplicates.groups import FileFacts, Group, Member
    from samepic.duplicates.walk import Unreadable
    from samepic.errors import (
        BaselineError,
        FingerprintError,
        LimitError,
        MissingPartError,
        NoBaselineError,
        PictureChangedError,
        ProfileError,
        ReportError,
        SamepicError,
        SourceError,
        StoreError,
        StoreKeyError,
        TruncatedError,
        UnavailableError,
        UnreadableError,
        UnsupportedError,
        WorkerError,
    )
    from samepic.facts import (
        Depth,
        DetailChange,
        Doubt,
        Facts,
        OriginalReason,
        Placing,
        Proof,
        Series,
        Side,
        ToneChange,
    )
    from samepic.fingerprints.fingerprint import Fingerprint
    from samepic.fingerprints.make import fingerprint
    from samepic.gate.gate import AsyncGate, Gate
    from samepic.gate.policy import GatePolicy
    from samepic.limits import LIMITS, Limits
    from samepic.measures.table import Measured, Measures, Reliability
    from samepic.profile import Profile
    from samepic.screens.compare import compare_screenshots
    from samepic.tuning.screens import Screen
    from samepic.verdict import (
        Caveat,
        Decision,
        Evidence,
        JpegInfo,
        Match,
        Outcome,
        PictureInfo,
        Region,
        Relation,
        Transform,
        Verdict,
        Visibility,
    )

__version__ = "0.1.0"

__all__ = [
    "LIMITS",
    "AsyncGate",
    "BaselineError",
    "Caveat",
    "Decision",
    "Depth",
    "DetailChange",
    "Doubt",
    "Evidence",
    "Facts",
    "FileFacts",
    "Fingerprint",
    "FingerprintError",
    "Gate",
    "GatePolicy",
    "Group",
    "JpegInfo",
    "LimitError",
    "Limits",
    "Match",
    "Measured",
    "Measures",
    "Member",
    "MissingPartError",
    "NoBaselineError",
    "OriginalReason",
    "Outcome",
    "PictureChangedError",
    "PictureInfo",
    "Placing",
    "Profile",
    "ProfileError",
    "Proof",
    "Region",
    "Relation",
    "Reliability",
    "ReportError",
    "SamepicError",
    "Screen",
    "Series",
    "Side",
    "SourceError",
    "StoreError",
    "StoreKeyError",
    "ToneChange",
    "Transform",
    "TruncatedError",
    "UnavailableError",
    "Unreadable",
    "UnreadableError",
    "UnsupportedError",
    "Verdict",
    "Visibility",
    "WorkerError",
    "__version__",
    "compare",
    "compare_screenshots",
    "find",
    "fingerprint",
    "measure",
]

_PUBLIC = {
    "samepic.duplicates.finder": ("find",),
    "samepic.duplicates.groups": ("FileFacts", "Group", "Member"),
    "samepic.duplicates.walk": ("Unreadable",),
    "samepic.api": ("compare", "measure"),
    "samepic.errors": (
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
    ),
    "samepic.facts": (
        "Depth",
        "DetailChange",
        "Doubt",
        "Facts",
        "OriginalReason",
        "Placing",
        "Proof",
        "Series",
        "Side",
        "ToneChange",
    ),
    "samepic.fingerprints.make": ("fingerprint",),
    "samepic.fingerprints.fingerprint": ("Fingerprint",),
    "samepic.gate.gate": ("AsyncGate", "Gate"),
    "samepic.gate.policy": ("GatePolicy",),
    "samepic.measures.table": ("Measured", "Measures", "Reliability"),
    "samepic.limits": ("LIMITS", "Limits"),
    "samepic.tuning.screens": ("Screen",),
    "samepic.profile": ("Profile",),
    "samepic.screens.compare": ("compare_screenshots",),
    "samepic.verdict": (
        "Caveat",
        "Decision",
        "Evidence",
        "JpegInfo",
        "Match",
        "Outcome",
        "PictureInfo",
        "Region",
        "Relation",
        "Transform",
        "Verdict",
        "Visibility",
    ),
}
_HOME = {name: module for module, names in _PUBLIC.items() for name in names}


class _Package(ModuleType):
    """Load what is public when it is first used, so that `import samepic` stays cheap."""

    def __getattr__(self, name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = getattr(import_module(_HOME[name]), name)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *__all__})


sys.modules[__name__].__class__ = _Package
