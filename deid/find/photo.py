"""Tells photographs from screens and exams by their pixels, for files whose header does not name a camera."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2

from deid.find.samples import brightest, darkest

if TYPE_CHECKING:
    from deid.types import Display

# Share of pixels with equal red, green and blue: at most 0.07 in photos, at least 0.6 in exams and in screens that show them.
_MOST_GREY = 0.2
# Share of pixels equal to their neighbour: at most 0.54 in photos, at least 0.62 in tables on tinted screens, JPEG or not.
_MOST_FLAT = 0.58


def is_photo(picture: Display) -> bool:
    """Tell whether a picture, (rows, columns, 3) uint8 RGB, was taken by a camera: tinted everywhere, flat nowhere."""
    if picture.shape[1] < 2:
        return False
    grey = float((brightest(picture) == darkest(picture)).mean())
    flat = float((brightest(cv2.absdiff(picture[:, 1:], picture[:, :-1])) == 0).mean())
    return grey < _MOST_GREY and flat < _MOST_FLAT
