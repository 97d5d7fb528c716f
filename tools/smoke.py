"""Try an installed samepic, as a wheel is tried where it was built: no checkout, no test tools."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

import samepic
from samepic.native import native

PHOTO = Path(__file__).parent.parent / "examples" / "photos" / "hubble.jpg"


def main() -> None:
    """Compare, find and admit a photograph and a copy of it, and let `samepic doctor` say that all works."""
    assert native is not None, "the wheel has no native part"
    command = [sys.executable, "-m", "samepic"]
    with TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        original, copy = folder / "hubble.jpg", folder / "again.jpg"
        original.write_bytes(PHOTO.read_bytes())
        with Image.open(original) as image:
            image.save(copy)
        verdict = samepic.compare(original, copy)
        assert verdict.relation == "resaved", verdict
        assert len(list(samepic.find([name]))) == 1
        with samepic.Gate(str(folder / "uploads.db")) as gate:
            outcomes = [gate.admit(path, path.name).outcome for path in (original, copy)]
        assert outcomes == ["accepted", "duplicate"], outcomes
        environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}  # what a console of Windows writes
        subprocess.run([*command, "compare", original, copy], env=environment, check=True)
        subprocess.run([*command, "doctor"], env=environment, check=True)


if __name__ == "__main__":  # processes that are spawned import this file again
    main()
