"""Draws lines of text as screens show them, a sheet of lines a picture, and has an engine read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from deid.find import load_engine
from deid.protocols import TextEngine
from deid.types import Quad
from tests.benchmark.fonts import face

LEVELS = ("clean", "light", "medium", "heavy")
"""How hard a line is to read: small type, weak contrast, blur and noise grow together."""
# Size of type (px), contrast (levels), blur (px), noise (levels) of each.
_HARDNESS = {"clean": (20, 190, 0.0, 3), "light": (16, 150, 0.4, 6), "medium": (13, 110, 0.6, 9), "heavy": (12, 90, 0.65, 11)}
_SHEET = 24
_COLUMNS = 900


@dataclass(frozen=True)
class Reading:
    """What an engine made of a line, and how sure it was."""

    text: str
    confidence: float


def read_lines(
    texts: Sequence[str], levels: Sequence[str], fonts: Sequence[Path], rng: np.random.Generator, engine: str = "rapidocr"
) -> list[Reading]:
    """Draw each text at its level in one of the fonts, and have an engine read it in place."""
    reader: TextEngine = load_engine(engine)
    readings: list[Reading] = []
    for first in range(0, len(texts), _SHEET):
        picture, quads = _sheet(texts[first : first + _SHEET], levels[first : first + _SHEET], fonts, rng)
        readings += [Reading(line.text.reveal(), line.confidence) for line in reader.read_text(picture, quads)]
    return readings


def _sheet(
    texts: Sequence[str], levels: Sequence[str], fonts: Sequence[Path], rng: np.random.Generator
) -> tuple[np.ndarray, list[Quad]]:
    strips, quads, top = [], [], 0
    for strip, quad in _strips(texts, levels, fonts, rng):
        strips.append(strip)
        quads.append(tuple((x, y + top) for x, y in quad))
        top += strip.shape[0]
    return np.vstack(strips), quads


def _strips(
    texts: Sequence[str], levels: Sequence[str], fonts: Sequence[Path], rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, Quad]]:
    for text, level in zip(texts, levels, strict=True):
        size, contrast, blur, noise = _HARDNESS[level]
        font = face(fonts[rng.integers(len(fonts))], int(size * rng.uniform(0.9, 1.15)))
        left, upper, right, lower = font.getbbox(text)
        rows, columns = lower - upper + 16, max(_COLUMNS, right - left + 24)
        ground = rng.uniform(10, 70)
        canvas = Image.new("L", (columns, rows), 0)
        ImageDraw.Draw(canvas).text((10 - left, 8 - upper), text, font=font, fill=255)
        ink = cv2.GaussianBlur(np.asarray(canvas, np.float32) / 255, (0, 0), blur) if blur else np.asarray(canvas, np.float32) / 255
        shade = ground + np.cumsum(rng.normal(0, 0.4, columns)) + rng.normal(0, noise, (rows, columns)) + ink * contrast
        grey = (
            np.clip(shade, 0, 255).astype(np.uint8)[:, :_COLUMNS]
            if right - left + 24 <= _COLUMNS
            else np.clip(shade, 0, 255).astype(np.uint8)
        )
        if grey.shape[1] > _COLUMNS:
            grey = cv2.resize(grey, (_COLUMNS, rows), interpolation=cv2.INTER_AREA)
            right, left = _COLUMNS - 14, 0
        end = min(_COLUMNS, right - left + 14)
        yield np.repeat(grey[:, :, None], 3, axis=2), ((6, 4), (end, 4), (end, rows - 4), (6, rows - 4))
