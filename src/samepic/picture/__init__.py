"""Any source -> Picture: what a viewer would show. The only package that knows file formats."""

from __future__ import annotations

from samepic.picture.equal import equal_pixels
from samepic.picture.loader import inspect, load, opened
from samepic.picture.picture import Picture
from samepic.picture.source import Encoded, read

__all__ = ["Encoded", "Picture", "equal_pixels", "inspect", "load", "opened", "read"]
