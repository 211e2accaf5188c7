"""BMP: read in sRGB; one with transparency is written as PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deid.contents import Contents
from deid.formats import bmp_file
from deid.formats.arrays import PixelFrames
from deid.formats.header import PictureHeader
from deid.formats.pillow import decoding, open_picture, samples
from deid.formats.raster import RasterFormat, counted, instance_of
from deid.policy import Policy
from deid.types import Instance

if TYPE_CHECKING:
    from deid.types import Stored

# Sizes that the info headers of all versions of the format have.
_INFO_HEADS = (12, 16, 40, 52, 56, 64, 108, 124)


class Bmp(RasterFormat):
    """Windows and OS/2 bitmaps."""

    kind = "bmp"

    def accepts(self, data: Contents) -> bool:
        """Tell by the two letters and a plausible info header."""
        return data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _INFO_HEADS

    def read(self, data: Contents, policy: Policy) -> Instance:
        """Decode a bitmap; gaps, padding and what follows the pixels are left behind."""
        with decoding():
            frames = PixelFrames.still(lambda: _decoded(data, policy))
        trailing = int.from_bytes(data[2:6], "little") < len(data)
        removed = counted(iter(["TrailingBytes"] if trailing else []))
        header = PictureHeader("bmp" if frames.stored(0).shape[2] in (1, 3) else "png", removed=removed)
        return instance_of(self.kind, frames, policy, header)

    def strangers(self, data: Contents) -> tuple[str, ...]:
        """Compare a written file's header, length and padding with what they must be."""
        return bmp_file.strangers(data)


def _decoded(data: Contents, policy: Policy) -> Stored:
    with decoding():
        return samples(open_picture(data, "BMP", policy))
