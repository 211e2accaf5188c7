"""Measures which photos are held for small print, and what was missed in them: ``python -m tests.benchmark.small_print``."""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from deid import formats
from deid.find import find_text, has_unread_print, load_engine
from deid.policy import Policy
from tests.benchmark.corpus import make_corpus
from tests.benchmark.finding import covered, masked
from tests.benchmark.score import FAINT

# Print below this cap height, in pixels, is small.
SMALL = 8.0
# An identifying line is missed where less of its ink than this is covered.
COVERED = 0.7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default="tune")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4])
    parser.add_argument("--limit", type=int, default=10)
    chosen = parser.parse_args()
    engine, policy, total = load_engine("rapidocr"), Policy(), Counter()
    for seed in chosen.seeds:
        with tempfile.TemporaryDirectory() as folder:
            for truth in make_corpus(Path(folder), seed, chosen.part, ("photos",), chosen.limit):
                data = (Path(folder) / "input" / truth.file).read_bytes()
                instance = formats.recognise(data, truth.file).read(data, policy)
                reading = find_text(instance, engine, policy)
                mask = masked([line.quad for line in reading.lines], instance.frames.shape(0))
                lines = [line for line in truth.lines if line.identifying and line.contrast >= FAINT and line.cap_height < SMALL]
                missed = sum(covered(line, mask) < COVERED for line in lines)
                held = "held" if has_unread_print(reading) else "not held"
                total.update({(held, "photos"): 1, (held, "small"): len(lines), (held, "missed"): missed})
                print(f"seed {seed} {truth.file}: {held}, {missed} of {len(lines)} small identifying lines missed", flush=True)
    for held in ("held", "not held"):
        photos, small, missed = (total[held, what] for what in ("photos", "small", "missed"))
        print(f"{held}: {photos} photos, {missed} of {small} small identifying lines missed")


if __name__ == "__main__":
    main()
