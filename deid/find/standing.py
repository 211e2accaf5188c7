"""Tells which lines of the first look stand: surely read and touched by no mask, so that the second look need not read them again.

The second look must find such a line again, where and as it was, and the draft is compared with the source pixel by pixel: the
same reader would say the same of the same pixels. Whatever else the second look finds, and whatever a mask cut, it reads, but for
a box around several such lines that shows nothing else: read as one line it says nonsense.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid.find.geometry import axes, corners, degrees, grown, sides
from deid.find.lines import is_known
from deid.types import Region, TextLine

if TYPE_CHECKING:
    from deid.find.geometry import Corners
    from deid.types import Display

# From this confidence on a reading stands: of 936 such readings on screens three were wrong by a character.
_SURE = 0.95
# How much the thickness, the place and the length (both in thicknesses) of two sights of the same line differ.
_THICKNESS = (0.6, 1.7)
_ACROSS, _ALONG = 0.35, 1.0
_DEGREES = 5.0
# Air around the lines of a block, in thicknesses of the thinnest: no further line has room in it.
_AIR = 0.3


def untouched(lines: Sequence[TextLine], masks: Sequence[Region]) -> list[TextLine]:
    """Return the lines that were surely read and that no mask touches, on whatever frame."""
    boxes = np.array([mask.box for mask in masks]).reshape(-1, 4)
    found = []
    for line in lines:
        x0, y0, x1, y1 = Region(line.quad, line.frames).box
        touched = (boxes[:, 0] < x1) & (boxes[:, 2] > x0) & (boxes[:, 1] < y1) & (boxes[:, 3] > y0)
        if line.confidence >= _SURE and len(line.text) and not touched.any():
            found.append(line)
    return found


class Standing:
    """Lines that stand, their geometry worked out once.

    Parameters
    ----------
    lines
        Lines of one picture.
    """

    def __init__(self, lines: Sequence[TextLine] = ()) -> None:
        self._lines = lines
        self._quads = [corners(line.quad) for line in lines]
        self._middles = np.array([quad.mean(axis=0) for quad in self._quads]).reshape(-1, 2)

    def seen_again(self, points: Corners) -> TextLine | None:
        """Return the line that a sight is: as thick, as long, and at the same place; one merely under or over a line is another."""
        (length, thickness), lean = sides(points), degrees(points)
        u, v = axes(points)
        apart = self._middles - points.mean(axis=0)
        for index in np.flatnonzero(np.hypot(apart[:, 0], apart[:, 1]) <= length).tolist():
            quad = self._quads[index]
            other_length, other_thickness = sides(quad)
            if (
                _THICKNESS[0] < thickness / max(1.0, other_thickness) < _THICKNESS[1]
                and abs(float(apart[index] @ v)) < _ACROSS * thickness
                and abs(float(apart[index] @ u)) + abs(length - other_length) / 2 < _ALONG * thickness
                and abs((degrees(quad) - lean + 180) % 360 - 180) < _DEGREES
            ):
                return self._lines[index]
        return None

    def is_block(self, points: Corners, picture: Display) -> bool:
        """Tell a box around several of the lines, thicker than any of them, in which no other ink is."""
        thickness = sides(points)[1]
        u, v = axes(points)
        apart = self._middles - points.mean(axis=0)
        within = (np.abs(apart @ u) <= sides(points)[0] / 2) & (np.abs(apart @ v) <= thickness / 2)
        held = [self._quads[index] for index in np.flatnonzero(within).tolist()]
        if len(held) < 2 or any(thickness < _THICKNESS[1] * sides(quad)[1] for quad in held):
            return False
        drawn = np.zeros(picture.shape[:2], np.uint8)
        for quad in held:
            cv2.fillPoly(drawn, [quad.round().astype(np.int32)], 1)
        air = -_AIR * min(sides(quad)[1] for quad in held)
        return is_known(grown(points, air, air), drawn, picture)
