"""How far a mask must reach so that no edge of a glyph stays visible, and how far it may before it meets the next line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid.find.geometry import axes, corners, degrees, outwards, part, sides, straightened, turned, within
from deid.find.samples import brightest
from deid.types import Quad, TextLine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.find.geometry import Corners
    from deid.types import Display

# Growth of a line's quad, in shares of its thickness: across, and along at both ends; never less than the pixels below.
_GROW_ACROSS = 0.1
_GROW_ALONG = 0.45
LEAST_GROWTH = 2.0
# Air at both ends of a detector's box, in shares of its thickness: reading costs time by the column.
_AIR = 0.2
# The border between two lines lies in the middle part of the way from one's centre to the other's, on the row with the least ink.
_MIDDLE_PART = (0.3, 0.7)


@dataclass(frozen=True, slots=True)
class Room:
    """How far a line may reach from its middle before it meets its neighbours, above and below, in pixels; infinite without any."""

    above: float = np.inf
    below: float = np.inf


def rooms(lines: Sequence[Corners], picture: Display) -> list[Room]:
    """Find each line's room between the parallel lines right above and below it."""
    leans = np.array([degrees(points) for points in lines])
    middles = np.array([points.mean(axis=0) for points in lines]).reshape(-1, 2)
    lengths, thicknesses = np.array([sides(points) for points in lines]).reshape(-1, 2).T
    found = []
    for points, lean, middle, length, thickness in zip(lines, leans, middles, lengths, thicknesses, strict=True):
        along, across = np.abs((middles - middle) @ np.transpose(axes(points))).T
        close = (across > 0) & (across < 1.5 * thickness) & (along < 0.55 * (lengths + length) + across)
        parallel = [lines[index] for index in np.flatnonzero(close & (np.abs(leans - lean) <= 10)).tolist()]
        found.append(Room(_border(points, parallel, picture, -1), _border(points, parallel, picture, 1)))
    return found


def reading_quad(points: Corners, room: Room) -> Corners:
    """Cut a line's quad back to its room, so that the engine reads this line alone."""
    half = sides(points)[1] / 2
    return _reaching(points, -_AIR * sides(points)[1], min(half, room.above), min(half, room.below))


def covering_quad(points: Corners, room: Room) -> Corners:
    """Grow a line's quad to what its mask must cover, as far as there is room."""
    thickness = sides(points)[1]
    half = thickness / 2 + max(LEAST_GROWTH, _GROW_ACROSS * thickness)
    return _reaching(points, max(LEAST_GROWTH, _GROW_ALONG * thickness), min(half, room.above), min(half, room.below))


def covering(line: TextLine, sent: Quad, cover: Corners, shape: tuple[int, int]) -> TextLine:
    """Give a line that was read on the quad `sent` the mask quad `cover`; its words get their parts of it.

    Words meet in the middle between their own quads; the first and the last reach the ends of the mask.
    """
    turn = next((turn for turn in range(4) if tuple(sent[turn:] + sent[:turn]) == line.quad), None)
    # Where the engine moved the quad, its own geometry holds.
    cover = covering_quad(corners(line.quad), Room()) if turn is None else turned(cover, turn)
    start = (cover[0] + cover[3]) / 2
    along = (cover[1] + cover[2]) / 2 - start
    quads = [corners(word.quad) for word in line.words]
    cuts = [_place((left[1] + left[2] + right[0] + right[3]) / 4 - start, along) for left, right in pairwise(quads)]
    words = (
        replace(word, quad=outwards(within(part(cover, low, max(low, high)), shape)))
        # An unread line has no words.
        for word, low, high in zip(line.words, (0.0, *cuts), (*cuts, 1.0), strict=bool(quads))
    )
    return replace(line, quad=outwards(within(cover, shape)), words=tuple(words))


def _reaching(points: Corners, ends: float, above: float, below: float) -> Corners:
    """The quad with its long edges at given distances from its middle line, and its ends moved out."""
    u, v = axes(points)
    start, end = (points[0] + points[3]) / 2 - ends * u, (points[1] + points[2]) / 2 + ends * u
    return np.array([start - above * v, end - above * v, end + below * v, start + below * v])


def _neighbour(points: Corners, others: Sequence[Corners], side: int) -> tuple[float, Corners] | None:
    """Find the nearest line on one side (-1 above, 1 below): its distance from middle to middle, and the strip between the two."""
    u, v = axes(points)
    length, thickness = sides(points)
    middle = points.mean(axis=0)
    nearest, strip = np.inf, None
    for other in others:
        distance = side * float((other.mean(axis=0) - middle) @ v)
        if not 0.35 * thickness < distance < min(nearest, 1.5 * thickness):
            continue
        reach = other @ u - float(middle @ u)
        low, high = max(-length / 2, float(reach.min())), min(length / 2, float(reach.max()))
        if high - low > 0.3 * thickness:
            nearest = distance
            strip = np.array([middle + low * u, middle + high * u, middle + high * u, middle + low * u])
            strip[2:] += side * distance * v
    return None if strip is None else (nearest, strip)


def _border(points: Corners, parallel: Sequence[Corners], picture: Display, side: int) -> float:
    """Distance from a line's middle to the border with its neighbour on one side (-1 above, 1 below)."""
    found = _neighbour(points, parallel, side)
    if found is None:
        return float(np.inf)
    nearest, strip = found
    if side < 0:
        strip = strip[[3, 2, 1, 0]]
    ink = _ink_of_rows(picture, within(strip, (picture.shape[0], picture.shape[1])), max(4, round(nearest)))
    if side < 0:
        ink = ink[::-1]
    first, past = (round(share * len(ink)) for share in _MIDDLE_PART)
    return (first + int(np.argmin(ink[first : max(first + 1, past)])) + 0.5) * nearest / len(ink)


def _ink_of_rows(picture: Display, strip: Corners, rows: int) -> NDArray[np.float32]:
    crop = straightened(picture, strip, rows)
    steps = brightest(np.abs(np.asarray(cv2.Sobel(crop, cv2.CV_16S, 1, 0, ksize=3), np.int16))).mean(axis=1)
    return np.convolve(steps, (0.25, 0.5, 0.25), mode="same").astype(np.float32)


def _place(point: NDArray[np.float64], along: NDArray[np.float64]) -> float:
    return float(np.clip(point @ along / max(1e-9, float(along @ along)), 0, 1))
