"""Looks at values that no window tells apart: text may be written in them, and a viewer can bring it out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from deid.formats.dicom.greys import Greys

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Greys that a text needs to stand off its background by, of 255.
_LEGIBLE: Final = 10 / 255
# Share of a frame's pixels among which text could hide: the background of one line of it at the least.
_SHARE: Final = 0.15
# Noise changes from pixel to pixel; strokes and their background are flat beside their edges.
_FLAT, _EDGE, _EDGE_SHARE = 8 / 255, 40 / 255, 0.0005
# Share of flat steps from which on a look is worth reading: equalised as it is, stretched with its noise smoothed.
_FLAT_EQUALISED, _FLAT_STRETCHED = 0.5, 0.7
# Share of pixels at either end that a stretch leaves out: padding, hot pixels.
_ENDS: Final = 0.001


def unshown(looks: Sequence[NDArray[np.float64]], greys: Greys) -> list[NDArray[np.float64]]:
    """Return further looks at the values that no other look tells apart: stretched, and equalised; none that shows only noise.

    Parameters
    ----------
    looks
        For each look the brightness (0-1) of every value.
    greys
        The values that may occur, and where they stand.
    """
    counts, values = greys.counts, greys.values
    size = greys.shape[0] * greys.shape[1]
    hidden = _hidden(looks, np.cumsum(counts) / size, counts / size)
    if not hidden.any():
        return []
    among = np.where(hidden, counts, 0)
    ranks = (np.cumsum(among) - among / 2) / among.sum()
    low, high = values[np.clip(np.searchsorted(ranks, [_ENDS, 1 - _ENDS]), 0, len(values) - 1)]
    stretched = np.clip((values - low) / (high - low if high > low else 1.0), 0, 1)
    found = []
    if _has_strokes(greys.smoothed(stretched), hidden, _FLAT_STRETCHED):
        found.append(stretched)
    if _has_strokes(((places, ranks[places]) for places in greys.bands()), hidden, _FLAT_EQUALISED):
        found.append(ranks)
    return found


def _hidden(looks: Sequence[NDArray[np.float64]], below: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell the values that lie in a range of many pixels which every look shows in fewer greys than text needs."""
    values = np.arange(len(below))
    past = np.full(len(below), len(below))
    for look in looks:
        # A look that goes up and down tells at least apart what it tells apart on the way up; a falling one is turned round.
        rising = np.maximum.accumulate(look if look[0] <= look[-1] else 1 - look)
        past = np.minimum(past, np.searchsorted(rising, rising + _LEGIBLE))
    # The end of a range is told apart from its beginning where each holds its own value; a lone value hides nothing.
    crowded = (below[past - 1] - below + share >= _SHARE) & (past - 1 > values)
    steps = np.zeros(len(below) + 1, np.int64)
    np.add.at(steps, values[crowded], 1)
    np.add.at(steps, past[crowded], -1)
    return np.asarray(np.cumsum(steps[:-1]) > 0)


def _has_strokes(bands: Iterable[tuple[NDArray[np.intp], NDArray[np.float64]]], hidden: NDArray[np.bool_], flat: float) -> bool:
    """Tell whether the hidden values form flat areas with edges between them; `bands` are values and their brightness."""
    size = flats = edges = 0
    for places, brightness in bands:
        told = hidden[places]
        steps = np.abs(np.diff(brightness, axis=1))[told[:, 1:] & told[:, :-1]]
        size += steps.size
        flats += int(np.count_nonzero(steps < _FLAT))
        edges += int(np.count_nonzero(steps > _EDGE))
    return size > 0 and flats / size >= flat and edges / size >= _EDGE_SHARE
