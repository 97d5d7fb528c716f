"""Other ways to compare two pictures, each as its makers show it, as a script that an interpreter of its own runs.

A script reads a task (files, pairs of indexes into them) and writes one distance a pair, null where it has none.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """A script, the cutoff its makers use or show ("same" is distance <= cutoff), and whether it runs with ours."""

    script: str
    cutoff: float
    ours: bool = False


_HEAD = """
import json, sys
import numpy as np
task = json.load(open(sys.argv[1]))
files, pairs = task["files"], task["pairs"]

def read(made):
    out = []
    for path in files:
        try:
            out.append(made(path))
        except Exception as error:  # a peer's own errors are its business: it has no answer
            print(path, error, file=sys.stderr)
            out.append(None)
    return out

def write(values, distance):
    found = []
    for i, j in pairs:
        a, b = values[i], values[j]
        found.append(None if a is None or b is None else float(distance(a, b)))
    json.dump(found, open(task["out"], "w"))
"""

_PDQHASH = """
import cv2, pdqhash
def made(path):
    rgb = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
    return pdqhash.compute(rgb)[0]
write(read(made), lambda a, b: (a != b).sum())
"""

_IMAGEHASH = """
import imagehash
from PIL import Image
write(read(lambda path: imagehash.{kind}(Image.open(path))), lambda a, b: a - b)
"""

_IMAGEDEDUP = """
from imagededup.methods import PHash
method = PHash(verbose=False)
write(read(lambda path: method.encode_image(image_file=path)), method.hamming_distance)
"""

_PERCEPTION = """
from perception import hashers
hasher = hashers.PHash(hash_size=16)
write(read(hasher.compute), hasher.compute_distance)
"""

_LOCAL = """
import logging
logging.disable(logging.CRITICAL)
import cv2
cv2.setRNGSeed(1)
from perception import local_descriptor_deduplication as local
hasher = local.SIFT()
def distance(a, b):
    passed, stats = hasher.validate_match(a, b, 0.0, hasher.validation_intersection, hasher.validation_inliers)
    return 1 - stats["match"] if passed else np.inf
values = read(lambda path: local.generate_image_descriptors(path, hasher))
found = []
for i, j in pairs:
    a, b = values[i], values[j]
    value = distance(a, b) if a is not None and b is not None else np.inf
    found.append(None if np.isinf(value) else float(value))
json.dump(found, open(task["out"], "w"))
"""

_SSIM = """
import cv2
cv2.setNumThreads(1)
def made(path):
    grey = cv2.resize(cv2.imread(path, cv2.IMREAD_GRAYSCALE), (256, 256), interpolation=cv2.INTER_AREA)
    return grey.astype(np.float32)
def soft(x):
    return cv2.GaussianBlur(x, (11, 11), 1.5)
def distance(a, b):
    ma, mb = soft(a), soft(b)
    va, vb, cov = soft(a * a) - ma * ma, soft(b * b) - mb * mb, soft(a * b) - ma * mb
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * ma * mb + c1) * (2 * cov + c2)
    return 1 - float((top / ((ma * ma + mb * mb + c1) * (va + vb + c2))).mean())
write(read(made), distance)
"""

_ORB = """
import cv2
cv2.setNumThreads(1)
cv2.setRNGSeed(1)
orb, matcher = cv2.ORB_create(500), cv2.BFMatcher(cv2.NORM_HAMMING)
def made(path):
    grey = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    scale = min(1.0, 400 / max(grey.shape))
    grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    points, codes = orb.detectAndCompute(grey, None)
    return np.float32([point.pt for point in points]).reshape(-1, 2), codes
def distance(a, b):
    if a[1] is None or b[1] is None or len(a[1]) < 8 or len(b[1]) < 8:
        return 0.0
    near = [pair for pair in matcher.knnMatch(a[1], b[1], 2) if len(pair) == 2]
    good = [one for one, two in near if one.distance < 0.8 * two.distance]
    if len(good) < 4:
        return 0.0
    one, two = np.float32([a[0][m.queryIdx] for m in good]), np.float32([b[0][m.trainIdx] for m in good])
    _, inliers = cv2.findHomography(one, two, cv2.RANSAC, 5.0)
    return 0.0 if inliers is None else -float(inliers.sum())
write(read(made), distance)
"""

PEERS: dict[str, Peer] = {
    "pdqhash": Peer(_HEAD + _PDQHASH, 31),
    "imagehash phash": Peer(_HEAD + _IMAGEHASH.format(kind="phash"), 4),
    "imagehash dhash": Peer(_HEAD + _IMAGEHASH.format(kind="dhash"), 4),
    "imagededup PHash": Peer(_HEAD + _IMAGEDEDUP, 10),
    "perception PHash 16": Peer(_HEAD + _PERCEPTION, 0.1999),
    "perception SIFT": Peer(_HEAD + _LOCAL, 0.6),
    "SSIM at 256 x 256": Peer(_HEAD + _SSIM, 0.1, ours=True),
    "ORB and RANSAC": Peer(_HEAD + _ORB, -15, ours=True),
}
"""Cutoffs: ThreatExchange's radius; "cutoff = 5" (exclusive) of imagehash's README; imagededup's and perception's
defaults (0.2, exclusive, and a share of 0.4 matched descriptors); 0.9 and 15 inliers as tutorials use them."""
