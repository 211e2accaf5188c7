"""Blacks out masks: opaque, in stored values, rounded outwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid.types import Box, Frames, Polygon, Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Display, Stored

# How far beyond its corners a mask may touch pixels.
REACH = 2


def cover(masks: Sequence[Region], index: int, shape: tuple[int, int], part: Box | None = None) -> NDArray[np.bool_]:
    """Draw the masks of one frame, or of a part of it.

    Parameters
    ----------
    masks
        Regions in pixel edges; those whose frame range does not hold `index` are passed over.
    index
        Frame, from 0.
    shape
        Rows and columns of the frame.
    part
        Pixels of the frame that are wanted; all where nothing is said.

    Returns
    -------
    (rows, columns) bool: True wherever a mask touches the pixel.
    """
    left, top, right, bottom = part or (0, 0, shape[1], shape[0])
    drawn = np.zeros((max(0, bottom - top), max(0, right - left)), np.uint8)
    for mask in masks:
        if mask.frames[0] <= index < mask.frames[1]:
            x0, y0, x1, y1 = mask.box
            if x0 - REACH < right and x1 + REACH > left and y0 - REACH < bottom and y1 + REACH > top:
                _draw(drawn, tuple((x - left, y - top) for x, y in mask.polygon))
    return drawn.view(np.bool_)


def _draw(drawn: NDArray[np.uint8], polygon: Polygon) -> None:
    xs, ys = {x for x, _ in polygon}, {y for _, y in polygon}
    if len(polygon) == 4 and len(xs) == 2 and len(ys) == 2:
        drawn[max(0, min(ys)) : max(0, max(ys)), max(0, min(xs)) : max(0, max(xs))] = 1
        return
    # Edges lie half a pixel before the centres that OpenCV draws between; one shift bit holds the half. Its outline covers
    # the pixels whose centres are near; one pixel of dilation makes that "touched at all".
    left, top = min(xs) - REACH, min(ys) - REACH
    part = np.zeros((max(ys) + REACH - top, max(xs) + REACH - left), np.uint8)
    points = np.array([[2 * (x - left) - 1, 2 * (y - top) - 1] for x, y in polygon], np.int32)
    cv2.fillPoly(part, [points], 1, lineType=cv2.LINE_8, shift=1)
    part = cv2.dilate(part, np.ones((3, 3), np.uint8)).astype(np.uint8)
    # Drawn whole and cut afterwards: OpenCV moves lines a little where it cuts them itself.
    inside = drawn[max(0, top) : max(0, top + part.shape[0]), max(0, left) : max(0, left + part.shape[1])]
    if inside.size:
        cut = part[max(0, -top) :, max(0, -left) :][: inside.shape[0], : inside.shape[1]]
        np.maximum(inside, cut, out=inside)


class Redacted:
    """The frames of an instance with the masks already black; nothing under a mask comes out of it."""

    def __init__(self, frames: Frames, masks: Sequence[Region]) -> None:
        self._frames = frames
        self._masks = tuple(masks)

    @property
    def count(self) -> int:
        """Number of frames."""
        return self._frames.count

    @property
    def lossy(self) -> bool:
        """True where the written form may differ outside the masks."""
        return self._frames.lossy

    def shape(self, index: int) -> tuple[int, int]:
        """Rows and columns of a frame."""
        return self._frames.shape(index)

    def touched(self, index: int) -> bool:
        """Tell whether any mask lies on the frame; an untouched one may be written as it was."""
        return any(mask.frames[0] <= index < mask.frames[1] for mask in self._masks)

    def stored(self, index: int) -> Stored:
        """Samples with the masks filled in the stored value of black."""
        return self.taken(index) if self.touched(index) else self._frames.stored(index)

    def taken(self, index: int) -> Stored:
        """The same, to write to."""
        black = self._frames.black(index)
        pixels = self._frames.taken(index)
        pixels[cover(self._masks, index, self.shape(index))] = black
        return pixels

    def rest(self) -> None:
        """Let go of a vast frame."""
        self._frames.rest()

    def black(self, index: int) -> tuple[float, ...]:
        """The stored value that shows as black."""
        return self._frames.black(index)

    def display(self, index: int) -> Display:
        """What a person will see: (rows, columns, 3) uint8 RGB, masks black."""
        return self._blacked(index, self._frames.display(index))

    def looks(self, index: int) -> Iterator[Display]:
        """Every look of the frame, masks black in each."""
        return map(partial(self._blacked, index), self._frames.looks(index))

    def _blacked(self, index: int, picture: Display) -> Display:
        if not self.touched(index):
            return picture
        picture = np.array(picture)
        picture[cover(self._masks, index, self.shape(index))] = 0
        return picture
