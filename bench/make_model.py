"""Make src/samepic/fingerprints/copycode.onnx from the published weights and the training half of the photographs.

    python -m bench make_model [--out FILE] [--originals N]        (or: make model)

Of each training photograph one copy a family is made (bench.families), at one level drawn by chance. The network of
bench.lite0 gives 1152 features of each picture. The projection to 256 values is learned on them: what differs between
an original and its copy is whitened away (Mikolajczyk and Matas 2007; Radenovic et al. 2019), then the 256 strongest
directions that are left are turned to stand on signs (ITQ: Gong and Lazebnik 2011). Everything is deterministic: the
same data, libraries and processor give the same file.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.common import SEED, option, wanted_data
from bench.families import FAMILIES
from bench.lite0 import FEATURES, SHA256, copy_model, feature_model, lite0_weights
from bench.sources import chosen, copy_by_chance, named_bytes, pixels_of, quarters
from samepic.fingerprints.copycode import COPYCODE_BYTES, MODEL, network_input
from samepic.picture import load
from samepic.tuning.search import SEARCH

Floats = NDArray[np.float64]

SHRINK = 1.0
"""How much of the mean variance within pairs is added to each direction of it; 0.3 to 3 gave the same recall."""

ROUNDS = 50
"""Of ITQ; it stands still after about 30."""


class _Features:
    """The features of pictures, by OpenCV on one thread."""

    def __init__(self, model: bytes) -> None:
        cv2.setNumThreads(1)
        self._net = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))

    def __call__(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        self._net.setInput(network_input(rgb))
        return np.array(self._net.forward()[0], np.float32)


def learned(
    originals: Floats, copies: Floats, of: NDArray[np.int64], others: Floats
) -> tuple[Floats, Floats]:
    """Return the matrix (features, 256) and the bias (256,) of the projection.

    `originals` are (n, features), `copies` (m, features), `of` (m,) the row of each copy's original, and `others` are
    further pictures that tell how features are spread.
    """
    apart = originals[of] - copies
    within = apart.T @ apart / len(apart)
    within += SHRINK * np.trace(within) / len(within) * np.eye(len(within))
    values, vectors = np.linalg.eigh(within)
    whitening = vectors / np.sqrt(values) @ vectors.T
    spread = np.concatenate((originals, copies[:: len(copies) // (2 * len(originals)) or 1], others))
    middle = spread.mean(axis=0)
    seen = (spread - middle) @ whitening
    strength, directions = np.linalg.eigh(seen.T @ seen / len(seen))
    matrix = whitening @ directions[:, np.argsort(-strength)[: 8 * COPYCODE_BYTES]]
    projected = (spread - middle) @ matrix
    projected /= np.linalg.norm(projected, axis=1, keepdims=True)
    matrix = matrix @ _itq(projected)
    matrix /= np.abs(matrix).max()
    return matrix, -middle @ matrix


def _itq(projected: Floats) -> Floats:
    """Return the rotation after which values lie near their signs."""
    rng = np.random.default_rng(SEED)
    rotation: Floats = np.linalg.qr(rng.normal(size=(projected.shape[1],) * 2))[0]
    for _ in range(ROUNDS):
        left, _, right = np.linalg.svd(np.sign(projected @ rotation).T @ projected)
        rotation = right.T @ left.T
    return rotation


def _copies(path: str) -> Iterator[NDArray[np.uint8]]:
    """Yield one copy a family, as it comes out of its file."""
    for family in FAMILIES:
        yield load(named_bytes(copy_by_chance(family, path, 1, "model "))).on(255)


OPTIONS = (
    option("--out", MODEL, type=Path),
    option("--originals", 150, help="learn from so many photographs"),
)


def main(args: argparse.Namespace) -> None:
    """Learn and write."""
    data = wanted_data()
    print(f"weights {SHA256}, side {SEARCH.copy_side}, shrink {SHRINK}")
    weights = lite0_weights()
    features = _Features(feature_model(weights, SEARCH.copy_side))
    names = chosen(data, "train", args.originals)
    rows: dict[str, list[NDArray[np.float32]]] = {"originals": [], "copies": [], "others": []}
    of: list[int] = []
    for number, name in enumerate(names):
        rgb = pixels_of(name)
        rows["originals"].append(features(rgb))
        rows["others"] += map(features, quarters(rgb))
        made = list(map(features, _copies(name)))
        rows["copies"] += made
        of += [number] * len(made)
        if number % 50 == 49:
            print(f"{number + 1} of {len(names)} photographs, {time.process_time():.0f} s", file=sys.stderr)
    stacked = {kind: np.array(value, np.float64).reshape(-1, FEATURES) for kind, value in rows.items()}
    matrix, bias = learned(stacked["originals"], stacked["copies"], np.array(of), stacked["others"])
    model = copy_model(weights, SEARCH.copy_side, matrix.astype(np.float32), bias.astype(np.float32))
    args.out.write_bytes(model)
    print(f"{len(names)} photographs, {len(of)} copies; {args.out.name}: {len(model)} bytes, SHA-256")
    print(hashlib.sha256(model).hexdigest())
