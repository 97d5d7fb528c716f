"""HEIF bombs: containers whose boxes ask for far more than their few kilobytes of coded picture."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from tests.picture.picture_files import HEIC_TURNED

_TILE = 64


def heif_bombs() -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each: grids of one tile shown many times, of themselves, and liars about size."""
    yield "grid-990-tiles.heic", _grid(30, 33, _TILE * 33, _TILE * 30)
    yield "grid-10000-tiles.heic", _grid(100, 100, _TILE * 100, _TILE * 100)
    yield "grid-declares-9000.heic", _grid(30, 33, 9000, 9000)
    yield "grid-declares-65535.heic", _grid(30, 33, 65535, 65535)
    yield "grid-declares-4g.heic", _grid(2, 2, 2**32 - 1, 2**32 - 1)
    yield "grid-declares-little.heic", _grid(30, 33, 64, 64)
    yield "grid-of-itself.heic", _grid(1, 1, 128, 128, tiles=[1])
    yield "grid-of-grids.heic", _nested(6)
    yield "grid-of-nothing.heic", _grid(16, 16, 1024, 1024, tiles=range(300, 556))
    yield "items.heic", _grid(1, 1, 64, 64, idle_items=900)
    yield "tile-declares-60000.heic", _grid(1, 1, 60000, 60000, tile_size=60000)
    yield "turned-90-times.heic", _grid(1, 1, 64, 64, turns=90)


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


def _full(kind: bytes, version: int, *parts: bytes) -> bytes:
    return _box(kind, bytes((version, 0, 0, 0)), *parts)


def _sample() -> tuple[bytes, bytes]:
    """Return the decoder's set-up box and the coded picture of a HEIC of 64x64 coded pixels."""
    at = HEIC_TURNED.index(b"hvcC") - 4
    size = int.from_bytes(HEIC_TURNED[at : at + 4])
    return HEIC_TURNED[at : at + size], HEIC_TURNED[0x1EC : 0x1EC + 0x7D]


def _grid_body(rows: int, columns: int, width: int, height: int) -> bytes:
    return struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, width, height)


def _nested(depth: int) -> bytes:
    """Return a grid of 4 grids of 4 grids and so on, each of which is one and the same item."""
    sides = [_TILE << level for level in range(depth, -1, -1)]
    bodies = [_grid_body(1, 1, side, side) for side in sides[:-1]]
    references = [(number, [number + 1]) for number in range(1, depth + 1)]
    return _container(bodies, references, sides, [])


def _grid(
    rows: int,
    columns: int,
    width: int,
    height: int,
    *,
    tiles: Sequence[int] = (),
    idle_items: int = 0,
    tile_size: int = _TILE,
    turns: int = 0,
) -> bytes:
    # libheif takes no reference twice, so each tile is an item of its own, and all lie on the same bytes.
    many = 0 if tiles else rows * columns - 1
    references = [(1, list(tiles) or list(range(2, rows * columns + 2)))]
    extra = [_box(b"irot", b"\1")] * turns
    return _container(
        [_grid_body(rows, columns, width, height)],
        references,
        [width, tile_size],
        extra,
        height=height,
        idle_items=many + idle_items,
    )


def _container(
    grids: list[bytes],
    references: list[tuple[int, list[int]]],
    sides: list[int],
    extra: list[bytes],
    *,
    height: int = 0,
    idle_items: int = 0,
) -> bytes:
    """Return a HEIC: grids as items 1 to n, then the coded tile, then items that nobody shows."""
    decoder, coded = _sample()
    tile = len(grids) + 1
    kinds = [b"grid"] * len(grids) + [b"hvc1"] * (1 + idle_items)
    entries = [
        _full(b"infe", 2, struct.pack(">HH", number, 0), kind, b"\0") for number, kind in enumerate(kinds, 1)
    ]
    heights = [height or sides[0], *sides[1:]]
    shown = [_box(b"ispe", bytes(4), struct.pack(">II", *size)) for size in zip(sides, heights, strict=True)]
    properties = [*shown, decoder, *extra]
    links = [(number, [number]) for number in range(1, tile)]
    links += [(number, [tile, tile + 1]) for number in range(tile, tile + 1 + idle_items)]
    if extra:
        links[0] = (1, [1, *range(tile + 2, min(tile + 2 + len(extra), 32767))][:255])
    pieces = [*grids, coded]
    head = _box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    for _ in range(2):  # the first pass tells how long the boxes before the data are
        starts, at = [], len(head) + 8
        for piece in pieces:
            starts.append(at)
            at += len(piece)
        places = list(zip(starts, map(len, pieces), strict=True)) + [(starts[-1], len(coded))] * idle_items
        meta = _meta(entries, places, references, properties, links)
        head = _box(b"ftyp", b"heic", bytes(4), b"mif1heic") + meta
    return head + _box(b"mdat", *pieces)


def _meta(
    entries: list[bytes],
    places: list[tuple[int, int]],
    references: list[tuple[int, list[int]]],
    properties: list[bytes],
    links: list[tuple[int, list[int]]],
) -> bytes:
    located = b"".join(
        struct.pack(">HHHII", number, 0, 1, start, size) for number, (start, size) in enumerate(places, 1)
    )
    linked = b"".join(
        struct.pack(">HB", item, len(indexes))
        + b"".join(struct.pack(">H", 0x8000 | index) for index in indexes)
        for item, indexes in links
    )
    shown = [
        _box(b"dimg", struct.pack(">IH", item, len(tiles) & 0xFFFF), struct.pack(f">{len(tiles)}I", *tiles))
        for item, tiles in references
    ]
    return _full(
        b"meta",
        0,
        _full(b"hdlr", 0, bytes(4), b"pict", bytes(13)),
        _full(b"pitm", 0, struct.pack(">H", 1)),
        _full(b"iloc", 0, b"\x44\0", struct.pack(">H", len(places)), located),
        _full(b"iinf", 0, struct.pack(">H", len(entries)), *entries),
        _full(b"iref", 1, *shown),
        _box(
            b"iprp",
            _box(b"ipco", *properties),
            _box(b"ipma", bytes((0, 0, 0, 1)), struct.pack(">I", len(links)), linked),
        ),
    )
