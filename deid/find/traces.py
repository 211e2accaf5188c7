"""Tells curves from text: the trace of an ECG or a pressure looks like a row of letters to a detector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from deid.find.samples import brightest
from deid.types import Region, TextLine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Display

# What is read as surely as this is text, whatever it looks like; a beat of an ECG alone reads as a V at any certainty.
_SURE: Final = 0.95
_SHORT: Final = 1
# A curve goes on beyond its box, by so many columns at least; where the box cuts its peaks off, above and below as well.
_BEYOND: Final = 8
# Its least contrast, and how much anything else in the box may differ from the ground, in grey levels.
_CONTRAST, _UNSEEN = 60, 12
# Share of its box and what is beyond it that one runs through, without a gap, to one side of that at least: a sweep ends somewhere.
_THROUGH: Final = 0.9
# Share of columns that may hold more than one piece of it: where it turns within a pixel or two.
_TURNS: Final = 0.25
# How far around its pixels its smoothed edge reaches.
_EDGE: Final = np.ones((5, 5), np.uint8)


def is_trace(line: TextLine, picture: Display) -> bool:
    """Tell whether a line is one stroke that runs through its box from side to side, on an even ground without anything else.

    Letters leave columns between them empty, and most have several strokes above each other.

    Parameters
    ----------
    line
        A line as it was read.
    picture
        (rows, columns, 3) uint8 RGB, where it was seen.
    """
    if line.confidence >= _SURE and len(line.text) > _SHORT:
        return False
    x0, y0, x1, y1 = Region(line.quad, line.frames).box
    left, right = max(0, x0 - _BEYOND), x1 + _BEYOND
    return any(_is_one_stroke(picture[max(0, y0 - more) : y1 + more, left:right]) for more in (0, (y1 - y0) // 2, y1 - y0))


def _is_one_stroke(crop: Display) -> bool:
    ink = _off_ground(crop)
    drawn = ink > ink.max() / 2
    # The ground counts as a component.
    strokes, _ = cv2.connectedComponents(drawn.astype(np.uint8))
    columns = np.flatnonzero(drawn.any(axis=0))
    whole = len(columns) >= _THROUGH * drawn.shape[1] and np.ptp(columns) < len(columns)
    goes_on = len(columns) and (columns[0] == 0 or columns[-1] == drawn.shape[1] - 1)
    if ink.max() < _CONTRAST or strokes != 2 or not whole or not goes_on:
        return False
    several = (np.diff(drawn.astype(np.int8), axis=0, prepend=0) == 1).sum(axis=0) > 1
    middle = several[len(several) // 4 : len(several) - len(several) // 4]
    around = cv2.dilate(drawn.astype(np.uint8), _EDGE) > 0
    return max(float(several.mean()), float(middle.mean())) <= _TURNS and int(ink[~around].max(initial=0)) <= _UNSEEN


def _off_ground(crop: Display) -> NDArray[np.uint8]:
    """How much each pixel differs from the colour that most of the crop has."""
    ground = np.median(crop, axis=(0, 1)).astype(np.uint8)
    return brightest(np.asarray(cv2.absdiff(crop, np.broadcast_to(ground, crop.shape).copy()), np.uint8))
