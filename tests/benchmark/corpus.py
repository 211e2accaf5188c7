"""Makes a corpus from a seed: suites of pictures, each in a case folder of its own, and their truth beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.benchmark import dicom_suites, suites
from tests.benchmark.truth import Line, Truth, save_truth

PARTS = ("tune", "measure")
SUITES: dict[str, tuple[suites.Maker, int]] = {
    "screens": (suites.screens_suite, 20),
    "worklists": (suites.worklists_suite, 10),
    "photos": (suites.photos_suite, 14),
    "dicom": (dicom_suites.dicom_suite, 20),
    "cine": (dicom_suites.cine_suite, 7),
    "clean": (suites.clean_suite, 8),
    "scripts": (suites.scripts_suite, 6),
}
"""Suites, and how many pictures each has."""


def make_corpus(
    folder: Path, seed: int, part: str, names: tuple[str, ...] = tuple(SUITES), limit: int | None = None
) -> list[Truth]:
    """Write ``input/<suite>/<number>/<file>``, truth.json and truth.npz into a folder; return the truth.

    Picture n of a suite is the same whatever else is made. `limit` is the most pictures a suite may have.
    """
    truths = []
    for suite in names:
        maker, count = SUITES[suite]
        for number in range(min(count, limit or count)):
            rng = np.random.default_rng((seed, PARTS.index(part), tuple(SUITES).index(suite), number))
            place = folder / "input" / suite / f"{number:02d}"
            place.mkdir(parents=True, exist_ok=True)
            truth = maker(rng, part, number, place)
            truths.append(replace(truth, file=f"{suite}/{number:02d}/{truth.file}", suite=suite, lines=_numbered(truth.lines)))
    save_truth(folder, truths)
    return truths


def _numbered(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Number the groups of a picture from 0."""
    order = {group: number for number, group in enumerate(dict.fromkeys(line.group for line in lines))}
    return tuple(replace(line, group=order[line.group]) for line in lines)
