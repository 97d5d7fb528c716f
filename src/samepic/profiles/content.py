"""What decides where content has changed between two pictures that lie on each other."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CONTENT", "Content"]


@dataclass(frozen=True, slots=True)
class Content:
    """The thresholds of the search for changed content; lengths are pixels at about 0.2 megapixels.

    Attributes:
        pixels: size to which pictures are reduced before they are searched.
        blurs: sigmas of the Gaussian blur, tried one after the other until what disagrees is gathered.
        sound: median local correlation under which the next blur is tried at once.
        gathered: share of tiles that may disagree for the disagreement to be in places, not all over.
        agree: local correlation under which a window of 17 x 17 disagrees.
        telling: standard deviation, in levels, from which a window tells something.
        shade: side of the window whose mean is taken out, so that a slow change of light is no structure.
        usual: percentile of what differs in places that hold as much, which is usual.
        unusual: times that what differs must exceed the usual.
        least: pixels from which a place that disagrees counts.
        most: share of the overlap that may disagree in a picture that was edited; beyond, it is another.
        clean, doubt: median local correlation under which a place must be larger to count, and how much for each unit.
        exact: typical difference of whole frames, in levels, up to which every place that stands out was changed.
        core: share of a place's largest difference that its box must reach.
    """

    pixels: int = 200_000
    blurs: tuple[float, ...] = (1.5, 3.0)
    sound: float = 0.93
    gathered: float = 0.15
    agree: float = 0.5
    telling: float = 4.0
    shade: int = 129
    usual: float = 60.0
    unusual: float = 2.0
    least: int = 450
    most: float = 0.5
    clean: float = 0.97
    doubt: float = 30.0
    exact: float = 1.0
    core: float = 0.3


CONTENT = Content()
"""2026-11-23, `python -m bench.accuracy` on the training half; see bench/RESULTS.md."""
