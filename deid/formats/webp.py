"""WebP, still and animated: read upright, in sRGB; a lossy one is written as true as a JPEG, all others lossless."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from deid.contents import Contents
from deid.errors import FileRefused
from deid.formats import webp_file
from deid.formats.arrays import PixelFrames, red_first
from deid.formats.exif import photo_facts
from deid.formats.film import film_of
from deid.formats.header import PictureHeader
from deid.formats.pillow import check_count, decoding, open_picture, samples
from deid.formats.raster import RasterFormat, counted, instance_of
from deid.policy import Policy
from deid.types import Instance

if TYPE_CHECKING:
    from deid.types import Stored

# Lossless WebP takes some 25 bytes a pixel to compress: larger pictures become PNG, so that a worker stays within its memory.
_LARGEST = 25_000_000


class Webp(RasterFormat):
    """WebP: lossy, lossless, with alpha, animated."""

    kind = "webp"

    def accepts(self, data: Contents) -> bool:
        """Tell by the RIFF signature."""
        return data[:4] == b"RIFF" and data[8:12] == b"WEBP"

    def read(self, data: Contents, policy: Policy) -> Instance:
        """Decode a WebP; every frame of an animation is shown whole."""
        data = data[:]
        with decoding():
            image = open_picture(data, "WEBP", policy)
            count = getattr(image, "n_frames", 1)
            check_count(count, policy)
            facts = photo_facts(image)
            removed = counted(webp_file.removed_parts(data))
            loop = int(image.info.get("loop", 0))
            compressible = image.width * image.height <= _LARGEST
            if count == 1:
                del image  # its decoder keeps room for the picture twice
                lossy = policy.write_as == "source" and any(chunk.type == b"VP8 " for chunk in webp_file.chunks(data[12:]))
                frames = PixelFrames.still(lambda: _still(data, facts.orientation, policy), lossy=lossy and compressible)
                durations: tuple[int, ...] = ()
            else:
                frames, durations = film_of(image, lambda: open_picture(data, "WEBP", policy), orientation=facts.orientation)
            header = PictureHeader("webp" if compressible else "png", durations, loop, removed=removed)
            return instance_of(self.kind, frames, policy, header, camera=facts.camera, known=facts.known)

    def strangers(self, data: Contents) -> tuple[str, ...]:
        """Walk a written file chunk by chunk."""
        return webp_file.strangers(data[:])


def _still(data: bytes, orientation: int, policy: Policy) -> Stored:
    """Decode a still picture; of a large one Pillow's decoder, made for animations, would hold five."""
    with decoding():
        image = open_picture(data, "WEBP", policy)
        if image.width * image.height <= _LARGEST:
            return samples(image, orientation=orientation)
        profile = image.info.get("icc_profile")
        del image
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if pixels is None or pixels.dtype != np.uint8:
            raise FileRefused("broken")
        picture = Image.fromarray(red_first(np.asarray(pixels)))
        picture.info["icc_profile"] = profile
        del pixels
        return samples(picture, orientation=orientation)
