"""Quads as numbers: their sides, their growth, rounding outwards, the straightened crop under one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid.types import Quad

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    from deid.types import Display

    Corners: TypeAlias = NDArray[np.float64]
    """Four corners, (4, 2): x, y; clockwise, beginning at the start of the text's upper edge."""

# A quad whose sides lean less than this many degrees is straightened by slicing, which is exact, rather than by warping.
_UPRIGHT_DEGREES = 0.7


def corners(quad: Quad) -> Corners:
    """Return a quad's corners as numbers."""
    return np.array(quad, np.float64)


def outwards(points: Corners) -> Quad:
    """Round corners to pixel edges, each away from the middle."""
    xs, ys = points.T.tolist()
    middle_x, middle_y = sum(xs) / 4, sum(ys) / 4
    a, b, c, d = ((_outwards(x, middle_x), _outwards(y, middle_y)) for x, y in zip(xs, ys, strict=True))
    return a, b, c, d


def _outwards(value: float, middle: float) -> int:
    # A hair of tolerance: 12.0000001 is 12, not 13.
    return math.ceil(value - 1e-3) if value > middle else math.floor(value + 1e-3)


def sides(points: Corners) -> tuple[float, float]:
    """Return length (along the text) and thickness (across it) of a quad, in pixels."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points.tolist()
    along = math.hypot(bx - ax, by - ay) + math.hypot(cx - dx, cy - dy)
    across = math.hypot(dx - ax, dy - ay) + math.hypot(cx - bx, cy - by)
    return along / 2, across / 2


def axes(points: Corners) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the unit vectors along the text and across it (downwards)."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points.tolist()
    return _unit(bx - ax + cx - dx, by - ay + cy - dy), _unit(dx - ax + cx - bx, dy - ay + cy - by)


def _unit(x: float, y: float) -> NDArray[np.float64]:
    length = max(1e-9, math.hypot(x, y))
    return np.array((x / length, y / length))


def degrees(points: Corners) -> float:
    """Return the lean of the text against the horizontal, in degrees, -180 to 180; positive is clockwise."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points.tolist()
    return math.degrees(math.atan2(by - ay + cy - dy, bx - ax + cx - dx))


def near(points: Corners, others: Sequence[Corners]) -> list[int]:
    """Return the numbers of those quads whose surrounding circles meet, or nearly meet, that of `points`; in order."""
    if not others:
        return []
    every = np.stack(others)
    apart = np.hypot(*(every.mean(axis=1) - points.mean(axis=0)).T)
    reach = np.hypot(*(every[:, 2] - every[:, 0]).T) / 2 + math.hypot(*(points[2] - points[0])) / 2
    return [int(index) for index in np.flatnonzero(apart < 1.1 * reach)]


def grown(points: Corners, along: float, across: float) -> Corners:
    """Move the ends out by `along` pixels and the long edges by `across` pixels."""
    u, v = axes(points)
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return np.array([point + a * along * u + b * across * v for point, (a, b) in zip(points, signs, strict=True)])


def part(points: Corners, start: float, end: float) -> Corners:
    """Cut the part of a quad between two shares of its length (0 is the start of the text, 1 its end)."""
    top, bottom = points[1] - points[0], points[2] - points[3]
    return np.array([points[0] + start * top, points[0] + end * top, points[3] + end * bottom, points[3] + start * bottom])


def turned(points: Corners, quarters: int) -> Corners:
    """Return the same quad with the text beginning `quarters` corners further on (1: it reads downwards)."""
    return np.roll(points, -quarters, axis=0)


def within(points: Corners, shape: tuple[int, int]) -> Corners:
    """Clip corners to a picture of (rows, columns)."""
    return np.minimum(np.maximum(points, 0.0), (shape[1], shape[0]))


def reading_order(rectangle: Corners) -> Corners:
    """Order the corners of a rectangle for text that runs along its longer side, left to right or, if it stands, downwards.

    Squares and single characters are taken as upright.
    """
    points = rectangle[np.argsort(np.arctan2(*(rectangle - rectangle.mean(axis=0)).T[::-1]))]
    first = int(np.argmin(points.sum(axis=1)))
    points = np.roll(points, -first, axis=0)
    length, thickness = sides(points)
    if thickness > 1.5 * length:
        # Where two corners lie as far to the upper left, the text rises along its longer side.
        return turned(points, 1 if degrees(points) < 45 else 3)
    return points


def leaning(points: Corners, lean: float) -> Corners:
    """Turn a quad to another lean (degrees), so that it still holds what it held."""
    u = np.array((math.cos(math.radians(lean)), math.sin(math.radians(lean))))
    v = np.array((-u[1], u[0]))
    x, y = points @ u, points @ v
    length, _ = sides(points)
    # Half of the thickness that turning adds is air at the corners.
    spare = 0.25 * abs(math.sin(math.radians(lean - degrees(points)))) * length
    top, bottom = y.min() + spare, y.max() - spare
    return np.array([x.min() * u + top * v, x.max() * u + top * v, x.max() * u + bottom * v, x.min() * u + bottom * v])


def straightened(image: Display, points: Corners, rows: int) -> Display:
    """Cut out the picture under a quad, text level, at a height of `rows` pixels; beyond the picture's edge the edge goes on."""
    length, thickness = sides(points)
    columns = max(1, round(length * rows / max(1.0, thickness)))
    lean = abs(degrees(points))
    if lean < _UPRIGHT_DEGREES:
        x0, y0 = np.floor(points.min(axis=0)).astype(int)
        x1, y1 = np.ceil(points.max(axis=0)).astype(int)
        x0, y0, x1, y1 = max(0, x0), max(0, y0), min(image.shape[1], x1), min(image.shape[0], y1)
        if x1 - x0 < 1 or y1 - y0 < 1:
            return np.zeros((rows, columns, 3), np.uint8)
        crop = image[y0:y1, x0:x1]
        columns = max(1, round((x1 - x0) * rows / (y1 - y0)))
        shrinking = rows < crop.shape[0]
        return np.asarray(
            cv2.resize(crop, (columns, rows), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC), np.uint8
        )
    # Warping samples four pixels at a time: large lettering is straightened at its own size, then shrunk.
    scale = max(1, round(thickness / rows))
    target = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32) * scale - 0.5
    matrix = cv2.getPerspectiveTransform((points - 0.5).astype(np.float32), target)
    level = cv2.warpPerspective(
        image, matrix, (columns * scale, rows * scale), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    if scale > 1:
        level = cv2.resize(level, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(level, np.uint8)
