"""Real pictures of every format there is, and what breaks them: changed, missing, repeated and lost bytes."""

from __future__ import annotations

import random
from pathlib import Path

from bench.common import encoded, rgb_of

_CONVERTED = ("WEBP", "AVIF", "GIF", "TIFF", "BMP", "JPEG2000", "TGA", "PPM", "ICO")


def real_pictures(data: Path) -> list[tuple[str, bytes]]:
    """Return name and bytes of some 160 pictures under `data`, and of some of them as other formats."""
    found: list[Path] = []
    for pattern, most in (
        ("photos/**/*.jp*g", 40),
        ("photos/**/*.png", 8),
        ("clipart/**/*.png", 20),
        ("heic/**/*.[hH][eE][iI][cCfF]", 6),
        ("orientation/**/*.jpg", 8),
        ("pdq/**/*.jpg", 8),
        ("screens/**/*.png", 12),
    ):
        paths = sorted(path for path in data.glob(pattern) if path.stat().st_size < 3_000_000)
        found += paths[:: max(1, len(paths) // most)][:most]
    pictures = [(path.name, path.read_bytes()) for path in found]
    pictures += [
        (f"{path.stem}.{form.lower()}", encoded(rgb_of(path), form))
        for form in _CONVERTED
        for path in found[1:40:8]
    ]
    return pictures


def mutate(whole: bytes, chance: random.Random) -> bytes:
    """Return the file with one to four wounds, half of them in its first kilobyte."""
    changed = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        end = min(1024, len(changed)) if chance.random() < 0.5 else len(changed)
        at = chance.randrange(min(4, end - 1), end)
        match chance.randrange(6):
            case 0 | 1:
                changed[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
            case 2:
                changed[at : at + 4] = chance.choice(
                    (b"\xff" * 4, b"\x7f\xff\xff\xff", bytes(4), chance.randbytes(4))
                )
            case 3:
                del changed[at : at + chance.randint(1, 200)]
            case 4:
                changed[at:at] = changed[at : at + chance.randint(1, 200)]
            case _:
                changed = changed[: max(16, at)] if chance.random() < 0.3 else changed
    return bytes(changed)
