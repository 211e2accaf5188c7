"""Looks at one picture: passes, joining, reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid.find.blocks import see_blocks
from deid.find.covering import covering, covering_quad, reading_quad, rooms
from deid.find.cut import unread_where_cut
from deid.find.geometry import corners, outwards, sides, within
from deid.find.glimpses import is_glimpse
from deid.find.leaning import settled
from deid.find.lines import covered, joined, largest
from deid.find.passes import COARSE, COARSE_AGAIN, Pass, Sight, see, see_small_print, worth_looking
from deid.find.samples import brightest
from deid.find.standing import Standing
from deid.find.traces import is_trace
from deid.find.trimming import trimmed
from deid.protocols import TextEngine
from deid.types import FrameRange, Quad, TextLine

if TYPE_CHECKING:
    from deid.types import Display

# A box that takes more than this share of the picture's shorter side is text only where it can be read.
_GIANT = 0.2
_SURELY_READ = 0.6
# So is a box that only these passes saw: to them rows of thumbnails look like a line of large lettering. There one character may
# make up no more than this share of the reading, and on screens and exams, whose lettering is sharp, it must be surer: all that was
# read there had 0.82 and more.
_COARSE = tuple(by.name for by in (*COARSE, *COARSE_AGAIN))
_OFTENEST = 0.6
_SURELY_READ_COARSE = 0.8
# From this confidence on a reading stands; below it other pictures of the place are tried.
_WELL_READ = 0.9
# A difference of this many grey levels, in the mean over about a character, is another character rather than noise.
_CHANGE = 24.0
_CHANGE_AREA = (7, 9)


@dataclass(frozen=True, slots=True)
class Look:
    """How to look: the passes, in order of trust; whether small print is looked at enlarged.

    `doubting` makes what cannot be read count only where it is seen again, and curves not at all; `apart` takes blocks of
    small tilted print apart. `cropped` gives no credit to what is read where the edge of the picture cuts through a line.
    `between` looks at other single frames of a run.
    """

    passes: Sequence[Pass]
    small_print: bool = False
    doubting: bool = False
    apart: bool = False
    cropped: bool = False
    between: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """The lines of one picture, and how many ghosts were dropped."""

    lines: tuple[TextLine, ...]
    ghosts: int


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known already: lines, and the picture they were read on where a change since then would matter.

    `standing` are lines that another look read: a sight of such a line, no more and no less, is that line.
    """

    lines: Sequence[TextLine] = ()
    picture: Display | None = None
    standing: Standing = field(default_factory=Standing)


def look(
    picture: Display,
    how: Look,
    engine: TextEngine,
    frames: FrameRange,
    *,
    earlier: Earlier = Earlier(),
    read_on: Sequence[Display] = (),
    shown: Sequence[Display] = (),
) -> Looked:
    """Find and read the text lines of one picture, (rows, columns, 3) uint8 RGB, that stands for a range of frames.

    Parameters
    ----------
    picture
        Where lines are sought.
    how
        The passes.
    engine
        Finds and reads.
    frames
        The range that the lines will carry.
    earlier
        Lines that need not be read again.
    read_on
        Pictures of the same place on which lines are read, the surest reading wins; `picture` itself where there are none.
    shown
        All pictures of the same place that anybody may see, `picture` among them; where there are none, nothing is trimmed.
    """
    shape = picture.shape[0], picture.shape[1]
    worth = worth_looking(picture)
    seen = [see(picture, by, engine, worth) for by in how.passes]
    if how.small_print:
        boxes = [sight.points for one in seen for sight in one.sights]
        seen.append(see_small_print(picture, boxes, engine))
    sights = joined(_settled([sight for one in seen for sight in one.sights]), picture)
    if how.apart:
        sights = joined([*see_blocks(picture, sights, engine), *sights], picture)
    sights = _news(sights, earlier, picture)
    room = rooms([sight.points for sight in sights], picture)
    again = [earlier.standing.seen_again(sight.points) for sight in sights]
    pairs = [
        (sight, own)
        for sight, own, line in zip(sights, room, again, strict=True)
        if line is None and not earlier.standing.is_block(sight.points, picture)
    ]
    quads = [outwards(within(reading_quad(sight.points, own), shape)) for sight, own in pairs]
    lines, ghosts = [line for line in again if line is not None], sum(one.ghosts for one in seen)
    for line, quad, (sight, own) in zip(_read(read_on or (picture,), quads, engine), quads, pairs, strict=True):
        if _is_ghost(line, sight, shape, how.doubting) or (
            how.doubting and (is_trace(line, picture) or is_glimpse(line, picture, engine))
        ):
            ghosts += 1
            continue
        named = replace(line, engine=f"{engine.name}:{sight.by}", frames=frames)
        line_covered = covering(named, quad, covering_quad(sight.points, own), shape)
        lines.append(trimmed(unread_where_cut(line_covered, picture) if how.cropped else line_covered, shown))
    return Looked(tuple(lines), ghosts)


def _read(pictures: Sequence[Display], quads: Sequence[Quad], engine: TextEngine) -> list[TextLine]:
    lines = list(engine.read_text(pictures[0], quads))
    for picture in pictures[1:]:
        unsure = [index for index, line in enumerate(lines) if line.confidence < _WELL_READ]
        for index, line in zip(unsure, engine.read_text(picture, [quads[index] for index in unsure]), strict=True):
            if line.confidence > lines[index].confidence:
                lines[index] = line
    return lines


def _is_ghost(line: TextLine, sight: Sight, shape: tuple[int, int], doubting: bool) -> bool:
    """Tell whether a line is too large, or was seen too coarsely, for what was read there."""
    if sight.by not in _COARSE:
        return line.confidence < _SURELY_READ and sides(sight.points)[1] > _GIANT * min(shape)
    text = line.text.reveal()
    repeated = max(map(text.count, text), default=0) > _OFTENEST * len(text)
    return repeated or line.confidence < (_SURELY_READ_COARSE if doubting else _SURELY_READ)


def _news(sights: Sequence[Sight], earlier: Earlier, picture: Display) -> list[Sight]:
    """Leave out what lies under lines that were well read before and has not changed since."""
    if not earlier.lines:
        return list(sights)
    drawn = np.zeros(picture.shape[:2], np.uint8)
    for line in earlier.lines:
        if line.confidence >= _WELL_READ:
            cv2.fillPoly(drawn, [np.array(line.quad, np.int32)], 1)
    changed = np.zeros(drawn.shape, np.float32)
    if earlier.picture is not None:
        changed = cv2.blur(brightest(cv2.absdiff(picture, earlier.picture)).astype(np.float32), _CHANGE_AREA)
    return [sight for sight in sights if covered(sight.points, drawn) < 1 or largest(sight.points, changed) > _CHANGE]


def stray(seen: Sequence[TextLine], known: Sequence[TextLine], shape: tuple[int, int]) -> tuple[TextLine, ...]:
    """Tell text that single frames show where no projection of their run shows any: it moves, or is there for a moment."""
    drawn = np.zeros(shape, np.uint8)
    for line in known:
        cv2.fillPoly(drawn, [np.array(line.quad, np.int32)], 1)
    return tuple(line for line in seen if len(line.text) and covered(corners(line.quad), drawn) < 1)


def _settled(sights: Sequence[Sight]) -> list[Sight]:
    quads = settled([sight.points for sight in sights])
    return [replace(sight, points=points) for sight, points in zip(sights, quads, strict=True)]
