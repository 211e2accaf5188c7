from __future__ import annotations

import numpy as np
import pytest

from deid.find.passes import AT_SCREENS, COARSE, PLAIN, see, see_small_print
from deid.protocols import TextBox
from tests.engines import Still


class Recording(Still):
    """Sees one box at a given place of whatever it is shown, and remembers the sizes of what it was shown."""

    def __init__(self, quad=((10, 10), (50, 10), (50, 24), (10, 24))):
        self.quad = quad
        self.shapes = []

    def detect(self, image):
        self.shapes.append(image.shape[:2])
        return (TextBox(self.quad, 0.9),) if self.quad else ()


def noise(rows, columns):
    return np.random.default_rng(1).integers(0, 255, (rows, columns, 3), dtype=np.uint8)


def test_boxes_come_back_in_pixels_of_the_picture():
    (sight,) = see(noise(400, 600), COARSE[0], Recording(((10, 10), (50, 10), (50, 34), (10, 34)))).sights
    assert sight.by == "quarter" and sight.points.tolist() == [[40, 40], [200, 40], [200, 136], [40, 136]]


def test_no_network_input_is_larger_than_memory_allows():
    engine = Recording(quad=None)
    for by in AT_SCREENS:
        see(noise(2600, 3900), by, engine)
    assert max(max(shape) for shape in engine.shapes) <= 1280


def test_tiles_cover_the_picture_and_overlap():
    engine = Recording(quad=((0, 0), (1, 0), (1, 1), (0, 1)))
    corners = {tuple(sight.points[0].astype(int)) for sight in see(noise(1500, 2600), PLAIN, engine).sights}
    (rows, columns) = engine.shapes[0]
    assert (0, 0) in corners and (2600 - columns, 1500 - rows) in corners
    assert sorted({x for x, _ in corners})[1] <= columns - 128


def test_a_blank_part_is_not_looked_at():
    engine = Recording()
    picture = np.full((700, 900, 3), 90, np.uint8)
    assert see(picture, PLAIN, engine).sights == () and engine.shapes == []
    picture[300:340, 400:440] = noise(40, 40)
    see(picture, PLAIN, engine)
    assert max(engine.shapes[0]) < 160


@pytest.mark.parametrize("contrast", [20, -20])
def test_the_faintest_lettering_is_never_blank(contrast, write):
    picture = np.full((120, 300, 3), 100, np.uint8)
    write(picture, "MRN 4711", (40, 60), scale=0.35, colour=(100 + contrast,) * 3)
    engine = Recording()
    see(picture, PLAIN, engine)
    assert engine.shapes


def test_a_box_thicker_than_text_is_a_ghost_and_its_area_is_searched_again():
    engine = Recording(quad=((0, 0), (500, 0), (500, 300), (0, 300)))
    seen = see(noise(400, 600), PLAIN, engine)
    assert seen.ghosts == 1 and seen.sights == () and len(engine.shapes) > 1


def test_small_print_is_enlarged_where_it_stands():
    engine = Recording(quad=None)
    small = np.array([[10, 10], [40, 10], [40, 22], [10, 22]], float)
    see_small_print(noise(900, 1600), [small], engine)
    assert len(engine.shapes) == 1 and max(engine.shapes[0]) > 448
