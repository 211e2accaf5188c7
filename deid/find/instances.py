"""Looks at a whole instance: every frame, every look of it, and once more at what was written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from deid.find.cine import every, glances, runs, stands
from deid.find.looking import Earlier, Look, Looked, look, stray
from deid.find.passes import (
    AGAIN_AT_PHOTOS,
    AGAIN_AT_SCREENS,
    AT_LARGE_PHOTOS,
    AT_PHOTOS,
    AT_SCREENS,
    ENLARGED,
    LARGE_PHOTO,
)
from deid.find.photo import is_photo
from deid.find.standing import Standing, untouched
from deid.looks import VAST, different
from deid.policy import Policy
from deid.protocols import TextEngine
from deid.types import Frames, Instance, Reading, Region, TextLine

if TYPE_CHECKING:
    from deid.types import Display

# Below this certainty a line of a projection may be several lines of its frames; so many of them, and such a share, are.
_MUDDLED = 0.6
_MUDDLED_LINES, _MUDDLED_SHARE = 3, 1 / 3
# Fewer frames than this have no mean worth looking at.
_SHORTEST_RUN = 3


def find_text(instance: Instance, engine: TextEngine, policy: Policy) -> Reading:
    """Find and read every text line of an instance, on all frames and in all their looks.

    Parameters
    ----------
    instance
        The decoded file; only its frames and what kind of picture it is are used.
    engine
        Finds and reads.
    policy
        Says how hard to look.
    """
    photo = instance.camera or (not instance.cine and instance.frames.count > 0 and is_photo(instance.frames.display(0)))
    if policy.effort == "fast":
        how = Look(AT_SCREENS)
    elif photo:
        how = Look(AT_LARGE_PHOTOS if _is_large(instance.frames) else AT_PHOTOS, apart=True, cropped=True)
    else:
        how = Look(AT_SCREENS, small_print=True, doubting=True)
    return _reading(instance, engine, how, photo)


def look_again(
    instance: Instance,
    engine: TextEngine,
    policy: Policy,
    masks: Sequence[Region],
    *,
    photo: bool,
    read: Sequence[TextLine] = (),
) -> Reading:
    """Look once more at what was written, in other passes than `find_text`.

    Parameters
    ----------
    instance
        The written file, read from disk, its frames prepared by `canary.WithCanary`.
    engine
        Finds and reads.
    policy
        Says how hard to look.
    masks
        What was blacked out; text is sought outside.
    photo
        Whether the first look took it for a photo.
    read
        What the first look read with the same engine: on screens and exams, a line that was surely read there, that no mask
        touches, and that is seen again as it was, is not read again.
    """
    how = Look(AGAIN_AT_PHOTOS if photo else AGAIN_AT_SCREENS, doubting=True, between=True)
    return _reading(instance, engine, how, photo, () if photo else untouched(read, masks))


def _is_large(frames: Frames) -> bool:
    return any(rows * columns > LARGE_PHOTO for rows, columns in map(frames.shape, range(frames.count)))


def _reading(instance: Instance, engine: TextEngine, how: Look, photo: bool, kept: Sequence[TextLine] = ()) -> Reading:
    filmed = instance.cine and instance.frames.count >= _SHORTEST_RUN
    pages = range(instance.frames.count)
    looked = list(
        _look_at_runs(instance.frames, how, engine) if filmed else _look_at_pages(instance.frames, pages, how, engine, kept)
    )
    lines = tuple(line for one in looked for line in one.lines)
    return Reading(lines, _names(how), photo, sum(one.ghosts for one in looked))


def _look_at_pages(
    frames: Frames, pages: Iterable[int], how: Look, engine: TextEngine, kept: Sequence[TextLine] = ()
) -> Iterator[Looked]:
    """Look at every page in all its looks; what one look shows well is not read again in the next, nor are lines that stand."""
    for index in pages:
        standing = Standing([line for line in kept if line.frames[0] <= index < line.frames[1]])
        known: tuple[TextLine, ...] = ()
        shown: tuple[Display, ...] = ()
        looks: Iterable[Display] = different(frames.looks(index))
        # Of a vast page a worker holds one look at a time; its masks keep all their growth.
        if math.prod(frames.shape(index)) <= VAST:
            looks = shown = tuple(looks)
        for picture in looks:
            looked = look(picture, how, engine, (index, index + 1), earlier=Earlier(known, standing=standing), shown=shown)
            known += looked.lines
            del picture  # the next look is made before this one would go
            yield looked


def _look_at_runs(frames: Frames, how: Look, engine: TextEngine) -> Iterator[Looked]:
    """Look at each run's projections, then at single frames of it for whatever changed; where text moves, at all of them."""
    single = replace(how, passes=how.passes[:1], small_print=False)
    for run in runs(frames):
        together = [look(run.pack, how, engine, run.frames, read_on=(run.mean, run.brightest, run.darkest))]
        lines = together[0].lines
        # Three frames at most are all looked at singly.
        if run.frames[1] - run.frames[0] > _SHORTEST_RUN:
            together.append(look(run.mean, single, engine, run.frames, earlier=Earlier(lines)))
            lines += together[1].lines
        if _is_muddled(lines):
            yield from _look_at_pages(frames, range(*run.frames), how, engine)
            continue
        yield from together
        known = Earlier(lines, run.level)
        moves = False
        for three in glances(frames, run, between=how.between):
            glanced = look(three.packed, single, engine, run.frames, earlier=known, read_on=three.shown)
            yield glanced
            strayed = stray(glanced.lines, lines, frames.shape(run.frames[0]))
            moves = moves or not all(stands(Region(line.quad, line.frames).box, three, frames, run) for line in strayed)
        if moves:
            for three in every(frames, run):
                yield look(three.packed, single, engine, run.frames, earlier=known, read_on=three.shown)


def _is_muddled(lines: Sequence[TextLine]) -> bool:
    """Tell a run whose projections show texts upon each other: its frames are pages, such as the slides of an animation."""
    unread = sum(line.confidence < _MUDDLED or not len(line.text) for line in lines)
    return unread >= _MUDDLED_LINES and unread >= _MUDDLED_SHARE * len(lines)


def _names(how: Look) -> tuple[str, ...]:
    return (*(by.name for by in how.passes), *((ENLARGED.name,) if how.small_print else ()))
