"""The classical measures of the difference between two pictures: pure functions, each with its source.

Arrays are uint8, (height, width, 3) sRGB or (height, width, 4) with straight alpha. `table` puts them
together.
"""

from __future__ import annotations

from samepic.measures.table import NAMES, Measured, Measures, Reliability, measure_arrays

__all__ = ["NAMES", "Measured", "Measures", "Reliability", "measure_arrays"]
