"""The passes: named ways of looking at a picture, each at its scale and with its preparation, in tiles that bound memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from deid.find.geometry import corners
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

THOROUGH: Final = (PLAIN, NORMALISED, HALF)
"""All passes, in order of trust: the geometry of the first that saw a line is kept."""
FAST: Final = (PLAIN, HALF)
"""The two passes that find most."""
SECOND: Final = (Pass("three-quarters-inverted", 0.75, inverted),)
"""The second look: another scale, another polarity."""


def see(picture: Display, by: Pass, engine: TextEngine) -> list[Sight]:
    """Run one pass over a picture, (rows, columns, 3) uint8 RGB.

    Returns
    -------
    What the engine saw, in pixels of the picture.
    """
    sights = []
    for x0, y0, x1, y1 in _tiles(picture.shape[0], picture.shape[1], by.scale):
        tile = picture[y0:y1, x0:x1]
        if by.prepare is not None:
            tile = by.prepare(tile)
        if by.scale != 1.0:
            size = (max(1, round((x1 - x0) * by.scale)), max(1, round((y1 - y0) * by.scale)))
            interpolation = cv2.INTER_AREA if by.scale < 1 else cv2.INTER_CUBIC
            tile = np.asarray(cv2.resize(tile, size, interpolation=interpolation), np.uint8)
        factor = ((x1 - x0) / tile.shape[1], (y1 - y0) / tile.shape[0])
        sights += [Sight(corners(box.quad) * factor + (x0, y0), box.score, by.name) for box in engine.detect(tile)]
    return sights


def _tiles(rows: int, columns: int, scale: float) -> Iterator[Box]:
    for y0, y1 in _spans(rows, scale):
        for x0, x1 in _spans(columns, scale):
            yield x0, y0, x1, y1


def _spans(length: int, scale: float) -> list[tuple[int, int]]:
    """Cut a side into the fewest spans of at most a tile's side at the pass's scale, overlapping, all of one length."""
    longest, overlap = int(_TILE_SIDE / scale), int(_OVERLAP / scale)
    if length <= longest:
        return [(0, length)]
    count = -(-(length - overlap) // (longest - overlap))
    size = -(-(length + (count - 1) * overlap) // count)
    starts = [round(index * (length - size) / (count - 1)) for index in range(count)]
    return [(start, start + size) for start in starts]
