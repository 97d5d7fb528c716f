"""What decoders say on the way: warnings are held back, failures become samepic's errors."""

from __future__ import annotations

import logging
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from samepic.errors import LimitError, SamepicError, TruncatedError, UnreadableError

__all__ = ["decoding"]

# What Pillow's and libheif's Python halves have been seen to raise on malformed files. They do not promise a
# closed set; anything else is a bug that should be seen.
_FAILURES = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    EOFError,
    RuntimeError,
    AssertionError,
    struct.error,
    zlib.error,
)
_CUT_SHORT = (
    "truncated",
    "premature",
    "not enough",
    "end of file",
    "eof",
    "unexpected end",
    "broken data",
    "decoder error",
)

# Pillow logs some failures before it raises them; without any handler Python prints those on the terminal.
logging.getLogger("PIL").addHandler(logging.NullHandler())

_lock = threading.Lock()
_inside = 0
_held = warnings.catch_warnings()


@contextmanager
def decoding(name: str, form: str) -> Iterator[None]:
    """Hold back decoders' warnings and turn their failures into errors about the file `name` of format `form`.

    Raises TruncatedError where the decoder missed bytes, LimitError where memory ran out, else UnreadableError.
    """
    _hush()
    try:
        yield
    except SamepicError:
        raise
    except MemoryError as error:
        raise LimitError(name, f"a {form} that fits in memory", str(error) or "one that does not") from error
    except Image.DecompressionBombError as error:
        raise LimitError(name, f"a {form} within Pillow's own limit", str(error)) from error
    except UnidentifiedImageError as error:
        raise UnreadableError(name, f"a {form}", "a broken one") from error
    except _FAILURES as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        cut = any(word in said.lower() for word in _CUT_SHORT) or isinstance(error, EOFError)
        raise (TruncatedError if cut else UnreadableError)(name, f"a whole {form}", said) from error
    finally:
        _unhush()


def _hush() -> None:
    """Ignore the decoders' warnings while any thread decodes: the filters belong to the process."""
    global _inside, _held  # noqa: PLW0603
    with _lock:
        if _inside == 0:
            _held = warnings.catch_warnings()
            _held.__enter__()
            warnings.filterwarnings("ignore", module=r"(PIL|pi_heif)(\.|$)")
            warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
        _inside += 1


def _unhush() -> None:
    global _inside  # noqa: PLW0603
    with _lock:
        _inside -= 1
        if _inside == 0:
            _held.__exit__(None, None, None)
