"""Looks at one picture: passes, joining, reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from deid.find.geometry import outwards, within
from deid.find.lines import covering, joined
from deid.find.passes import Pass, see
from deid.protocols import TextEngine
from deid.types import FrameRange, TextLine

if TYPE_CHECKING:
    from deid.types import Display


def look(picture: Display, passes: Sequence[Pass], engine: TextEngine, frames: FrameRange) -> tuple[TextLine, ...]:
    """Find and read the text lines of one picture, (rows, columns, 3) uint8 RGB, that stands for a range of frames."""
    shape = picture.shape[0], picture.shape[1]
    lines = joined([sight for by in passes for sight in see(picture, by, engine)], shape)
    read = engine.read_text(picture, [outwards(within(line.points, shape)) for line in lines])
    return tuple(
        covering(replace(line, engine=f"{engine.name}:{sight.by}", frames=frames), shape)
        for line, sight in zip(read, lines, strict=True)
    )
