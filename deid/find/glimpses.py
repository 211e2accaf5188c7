"""Tells text from texture: a box that nobody can read must be seen again, with nothing but its surroundings in sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from deid.find.geometry import corners
from deid.find.passes import Pass, inverted, see
from deid.protocols import TextEngine
from deid.types import TextLine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.find.geometry import Corners
    from deid.types import Display

# Shorter readings than this, and less sure ones, may be anything: speckle reads as 1, 2, F and 83.
_SHORT: Final = 3
_SURE: Final = 0.9
# What is left around the box, in pixels.
_SURROUNDINGS: Final = 64
_AGAIN: Final = (Pass("again"), Pass("again-inverted", 4 / 3, inverted))
# Of the boxes on the speckle of ultrasound that was looked at, 21 of 22 were touched by neither of these looks, one by a quarter.
# Text that stands in sight is covered for most of its area.
_TOUCHED: Final = 0.35


def is_glimpse(line: TextLine, picture: Display, engine: TextEngine) -> bool:
    """Tell whether a line was not read, and is not seen again where the picture around it does not distract.

    Parameters
    ----------
    line
        A line as it was read.
    picture
        (rows, columns, 3) uint8 RGB, where it was seen.
    engine
        Looks again.
    """
    if line.confidence >= _SURE or len(line.text) >= _SHORT:
        return False
    points = corners(line.quad)
    x0, y0 = (np.floor(points.min(axis=0)).astype(int) - _SURROUNDINGS).clip(0)
    x1, y1 = np.ceil(points.max(axis=0)).astype(int) + _SURROUNDINGS
    crop = np.ascontiguousarray(picture[y0:y1, x0:x1])
    own = _drawn([points - (x0, y0)], crop)
    return not any(
        int((own & _drawn([sight.points for sight in see(crop, by, engine).sights], crop)).sum()) >= _TOUCHED * int(own.sum())
        for by in _AGAIN
    )


def _drawn(quads: Sequence[Corners], crop: Display) -> NDArray[np.uint8]:
    drawn = np.zeros(crop.shape[:2], np.uint8)
    for points in quads:
        cv2.fillPoly(drawn, [np.round(points).astype(np.int32)], 1)
    return drawn
