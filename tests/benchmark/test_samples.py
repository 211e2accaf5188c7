"""The committed sample case is what its generator makes, and its truth is true."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from tests.benchmark import samples
from tests.benchmark.truth import Truth


@pytest.fixture(scope="module")
def case(tmp_path_factory) -> tuple[Path, list[Truth]]:
    folder = tmp_path_factory.mktemp("case")
    return folder, samples.make(folder)


def _pixels(path: Path) -> np.ndarray:
    return pydicom.dcmread(path).pixel_array if path.suffix == ".dcm" else np.asarray(Image.open(path))


def test_the_committed_case_is_what_the_generator_makes(case):
    folder, truths = case
    assert {path.name for path in folder.iterdir()} <= {path.name for path in samples.FOLDER.iterdir()}
    assert (folder / "index.csv").read_text() == (samples.FOLDER / "index.csv").read_text()
    for truth in truths:
        if truth.image:
            np.testing.assert_array_equal(_pixels(folder / truth.file), _pixels(samples.FOLDER / truth.file), err_msg=truth.file)


def test_the_case_stays_small():
    assert sum(path.stat().st_size for path in samples.FOLDER.iterdir()) < 4_000_000


def test_every_line_is_planted_inside_its_picture(case):
    _, truths = case
    assert sum(line.identifying for truth in truths for line in truth.lines) > 200
    for truth in truths:
        for line in truth.lines:
            x0, y0, x1, y1 = line.box
            assert line.ink.shape == (y1 - y0, x1 - x0)
            assert line.ink.any(), line
            assert line.contrast > 15, line


def test_the_index_lists_every_file_and_both_kinds_of_line():
    rows = list(csv.DictReader((samples.FOLDER / "index.csv").read_text().splitlines()))
    listed = {row["file"] for row in rows}
    present = {path.name for path in samples.FOLDER.iterdir()}
    assert listed == present - {"index.csv", "notes.txt", "teaching-clean.png"}
    assert {"none", "name", "mrn", "date", "institution", "age"} <= {row["category"] for row in rows}


def test_text_of_the_run_shows_on_some_frames_only():
    rows = [row for row in csv.DictReader((samples.FOLDER / "index.csv").read_text().splitlines()) if row["file"] == "run07.dcm"]
    frames = _pixels(samples.FOLDER / "run07.dcm").astype(int)
    row = next(row for row in rows if row["text"] == "DOE, JANE")
    (left, top), _, (right, bottom), _ = (tuple(map(int, point.split(","))) for point in row["polygon"].split())
    assert row["frames"] == "0-12"
    bright = (frames[:, top:bottom, left:right] > 225).mean(axis=(1, 2))
    assert bright[:12].min() > 0.05 > 0.005 > bright[12:].max()
