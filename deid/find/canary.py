"""A text of our own under every picture of the second look: an engine that does not see it has seen nothing.

An engine that fails silently returns no lines, and a picture without lines looks clean. The strip below the picture holds
a word that is known, at a place that is known; only where the engine reports it there is its silence about the rest worth
anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import cv2
import numpy as np
from rapidfuzz.distance import Levenshtein

from deid.find.filling import fill
from deid.types import Box, Frames, Region, TextLine

if TYPE_CHECKING:
    from deid.types import Display, Stored

_WORD = "CANARY 4729"
# Strip height: capitals of 22 pixels, which every pass of the second look reads, whatever the size of the picture.
_ROWS = 56


class WithCanary:
    """Frames for the second look: masks filled with what surrounds them, the canary's strip below; coordinates stay."""

    def __init__(self, frames: Frames, masks: Sequence[Region] = ()) -> None:
        self._frames = frames
        self._masks = masks

    @property
    def count(self) -> int:
        """Number of frames."""
        return self._frames.count

    @property
    def lossy(self) -> bool:
        """As the frames themselves."""
        return self._frames.lossy

    def shape(self, index: int) -> tuple[int, int]:
        """Rows (with the strip) and columns (at least the strip's)."""
        rows, columns = self._frames.shape(index)
        strip = _strip()
        return rows + strip.shape[0], max(columns, strip.shape[1])

    def stored(self, index: int) -> Stored:
        """The frame's own samples, without the strip: reading is done on displays."""
        return self._frames.stored(index)

    def taken(self, index: int) -> Stored:
        """The frame's own samples, without the strip, to write to."""
        return self._frames.taken(index)

    def rest(self) -> None:
        """As the frames themselves."""
        self._frames.rest()

    def black(self, index: int) -> tuple[float, ...]:
        """As the frames themselves."""
        return self._frames.black(index)

    def display(self, index: int) -> Display:
        """What a person sees, masks filled, with the strip."""
        return self._prepared(index, self._frames.display(index))

    def looks(self, index: int) -> Iterator[Display]:
        """Every look, masks filled, each with the strip."""
        return map(partial(self._prepared, index), self._frames.looks(index))

    def _prepared(self, index: int, picture: Display) -> Display:
        rows, columns = picture.shape[:2]
        strip = _strip()
        whole = np.zeros((rows + strip.shape[0], max(columns, strip.shape[1]), 3), np.uint8)
        whole[:rows, :columns] = picture
        fill(whole[:rows, :columns], self._masks, index)
        whole[rows:, : strip.shape[1]] = strip
        return whole


def canary_sings(lines: Sequence[TextLine], frames: Frames) -> bool:
    """Tell whether the canary was read where it stands, on every frame.

    Parameters
    ----------
    lines
        What the engine found on `WithCanary(frames)`.
    frames
        The frames without the strip.
    """
    heard = [line for line in lines if _reads_canary(line)]
    return all(
        any(line.frames[0] <= index < line.frames[1] and _covers(line, _ink(frames.shape(index)[0])) for line in heard)
        for index in range(frames.count)
    )


def _reads_canary(line: TextLine) -> bool:
    return Levenshtein.distance(line.text.reveal().replace(" ", "").upper(), _WORD.replace(" ", "")) <= 2


def _covers(line: TextLine, box: Box) -> bool:
    x0, y0, x1, y1 = Region(line.quad, line.frames).box
    return x0 <= box[0] and y0 <= box[1] and x1 >= box[2] and y1 >= box[3]


def without_canary(lines: Sequence[TextLine], frames: Frames) -> tuple[TextLine, ...]:
    """Return the lines of the picture itself, without those whose centre lies in the strip."""
    bottoms = {index: frames.shape(index)[0] for index in {min(line.frames[0], frames.count - 1) for line in lines}}
    return tuple(line for line in lines if sum(y for _, y in line.quad) / 4 < bottoms[min(line.frames[0], frames.count - 1)])


@lru_cache(maxsize=1)
def _strip() -> Display:
    (width, _), _ = cv2.getTextSize(_WORD, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)
    strip = np.zeros((_ROWS, width + 48, 3), np.uint8)
    cv2.putText(strip, _WORD, (24, 38), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (235, 235, 235), 2, cv2.LINE_AA)
    return strip


@lru_cache(maxsize=64)
def _ink(rows: int) -> Box:
    """The box of the word's ink in the coordinates of the padded picture."""
    ys, xs = np.nonzero(_strip().max(axis=2) > 128)
    return int(xs.min()), rows + int(ys.min()), int(xs.max()) + 1, rows + int(ys.max()) + 1
