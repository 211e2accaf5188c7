"""The passes: named ways of looking at a picture, each at its scale and with its preparation, in tiles that bound memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from deid.find.geometry import corners, sides
from deid.find.samples import brightest, darkest
from deid.looks import VAST
from deid.protocols import TextEngine
from deid.types import Box

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    from deid.find.geometry import Corners
    from deid.types import Display

    Worth: TypeAlias = Callable[[Box], Box]
    """Shrinks a box of a picture to the part that is worth a look."""

# A network input of 1.6 megapixels takes about 0.8 GB; a worker has 1.5.
_TILE_SIDE = 1280
# Of a vast picture a worker holds several copies; its tiles take 0.3 GB.
_TILE_SIDE_OF_VAST = 768
# Lines of up to this height are whole in at least one of two neighbouring tiles.
_OVERLAP = 128
# Thicker boxes than this, in pixels at the scale of the pass, are ghosts: areas without text that the network takes for one.
_THICKEST = 90.0
# The area under a ghost is searched again in tiles of this side.
_GHOST_TILE = 320
# Pictures smaller than this at a pass's scale, in pixels of the shorter side, show no lettering there that has room for itself.
_SMALLEST = 56
# Boxes thinner than this hold capitals of less than nine pixels.
_SMALL_PRINT = 18.0
_SMALL_PRINT_TILE = 448
# The faintest step, in grey levels over two pixels after smoothing, that a glyph of 20 levels of contrast makes.
_FAINTEST_STEP = 5
# Rows that are looked at for such steps at a time, and how far beyond them a step is made.
_STRIP_ROWS = 512
_STEP_REACH = 4
# Sharpening: the blur taken back, in pixels, and its strength. Half as wide again finds as much; at 4 grain drowns what it brings.
_LENS_BLUR = 2.0
_STRENGTH = 2.5
# Left around what stands out, so that the detector sees the ground of it.
_SURROUNDINGS = 48


@dataclass(frozen=True, slots=True)
class Pass:
    """A way of looking: the name that policy and audit say, a scale, and what is done to the picture first.

    `thinnest` is the least thickness, at the pass's scale, of a box that counts: of small print a coarse pass sees blots only.
    """

    name: str
    scale: float = 1.0
    prepare: Callable[[Display], Display] | None = None
    thinnest: float = 0.0

    @property
    def is_coarse(self) -> bool:
        """Whether it is for large lettering."""
        return self.scale <= 0.5


@dataclass(frozen=True, slots=True)
class Sight:
    """A box that a pass saw, in pixels of the picture; `score` is the engine's, 0-1."""

    points: Corners
    score: float
    by: str


def sharpened(picture: Display) -> Display:
    """Undo some of a lens's blur: print of five pixels comes apart into strokes, on dim monitors beside bright paper as well."""
    soft = cv2.GaussianBlur(picture, (0, 0), _LENS_BLUR)
    return np.asarray(cv2.addWeighted(picture, _STRENGTH, soft, 1 - _STRENGTH, 0), np.uint8)


def darkest_sharpened(picture: Display) -> Display:
    """Sharpen the darkest colour: yellow or blue print on a grey as bright as itself is black in one of the three."""
    return sharpened(np.asarray(cv2.cvtColor(darkest(picture), cv2.COLOR_GRAY2RGB), np.uint8))


def inverted(picture: Display) -> Display:
    """Turn light into dark."""
    return np.asarray(255 - picture, np.uint8)


PLAIN: Final = Pass("plain")
ENLARGED: Final = Pass("enlarged", 1.5)
SHARPENED: Final = Pass("sharpened", 1.0, sharpened)
DARKEST: Final = Pass("darkest-sharpened", 1.0, darkest_sharpened)
COARSE: Final = tuple(
    Pass(name, scale, thinnest=20.0) for name, scale in (("quarter", 1 / 4), ("eighth", 1 / 8), ("sixteenth", 1 / 16))
)
"""For lettering too large for the others; half size found one single sign more on 1,869 lines."""
COARSE_AGAIN: Final = tuple(
    Pass(f"{name}-inverted", scale, inverted, thinnest=24.0)
    for name, scale in (("fifth", 1 / 5), ("tenth", 1 / 10), ("twentieth", 1 / 20))
)

AT_SCREENS: Final = (PLAIN, *COARSE)
"""Looked in order of trust: the geometry of the first pass that saw a line is kept. Small print is looked at enlarged as well."""
AT_PHOTOS: Final = (SHARPENED, PLAIN, DARKEST, *COARSE)
"""At photos of up to four megapixels."""
AT_LARGE_PHOTOS: Final = (SHARPENED, DARKEST, *COARSE)
"""At larger photos, where a pass costs seconds."""
AGAIN_AT_SCREENS: Final = (Pass("three-quarters-inverted", 0.75, inverted), *COARSE_AGAIN)
"""The second look: other scales, another polarity."""
AGAIN_AT_PHOTOS: Final = (
    Pass("sharpened-inverted", 0.8, lambda picture: inverted(sharpened(picture))),
    Pass("darkest-sharpened-inverted", 0.8, lambda picture: inverted(darkest_sharpened(picture))),
    *COARSE_AGAIN,
)
"""The second look at photos."""
LARGE_PHOTO: Final = 4_000_000
"""Pixels from which a photo is large."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a pass saw, in pixels of the picture, and how many ghosts it took for text."""

    sights: tuple[Sight, ...]
    ghosts: int


def see(picture: Display, by: Pass, engine: TextEngine, worth: Worth | None = None) -> Seen:
    """Run one pass over a picture, (rows, columns, 3) uint8 RGB; parts of it that cannot hold text are passed over.

    `worth` is `worth_looking` of the picture, for callers that run several passes over it.
    """
    rows, columns = picture.shape[:2]
    if by.is_coarse and min(rows, columns) * by.scale < _SMALLEST:
        return Seen((), 0)
    side = _TILE_SIDE if rows * columns < VAST else _TILE_SIDE_OF_VAST
    tiles = _tiles(rows, columns, int(side / by.scale), int(_OVERLAP / by.scale))
    worth = worth or worth_looking(picture)
    return _united(_see_tile(picture, worth(tile), by, engine) for tile in tiles)


def see_small_print(picture: Display, boxes: Sequence[Corners], engine: TextEngine) -> Seen:
    """Look enlarged where known boxes tell of small print: what is smaller still stands beside it."""
    small = [points.mean(axis=0) for points in boxes if sides(points)[1] < _SMALL_PRINT]
    tiles = _tiles(picture.shape[0], picture.shape[1], _SMALL_PRINT_TILE, _OVERLAP // 2)
    wanted = [(x0, y0, x1, y1) for x0, y0, x1, y1 in tiles if any(x0 <= x < x1 and y0 <= y < y1 for x, y in small)]
    return _united(_see_tile(picture, _outstanding(picture, tile), ENLARGED, engine) for tile in wanted)


def worth_looking(picture: Display) -> Worth:
    """Return what shrinks a box to the part in which anything stands out from its surroundings; empty where nothing does.

    Every glyph has an edge: where no smoothed step between neighbouring pixels reaches a quarter of the faintest contrast that
    can be read, there is none. A wall behind a monitor or the black rim of a frame costs no time so. Answers are remembered.
    """
    return cache(partial(_outstanding, picture))


def _united(seen: Iterable[Seen]) -> Seen:
    every = list(seen)
    return Seen(tuple(sight for one in every for sight in one.sights), sum(one.ghosts for one in every))


def _see_tile(picture: Display, box: Box, by: Pass, engine: TextEngine) -> Seen:
    x0, y0, x1, y1 = box
    if x1 <= x0 or y1 <= y0:
        return Seen((), 0)
    tile = picture[y0:y1, x0:x1]
    # What is shrunk much is shrunk first: of a vast picture there is no room for another copy.
    if by.prepare is not None and not by.is_coarse:
        tile = by.prepare(tile)
    if by.scale != 1.0:
        size = (max(1, round((x1 - x0) * by.scale)), max(1, round((y1 - y0) * by.scale)))
        tile = np.asarray(cv2.resize(tile, size, interpolation=cv2.INTER_AREA if by.scale < 1 else cv2.INTER_CUBIC), np.uint8)
    if by.prepare is not None and by.is_coarse:
        tile = by.prepare(tile)
    factor = ((x1 - x0) / tile.shape[1], (y1 - y0) / tile.shape[0])
    found, ghosts = _without_ghosts(tile, engine)
    found = [(points, score) for points, score in found if sides(points)[1] >= by.thinnest]
    return Seen(tuple(Sight(points * factor + (x0, y0), score, by.name) for points, score in found), ghosts)


def _outstanding(picture: Display, box: Box) -> Box:
    x0, y0, x1, y1 = box
    rows, columns = np.zeros(y1 - y0, bool), np.zeros(x1 - x0, bool)
    for top in range(y0, y1, _STRIP_ROWS):
        past = min(top + _STRIP_ROWS, y1)
        there = _steps(picture[max(y0, top - _STEP_REACH) : past + _STEP_REACH, x0:x1]) > _FAINTEST_STEP
        there = there[top - max(y0, top - _STEP_REACH) :][: past - top]
        rows[top - y0 : past - y0] = there.any(axis=1)
        columns |= there.any(axis=0)
    down, across = np.flatnonzero(rows), np.flatnonzero(columns)
    if not len(down):
        return x0, y0, x0, y0
    top, bottom = max(0, int(down[0]) - _SURROUNDINGS), min(y1 - y0, int(down[-1]) + 1 + _SURROUNDINGS)
    left, right = max(0, int(across[0]) - _SURROUNDINGS), min(x1 - x0, int(across[-1]) + 1 + _SURROUNDINGS)
    return x0 + left, y0 + top, x0 + right, y0 + bottom


def _steps(strip: Display) -> NDArray[np.uint8]:
    smooth = cv2.GaussianBlur(strip, (5, 5), 1.0)
    return brightest(np.asarray(cv2.morphologyEx(smooth, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)), np.uint8))


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
