"""When marks are sought, in which frames, and for which frames a mark counts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from deid.errors import EnvironmentBroken
from deid.find import marks
from deid.find.marks import find_marks, load_detectors
from deid.policy import Policy
from deid.protocols import Detection
from deid.types import Instance, PhiCategory, Reading, Region

SCREEN = Reading((), ())
PHOTO = Reading((), (), photo=True)


class Pages:
    """Frames of 8 x 8 pixels whose value is their number; each has two looks."""

    lossy = False

    def __init__(self, count):
        self.count = count

    def shape(self, index):
        return 8, 8

    def display(self, index):
        return np.full((8, 8, 3), index, np.uint8)

    def looks(self, index):
        return self.display(index), 255 - self.display(index)


@dataclass
class Seer:
    """A detector that finds the same box in every picture, and remembers what it was shown."""

    category: PhiCategory
    name: str = "seer"
    shown: list = field(default_factory=list)

    def missing(self):
        return None

    def detect(self, image):
        value = int(image[0, 0, 0])
        self.shown.append(value)
        readable = value < 128
        return (Detection(Region.from_box((1, 2, 3, 4), (0, 1)), 1.0 if readable else 0.5, "x:y", "text" if readable else ""),)


def both():
    return Seer(PhiCategory.OTHER), Seer(PhiCategory.FACE)


def test_faces_are_sought_in_photos_only_by_default():
    codes, faces = both()
    find_marks(Instance("png", Pages(1)), SCREEN, (codes, faces), Policy())
    assert (codes.shown, faces.shown) == ([0, 255], [])
    find_marks(Instance("png", Pages(1)), PHOTO, (codes, faces), Policy())
    find_marks(Instance("jpeg", Pages(1), camera=True), SCREEN, (codes, faces), Policy())
    assert faces.shown == [0, 0]


@pytest.mark.parametrize(("wanted", "looks"), [("always", 1), ("never", 0)])
def test_the_policy_may_want_faces_always_or_never(wanted, looks):
    _, faces = both()
    find_marks(Instance("png", Pages(1)), SCREEN, (faces,), Policy(faces=wanted))
    find_marks(Instance("png", Pages(1)), PHOTO, (faces,), Policy(faces=wanted))
    assert len(faces.shown) == 2 * looks


def test_a_policy_without_barcodes_seeks_none():
    codes, _ = both()
    assert find_marks(Instance("png", Pages(1)), PHOTO, (codes,), Policy(barcodes=False)) == ()


def test_every_page_is_looked_at_and_a_mark_stays_on_its_page():
    codes, _ = both()
    found = find_marks(Instance("tiff", Pages(3)), SCREEN, (codes,), Policy())
    assert [mark.region.frames for _, mark in found] == [(0, 1), (1, 2), (2, 3)]
    assert {category for category, _ in found} == {PhiCategory.OTHER}


def test_what_two_looks_show_is_one_mark_and_the_readable_one_stays():
    codes, _ = both()
    found = find_marks(Instance("png", Pages(1)), SCREEN, (codes,), Policy())
    assert [(mark.score, mark.text) for _, mark in found] == [(1.0, "text")]


def test_a_cine_is_sampled_from_first_to_last_and_marked_throughout():
    _, faces = both()
    found = find_marks(Instance("gif", Pages(100), camera=True, cine=True), SCREEN, (faces,), Policy())
    assert (faces.shown[0], faces.shown[-1]) == (0, 99)
    assert len(faces.shown) <= 12
    assert [mark.region.frames for _, mark in found] == [(0, 100)]


def test_an_exam_that_moves_is_looked_at_three_times_for_codes():
    codes, _ = both()
    found = find_marks(Instance("dicom", Pages(100), cine=True), SCREEN, (codes,), Policy())
    assert codes.shown == [0, 50, 99]
    assert [mark.region.frames for _, mark in found] == [(0, 100)]


def test_a_short_cine_is_looked_at_whole():
    _, faces = both()
    find_marks(Instance("gif", Pages(5), camera=True, cine=True), SCREEN, (faces,), Policy())
    assert faces.shown == [0, 1, 2, 3, 4]


def test_detectors_are_loaded_as_the_policy_wants():
    assert [detector.category for detector in load_detectors(Policy())] == [PhiCategory.OTHER, PhiCategory.FACE]
    assert load_detectors(Policy(barcodes=False, faces="never")) == ()


def test_a_detector_that_is_missing_stops_the_run_before_it_starts(monkeypatch):
    from deid.find.faces import FaceDetector

    monkeypatch.setattr(FaceDetector, "missing", lambda self: "not there")
    with pytest.raises(EnvironmentBroken, match="not there"):
        load_detectors(Policy())
    assert marks.load_detectors(Policy(faces="never"))
