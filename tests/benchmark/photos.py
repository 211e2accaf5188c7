"""Phone photos of monitors: a room, tilted screens with bezels, stickers, a whiteboard, a wristband; then lens and sensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tests.benchmark.canvas import Canvas, Colour
from tests.benchmark.fonts import face
from tests.benchmark.people import Fields, parts

Corners = list[tuple[float, float]]


@dataclass(frozen=True)
class Lens:
    """What the camera adds. Strengths in grey levels or px: moiré, glare, blur (sigma), noise; `vignette` 0-1."""

    moire: float = 7.0
    glare: float = 70.0
    blur: float = 0.6
    noise: float = 3.0
    vignette: float = 0.35


def room(rng: np.random.Generator, rows: int, columns: int) -> Canvas:
    """A wall, a desk and a light."""
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    wall = np.array([128, 134, 138], np.float32) * rng.uniform(0.55, 1.15) + rng.uniform(-8, 8, 3)
    light = 1.15 - 0.5 * np.hypot((x - columns * rng.uniform(0.1, 0.9)) / columns, y / rows)
    pixels = light[:, :, None] * wall
    desk = y > rows * rng.uniform(0.88, 0.94) + x * rng.uniform(-0.03, 0.03)
    pixels[desk] = pixels[desk] * np.array([0.62, 0.5, 0.4], np.float32)
    return Canvas(pixels)


def monitor(rng: np.random.Generator, screen: Canvas, lens: Lens, stickers: Sequence[Canvas] = ()) -> Canvas:
    """A screen in its bezel; stickers go on the lower rim, one beside the other."""
    thick = round(screen.columns * 0.028)
    rim = max([thick * 2, *(sticker.rows + 8 for sticker in stickers)]) if stickers else thick * 2
    shade = int(rng.integers(18, 46))
    case = Canvas.plain(screen.rows + thick + rim, screen.columns + 2 * thick, (shade, shade, shade + 2))
    case.place(_interference(rng, screen, lens.moire), thick, thick)
    case.adopt(screen.lines, (thick, thick))
    case.frame((2, 2, case.columns - 2, case.rows - 2), (shade + 34,) * 3, 3)
    x = thick * 2
    for sticker in stickers:
        x += int(rng.integers(10, max(11, case.columns // 4)))
        y = screen.rows + thick + 4
        corners = [(x, y), (x + sticker.columns, y + 2), (x + sticker.columns, y + sticker.rows), (x, y + sticker.rows - 2)]
        case.paste(sticker, corners)
        x += sticker.columns
    return case


def note(lines: Sequence[str], fields: Fields, font: Path, size: int, paper: Colour, ink: Colour) -> Canvas:
    """A piece of paper, sticker, wristband or whiteboard with lines on it."""
    texts = [parts(line, fields) for line in lines]
    step, margin = round(size * 1.35), max(4, size // 2)
    width = max(face(font, size).getlength("".join(text for text, _ in found)) for found in texts)
    canvas = Canvas.plain(step * len(texts) + 2 * margin, round(width) + 2 * margin, paper)
    for number, found in enumerate(texts):
        canvas.write(found, (margin, margin + number * step), font, size, ink)
    return canvas


def with_code(canvas: Canvas, text: str, kind: str) -> Canvas:
    """A copy of a note with a barcode (``code128``) or QR code (``qr``) under its lines; the code is one identifying line."""
    import zxingcpp

    symbol = zxingcpp.BarcodeFormat.QRCode if kind == "qr" else zxingcpp.BarcodeFormat.Code128
    drawn = np.asarray(zxingcpp.create_barcode(text, symbol).to_image(scale=3), np.float32)
    wider = Canvas.plain(
        canvas.rows + drawn.shape[0] + 6, max(canvas.columns, drawn.shape[1] + 8), tuple(int(v) for v in canvas.pixels[0, 0])
    )
    wider.place(canvas.pixels, 0, 0)
    wider.adopt(canvas.lines, (0, 0))
    wider.place(drawn, 4, canvas.rows)
    wider.plant(text, "other", drawn < 128, (4, canvas.rows))
    return wider


def tilted(
    rng: np.random.Generator, size: tuple[int, int], centre: tuple[float, float], width: float, degrees: float, depth: float
) -> Corners:
    """Corners of a picture of `size` (rows, columns), seen `width` px wide and turned; `depth` (0-0.3) is the perspective."""
    height = width * size[0] / size[1]
    corners = np.array([(-width / 2, -height / 2), (width / 2, -height / 2), (width / 2, height / 2), (-width / 2, height / 2)])
    corners *= 1 + depth * np.array([1, -1, -1, 1])[:, None] * rng.choice([-1, 1]) * np.array([0.35, 1.0])
    corners += rng.uniform(-0.012, 0.012, (4, 2)) * width
    turn = np.deg2rad(degrees)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return [(float(x), float(y)) for x, y in corners @ matrix + centre]


def exposed(rng: np.random.Generator, canvas: Canvas, lens: Lens) -> Canvas:
    """Add glare, vignette, blur and noise in place; return the canvas."""
    y, x = np.mgrid[: canvas.rows, : canvas.columns].astype(np.float32)
    pixels = canvas.pixels
    for _ in range(int(rng.integers(1, 4))):
        centre, radius = rng.uniform(0.1, 0.9, 2) * (canvas.columns, canvas.rows), rng.uniform(0.04, 0.16) * canvas.columns
        spot = np.exp(-(((x - centre[0]) / radius) ** 2) - (((y - centre[1]) / (radius * rng.uniform(0.4, 1.0))) ** 2))
        pixels += float(lens.glare * rng.uniform(0.5, 1.0)) * spot[:, :, None] * np.array([1.0, 0.98, 0.92], np.float32)
    edge = np.hypot((x / canvas.columns - 0.5) * 2, (y / canvas.rows - 0.5) * 2)
    pixels *= (1 - lens.vignette * np.clip(edge - 0.4, 0, 1) ** 2)[:, :, None]
    pixels *= rng.uniform(0.96, 1.04, 3).astype(np.float32)
    if lens.blur:
        pixels = cv2.GaussianBlur(pixels, (0, 0), lens.blur)
    grain = cv2.GaussianBlur(rng.standard_normal(pixels.shape).astype(np.float32), (0, 0), 0.7) * 1.6
    canvas.pixels = np.clip(pixels + lens.noise * grain, 0, 255).astype(np.float32)
    return canvas


def _interference(rng: np.random.Generator, screen: Canvas, strength: float) -> np.ndarray:
    """The picture of a screen with moiré and backlight glow."""
    y, x = np.mgrid[: screen.rows, : screen.columns].astype(np.float32)
    bands = np.zeros((screen.rows, screen.columns), np.float32)
    for _ in range(2):
        wave, bend = rng.uniform(3.2, 9.0), rng.uniform(-2e-4, 2e-4, 2)
        bands += np.sin(2 * np.pi * ((x + y * rng.uniform(-0.5, 0.5)) / wave + bend[0] * x * x / 8 + bend[1] * y * y / 8))
    glow = 10 + 0.94 * screen.pixels
    return glow + strength * bands[:, :, None] * (0.35 + screen.pixels.mean(axis=2, keepdims=True) / 255) * rng.uniform(0.5, 1.0, 3)
