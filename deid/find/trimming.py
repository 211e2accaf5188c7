"""Ends the quads of words where their ink ends: what is taken off shows nothing, and in doubt nothing is taken off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid.find.geometry import axes, corners, outwards, sides
from deid.types import Box, TextLine

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    from deid.find.geometry import Corners
    from deid.types import Display

    Flags: TypeAlias = NDArray[np.bool_]
    """One for each column of a crop."""

# Nobody tells apart what differs by so few of 255 levels; the ground of a JPEG is as even.
_UNSEEN = 2
# Screens and exams are written at right angles, and boxes are seen so much off at most, as a sine; what leans more is from a photo.
_LEAN = 0.1
# Pixels of ground left beside the ink.
_AIR = 1
# Masks are shortened by whole steps, in shares of their thickness, half a letter: an exact length would tell which name fits.
_STEP = 0.15
# A stroke that the edge of a mask cuts ends soon after; ground and borders go on by this share of the mask's thickness.
_BEYOND = 0.25


def trimmed(line: TextLine, pictures: Sequence[Display]) -> TextLine:
    """Return a line whose words end where their ink ends.

    Parameters
    ----------
    line
        Its words' quads cover all of it, with room to spare.
    pictures
        All that anybody may see there, (rows, columns, 3) uint8 RGB each; without any nothing is trimmed.
    """
    u, _ = axes(corners(line.quad))
    if not line.words or not pictures or min(abs(u)) > _LEAN:
        return line
    # A standing line is mirrored at the diagonal, so that the words of every line lie beside each other.
    order = (1, 0) if abs(u[1]) > abs(u[0]) else (0, 1)
    pictures = [picture.transpose(*order, 2) for picture in pictures]
    quads = [corners(word.quad)[:, order] for word in line.words]
    if not all(math.prod(sides(quad)) for quad in quads):
        return line
    boxes = [_narrowed(_box(quad), pictures) for quad in quads]
    # All words keep one height, so that masks stay rectangles.
    above, below = np.min([_bare_rows(box, pictures) for box in boxes], axis=0).tolist()
    ended = [_ended(quad, (x0, y0 + above, x1, y1 - below)) for quad, (x0, y0, x1, y1) in zip(quads, boxes, strict=True)]
    words = (replace(word, quad=outwards(quad[:, order])) for word, quad in zip(line.words, ended, strict=True))
    return replace(line, words=tuple(words))


def _box(quad: Corners) -> Box:
    (x0, y0), (x1, y1) = quad.min(axis=0).astype(int).tolist(), quad.max(axis=0).astype(int).tolist()
    return x0, y0, x1, y1


def _ended(quad: Corners, box: Box) -> Corners:
    """Return the box as a quad whose text begins where the quad's does; the quad where that is smaller, as where it leans."""
    x0, y0, x1, y1 = box
    if (x1 - x0) * (y1 - y0) >= math.prod(sides(quad)):
        return quad
    u, v = axes(quad)
    start, end = (x0, x1) if u[0] > 0 else (x1, x0)
    upper, lower = (y0, y1) if v[1] > 0 else (y1, y0)
    return np.array(((start, upper), (end, upper), (end, lower), (start, lower)), np.float64)


def _narrowed(box: Box, pictures: Sequence[Display]) -> Box:
    """Take off the columns at both ends of a word that show nothing."""
    x0, y0, x1, y1 = box
    beyond = math.ceil(_BEYOND * (y1 - y0))
    first, top = max(0, x0 - beyond), max(0, y0 - beyond)
    crops = [picture[top : y1 + beyond, first : x1 + beyond] for picture in pictures]
    before, after = np.min([_bare_columns(crop, slice(y0 - top, y1 - top), beyond) for crop in crops], axis=0).tolist()
    bare = max(0, before - (x0 - first)), max(0, after - (first + crops[0].shape[1] - x1))
    if sum(bare) >= x1 - x0:
        return box
    step = math.ceil(_STEP * (y1 - y0))
    left, right = (max(0, columns - _AIR) // step * step for columns in bare)
    return x0 + left, y0, x1 - right, y1


def _bare_columns(crop: Display, rows: slice, beyond: int) -> tuple[int, int]:
    """Return how many columns at both ends show nothing: they look, in these rows, as it does beyond the word, or are even."""
    even, own = _even(crop), crop[rows]
    return _bare(even, _alike(own, own[:, :1]), beyond), _bare(even[::-1], _alike(own, own[:, -1:])[::-1], beyond)


def _bare(even: Flags, alike: Flags, beyond: int) -> int:
    # What changes at once beyond the word may be a letter, and look like one of the word's.
    return _run(even | alike if alike[:beyond].all() else even)


def _bare_rows(box: Box, pictures: Sequence[Display]) -> tuple[int, int]:
    """Return how many rows of a narrowed word show nothing and are not its air, above and below."""
    x0, y0, x1, y1 = box
    rows = [_even(np.asarray(cv2.transpose(picture[y0:y1, x0:x1]), np.uint8)) for picture in pictures]
    above, below = (max(0, min(_run(even[::way]) for even in rows) - _AIR) for way in (1, -1))
    return (above, below) if above + below < y1 - y0 else (0, 0)


def _even(crop: Display) -> Flags:
    """Tell which columns have one colour from end to end."""
    return np.asarray((crop.max(axis=0) - crop.min(axis=0)).max(axis=1) <= _UNSEEN)


def _alike(crop: Display, column: Display) -> Flags:
    """Tell which columns look like another."""
    off = np.asarray(cv2.absdiff(crop, cv2.repeat(column, 1, crop.shape[1])))
    return np.asarray(off.max(axis=0).max(axis=1) <= _UNSEEN)


def _run(flags: Flags) -> int:
    """How many are true before the first that is not."""
    return len(flags) if flags.all() else int(np.argmin(flags))
