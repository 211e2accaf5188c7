"""What was planted: the lines of a picture, their ink, and the strings of its header; kept beside a corpus, never in git."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

STAYS = "none"
"""Category of text that must stay."""
FREE = "label"
"""Category of text that may stay or go: 'Patient name:', menu words."""
LEGIBLE_CAP, LEGIBLE_CONTRAST = 10.0, 60.0


@dataclass(frozen=True)
class Line:
    """One planted piece of text of one category.

    `polygon` is in pixel edges of the upright picture, `frames` half-open from 0, `ink` the glyph pixels within `box`.
    Pieces with the same `group` stand on one line on the screen.
    """

    text: str
    category: str
    frames: tuple[int, int]
    polygon: tuple[tuple[int, int], ...]
    box: tuple[int, int, int, int]
    ink: np.ndarray = field(repr=False)
    cap_height: float
    contrast: float = 0.0
    group: int = 0

    @property
    def identifying(self) -> bool:
        return self.category not in (STAYS, FREE)

    @property
    def legible(self) -> bool:
        """Whether a person surely reads it: capitals of 10 px and 60 levels of contrast."""
        return self.cap_height >= LEGIBLE_CAP and self.contrast >= LEGIBLE_CONTRAST


@dataclass(frozen=True)
class Truth:
    """One file of a corpus: its lines, the identifying strings of its header, its suite."""

    file: str
    suite: str
    lines: tuple[Line, ...]
    strings: tuple[str, ...] = ()
    image: bool = True
    notes: str = ""


def save_truth(folder: Path, truths: list[Truth]) -> None:
    """Write truth.json and the ink of every line (truth.npz) into a folder."""
    rows, inks = [], {}
    for truth in truths:
        lines = []
        for line in truth.lines:
            key = f"ink{len(inks)}"
            inks[key] = np.packbits(line.ink)
            lines.append({**line.__dict__, "ink": key, "shape": line.ink.shape})
        rows.append({**truth.__dict__, "lines": lines})
    (folder / "truth.json").write_text(json.dumps(rows, indent=0), encoding="utf-8")
    np.savez_compressed(folder / "truth.npz", **inks)


def load_truth(folder: Path) -> list[Truth]:
    """Read what `save_truth` wrote."""
    rows = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    inks = np.load(folder / "truth.npz")
    return [
        Truth(**{**row, "lines": tuple(_line(fields, inks) for fields in row["lines"]), "strings": tuple(row["strings"])})
        for row in rows
    ]


def _line(fields: dict, inks: np.lib.npyio.NpzFile) -> Line:
    rows, columns = fields.pop("shape")
    ink = np.unpackbits(inks[fields["ink"]], count=rows * columns).reshape(rows, columns).astype(bool)
    polygon = tuple((x, y) for x, y in fields["polygon"])
    return Line(**{**fields, "ink": ink, "polygon": polygon, "box": tuple(fields["box"]), "frames": tuple(fields["frames"])})


def write_index(path: Path, truths: list[Truth]) -> None:
    """Write index.csv: one row a line; category `none` for what must stay, labels left out; frames half-open from 0."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "frames", "text", "category", "polygon"])
        for truth in truths:
            for line in truth.lines:
                if line.category != FREE:
                    polygon = " ".join(f"{x},{y}" for x, y in line.polygon)
                    writer.writerow([truth.file, f"{line.frames[0]}-{line.frames[1]}", line.text, line.category, polygon])


def with_contrast(lines: list[Line], frames: np.ndarray) -> tuple[Line, ...]:
    """Measure the contrast of lines in the finished frames, (frames, rows, columns, 3) uint8."""
    return tuple(replace(line, contrast=_contrast(line, frames[line.frames[0]])) for line in lines)


def _contrast(line: Line, frame: np.ndarray) -> float:
    x0, y0, x1, y1 = line.box
    crop = frame[y0:y1, x0:x1].astype(float)
    if not line.ink.any() or line.ink.all():
        return 0.0
    return float(np.abs(np.median(crop[line.ink], axis=0) - np.median(crop[~line.ink], axis=0)).max())
