"""One value for the three samples of every pixel: NumPy takes ten times as long for a last axis of three."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Value = TypeVar("Value", np.uint8, np.int16, np.float32)


def brightest(picture: NDArray[Value]) -> NDArray[Value]:
    """Return the largest sample of each pixel of (rows, columns, 3): (rows, columns)."""
    first, second, third = cv2.split(picture)
    return np.asarray(cv2.max(cv2.max(first, second), third), picture.dtype)


def darkest(picture: NDArray[Value]) -> NDArray[Value]:
    """Return the smallest sample of each pixel of (rows, columns, 3): (rows, columns)."""
    first, second, third = cv2.split(picture)
    return np.asarray(cv2.min(cv2.min(first, second), third), picture.dtype)


def grey(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the mean of the samples of each pixel of (rows, columns, 3): (rows, columns)."""
    return np.asarray(cv2.transform(picture, np.full((1, 3), 1 / 3, np.float32)), np.uint8)
