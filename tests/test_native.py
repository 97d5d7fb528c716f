"""The native part: used where it was built, missed by nothing where it was not."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from samepic.native import native
from samepic.store.search import Codes

BUILT = find_spec("samepic._native") is not None


def test_the_native_part_is_loaded_wherever_it_was_built() -> None:
    assert (native is not None) == BUILT


@pytest.mark.skipif(not BUILT, reason="the native part was not built")
def test_the_search_goes_through_the_native_part(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    class Spy:
        def search(self, codes: object, ids: object, query: object, most: int, bound: int) -> bytearray:
            asked.append(most)
            return bytearray(np.array([[7, 0]], np.int64).tobytes())

    monkeypatch.setattr("samepic.store.search.native", Spy())
    codes = Codes()
    codes.add([7], bytes(32))
    assert codes.nearest(bytes(32), 3).ids.tolist() == codes.within(bytes(32), 0).ids.tolist() == [7]
    assert asked == [3, -1]


def test_all_works_where_the_native_part_cannot_be_loaded() -> None:
    program = (
        "import sys; sys.modules['samepic._native'] = None; "
        "from samepic.native import native; from samepic.store.search import Codes; "
        "codes = Codes(); codes.add([7], bytes(32)); "
        "print(native, codes.nearest(bytes(32), 1).ids.tolist())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "None [7]\n"
