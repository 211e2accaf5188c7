"""The only door to Pillow's decoders: one format at a time, limits before decoding, warnings and errors turned into refusals."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from deid.contents import Contents, as_file
from deid.errors import FileRefused
from deid.formats.arrays import without_hidden_colour
from deid.formats.colour import to_srgb
from deid.formats.exif import lying
from deid.policy import Policy

if TYPE_CHECKING:
    from deid.types import Stored

_BAND_ROWS = 256
_DEEP_MODES: dict[str, type[np.generic]] = {"I": np.int32, "F": np.float32}


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


def open_picture(data: Contents, name: str, policy: Policy) -> Image.Image:
    """Open a file with one of Pillow's formats, header only, and check its size; call inside `decoding`."""
    image = Image.open(as_file(data), formats=(name,))
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


def samples(image: Image.Image, mode: str = "", orientation: int = 1) -> Stored:
    """Decode the current frame to (rows, columns, samples), upright: grey or sRGB, uint8; deep grey keeps its own type.

    `mode`, one of L, LA, RGB and RGBA, is what frames of one film have in common. `orientation` is EXIF's, 1-8.
    """
    if image.mode.startswith("I;16"):
        return _pixels(image, orientation, np.uint16)
    if image.mode in _DEEP_MODES:
        return _pixels(image, orientation, _DEEP_MODES[image.mode])
    plain = to_srgb(image, image.info.get("icc_profile"))
    return without_hidden_colour(_pixels(plain.convert(mode) if mode and plain.mode != mode else plain, orientation))


def _pixels(image: Image.Image, orientation: int, dtype: type[np.generic] = np.uint8) -> Stored:
    """Copy a picture out of Pillow band by band, each to where it is upright; in one piece it would be there three times."""
    sides = (image.height, image.width) if orientation < 5 else (image.width, image.height)
    pixels = np.empty((*sides, len(image.getbands())), dtype)
    as_in_file = lying(pixels, orientation)
    for row, band in bands(image):
        as_in_file[row : row + len(band)] = band
    return pixels


def bands(image: Image.Image) -> Iterator[tuple[int, Stored]]:
    """Yield a decoded picture some rows at a time, (rows, columns, samples), each band with its first row."""
    for row in range(0, image.height, _BAND_ROWS):
        band = np.asarray(image.crop((0, row, image.width, min(row + _BAND_ROWS, image.height))))
        yield row, band.reshape(*band.shape[:2], -1)
