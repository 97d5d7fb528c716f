"""The screen lets through what shares features and dismisses what does not, and workers do as this process does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from samepic.errors import UnreadableError
from samepic.fingerprints.proxy import proxy
from samepic.picture import load
from samepic.sandbox.decode import screen
from samepic.sandbox.pool import InProcess, Workers


def test_a_crop_and_a_mirrored_copy_share_features_and_others_do_not(photos: dict[str, Path]) -> None:
    kept = {name: proxy(load(path)) for name, path in photos.items()}
    whole = load(photos["coffee"]).rgb
    for upload in (whole[40:300, 60:500], whole[:, ::-1]):
        counts = screen(proxy(load(np.ascontiguousarray(upload))), list(kept.values()))
        shared = dict(zip(kept, counts, strict=True))
        assert shared.pop("coffee") >= 20
        assert set(shared.values()) == {0}


def test_what_is_too_small_or_blank_shares_nothing(coffee: Path) -> None:
    small = proxy(load(coffee))
    blank = proxy(load(np.full((200, 300, 3), 128, np.uint8)))
    tiny = proxy(load(np.zeros((5, 300, 3), np.uint8)))
    assert screen(small, [blank, tiny]) == [0, 0]
    assert screen(tiny, [small]) == [0]


def test_a_worker_screens_as_this_process_does(coffee: Path, astronaut: Path) -> None:
    upload, *kept = (proxy(load(path)) for path in (coffee, coffee, astronaut))
    kept *= 8  # more than one inset has
    with Workers(1) as workers:
        assert workers.screen(upload, kept) == InProcess().screen(upload, kept) == screen(upload, kept)


def test_what_cannot_be_screened_is_told(coffee: Path) -> None:
    upload = proxy(load(coffee))
    with Workers(1) as workers, pytest.raises(UnreadableError, match="<bytes>"):
        workers.screen(upload, [upload] * 9 + [b"no picture"])
