"""Fills masks with what surrounds them, for the second look: a black box on a light ground looks like a letter to a detector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid.types import Box, Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Display

# Pixels around a mask whose brightness is carried into it.
_AROUND = 24


def fill(picture: Display, masks: Sequence[Region], index: int) -> None:
    """Fill the masks of a frame in place; every pixel outside them stays as it is.

    Parameters
    ----------
    picture
        (rows, columns, 3) uint8 RGB; written to.
    masks
        What was blacked out.
    index
        The frame, from 0.
    """
    shown = [mask for mask in masks if mask.frames[0] <= index < mask.frames[1]]
    if not shown:
        return
    drawn = np.zeros(picture.shape[:2], np.uint8)
    for mask in shown:
        _draw(drawn, mask)
    for box in _apart([mask.box for mask in shown]):
        _fill_box(picture, drawn, box)


def _fill_box(picture: Display, drawn: NDArray[np.uint8], box: Box) -> None:
    """Fill what is drawn within a box from what is known within and around it; then that is known too."""
    rows, columns = drawn.shape
    x0, y0, x1, y1 = max(0, box[0]), max(0, box[1]), min(columns, box[2]), min(rows, box[3])
    if x1 <= x0 or y1 <= y0:
        return
    left, top, right, bottom = max(0, x0 - _AROUND), max(0, y0 - _AROUND), min(columns, x1 + _AROUND), min(rows, y1 + _AROUND)
    unknown = drawn[top:bottom, left:right]
    spread = _spread(picture[top:bottom, left:right].astype(np.float32), (unknown == 0).astype(np.float32))
    inner = slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
    part = picture[y0:y1, x0:x1]
    part[:] = np.where(unknown[inner][:, :, None] > 0, np.rint(spread[inner]).astype(np.uint8), part)
    unknown[inner] = 0


def _apart(boxes: Sequence[Box]) -> list[Box]:
    """Join boxes that share a pixel until none do: what is filled box by box needs no copies of a large picture."""
    joined: list[Box] = []
    for box in boxes:
        x0, y0, x1, y1 = box
        while near := [other for other in joined if other[0] < x1 and x0 < other[2] and other[1] < y1 and y0 < other[3]]:
            joined = [other for other in joined if other not in near]
            x0, y0 = min(x0, *(other[0] for other in near)), min(y0, *(other[1] for other in near))
            x1, y1 = max(x1, *(other[2] for other in near)), max(y1, *(other[3] for other in near))
        joined.append((x0, y0, x1, y1))
    return joined


def _draw(drawn: NDArray[np.uint8], mask: Region) -> None:
    x0, y0, x1, y1 = mask.box
    if len(mask.polygon) == 4 and set(mask.polygon) == {(x0, y0), (x1, y0), (x1, y1), (x0, y1)}:
        drawn[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)] = 1
    else:
        # Edges lie half a pixel before the centres that OpenCV draws between. Masks that lean cover a pixel more than this.
        cv2.fillPoly(drawn, [np.array(mask.polygon, np.int32) * 2 - 1], 1, shift=1)


def _spread(values: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
    """Carry known values into the unknown: average at ever coarser scales until everything is known, then refine."""
    rows, columns = known.shape
    if float(known.min()) > 0 or min(rows, columns) < 2:
        return values
    size = (-(-columns // 2), -(-rows // 2))
    weight = np.asarray(cv2.resize(known, size, interpolation=cv2.INTER_AREA), np.float32)
    mean = np.asarray(cv2.resize(values * known[:, :, None], size, interpolation=cv2.INTER_AREA), np.float32)
    mean /= np.maximum(weight, 1e-6)[:, :, None]
    coarse = _spread(mean, (weight > 0).astype(np.float32))
    wide = np.asarray(cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)
    return np.where(known[:, :, None] > 0, values, wide)
