"""Tells a photo whose print is so small that some of it was surely not seen."""

from __future__ import annotations

import math
from typing import Final

from deid.types import Reading, TextLine

# Thickness of a line, in pixels with its growth, below which capitals have less than about eight pixels.
_SMALL: Final = 17.0
# Readings below this are guesses.
_GUESS: Final = 0.5
# Of seven photos of monitors that were looked at closely, the four with three such lines or more had print that both looks
# missed; the others, with none or one, had not.
_LEAST: Final = 3


def has_unread_print(reading: Reading) -> bool:
    """Tell whether a photo shows several lines of print that could be seen and not read: then there is more that was not seen.

    Screens and exams are exempt: their print is as sharp as it will ever be, and the passes are made for its size.
    """
    return reading.photo and sum(map(_is_unread, reading.lines)) >= _LEAST


def _is_unread(line: TextLine) -> bool:
    small = math.dist(line.quad[0], line.quad[3]) < _SMALL
    return small and (len(line.text) == 0 or line.confidence < _GUESS)
