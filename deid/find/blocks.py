"""Takes blocks of small tilted print apart: straightened and enlarged, what looked like one thick line comes out as several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from deid.find.geometry import corners, grown, sides, straightened
from deid.find.passes import Sight, darkest_sharpened
from deid.protocols import TextEngine

if TYPE_CHECKING:
    from deid.types import Display

# A line this much thicker than the middle one of its picture may be several; thicker ones than the last are lettering.
_THICKER: Final = 1.5
_LETTERING: Final = 100.0
# How much a block is enlarged: of eight blocks of three lines and more, seven came apart at 2, six at 1.5.
_ENLARGED: Final = 2.0
# Air around a block, in pixels.
_AIR: Final = 8.0


def see_blocks(picture: Display, lines: Sequence[Sight], engine: TextEngine) -> tuple[Sight, ...]:
    """Look at every thick line straightened, enlarged and sharpened; return what comes apart.

    Parameters
    ----------
    picture
        (rows, columns, 3) uint8 RGB.
    lines
        The lines found so far.
    engine
        Looks.
    """
    if not lines:
        return ()
    usual = float(np.median([sides(line.points)[1] for line in lines]))
    thick = [line for line in lines if _THICKER * usual < sides(line.points)[1] < _LETTERING]
    return tuple(sight for line in thick for sight in _apart(picture, line, engine))


def _apart(picture: Display, line: Sight, engine: TextEngine) -> tuple[Sight, ...]:
    block = grown(line.points, _AIR, _AIR)
    thickness = sides(block)[1]
    level = straightened(picture, block, round(_ENLARGED * thickness))
    found = engine.detect(darkest_sharpened(level))
    if len(found) < 2:
        return ()
    flat = np.array([[0, 0], [level.shape[1], 0], [level.shape[1], level.shape[0]], [0, level.shape[0]]], np.float32)
    back = cv2.getPerspectiveTransform(flat, block.astype(np.float32))
    return tuple(
        Sight(cv2.perspectiveTransform(corners(box.quad)[None], back)[0].astype(np.float64), box.score, "straightened")
        for box in found
    )
