"""The face detector: what it must see on the one portrait that every scientific Python has, and what it must not lose."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from skimage import data

from deid.errors import EnvironmentBroken
from deid.find import centerface, faces
from deid.find.faces import FaceDetector
from deid.types import PhiCategory

# Eyes, nose and chin of the portrait, in its own pixels: x0, y0, x1, y1.
FACE = (180, 70, 265, 185)


@pytest.fixture(scope="module")
def detector():
    return FaceDetector()


@pytest.fixture(scope="module")
def portrait():
    return data.astronaut()


def covered(found, box):
    x0, y0, x1, y1 = box
    return any(f.region.box[0] <= x0 and f.region.box[1] <= y0 and f.region.box[2] >= x1 and f.region.box[3] >= y1 for f in found)


def test_the_face_is_inside_the_box_with_room_to_spare(detector, portrait):
    found = detector.detect(portrait)
    assert len(found) == 1
    assert covered(found, FACE)
    assert found[0].evidence == "face:centerface"
    assert found[0].region.frames == (0, 1)
    assert 0.5 < found[0].score <= 1
    assert detector.category is PhiCategory.FACE


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_face_is_found(detector, portrait, turns):
    turned = np.rot90(portrait, turns).copy()
    x0, y0, x1, y1 = FACE
    mask = np.zeros(portrait.shape[:2], bool)
    mask[y0:y1, x0:x1] = True
    rows, columns = np.nonzero(np.rot90(mask, turns))
    assert covered(detector.detect(turned), (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))


@pytest.mark.parametrize("side", [96, 900, 1300])
def test_a_face_of_any_size_is_found(detector, portrait, side):
    scale = side / 512
    resized = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA)
    assert covered(detector.detect(resized), tuple(round(edge * scale) for edge in FACE))


def test_a_small_face_in_a_large_dark_room_is_found_where_it_is(detector, portrait):
    room = np.full((1200, 1800, 3), 40, np.uint8)
    room[900:1020, 1600:1720] = cv2.resize(portrait, (120, 120), interpolation=cv2.INTER_AREA)
    found = detector.detect(room)
    scale = 120 / 512
    x0, y0, x1, y1 = (round(edge * scale) for edge in FACE)
    assert covered(found, (1600 + x0, 900 + y0, 1600 + x1, 900 + y1))
    assert all(f.region.box[2] - f.region.box[0] < 150 for f in found)


def test_a_face_at_the_edge_stays_inside_the_picture(detector, portrait):
    found = detector.detect(portrait[60:, 150:].copy())
    assert found
    for face in found:
        x0, y0, x1, y1 = face.region.box
        assert 0 <= x0 < x1 <= 362 and 0 <= y0 < y1 <= 452


@pytest.mark.parametrize("shape", [(1, 1, 3), (7, 300, 3), (600, 5, 3)])
def test_pictures_too_small_for_a_face_are_no_error(detector, shape):
    assert detector.detect(np.full(shape, 128, np.uint8)) == ()


def test_the_same_picture_gives_the_same_boxes(detector, portrait):
    assert detector.detect(portrait) == FaceDetector().detect(portrait)


def test_things_are_no_faces(detector):
    assert detector.detect(data.page()[..., None].repeat(3, axis=2)) == ()
    assert detector.detect(data.coffee()) == ()


def test_altered_weights_are_refused(monkeypatch):
    monkeypatch.setattr(centerface, "WEIGHTS_SHA256", "0" * 64)
    assert "altered" in FaceDetector().missing()
    with pytest.raises(EnvironmentBroken, match="altered"):
        FaceDetector().detect(np.zeros((64, 64, 3), np.uint8))


def test_missing_weights_are_said(monkeypatch, tmp_path):
    monkeypatch.setattr(centerface.deid, "__file__", str(tmp_path / "deid" / "__init__.py"))
    assert "missing" in FaceDetector().missing()


def test_tiles_cover_the_whole_length():
    for length in (1, 1024, 1025, 2400, 5000):
        starts = faces._starts(length)
        assert starts[0] == 0
        assert starts[-1] + 1024 >= length
        assert all(later - earlier <= 1024 - 100 for earlier, later in itertools.pairwise(starts))
