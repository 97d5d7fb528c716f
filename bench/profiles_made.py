"""Color profiles as files of their own making: Adobe RGB (1998), Display P3, and a press with four inks."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bench.family_base import Pixels, to_bytes

Floats = NDArray[np.float64]

SPACES: Mapping[str, tuple[Floats, float]] = {
    "Adobe RGB": (
        np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]]), 2.19921875
    ),
    "P3": (np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]]), 0.0),
}  # fmt: skip
"""Matrix from linear RGB to XYZ under D50, and the gamma; 0 stands for the curve of sRGB."""
_SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
_WHITE = np.array([0.96420, 1.0, 0.82491])
_INKS = ((0.0, 0.62, 0.93), (0.91, 0.10, 0.52), (1.0, 0.94, 0.07))
"""sRGB of full cyan, magenta and yellow on paper, as offset presses print them, roughly."""
_GRID = 9


def _linear(values: Floats, gamma: float) -> Floats:
    if gamma:
        return np.asarray(np.clip(values, 0, 1) ** gamma)
    return np.where(values <= 0.04045, values / 12.92, ((np.maximum(values, 0) + 0.055) / 1.055) ** 2.4)


def _coded(values: Floats, gamma: float) -> Floats:
    values = np.clip(values, 0, 1)
    if gamma:
        return np.asarray(values ** (1 / gamma))
    return np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055)


def to_space(rgb: Pixels, space: str) -> Pixels:
    """Return the numbers that stand in `space` for the colors of sRGB pixels."""
    matrix, gamma = SPACES[space]
    return to_bytes(255 * _coded(_linear(rgb / 255, 0.0) @ (np.linalg.inv(matrix) @ _SRGB).T, gamma))


def from_space(rgb: Pixels, space: str) -> Pixels:
    """Return sRGB pixels of the colors that the numbers stand for in `space`."""
    matrix, gamma = SPACES[space]
    return to_bytes(255 * _coded(_linear(rgb / 255, gamma) @ (np.linalg.inv(_SRGB) @ matrix).T, 0.0))


def _fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def _profile(kind: bytes, samples: bytes, connected: bytes, name: str, tags: dict[bytes, bytes]) -> bytes:
    """A version 2 profile of these tags, with its name and its white."""
    text = name.encode()
    desc = b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0" + bytes(78)
    tags = {
        b"desc": desc,
        b"cprt": b"text\0\0\0\0public domain\0",
        b"wtpt": b"XYZ \0\0\0\0" + _fixed(*_WHITE),
    } | tags
    table, body, start = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        table += tag + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(">I4s4s4s4s4s", start + len(body), bytes(4), b"\x02\x10\0\0", kind, samples, connected)
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _fixed(*_WHITE)
    return head.ljust(128, b"\0") + table + body


@lru_cache(maxsize=4)
def space_profile(space: str) -> bytes:
    """Return the ICC profile of one of SPACES: a matrix and a curve."""
    matrix, gamma = SPACES[space]
    if gamma:
        curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    else:
        table = np.rint(_linear(np.arange(1024) / 1023, 0.0) * 65535).astype(">u2")
        curve = b"curv\0\0\0\0" + struct.pack(">I", 1024) + table.tobytes()
    columns = {b"rXYZ": matrix[:, 0], b"gXYZ": matrix[:, 1], b"bXYZ": matrix[:, 2]}
    tags = {tag: b"XYZ \0\0\0\0" + _fixed(*map(float, column)) for tag, column in columns.items()}
    return _profile(
        b"mntr", b"RGB ", b"XYZ ", f"Made {space}", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    )


def _printed(cmyk: Floats) -> Floats:
    """sRGB 0 to 1 of shares of four inks: each lets through what its full tone does, in proportion."""
    out = np.ones((*cmyk.shape[:-1], 3))
    for index, ink in enumerate(_INKS):
        out *= 1 - cmyk[..., index : index + 1] * (1 - np.array(ink))
    return out * (1 - 0.93 * cmyk[..., 3:])


def _inks(rgb: Floats) -> Floats:
    """Shares of four inks that print nearly these sRGB colors, found by a few steps of correction."""
    ink = 1 - rgb
    black = np.clip(ink.min(axis=-1, keepdims=True) * 1.2 - 0.35, 0, 0.9)
    cmy = np.clip((ink - 0.9 * black) / np.maximum(0.1, 1 - 0.93 * black), 0, 1)
    for _ in range(12):
        left = _printed(np.concatenate([cmy, black], axis=-1)) - rgb
        cmy = np.clip(cmy + 0.7 * left, 0, 1)
    return np.concatenate([cmy, black], axis=-1)


def _lab(rgb: Floats) -> Floats:
    ratio = (_linear(rgb, 0.0) @ _SRGB.T) / _WHITE
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1
    )


def _unlab(lab: Floats) -> Floats:
    y = (lab[..., 0] + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    ratio = np.where(f > 6 / 29, f**3, (f - 16 / 116) / 7.787)
    return _coded((ratio * _WHITE) @ np.linalg.inv(_SRGB).T, 0.0)


def _table(values: Floats, inputs: int) -> bytes:
    """A lut16 of a grid: identity matrix and curves, values 0 to 1 already in the output's own coding."""
    ends: bytes = np.array([0, 65535], ">u2").tobytes()
    outputs = values.shape[-1]
    head = b"mft2\0\0\0\0" + bytes(
        (inputs, outputs, round(len(values.reshape(-1, outputs)) ** (1 / inputs)), 0)
    )
    head += _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1) + struct.pack(">HH", 2, 2)
    grid: bytes = np.clip(np.rint(values * 65535), 0, 65535).astype(">u2").tobytes()
    return bytes(head + ends * inputs + grid + ends * outputs)


def _mesh(inputs: int, count: int) -> Floats:
    axes = np.meshgrid(*[np.linspace(0, 1, count)] * inputs, indexing="ij")
    return np.stack(axes, axis=-1)


@lru_cache(maxsize=1)
def press_profile() -> bytes:
    """Return an ICC profile of a made-up press: tables from four inks to Lab and back."""
    lab = _lab(_printed(_mesh(4, _GRID)))
    # Version 2 codes 100 as 65280 and a or b as (value + 128) * 256.
    coded = (
        np.stack([lab[..., 0] * 652.8, (lab[..., 1] + 128) * 256, (lab[..., 2] + 128) * 256], axis=-1) / 65535
    )
    mesh = _mesh(3, 2 * _GRID - 1) * 65535
    back = np.stack([mesh[..., 0] / 652.8, mesh[..., 1] / 256 - 128, mesh[..., 2] / 256 - 128], axis=-1)
    forward, backward = _table(coded, 4), _table(_inks(np.clip(_unlab(back), 0, 1)), 3)
    return _profile(b"prtr", b"CMYK", b"Lab ", "Made press", {b"A2B0": forward, b"B2A0": backward})


def cmyk_of(rgb: Pixels) -> Pixels:
    """Return the (h, w, 4) uint8 shares of ink (255 is full) that print sRGB pixels on that press."""
    return to_bytes(255 * _inks(rgb / 255))
