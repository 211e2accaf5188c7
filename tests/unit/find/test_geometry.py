from __future__ import annotations

import math

import numpy as np
import pytest

from deid.find.geometry import degrees, grown, leaning, near, outwards, part, reading_order, sides, straightened, turned, within

BOX = np.array([[10.0, 20.0], [60.0, 20.0], [60.0, 32.0], [10.0, 32.0]])


def test_rounding_goes_outwards_on_every_side():
    assert outwards(BOX + np.array([[-0.2, -0.2], [0.2, -0.2], [0.2, 0.2], [-0.2, 0.2]])) == ((9, 19), (61, 19), (61, 33), (9, 33))


def test_whole_numbers_stay_where_they_are():
    assert outwards(BOX) == ((10, 20), (60, 20), (60, 32), (10, 32))


def test_growth_follows_the_lean_of_the_text():
    lean = leaning(BOX, 20.0)
    assert degrees(grown(lean, 5, 2)) == pytest.approx(20.0)
    assert sides(grown(lean, 5, 2)) == pytest.approx((sides(lean)[0] + 10, sides(lean)[1] + 4))


def test_a_part_keeps_the_thickness():
    assert part(BOX, 0.5, 1.0).tolist() == [[35, 20], [60, 20], [60, 32], [35, 32]]


def test_standing_text_reads_downwards():
    assert degrees(reading_order(np.array([[0.0, 0.0], [12.0, 0.0], [12.0, 50.0], [0.0, 50.0]]))) == pytest.approx(90.0)


def test_four_quarter_turns_change_nothing():
    assert turned(BOX, 4).tolist() == BOX.tolist()


def test_corners_beyond_the_picture_are_clipped():
    assert within(BOX, (25, 30)).max(axis=0).tolist() == [30, 25]


def test_near_finds_neighbours_and_leaves_the_rest():
    assert near(BOX, [BOX + 10, BOX + 500]) == [0]


@pytest.mark.parametrize("lean", [0.0, 15.0, -30.0])
def test_a_straightened_crop_shows_the_same_picture_upright(lean):
    picture = np.zeros((200, 200, 3), np.uint8)
    quad = leaning(BOX + 60, lean)
    (ax, ay), (bx, by) = quad[0], quad[1]
    middle = quad.mean(axis=0)
    yy, xx = np.mgrid[:200, :200]
    along = np.array([bx - ax, by - ay]) / np.hypot(bx - ax, by - ay)
    picture[((xx + 0.5 - middle[0]) * along[0] + (yy + 0.5 - middle[1]) * along[1]) > 0] = 255
    crop = straightened(picture, quad, 24)
    assert crop[:, : crop.shape[1] // 2 - 4].max() < 40
    assert crop[:, crop.shape[1] // 2 + 4 :].min() > 215


@pytest.mark.parametrize("lean", range(-90, 91, 5))
def test_text_runs_along_the_longer_side_at_any_lean(lean):
    u = np.array((math.cos(math.radians(lean)), math.sin(math.radians(lean))))
    v = np.array((-u[1], u[0]))
    rectangle = np.array([a * 50 * u + b * 10 * v for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]) + 200
    for first in range(4):
        assert sides(reading_order(np.roll(rectangle, first, axis=0))) == pytest.approx((100, 20))
