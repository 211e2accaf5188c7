"""A grey frame as values and where they stand: what is done to a value is worked out once, then looked up for every pixel."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Display, Stored

    Shades = NDArray[np.uint8]

# Rows that are looked up at a time.
_BAND_ROWS: Final = 256
# Larger frames of 32 bits and more, in pixels, have their values told apart by so many steps: sorting them takes a worker's memory.
_LARGE: Final = 16_000_000
_STEPS: Final = 2**16


class Greys:
    """The values that may occur in a plane, (rows, columns), least first, and for each pixel which of them it is."""

    def __init__(self, plane: Stored) -> None:
        self._plane = plane
        self._whole = plane.dtype.kind in "iu" and plane.dtype.itemsize <= 2
        self._sorted: NDArray[np.intp] | None = None
        if self._whole:
            self._low = int(plane.min())
            self.values = np.arange(self._low, int(plane.max()) + 1).astype(np.float64)
        elif plane.size <= _LARGE:
            values, places = np.unique(plane, return_inverse=True)
            self.values, self._sorted = values.astype(np.float64), places.reshape(plane.shape)
        else:
            self.values = self._stepped()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self._plane.shape[0], self._plane.shape[1]

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How many pixels have each value."""
        counts = np.zeros(len(self.values), np.int64)
        for places in self.bands():
            counts += np.bincount(places.ravel(), minlength=len(counts))
        return counts

    def bands(self) -> Iterator[NDArray[np.intp]]:
        """Yield which value each pixel is, some rows at a time."""
        for top in range(0, self.shape[0], _BAND_ROWS):
            yield self._places(slice(top, top + _BAND_ROWS))

    def smoothed(self, brightness: NDArray[np.float64]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
        """Yield `bands` with the brightness of their values, noise smoothed; a frame that is not large in one."""
        rows = _BAND_ROWS if self._plane.size > _LARGE else self.shape[0]
        for top in range(0, self.shape[0], rows):
            first, past = max(0, top - 1), min(self.shape[0], top + rows + 1)
            places = self._places(slice(first, past))
            own = slice(top - first, min(top + rows, self.shape[0]) - first)
            yield places[own], np.asarray(cv2.blur(brightness[places], (3, 3)), np.float64)[own]

    def shown(self, shades: Shades) -> Display:
        """Show every pixel in the grey of its value, (rows, columns, 3) uint8."""
        picture = np.empty((*self.shape, 3), np.uint8)
        if self._plane.dtype == np.uint8:
            table = np.zeros(256, np.uint8)
            table[self._low : self._low + len(shades)] = shades
            return np.asarray(cv2.cvtColor(cv2.LUT(self._plane, table), cv2.COLOR_GRAY2RGB, dst=picture), np.uint8)
        for number, places in enumerate(self.bands()):
            band = picture[number * _BAND_ROWS : number * _BAND_ROWS + len(places)]
            cv2.cvtColor(shades[places], cv2.COLOR_GRAY2RGB, dst=band)
        return picture

    def _places(self, rows: slice) -> NDArray[np.intp]:
        if self._sorted is not None:
            return self._sorted[rows]
        if self._whole:
            return self._plane[rows].astype(np.intp) - self._low
        band = self._plane[rows].astype(np.float64)
        low, high = self.values[0], self.values[_STEPS - 1]
        steps = np.clip((band - low) / (high - low if high > low else 1.0) * (_STEPS - 1), 0, _STEPS - 1)
        return np.where(np.isnan(band), _STEPS, np.rint(np.nan_to_num(steps))).astype(np.intp)

    def _stepped(self) -> NDArray[np.float64]:
        """Equal steps from the least to the greatest number, then what is none where there is such."""
        bands = [self._plane[row : row + _BAND_ROWS] for row in range(0, self.shape[0], _BAND_ROWS)]
        ends = [(float(part.min()), float(part.max())) for part in (band[np.isfinite(band)] for band in bands) if part.size]
        low, high = (min(ends)[0], max(most for _, most in ends)) if ends else (0.0, 0.0)
        steps: NDArray[np.float64] = np.linspace(low, high, _STEPS)
        return np.append(steps, np.nan) if any(np.isnan(band).any() for band in bands) else steps
