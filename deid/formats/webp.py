"""WebP, still and animated: read upright, in sRGB; a lossy one is written as true as a JPEG, all others lossless."""

from __future__ import annotations

from typing import cast

from PIL import Image, ImageFile

from deid.formats import webp_file
from deid.formats.arrays import PixelFrames
from deid.formats.exif import photo_facts, upright
from deid.formats.film import film_of
from deid.formats.header import PictureHeader
from deid.formats.pillow import check_count, decoding, open_picture, samples
from deid.formats.raster import RasterFormat, counted, instance_of
from deid.policy import Policy
from deid.types import Instance

# Lossless WebP takes some 25 bytes a pixel to compress: larger pictures become PNG, so that a worker stays within its memory.
_LARGEST = 25_000_000


class Webp(RasterFormat):
    """WebP: lossy, lossless, with alpha, animated."""

    kind = "webp"

    def accepts(self, data: bytes) -> bool:
        """Tell by the RIFF signature."""
        return data[:4] == b"RIFF" and data[8:12] == b"WEBP"

    def read(self, data: bytes, policy: Policy) -> Instance:
        """Decode a WebP; every frame of an animation is shown whole."""
        with decoding():
            image = open_picture(data, "WEBP", policy)
            count = getattr(image, "n_frames", 1)
            check_count(count, policy)
            facts = photo_facts(image)
            removed = counted(webp_file.removed_parts(data))
            if count == 1:
                image.load()
                cast(ImageFile.ImageFile, image).fp = None  # it holds the picture a second time
                lossy = policy.write_as == "source" and any(chunk.type == b"VP8 " for chunk in webp_file.chunks(data[12:]))
                frames, durations = _still(image, facts.orientation, lossy), tuple[int, ...]()
            else:
                frames, durations = film_of(image, lambda: open_picture(data, "WEBP", policy), orientation=facts.orientation)
            writes = "webp" if _compressible(frames) else "png"
            header = PictureHeader(writes, durations, int(image.info.get("loop", 0)), removed=removed)
            return instance_of(self.kind, frames, policy, header, camera=facts.camera, known=facts.known)

    def strangers(self, data: bytes) -> tuple[str, ...]:
        """Walk a written file chunk by chunk."""
        return webp_file.strangers(data)


def _still(image: Image.Image, orientation: int, lossy: bool) -> PixelFrames:
    stored = upright(samples(image), orientation)
    return PixelFrames.of([stored], lossy=lossy and _fits(stored.shape[0], stored.shape[1]))


def _compressible(frames: PixelFrames) -> bool:
    return _fits(*frames.shape(0))


def _fits(rows: int, columns: int) -> bool:
    return rows * columns <= _LARGEST
