"""A line that the edge of a photo cuts through is covered, whatever is left of it says; one that ends before the edge is read."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from deid.find.cut import is_cut, unread_where_cut
from deid.types import PhiText, TextLine, Word


def written(origin: tuple[int, int], text: str = "19-APR-2024") -> tuple[np.ndarray, tuple]:
    """A grainy picture with one line, and the quad around the ink as masks grow it, cut to the picture."""
    picture = np.random.default_rng(2).normal(60, 5, (200, 500, 3)).clip(0, 255).astype(np.uint8)
    cv2.putText(picture, text, origin, cv2.FONT_HERSHEY_SIMPLEX, 1.2, (230, 220, 90), 2, cv2.LINE_AA)
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.2, 2)
    x0, y0 = max(0, origin[0] - 8), max(0, origin[1] - height - 8)
    x1, y1 = min(500, origin[0] + width + 8), min(200, origin[1] + 8)
    return picture, ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


@pytest.mark.parametrize("origin", [(-30, 100), (60, 14), (330, 100), (60, 210)])
def test_ink_that_runs_out_of_the_picture_is_cut(origin):
    picture, quad = written(origin)
    assert is_cut(quad, picture)


@pytest.mark.parametrize("origin", [(60, 100), (5, 100), (60, 33), (60, 194)])
def test_a_quad_that_touches_the_edge_without_ink_there_is_not(origin):
    picture, quad = written(origin)
    assert not is_cut(quad, picture)


def test_a_cut_line_loses_its_reading_and_keeps_its_place():
    picture, quad = written((-30, 100))
    line = TextLine(PhiText("9-APR-2024"), quad, (Word(PhiText("9-APR-2024"), quad, 0),), 0.99, (0, 1), "rapidocr:plain")
    cut = unread_where_cut(line, picture)
    assert (cut.quad, len(cut.text), cut.words) == (quad, 0, ())
    whole, quad = written((60, 100))
    assert unread_where_cut(replace(line, quad=quad), whole).text.reveal() == "9-APR-2024"
