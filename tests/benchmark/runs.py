"""Runs: frames of a filling vessel tree, with captions that stand still, change, appear briefly, fade or move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tests.benchmark.anatomy import Scene
from tests.benchmark.canvas import Canvas
from tests.benchmark.truth import Line

Draw = Callable[[Canvas, int], None]


@dataclass(frozen=True)
class Caption:
    """Text on the half-open range of frames; `draw` writes it on the canvas of a frame. `still` text has the same ink on each."""

    frames: tuple[int, int]
    draw: Draw
    still: bool = True


def filmed(
    scene: Scene, rng: np.random.Generator, count: int, captions: Sequence[Caption], *, subtract: bool = False
) -> tuple[np.ndarray, list[Line]]:
    """Draw the frames, (frames, rows, columns, 3) uint8 RGB, and return the lines of the captions."""
    frames, lines = [], []
    for index in range(count):
        canvas = Canvas(scene.frame(rng, min(1.0, 0.05 + 1.3 * index / count), subtract and index > 1))
        for caption in captions:
            first, past = caption.frames
            if first <= index < past:
                known = len(canvas.lines)
                caption.draw(canvas, index)
                if index == first or not caption.still:
                    span = (first, past) if caption.still else (index, index + 1)
                    lines += [replace(line, frames=span) for line in canvas.lines[known:]]
        frames.append(canvas.finished())
    return np.stack(frames), lines
