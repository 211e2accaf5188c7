"""Blacks out masks: opaque, in stored values, rounded outwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid.types import Frames, Polygon, Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Display, Stored


def cover(masks: Sequence[Region], index: int, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Draw the masks of one frame.

    Parameters
    ----------
    masks
        Regions in pixel edges; those whose frame range does not hold `index` are passed over.
    index
        Frame, from 0.
    shape
        Rows and columns of the frame.

    Returns
    -------
    (rows, columns) bool: True wherever a mask touches the pixel.
    """
    drawn = np.zeros(shape, np.uint8)
    for mask in masks:
        if mask.frames[0] <= index < mask.frames[1]:
            _draw(drawn, mask.polygon)
    return drawn.view(np.bool_)


def _draw(drawn: NDArray[np.uint8], polygon: Polygon) -> None:
    xs, ys = {x for x, _ in polygon}, {y for _, y in polygon}
    if len(polygon) == 4 and len(xs) == 2 and len(ys) == 2:
        drawn[max(0, min(ys)) : max(0, max(ys)), max(0, min(xs)) : max(0, max(xs))] = 1
        return
    # Edges lie half a pixel before the centres that OpenCV draws between; one shift bit holds the half. Its outline covers
    # the pixels whose centres are near; one pixel of dilation makes that "touched at all".
    left, top = min(xs) - 2, min(ys) - 2
    part = np.zeros((max(ys) + 2 - top, max(xs) + 2 - left), np.uint8)
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
        pixels = self._frames.stored(index)
        if not self.touched(index):
            return pixels
        pixels = np.array(pixels)
        pixels[cover(self._masks, index, self.shape(index))] = self._frames.black(index)
        return pixels

    def black(self, index: int) -> tuple[float, ...]:
        """The stored value that shows as black."""
        return self._frames.black(index)

    def display(self, index: int) -> Display:
        """What a person will see: (rows, columns, 3) uint8 RGB, masks black."""
        return self._blacked(self._frames.display(index), index)

    def looks(self, index: int) -> tuple[Display, ...]:
        """Every look of the frame, masks black in each."""
        return tuple(self._blacked(look, index) for look in self._frames.looks(index))

    def _blacked(self, picture: Display, index: int) -> Display:
        if not self.touched(index):
            return picture
        picture = np.array(picture)
        picture[cover(self._masks, index, self.shape(index))] = 0
        return picture
