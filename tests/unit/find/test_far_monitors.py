from __future__ import annotations

import cv2
import numpy as np
import pytest

from deid.find import find_text, look_again
from deid.policy import Policy

LINES = ("DOE, JANE", "MR 4711 0815", "12-Mar-1957")
SCALE = 4


@pytest.fixture
def far():
    """Yellow print of six pixels on a grey as bright as itself, as a phone saves it; and the boxes of its ink."""
    drawn, boxes = np.full((160 * SCALE, 420 * SCALE, 3), (170, 168, 164), np.uint8), []
    for number, text in enumerate(LINES):
        origin = (160, 160 + number * 56)
        (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.4, 4)
        cv2.putText(drawn, text, origin, cv2.FONT_HERSHEY_SIMPLEX, 1.4, (205, 190, 60), 4, cv2.LINE_AA)
        boxes.append((origin[0] // SCALE, (origin[1] - height) // SCALE, (origin[0] + width) // SCALE, origin[1] // SCALE))
    small = cv2.GaussianBlur(cv2.resize(drawn, (420, 160), interpolation=cv2.INTER_AREA), (0, 0), 0.7)
    grained = np.clip(small + np.random.default_rng(1).normal(0, 2.5, small.shape), 0, 255).astype(np.uint8)
    saved = cv2.imencode(".jpg", grained[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return np.ascontiguousarray(cv2.imdecode(saved, cv2.IMREAD_COLOR)[:, :, ::-1]), boxes


def lines_over(lines, boxes):
    middles = [((x0 + x1) / 2, (y0 + y1) / 2) for x0, y0, x1, y1 in boxes]
    return [any(cv2.pointPolygonTest(np.array(line.quad, np.int32), middle, False) > 0 for line in lines) for middle in middles]


def test_coloured_print_of_a_far_monitor_is_found_in_a_photo(rapidocr, instance, far):
    picture, boxes = far
    assert all(lines_over(find_text(instance(picture, camera=True), rapidocr, Policy()).lines, boxes))
    assert not any(lines_over(find_text(instance(picture, camera=True), rapidocr, Policy(effort="fast")).lines, boxes))


def test_the_second_look_at_a_photo_sees_it_too(rapidocr, instance, far):
    picture, boxes = far
    assert all(lines_over(look_again(instance(picture), rapidocr, Policy(), (), photo=True).lines, boxes))
