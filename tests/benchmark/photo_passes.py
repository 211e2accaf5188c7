"""Measures what each pass finds in photos of monitors, and what it costs: ``python -m tests.benchmark.photo_passes``."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from deid.find import load_engine
from deid.find.blocks import see_blocks
from deid.find.covering import covering_quad, rooms
from deid.find.geometry import outwards, within
from deid.find.leaning import settled
from deid.find.lines import joined
from deid.find.passes import AGAIN_AT_PHOTOS, COARSE, DARKEST, ENLARGED, PLAIN, SHARPENED, Pass, Sight, see
from deid.protocols import TextEngine
from tests.benchmark.corpus import make_corpus
from tests.benchmark.finding import covered, masked
from tests.benchmark.reader import read_frames
from tests.benchmark.score import FAINT
from tests.benchmark.truth import Truth

SETS: dict[str, tuple[Pass, ...]] = {
    "plain": (PLAIN, *COARSE),
    "plain, enlarged": (PLAIN, *COARSE, ENLARGED),
    "plain, darkest-sharpened": (PLAIN, *COARSE, DARKEST),
    "sharpened": (SHARPENED, *COARSE),
    "sharpened, darkest-sharpened": (SHARPENED, DARKEST, *COARSE),
    "sharpened, plain, darkest-sharpened": (SHARPENED, PLAIN, DARKEST, *COARSE),
    "second look": AGAIN_AT_PHOTOS,
}
APART = "sharpened, plain, darkest-sharpened"
"""The set that blocks are taken apart in as well."""
FOUND = 0.9


@dataclass(frozen=True)
class Seen:
    """What a pass saw in a photo, and its CPU seconds."""

    sights: tuple[Sight, ...]
    seconds: float


def measure(truth: Truth, picture: np.ndarray, engine: TextEngine, counts: dict[str, Counter]) -> None:
    """Add one photo to the counts of every set: identifying lines covered, all of them, CPU seconds, megapixels."""
    seen: dict[str, Seen] = {}
    for by in dict.fromkeys(by for passes in SETS.values() for by in passes):
        start = time.process_time()
        seen[by.name] = Seen(see(picture, by, engine).sights, time.process_time() - start)
    for name, passes in SETS.items():
        spent = sum(seen[by.name].seconds for by in passes)
        lines = _joined([sight for by in passes for sight in seen[by.name].sights], picture)
        _count(truth, picture, lines, spent, counts[name])
        if name == APART:
            start = time.process_time()
            lines = joined([*see_blocks(picture, lines, engine), *lines], picture)
            _count(truth, picture, lines, spent + time.process_time() - start, counts[f"{name}, blocks apart"])


def _joined(sights: list[Sight], picture: np.ndarray) -> list[Sight]:
    quads = settled([sight.points for sight in sights])
    return joined([Sight(points, sight.score, sight.by) for points, sight in zip(quads, sights, strict=True)], picture)


def _count(truth: Truth, picture: np.ndarray, lines: list[Sight], spent: float, count: Counter) -> None:
    shape, points = picture.shape[:2], [line.points for line in lines]
    quads = [outwards(within(covering_quad(*pair), shape)) for pair in zip(points, rooms(points, picture), strict=True)]
    mask = masked(quads, shape)
    shown = [line for line in truth.lines if line.identifying and line.contrast >= FAINT]
    found = sum(covered(line, mask) >= FOUND for line in shown)
    count.update(
        found=found, lines=len(shown), seconds=spent, megapixels=shape[0] * shape[1] / 1e6, covered=float(mask.mean()), photos=1
    )


def main() -> None:
    """Print the table of docs/explain/finding.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("tune", "measure"), default="tune")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--limit", type=int, default=6)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    engine, counts = load_engine("rapidocr"), {name: Counter() for name in (*SETS, f"{APART}, blocks apart")}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for truth in make_corpus(work, options.seed, options.part, ("photos",), options.limit):
            measure(truth, read_frames(work / "input" / truth.file)[0], engine, counts)
    print("| passes (first look: with the coarse ones) | CPU s/MP | identifying lines found | area covered |")
    print("|---|---|---|---|")
    for name, count in counts.items():
        speed, share = count["seconds"] / count["megapixels"], 100 * count["covered"] / count["photos"]
        print(f"| {name} | {speed:.2f} | {count['found']} of {count['lines']} | {share:.1f} % |")


if __name__ == "__main__":
    main()
