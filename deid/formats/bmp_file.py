"""BMP files: a header of constants, rows of pixels, and not a byte more."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from deid.contents import Contents
from deid.types import Frames, Region

if TYPE_CHECKING:
    from deid.formats.header import PictureHeader

_FILE_HEAD, _INFO_HEAD = 14, 40
_GREYS = bytes(value for grey in range(256) for value in (grey, grey, grey, 0))
_BANDS_ROWS = 256


def strangers(data: Contents) -> tuple[str, ...]:
    """Name whatever a BMP file of ours would not hold: the header must be ours, the padding zero, the length exact."""
    if len(data) < _FILE_HEAD + _INFO_HEAD or data[:2] != b"BM":
        return ("signature",)
    columns, rows, _, bits = struct.unpack("<iiHH", data[18:30])
    if bits not in (8, 24) or columns < 1 or not 1 <= rows <= len(data) or columns > len(data):
        return ("header",)
    head = _head(rows, columns, bits // 8)
    if data[: len(head)] != head:
        return ("header",)
    used, padded = columns * bits // 8, _padded(columns, bits // 8)
    if len(data) != len(head) + rows * padded:
        return ("TrailingBytes",)
    places = range(len(head), len(data), _BANDS_ROWS * padded)
    bands = (np.frombuffer(data[at : at + _BANDS_ROWS * padded], np.uint8).reshape(-1, padded) for at in places)
    return ("padding",) if any(band[:, used:].any() for band in bands) else ()


def encode(frames: Frames, header: PictureHeader, file: BinaryIO, masks: Sequence[Region] = ()) -> None:
    """Write one frame, grey (8 bit) or RGB (24 bit), bottom row first."""
    stored = frames.stored(0)
    rows, columns, samples = stored.shape
    file.write(_head(rows, columns, samples))
    padding = _padded(columns, samples) - columns * samples
    upside_down = stored[::-1, :, ::-1]
    for row in range(0, rows, _BANDS_ROWS):
        band = upside_down[row : row + _BANDS_ROWS].reshape(-1, columns * samples)
        file.write(np.pad(band, ((0, 0), (0, padding))).tobytes())


def _head(rows: int, columns: int, samples: int) -> bytes:
    palette = _GREYS if samples == 1 else b""
    offset = _FILE_HEAD + _INFO_HEAD + len(palette)
    pixels = rows * _padded(columns, samples)
    # 2,835 pixels a metre are 72 an inch: every file the same.
    info = struct.pack("<IiiHHIIiiII", _INFO_HEAD, columns, rows, 1, samples * 8, 0, pixels, 2835, 2835, 0, 0)
    return struct.pack("<2sIHHI", b"BM", offset + pixels, 0, 0, offset) + info + palette


def _padded(columns: int, samples: int) -> int:
    return (columns * samples + 3) // 4 * 4
