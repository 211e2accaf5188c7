"""The default engine: PP-OCRv6 straight on onnxruntime or OpenVINO, with the weights that the rapidocr wheel carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid.find import networks
from deid.find.decoding import Spelling, spell
from deid.find.geometry import corners, degrees, outwards, sides, straightened, turned, within
from deid.find.probability import boxes
from deid.find.samples import brightest
from deid.find.words import column_ink, misses_letters, words
from deid.protocols import TextBox
from deid.types import PhiText, Quad, TextLine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.find.geometry import Corners
    from deid.types import Display

# What a crop is straightened to: the rows that the reader was trained on.
_CROP = 48
# What the reader takes (weights.toml makes it take fewer than it was made for): letters and some air, for a quarter less time.
_ROWS = 32
# Below this mean certainty a crop is read again at another height, and, where that does not help, the other way round.
_SURE = 0.9
# Crops that were read in at least so many rows are read again whole, others larger.
_NEARLY_ALL = 40
# Below this it is not a reading at all.
_UNREADABLE = 0.35
# Of 1,435 lines of the benchmark's tuned part none has fewer characters than 0.83 for each thickness of its box, but for three that
# were misread. More characters than a few, and surely read, may have a leader or a scale beside them.
_LEAST_CHARACTERS = 0.6
_FEW = 3
_SURE_OF_FEW = 0.95
# With such a certainty mirrored lines are read as they stand, with this or more in a mirror, and so much better: TAVI is 0.9 and
# IVAT 0.99. Shorter ones than this many characters look alike in both: 101, AHA.
_MIRRORED_READS = (0.55, 0.95)
_MIRRORED_CLEAR = 0.97
_MIRRORED_BETTER = 0.4
_MIRRORED_LENGTH = 4
# In a mirrored picture many lines are unsure. The two longest of them are tried; where neither is mirrored, none is.
_MIRRORED_SHARE = 0.25
_MIRRORED_TRIED = 2
# Longer crops are squeezed to this many columns: a screen's width of ten-pixel print.
_LONGEST = 4096
_SHORTEST = 32
# Widths are multiples of this, so that the runtime meets few shapes.
_STEP = 16
# Height of letters in the reader's rows: time goes by the column. Screens read as well as at 28, photos once what is not sure is
# read at full height; at 16 one line in sixty suffers.
_LETTERS = 20
# A row of a crop has letters on it from this share of the way between the emptiest row and the fullest: noise is on every row.
_INKED = 0.25
# The strip of decoys: one line of text, repeated. Masked area on pictures without text: 66 % without it, 2 % with it.
_DECOY_ROWS = 32
_DECOY_STEP = 150
# They come out at 1.00 on every picture measured; a detector that misses them sees nothing else either.
_DECOY_SEEN = 0.5


class RapidOcr:
    """PP-OCRv6 small: a DB detector at low thresholds and a CTC reader.

    `name` is how policy and audit call it, `runtime` what computes its networks.
    """

    def __init__(self, name: str = "rapidocr", runtime: str = "onnxruntime") -> None:
        cv2.setNumThreads(1)
        self.name = name
        self._runtime = runtime
        self._detect = networks.detector(runtime)
        self._read, self._head = networks.reader(runtime)

    @property
    def version(self) -> str:
        """Version of the weights' package, the start of their hashes, and the runtime."""
        return networks.version(self._runtime)

    def missing(self) -> str | None:
        """Say what to install, or None where everything is there."""
        return networks.missing(self._runtime)

    def detect(self, image: Display) -> tuple[TextBox, ...]:
        """Find text in a picture, (rows, columns, 3) uint8 RGB, at the scale given."""
        rows, columns = image.shape[:2]
        if min(rows, columns) < 2:
            return ()
        probability = self._detect(_batch(_with_decoys(image)))[0, 0]
        if float(probability[-_DECOY_ROWS:].max()) < _DECOY_SEEN:
            raise RuntimeError("the detector does not see its own decoys")
        probability = probability[:rows, :columns]
        return tuple(TextBox(outwards(within(points, (rows, columns))), score) for points, score in boxes(probability))

    def read_text(self, image: Display, quads: Sequence[Quad]) -> tuple[TextLine, ...]:
        """Read the text in each quad, in order, one line a quad; what cannot be read comes back with empty text."""
        shape = (image.shape[0], image.shape[1])
        lines = [self._line(image, within(corners(quad), shape), shape) for quad in quads]
        for index in self._mirrored(image, lines):
            lines[index] = replace(lines[index], text=PhiText(""), words=())
        return tuple(lines)

    def _line(self, image: Display, points: Corners, shape: tuple[int, int]) -> TextLine:
        """Read one crop as it lies, at another height where that is not sure, and turned where that is not sure either."""
        crop = straightened(image, points, _CROP)
        read, asked = self._spell(crop), points
        for turn in (2, 1, 3):
            if _worth_turning(read, asked, turn):
                other = straightened(image, turned(asked, turn), _CROP)
                again = self._spell_at(other, _rows_for(other))
                if _better(again, read):
                    read, crop, points = again, other, turned(asked, turn)
        ink = column_ink(crop)
        if read.confidence < _UNREADABLE or _is_fragment(read, points) or misses_letters(read, ink, _CROP):
            return TextLine(PhiText(""), outwards(points), (), read.confidence, (0, 1), self.name)
        text, parts = words(read, ink, _CROP, points, shape)
        return TextLine(PhiText(text), outwards(points), parts, read.confidence, (0, 1), self.name)

    def _mirrored(self, image: Display, lines: Sequence[TextLine]) -> list[int]:
        """Return the numbers of the lines that can be read in a mirror, and better: what they seem to say is not what they say."""
        least, most = _MIRRORED_READS
        doubtful = [index for index, line in enumerate(lines) if least <= line.confidence < most]
        if len(doubtful) < _MIRRORED_SHARE * len(lines):
            return []
        doubtful.sort(key=lambda index: len(lines[index].text))
        found = [index for index in doubtful[-_MIRRORED_TRIED:] if self._is_mirrored(image, lines[index])]
        rest = doubtful[:-_MIRRORED_TRIED] if found else []
        return found + [index for index in rest if self._is_mirrored(image, lines[index])]

    def _is_mirrored(self, image: Display, line: TextLine) -> bool:
        crop = straightened(image, corners(line.quad), _CROP)
        rows = _rows_for(crop)
        for other in (crop[:, ::-1], crop[::-1]):
            seen = self._spell_at(np.ascontiguousarray(other), rows)
            better = _weight(seen.confidence, len(seen.characters)) > _weight(line.confidence, len(line.text)) + _MIRRORED_BETTER
            if better and seen.confidence >= _MIRRORED_CLEAR and len(seen.characters) >= _MIRRORED_LENGTH:
                return True
        return False

    def _spell(self, crop: Display) -> Spelling:
        """Read one crop; where it is not sure, at another height as well."""
        rows = _rows_for(crop)
        read = self._spell_at(crop, rows)
        if read.confidence >= _SURE:
            return read
        again = self._spell_at(crop, _CROP if rows < _NEARLY_ALL else _ROWS)
        return again if again.confidence > read.confidence else read

    def _spell_at(self, crop: Display, rows: int) -> Spelling:
        """Read one crop, brought to so many rows. Batches gain nothing on one thread."""
        width = max(1, min(_LONGEST, round(crop.shape[1] * rows / _CROP)))
        columns = max(_SHORTEST, -(-width // _STEP) * _STEP)
        steps = self._read(_batch(_fitted(crop, width, columns, rows)))[0]
        return spell(*self._head(steps), self._head.alphabet, crop.shape[1] / width * columns / len(steps))


def _with_decoys(image: Display) -> Display:
    """Put a strip of text of our own below a picture, and fill up to the multiple of 32 that the network's grid wants.

    Where there is no text at all, the network takes the most text-like thing for it: a vessel tree, a whole head. Text in sight
    keeps its measure right. Padding rather than stretching keeps the scale: stretching would blur the smallest print.
    """
    rows, columns = image.shape[:2]
    bottom = -(-rows // 32) * 32
    whole = cv2.copyMakeBorder(image, 0, bottom - rows + _DECOY_ROWS, 0, -columns % 32, cv2.BORDER_REPLICATE)
    whole[bottom:] = 0
    for x in range(8, max(9, columns - 60), _DECOY_STEP):
        cv2.putText(whole, "CANARY 4729", (x, bottom + 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (235, 235, 235), 1, cv2.LINE_AA)
    return np.asarray(whole, np.uint8)


def _batch(picture: Display) -> NDArray[np.float32]:
    """An RGB picture as the networks want it: a batch of one, BGR, -1 to 1."""
    return np.asarray(cv2.dnn.blobFromImage(picture, 1 / 127.5, mean=(127.5, 127.5, 127.5), swapRB=True), np.float32)


def _rows_for(crop: Display) -> int:
    """Say how many rows a crop should be brought to, so that its letters are as high as in the crops of the reader's training.

    A crop that is cut close, because another line is near, would be blown up otherwise, and cost time by the column.
    """
    first, past = _inked(crop)
    return min(_CROP, max(_CROP // 2, round(len(crop) * _LETTERS / (past - first))))


def _inked(crop: Display) -> tuple[int, int]:
    """Find the rows that hold letters: first and past."""
    steps = np.abs(np.diff(brightest(crop).astype(np.int16), axis=1)).mean(axis=1)
    least, most = float(steps.min()), float(steps.max())
    inked = np.flatnonzero(steps > least + _INKED * (most - least))
    return (int(inked[0]), int(inked[-1]) + 1) if len(inked) else (0, crop.shape[0])


def _fitted(crop: Display, width: int, columns: int, rows: int) -> Display:
    """Bring a crop to a size and its letters to the middle of the reader's rows; its edge goes on above and below."""
    if rows > _ROWS:
        crop = _around_letters(crop, round(crop.shape[0] * _ROWS / rows))
        rows = _ROWS
    if crop.shape[:2] != (rows, width):
        crop = np.asarray(cv2.resize(crop, (width, rows), interpolation=cv2.INTER_AREA), np.uint8)
    top = (_ROWS - rows) // 2
    crop = np.asarray(cv2.copyMakeBorder(crop, top, _ROWS - rows - top, 0, 0, cv2.BORDER_REPLICATE), np.uint8)
    whole = np.full((_ROWS, columns, 3), 127, np.uint8)
    whole[:, :width] = crop
    return whole


def _around_letters(crop: Display, rows: int) -> Display:
    """Cut so many rows out of a crop, its letters in their middle as far as it reaches."""
    first, past = _inked(crop)
    top = min(crop.shape[0] - rows, max(0, round((first + past - rows) / 2)))
    return crop[top : top + rows]


def _is_fragment(read: Spelling, points: Corners) -> bool:
    """Tell whether a line is so long for what was read on it that most was not read; what stands may be the beat of an ECG."""
    if _stands(points):
        return False
    length, thickness = sides(points)
    count = sum(not character.isspace() for character in read.characters)
    return count < _LEAST_CHARACTERS * length / max(1.0, thickness) and (count < _FEW or read.confidence < _SURE_OF_FEW)


def _worth_turning(read: Spelling, points: Corners, turn: int) -> bool:
    if read.confidence >= _SURE:
        return False
    length, thickness = sides(points)
    # Upside down always; a quarter turn where the box is too short for a line or stands, so that its reading direction is a guess.
    return turn == 2 or (length < 1.5 * thickness and not _stands(points))


def _stands(points: Corners) -> bool:
    return 45 < abs(degrees(points)) < 135


def _better(read: Spelling, other: Spelling) -> bool:
    return _weight(read.confidence, len(read.characters)) > _weight(other.confidence, len(other.characters)) + 0.1


def _weight(confidence: float, characters: int) -> float:
    return confidence * min(4, characters)
