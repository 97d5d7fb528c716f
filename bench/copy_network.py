"""Train the network of copy codes on altered copies of the training half, by the recipe of SSCD.

Pizzi, Roy, Ravindra, Goyal and Douze, "A self-supervised descriptor for image copy detection" (2022): InfoNCE over the
copies of one picture against all others of a batch, an entropy term that keeps what is nearest apart, and pictures that
share a part of a collage as partial positives. The loss is taken of the values and of what comes near to their signs,
which are what is kept. The network is EfficientNet-lite0 as in bench/make_model.py; its stem and first blocks do not
move, so what they make of each picture is computed once. Needs PyTorch.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from bench.common import SEED, files_of, wanted_data
from bench.families import FAMILIES, alter, level_of
from bench.make_model import EPSILON, FEATURES, LAST, STAGES, Weights, learned
from bench.pictures import half_of, names_of, pixels_of
from samepic.fingerprints.copycode import squared
from samepic.tuning.search import SEARCH

HELD = 4
"""The last block that does not move."""

_FOLDERS = ("sameplace", "clipart", "uipages", "documents")
_HARD = (
    "picture in picture", "collage", "phone screen", "crop", "crop to aspect", "letterbox", "chain", "moire",
    "quarter turns", "turned mirror", "text over", "caption outside", "mirror", "pixelate",
)  # fmt: skip
_FIRST = ("crop", "mirror", "crop to aspect", "text over", "chain")  # what some are altered by before
_SHARED = ("picture in picture", "collage")  # what shows another picture too

ORIGINALS, COPIES = 64, 3
"""Pictures of a batch, and variants of each."""

TEMPERATURE, ENTROPY, PARTLY, SHARPNESS = 0.05, 0.3, 0.5, 25.0
"""Of the cosines, as in the paper; weight of the entropy term (30 there, where descriptors have 512 values and batches
4096 pictures), weight of a positive that shares a part, and how steeply values are pressed to their signs. Chosen."""

RATE, DECAY, WARM, CUT = 4e-4, 1e-4, 60, 1.0
"""Of AdamW: the highest rate, for the projection (half of it for the filters), and weight decay; the steps over which
the rate rises, and the length that gradients are cut to."""

Pixels = NDArray[np.uint8]
Truth = NDArray[np.int32]
"""Of each variant: its original, and the other one that it shows or -1."""


def originals(more: Sequence[Path]) -> Iterator[Pixels]:
    """Yield the pictures of the training half, and those in further folders, with a long side of 420 pixels."""
    data = wanted_data()
    names = [*names_of("photos", "train")]
    for folder in _FOLDERS:
        paths = (path.relative_to(data).as_posix() for path in files_of(folder))
        names += [name for name in paths if half_of(name) == "train"]
    for name in names:
        yield _small(pixels_of(name))
    for path in sorted(path for folder in more for path in folder.rglob("*.*")):
        if path.suffix in (".jpg", ".png", ".webp"):
            with Image.open(path) as image:
                yield _small(np.asarray(image.convert("RGB")))


def _small(rgb: Pixels) -> Pixels:
    scale = min(1.0, 420 / max(rgb.shape[:2]))
    size = tuple(max(1, round(side * scale)) for side in rgb.shape[1::-1])
    return np.ascontiguousarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))


def variants(pictures: Sequence[Pixels], count: int, folder: Path) -> tuple[NDArray[np.uint8], Truth]:
    """Make `count` variants of each picture, the first as it is; return them, (count * n, side, side, 3), and truth."""
    rng, number, side = np.random.default_rng(SEED), len(pictures), SEARCH.copy_side
    made = np.lib.format.open_memmap(folder / "variants.npy", "w+", np.uint8, (count * number, side, side, 3))
    truth = np.full((count * number, 2), -1, np.int32)
    for row in range(count * number):
        of, other = row % number, int(rng.integers(number))
        truth[row, 0], rgb = of, pictures[of]
        if row >= number:
            family = str(rng.choice([*FAMILIES] if rng.random() < 0.4 else _HARD))
            rgb = _altered(rgb, family, pictures[other], rng)
            truth[row, 1] = other if family in _SHARED and other != of else -1
        made[row] = squared(rgb)
        if row % number == number - 1:
            print(f"variant {row // number + 1} of {count}, {time.process_time():.0f} s", file=sys.stderr)
    return made, truth


def _altered(rgb: Pixels, family: str, other: Pixels, rng: np.random.Generator) -> Pixels:
    before = str(rng.choice(_FIRST)) if rng.random() < 0.15 else ""
    for kind in filter(None, (before, family)):
        rgb = np.ascontiguousarray(alter(kind, level_of(kind, rng), rgb, rng, other).rgb)
    if rng.random() < 0.6:
        _, data = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))])
        rgb = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return rgb


class _Filter(nn.Module):
    """Filters with their batch normalization folded in, padded as TensorFlow does."""

    def __init__(self, weights: Weights, name: str, norm: str, stride: int = 1, *, clip: bool = True) -> None:
        super().__init__()
        scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + EPSILON)
        matrix = weights[f"{name}.weight"] * scale[:, None, None, None]
        bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
        self.names, self.stride, self.clip = (name, norm), stride, clip
        self.groups = len(matrix) if "depthwise" in name else 1
        self.matrix = nn.Parameter(torch.tensor(matrix, dtype=torch.float32))
        self.bias = nn.Parameter(torch.tensor(bias, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        side, reach = x.shape[-1], self.matrix.shape[-1]
        pad = max((-(-side // self.stride) - 1) * self.stride + reach - side, 0)
        x = functional.pad(x, (pad // 2, pad - pad // 2) * 2) if pad else x
        x = functional.conv2d(x, self.matrix, self.bias, stride=self.stride, groups=self.groups)
        return x.clamp(0, 6) if self.clip else x


class _Block(nn.Module):
    def __init__(self, weights: Weights, number: int, stride: int, expansion: int, *, added: bool) -> None:
        super().__init__()
        name, self.added = f"_blocks.{number}.", added
        parts = [
            *([_Filter(weights, f"{name}_expand_conv", f"{name}_bn0")] if expansion > 1 else []),
            _Filter(weights, f"{name}_depthwise_conv", f"{name}_bn1", stride),
            _Filter(weights, f"{name}_project_conv", f"{name}_bn2", clip=False),
        ]
        self.parts = nn.Sequential(*parts)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.parts(x)
        return x + made if self.added else made


def _blocks(weights: Weights) -> list[nn.Module]:
    found: list[nn.Module] = [_Filter(weights, "_conv_stem", "_bn0", 2)]
    shapes = [
        (stride if not n else 1, wide, n > 0) for count, _, stride, wide in STAGES for n in range(count)
    ]
    found += [_Block(weights, n, stride, wide, added=added) for n, (stride, wide, added) in enumerate(shapes)]
    return found


class _Network(nn.Module):
    """What moves: the blocks after those that do not, the pooling, and the projection to 256 values."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        name = f"_blocks.{LAST}._"
        blocks = _blocks(weights)[HELD + 2 : LAST + 1]
        self.filters = nn.Sequential(*blocks, _Filter(weights, f"{name}expand_conv", f"{name}bn0"))
        self.projection = nn.Linear(FEATURES, 256)

    def features(self, x: Tensor) -> Tensor:
        y: Tensor = self.filters(x)
        return functional.normalize((y.pow(3).mean((2, 3)) + 1e-6).pow(1 / 3))

    def forward(self, x: Tensor) -> Tensor:
        return functional.normalize(self.projection(self.features(x)))


def _held(weights: Weights, made: NDArray[np.uint8], folder: Path) -> NDArray[np.float16]:
    """Return what the blocks that do not move make of each variant, (n, channels, h, w)."""
    net, found = nn.Sequential(*_blocks(weights)[: HELD + 2]), None
    with torch.inference_mode():
        for at in range(0, len(made), 32):
            x = torch.from_numpy(made[at : at + 32].copy()).permute(0, 3, 1, 2).float().sub_(127).div_(128)
            y = net(x.contiguous(memory_format=torch.channels_last)).half().numpy()
            if found is None:
                shape = (len(made), *y.shape[1:])
                found = np.lib.format.open_memmap(folder / "held.npy", "w+", np.float16, shape)
            found[at : at + len(y)] = y
    assert found is not None
    return found


def _loss(z: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Return InfoNCE and the entropy term of a batch of unit length, (n, 256), with its truth (n, 2)."""
    of, other = truth[:, 0], truth[:, 1]
    same = of[:, None] == of
    related = (other[:, None] == of) | (of[:, None] == other) | ((other[:, None] == other) & (other >= 0))
    positive = (same & ~torch.eye(len(z), dtype=torch.bool)).float() + PARTLY * (related & ~same).float()
    negative, cosines = ~same & ~related, z @ z.T
    likeness = cosines / TEMPERATURE
    against = likeness.masked_fill(~negative, -1e9).logsumexp(1)
    each = torch.logaddexp(likeness, against[:, None]) - likeness
    contrast = (each * positive).sum(1) / positive.sum(1).clamp(min=1)
    nearest = (2 - 2 * cosines).clamp(min=1e-6).sqrt().masked_fill(~negative, 9.0).min(1).values
    return contrast.mean(), -torch.log(nearest + 1e-6).mean()


def _signs(z: Tensor) -> Tensor:
    return functional.normalize(torch.tanh(SHARPNESS * z))


def trained(weights: Weights, made: NDArray[np.uint8], truth: Truth, steps: int, folder: Path) -> _Network:
    """Train on variants in so many steps, and print the loss of each fiftieth."""
    torch.manual_seed(SEED)
    rng, held, number = np.random.default_rng(SEED), _held(weights, made, folder), int(truth[:, 0].max()) + 1
    net = _Network(weights).to(memory_format=torch.channels_last)

    def inputs(rows: NDArray[np.int64]) -> Tensor:
        x = torch.from_numpy(np.asarray(held[rows], np.float32))
        return x.contiguous(memory_format=torch.channels_last)

    with torch.inference_mode():
        some = np.array_split(np.arange(min(10, len(made) // number) * number), 100)
        seen = np.concatenate([net.features(inputs(rows)).double().numpy() for rows in some])
    start = (
        seen[:number],
        seen[number:],
        truth[number : len(seen), 0].astype(np.int64),
        seen[number : 3 * number],
    )
    matrix, bias = learned(*start)
    scale = 1 / np.linalg.norm(seen[:number] @ matrix + bias, axis=1).mean()
    net.projection.weight.data = torch.tensor(matrix.T * scale, dtype=torch.float32)
    net.projection.bias.data = torch.tensor(bias * scale, dtype=torch.float32)
    moving = [{"params": net.projection.parameters()}, {"params": net.filters.parameters()}]
    optimizer = torch.optim.AdamW(moving, lr=RATE, weight_decay=DECAY)
    for step in range(steps):
        rate = RATE * min(1.0, (step + 1) / WARM) * 0.5 * (1 + np.cos(np.pi * step / steps))
        for group, share in zip(optimizer.param_groups, (1.0, 0.5), strict=True):
            group["lr"] = rate * share
        picked = rng.choice(number, ORIGINALS, replace=False)
        which = np.stack([rng.permutation(len(made) // number)[:COPIES] for _ in picked])
        which[:, 0] *= rng.random(ORIGINALS) >= 0.5  # half of them with the picture as it is
        rows = (which * number + picked[:, None]).ravel()
        z, facts = net(inputs(rows)), torch.from_numpy(truth[rows])
        (values, apart), (signs, _) = _loss(z, facts), _loss(_signs(z), facts)
        optimizer.zero_grad()
        (values + signs + ENTROPY * apart).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), CUT)
        optimizer.step()
        if step % 50 == 49:
            print(
                f"step {step + 1}: {values:.3f}, signs {signs:.3f}, {time.process_time():.0f} s", flush=True
            )
    return net


def tensors_of(net: _Network, weights: Weights) -> Weights:
    """Return the weights with those that moved, as if no normalization followed them."""
    moved = dict(weights)
    for part in net.filters.modules():
        if isinstance(part, _Filter):
            (name, norm), count = part.names, len(part.bias)
            moved[f"{name}.weight"] = part.matrix.detach().double().numpy()
            moved[f"{norm}.bias"] = part.bias.detach().double().numpy()
            moved[f"{norm}.weight"], moved[f"{norm}.running_mean"] = np.ones(count), np.zeros(count)
            moved[f"{norm}.running_var"] = np.full(count, 1 - EPSILON)
    return moved


def projection_of(net: _Network) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the matrix (FEATURES, 256) and the bias (256,), the largest number of the matrix 1."""
    matrix = net.projection.weight.detach().double().numpy().T
    bias = net.projection.bias.detach().double().numpy()
    return matrix / np.abs(matrix).max(), bias / np.abs(matrix).max()
