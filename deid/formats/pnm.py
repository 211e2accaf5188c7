"""PNM: PBM, PGM and PPM, binary or in digits; comments are left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deid.contents import Contents
from deid.errors import FileRefused
from deid.formats import pnm_file
from deid.formats.arrays import PixelFrames
from deid.formats.header import PictureHeader
from deid.formats.pillow import check_size, decoding, open_picture, samples
from deid.formats.raster import RasterFormat, counted, instance_of
from deid.policy import Policy
from deid.types import Instance

if TYPE_CHECKING:
    from deid.types import Stored


_BAND_ROWS = 256


class Pnm(RasterFormat):
    """Portable anymap, P1 to P6."""

    kind = "pnm"

    def accepts(self, data: Contents) -> bool:
        """Tell by the magic number and the blank or comment behind it."""
        return data[:1] == b"P" and data[1:2] in b"123456" and data[2:3] in b" \t\r\n#" and len(data) > 3

    def read(self, data: Contents, policy: Policy) -> Instance:
        """Decode a picture; samples keep their own maximum."""
        head = pnm_file.head_of(data)
        removed = counted(iter(["Comment"] if b"#" in data[: head.offset if head else 256] else []))
        if head is None or head.maximum <= 255:
            frames = PixelFrames.still(lambda: _plain(data, policy))
            maximum = 255 if frames.stored(0).dtype == np.uint8 else 65535
        else:
            frames, maximum = PixelFrames.still(lambda: _deep(data, head, policy)), head.maximum
        return instance_of(self.kind, frames, policy, PictureHeader("pnm", maximum=maximum, removed=removed))

    def strangers(self, data: Contents) -> tuple[str, ...]:
        """Compare a written file's header and length with what they must be."""
        return pnm_file.strangers(data)


def _plain(data: Contents, policy: Policy) -> Stored:
    with decoding():
        stored = samples(open_picture(data, "PPM", policy))
    return stored if stored.dtype == np.uint8 else stored.astype(np.uint16)


def _deep(data: Contents, head: pnm_file.Head, policy: Policy) -> Stored:
    """Take samples of two bytes as they are; Pillow would cut colours to 8 bit."""
    check_size(head.rows, head.columns, policy)
    if head.maximum > 65535:
        raise FileRefused("broken")
    if len(data) < head.offset + head.size:
        raise FileRefused("truncated")
    stored = np.empty((head.rows, head.columns, head.samples), np.uint16)
    row_bytes = head.size // head.rows
    for row in range(0, head.rows, _BAND_ROWS):
        band = stored[row : row + _BAND_ROWS]
        first = head.offset + row * row_bytes
        band[:] = np.frombuffer(data[first : first + band.nbytes], ">u2").reshape(band.shape)
    return stored
