"""Write tests/golden/pdq.json with the package pdqhash 0.2.8: `python -m tests.golden.make_pdq`, pdqhash installed."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import numpy as np

from tests.fingerprints.pictures import golden_pictures

GOLDEN = Path(__file__).with_name("pdq.json")


def main() -> None:
    pdqhash = import_module("pdqhash")

    vectors = {}
    for name, rgb in golden_pictures().items():
        bits, quality = pdqhash.compute(rgb)
        forms, _ = pdqhash.compute_dihedral(rgb)
        vectors[name] = {
            "pdq": np.packbits(bits).tobytes().hex(),
            "quality": quality,
            "forms": [np.packbits(form).tobytes().hex() for form in forms],
        }
    GOLDEN.write_text(json.dumps({"made by": "pdqhash 0.2.8, x86-64", "vectors": vectors}, indent=1) + "\n")


if __name__ == "__main__":
    main()
