"""Writes the hardest pictures of a run, before and after side by side, for a person to look at; drafts that were held included.

Hardest first, a suite after the other in turn, so that each has its share; sheets of a few for the page of limits beside them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
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
# On a sheet: pictures, columns and rows of each of the four views of one, and a quality that keeps twenty of them near a megabyte.
A_SHEET, VIEW, QUALITY = 4, (440, 250), 72
# How much harder a picture counts that was held: as a line that is half left.
HELD = 0.5


@dataclass(frozen=True)
class Shown:
    """A picture that something came out of, its lines, and how much of what identifies still shows."""

    truth: Truth
    output: Path
    status: str
    lines: tuple[LineScore, ...]

    @property
    def hardness(self) -> float:
        """Ink left, in lines; a damaged line counts a tenth of one left, holding the picture a half."""
        left = sum(line.most for line in self.lines if line.touched)
        return left + 0.1 * sum(line.damaged for line in self.lines) + (HELD if self.status != "clean" else 0)


def write_hardest(work: Path, truths: Sequence[Truth], results: dict[str, Result], folder: Path, count: int = 20) -> None:
    """Write the hardest first, each whole and its worst place from close by; red frames what is left, yellow what is lost."""
    folder.mkdir(parents=True, exist_ok=True)
    found = [_shown(work, truth, results[truth.file]) for truth in truths if truth.file in results]
    rows = []
    for number, one in enumerate(hardest([one for one in found if one is not None])[:count], 1):
        before, after = _frames(work, one)
        stem = f"{number:02d}-{one.status}-" + "-".join(Path(one.truth.file).parts[:2])
        frame = min(_worst(one).line.frames[0] if one.lines else 0, len(before) - 1)
        pair = [before[frame], marked(after[frame].copy(), one.lines)]
        _write(folder / f"{stem}.png", np.hstack([_narrow(picture) for picture in pair]))
        views = pair
        if one.lines:
            close = [_close(picture, _worst(one)) for picture in (before[frame], after[frame])]
            _write(folder / f"{stem}-close.png", np.vstack(close))
            views = [*pair, *close]
        rows.append(_row(number, views))
        print(f"{number:2d} {one.truth.file} {one.status} {one.hardness:.2f}: {_said(one)}")
    for first in range(0, len(rows), A_SHEET):
        _write(folder / f"sheet-{first // A_SHEET + 1}.jpg", np.vstack(rows[first : first + A_SHEET]))


def hardest(found: Sequence[Shown]) -> list[Shown]:
    """Sort by hardness within each suite, and take from the suites in turn; what nothing came out of is left out."""
    suites = defaultdict(list)
    for one in sorted(found, key=lambda one: -one.hardness):
        if one.hardness > 0:
            suites[one.truth.suite].append(one)
    return [one for one in chain.from_iterable(zip_longest(*suites.values())) if one is not None]


def _said(one: Shown) -> str:
    """What is left and lost; the corpus is made up, so its text may be told."""
    left = [f"{line.line.category} {line.line.text!r} {line.most:.0%}" for line in one.lines if line.touched]
    return "; ".join([*left, f"{sum(line.damaged for line in one.lines)} damaged"])


def _row(number: int, views: Sequence[np.ndarray]) -> np.ndarray:
    """Put the views of one picture side by side, numbered."""
    row = np.hstack(list(_fitted(views)))
    cv2.putText(row, str(number), (6, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 4, cv2.LINE_AA)
    cv2.putText(row, str(number), (6, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 1, cv2.LINE_AA)
    return row


def _fitted(views: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Fit each view into its place, grey around it; there are four places."""
    columns, rows = VIEW
    for number in range(4):
        place = np.full((rows + 4, columns + 4, 3), 128, np.uint8)
        if number < len(views):
            scale = min(columns / views[number].shape[1], rows / views[number].shape[0])
            small = cv2.resize(views[number], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            place[2 : 2 + small.shape[0], 2 : 2 + small.shape[1]] = small
        yield place


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
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY] if path.suffix == ".jpg" else [cv2.IMWRITE_PNG_COMPRESSION, 9]
    cv2.imwrite(str(path), np.ascontiguousarray(picture[:, :, ::-1]), options)
