"""Fingerprints: small values by which a picture is found again."""

from __future__ import annotations

from samepic.fingerprint.make import fingerprint
from samepic.fingerprint.pdq import FORMS
from samepic.fingerprint.value import Fingerprint

__all__ = ["FORMS", "Fingerprint", "fingerprint"]
