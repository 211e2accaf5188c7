"""How true a lossy file is to the samples that it was made from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from deid.types import Region

if TYPE_CHECKING:
    from deid.types import Stored

# A decibel above what the policy asks for by default, because masks are measured as boxes here.
WANTED_PSNR: Final = 46.0
_BAND_ROWS = 512


def psnr(stored: Stored, written: bytes, masks: Sequence[Region] = ()) -> float:
    """Signal-to-noise ratio, in dB, of a written JPEG or WebP to the samples that it was made from, outside the masks' boxes."""
    counts = np.ones(stored.shape[:2], np.uint8)
    for x0, y0, x1, y1 in (mask.box for mask in masks):
        counts[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)] = 0
    if not counts.any():
        return math.inf
    # Pillow keeps four bytes a pixel.
    flag = cv2.IMREAD_GRAYSCALE if stored.shape[2] == 1 else cv2.IMREAD_COLOR_RGB
    decoded = np.asarray(cv2.imdecode(np.frombuffer(written, np.uint8), flag)).reshape(stored.shape)
    error = 0.0
    for row in range(0, stored.shape[0], _BAND_ROWS):
        band = slice(row, row + _BAND_ROWS)
        error += cv2.norm(np.ascontiguousarray(stored[band]), decoded[band], cv2.NORM_L2SQR, counts[band])
    return math.inf if error == 0 else 10 * math.log10(255**2 * int(np.count_nonzero(counts)) * stored.shape[2] / error)
