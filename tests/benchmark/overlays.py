"""Pictures with text in their corners, as consoles write it: angiograms, frames of runs, CT, ultrasound."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.benchmark.canvas import Canvas, Colour
from tests.benchmark.people import Fields, parts

Layout = dict[str, Any]


@cache
def layouts(part: str) -> list[Layout]:
    """Corner layouts of a part (layouts.toml)."""
    return tomllib.loads(Path(__file__).with_name("layouts.toml").read_text(encoding="utf-8"))[part]


def write_corners(
    canvas: Canvas,
    layout: Layout,
    fields: Fields,
    font: Path,
    size: int,
    *,
    colour: Colour | None = None,
    frames: tuple[int, int] = (0, 1),
) -> None:
    """Write a layout into the four corners of a canvas."""
    colour = colour or tuple(layout["colour"])
    margin, step = max(6, canvas.columns // 90), round(size * 1.3)
    for corner in ("tl", "tr", "bl", "br"):
        lines: Sequence[str] = layout.get(corner, ())
        for number, template in enumerate(lines):
            y = margin + step * number if corner[0] == "t" else canvas.rows - margin - step * (len(lines) - number)
            right = corner[1] == "r"
            at = (canvas.columns - margin if right else margin, y)
            canvas.write(
                parts(template, fields), at, font, size, colour, align="right" if right else "left", shadow=True, frames=frames
            )


def write_on_vessels(canvas: Canvas, lines: Sequence[str], fields: Fields, font: Path, size: int, density: np.ndarray) -> None:
    """Write small yellow lines where the most vessels are (`density` of the scene), as annotation tools do."""
    width, step = size * 10, round(size * 1.35)
    busy = cv2.blur(density, (width, step * len(lines)))
    busy[: canvas.rows // 4], busy[-canvas.rows // 4 :], busy[:, : width // 2], busy[:, -width // 2 :] = 0, 0, 0, 0
    y, x = np.unravel_index(int(busy.argmax()), busy.shape)
    for number, template in enumerate(lines):
        at = (int(x) - width // 2, int(y) + (number * 2 - len(lines)) * step // 2)
        canvas.write(parts(template, fields), at, font, size, (255, 232, 40))
