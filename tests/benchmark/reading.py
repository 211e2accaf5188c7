"""Measures reading: how many lines are read exactly, and what that costs. ``python -m tests.benchmark.reading``."""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from collections.abc import Sequence

import numpy as np

from deid.find import find_text, load_engine
from deid.policy import Policy
from deid.protocols import TextEngine
from deid.types import Instance, TextLine
from tests.benchmark.finding import Held, covered, masked
from tests.benchmark.finding_pictures import Picture, corpus
from tests.benchmark.truth import Line

# Suites whose letters the engine reads.
_SUITES = ("tables", "light", "dark", "photos", "tiny", "faint", "turned", "single")
# A reading belongs to a line where its box covers so much of the line's ink.
_OWN = 0.5


class Timed:
    """An engine that counts the CPU seconds of its reader."""

    def __init__(self, engine: TextEngine) -> None:
        self.name, self.version, self.missing, self.detect = engine.name, engine.version, engine.missing, engine.detect
        self._engine, self.seconds = engine, 0.0

    def read_text(self, image: np.ndarray, quads: Sequence) -> tuple[TextLine, ...]:
        start = time.process_time()
        lines = self._engine.read_text(image, quads)
        self.seconds += time.process_time() - start
        return lines


def exact(lines: Sequence[Line], found: Sequence[TextLine], shape: tuple[int, int]) -> int:
    """Count the lines over which a reading holds their text, spaces aside."""
    known = set()
    for one in found:
        text, mask = _bare(one.text.reveal()), masked([one.quad], shape)
        known.update(index for index, line in enumerate(lines) if _bare(line.text) in text and covered(line, mask) > _OWN)
    return len(known)


def measure(picture: Picture, engine: TextEngine) -> Counter:
    """Find and read a picture's lines; count those that are exact."""
    shape = picture.pixels.shape[:2]
    found = find_text(Instance("png", Held((picture.pixels,)), camera=picture.suite == "photos"), engine, Policy()).lines
    return Counter(lines=len(picture.lines), exact=exact(picture.lines, found, shape), pixels=shape[0] * shape[1])


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default="tune")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--count", type=int, default=3)
    parser.add_argument("--engine", default="rapidocr")
    chosen = parser.parse_args()
    engine, total = Timed(load_engine(chosen.engine)), Counter()
    for suite in _SUITES:
        engine.seconds, count = 0.0, Counter()
        for picture in corpus(chosen.part, chosen.seed, chosen.count, [suite]):
            count += measure(picture, engine)
        total += count
        seconds = engine.seconds / count["pixels"] * 1e6
        print(f"{suite}: {count['exact']} of {count['lines']} lines exact, {seconds:.2f} CPU s/MP", flush=True)
    print(f"all: {total['exact']} of {total['lines']} lines exact")


if __name__ == "__main__":
    main()
