"""What the peers cover on the pictures of `finding`: whatever they changed, in a run of their own over the same files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from tests.benchmark.finding_pictures import Picture
from tests.benchmark.systems import run_system


def covered_by(system: str, pictures: Sequence[Picture], work: Path) -> tuple[Mapping[str, np.ndarray], float]:
    """Run a system of `systems` over the pictures; return the mask of each, (rows, columns) bool, and CPU seconds a megapixel.

    `work` is an empty folder; its parent is made where it is missing.
    """
    source = work / "source"
    source.mkdir(parents=True)
    for picture in pictures:
        cv2.imwrite(str(source / f"{picture.name}.png"), cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2BGR))
    run = run_system(system, source, work / system)
    masks = {}
    for picture in pictures:
        result = run.results.get(f"{picture.name}.png")
        masks[picture.name] = np.zeros(picture.pixels.shape[:2], bool)
        if result is not None and result.output is not None:
            written = cv2.cvtColor(cv2.imread(str(result.output), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
            masks[picture.name] = (written != picture.pixels).any(axis=2)
    megapixels = sum(picture.pixels.shape[0] * picture.pixels.shape[1] for picture in pictures) / 1e6
    return masks, run.cpu_seconds / megapixels
