"""From a detector's probability map to boxes (differentiable binarization, DB), with a remedy for image-sized blobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid.find.geometry import grown, reading_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.find.geometry import Corners

# Low on purpose: a false box costs a mask, a missed one a leak. Measured: +0.4 to 1 point of recall against the stock .3 and .5.
_THRESHOLD = 0.15
_LEAST_SCORE = 0.2
# Text areas are learned shrunken; this share of area over perimeter brings back ascenders and descenders.
_UNCLIP = 2.0
# Thinner blobs than this are noise, not glyphs.
_THINNEST = 3.0
# A blob thicker than this may be text that runs together over a noisy background: the threshold goes up inside it, step by step,
# until lines come out. Real lettering of that size keeps its shape.
_THICK = 90.0
_STEPS = (0.3, 0.5, 0.7, 0.85)


def boxes(probability: NDArray[np.float32]) -> list[tuple[Corners, float]]:
    """Find text boxes in a probability map.

    Parameters
    ----------
    probability
        (rows, columns), 0-1, on the grid of the network's input.

    Returns
    -------
    Corners in pixels of the map and a score (mean probability, 0-1), a pair a box.
    """
    return list(_boxes(probability, 0, 0, 0))


def _boxes(probability: NDArray[np.float32], step: int, left: int, top: int) -> Iterator[tuple[Corners, float]]:
    threshold = (_THRESHOLD, *_STEPS)[step]
    bitmap = (probability > threshold).astype(np.uint8)
    bitmap = cv2.dilate(bitmap, np.ones((2, 2), np.uint8)).astype(np.uint8)
    outlines, _ = cv2.findContours(bitmap, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for outline in outlines:
        middle, size, angle = cv2.minAreaRect(outline)
        thickness = min(size)
        if thickness < _THINNEST:
            continue
        if thickness > _THICK and step < len(_STEPS):
            x, y, width, height = cv2.boundingRect(outline)
            inside = probability[y : y + height, x : x + width] * _filled(outline, x, y, width, height)
            if float(inside.sum()) / max(1.0, float((inside > 0).sum())) < 0.75:
                yield from _boxes(inside, step + 1, left + x, top + y)
                continue
        score = _score(probability, outline)
        if score < _LEAST_SCORE:
            continue
        # The rectangle spans pixel centres; its edges lie half a pixel further out.
        rectangle = cv2.boxPoints((middle, (size[0] + 1, size[1] + 1), angle)).astype(np.float64) + 0.5
        reach = (size[0] + 1) * (size[1] + 1) * _UNCLIP / (2 * (size[0] + size[1] + 2))
        corner = np.array((left, top))
        yield grown(reading_order(rectangle), reach, reach) + corner, score


def _filled(outline: NDArray[np.int32], x: int, y: int, width: int, height: int) -> NDArray[np.float32]:
    mask = np.zeros((height, width), np.uint8)
    cv2.drawContours(mask, [outline], -1, 1, -1, offset=(-x, -y))
    return mask.astype(np.float32)


def _score(probability: NDArray[np.float32], outline: NDArray[np.int32]) -> float:
    x, y, width, height = cv2.boundingRect(outline)
    mask = _filled(outline, x, y, width, height)
    return float((probability[y : y + height, x : x + width] * mask).sum() / max(1.0, float(mask.sum())))
