"""samepic.fingerprint: the public face of fingerprints."""

from __future__ import annotations

import inspect
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import samepic
from samepic import Fingerprint, FingerprintError


def test_a_fingerprint_comes_from_any_source_and_goes_to_text_and_back(astronaut: Path) -> None:
    made = samepic.fingerprint(astronaut)
    assert isinstance(made, Fingerprint) and (made.width, made.height, made.format) == (512, 512, "JPEG")
    assert Fingerprint.parse(str(made)) == made and len(str(made).splitlines()) == 1
    data = astronaut.read_bytes()
    with Image.open(astronaut) as image:
        others = (str(astronaut), data, io.BytesIO(data), image.convert("RGB"), np.asarray(image))
        prints = [samepic.fingerprint(source) for source in others]
    assert prints[:3] == [made, made, made]
    assert all(made.distance(other) <= 16 and other.sha256 == "" for other in prints[3:])


def test_fingerprints_of_two_versions_are_not_mixed(astronaut: Path) -> None:
    text = str(samepic.fingerprint(astronaut))
    with pytest.raises(FingerprintError, match="expected a fingerprint of version 4, found version '1'"):
        Fingerprint.parse(text.replace("$4$", "$1$", 1))


def test_the_function_tells_what_it_takes() -> None:
    assert list(inspect.signature(samepic.fingerprint).parameters) == [
        "source",
        "reference",
        "copycode",
        "limits",
    ]
    assert (samepic.fingerprint.__doc__ or "").startswith("Fingerprint a picture")
