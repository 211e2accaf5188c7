"""Looks at one picture: passes, joining, reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deid.find.covering import covering, covering_quad, reading_quad, rooms
from deid.find.geometry import outwards, sides, within
from deid.find.leaning import settled
from deid.find.lines import joined
from deid.find.passes import Pass, Sight, see, see_small_print
from deid.protocols import TextEngine
from deid.types import FrameRange, TextLine

if TYPE_CHECKING:
    from deid.find.geometry import Corners
    from deid.types import Display

# A box that takes more than this share of the picture's shorter side is text only where it can be read.
_GIANT = 0.2
_SURELY_READ = 0.6


@dataclass(frozen=True, slots=True)
class Look:
    """How to look: the passes, in order of trust; whether small print is looked at enlarged, and boxes known to be there."""

    passes: Sequence[Pass]
    small_print: bool = False
    known: Sequence[Corners] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """The lines of one picture, and how many ghosts were dropped."""

    lines: tuple[TextLine, ...]
    ghosts: int


def look(picture: Display, how: Look, engine: TextEngine, frames: FrameRange) -> Looked:
    """Find and read the text lines of one picture, (rows, columns, 3) uint8 RGB, that stands for a range of frames."""
    shape = picture.shape[0], picture.shape[1]
    seen = [see(picture, by, engine) for by in how.passes]
    if how.small_print:
        boxes = [*how.known, *(sight.points for one in seen for sight in one.sights)]
        seen.append(see_small_print(picture, boxes, engine))
    sights = joined(_settled([sight for one in seen for sight in one.sights]), picture)
    room = rooms([sight.points for sight in sights], picture)
    quads = [outwards(within(reading_quad(sight.points, own), shape)) for sight, own in zip(sights, room, strict=True)]
    lines, ghosts = [], sum(one.ghosts for one in seen)
    for line, quad, sight, own in zip(engine.read_text(picture, quads), quads, sights, room, strict=True):
        if line.confidence < _SURELY_READ and sides(sight.points)[1] > _GIANT * min(shape):
            ghosts += 1
            continue
        named = replace(line, engine=f"{engine.name}:{sight.by}", frames=frames)
        lines.append(covering(named, quad, covering_quad(sight.points, own), shape))
    return Looked(tuple(lines), ghosts)


def _settled(sights: Sequence[Sight]) -> list[Sight]:
    quads = settled([sight.points for sight in sights])
    return [replace(sight, points=points) for sight, points in zip(sights, quads, strict=True)]
