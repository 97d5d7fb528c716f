"""Arrays: the names of the NumPy arrays that modules pass to each other, and of every source of a picture."""

import os
from typing import IO, TYPE_CHECKING, Any, TypeAlias, Union

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import PIL.Image

Pixels: TypeAlias = NDArray[np.uint8]
"""Samples, 0 to 255: (height, width, 3) RGB unless the function says otherwise."""

Plane: TypeAlias = NDArray[np.uint8]
"""One channel, (height, width), 0 to 255."""

Floats: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]

Matrix: TypeAlias = NDArray[np.float64]
"""A 3x3 map between the pixels of two pictures; pixel centers have whole coordinates."""

Source: TypeAlias = Union[str, os.PathLike[str], bytes, IO[bytes], "PIL.Image.Image", NDArray[Any]]
"""A picture: its path, the bytes of its file, a binary file object, a PIL image, or an array (h, w[, 3 or 4])."""
