"""Films of each kind for the measure of finding: 60 frames whose text stands still, changes, shows briefly, fades or moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tests.benchmark import anatomy, people, runs
from tests.benchmark.canvas import Canvas
from tests.benchmark.fonts import font_files
from tests.benchmark.people import Fields, parts
from tests.benchmark.truth import Line, with_contrast

KINDS = ("still", "changing", "brief", "fading", "moving", "cut", "shutter", "subtracted", "crossing")


@dataclass(frozen=True)
class Film:
    """Frames, (frames, rows, columns, 3) uint8 RGB, and the lines on them, each with the frames that it shows on."""

    frames: np.ndarray
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class _Hand:
    """Writes the text of one film."""

    fields: Fields
    font: Path
    size: int
    side: int

    def says(
        self,
        template: str,
        x: float,
        y: float,
        level: Callable[[int], float] = lambda _: 240,
        speed: tuple[float, float] = (0, 0),
    ) -> runs.Draw:
        """Write a template at a place in shares of the side; `level` is the grey of a frame, `speed` in pixels a frame, x and y."""

        def draw(canvas: Canvas, index: int) -> None:
            at = (round(x * self.side + speed[0] * index), round(y * self.side + speed[1] * index))
            filled, grey = parts(template.replace("@", f"{index + 1:02d}"), self.fields), float(level(index))
            canvas.write(filled, at, self.font, self.size, (grey, grey, grey), shadow=grey > 128)

        return draw


def film(part: str, kind: str, number: int, count: int = 60, side: int = 512) -> Film:
    """Make a film of a kind with the fonts and words of a part."""
    rng = np.random.default_rng((6, KINDS.index(kind), number, len(part)))
    if kind == "cut":
        first, second = (_shot(rng, part, ("still", "brief")[half], count // 2, side) for half in (0, 1))
        later = tuple(_later(line, count // 2) for line in second.lines)
        return Film(np.concatenate([first.frames, second.frames]), (*first.lines, *later))
    shot = _shot(rng, part, kind, count, side)
    if kind == "shutter":
        return Film(_shuttered(shot.frames), shot.lines)
    return shot


def _shot(rng: np.random.Generator, part: str, kind: str, count: int, side: int) -> Film:
    fonts = font_files(part, "screen")
    hand = _Hand(people.invent(rng, part), fonts[int(rng.integers(len(fonts)))], int(rng.integers(13, 17)), side)
    captions = [
        runs.Caption((0, count), hand.says("{LAST}, {FIRST}", 0.02, 0.01)),
        runs.Caption((0, count), hand.says("{side} {lao}  {tilt} {cran}", 0.02, 0.94)),
        *_special(kind, hand, rng, count),
    ]
    scene = anatomy.scene(rng, side, side, noise=float(rng.uniform(2, 6)))
    frames, lines = runs.filmed(scene, rng, count, captions, subtract=kind == "subtracted")
    return Film(frames, with_contrast(lines, frames))


def _special(kind: str, hand: _Hand, rng: np.random.Generator, count: int) -> Sequence[runs.Caption]:
    start = int(rng.integers(4, max(5, count // 2 - 8)))
    if kind == "changing":
        return [
            runs.Caption((0, count), hand.says("[Frame] @", 0.75, 0.94), still=False),
            runs.Caption((0, count), hand.says("{mrn}-@", 0.02, 0.06), still=False),
        ]
    if kind in ("brief", "subtracted"):
        dark = hand.says("{date} {time}", 0.6, 0.06, level=lambda _: 30)
        return [
            runs.Caption((start, start + 6), hand.says("{hospital}", 0.5, 0.01)),
            runs.Caption((start + 6, start + 12), dark),
            runs.Caption((start + 3, start + 8), hand.says("{staff}", 0.3, 0.4)),
        ]
    if kind == "fading":
        rising = hand.says("{hospital}", 0.4, 0.01, level=lambda index: 90 + 150 * min(1, index / count))
        return [
            runs.Caption((0, count), rising, still=False),
            runs.Caption(
                (start, start + 20), hand.says("{mrn}  {dob}", 0.02, 0.12, lambda index: 240 - 6 * (index - start)), False
            ),
        ]
    if kind == "moving":
        return [
            runs.Caption((start, start + 24), hand.says("{LAST} {mrn}", 0.1, 0.3, speed=(3, 0)), still=False),
            runs.Caption((0, count), hand.says("{staff}", 0.05, 0.7, speed=(1, 0)), still=False),
        ]
    if kind == "crossing":
        # In pixels of a frame of 512, so that nothing leaves a smaller one.
        down, slant = hand.side / 512 * rng.uniform((4, 2), (7, 4))
        return [
            runs.Caption((0, count), hand.says("{LAST} {mrn}", 0.1, 0.12, speed=(0, down)), still=False),
            runs.Caption((start, start + 40), hand.says("{dob}", 0.4, 0.85, speed=(slant, -slant)), still=False),
        ]
    return [runs.Caption((0, count), hand.says("[ID] {mrn}   {dob}", 0.02, 0.06))]


def _later(line: Line, frames: int) -> Line:
    return Line(**{**line.__dict__, "frames": (line.frames[0] + frames, line.frames[1] + frames)})


def _shuttered(frames: np.ndarray) -> np.ndarray:
    """Close a shutter between the picture and its text in the middle of the film."""
    rows, columns = frames.shape[1:3]
    inside = np.zeros((rows, columns), np.uint8)
    cv2.circle(inside, (columns // 2, rows // 2), round(0.36 * rows), 1, -1)
    closed = frames[len(frames) // 2 :]
    text = (closed > 225).all(axis=3, keepdims=True)
    closed[:] = np.where((inside[None, :, :, None] > 0) | text, closed, 4)
    return frames
