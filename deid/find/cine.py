"""Cine: a run of frames looked at through its mean, its brightest and its darkest: a film for little more than a picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid.find.samples import brightest, darkest, grey
from deid.types import Box, FrameRange, Frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Display

# Mean absolute difference of small grey frames, in grey levels, from which two neighbours belong to different scenes.
_CUT = 24.0
# Longer runs are split: text shown for a moment fades from the mean, and hides in the brightest of too many frames.
_LONGEST_RUN = 64
_SMALL = (64, 64)
# Text that stands still changes from frame to frame by less than this share of its ink, once its grain is smoothed away, in pixels.
_STILL, _GRAIN = 0.3, 1.0
# For every so many frames three are looked at singly, the first and the last of the run among them.
_THREE_OF = 32


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
        return np.asarray(cv2.merge([grey(self.mean), brightest(self.brightest), darkest(self.darkest)]), np.uint8)

    @property
    def level(self) -> Display:
        """The mean in grey, as the ground of `glances`."""
        return np.asarray(cv2.merge([grey(self.mean)] * 3), np.uint8)


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


@dataclass(frozen=True, slots=True)
class Three:
    """Three single frames of a run: in grey, as the colours of one picture, and as they are; with their numbers."""

    packed: Display
    shown: tuple[Display, ...]
    numbers: tuple[int, ...]


def glances(frames: Frames, run: Run, *, between: bool = False) -> Iterator[Three]:
    """Yield three single frames of a run at a time, in all their looks.

    What no projection of the run keeps, such as grey text on bright anatomy for a moment, still shows on the frame itself.
    `between` takes the frames in the middle between those that are taken otherwise.
    """
    first, past = run.frames
    count = 3 * -(-(past - first) // _THREE_OF)
    chosen = np.linspace(first, past - 1, count)
    if between:
        chosen = chosen[:-1] + np.diff(chosen) / 2
    numbers = chosen.round().astype(int).tolist()
    yield from _threes(frames, [numbers[index : index + 3] for index in range(0, len(numbers), 3)])


def every(frames: Frames, run: Run) -> Iterator[Three]:
    """Yield all frames of a run as `glances` does: each three lie far apart, so that what moves does not lie upon itself."""
    first, past = run.frames
    apart = -(-(past - first) // 3)
    yield from _threes(frames, [range(number, past, apart) for number in range(first, first + apart)])


def _threes(frames: Frames, chosen: Iterable[Sequence[int]]) -> Iterator[Three]:
    for numbers in chosen:
        looks = [tuple(frames.looks(number)) for number in numbers]
        for number in range(max(map(len, looks))):
            shown = tuple(look[min(number, len(look) - 1)] for look in looks)
            colours = [grey(shown[min(colour, len(shown) - 1)]) for colour in range(3)]
            yield Three(np.asarray(cv2.merge(colours), np.uint8), shown, tuple(numbers))


def stands(box: Box, three: Three, frames: Frames, run: Run) -> bool:
    """Tell whether what three frames show in a box looks the same on a frame beside: it shows for a while, but does not move."""
    x0, y0, x1, y1 = box

    def part(picture: Display) -> NDArray[np.float32]:
        soft = cv2.GaussianBlur(picture[y0:y1, x0:x1], (0, 0), _GRAIN)
        return grey(np.asarray(soft, np.uint8)).astype(np.float32)

    parts, mean = [part(picture) for picture in three.shown], part(run.mean)
    own = int(np.argmax([np.abs(one - mean).mean() for one in parts]))
    ink = float(np.abs(parts[own] - np.median(parts[own])).mean())
    beside = [number for number in (three.numbers[own] - 1, three.numbers[own] + 1) if run.frames[0] <= number < run.frames[1]]
    return any(float(np.abs(part(frames.display(number)) - parts[own]).mean()) < _STILL * ink for number in beside)


class _Gathered:
    """Sums over the frames of a run so far."""

    def __init__(self, first: int, picture: Display, small: NDArray[np.float32]) -> None:
        self._first = first
        self._count = 1
        # Sixty-four times 255 fit into 16 bits.
        self._sum = picture.astype(np.uint16)
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
        cv2.add(self._sum, picture, dst=self._sum, dtype=cv2.CV_16U)
        np.maximum(self._brightest, picture, out=self._brightest)
        np.minimum(self._darkest, picture, out=self._darkest)
        self._last = small

    def run(self, past: int) -> Run:
        """Close the run before frame `past`."""
        return Run((self._first, past), (self._sum // np.uint16(self._count)).astype(np.uint8), self._brightest, self._darkest)


def _small(picture: Display) -> NDArray[np.float32]:
    small = cv2.resize(picture, _SMALL, interpolation=cv2.INTER_AREA)
    return grey(small).astype(np.float32)
