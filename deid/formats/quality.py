"""How true a lossy file is to the samples that it was made from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from PIL import Image

from deid.types import Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Stored

# A decibel above what the policy asks for by default, because the verification draws masks a pixel larger or smaller.
WANTED_PSNR: Final = 46.0
_BAND_ROWS = 512


def psnr(made_from: Stored | Image.Image, written: bytes, masks: Sequence[Region] = ()) -> float:
    """Signal-to-noise ratio, in dB, of a written JPEG or WebP to the samples that it was made from, outside the masks."""
    picture = made_from if isinstance(made_from, Image.Image) else as_picture(made_from)
    samples = len(picture.getbands())
    counts = _outside(masks, picture.height, picture.width)
    if not counts.any():
        return math.inf
    # Pillow keeps four bytes a pixel.
    decoded = cv2.imdecode(np.frombuffer(written, np.uint8), cv2.IMREAD_GRAYSCALE if samples == 1 else cv2.IMREAD_COLOR_RGB)
    error = 0
    for row in range(0, picture.height, _BAND_ROWS):
        part = slice(row, min(row + _BAND_ROWS, picture.height))
        band: NDArray[np.uint8] = np.asarray(picture.crop((0, row, picture.width, part.stop)))
        # A sum of squares is a whole number; OpenCV squares its root.
        error += round(cv2.norm(band, np.asarray(decoded)[part], cv2.NORM_L2SQR, counts[part]))
    return math.inf if error == 0 else 10 * math.log10(255**2 * int(np.count_nonzero(counts)) * samples / error)


def as_picture(stored: Stored) -> Image.Image:
    """Return a frame, (rows, columns, samples) of 8 bits, as an encoder takes it."""
    return Image.fromarray(stored[:, :, 0] if stored.shape[2] == 1 else stored)


def _outside(masks: Sequence[Region], rows: int, columns: int) -> NDArray[np.uint8]:
    """Mark with 1 what no mask hides. The box of a slanted mask would hide half a photo, and how badly that was coded."""
    counts = np.ones((rows, columns), np.uint8)
    for mask in masks:
        cv2.fillPoly(counts, [np.array(mask.polygon, np.int32)], 0)
    return counts
