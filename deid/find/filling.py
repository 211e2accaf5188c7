"""Fills masks with what surrounds them, for the second look: a black box on a light ground looks like a letter to a detector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid.types import Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Display


def filled(picture: Display, masks: Sequence[Region], index: int) -> Display:
    """Fill the masks of a frame; every pixel outside them stays as it is.

    Parameters
    ----------
    picture
        (rows, columns, 3) uint8 RGB.
    masks
        What was blacked out.
    index
        The frame, from 0.
    """
    drawn = np.zeros(picture.shape[:2], np.uint8)
    for mask in masks:
        if mask.frames[0] <= index < mask.frames[1]:
            _draw(drawn, mask)
    if not drawn.any():
        return picture
    known = (drawn == 0).astype(np.float32)
    fill = _spread(picture.astype(np.float32), known)
    return np.where(drawn[:, :, None] > 0, np.rint(fill), picture).astype(np.uint8)


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
