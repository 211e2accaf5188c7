"""The second engine: the Tesseract of the system through pytesseract, one process call a picture."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from deid.errors import EnvironmentBroken
from deid.find.geometry import corners, outwards, part, straightened, within
from deid.find.samples import brightest
from deid.protocols import TextBox
from deid.types import PhiText, Quad, TextLine, Word

if TYPE_CHECKING:
    from deid.types import Display

_INSTALL = "apt-get install tesseract-ocr tesseract-ocr-eng; pip install pytesseract"
# Tesseract reads best at capitals of about 30 pixels.
_ROWS = 48
_MARGIN = 16
# Below this mean certainty of its words a reading is not a reading.
_UNREADABLE = 0.3
# Fewer grey levels than this are no letters.
_NO_CONTRAST = 12.0
# Sparse text: find as much as possible in no particular order.
_SPARSE, _BLOCK = "--psm 11", "--psm 6"


class Tesseract:
    """Tesseract 5: reads what is large and plain; as a finder it sees about a quarter of the lines on medical screens."""

    name = "tesseract"

    def __init__(self) -> None:
        cv2.setNumThreads(1)
        # One thread a process: it would otherwise take every core for pictures of this size, and be slower for it.
        os.environ["OMP_THREAD_LIMIT"] = "1"
        need = self.missing()
        if need:
            raise EnvironmentBroken("The text engine tesseract is not installed completely.", need)
        import pytesseract

        self._tesseract = pytesseract

    @property
    def version(self) -> str:
        """Version of the program."""
        return f"tesseract {self._tesseract.get_tesseract_version()}"

    def missing(self) -> str | None:
        """Say what to install, or None where everything is there."""
        return None if find_spec("pytesseract") and shutil.which("tesseract") else _INSTALL

    def detect(self, image: Display) -> tuple[TextBox, ...]:
        """Find text in a picture, (rows, columns, 3) uint8 RGB, at the scale given."""
        if min(image.shape[:2]) < 8:
            return ()
        found = []
        for words in self._lines(image, _SPARSE).values():
            x0, y0 = min(word["left"] for word in words), min(word["top"] for word in words)
            x1 = max(word["left"] + word["width"] for word in words)
            y1 = max(word["top"] + word["height"] for word in words)
            score = float(np.mean([word["conf"] for word in words])) / 100
            found.append(TextBox(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), score))
        return tuple(found)

    def read_text(self, image: Display, quads: Sequence[Quad]) -> tuple[TextLine, ...]:
        """Read the text in each quad, in order, one line a quad; what cannot be read comes back with empty text."""
        if not quads:
            return ()
        shape = (image.shape[0], image.shape[1])
        upright = [within(corners(quad), shape) for quad in quads]
        # One process call costs 0.1 CPU seconds: all crops go into one picture, one below the other.
        crops = [straightened(image, points, _ROWS) for points in upright]
        pitch = _ROWS + 2 * _MARGIN
        sheet = np.full((pitch * len(crops), max(crop.shape[1] for crop in crops) + 2 * _MARGIN, 3), 255, np.uint8)
        for index, crop in enumerate(crops):
            top = index * pitch + _MARGIN
            sheet[top : top + _ROWS, _MARGIN : _MARGIN + crop.shape[1]] = _dark_on_light(crop)
        by_crop: dict[int, list[dict[str, Any]]] = {}
        for words in self._lines(sheet, _BLOCK).values():
            for word in words:
                by_crop.setdefault(int((word["top"] + word["height"] / 2) // pitch), []).append(word)
        return tuple(
            self._line(points, crop.shape[1], by_crop.get(index, []), shape)
            for index, (points, crop) in enumerate(zip(upright, crops, strict=True))
        )

    def _line(self, points: Any, columns: int, words: list[dict[str, Any]], shape: tuple[int, int]) -> TextLine:
        quad = outwards(points)
        words = sorted(words, key=lambda word: int(word["left"]))
        confidence = float(np.mean([word["conf"] for word in words])) / 100 if words else 0.0
        if confidence < _UNREADABLE:
            return TextLine(PhiText(""), quad, (), max(0.0, confidence), (0, 1), self.name)
        middles = [(left["left"] + left["width"] + right["left"]) / 2 - _MARGIN for left, right in pairwise(words)]
        edges = [0.0, *(min(1.0, max(0.0, middle / columns)) for middle in middles), 1.0]
        parts, start = [], 0
        for word, low, high in zip(words, edges[:-1], edges[1:], strict=True):
            parts.append(Word(PhiText(word["text"]), outwards(within(part(points, low, max(low, high)), shape)), start))
            start += len(word["text"]) + 1
        text = " ".join(str(word["text"]) for word in words)
        return TextLine(PhiText(text), quad, tuple(parts), confidence, (0, 1), self.name)

    def _lines(self, image: Display, mode: str) -> dict[tuple[int, int, int], list[dict[str, Any]]]:
        data = self._tesseract.image_to_data(image, config=mode, output_type=self._tesseract.Output.DICT)
        lines: dict[tuple[int, int, int], list[dict[str, Any]]] = {}
        for index, text in enumerate(data["text"]):
            if not text.strip() or float(data["conf"][index]) < 0:
                continue
            word = {name: int(data[name][index]) for name in ("left", "top", "width", "height")}
            line = (data["block_num"][index], data["par_num"][index], data["line_num"][index])
            lines.setdefault(line, []).append({**word, "text": text.strip(), "conf": float(data["conf"][index])})
        return lines


def _dark_on_light(crop: Display) -> Display:
    """Stretch a crop to black letters on white; one without contrast is white."""
    grey = brightest(crop).astype(np.float32)
    low, high = (float(value) for value in np.percentile(grey, (2, 98)))
    if high - low < _NO_CONTRAST:
        return np.full(crop.shape, 255, np.uint8)
    grey = np.clip((grey - low) * 255 / (high - low), 0, 255)
    if float(np.median(grey)) < 128:
        grey = 255 - grey
    return np.repeat(grey.astype(np.uint8)[:, :, None], 3, axis=2)
