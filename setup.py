"""The optional native part: built where there is a C compiler, left out without a word where there is none."""

from setuptools import Extension, setup

_PARTS = ("native", "pdq", "look", "screen", "png", "join", "quantization", "tone", "cells", "corners", "dc")

setup(
    ext_modules=[
        Extension(
            "samepic._native",
            [f"src/samepic/_{part}.c" for part in _PARTS],
            depends=["src/samepic/_native.h"],
            # Figures are added as the reference adds them, without the fused products of some processors.
            extra_compile_args=["-ffp-contract=off", "-fno-math-errno"],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
