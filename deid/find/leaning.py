"""Gives short boxes the lean of the lines around them: the least rectangle around a word leans with its letters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from deid.find.geometry import degrees, leaning, sides

if TYPE_CHECKING:
    from deid.find.geometry import Corners

# From this length, in thicknesses, a box knows its own lean.
_LONG = 6.0
# By how much of its thickness, margins included, the ends of a short box may be off: letters with and without ascenders. With 0.5
# a box of five thicknesses took the lean of lines far away, and the tops of its digits showed.
_RAGGED = 0.3
# Lines tell the lean of words of about their own size, not of the lettering on the wall behind the screen.
_OWN_SIZE = (0.6, 1.7)
# How many long lines around a short box tell it its lean.
_WITNESSES = 5


def settled(quads: Sequence[Corners]) -> list[Corners]:
    """Turn each short quad to the middle lean of the nearest long ones that lean like it; without any, to a right angle."""
    leans = [degrees(points) for points in quads]
    middles = [points.mean(axis=0) for points in quads]
    shapes = [sides(points) for points in quads]
    long = [index for index, (length, thickness) in enumerate(shapes) if length >= _LONG * thickness]
    places = np.array([middles[index] for index in long]).reshape(-1, 2)
    own = np.array([leans[index] for index in long])
    sizes = np.array([shapes[index][1] for index in long])
    turned = []
    for points, lean, middle, (length, thickness) in zip(quads, leans, middles, shapes, strict=True):
        if length < _LONG * thickness:
            off = math.degrees(math.atan2(_RAGGED * thickness, length))
            alike = np.abs((own - lean + 180) % 360 - 180) <= off
            alike &= (sizes > _OWN_SIZE[0] * thickness) & (sizes < _OWN_SIZE[1] * thickness)
            witnesses = np.flatnonzero(alike)
            nearest = witnesses[np.argsort(np.hypot(*(places[witnesses] - middle).T))[:_WITNESSES]]
            right = 90.0 * round(lean / 90)
            if len(nearest):
                points = leaning(points, float(np.median(own[nearest])))
            elif abs(lean - right) <= off:
                points = leaning(points, right)
        turned.append(points)
    return turned
