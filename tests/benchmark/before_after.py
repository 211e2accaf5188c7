"""Draws README's picture from the sample case and its clean folder: ``python -m tests.benchmark.before_after CLEAN``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from tests.benchmark.reader import read_frames
from tests.benchmark.samples import FOLDER

PICTURE = FOLDER.parent / "docs" / "images" / "before-after.png"
SHOWN = ("angio_DOE_JANE.png", "IMG_2041.jpg")
WIDTH, GAP = 620, 6


def main() -> None:
    """Put before and after of two pictures side by side."""
    clean = Path(sys.argv[1]).resolve()
    ledger = clean.with_name(f"{clean.name}-held") / "ledger.jsonl"
    rows = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
    outputs = {Path(row["input"]).name: clean / row["output"] for row in rows if row["output"]}
    pairs = [np.hstack([_cell(FOLDER / name), _cell(outputs[name])]) for name in SHOWN]
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.vstack(pairs)).save(PICTURE, optimize=True)


def _cell(path: Path) -> np.ndarray:
    image = Image.fromarray(read_frames(path)[0])
    image = image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)
    return np.pad(np.asarray(image), ((GAP, GAP), (GAP, GAP), (0, 0)), constant_values=255)


if __name__ == "__main__":
    main()
