"""Joins what several passes saw into lines: one quad a line, nothing lost that only one pass saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid.find.geometry import axes, degrees, sides
from deid.find.passes import Sight

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.find.geometry import Corners

# A box of which this share is already covered tells nothing new.
_KNOWN_SHARE = 0.85
# A sight that reaches further than this beyond a line, in line heights, has seen more of it.
_NEWS = 0.5


def joined(sights: Sequence[Sight], shape: tuple[int, int]) -> list[Sight]:
    """Join sights into lines.

    Parameters
    ----------
    sights
        In order of trust: where two saw the same, the geometry of the first is kept.
    shape
        Rows and columns of the picture.
    """
    drawn = np.zeros(shape, np.uint8)
    lines: list[Sight] = []
    for sight in sights:
        if _covered(sight.points, drawn) >= _KNOWN_SHARE:
            continue
        kin = next((index for index, line in enumerate(lines) if _same_line(sight.points, line.points)), None)
        if kin is None:
            lines.append(sight)
        else:
            sight = replace(lines[kin], points=_extended(lines[kin].points, sight.points))
            lines[kin] = sight
        cv2.fillPoly(drawn, [np.round(sight.points).astype(np.int32)], 1)
    return lines


def _covered(points: Corners, drawn: NDArray[np.uint8]) -> float:
    x0, y0 = np.floor(points.min(axis=0)).astype(int).clip(0)
    x1, y1 = np.ceil(points.max(axis=0)).astype(int)
    part = drawn[y0:y1, x0:x1]
    if not part.size:
        return 1.0
    own = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(own, [np.round(points - (x0, y0)).astype(np.int32)], 1)
    return float((part & own).sum()) / max(1.0, float(own.sum()))


def _same_line(one: Corners, other: Corners) -> bool:
    (length, thickness), (other_length, other_thickness) = sides(one), sides(other)
    if not 0.6 < thickness / max(1.0, other_thickness) < 1.7:
        return False
    if min(length / thickness, other_length / other_thickness) > 1.5 and abs(degrees(one) - degrees(other)) > 10:
        return False
    along, across = axes(one if length > other_length else other)
    apart = other.mean(axis=0) - one.mean(axis=0)
    if abs(float(apart @ across)) > 0.35 * min(thickness, other_thickness):
        return False
    return abs(float(apart @ along)) < (length + other_length) / 2


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
