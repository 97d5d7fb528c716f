"""samepic on Apache Spark: collections of any size, the answers of one machine. See docs/scale.md."""

from __future__ import annotations

from importlib import import_module

from samepic.contrib.common import missing

for _name in ("pyspark", "pyarrow"):
    try:
        import_module(_name)
    except ModuleNotFoundError:
        raise missing("samepic.contrib.spark", "PySpark and PyArrow", "spark") from None

from samepic.contrib.spark.duplicates import find_duplicates  # noqa: E402  (after what says what is missing)
from samepic.contrib.spark.prints import fingerprints  # noqa: E402  (as above)

__all__ = ["find_duplicates", "fingerprints"]
