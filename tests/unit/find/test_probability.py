from __future__ import annotations

import numpy as np

from deid.find.geometry import sides
from deid.find.probability import boxes


def blob(shape, *areas):
    probability = np.zeros(shape, np.float32)
    for (x0, y0, x1, y1), value in areas:
        probability[y0:y1, x0:x1] = np.maximum(probability[y0:y1, x0:x1], value)
    return probability


def test_a_blob_becomes_a_box_with_its_margin():
    ((points, score),) = boxes(blob((100, 200), ((50, 40, 120, 48), 0.9)))
    assert score > 0.6
    assert points.min(axis=0)[0] < 45 and points.max(axis=0)[0] > 125
    assert points.min(axis=0)[1] < 38 and points.max(axis=0)[1] > 50


def test_faint_blobs_count_and_noise_does_not():
    found = boxes(blob((100, 200), ((20, 20, 80, 28), 0.25), ((20, 60, 80, 68), 0.1), ((150, 50, 152, 52), 0.9)))
    assert len(found) == 1


def test_text_that_runs_together_over_a_pale_blob_comes_out_of_it():
    found = boxes(blob((300, 400), ((10, 10, 390, 290), 0.25), ((60, 60, 200, 70), 0.95), ((60, 200, 250, 212), 0.95)))
    thin = [points for points, _ in found if sides(points)[1] < 60]
    assert len(thin) == 2


def test_large_lettering_keeps_its_shape():
    ((points, _),) = boxes(blob((400, 600), ((60, 100, 500, 260), 0.95)))
    assert sides(points)[1] > 160
