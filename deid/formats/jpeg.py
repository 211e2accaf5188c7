"""JPEG: read upright, in sRGB; the quantisation tables and the subsampling of the source are kept for writing."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from PIL import Image

from deid.contents import Contents
from deid.errors import FileRefused
from deid.formats import jpeg_file
from deid.formats.arrays import PixelFrames
from deid.formats.exif import photo_facts
from deid.formats.header import JpegRecipe, PictureHeader
from deid.formats.pillow import decoding, open_picture, samples
from deid.formats.raster import RasterFormat, counted, instance_of
from deid.policy import Policy
from deid.types import HeaderChange, Instance

if TYPE_CHECKING:
    from deid.types import Stored

# Baseline, extended and progressive Huffman; lossless, hierarchical and arithmetic ones have no decoder here.
_DECODABLE = (0xC0, 0xC1, 0xC2)
# Parts that are pictures of their own.
_PICTURES = ("MPF", "JFXXThumbnail", "EXIFThumbnail", "MotionVideo")


class Jpeg(RasterFormat):
    """JPEG (ISO/IEC 10918-1): photos and screenshots."""

    kind = "jpeg"

    def accepts(self, data: Contents) -> bool:
        """Tell by the start of image and a second marker."""
        return data.startswith(b"\xff\xd8\xff")

    def read(self, data: Contents, policy: Policy) -> Instance:
        """Decode the picture itself; thumbnails, previews, gain maps and films behind it are left out and counted."""
        _check_coding(data)
        with decoding():
            bare = jpeg_file.bare(data)
            image = open_picture(bare, "JPEG", policy)
            facts = photo_facts(image)
            recipe = _recipe(image, facts.orientation)
        parts = counted(chain(jpeg_file.removed_parts(data), ["EXIFThumbnail"] if facts.thumbnail else []))
        header = PictureHeader("jpeg", recipe=recipe, removed=tuple(part for part in parts if part.path not in _PICTURES))
        dropped: tuple[HeaderChange, ...] = tuple(part for part in parts if part.path in _PICTURES)
        lossy = policy.write_as in ("source", "jpeg")
        frames = PixelFrames.still(lambda: _decoded(bare, facts.orientation, policy), lossy=lossy)
        return instance_of(self.kind, frames, policy, header, camera=facts.camera, known=facts.known, dropped=dropped)

    def strangers(self, data: Contents) -> tuple[str, ...]:
        """Walk a written file segment by segment."""
        return jpeg_file.strangers(data)


def _decoded(data: Contents, orientation: int, policy: Policy) -> Stored:
    with decoding():
        return samples(open_picture(data, "JPEG", policy), orientation=orientation)


def _check_coding(data: Contents) -> None:
    frames = [part for part in jpeg_file.segments(data) if part.marker in jpeg_file.FRAME_MARKERS]
    if not frames:
        raise FileRefused("truncated" if len(data) < 4096 else "broken")
    if frames[0].marker not in _DECODABLE or frames[0].body[:1] != b"\x08":
        raise FileRefused("codec-missing")


def _recipe(image: Image.Image, orientation: int) -> JpegRecipe | None:
    """Take the source's tables; a picture that is turned on its side has its tables turned too."""
    from PIL import JpegImagePlugin

    if image.mode not in ("L", "RGB"):
        return None
    tables = [tuple(table) for _, table in sorted(getattr(image, "quantization", {}).items())]
    subsampling = JpegImagePlugin.get_sampling(image) if image.mode == "RGB" else 0
    if not tables or any(len(table) != 64 for table in tables):
        return None
    if orientation >= 5:
        tables = [tuple(table[8 * column + row] for row in range(8) for column in range(8)) for table in tables]
        subsampling = 0 if subsampling == 1 else subsampling
    return JpegRecipe(tuple(tables[: 1 if image.mode == "L" else 2]), max(subsampling, 0))
