"""Arrays: the names of the NumPy arrays that modules pass to each other."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
"""Samples, 0 to 255: (height, width, 3) RGB unless the function says otherwise."""

Plane: TypeAlias = NDArray[np.uint8]
"""One channel, (height, width), 0 to 255."""

Floats: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]

Matrix: TypeAlias = NDArray[np.float64]
"""A 3x3 map between the pixels of two pictures; pixel centers have whole coordinates."""
