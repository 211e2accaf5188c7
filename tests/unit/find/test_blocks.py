from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from deid.find.blocks import see_blocks
from deid.find.geometry import degrees, grown, leaning, sides
from deid.find.passes import Sight
from deid.protocols import TextBox

PICTURE = np.full((400, 600, 3), 120, np.uint8)


class Rows:
    """An engine that sees as many lines as it is told, one below the other."""

    def __init__(self, count):
        self.count = count
        self.looked_at = []

    def detect(self, image):
        self.looked_at.append(image.shape[:2])
        rows, columns = image.shape[:2]
        edges = [round(rows * step / self.count) for step in range(self.count + 1)]
        return tuple(TextBox(((0, top), (columns, top), (columns, bottom), (0, bottom)), 0.8) for top, bottom in pairwise(edges))


def sight(x, y, length, thickness, lean=0.0):
    flat = np.array([[x, y], [x + length, y], [x + length, y + thickness], [x, y + thickness]], float)
    return Sight(leaning(flat, lean), 0.5, "plain")


LINES = [sight(20, 40 * row, 120, 16) for row in range(5)]


@pytest.mark.parametrize("lean", [0.0, -24.0])
def test_a_block_comes_apart_into_lines_with_its_lean(lean):
    block, engine = sight(200, 200, 200, 60, lean), Rows(3)
    found = see_blocks(PICTURE, [*LINES, block], engine)
    assert len(found) == 3 and len(engine.looked_at) == 1
    assert all(degrees(line.points) == pytest.approx(lean, abs=2) for line in found)
    middles = np.array([line.points.mean(axis=0) for line in found])
    assert middles.mean(axis=0) == pytest.approx(block.points.mean(axis=0), abs=2)
    assert sum(sides(line.points)[1] for line in found) == pytest.approx(sides(grown(block.points, 8, 8))[1], abs=4)


def test_a_thick_line_that_stays_one_is_left_as_it_was():
    assert see_blocks(PICTURE, [*LINES, sight(200, 200, 200, 60)], Rows(1)) == ()


def test_lines_of_the_usual_thickness_and_lettering_are_not_looked_at():
    engine = Rows(2)
    assert see_blocks(PICTURE, [*LINES, sight(200, 200, 300, 120)], engine) == ()
    assert see_blocks(PICTURE, [], engine) == () and engine.looked_at == []
