"""Make the hostile folder, run the systems over it, print the table."""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from pathlib import Path

from tests.benchmark.hostile.folder import hostile_entries, lay_out
from tests.benchmark.hostile.score import scored
from tests.benchmark.hostile.systems import SYSTEMS, available

_COLUMNS = ("good files", "written", "held", "perfect", "leaked in bytes or pixels", "leaked in names", "leftover tags")
_COLUMNS += ("look changed visibly (below 36 dB, turned)", "look changed finely (JPEG below 45 dB, lossless not identical)")
_COLUMNS += ("depth lost", "frames lost", "must-fail passed", "tokens in the log")


def main():
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--systems", nargs="+", default=["deid", "exiftool", "mat2", "pillow"], choices=SYSTEMS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder to keep everything in, for looking at it")
    options = parser.parse_args()
    entries = hostile_entries(options.seed)
    with tempfile.TemporaryDirectory() as scratch:
        place = options.keep or Path(scratch)
        lay_out(entries, place / "case")
        scores = {name: _run(name, entries, place) for name in options.systems if available(name)}
    print(f"{len(entries)} files, seed {options.seed}\n\n| | {' | '.join(scores)} |\n|---|{'---|' * len(scores)}")
    for column, figures in zip(_COLUMNS, zip(*(score.row() for score in scores.values()), strict=True), strict=True):
        print(f"| {column} | {' | '.join(map(str, figures))} |")
    for name, score in scores.items():
        print(f"\n{name}: {score.explained()}")


def _run(name, entries, place):
    out = place / f"clean-{name}"
    out.mkdir(parents=True)
    before = _hashes(place / "case")
    run = SYSTEMS[name](place / "case", out)
    score = scored(entries, run, out)
    assert _hashes(place / "case") == before, f"{name} changed a source"
    return score


def _hashes(folder):
    return {path: hashlib.sha256(path.read_bytes()).digest() for path in folder.rglob("*") if path.is_file()}


if __name__ == "__main__":
    main()
