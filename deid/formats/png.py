"""PNG and animated PNG: read upright, in sRGB, 8 or 16 bit; palettes expanded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from deid.errors import FileRefused
from deid.formats import png_file
from deid.formats.arrays import PixelFrames, without_hidden_colour
from deid.formats.colour import with_gamma
from deid.formats.deep_colour import deep_to_srgb
from deid.formats.exif import photo_facts, upright
from deid.formats.film import film_of
from deid.formats.header import PictureHeader
from deid.formats.pillow import check_count, decoding, open_picture, samples
from deid.formats.raster import RasterFormat, counted, instance_of
from deid.policy import Policy
from deid.types import HeaderChange, Instance

if TYPE_CHECKING:
    from deid.types import Stored

# Bits a sample that Pillow does not keep.
_DEEP = 16


class Png(RasterFormat):
    """PNG (ISO/IEC 15948) and APNG."""

    kind = "png"

    def accepts(self, data: bytes) -> bool:
        """Tell by the signature."""
        return data.startswith(png_file.SIGNATURE)

    def read(self, data: bytes, policy: Policy) -> Instance:
        """Decode a PNG; every frame of an animation is shown whole."""
        _check_chunks(data)
        with decoding():
            bare = png_file.bare(data)
            image = open_picture(bare, "PNG", policy)
            count = getattr(image, "n_frames", 1)
            check_count(count, policy)
            facts = photo_facts(image)
            removed = counted(png_file.removed_parts(data))
            if count == 1:
                frames = PixelFrames.of([upright(_single(bare, image), facts.orientation)])
                return instance_of(
                    self.kind, frames, policy, PictureHeader("png", removed=removed), camera=facts.camera, known=facts.known
                )
            hidden = 1 if getattr(image, "default_image", False) else 0
            film, durations = film_of(image, lambda: open_picture(bare, "PNG", policy), first=hidden, orientation=facts.orientation)
            header = PictureHeader("png", durations, int(image.info.get("loop", 0)), removed=removed)
            dropped = (HeaderChange("DefaultImage", "X"),) if hidden else ()
            return instance_of(self.kind, film, policy, header, camera=facts.camera, known=facts.known, dropped=dropped)

    def strangers(self, data: bytes) -> tuple[str, ...]:
        """Walk a written file chunk by chunk."""
        return png_file.strangers(data)


def _check_chunks(data: bytes) -> None:
    """Refuse a file that ends too early or whose picture chunks were damaged on the way; decoders would show what is left."""
    walked = [(chunk.type, chunk.sound) for chunk in png_file.chunks(data)]
    if not walked or walked[-1][0] != b"IEND":
        raise FileRefused("truncated")
    if not all(sound for type_, sound in walked if type_ in png_file.PIXEL_CHUNKS):
        raise FileRefused("broken")


def _single(data: bytes, image: Image.Image) -> Stored:
    if data[24] == _DEEP:
        return with_gamma(deep_to_srgb(_deep(data), image.info.get("icc_profile")), _gamma(image))
    image.load()
    return with_gamma(samples(image), _gamma(image))


def _gamma(image: Image.Image) -> float | None:
    """The gAMA chunk's value where nothing better says how colours are meant."""
    return None if "icc_profile" in image.info or "srgb" in image.info else image.info.get("gamma")


def _deep(data: bytes) -> Stored:
    """Decode 16-bit samples, which Pillow would cut to 8; cv2 keeps blue first and spreads grey with alpha over colours."""
    import cv2

    pixels: Stored | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        raise FileRefused("broken")
    if pixels.ndim == 2:
        return pixels[:, :, np.newaxis]
    grey_alpha = data[25] == 4 and pixels.shape[2] == 4
    order = [0, 3] if grey_alpha else [2, 1, 0, 3][: pixels.shape[2]]
    return without_hidden_colour(np.ascontiguousarray(pixels[:, :, order]))
