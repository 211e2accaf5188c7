"""Pixels of raster pictures as frames: what is stored, what a person sees of it, and every way in which text may show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deid.formats.header import PictureHeader
from deid.types import Instance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Display, Stored

# Viewers show at least the middle 99 % of the values; a window this narrow ignores single hot pixels.
_PERCENTILES = (0.5, 99.5)


class PixelFrames:
    """Frames whose stored samples are upright grey or sRGB colour, with or without alpha; decoded one at a time, on demand.

    Stored arrays are (rows, columns, samples) with 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha) samples. Colour under
    alpha 0 is already 0: it is never written, so it needs no search.
    """

    def __init__(self, shapes: Sequence[tuple[int, int]], decode: Callable[[int], Stored], *, lossy: bool = False) -> None:
        self._shapes = tuple(shapes)
        self._decode = decode
        self._lossy = lossy
        self._last: tuple[int, Stored] | None = None

    @classmethod
    def of(cls, arrays: Sequence[Stored], *, lossy: bool = False) -> PixelFrames:
        """Make frames of arrays that are in memory."""
        held = tuple(arrays)
        return cls([(array.shape[0], array.shape[1]) for array in held], held.__getitem__, lossy=lossy)

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

    def black(self, index: int) -> tuple[float, ...]:
        """The stored value that shows as black; in pictures deeper than 8 bit the darkest of the frame, so that windows stay."""
        return black_of(self._frame(index))

    def display(self, index: int) -> Display:
        """What a person sees, (rows, columns, 3) uint8 RGB; transparency lies on white."""
        return display_of(self._frame(index))

    def looks(self, index: int) -> tuple[Display, ...]:
        """Return `display`, then transparency on black, the colour plane under it, and for deep pictures other windows."""
        return looks_of(self._frame(index))

    def _frame(self, index: int) -> Stored:
        last = self._last
        if last is None or last[0] != index:
            last = self._last = (index, self._decode(index))
        return last[1]


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
    frames = PixelFrames.of([without_hidden_colour(array)])
    return Instance(kind="array", frames=frames, header=PictureHeader("png"))


def without_hidden_colour(stored: Stored) -> Stored:
    """Return a copy whose colour is 0 wherever alpha is 0; pictures without alpha come back as they are."""
    if stored.shape[2] not in (2, 4):
        return stored
    shown = stored.copy()
    shown[stored[:, :, -1] == 0] = 0
    return shown


def black_of(stored: Stored) -> tuple[float, ...]:
    """Return the darkest value of a frame, opaque, a number a sample."""
    colours, alpha = _planes(stored)
    dark = 0.0 if stored.dtype == np.uint8 else float(colours.min())
    opaque = () if alpha is None else (float(np.iinfo(stored.dtype).max),)
    return (*([dark] * colours.shape[2]), *opaque)


def display_of(stored: Stored) -> Display:
    """Show a frame as a person sees it, (rows, columns, 3) uint8 RGB: deep values from darkest to brightest, alpha on white."""
    colours, alpha = _planes(stored)
    return _rgb(_over(_eight_bit(colours), alpha, 255))


def looks_of(stored: Stored) -> tuple[Display, ...]:
    """Show a frame in every way in which text may become visible; the first is `display_of`, equal ones come once."""
    colours, alpha = _planes(stored)
    eight = _eight_bit(colours)
    looks = [_rgb(_over(eight, alpha, 255))]
    if alpha is not None and alpha.min() < _most(alpha):
        looks += [_rgb(_over(eight, alpha, 0)), _rgb(eight)]
    if stored.dtype != np.uint8:
        low, high = np.percentile(colours[::4, ::4], _PERCENTILES)
        looks.append(_rgb(_windowed(colours, float(low), float(high))))
    return tuple(look for index, look in enumerate(looks) if not any(np.array_equal(look, other) for other in looks[:index]))


def _planes(stored: Stored) -> tuple[Stored, Stored | None]:
    if stored.shape[2] in (2, 4):
        return stored[:, :, :-1], stored[:, :, -1:]
    return stored, None


def _eight_bit(colours: Stored) -> Stored:
    if colours.dtype == np.uint8:
        return colours
    return _windowed(colours, float(colours.min()), float(colours.max()))


def _windowed(colours: Stored, low: float, high: float) -> Stored:
    """Map low to 0 and high to 255; one value alone shows as black."""
    scale = 255.0 / (high - low) if high > low else 0.0
    scaled: NDArray[np.floating[Any]] = colours.astype(np.float32 if colours.dtype.kind == "u" else np.float64)
    scaled -= low
    scaled *= scale
    eight: Display = np.clip(scaled + 0.5, 0, 255).astype(np.uint8)
    return eight


def _over(colours: Stored, alpha: Stored | None, ground: int) -> Stored:
    if alpha is None:
        return colours
    part = alpha.astype(np.float32) / np.float32(_most(alpha))
    mixed: Stored = (colours * part + np.float32(ground) * (1 - part) + np.float32(0.5)).astype(np.uint8)
    return mixed


def _most(alpha: Stored) -> int:
    return int(np.iinfo(alpha.dtype).max)


def _rgb(colours: Stored) -> Display:
    return np.repeat(colours, 3, axis=2) if colours.shape[2] == 1 else _read_only(colours)


def _read_only(samples: Stored) -> Stored:
    view = samples.view()
    view.flags.writeable = False
    return view
