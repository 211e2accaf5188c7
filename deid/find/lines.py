"""Joins what several passes saw into lines: one quad a line, nothing lost that only one pass saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from deid.find.geometry import axes, degrees, grown, near, sides
from deid.find.passes import Sight
from deid.find.samples import brightest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.find.geometry import Corners
    from deid.types import Display

# A box of which this share is already covered tells nothing new.
_KNOWN_SHARE = 0.85
# So does one of whose ink this share is covered, where what is covered is enough to tell ink from ground.
_KNOWN_INK = 0.93
_WORTH_A_LOOK = 0.2
# A sight that reaches further than this beyond a line, in line heights, has seen more of it.
_NEWS = 0.5
# Two parts of one line share less than this of the shorter one, and lie in a strip no wider than this, in line heights.
_PARTS, _BENT = 0.6, 1.2
# Margin of a box on each side, in shares of its thickness.
_MARGIN = 0.3


def joined(sights: Sequence[Sight], picture: Display) -> list[Sight]:
    """Join sights into lines.

    Parameters
    ----------
    sights
        In order of trust: where two saw the same, the geometry of the first is kept.
    picture
        (rows, columns, 3) uint8 RGB: a box around lines that are known tells nothing new where there is no other ink in it.
    """
    drawn = np.zeros(picture.shape[:2], np.uint8)
    lines: list[Sight] = []
    for sight in sights:
        if is_known(_core(sight.points), drawn, picture):
            continue
        close = near(sight.points, [line.points for line in lines])
        longer = ((index, _lengthened(lines[index].points, sight.points)) for index in close)
        kin = next(((index, points) for index, points in longer if points is not None), None)
        if kin is None:
            lines.append(sight)
        else:
            index, points = kin
            sight = lines[index] = replace(lines[index], points=points)
        cv2.fillPoly(drawn, [np.round(sight.points).astype(np.int32)], 1)
    return lines


def _core(points: Corners) -> Corners:
    """The part of a box that the engine saw as text; the rest is margin, and the larger the coarser its pass."""
    margin = _MARGIN * sides(points)[1]
    return grown(points, -margin, -margin)


def covered(points: Corners, drawn: NDArray[np.uint8]) -> float:
    """Return the share of a box's core that is drawn (1 where nearly all of it is)."""
    values = _inside(_core(points), drawn)
    share = float(values.mean()) if values.size else 1.0
    return 1.0 if share >= _KNOWN_SHARE else share


def largest(points: Corners, values: NDArray[np.float32]) -> float:
    """Return the largest of a picture's values within a box's core."""
    found = _inside(_core(points), values)
    return float(found.max()) if found.size else 0.0


def _inside(points: Corners, values: NDArray[Any]) -> NDArray[Any]:
    x0, y0 = np.floor(points.min(axis=0)).astype(int).clip(0)
    x1, y1 = np.ceil(points.max(axis=0)).astype(int)
    area = values[y0:y1, x0:x1]
    own = np.zeros(area.shape, np.uint8)
    if area.size:
        cv2.fillPoly(own, [np.round(points - (x0, y0)).astype(np.int32)], 1)
    return area[own > 0]


def is_known(points: Corners, drawn: NDArray[np.uint8], picture: Display) -> bool:
    """Tell whether what is drawn covers most of a quad, or most of the ink in it."""
    x0, y0 = np.floor(points.min(axis=0)).astype(int).clip(0)
    x1, y1 = np.ceil(points.max(axis=0)).astype(int)
    known = drawn[y0:y1, x0:x1]
    if not known.size:
        return True
    own = np.zeros(known.shape, np.uint8)
    cv2.fillPoly(own, [np.round(points - (x0, y0)).astype(np.int32)], 1)
    share = float((known & own).sum()) / max(1.0, float(own.sum()))
    if share >= _KNOWN_SHARE:
        return True
    if share < _WORTH_A_LOOK:
        return False
    ink = _edges(picture[y0:y1, x0:x1])
    # Ink of the known lines says how strong ink is here; grain of the ground is weaker.
    strong = (ink > 0.4 * float(np.percentile(ink[(known & own) > 0], 95))) & (own > 0)
    return float((strong & (known > 0)).sum()) >= _KNOWN_INK * float(strong.sum())


def _edges(crop: Display) -> NDArray[np.float32]:
    steps = cv2.morphologyEx(crop, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    return brightest(np.asarray(steps)).astype(np.float32)


def _lengthened(line: Corners, other: Corners) -> Corners | None:
    """Return a line with a box that belongs to it, or None where it does not."""
    if not _same_line(other, line):
        return None
    return _extended(line, other) if _continues(line, other) else _spanning(line, other)


def _spanning(line: Corners, other: Corners) -> Corners | None:
    """Return the line from the beginning of one part to the end of the other, each of which saw its lean a little off.

    A tile ends in the middle of a line that leans: half a word is judged as a name.
    """
    along, _ = axes(max(line, other, key=lambda points: sides(points)[0]))
    first, last = sorted((line, other), key=lambda points: float((points @ along).min()))
    overlap = float((first @ along).max() - (last @ along).min())
    if overlap > _PARTS * min(sides(line)[0], sides(other)[0]):
        return None
    start, end = (first[0] + first[3]) / 2, (last[1] + last[2]) / 2
    along = (end - start) / max(1.0, float(np.hypot(*(end - start))))
    across = _across(along)
    cores = np.concatenate((_core(line), _core(other)))
    half = max(sides(line)[1] / 2, sides(other)[1] / 2, float(np.abs((cores - start) @ across).max()))
    if 2 * half > _BENT * max(sides(line)[1], sides(other)[1]):
        return None
    return np.array([start - half * across, end - half * across, end + half * across, start + half * across])


def _continues(line: Corners, other: Corners) -> bool:
    """Tell whether a box belongs to a line, and the line drawn on would cover what the engine saw as text in it."""
    offsets = (_core(other) - line.mean(axis=0)) @ _across(axes(line)[0])
    return float(np.abs(offsets).max()) <= 0.5 * sides(line)[1]


def _same_line(one: Corners, other: Corners) -> bool:
    (length, thickness), (other_length, other_thickness) = sides(one), sides(other)
    if not 0.6 < thickness / max(1.0, other_thickness) < 1.7:
        return False
    if min(length / thickness, other_length / other_thickness) > 1.5 and abs(degrees(one) - degrees(other)) > 10:
        return False
    along, _ = axes(one if length > other_length else other)
    apart = other.mean(axis=0) - one.mean(axis=0)
    if abs(float(apart @ _across(along))) > 0.35 * min(thickness, other_thickness):
        return False
    return abs(float(apart @ along)) < (length + other_length) / 2


def _across(along: NDArray[np.float64]) -> NDArray[np.float64]:
    """The direction at a right angle to a line; the ends of a quad that the edge of a tile cuts stand upright instead."""
    return np.array((-along[1], along[0]))


def _extended(line: Corners, other: Corners) -> Corners:
    """Lengthen a line where another sight of it reaches further; its lean and thickness stay as they were seen first."""
    _, thickness = sides(line)
    along, _ = axes(line)
    own, more = line @ along, other @ along
    before = float(own.min() - more.min())
    after = float(more.max() - own.max())
    # Two sights of one end differ by their margins; only more than that is news.
    before = before if before > _NEWS * thickness else 0.0
    after = after if after > _NEWS * thickness else 0.0
    reach: Corners = np.array([-before * along, after * along, after * along, -before * along])
    return line + reach
