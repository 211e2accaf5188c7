"""Tells a photo whose print is so small that some of it was surely not seen."""

from __future__ import annotations

import math
from typing import Final

from deid.types import Reading, TextLine

# Thickness of a line, in pixels with its growth, below which capitals have less than about nine pixels.
_SMALL: Final = 20.0
# Readings below this are not sure.
_UNSURE: Final = 0.9
# Of 40 photos of monitors that were tuned on, the 8 with so many such lines held 31 of the 36 small lines that the first look
# missed; the other 32 held 5 (python -m tests.benchmark.small_print).
_LEAST: Final = 25


def has_unread_print(reading: Reading) -> bool:
    """Tell whether a photo shows many lines of small print that were badly read: then there is more that was not seen.

    Screens and exams are exempt: their print is as sharp as it will ever be, and the passes are made for its size.
    """
    return reading.photo and sum(map(_is_badly_read, reading.lines)) >= _LEAST


def _is_badly_read(line: TextLine) -> bool:
    small = math.dist(line.quad[0], line.quad[3]) < _SMALL
    return small and (len(line.text) == 0 or line.confidence < _UNSURE)
