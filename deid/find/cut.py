"""Tells a line of text that the edge of a photo cuts through: what is left of it reads as something else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from deid.types import PhiText, TextLine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Display, Quad

# Ink meets the edge where the pixels along it, so many deep, differ by such a share of what the whole line does.
_DEPTH: Final = 2
_SHARE: Final = 0.5
# Grey levels; less is grain.
_LEAST: Final = 30.0
# Of a line's pixels the darkest and the lightest hundredths are grain and glare.
_PERCENTILES: Final = (2.0, 98.0)


def unread_where_cut(line: TextLine, picture: Display) -> TextLine:
    """Return a line without its reading where its ink runs out of the picture: half a date can look like a number."""
    return replace(line, text=PhiText(""), words=()) if len(line.text) and is_cut(line.quad, picture) else line


def is_cut(quad: Quad, picture: Display) -> bool:
    """Tell whether ink of a line meets an edge of a picture, (rows, columns, 3) uint8 RGB, that its quad touches."""
    rows, columns = picture.shape[:2]
    xs, ys = [x for x, _ in quad], [y for _, y in quad]
    left, top, right, bottom = max(0, min(xs)), max(0, min(ys)), min(columns, max(xs)), min(rows, max(ys))
    touched = (left == 0, top == 0, right == columns, bottom == rows)
    if not any(touched) or right <= left or bottom <= top:
        return False
    grey = cv2.GaussianBlur(cv2.cvtColor(picture[top:bottom, left:right], cv2.COLOR_RGB2GRAY), (0, 0), 1.0).astype(np.float32)
    drawn = np.zeros(grey.shape, np.uint8)
    cv2.fillPoly(drawn, [np.array(quad, np.int32) - (left, top)], 1)
    inside = drawn > 0
    if not inside.any():
        return False
    low, high = np.percentile(grey[inside], _PERCENTILES)
    rims = zip(_rims(grey), _rims(drawn), touched, strict=True)
    steps = (float(np.ptp(along[within > 0])) for along, within, at in rims if at and within.any())
    return max(steps, default=0.0) >= max(_LEAST, _SHARE * float(high - low))


def _rims(pixels: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Cut the left, upper, right and lower rim of a picture."""
    return pixels[:, :_DEPTH], pixels[:_DEPTH], pixels[:, -_DEPTH:], pixels[-_DEPTH:]
