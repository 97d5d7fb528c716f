"""The optional native part: built where there is a C compiler, left out without a word where there is none."""

import sys
from pathlib import Path

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "samepic._native",
            sorted(str(path) for path in Path("src/samepic").glob("_*.c")),
            depends=["src/samepic/_native.h"],
            # Figures are added as the reference adds them, without the fused products of some processors. Loops
            # become operations on many numbers only at -O3, which not every Python asks for. Microsoft's compiler adds
            # so by itself, and knows `restrict` only in C11.
            extra_compile_args=["/std:c11"]
            if sys.platform == "win32"
            else ["-O3", "-ffp-contract=off", "-fno-math-errno"],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
