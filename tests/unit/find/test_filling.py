from __future__ import annotations

import numpy as np

from deid.find.filling import fill
from deid.find.photo import is_photo
from deid.types import Region


def test_a_mask_on_an_even_ground_disappears(grey):
    picture = grey(level=200)
    picture[20:60, 50:150] = 0
    fill(picture, [Region.from_box((50, 20, 150, 60), (0, 1))], 0)
    assert np.array_equal(picture, grey(level=200))


def test_no_pixel_outside_the_masks_changes():
    picture = np.random.default_rng(2).integers(0, 255, (90, 120, 3), dtype=np.uint8)
    done = picture.copy()
    fill(done, [Region.from_box((30, 20, 70, 50), (0, 1))], 0)
    outside = np.ones((90, 120), bool)
    outside[20:50, 30:70] = False
    assert np.array_equal(done[outside], picture[outside])


def test_masks_of_other_frames_are_left_alone(grey):
    picture = grey()
    picture[20:60] = 255
    done = picture.copy()
    fill(done, [Region.from_box((0, 20, 400, 60), (1, 2))], 0)
    assert np.array_equal(done, picture)


def test_masks_that_touch_are_filled_as_one(grey):
    picture = grey(level=120)
    picture[20:60, 50:150] = 0
    fill(picture, [Region.from_box((50, 20, 100, 60), (0, 1)), Region.from_box((90, 20, 150, 60), (0, 1))], 0)
    assert np.unique(picture[35:55, 55:145]).tolist() == [120]


def test_exams_and_screens_are_no_photos(grey):
    noise = np.random.default_rng(4).normal(0, 8, (200, 300, 1))
    exam = np.repeat(noise + 120, 3, axis=2).clip(0, 255).astype(np.uint8)
    assert not is_photo(exam) and not is_photo(grey())


def test_a_tinted_grainy_picture_is_a_photo():
    noise = np.random.default_rng(4).normal(0, 8, (200, 300, 3))
    assert is_photo((noise + np.array((90, 110, 130))).clip(0, 255).astype(np.uint8))
