"""A project with a test file of its own, in which pytest runs with the fixture `same_picture`."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import samepic.screens.pytest.fixture  # noqa: F401  (so that runs in this process load nothing twice)

__all__ = ["Project", "size_of"]

SCENE = """
import io, numpy as np, pytest
from PIL import Image
from pathlib import Path

HERE = Path(__file__).parent

def scene(top=50, size=(200, 300)):
    drawn = np.full((*size, 3), 250, np.uint8)
    drawn[top : top + 30, 40:120] = (20, 90, 200)
    return drawn

def png(*args, **options):
    stream = io.BytesIO()
    Image.fromarray(scene(*args, **options)).save(stream, "PNG")
    return stream.getvalue()

def top():
    return int((HERE / "top").read_text()) if (HERE / "top").exists() else 50
"""
ONE = """
def test_menu(same_picture):
    same_picture(scene(top()), "menu")
"""


class Project:
    """A project of one test file, run by pytest in this process."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester, self.path = pytester, pytester.path

    def write(self, tests: str = ONE) -> None:
        """Write the tests; `scene(top)` and `png(top)` draw a button, `top()` is where `move` put it."""
        (self.path / "test_site.py").write_text(SCENE + tests)

    def move(self, top: int) -> None:
        (self.path / "top").write_text(str(top))

    def run(self, *options: str) -> tuple[dict[str, int], str]:
        """Return how many tests passed and failed, and what was printed; no plugin is loaded but samepic's."""
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
            done = self.pytester.runpytest_inprocess(
                "-p", "samepic", "-p", "no:cacheprovider", "-q", *options
            )
        return done.parseoutcomes(), done.stdout.str()

    def baseline(self, name: str = "menu") -> Path:
        return self.path / "__screens__" / "test_site" / f"{name}.png"

    def report(self) -> str:
        return (self.path / "samepic-report" / "index.html").read_text()


def size_of(path: Path) -> tuple[int, int]:
    """Return the width and height of a picture."""
    with Image.open(path) as image:
        return image.size
