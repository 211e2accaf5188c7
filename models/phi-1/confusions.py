"""Learns what engines make of letters: draws words, has both engines read them, counts the differences into confusions.csv.

Run from the repository: ``PYTHONPATH=. python models/phi-1/confusions.py`` (three minutes on one core). Fonts and words are of the
part `tune`, so that what is measured on `measure` owes nothing to them.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

from deid.phi import tables
from tests.benchmark.fonts import font_files
from tests.benchmark.identifiers import Maker
from tests.benchmark.line_pictures import LEVELS, read_lines

SEED, LINES = 20, 1200


def main() -> None:
    rng = np.random.default_rng(SEED)
    texts = _texts(rng)
    levels = [str(level) for level in rng.choice(LEVELS[1:], len(texts), p=(0.1, 0.3, 0.6))]
    counts: Counter[tuple[str, str]] = Counter()
    letters = 0
    for engine in ("rapidocr", "tesseract"):
        for text, reading in zip(texts, read_lines(texts, levels, font_files("tune", "screen"), rng, engine), strict=True):
            if Levenshtein.normalized_similarity(text, reading.text) < 0.6:
                continue
            letters += len(text)
            for code in Levenshtein.opcodes(text, reading.text):
                if code.tag != "equal":
                    counts[text[code.src_start : code.src_end], reading.text[code.dest_start : code.dest_end]] += 1
    with Path(__file__).with_name("confusions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("wrote", "read", "count"))
        writer.writerows(
            (wrote, read, count) for (wrote, read), count in sorted(counts.items(), key=lambda row: (-row[1], row[0])) if count > 1
        )
    print(f"{letters} characters, {sum(counts.values())} differences, {len(counts)} kinds")


def _texts(rng: np.random.Generator) -> list[str]:
    maker = Maker("tune", rng)
    words = sorted(tables.technical())
    texts = []
    for number in range(LINES):
        maker.next()
        kinds = ("caret", "comma", "upper", "natural", "mrn", "date")
        technical = " ".join(str(word) for word in rng.choice(words, 3))
        texts.append(
            maker.value(str(rng.choice(kinds)))[0] if number % 2 else technical.title() if number % 4 else technical.upper()
        )
    return texts


if __name__ == "__main__":
    main()
