from typing import Any

from numpy.typing import NDArray

Buffer = bytes | bytearray | memoryview | NDArray[Any]

def search(codes: Buffer, ids: Buffer, query: Buffer, most: int, bound: int, /) -> bytearray: ...
def search_turned(codes: Buffer, queries: Buffer, bound: int, /) -> bytearray: ...
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
def scan_end(data: bytes, start: int, /) -> int: ...
