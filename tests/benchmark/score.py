"""Scores output files against the truth: never by reading text, always by the planted ink that can still be seen.

A glyph pixel is *visible* where the output shows at least half of the contrast against its surroundings that the source shows,
and is not part of an even fill. So black, blur to nothing and inpainting all count as covered, recolouring the whole picture
does not, and black text under a black box is covered as well. A line is *exposed* where more than a tenth of its ink is visible
on some frame, *touched* where any is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tests.benchmark.reader import header_text, is_jpeg, read_frames
from tests.benchmark.truth import STAYS, Line, Truth

EXPOSED = 0.10
# Fainter ink than this (grey levels against its surroundings) shows nothing, neither before nor after.
FAINT = 15.0
# A change that a re-coded JPEG makes by itself, in grey levels.
RECODED = 40
# An even fill, in grey levels over 3 x 3 pixels, after JPEG.
FLAT = 14
# Shorter strings turn up in compressed data by chance.
SHORTEST_IN_BYTES = 5


@dataclass(frozen=True)
class Result:
    """What a system made of one input: its output where there is one; `status` is clean, held, failed or lost.

    `draft` is what it held back, if it did; `masks` are what it says that it covered: half-open range of frames, polygon.
    """

    status: str
    output: Path | None = None
    masks: tuple[tuple[tuple[int, int], tuple[tuple[int, int], ...]], ...] | None = None
    draft: Path | None = None


@dataclass(frozen=True)
class LineScore:
    """Share of a line's ink that is visible: the most, and the least, over its frames."""

    line: Line
    most: float
    least: float

    @property
    def exposed(self) -> bool:
        return self.line.identifying and self.most > EXPOSED

    @property
    def touched(self) -> bool:
        return self.line.identifying and self.most > 0

    @property
    def damaged(self) -> bool:
        return self.line.category == STAYS and self.least < 1 - EXPOSED


@dataclass(frozen=True)
class FileScore:
    """The score of one file.

    `lines` are those whose ink shows in the source; `away` is the share of pixels changed far from any text; `outside` the largest
    change outside the masks that the system claims (None where it claims none); `strings` those found in the output's bytes,
    metadata or name; `cause` is true where what was held back does expose a line.
    """

    file: str
    suite: str
    status: str
    lines: tuple[LineScore, ...] = ()
    away: float = 0.0
    outside: float | None = None
    strings: tuple[str, ...] = ()
    output: Path | None = None
    cause: bool = False

    @property
    def released(self) -> bool:
        return self.status == "clean"

    @property
    def leaks(self) -> bool:
        return bool(self.strings) or any(score.exposed for score in self.lines)


def score_file(truth: Truth, source: Path, result: Result) -> FileScore:
    """Score one output; what was not released exposes nothing and damages nothing."""
    if result.status != "clean" or result.output is None:
        status = result.status if result.status != "clean" else "lost"
        held_lines = tuple(LineScore(line, 0.0, 1.0) for line in truth.lines)
        return FileScore(truth.file, truth.suite, status, held_lines, cause=_has_cause(truth, source, result.draft))
    before, after = read_frames(source), read_frames(result.output, like=source)
    strings = left_strings(truth.strings, result.output)
    if len(after) < len(before):
        return FileScore(truth.file, truth.suite, "lost", (), strings=strings)
    after = aligned(after, before)
    return FileScore(
        truth.file,
        truth.suite,
        "clean",
        score_lines(truth.lines, before, after),
        changed_away(truth.lines, before, after),
        None if result.masks is None else changed_outside(result, before, after),
        strings,
        result.output,
    )


def _has_cause(truth: Truth, source: Path, draft: Path | None) -> bool:
    if draft is None:
        return False
    before = read_frames(source)
    after = aligned(read_frames(draft, like=source), before)
    return any(score.exposed for score in score_lines(truth.lines, before, after))


def score_lines(lines: Sequence[Line], before: np.ndarray, after: np.ndarray) -> tuple[LineScore, ...]:
    """Score the lines of one picture, (frames, rows, columns, 3) uint8 RGB; lines too faint for anybody are left out."""
    written = _written(lines, before.shape)
    scores = []
    for line in (line for line in lines if line.contrast >= FAINT):
        found = (_visible(line, written, before[frame], after[frame]) for frame in range(*line.frames))
        if shares := [share for share in found if share is not None]:
            scores.append(LineScore(line, max(shares), min(shares)))
    return tuple(scores)


def changed_away(lines: Sequence[Line], before: np.ndarray, after: np.ndarray) -> float:
    """Share of the pixels far from any text (a cap height, at least 8 px) that changed."""
    near = np.zeros(before.shape[1:3], np.uint8)
    for line in lines:
        reach = max(8, round(line.cap_height))
        x0, y0, x1, y1 = line.box
        near[max(0, y0 - reach) : y1 + reach, max(0, x0 - reach) : x1 + reach] = 1
    far = near == 0
    changed = np.mean(
        [(cv2.absdiff(a, b).max(axis=2) > RECODED)[far].mean() if far.any() else 0.0 for a, b in zip(before, after, strict=False)]
    )
    return float(changed)


def changed_outside(result: Result, before: np.ndarray, after: np.ndarray) -> float:
    """Largest change, in grey levels, outside the masks that the system claims; JPEG's blocks carry a mask's edge on for 16 px."""
    worst, reach = 0, 16 if is_jpeg(result.output) else 1
    for index, (a, b) in enumerate(zip(before, after, strict=False)):
        covered = np.zeros(a.shape[:2], np.uint8)
        for (first, past), polygon in result.masks or ():
            if first <= index < past:
                cv2.fillPoly(covered, [np.array(polygon, np.int32)], 1)
        covered = cv2.dilate(covered, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
        worst = max(worst, int(cv2.absdiff(a, b)[covered == 0].max(initial=0)))
    return float(worst)


def left_strings(strings: Sequence[str], output: Path) -> tuple[str, ...]:
    """Which identifying strings are left in the bytes (any case; UTF-8, Latin-1, UTF-16), metadata or path of an output."""
    data, text = output.read_bytes().lower(), (header_text(output) + "\n" + str(Path(*output.parts[-3:]))).lower()
    codings = ("utf-8", "latin-1", "utf-16-le", "utf-16-be")
    return tuple(
        string
        for string in strings
        if string.lower() in text
        or (len(string) >= SHORTEST_IN_BYTES and any(string.lower().encode(coding, "ignore") in data for coding in codings))
    )


def _written(lines: Sequence[Line], shape: tuple[int, ...]) -> np.ndarray:
    """All ink of a picture and its soft edge, whatever the frame: not a background to measure against."""
    ink = np.zeros(shape[1:3], np.uint8)
    for line in lines:
        x0, y0, x1, y1 = line.box
        ink[y0:y1, x0:x1] |= line.ink.astype(np.uint8)
    return cv2.dilate(ink, np.ones((3, 3), np.uint8))


def _visible(line: Line, written: np.ndarray, before: np.ndarray, after: np.ndarray) -> float | None:
    """Share of a line's ink that is visible on a frame; None where the source itself does not show it."""
    reach = max(4, round(line.cap_height / 2))
    x0, y0, x1, y1 = line.box
    left, top = max(0, x0 - reach), max(0, y0 - reach)
    place = (slice(top, y1 + reach), slice(left, x1 + reach))
    inner = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    nearest = _nearest_ground(written[place])
    source, output = (
        _relief(frame[place].astype(np.float32), written[place], nearest)[inner][line.ink] for frame in (before, after)
    )
    channel = int(np.abs(source).mean(axis=0).argmax())
    own = np.abs(source[:, channel])
    seen = own >= max(FAINT, 0.4 * float(np.median(own)))
    if not seen.any():
        return None
    kept = np.sign(source[:, channel]) * output[:, channel] >= 0.5 * own
    filled = (_range(after[place])[inner] <= FLAT) & (_range(before[place])[inner] > 3 * FLAT)
    return float((kept & ~filled[line.ink])[seen].mean())


def _nearest_ground(written: np.ndarray) -> np.ndarray:
    """Index (flat) of the background pixel nearest to each pixel."""
    if written.all():
        return np.arange(written.size).reshape(written.shape)
    _, labels = cv2.distanceTransformWithLabels(written, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    places = np.zeros(labels.max() + 1, np.int64)
    ground = np.flatnonzero(written == 0)
    places[labels.ravel()[ground]] = ground
    return places[labels]


def _relief(crop: np.ndarray, written: np.ndarray, nearest: np.ndarray) -> np.ndarray:
    """Difference of each pixel from the background (mean of 3 x 3) nearest to it."""
    ground = (written == 0).astype(np.float32)
    weight = cv2.boxFilter(ground, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)[:, :, None]
    total = cv2.boxFilter(crop * ground[:, :, None], -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return crop - (total / np.maximum(weight, 1)).reshape(-1, 3)[nearest]


def _range(crop: np.ndarray) -> np.ndarray:
    """Largest less smallest value of the 3 x 3 pixels around each, over all channels."""
    box = np.ones((3, 3), np.uint8)
    return (cv2.dilate(crop, box).astype(int) - cv2.erode(crop, box)).max(axis=2)


def aligned(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Turn and scale an output as its source stands: a tool that forgot which way a photo was held still shows what it shows."""
    turned = [np.rot90(after, turns, (1, 2)) for turns in range(4)]
    fitting = [frames for frames in turned if frames.shape[1:3] == before.shape[1:3]]
    if fitting:
        return min(fitting, key=lambda frames: np.abs(frames[0, ::8, ::8].astype(int) - before[0, ::8, ::8]).mean())
    return np.stack([cv2.resize(frame, (before.shape[2], before.shape[1]), interpolation=cv2.INTER_AREA) for frame in after])
