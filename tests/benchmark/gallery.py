"""Before and after, side by side, for a person to look at: red what is exposed, yellow what is damaged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from tests.benchmark.reader import read_frames
from tests.benchmark.report import Scored
from tests.benchmark.score import FileScore, LineScore, aligned

RED, YELLOW = (255, 40, 40), (250, 200, 0)


def write_gallery(work: Path, scored: Scored, folder: Path) -> None:
    """Write one PNG a file that has an output, named by suite and number; exposed and damaged lines are framed on the output."""
    folder.mkdir(exist_ok=True)
    outputs = {score.file: score for score in scored.files if score.output}
    for name, score in outputs.items():
        before = read_frames(work / "input" / name)
        after = aligned(read_frames(score.output, like=work / "input" / name), before)
        frame = _frame_of(score, len(after))
        picture = np.hstack([before[frame], marked(after[frame].copy(), score.lines)])
        cv2.imwrite(str(folder / (name.replace("/", "-").rsplit(".", 1)[0] + ".png")), picture[:, :, ::-1])


def _frame_of(score: FileScore, count: int) -> int:
    worst = max((line for line in score.lines if line.exposed), key=lambda line: line.most, default=None)
    return min(worst.line.frames[0] if worst else 0, count - 1)


def marked(picture: np.ndarray, lines: Sequence[LineScore]) -> np.ndarray:
    """Frame on a picture, in place, the lines that are exposed and those that are damaged."""
    for line in lines:
        if line.exposed or line.damaged:
            corners = np.array(line.line.polygon, np.int32)
            cv2.polylines(picture, [corners], True, RED if line.exposed else YELLOW, 1, cv2.LINE_AA)
    return picture
