"""The hardest pictures of a run are written, worst first and from each suite in turn, whether they were released or held."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.benchmark.hardest import Shown, hardest, write_hardest
from tests.benchmark.score import LineScore, Result
from tests.benchmark.truth import Line, Truth


def picture(words: int) -> np.ndarray:
    """A grey picture with the first two of two identifying lines visible, or fewer."""
    pixels = np.full((160, 400, 3), 90, np.uint8)
    for number in range(words):
        cv2.putText(pixels, "DOE JANE", (40, 50 + 60 * number), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (240, 240, 240), 1)
    return pixels


@pytest.fixture
def truths(tmp_path) -> list[Truth]:
    found = []
    for name in ("one", "two", "none"):
        file = f"photos/{name}/shot.png"
        (tmp_path / "input" / file).parent.mkdir(parents=True)
        Image.fromarray(picture(2)).save(tmp_path / "input" / file)
        lines = []
        for number in range(2):
            x0, y0, x1, y1 = 40, 30 + 60 * number, 140, 52 + 60 * number
            ink = picture(2)[y0:y1, x0:x1, 0] > 160
            polygon = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
            lines.append(Line("DOE JANE", "name", (0, 1), polygon, (x0, y0, x1, y1), ink, 12.0, 150.0, number))
        found.append(Truth(file, "photos", tuple(lines)))
    return found


def test_what_shows_most_comes_first_and_what_shows_nothing_is_left_out(tmp_path, truths):
    results = {}
    for truth, (words, status) in zip(truths, ((1, "clean"), (2, "held"), (0, "clean")), strict=True):
        output = tmp_path / f"{words}.png"
        Image.fromarray(picture(words)).save(output)
        results[truth.file] = Result(status, output) if status == "clean" else Result(status, draft=output)
    write_hardest(tmp_path, truths, results, tmp_path / "hardest")
    names = sorted(path.name for path in (tmp_path / "hardest").iterdir())
    assert names == [
        "01-held-photos-two-close.png",
        "01-held-photos-two.png",
        "02-clean-photos-one-close.png",
        "02-clean-photos-one.png",
        "sheet-1.jpg",
    ]
    whole = np.asarray(Image.open(tmp_path / "hardest" / "01-held-photos-two.png"))
    assert whole.shape == (160, 800, 3)
    red = (whole[:, :, 0] > 150) & (whole[:, :, 1] < 90)
    assert red[:, 400:].any() and not red[:, :400].any()


def test_each_suite_has_its_share_and_a_held_picture_is_hard(truths):
    def shown(name: str, suite: str, left: float, status: str = "clean") -> Shown:
        truth = replace(truths[0], file=name, suite=suite)
        return Shown(truth, Path(name), status, (LineScore(truth.lines[0], left, left),))

    found = [
        shown("much", "photos", 1.0),
        shown("most", "photos", 3.0),
        shown("little", "cine", 0.2),
        shown("nothing", "cine", 0.0),
        shown("held", "cine", 0.0, "held"),
    ]
    assert [one.truth.file for one in hardest(found)] == ["most", "held", "much", "little"]
