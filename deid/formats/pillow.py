"""The only door to Pillow's decoders: one format at a time, limits before decoding, warnings and errors turned into refusals."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from deid.errors import FileRefused
from deid.formats.arrays import without_hidden_colour
from deid.formats.colour import to_srgb
from deid.policy import Policy

if TYPE_CHECKING:
    from deid.types import Stored

_BAND_ROWS = 1024
_DEEP_MODES = {"I": np.int32, "F": np.float32}


@contextmanager
def decoding() -> Iterator[None]:
    """Run Pillow strictly: truncated pictures are errors, its warnings are no noise, its own size limit gives way to ours.

    Raises
    ------
    FileRefused
        ``truncated`` or ``broken``, whatever Pillow raises.
    """
    try:
        with _STRICT:
            yield
    except (FileRefused, MemoryError):
        raise
    except UnidentifiedImageError:
        raise FileRefused("broken") from None
    except EOFError:
        raise FileRefused("truncated") from None
    except OSError as error:
        raise FileRefused("truncated" if "truncated" in str(error) else "broken") from None
    except Exception:  # decoders of damaged files raise struct.error, SyntaxError, KeyError and more
        raise FileRefused("broken") from None


class _Strict:
    """Global settings of Pillow and of warnings: ours while anybody decodes; the first thread in sets them, the last restores."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._restore = ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._restore.callback(setattr, Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
                self._restore.callback(setattr, ImageFile, "LOAD_TRUNCATED_IMAGES", ImageFile.LOAD_TRUNCATED_IMAGES)
                self._restore.enter_context(warnings.catch_warnings())
                warnings.simplefilter("ignore")
                Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = None, False

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._restore.close()


_STRICT = _Strict()


def open_picture(data: bytes, name: str, policy: Policy) -> Image.Image:
    """Open a file with one of Pillow's formats, header only, and check its size; call inside `decoding`."""
    image = Image.open(io.BytesIO(data), formats=(name,))
    check_size(image.height, image.width, policy)
    return image


def check_size(rows: int, columns: int, policy: Policy) -> None:
    """Refuse a frame beyond the policy's limit.

    Raises
    ------
    FileRefused
        ``too-large``, or ``broken`` where a side is not positive.
    """
    if rows < 1 or columns < 1:
        raise FileRefused("broken")
    if rows * columns > policy.max_megapixels * 1e6:
        raise FileRefused("too-large")


def check_count(count: int, policy: Policy) -> None:
    """Refuse a file with more frames or pages than the policy allows.

    Raises
    ------
    FileRefused
        ``too-large``.
    """
    if count > policy.max_frames:
        raise FileRefused("too-large")


def samples(image: Image.Image, mode: str = "") -> Stored:
    """Decode the current frame to (rows, columns, samples): grey or sRGB, uint8; deep grey keeps its own type.

    `mode`, one of L, LA, RGB and RGBA, is what frames of one film have in common.
    """
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)[:, :, np.newaxis]
    if image.mode in _DEEP_MODES:
        return np.asarray(image, dtype=_DEEP_MODES[image.mode])[:, :, np.newaxis]
    plain = to_srgb(image, image.info.get("icc_profile"))
    return without_hidden_colour(_pixels(plain.convert(mode) if mode and plain.mode != mode else plain))


def _pixels(image: Image.Image) -> Stored:
    """Copy a picture out of Pillow band by band; in one piece it would be there three times."""
    pixels = np.empty((image.height, image.width, len(image.getbands())), np.uint8)
    for row in range(0, image.height, _BAND_ROWS):
        band = pixels[row : row + _BAND_ROWS]
        band[:] = np.asarray(image.crop((0, row, image.width, row + band.shape[0]))).reshape(band.shape)
    return pixels
