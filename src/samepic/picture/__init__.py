"""Any source -> Picture: what a viewer would show. The only package that knows file formats."""

from __future__ import annotations

from samepic.picture.load import inspect, load, opened
from samepic.picture.picture import Encoded, Picture, equal_pixels, read

__all__ = ["Encoded", "Picture", "equal_pixels", "inspect", "load", "opened", "read"]
