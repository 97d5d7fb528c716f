"""CPU time of copy codes by their steps, and of what is stable on any machine in turns with them.

    python -m bench.copycode_speed [--pictures N] [--rounds N]

The pictures are photographs as decoded for the code; one thread, everything warm. Each step is taken once a round; the
least, median and mean of all are told, and the median of each picture's ratio to ORB beside it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from bench.common import data_folder, header, photos
from bench.sources import half_of, pixels_of
from samepic.fingerprints.copycode import copycode, copycodes, network_input
from samepic.fingerprints.insets import insets

__all__: list[str] = []

Pixels = NDArray[np.uint8]

_ORB = "ORB of 500 points"


def _large(rgb: Pixels) -> bytes:
    """Return a JPEG of 4000 x 3000."""
    large = np.asarray(cv2.resize(rgb, (4000, 3000), interpolation=cv2.INTER_CUBIC), np.uint8)
    done, data = cv2.imencode(".jpg", large, [cv2.IMWRITE_JPEG_QUALITY, 90])
    assert done
    return data.tobytes()


def _orb(rgb: Pixels) -> object:
    gray = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    return cv2.ORB.create(500).detectAndCompute(gray, None)


def _chosen(data: Path, count: int) -> list[Pixels]:
    """Return photographs of the test half with 321 to 500 pixels on the shorter side, evenly spread."""
    names = [path.relative_to(data).as_posix() for path in photos(data)]
    names = [name for name in names if half_of(name) == "test"]
    found = []
    for name in names[:: max(1, len(names) // (2 * count))]:
        rgb = pixels_of(name)
        if 300 <= min(rgb.shape[:2]) <= 500:
            found.append(rgb)
    return found[:count]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    data = data_folder()
    if data is None:
        print("no pictures: set SAMEPIC_BENCH_DATA to the folder that holds photos/")
        return 2
    cv2.setNumThreads(1)
    rgbs = _chosen(data, options.pictures)
    large = _large(rgbs[0])
    steps: dict[str, Callable[[Pixels], object]] = {
        "made ready for the network": network_input,
        "code and those of the quarters": copycode,
        "insets sought": insets,
        "all codes, insets' too": copycodes,
        _ORB: _orb,
        "12 MP JPEG at 1/8, gray": lambda _: simplejpeg.decode_jpeg(
            large, "GRAY", min_height=375, min_width=500, min_factor=1
        ),
    }
    taken: dict[str, list[list[float]]] = {name: [] for name in steps}
    for rgb in rgbs:
        rounds: dict[str, list[float]] = {name: [] for name in steps}
        for _ in range(options.rounds):
            for name, step in steps.items():
                start = time.process_time()
                step(rgb)
                rounds[name].append((time.process_time() - start) * 1000)
        for name, series in rounds.items():
            taken[name].append(series)
    each = np.mean([len(insets(rgb)) for rgb in rgbs])
    print(f"{header()}, one thread")
    print(f"{len(rgbs)} photographs, {options.rounds} rounds, {each:.2f} insets a picture\n")
    print("| CPU ms | least | median | mean | ratio to ORB |\n|---|---|---|---|---|")
    for name, found in taken.items():
        ratio = statistics.median(min(a) / min(b) for a, b in zip(found, taken[_ORB], strict=True))
        low, middle, mean = np.min(found), np.median(found), np.mean(found)
        print(f"| {name} | {low:.1f} | {middle:.1f} | {mean:.1f} | {ratio:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
