"""Screens of workstations and worklists, light and dark, with menus, tabs, tables, thumbnails and status bars."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.benchmark import anatomy, overlays
from tests.benchmark.canvas import Canvas, Colour
from tests.benchmark.fonts import face
from tests.benchmark.people import Fields, parts, pick
from tests.benchmark.truth import FREE, STAYS

Column = tuple[str, str, float]
"""Heading, template, share of the width."""


@cache
def words() -> dict[str, Any]:
    """Menus, tools, the patient panel and the worklists of each part (screens.toml)."""
    return tomllib.loads(Path(__file__).with_name("screens.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Look:
    """Colours and fonts of a user interface."""

    ground: Colour
    panel: Colour
    line: Colour
    text: Colour
    faint: Colour
    accent: Colour
    font: Path
    size: int


def look(rng: np.random.Generator, fonts: tuple[Path, ...], dark: bool | None = None) -> Look:
    """Choose a look."""
    dark = bool(rng.integers(2)) if dark is None else dark
    font, size = fonts[int(rng.integers(len(fonts)))], int(rng.integers(12, 17))
    if dark:
        return Look((24, 27, 32), (38, 43, 50), (70, 78, 88), (222, 226, 230), (160, 168, 176), (46, 108, 164), font, size)
    return Look((236, 238, 241), (250, 250, 251), (188, 193, 200), (28, 32, 38), (92, 98, 106), (38, 112, 186), font, size)


def workstation(rng: np.random.Generator, style: Look, layout: overlays.Layout, fields: Fields, rows: int, columns: int) -> Canvas:
    """A review station: title bar, menu, patient panel, one to four viewports, thumbnails, status bar."""
    canvas = Canvas.plain(rows, columns, style.ground)
    top = _bars(canvas, style, fields)
    left = int(columns * rng.uniform(0.17, 0.23))
    status = rows - round(style.size * 1.9)
    strip = round((status - top) * 0.17)
    _patient_panel(canvas, style, fields, (0, top, left, status))
    _viewports(rng, canvas, style, layout, fields, (left + 3, top + 3, columns - 3, status - strip - 3))
    _thumbnails(rng, canvas, style, fields, (left + 3, status - strip, columns - 3, status - 3))
    canvas.fill((0, status, columns, rows), style.panel)
    canvas.write(parts("[User:] {staff}", fields), (8, status + 4), style.font, style.size, style.faint)
    canvas.write(parts("{host}   {ip}", fields), (columns - 8, status + 4), style.font, style.size, style.faint, align="right")
    return canvas


def worklist(
    rng: np.random.Generator, style: Look, columns_of: list[Column], invent: Callable[[], Fields], rows: int, columns: int
) -> Canvas:
    """A table of patients with headings, a search row and one selected row."""
    canvas = Canvas.plain(rows, columns, style.ground)
    fields = invent()
    top = _bars(canvas, style, fields)
    step = round(style.size * rng.uniform(1.75, 2.1))
    canvas.write(parts("[Worklist]  {hospital}, {room}", fields), (14, top + 8), style.font, round(style.size * 1.25), style.text)
    canvas.write(parts("[Date:] {date}", fields), (columns - 14, top + 8), style.font, style.size, style.text, align="right")
    y = top + round(step * 1.7)
    canvas.fill((10, y, columns - 10, y + step), style.panel)
    selected, number = int(rng.integers(1, 6)), 0
    while y + step < rows - step:
        ground, ink = (
            (style.accent, (255, 255, 255)) if number == selected else (style.panel if number % 2 else style.ground, style.text)
        )
        canvas.fill((10, y, columns - 10, y + step), style.line if number == 0 else ground)
        _row(canvas, style, columns_of, None if number == 0 else invent(), y + (step - style.size) // 2 - 2, ink)
        y, number = y + step, number + 1
    canvas.write(parts(f"[{number - 1} patients]", fields), (14, rows - step + 4), style.font, style.size, style.faint)
    canvas.write(
        parts("[Logged in:] {nurse}", fields), (columns - 14, rows - step + 4), style.font, style.size, style.faint, align="right"
    )
    return canvas


def _row(canvas: Canvas, style: Look, columns_of: list[Column], fields: Fields | None, y: int, ink: Colour) -> None:
    x = 18.0
    for heading, template, share in columns_of:
        width = share * (canvas.columns - 36)
        found = [(heading, FREE)] if fields is None else parts(template, fields)
        canvas.write(_shortened(found, style, width - 8), (round(x), y), style.font, style.size, ink)
        x += width


def _shortened(found: list[tuple[str, str]], style: Look, width: float) -> list[tuple[str, str]]:
    """Cut what does not fit, as a narrow column does."""
    while len(found[-1][0]) > 1 and face(style.font, style.size).getlength("".join(text for text, _ in found)) > width:
        text, category = found[-1]
        # Half a technical word is nobody's loss.
        found = [*found[:-1], (text[:-1], FREE if category == STAYS else category)]
    return found


def _bars(canvas: Canvas, style: Look, fields: Fields) -> int:
    """Draw title bar and menu; return the y below them."""
    step = round(style.size * 1.9)
    canvas.fill((0, 0, canvas.columns, step), style.accent)
    canvas.write(parts("{vendor}  [-]  {LAST}, {FIRST} ({mrn})", fields), (10, 4), style.font, style.size, (250, 250, 250))
    canvas.fill((0, step, canvas.columns, 2 * step), style.panel)
    x = 10
    for word in words()["menus"]:
        x += canvas.write([(word, FREE)], (x, step + 5), style.font, style.size, style.text)[0] + 22
    return 2 * step


def _patient_panel(canvas: Canvas, style: Look, fields: Fields, box: tuple[int, int, int, int]) -> None:
    canvas.fill(box, style.panel)
    x, y = box[0] + 10, box[1] + 12
    for number, template in enumerate(words()["panel"]):
        if y + 2 * style.size > box[3]:
            break
        size = round(style.size * 1.15) if number == 0 else style.size
        canvas.write(
            _shortened(parts(template, fields), style, box[2] - box[0] - 24),
            (x, y),
            style.font,
            size,
            style.text if number == 0 else style.faint,
        )
        y += round(style.size * 1.75)
    for word in words()["tools"]:
        if y + 2 * style.size > box[3] or y > box[3] - 3 * style.size:
            break
        canvas.frame((x, y, x + round(style.size * 4.2), y + round(style.size * 1.8)), style.line)
        canvas.write([(word, FREE)], (x + 6, y + 3), style.font, style.size, style.text)
        y += round(style.size * 2.2)


def _viewports(rng, canvas, style, layout, fields, box) -> None:
    x0, y0, x1, y1 = box
    across, down = [(1, 1), (2, 1), (2, 2)][int(rng.integers(3))]
    width, height = (x1 - x0) // across, (y1 - y0) // down
    for number in range(across * down):
        x, y = x0 + width * (number % across), y0 + height * (number // across)
        canvas.place(_viewport(rng, style, layout, fields, height - 4, width - 4, canvas, (x + 2, y + 2)), x + 2, y + 2)
        canvas.frame((x + 1, y + 1, x + width - 1, y + height - 1), style.accent if number == 0 else style.line)


def _viewport(rng, style, layout, fields, rows, columns, canvas, at) -> np.ndarray:
    picture = Canvas(
        anatomy.scene(rng, rows, columns, brightness=float(rng.uniform(120, 175))).frame(rng, 1.0, bool(rng.integers(2)))
    )
    size = max(10, min(style.size, columns // 34))
    overlays.write_corners(picture, layout, fields, style.font, size)
    canvas.adopt(picture.lines, at)
    return picture.pixels


def _thumbnails(rng, canvas, style, fields, box) -> None:
    x0, y0, x1, y1 = box
    side = y1 - y0 - round(style.size * 1.6)
    canvas.fill(box, style.panel)
    shot = anatomy.scene(rng, 256, 256)
    for number, x in enumerate(range(x0 + 6, x1 - side - 6, side + 10)):
        small = cv2.resize(shot.frame(rng, min(1.0, 0.2 + number / 6)), (side, side), interpolation=cv2.INTER_AREA)
        canvas.place(small, x, y0 + 2)
        template = pick(rng, ["{protocol}", "{vessel} {side} {lao}", "{procedure}"])
        canvas.write(
            _shortened(parts(template, fields), style, side), (x, y0 + side + 4), style.font, max(10, style.size - 3), style.faint
        )
