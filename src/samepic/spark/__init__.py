"""samepic on Apache Spark: collections of any size, with the same results as on one machine. See docs/scale.md."""

from importlib import import_module

from samepic.errors import missing_part

for _name in ("pyspark", "pyarrow"):
    try:
        import_module(_name)
    except ModuleNotFoundError:
        raise missing_part("samepic.spark", "PySpark and PyArrow", "spark") from None

from samepic.spark.catalog import fingerprints  # noqa: E402  (as above)
from samepic.spark.duplicates import find_duplicates  # noqa: E402  (after what says what is missing)

__all__ = ["find_duplicates", "fingerprints"]
