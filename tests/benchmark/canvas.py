"""A picture under construction: text is written onto it and remembered with its ink, also through a perspective."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from tests.benchmark.fonts import cap_height, face
from tests.benchmark.truth import FREE, STAYS, Line

Colour = tuple[int, int, int]
Part = tuple[str, str]
"""Text and its category."""

_groups = itertools.count(1)
_INK = 0.45
"""Coverage from which a pixel counts as ink: thinner anti-aliasing carries no letter."""


class Canvas:
    """RGB pixels as float32 (rows, columns, 3) in 0-255, and the lines written on them."""

    def __init__(self, pixels: np.ndarray) -> None:
        if pixels.ndim == 2:
            pixels = np.repeat(pixels[:, :, None], 3, axis=2)
        self.pixels = pixels.astype(np.float32)
        self.lines: list[Line] = []

    @classmethod
    def plain(cls, rows: int, columns: int, colour: Colour) -> Canvas:
        return cls(np.full((rows, columns, 3), colour, np.float32))

    @property
    def rows(self) -> int:
        return self.pixels.shape[0]

    @property
    def columns(self) -> int:
        return self.pixels.shape[1]

    def fill(self, box: tuple[int, int, int, int], colour: Colour) -> None:
        x0, y0, x1, y1 = box
        self.pixels[max(0, y0) : y1, max(0, x0) : x1] = colour

    def frame(self, box: tuple[int, int, int, int], colour: Colour, width: int = 1) -> None:
        x0, y0, x1, y1 = box
        cv2.rectangle(self.pixels, (x0, y0), (x1 - 1, y1 - 1), colour, width)

    def place(self, picture: np.ndarray, x: int, y: int) -> None:
        """Put a picture, grey or RGB, at a place."""
        if picture.ndim == 2:
            picture = picture[:, :, None]
        self.pixels[y : y + picture.shape[0], x : x + picture.shape[1]] = picture

    def write(
        self,
        parts: Sequence[Part],
        at: tuple[int, int],
        font: Path,
        size: int,
        colour: Colour,
        *,
        align: str = "left",
        turns: int = 0,
        shadow: bool = False,
        frames: tuple[int, int] = (0, 1),
    ) -> tuple[int, int]:
        """Write parts one after the other; return the width and height taken, in px.

        `at` is the corner (upper left, or upper right where `align` is right); `turns` are quarter turns counter-clockwise.
        """
        group = next(_groups)
        stamps = [_stamp(text, font, size) for text, _ in parts]
        width, height = sum(stamp.shape[1] for stamp in stamps), stamps[0].shape[0]
        if turns % 2:
            width, height = height, width
        x, y = at[0] - (width if align == "right" else 0), at[1]
        if turns % 4 == 1:
            y += height
        for (text, category), stamp in zip(parts, stamps, strict=True):
            turned = np.rot90(stamp, turns)
            if turns % 4 == 1:
                y -= turned.shape[0]
            self._blend(text, category, turned, (x, y), colour, shadow, frames, cap_height(font, size), group)
            x, y = (x, y + turned.shape[0]) if turns % 4 == 3 else (x + (0 if turns % 4 == 1 else turned.shape[1]), y)
        return width, height

    def _blend(self, text, category, stamp, at, colour, shadow, frames, cap, group) -> None:
        x0, y0 = max(at[0], 0), max(at[1], 0)
        stamp = stamp[y0 - at[1] : self.rows - at[1], x0 - at[0] : self.columns - at[0]]
        rows, columns = stamp.shape
        if not rows or not columns:
            return
        area = self.pixels[y0 : y0 + rows, x0 : x0 + columns]
        if shadow:
            area[1:, 1:] *= 1 - 0.8 * stamp[:-1, :-1, None]
        area += stamp[:, :, None] * (np.array(colour, np.float32) - area)
        if text.strip():
            self._remember(text, category, stamp >= _INK, (x0, y0), frames, cap, group)

    def _remember(self, text, category, ink, at, frames, cap, group) -> None:
        if not ink.any():
            return
        ys, xs = np.nonzero(ink)
        x0, y0, x1, y1 = int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1
        # One px of background around the ink, where there is any: contrast is measured against it.
        left, top = max(0, x0 - 1), max(0, y0 - 1)
        right, bottom = min(ink.shape[1], x1 + 1), min(ink.shape[0], y1 + 1)
        box = (at[0] + left, at[1] + top, at[0] + right, at[1] + bottom)
        corners = [(at[0] + x, at[1] + y) for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]
        self.lines.append(
            Line(text.strip(), category, frames, tuple(corners), box, ink[top:bottom, left:right].copy(), cap, 0.0, group)
        )

    def plant(self, text: str, category: str, ink: np.ndarray, at: tuple[int, int]) -> None:
        """Remember something that was drawn elsewise, such as a barcode: its ink, (rows, columns), at a point."""
        self._remember(text, category, ink, at, (0, 1), float(ink.shape[0]), next(_groups))

    def adopt(self, lines: Sequence[Line], at: tuple[int, int]) -> None:
        """Take over the lines of a picture that was placed at a point."""
        for line in lines:
            x0, y0, x1, y1 = line.box
            polygon = tuple((x + at[0], y + at[1]) for x, y in line.polygon)
            self.lines.append(replace(line, polygon=polygon, box=(x0 + at[0], y0 + at[1], x1 + at[0], y1 + at[1])))

    def paste(self, other: Canvas, corners: Sequence[tuple[float, float]], opacity: float = 1.0) -> None:
        """Put another canvas into the quad of four corners (clockwise from its upper left), with its lines."""
        source = np.float32([(0, 0), (other.columns, 0), (other.columns, other.rows), (0, other.rows)])
        transform = cv2.getPerspectiveTransform(source, np.float32(corners))
        scale = np.sqrt(abs(cv2.contourArea(np.float32(corners))) / (other.rows * other.columns))
        pixels = _softened(other.pixels, scale)
        size = (self.columns, self.rows)
        cover = (
            cv2.warpPerspective(np.ones(pixels.shape[:2], np.float32), transform, size, flags=cv2.INTER_LINEAR)[:, :, None]
            * opacity
        )
        warped = cv2.warpPerspective(pixels, transform, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        self.pixels += cover * (warped - self.pixels)
        self.lines = [seen for line in self.lines if (seen := _uncovered(line, cover[:, :, 0] > 0.5))]
        for line in other.lines:
            self._paste_line(line, transform)

    def _paste_line(self, line: Line, transform: np.ndarray) -> None:
        x0, y0, x1, y1 = line.box
        around = _mapped([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], transform)
        left, top = np.maximum(np.floor(around.min(axis=0)).astype(int) - 1, 0)
        right, bottom = np.minimum(np.ceil(around.max(axis=0)).astype(int) + 1, (self.columns, self.rows))
        if right <= left or bottom <= top:
            return
        shift = (
            np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]], float)
            @ transform
            @ np.array([[1, 0, x0], [0, 1, y0], [0, 0, 1]], float)
        )
        scale = np.sqrt(abs(cv2.contourArea(np.float32(around))) / max(1, (x1 - x0) * (y1 - y0)))
        stamp = cv2.warpPerspective(_softened(line.ink.astype(np.float32), scale), shift, (int(right - left), int(bottom - top)))
        ink = stamp >= _INK
        if ink.any():
            polygon = tuple((round(float(x)), round(float(y))) for x, y in _mapped(line.polygon, transform))
            box = (int(left), int(top), int(right), int(bottom))
            self.lines.append(
                Line(line.text, line.category, line.frames, polygon, box, ink, line.cap_height * float(scale), 0.0, line.group)
            )

    def finished(self) -> np.ndarray:
        """The pixels as uint8 RGB."""
        return np.clip(np.rint(self.pixels), 0, 255).astype(np.uint8)


def _stamp(text: str, font: Path, size: int) -> np.ndarray:
    """Coverage of a text, 0-1, (rows, columns); the columns are the advance, so that parts join as one text."""
    drawn = face(font, size)
    ascent, descent = drawn.getmetrics()
    image = Image.new("L", (max(1, round(drawn.getlength(text))), ascent + descent), 0)
    ImageDraw.Draw(image).text((0, 0), text, fill=255, font=drawn)
    return np.asarray(image, np.float32) / 255


def _softened(pixels: np.ndarray, scale: float) -> np.ndarray:
    """Blur before shrinking, as a lens does."""
    return cv2.GaussianBlur(pixels, (0, 0), 0.45 / scale) if scale < 0.8 else pixels


def _uncovered(line: Line, cover: np.ndarray) -> Line | None:
    """What is left of a line when something opaque lies over it; half a technical line is nobody's loss."""
    x0, y0, x1, y1 = line.box
    ink = line.ink & ~cover[y0:y1, x0:x1]
    if not ink.any():
        return None
    lost = ink.sum() < 0.9 * line.ink.sum()
    return replace(line, ink=ink, category=FREE if lost and line.category == STAYS else line.category)


def _mapped(points: Sequence[tuple[float, float]], transform: np.ndarray) -> np.ndarray:
    return cv2.perspectiveTransform(np.float32(points)[None], transform)[0]
