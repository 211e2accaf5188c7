import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deid.redaction import Redacted, cover
from deid.types import Region

coordinates = st.integers(-20, 60)
points = st.tuples(coordinates, coordinates)


class Frames:
    """Three frames of uint16 ramps, two samples a pixel, black at (7, 9)."""

    count, lossy = 3, False

    def shape(self, index):
        return 40, 50

    def stored(self, index):
        return np.arange(40 * 50 * 2, dtype=np.uint16).reshape(40, 50, 2) + 100 * index

    def taken(self, index):
        return self.stored(index)

    def black(self, index):
        return (7, 9)

    def display(self, index):
        return np.full((40, 50, 3), 200, np.uint8)

    def looks(self, index):
        return self.display(index), np.full((40, 50, 3), 100, np.uint8)


@given(points, points)
def test_a_box_covers_exactly_its_pixels(a, b):
    x0, x1 = sorted((a[0], b[0]))
    y0, y1 = sorted((a[1], b[1]))
    wanted = np.zeros((40, 50), bool)
    wanted[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)] = True
    if x0 < x1 and y0 < y1:
        assert np.array_equal(cover([Region.from_box((x0, y0, x1, y1), (0, 1))], 0, (40, 50)), wanted)


@given(st.lists(points, min_size=3, max_size=6), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_every_point_of_a_polygon_lies_under_its_mask(polygon, u, v, w):
    weights = np.array([u, v, w])[: min(3, len(polygon))] + 1e-9
    x, y = (weights[:, None] * np.array(polygon[: len(weights)], float)).sum(axis=0) / weights.sum()
    if not (0 <= x < 50 and 0 <= y < 40):
        return
    triangle = Region(tuple(polygon[:3]), (0, 1))
    assert cover([triangle], 0, (40, 50))[int(y), int(x)]


def test_a_tilted_mask_spills_less_than_two_pixels():
    drawn = cover([Region(((10, 20), (25, 5), (35, 15), (20, 30)), (0, 1))], 0, (40, 50))
    area, perimeter = 300, 4 * 5 * 2**0.5 * 2.5
    assert drawn.sum() < area + 2 * perimeter + 4 * 3.15
    assert not drawn[:3].any() and not drawn[:, :8].any()


def test_masks_are_on_their_frames_only():
    mask = Region.from_box((0, 0, 5, 5), (1, 2))
    redacted = Redacted(Frames(), [mask])
    assert [redacted.touched(index) for index in range(3)] == [False, True, False]
    assert np.array_equal(redacted.stored(0), Frames().stored(0))


def test_masked_samples_are_black_in_stored_values_and_in_every_look():
    redacted = Redacted(Frames(), [Region.from_box((3, 4, 10, 12), (0, 3))])
    stored, before = redacted.stored(2), Frames().stored(2)
    inside = np.zeros((40, 50), bool)
    inside[4:12, 3:10] = True
    assert (stored[inside] == (7, 9)).all()
    assert np.array_equal(stored[~inside], before[~inside])
    for look, value in zip((redacted.display(2), *redacted.looks(2)), (200, 200, 100), strict=True):
        assert (look[inside] == 0).all() and (look[~inside] == value).all()


@pytest.mark.parametrize("index", [0, 1, 2])
def test_the_source_array_is_left_alone(index):
    frames = Frames()
    Redacted(frames, [Region.from_box((0, 0, 50, 40), (0, 3))]).stored(index)
    assert np.array_equal(frames.stored(index), Frames().stored(index))
