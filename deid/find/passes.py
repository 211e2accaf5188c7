"""The passes: named ways of looking at a picture, each at its scale and with its preparation, in tiles that bound memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from deid.find.geometry import corners, sides
from deid.protocols import TextEngine
from deid.types import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.find.geometry import Corners
    from deid.types import Display

# A network input of 1.6 megapixels takes about 0.8 GB; a worker has 1.5.
_TILE_SIDE = 1280
# Lines of up to this height are whole in at least one of two neighbouring tiles.
_OVERLAP = 128
# Thicker boxes than this, in pixels at the scale of the pass, are ghosts: areas without text that the network takes for one.
_THICKEST = 90.0
# The area under a ghost is searched again in tiles of this side.
_GHOST_TILE = 320


@dataclass(frozen=True, slots=True)
class Pass:
    """A way of looking: the name that policy and audit say, a scale, and what is done to the picture first."""

    name: str
    scale: float = 1.0
    prepare: Callable[[Display], Display] | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """A box that a pass saw, in pixels of the picture; `score` is the engine's, 0-1."""

    points: Corners
    score: float
    by: str


def normalised(picture: Display) -> Display:
    """Even out brightness and contrast, so that faint text on a bright or busy ground stands out as strong text does."""
    sharp = cv2.GaussianBlur(picture, (0, 0), 1.0).astype(np.float32)
    ground = _blurred(sharp, 12)
    detail = sharp - ground
    # 36 grey levels squared, inside the root: noise of an even ground must not be blown up to look like glyphs.
    spread = np.sqrt(_blurred(detail * detail, 24) + 36)
    return np.asarray(np.clip(detail / spread * 45 + 128, 0, 255), np.uint8)


def inverted(picture: Display) -> Display:
    """Turn light into dark."""
    return np.asarray(255 - picture, np.uint8)


def _blurred(picture: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    # A wide blur of a picture four times smaller is the same blur at a tenth of the cost.
    rows, columns = picture.shape[:2]
    small = cv2.resize(picture, (max(1, columns // 4), max(1, rows // 4)), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small, (0, 0), sigma / 4)
    return np.asarray(cv2.resize(blurred, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)


PLAIN: Final = Pass("plain")
HALF: Final = Pass("half", 0.5)
QUARTER: Final = Pass("quarter", 0.25)
NORMALISED: Final = Pass("normalised", 1.0, normalised)

THOROUGH: Final = (PLAIN, HALF, QUARTER)
"""All passes, in order of trust: the geometry of the first that saw a line is kept."""
FAST: Final = (PLAIN, HALF, QUARTER)
"""The passes that find most for their time."""
SECOND: Final = (Pass("three-quarters-inverted", 0.75, inverted),)
"""The second look: another scale, another polarity."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a pass saw, in pixels of the picture, and how many ghosts it took for text."""

    sights: tuple[Sight, ...]
    ghosts: int


def see(picture: Display, by: Pass, engine: TextEngine) -> Seen:
    """Run one pass over a picture, (rows, columns, 3) uint8 RGB."""
    sights: list[Sight] = []
    ghosts = 0
    for x0, y0, x1, y1 in _tiles(picture.shape[0], picture.shape[1], int(_TILE_SIDE / by.scale), int(_OVERLAP / by.scale)):
        tile = picture[y0:y1, x0:x1]
        if by.prepare is not None:
            tile = by.prepare(tile)
        if by.scale != 1.0:
            size = (max(1, round((x1 - x0) * by.scale)), max(1, round((y1 - y0) * by.scale)))
            tile = np.asarray(cv2.resize(tile, size, interpolation=cv2.INTER_AREA), np.uint8)
        factor = ((x1 - x0) / tile.shape[1], (y1 - y0) / tile.shape[0])
        found, dropped = _without_ghosts(tile, engine)
        ghosts += dropped
        sights += [Sight(points * factor + (x0, y0), score, by.name) for points, score in found]
    return Seen(tuple(sights), ghosts)


def _without_ghosts(tile: Display, engine: TextEngine) -> tuple[list[tuple[Corners, float]], int]:
    """Find boxes; where one is thicker than text can be at this scale, search its area again in small tiles.

    Real lettering of that size is seen by the passes at smaller scales, where it is as thin as other text.
    """
    found = [(corners(box.quad), box.score) for box in engine.detect(tile)]
    ghosts = [points for points, _ in found if sides(points)[1] > _THICKEST]
    kept = [(points, score) for points, score in found if sides(points)[1] <= _THICKEST]
    for ghost in ghosts:
        left, top = np.floor(ghost.min(axis=0)).astype(int).clip(0)
        right, bottom = np.ceil(ghost.max(axis=0)).astype(int)
        area = tile[top:bottom, left:right]
        for x0, y0, x1, y1 in _tiles(area.shape[0], area.shape[1], _GHOST_TILE, _GHOST_TILE // 5):
            corner = np.array((left + x0, top + y0))
            again = ((corners(box.quad) + corner, box.score) for box in engine.detect(area[y0:y1, x0:x1]))
            kept += [(points, score) for points, score in again if sides(points)[1] <= _THICKEST]
    return kept, len(ghosts)


def _tiles(rows: int, columns: int, longest: int, overlap: int) -> Iterator[Box]:
    for y0, y1 in _spans(rows, longest, overlap):
        for x0, x1 in _spans(columns, longest, overlap):
            yield x0, y0, x1, y1


def _spans(length: int, longest: int, overlap: int) -> list[tuple[int, int]]:
    """Cut a side into the fewest spans of at most `longest`, overlapping by at least `overlap`, all of one length."""
    if length <= longest:
        return [(0, length)]
    count = -(-(length - overlap) // (longest - overlap))
    size = -(-(length + (count - 1) * overlap) // count)
    starts = [round(index * (length - size) / (count - 1)) for index in range(count)]
    return [(start, start + size) for start in starts]
