"""Cine: a run of frames looked at through its mean, its brightest and its darkest: a film for little more than a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid.types import FrameRange, Frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Display

# Mean absolute difference of small grey frames, in grey levels, from which two neighbours belong to different scenes.
_CUT = 24.0
# Longer runs are split: text shown for a moment fades from the mean, and hides in the brightest of too many frames.
_LONGEST_RUN = 64
_SMALL = (64, 64)


@dataclass(frozen=True, slots=True)
class Run:
    """Frames of one scene and what they look like together: (rows, columns, 3) uint8 RGB each.

    `mean` keeps what stands still, `brightest` light text shown briefly, `darkest` dark text shown briefly. `pack`
    holds the three in grey as its colours: one look at it sees all three.
    """

    frames: FrameRange
    mean: Display
    brightest: Display
    darkest: Display

    @property
    def pack(self) -> Display:
        """The mean, the brightest and the darkest in grey, as red, green and blue."""
        return np.stack([self.mean.mean(axis=2), self.brightest.max(axis=2), self.darkest.min(axis=2)], axis=2).astype(np.uint8)


def runs(frames: Frames) -> Iterator[Run]:
    """Walk through the frames once and yield the runs; one frame at a time is held in memory."""
    gathered: _Gathered | None = None
    for index in range(frames.count):
        picture = frames.display(index)
        small = _small(picture)
        if gathered is not None and gathered.ends_before(picture, small):
            yield gathered.run(index)
            gathered = None
        if gathered is None:
            gathered = _Gathered(index, picture, small)
        else:
            gathered.add(picture, small)
    if gathered is not None:
        yield gathered.run(frames.count)


class _Gathered:
    """Sums over the frames of a run so far."""

    def __init__(self, first: int, picture: Display, small: NDArray[np.float32]) -> None:
        self._first = first
        self._count = 1
        self._sum = picture.astype(np.uint32)
        self._brightest = picture.copy()
        self._darkest = picture.copy()
        self._last = small

    def ends_before(self, picture: Display, small: NDArray[np.float32]) -> bool:
        """Tell whether a new run begins with this frame: another size, another scene, or the run is long enough."""
        if picture.shape != self._brightest.shape or self._count >= _LONGEST_RUN:
            return True
        return float(np.abs(small - self._last).mean()) > _CUT

    def add(self, picture: Display, small: NDArray[np.float32]) -> None:
        """Take a frame in."""
        self._count += 1
        self._sum += picture
        np.maximum(self._brightest, picture, out=self._brightest)
        np.minimum(self._darkest, picture, out=self._darkest)
        self._last = small

    def run(self, past: int) -> Run:
        """Close the run before frame `past`."""
        return Run((self._first, past), (self._sum / self._count).astype(np.uint8), self._brightest, self._darkest)


def _small(picture: Display) -> NDArray[np.float32]:
    small = cv2.resize(picture, _SMALL, interpolation=cv2.INTER_AREA)
    return np.asarray(small.mean(axis=2), np.float32)
