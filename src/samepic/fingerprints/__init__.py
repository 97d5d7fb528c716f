"""Fingerprints: small values by which pictures are found again."""

from samepic.fingerprints.fingerprint import Fingerprint
from samepic.fingerprints.make import fingerprint
from samepic.fingerprints.pdq import FORMS

__all__ = ["FORMS", "Fingerprint", "fingerprint"]
