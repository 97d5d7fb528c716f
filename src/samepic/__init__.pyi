"""Every public name with the module it comes from, one a line: for type checkers, and read by __init__.py."""



from samepic.api import compare as compare
from samepic.api import measure as measure
from samepic.duplicates.finder import find as find
from samepic.duplicates.groups import FileFacts as FileFacts
from samepic.duplicates.groups import Group as Group
from samepic.duplicates.groups import Member as Member
from samepic.duplicates.walk import Unreadable as Unreadable
from samepic.errors import BaselineError as BaselineError
from samepic.errors import FingerprintError as FingerprintError
from samepic.errors import LimitError as LimitError
from samepic.errors import MissingPartError as MissingPartError
from samepic.errors import NoBaselineError as NoBaselineError
from samepic.errors import PictureChangedError as PictureChangedError
from samepic.errors import ProfileError as ProfileError
from samepic.errors import ReportError as ReportError
from samepic.errors import SamepicError as SamepicError
from samepic.errors import SourceError as SourceError
from samepic.errors import StoreError as StoreError
from samepic.errors import StoreKeyError as StoreKeyError
from samepic.errors import TruncatedError as TruncatedError
from samepic.errors import UnavailableError as UnavailableError
from samepic.errors import UnreadableError as UnreadableError
from samepic.errors import UnsupportedError as UnsupportedError
from samepic.errors import WorkerError as WorkerError
from samepic.facts import Depth as Depth
from samepic.facts import DetailChange as DetailChange
from samepic.facts import Doubt as Doubt
from samepic.facts import Facts as Facts
from samepic.facts import OriginalReason as OriginalReason
from samepic.facts import Placing as Placing
from samepic.facts import Proof as Proof
from samepic.facts import Series as Series
from samepic.facts import Side as Side
from samepic.facts import ToneChange as ToneChange
from samepic.fingerprints.fingerprint import Fingerprint as Fingerprint
from samepic.fingerprints.make import fingerprint as fingerprint
from samepic.gate.gate import AsyncGate as AsyncGate
from samepic.gate.gate import Gate as Gate
from samepic.gate.policy import GatePolicy as GatePolicy
from samepic.limits import LIMITS as LIMITS
from samepic.limits import Limits as Limits
from samepic.measures.table import Measured as Measured
from samepic.measures.table import Measures as Measures
from samepic.measures.table import Reliability as Reliability
from samepic.profile import Profile as Profile
from samepic.screens.compare import compare_screenshots as compare_screenshots
from samepic.tuning.screens import Screen as Screen
from samepic.verdict import Caveat as Caveat
from samepic.verdict import Decision as Decision
from samepic.verdict import Evidence as Evidence
from samepic.verdict import JpegInfo as JpegInfo
from samepic.verdict import Match as Match
from samepic.verdict import Outcome as Outcome
from samepic.verdict import PictureInfo as PictureInfo
from samepic.verdict import Region as Region
from samepic.verdict import Relation as Relation
from samepic.verdict import Transform as Transform
from samepic.verdict import Verdict as Verdict
from samepic.verdict import Visibility as Visibility

__version__: str
