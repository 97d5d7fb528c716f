"""Write copycode.json, the copy codes of the example photographs: `python -m tests.golden.make_copycode`."""

from __future__ import annotations

import json
from pathlib import Path

import samepic

HERE = Path(__file__).parent
PHOTOS = HERE.parent.parent / "examples" / "photos"

if __name__ == "__main__":
    codes = {
        path.stem: samepic.fingerprint(path, copycode=True).copycode.hex()
        for path in sorted(PHOTOS.iterdir())
        if path.suffix in (".jpg", ".png")
    }
    (HERE / "copycode.json").write_text(json.dumps(codes, indent=1) + "\n")
