"""Tells photographs from screens and exams by their pixels, for files whose header does not name a camera."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid.find.samples import brightest, darkest

if TYPE_CHECKING:
    from deid.types import Display

# Share of pixels with equal red, green and blue: at most 0.07 in photos, at least 0.6 in exams and in screens that show them.
_MOST_GREY = 0.2
# Share of pixels equal to their neighbour: at most 0.54 in photos, at least 0.62 in tables on tinted screens, JPEG or not.
_MOST_FLAT = 0.58
# Rows that are counted at a time.
_STRIP_ROWS = 512


def is_photo(picture: Display) -> bool:
    """Tell whether a picture, (rows, columns, 3) uint8 RGB, was taken by a camera: tinted everywhere, flat nowhere."""
    if picture.shape[1] < 2:
        return False
    rows, columns = picture.shape[:2]
    grey = flat = 0
    for top in range(0, rows, _STRIP_ROWS):
        strip = picture[top : top + _STRIP_ROWS]
        grey += int(np.count_nonzero(brightest(strip) == darkest(strip)))
        flat += int(np.count_nonzero(brightest(cv2.absdiff(strip[:, 1:], strip[:, :-1])) == 0))
    return bool(grey < _MOST_GREY * rows * columns and flat < _MOST_FLAT * rows * (columns - 1))
