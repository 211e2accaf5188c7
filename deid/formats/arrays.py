"""Pixels of raster pictures as frames: what is stored, what a person sees of it, and every way in which text may show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from deid.formats.header import PictureHeader
from deid.looks import different
from deid.types import Frames, Instance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Display, Stored

# Viewers show at least the middle 99 % of the values; a window this narrow ignores single hot pixels.
_PERCENTILES = (0.5, 99.5)
# Rows that are converted at a time: in floating point a large frame would not fit into a worker's memory.
_BAND_ROWS = 256
# A decoded frame of up to so many bytes is kept until another one is asked for; a larger one is handed over where it is taken.
ORDINARY = 64_000_000
# A larger frame than this and a picture of what is seen of it do not fit into a worker together.
HEAVY = 320_000_000

Way: TypeAlias = "Callable[[Stored], Display]"
"""One way to show stored samples."""


class PixelFrames:
    """Frames whose stored samples are upright grey or sRGB colour, with or without alpha; decoded one at a time, on demand.

    Stored arrays are (rows, columns, samples) with 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha) samples. Colour under
    alpha 0 is already 0: it is never written, so it needs no search. What `decode` makes is handed on to whoever takes it, unless
    it is read-only. `beneath` are the frames that it makes it of.
    """

    def __init__(
        self,
        shapes: Sequence[tuple[int, int]],
        decode: Callable[[int], Stored],
        *,
        lossy: bool = False,
        beneath: Frames | None = None,
    ) -> None:
        self._shapes = tuple(shapes)
        self._decode = decode
        self._lossy = lossy
        self._beneath = beneath
        self._last: tuple[int, Stored] | None = None
        self._blacks: dict[int, tuple[float, ...]] = {}

    @classmethod
    def of(cls, arrays: Sequence[Stored], *, lossy: bool = False) -> PixelFrames:
        """Make frames of arrays that are in memory, and stay there."""
        held = tuple(arrays)
        return cls([(array.shape[0], array.shape[1]) for array in held], lambda index: _read_only(held[index]), lossy=lossy)

    @classmethod
    def still(cls, decode: Callable[[], Stored], *, first: Stored | None = None, lossy: bool = False) -> PixelFrames:
        """Decode the only frame, so that a broken one shows at once; it may be decoded again later.

        `first` is what `decode` makes, where somebody has decoded it already.
        """
        first = decode() if first is None else first
        frames = cls([(first.shape[0], first.shape[1])], lambda index: decode(), lossy=lossy)
        frames._keep(0, first)
        return frames

    @property
    def count(self) -> int:
        """Number of frames or pages."""
        return len(self._shapes)

    @property
    def lossy(self) -> bool:
        """True where the written form may differ from the decoded source outside the masks."""
        return self._lossy

    def shape(self, index: int) -> tuple[int, int]:
        """Rows and columns of a frame."""
        return self._shapes[index]

    def stored(self, index: int) -> Stored:
        """Samples of a frame, (rows, columns, samples), read-only."""
        return _read_only(self._frame(index))

    def taken(self, index: int) -> Stored:
        """The samples as the caller's own; a frame that is not an ordinary one is not kept here then."""
        frame = self._frame(index)
        if frame.nbytes <= ORDINARY or not frame.flags.writeable:
            return frame.copy()
        self._last = None
        return frame

    def rest(self) -> None:
        """Let go of a frame that is not an ordinary one."""
        if self._last is not None and self._last[1].nbytes > ORDINARY:
            self._last = None
        if self._beneath is not None:
            self._beneath.rest()

    def black(self, index: int) -> tuple[float, ...]:
        """The stored value that shows as black; in pictures deeper than 8 bit the darkest of the frame, so that windows stay."""
        if index not in self._blacks:
            self._frame(index)
        return self._blacks[index]

    def display(self, index: int) -> Display:
        """What a person sees, (rows, columns, 3) uint8 RGB; transparency lies on white."""
        return self._shown(index, display_of)

    def looks(self, index: int) -> Iterator[Display]:
        """Yield `display`, then transparency on black, the colour plane under it, and for deep pictures other windows."""
        ways = ways_of(self._frame(index))
        return different(self._shown(index, way) for way in ways) if len(ways) > 1 else iter((self.display(index),))

    def _shown(self, index: int, way: Way) -> Display:
        look = way(self._frame(index))
        if self._last is not None and self._last[1].nbytes > HEAVY:
            self._last = None
        return look

    def _frame(self, index: int) -> Stored:
        if self._last is None or self._last[0] != index:
            self._last = None  # the one before goes first
            self._keep(index, self._decode(index))
        assert self._last is not None
        return self._last[1]

    def _keep(self, index: int, frame: Stored) -> None:
        self._last = (index, frame)
        self._blacks[index] = black_of(frame)


def instance_from_array(pixels: Stored) -> Instance:
    """Make an instance of one frame from (rows, columns[, samples]): grey, grey with alpha, RGB or RGBA.

    Raises
    ------
    ValueError
        Where the array is no picture: another number of axes or samples, no pixel, or a type other than uint8, uint16, bool.
    """
    array = np.asarray(pixels)
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    if array.ndim == 2:
        array = array[:, :, np.newaxis]
    if array.ndim != 3 or array.shape[2] not in (1, 2, 3, 4) or not array.size:
        raise ValueError("Pixels are (rows, columns) or (rows, columns, samples) with 1 to 4 samples.")
    if array.dtype not in (np.uint8, np.uint16):
        raise ValueError("Pixels are uint8 or uint16.")
    frames = PixelFrames.of([without_hidden_colour(array.copy()) if array.shape[2] in (2, 4) else array])
    return Instance(kind="array", frames=frames, header=PictureHeader("png"))


def without_hidden_colour(stored: Stored) -> Stored:
    """Set the colour to 0 wherever alpha is 0, in place; return the same array."""
    if stored.shape[2] in (2, 4):
        for row in range(0, stored.shape[0], _BAND_ROWS):
            band = stored[row : row + _BAND_ROWS]
            band[band[:, :, -1] == 0] = 0
    return stored


def red_first(stored: Stored) -> Stored:
    """Turn samples that have blue first, (rows, columns, 3 or 4), round in place; return the same array."""
    for row in range(0, stored.shape[0], _BAND_ROWS):
        band = stored[row : row + _BAND_ROWS, :, :3]
        band[:] = band[:, :, ::-1].copy()
    return stored


def black_of(stored: Stored) -> tuple[float, ...]:
    """Return the darkest value of a frame, opaque, a number a sample."""
    colours, alpha = _planes(stored)
    dark = 0.0 if stored.dtype == np.uint8 else float(colours.min())
    opaque = () if alpha is None else (float(np.iinfo(stored.dtype).max),)
    return (*([dark] * colours.shape[2]), *opaque)


def display_of(stored: Stored) -> Display:
    """Show a frame as a person sees it, (rows, columns, 3) uint8 RGB: deep values from darkest to brightest, alpha on white."""
    return _drawn(stored, _range(stored), 255)


def looks_of(stored: Stored) -> Iterator[Display]:
    """Show a frame in every way in which text may become visible; the first is `display_of`, equal ones come once."""
    return different(way(stored) for way in ways_of(stored))


def ways_of(stored: Stored) -> tuple[Way, ...]:
    """Name every way in which text of a frame may become visible; the first is `display_of`."""
    ways: list[Way] = [display_of]
    _, alpha = _planes(stored)
    if alpha is not None and alpha.min() < _most(alpha):
        ways += [_on_black, _without_alpha]
    return (*ways, _in_window) if stored.dtype != np.uint8 else tuple(ways)


def _on_black(stored: Stored) -> Display:
    return _drawn(stored, _range(stored), 0)


def _without_alpha(stored: Stored) -> Display:
    return _drawn(stored, _range(stored), None)


def _in_window(stored: Stored) -> Display:
    low, high = np.percentile(_planes(stored)[0][::4, ::4], _PERCENTILES)
    return _drawn(stored, (float(low), float(high)), None)


def _range(stored: Stored) -> tuple[float, float] | None:
    """The darkest and the brightest value of a deep frame."""
    colours, _ = _planes(stored)
    return None if stored.dtype == np.uint8 else (float(colours.min()), float(colours.max()))


def _drawn(stored: Stored, window: tuple[float, float] | None, ground: int | None) -> Display:
    """Show a frame in a window of its values, over a ground where transparency counts; band by band."""
    colours, alpha = _planes(stored)
    over = alpha is not None and ground is not None
    if window is None and not over and colours.shape[2] == 3:
        return _read_only(colours)
    shown = np.empty((*stored.shape[:2], 3), np.uint8)
    for row in range(0, stored.shape[0], _BAND_ROWS):
        band = slice(row, row + _BAND_ROWS)
        eight = colours[band] if window is None else _windowed(colours[band], *window)
        shown[band] = _over(eight, alpha[band], ground) if alpha is not None and ground is not None else eight
    return shown


def _planes(stored: Stored) -> tuple[Stored, Stored | None]:
    if stored.shape[2] in (2, 4):
        return stored[:, :, :-1], stored[:, :, -1:]
    return stored, None


def _windowed(colours: Stored, low: float, high: float) -> Stored:
    """Map low to 0 and high to 255; one value alone shows as black."""
    scale = 255.0 / (high - low) if high > low else 0.0
    scaled: NDArray[np.floating[Any]] = colours.astype(np.float32 if colours.dtype.kind == "u" else np.float64)
    scaled -= low
    scaled *= scale
    eight: Display = np.clip(scaled + 0.5, 0, 255).astype(np.uint8)
    return eight


def _over(colours: Stored, alpha: Stored, ground: int) -> Stored:
    if alpha.min() == _most(alpha):
        return colours
    part = alpha.astype(np.float32) / np.float32(_most(alpha))
    mixed: Stored = (colours * part + np.float32(ground) * (1 - part) + np.float32(0.5)).astype(np.uint8)
    return mixed


def _most(alpha: Stored) -> int:
    return int(np.iinfo(alpha.dtype).max)


def _read_only(samples: Stored) -> Stored:
    view = samples.view()
    view.flags.writeable = False
    return view
