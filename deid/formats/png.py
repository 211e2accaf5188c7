"""PNG and animated PNG: read upright, in sRGB, 8 or 16 bit; palettes expanded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from deid.contents import Contents
from deid.errors import FileRefused
from deid.formats import png_file
from deid.formats.arrays import PixelFrames, red_first, without_hidden_colour
from deid.formats.colour import with_gamma
from deid.formats.deep_colour import deep_to_srgb
from deid.formats.exif import PhotoFacts, photo_facts, upright
from deid.formats.film import film_of
from deid.formats.header import PictureHeader
from deid.formats.pillow import bands, check_count, decoding, open_picture, samples
from deid.formats.raster import RasterFormat, counted, instance_of
from deid.policy import Policy
from deid.types import HeaderChange, Instance

if TYPE_CHECKING:
    from deid.types import Stored

# Bits a sample that Pillow does not keep.
_DEEP = 16
# Colour types of RGB, without and with alpha (PNG 3rd ed., 11.2.1).
_COLOURS = (2, 6)
# Larger pictures of such samples are decoded half a sample at a time.
_LARGE = 16_000_000


class Png(RasterFormat):
    """PNG (ISO/IEC 15948) and APNG."""

    kind = "png"

    def accepts(self, data: Contents) -> bool:
        """Tell by the signature."""
        return data.startswith(png_file.SIGNATURE)

    def read(self, data: Contents, policy: Policy) -> Instance:
        """Decode a PNG; every frame of an animation is shown whole."""
        _check_chunks(data)
        with decoding():
            bare = png_file.bare(data)
            image = open_picture(bare, "PNG", policy)
            count = getattr(image, "n_frames", 1)
            check_count(count, policy)
            # Pillow would decode the whole picture to look for what is not there.
            facts = photo_facts(image) if png_file.has_exif(data) else PhotoFacts()
            removed = counted(png_file.removed_parts(data))
            if count == 1:
                del image  # it may hold the picture a second time
                frames = PixelFrames.still(lambda: _single(bare, facts.orientation, policy))
                return instance_of(
                    self.kind, frames, policy, PictureHeader("png", removed=removed), camera=facts.camera, known=facts.known
                )
            hidden = 1 if getattr(image, "default_image", False) else 0
            film, durations = film_of(image, lambda: open_picture(bare, "PNG", policy), first=hidden, orientation=facts.orientation)
            header = PictureHeader("png", durations, int(image.info.get("loop", 0)), removed=removed)
            dropped = (HeaderChange("DefaultImage", "X"),) if hidden else ()
            return instance_of(self.kind, film, policy, header, camera=facts.camera, known=facts.known, dropped=dropped)

    def strangers(self, data: Contents) -> tuple[str, ...]:
        """Walk a written file chunk by chunk."""
        return png_file.strangers(data)


def _check_chunks(data: Contents) -> None:
    """Refuse a file that ends too early or whose picture chunks were damaged on the way; decoders would show what is left."""
    walked = list(png_file.chunks(data))
    if not walked or walked[-1].type != b"IEND":
        raise FileRefused("truncated")
    if not all(chunk.is_sound for chunk in walked if chunk.type in png_file.PIXEL_CHUNKS):
        raise FileRefused("broken")


def _single(data: Contents, orientation: int, policy: Policy) -> Stored:
    with decoding():
        image = open_picture(data, "PNG", policy)
        if data[24] == _DEEP:
            halves = image.width * image.height > _LARGE and data[25] in _COLOURS and "transparency" not in image.info
            deep = _deep_by_halves(data, policy) if halves else _deep(data)
            return upright(with_gamma(deep_to_srgb(deep, image.info.get("icc_profile")), _gamma(image)), orientation)
        image.load()
        return with_gamma(samples(image, orientation=orientation), _gamma(image))


def _gamma(image: Image.Image) -> float | None:
    """The gAMA chunk's value where nothing better says how colours are meant."""
    return None if "icc_profile" in image.info or "srgb" in image.info else image.info.get("gamma")


def _deep_by_halves(data: Contents, policy: Policy) -> Stored:
    """Decode 16-bit colour as two pictures of 8 bits, the upper and the lower: at once they are there twice with the whole file."""
    stored: Stored | None = None
    for number, raw in enumerate((";16L", ";16B")):
        image = open_picture(data, "PNG", policy)
        image.tile = [tile._replace(args=image.mode + raw) for tile in image.tile]  # type: ignore[attr-defined]
        image.load()
        for row, band in bands(image):
            if stored is None:
                stored = np.empty((image.height, *band.shape[1:]), "<u2")
            stored[row : row + len(band)].view(np.uint8)[..., number::2] = band
    assert stored is not None
    return without_hidden_colour(stored)


def _deep(data: Contents) -> Stored:
    """Decode 16-bit samples, which Pillow would cut to 8; cv2 keeps blue first and spreads grey with alpha over colours."""
    import cv2

    pixels: Stored | None = cv2.imdecode(np.frombuffer(data[:], np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        raise FileRefused("broken")
    if pixels.ndim == 2:
        return pixels[:, :, np.newaxis]
    if data[25] == 4 and pixels.shape[2] == 4:
        return without_hidden_colour(np.ascontiguousarray(pixels[:, :, [0, 3]]))
    return without_hidden_colour(red_first(pixels))
