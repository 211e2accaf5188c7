"""The scorer tells a perfect redactor from none, from half a one, and from those that only seem to cover."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.benchmark import samples
from tests.benchmark.reader import read_frames
from tests.benchmark.score import Result, score_file, score_lines
from tests.benchmark.truth import Line, Truth, load_truth, save_truth


@pytest.fixture(scope="module")
def case(tmp_path_factory) -> dict[str, Truth]:
    return {truth.file: truth for truth in samples.make(tmp_path_factory.mktemp("case"))}


FILES = ["angio_DOE_JANE.png", "lateral-dsa.jpg", "workstation.png", "worklist.png", "IMG_2041.jpg", "run07.dcm", "ct-head.dcm"]


def _covered(truth: Truth, frames: np.ndarray, share: float = 1.0, colour: int = 0, stays: bool = False) -> np.ndarray:
    """Fill the identifying lines (or those that stay), `share` of their length."""
    frames = frames.copy()
    for line in truth.lines:
        if line.category == "none" if stays else line.identifying:
            corners = np.array(line.polygon, float)
            start, end, way = corners[0], corners[3], (corners[1] - corners[0]) * share
            grow = np.array([[-2, -2], [2, -2], [2, 2], [-2, 2]]) * (share == 1)
            for index in range(*line.frames):
                frame = np.ascontiguousarray(frames[index])
                cv2.fillPoly(frame, [np.int32(np.array([start, start + way, end + way, end]) + grow)], (colour,) * 3)
                frames[index] = frame
    return frames


def _scores(truth: Truth, change):
    before = read_frames(samples.FOLDER / truth.file)
    return score_lines(truth.lines, before, change(before))


@pytest.mark.parametrize("file", FILES)
def test_no_redactor_exposes_every_line_and_damages_none(case, file):
    scores = _scores(case[file], lambda frames: frames)
    assert all(score.most == 1 and score.exposed == score.line.identifying for score in scores)
    assert not any(score.damaged for score in scores)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("colour", [0, 128, 255])
def test_a_perfect_redactor_exposes_nothing_whatever_colour_it_fills_with(case, file, colour):
    scores = _scores(case[file], lambda frames: _covered(case[file], frames, colour=colour))
    assert [score for score in scores if score.exposed] == []


@pytest.mark.parametrize("file", FILES)
def test_half_a_redactor_exposes_half_the_ink_of_every_line(case, file):
    scores = [score for score in _scores(case[file], lambda frames: _covered(case[file], frames, 0.5)) if score.line.identifying]
    assert all(score.exposed for score in scores)
    assert 0.35 < np.mean([score.most for score in scores]) < 0.7


@pytest.mark.parametrize("file", FILES)
def test_covering_technical_lines_is_damage_and_no_exposure(case, file):
    scores = _scores(case[file], lambda frames: _covered(case[file], frames, stays=True))
    damaged = [score.damaged for score in scores if score.line.category == "none"]
    assert np.mean(damaged) > 0.97


def test_a_recoded_or_brighter_picture_still_shows_its_lines(case):
    truth = case["worklist.png"]
    for change in (lambda f: (f * 0.6 + 40).astype(np.uint8), lambda f: np.stack([cv2.GaussianBlur(a, (0, 0), 0.5) for a in f])):
        assert np.mean([score.exposed for score in _scores(truth, change) if score.line.identifying]) > 0.95


def test_text_blurred_away_is_covered(case):
    scores = _scores(case["worklist.png"], lambda frames: np.stack([cv2.GaussianBlur(frame, (0, 0), 12) for frame in frames]))
    assert not any(score.exposed for score in scores)


def test_one_frame_of_a_run_left_open_is_exposed(case):
    truth = case["run07.dcm"]

    def change(frames: np.ndarray) -> np.ndarray:
        covered = _covered(truth, frames)
        covered[20] = frames[20]
        return covered

    exposed = {score.line.text for score in _scores(truth, change) if score.exposed}
    assert exposed == {line.text for line in truth.lines if line.identifying and line.frames[0] <= 20 < line.frames[1]}


def test_a_name_in_metadata_or_file_name_is_a_leak(case, tmp_path):
    truth, source = case["angio_DOE_JANE.png"], samples.FOLDER / "angio_DOE_JANE.png"
    clean = Image.fromarray(_covered(truth, read_frames(source))[0])
    clean.save(tmp_path / "a1.png")
    assert not score_file(truth, source, Result("clean", tmp_path / "a1.png")).leaks
    clean.save(tmp_path / "DOE_1.png")
    assert score_file(truth, source, Result("clean", tmp_path / "DOE_1.png")).strings == ("Doe",)
    photo, camera = case["IMG_2041.jpg"], samples.FOLDER / "IMG_2041.jpg"
    with Image.open(camera) as image:
        image.save(tmp_path / "b1.jpg", exif=image.getexif())
    assert "Jane Doe phone" in score_file(photo, camera, Result("clean", tmp_path / "b1.jpg")).strings


def test_what_was_changed_outside_claimed_masks_and_far_from_text_is_seen(case, tmp_path):
    truth, source = case["angio_DOE_JANE.png"], samples.FOLDER / "angio_DOE_JANE.png"
    pixels = read_frames(source)[0].copy()
    pixels[200:260, 100:160] = 255
    Image.fromarray(pixels).save(tmp_path / "x.png")
    box = ((100, 200), (160, 200), (160, 260), (100, 260))
    honest = score_file(truth, source, Result("clean", tmp_path / "x.png", (((0, 1), box),)))
    silent = score_file(truth, source, Result("clean", tmp_path / "x.png", ()))
    assert honest.outside == 0 < 40 < silent.outside
    assert honest.away > 0.003


def test_held_and_lost_files_are_told_apart(case):
    truth, source = case["worklist.png"], samples.FOLDER / "worklist.png"
    assert score_file(truth, source, Result("held")).status == "held"
    assert score_file(truth, source, Result("clean")).status == "lost"
    assert not score_file(truth, source, Result("failed")).leaks


def test_a_picture_is_held_with_cause_where_its_draft_exposes_a_line(case, tmp_path):
    truth, source = case["worklist.png"], samples.FOLDER / "worklist.png"
    Image.fromarray(_covered(truth, read_frames(source))[0]).save(tmp_path / "covered.png")
    assert score_file(truth, source, Result("held", draft=source)).cause
    assert not score_file(truth, source, Result("held", draft=tmp_path / "covered.png")).cause
    assert not score_file(truth, source, Result("held")).cause


def test_truth_comes_back_from_disk_as_it_was(case, tmp_path):
    save_truth(tmp_path, list(case.values()))
    for before, after in zip(case.values(), load_truth(tmp_path), strict=True):
        assert replace(after, lines=()) == replace(before, lines=())
        for one, other in zip(before.lines, after.lines, strict=True):
            assert _plain(one) == _plain(other)
            assert np.array_equal(one.ink, other.ink)


def _plain(line: Line) -> dict:
    return {name: value for name, value in line.__dict__.items() if name != "ink"}


def test_files_of_the_case_are_read_by_content(tmp_path):
    (tmp_path / "scan").write_bytes((samples.FOLDER / "ct-head.dcm").read_bytes())
    assert read_frames(tmp_path / "scan").shape == (1, 400, 400, 3)
