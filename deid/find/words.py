"""Cuts a line into words, each with a quad of its own: between two words, where the ink is thinnest."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid.find.decoding import Spelling
from deid.find.geometry import outwards, part, within
from deid.find.samples import brightest, darkest
from deid.types import PhiText, Word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.find.geometry import Corners
    from deid.types import Display

# An empty gap of this many line heights is a space even where none was read: 10 of 45 spaces that the reader missed, no false one
# among 3,795 gaps within words.
_SPACE = 0.2
_SPACE_BESIDE_MARK = 0.6
# How far a character reaches from its middle, in shares of the way from one to the next.
_BESIDE = 0.6
# So many columns of ink, in shares of a crop's rows, stand between two characters where letters were left out.
_LEFT_OUT = 0.4
# Columns count as empty up to this share of the way from the least ink to the usual ink.
_EMPTY = 0.15


def words(
    spelling: Spelling, ink: NDArray[np.float32], rows: int, points: Corners, shape: tuple[int, int]
) -> tuple[str, tuple[Word, ...]]:
    """Return the text of a line and its words.

    Parameters
    ----------
    spelling
        What was read, positions in columns of a straightened crop.
    ink
        What `column_ink` says of the crop.
    rows
        The rows of the crop.
    points
        The quad under the crop, which the words share among them.
    shape
        Rows and columns of the picture.
    """
    spelling = _spaced(spelling, ink, rows)
    groups = _groups(spelling)
    text = " ".join("".join(spelling.characters[first:past]) for first, past in groups)
    if not groups:
        return "", ()
    cuts = [_cut(ink, spelling.middles[left - 1], spelling.middles[right]) for (_, left), (right, _) in pairwise(groups)]
    edges = [0.0, *(min(1.0, cut / len(ink)) for cut in cuts), 1.0]
    found, start = [], 0
    for (first, past), low, high in zip(groups, edges[:-1], edges[1:], strict=True):
        word = "".join(spelling.characters[first:past])
        quad = outwards(within(part(points, low, max(low, high)), shape))
        found.append(Word(PhiText(word), quad, start))
        start += len(word) + 1
    return text, tuple(found)


def misses_letters(spelling: Spelling, ink: NDArray[np.float32], rows: int) -> bool:
    """Tell a reading between or beside whose characters more text stands: letters of a script that the engine leaves out.

    Of 1,056 lines of the benchmark's tuned part none has so much ink there that is not misread.
    """
    if not spelling.characters:
        return False
    pitch = float(np.median(np.diff(spelling.middles))) if len(spelling.middles) > 1 else rows / 2
    pitch = min(max(pitch, rows / 6), rows / 1.6)
    places = [min(middle, len(ink) - 1) for middle in spelling.middles]
    written = [ink[max(0, int(place - pitch / 3)) : int(place + pitch / 3) + 1].mean() for place in places]
    ground = float(np.percentile(ink, 5))
    lettered = ink > (ground + float(np.median(written))) / 2
    gaps = pairwise((-pitch / 2, *spelling.middles, len(ink) + pitch / 2))
    parts = [lettered[max(0, int(left + _BESIDE * pitch)) : max(0, int(right - _BESIDE * pitch))] for left, right in gaps]
    return any(len(part) >= rows / 2 and part.sum() > _LEFT_OUT * rows for part in parts)


def _spaced(spelling: Spelling, ink: NDArray[np.float32], rows: int) -> Spelling:
    """Put a space into every gap between two characters that is too wide for one word, whether or not the engine read one."""
    if len(spelling.characters) < 2:
        return spelling
    empty = float(ink.min()) + _EMPTY * max(1.0, float(np.median(ink) - ink.min()))
    gaps = [_emptiest(ink, left, right, empty) for left, right in pairwise(spelling.middles)]
    usual = float(np.median([past - first for first, past in gaps]))
    characters, middles = [spelling.characters[0]], [spelling.middles[0]]
    for character, middle, (first, past) in zip(spelling.characters[1:], spelling.middles[1:], gaps, strict=True):
        # Beside a dash, a dot or a colon there is air within a word as well: '14-Mar-1957' must stay one word.
        least = _SPACE if character.isalnum() and characters[-1].isalnum() else _SPACE_BESIDE_MARK
        wide = past - first >= max(least * rows, 2.5 * usual + 1)
        if wide and " " not in (characters[-1], character):
            characters.append(" ")
            middles.append((first + past) / 2)
        characters.append(character)
        middles.append(middle)
    return Spelling(tuple(characters), tuple(middles), spelling.confidence)


def _groups(spelling: Spelling) -> list[tuple[int, int]]:
    """Half-open runs of characters without a space."""
    groups, start = [], None
    for index, character in enumerate((*spelling.characters, " ")):
        if character.isspace():
            if start is not None:
                groups.append((start, index))
            start = None
        elif start is None:
            start = index
    return groups


def column_ink(crop: Display) -> NDArray[np.float32]:
    """How much there is to see in each column of a crop, (rows, columns, 3): steps of brightness along and across it."""
    grey = brightest(crop).astype(np.float32) + darkest(crop).astype(np.float32)
    down = np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3))
    along = np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3))
    # The outer rows may show the neighbouring line or a frame.
    inner = slice(crop.shape[0] // 8, crop.shape[0] - crop.shape[0] // 8)
    energy: NDArray[np.float32] = (down + along)[inner].mean(axis=0)
    return energy


def _cut(ink: NDArray[np.float32], left: float, right: float) -> float:
    """Find where two words part: the middle of the emptiest run between their nearest characters."""
    window = ink[max(0, int(left)) : max(1, int(np.ceil(right)))]
    lowest = float(window.min()) if len(window) else 0.0
    return sum(_emptiest(ink, left, right, lowest + _EMPTY * max(1.0, float(np.median(ink)) - lowest))) / 2


def _emptiest(ink: NDArray[np.float32], left: float, right: float, empty: float) -> tuple[int, int]:
    """Find the longest run of columns with at most `empty` ink between two characters, else the emptiest; half-open."""
    first, past = max(0, int(left)), min(len(ink), int(np.ceil(right)))
    if past - first < 3:
        middle = round((left + right) / 2)
        return middle, middle
    # A dozen columns: plain numbers are faster than arrays.
    window = ink[first:past].tolist()
    runs = [list(run) for bare, run in groupby(range(first, past), lambda column: window[column - first] <= empty) if bare]
    if not runs:
        lowest = first + window.index(min(window))
        return lowest, lowest + 1
    # An engine may place a character in the air before it or behind it; that air is no gap between the two.
    inner = [run for run in runs if run[0] > first and run[-1] < past - 1]
    longest = max(inner or runs, key=len)
    return longest[0], longest[-1] + 1
