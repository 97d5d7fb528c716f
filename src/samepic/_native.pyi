from typing import Any

from numpy.typing import NDArray

Buffer = bytes | bytearray | memoryview | NDArray[Any]

def search(codes: Buffer, ids: Buffer, query: Buffer, most: int, bound: int, /) -> bytearray: ...
def search_turned(codes: Buffer, queries: Buffer, bound: int, /) -> bytearray: ...
def join_turned(codes: Buffer, forms: Buffer, below: Buffer, radius: int, /) -> bytearray: ...
def join_nearest(codes: Buffer, queries: Buffer, most: int, bound: int, /) -> bytearray: ...
def probe(
    codes: Buffer,
    forms: Buffer,
    below: Buffer,
    queries: Buffer,
    keys: Buffer,
    masks: Buffer,
    bits: Buffer,
    ranks: Buffer,
    starts: Buffer,
    rows: Buffer,
    each: int,
    radius: int,
    /,
) -> bytearray: ...
def match(codes: Buffer, others: Buffer, /) -> bytearray: ...
def samples(
    luma: Buffer,
    width: int,
    lines: Buffer,
    weights: Buffer,
    columns: Buffer,
    shares: Buffer,
    transposed: bool,
    /,
) -> bytearray: ...
def code(samples: Buffer, cosines: Buffer, noise: float, /) -> tuple[bytes, int, int]: ...
def correlation(a: Buffer, b: Buffer, width: int, window: int, step: int, floor: float, /) -> bytearray: ...
def level(plane: Buffer, width: int, /) -> bytearray: ...
def odds(inputs: Buffer, numbers: Buffer, widths: Buffer, /) -> bytearray: ...
def png_pixels(raw: Buffer, width: int, height: int, bands: int, /) -> tuple[bytearray, bytearray]: ...
def screens(
    a: Buffer, b: Buffer, width: int, tables: Buffer, threshold: float, faint: float, antialiasing: bool, /
) -> tuple[bytearray, float]: ...
def scan_end(data: bytes, start: int, /) -> int: ...
def excess(
    a: Buffer,
    b: Buffer,
    width: int,
    height: int,
    shown_a: bool,
    shown_b: bool,
    dct: Buffer,
    luma: Buffer,
    color: Buffer,
    cut: float,
    gray: bool,
    /,
) -> bytearray: ...
def differ(a: Buffer, b: Buffer, line: int, bands: int, /) -> bytearray: ...
def tone(samples: Buffer, weights: Buffer, starts: Buffer, limits: Buffer, /) -> bytearray: ...
def mix(parts: Buffer, source: Buffer, target: Buffer, where: Buffer, share: float, /) -> bytearray: ...
