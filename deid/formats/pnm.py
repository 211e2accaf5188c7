"""PNM: PBM, PGM and PPM, binary or in digits; comments are left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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


class Pnm(RasterFormat):
    """Portable anymap, P1 to P6."""

    kind = "pnm"

    def accepts(self, data: bytes) -> bool:
        """Tell by the magic number and the blank or comment behind it."""
        return data[:1] == b"P" and data[1:2] in b"123456" and data[2:3] in b" \t\r\n#" and len(data) > 3

    def read(self, data: bytes, policy: Policy) -> Instance:
        """Decode a picture; samples keep their own maximum."""
        head = pnm_file.head_of(data)
        removed = counted(iter(["Comment"] if b"#" in data[: head.offset if head else 256] else []))
        if head is None or head.maximum <= 255:
            with decoding():
                image = open_picture(data, "PPM", policy)
                image.load()
                stored = samples(image)
            maximum = 255 if stored.dtype == np.uint8 else 65535
            stored = stored if stored.dtype == np.uint8 else stored.astype(np.uint16)
        else:
            stored, maximum = _deep(data, head, policy), head.maximum
        header = PictureHeader("pnm", maximum=maximum, removed=removed)
        return instance_of(self.kind, PixelFrames.of([stored]), policy, header)

    def strangers(self, data: bytes) -> tuple[str, ...]:
        """Compare a written file's header and length with what they must be."""
        return pnm_file.strangers(data)


def _deep(data: bytes, head: pnm_file.Head, policy: Policy) -> Stored:
    """Take samples of two bytes as they are; Pillow would cut colours to 8 bit."""
    check_size(head.rows, head.columns, policy)
    if head.maximum > 65535:
        raise FileRefused("broken")
    if len(data) < head.offset + head.size:
        raise FileRefused("truncated")
    flat = np.frombuffer(data, ">u2", head.size // 2, head.offset)
    return flat.astype(np.uint16).reshape(head.rows, head.columns, head.samples)
