"""Counts text-free pictures that either look takes texture in for text: ``python -m tests.benchmark.text_free``."""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from deid.find import find_text, load_engine, look_again
from deid.policy import Policy
from deid.protocols import TextEngine
from deid.redaction import Redacted
from deid.types import Instance, Region
from tests.benchmark.corpus import make_corpus
from tests.benchmark.finding import Held
from tests.benchmark.reader import read_frames

POLICY = Policy()


def looks(path: Path, engine: TextEngine) -> tuple[bool, bool]:
    """Whether the first look sees text in a picture without any, and the second one in what the first left."""
    frames = Held((read_frames(path)[0],))
    first = find_text(Instance("png", frames), engine, POLICY)
    masks = [Region(line.quad, line.frames) for line in first.lines]
    written = Instance("png", Redacted(frames, masks))
    return bool(first.lines), bool(look_again(written, engine, POLICY, masks, photo=first.photo).lines)


def main() -> None:
    """Print the counts of docs/explain/finding.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("tune", "measure"), default="tune")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=6, help="how many seeds from there on")
    options = parser.parse_args()
    engine, count = load_engine("rapidocr"), Counter()
    for seed in range(options.seed, options.seed + options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            for truth in make_corpus(Path(folder), seed, options.part, ("clean",)):
                first, second = looks(Path(folder) / "input" / truth.file, engine)
                count.update(pictures=1, first=first, second=second)
    print(f"{count['pictures']} pictures without text; first look sees text in {count['first']}, second look in {count['second']}")


if __name__ == "__main__":
    main()
