"""Writes the hardest pictures of a run, before and after side by side, for a person to look at; drafts that were held included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tests.benchmark.gallery import marked
from tests.benchmark.reader import read_frames
from tests.benchmark.score import LineScore, Result, aligned, score_lines
from tests.benchmark.truth import Truth

# Columns of a whole picture, and around the worst line the columns that a close look shows and how much it enlarges them.
WIDEST = 1100
CLOSE, ENLARGED = (220, 90), 2


@dataclass(frozen=True)
class Shown:
    """A picture that something came out of, its lines, and how much of what identifies still shows."""

    truth: Truth
    output: Path
    status: str
    lines: tuple[LineScore, ...]

    @property
    def hardness(self) -> float:
        """Ink left, in lines; a damaged line counts a tenth of one left."""
        return sum(line.most for line in self.lines if line.touched) + 0.1 * sum(line.damaged for line in self.lines)


def write_hardest(work: Path, truths: Sequence[Truth], results: dict[str, Result], folder: Path, count: int = 20) -> None:
    """Write the hardest first, each whole and its worst place from close by; red frames what is left, yellow what is lost."""
    folder.mkdir(exist_ok=True)
    found = [_shown(work, truth, results[truth.file]) for truth in truths if truth.file in results]
    hard = sorted((one for one in found if one is not None and one.hardness > 0), key=lambda one: -one.hardness)
    for number, one in enumerate(hard[:count], 1):
        before, after = _frames(work, one)
        stem = f"{number:02d}-{one.status}-" + "-".join(Path(one.truth.file).parts[:2])
        frame = min(_worst(one).line.frames[0], len(before) - 1)
        pair = [before[frame], marked(after[frame].copy(), one.lines)]
        _write(folder / f"{stem}.png", np.hstack([_narrow(picture) for picture in pair]))
        _write(folder / f"{stem}-close.png", np.vstack([_close(picture, _worst(one)) for picture in (before[frame], after[frame])]))


def _shown(work: Path, truth: Truth, result: Result) -> Shown | None:
    output = result.output or result.draft
    if output is None:
        return None
    before = read_frames(work / "input" / truth.file)
    after = aligned(read_frames(output, like=work / "input" / truth.file), before)
    return Shown(truth, output, result.status, score_lines(truth.lines, before, after)) if len(after) == len(before) else None


def _frames(work: Path, one: Shown) -> tuple[np.ndarray, np.ndarray]:
    source = work / "input" / one.truth.file
    before = read_frames(source)
    return before, aligned(read_frames(one.output, like=source), before)


def _worst(one: Shown) -> LineScore:
    return max(one.lines, key=lambda line: (line.touched, line.most if line.touched else -line.least))


def _narrow(picture: np.ndarray) -> np.ndarray:
    scale = min(1.0, WIDEST / picture.shape[1])
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _close(picture: np.ndarray, worst: LineScore) -> np.ndarray:
    (columns, rows), (x0, y0, x1, y1) = CLOSE, worst.line.box
    left = int(np.clip((x0 + x1 - columns) // 2, 0, max(0, picture.shape[1] - columns)))
    top = int(np.clip((y0 + y1 - rows) // 2, 0, max(0, picture.shape[0] - rows)))
    crop = picture[top : top + rows, left : left + columns]
    return cv2.resize(crop, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)


def _write(path: Path, picture: np.ndarray) -> None:
    cv2.imwrite(str(path), np.ascontiguousarray(picture[:, :, ::-1]), [cv2.IMWRITE_PNG_COMPRESSION, 9])
