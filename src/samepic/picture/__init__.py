"""Pictures: any source decoded to what a viewer would show. The only package that knows file formats."""

from samepic.picture.load import as_picture, inspect, load
from samepic.picture.picture import Encoded, Picture, equal_pixels, read

__all__ = ["Encoded", "Picture", "as_picture", "equal_pixels", "inspect", "load", "read"]
