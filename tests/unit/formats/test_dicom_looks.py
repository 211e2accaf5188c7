"""Text that no window of the header shows, and that the full range does not show either."""

import cv2
import numpy as np
import pytest

from deid.formats.dicom import Dicom
from deid.policy import Policy
from tests.dicom_samples import dataset, file_of

ROWS, COLUMNS = 160, 240


def _strokes():
    canvas = np.zeros((ROWS, COLUMNS), np.uint8)
    cv2.putText(canvas, "VORKALDEN", (12, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 255, 2)
    return canvas > 0


def _ramp():
    """A background of 1000 with everything from 0 to 4095 below it."""
    ground = np.full((ROWS, COLUMNS), 1000.0)
    ground[130:] = np.linspace(0, 4095, COLUMNS)
    return ground


def _speck(amplitude=3.0):
    """Dark noise with one pixel at the end of the range: the full range shows black."""
    ground = 40 + np.random.default_rng(3).normal(0, amplitude, (ROWS, COLUMNS))
    ground[0, 0] = 4095
    return ground


def _looks(values, **attributes):
    pixels = np.clip(values, 0, 4095).astype(np.uint16)[None, ..., None]
    frames = Dicom().read(file_of(dataset(pixels, BitsStored=12, HighBit=11, **attributes)), Policy()).frames
    return tuple(frames.looks(0))


def _contrast(look, strokes):
    """Greys between the strokes and what is beside them."""
    beside = cv2.dilate(strokes.astype(np.uint8), np.ones((9, 9))) > strokes
    return abs(float(look[strokes].mean()) - float(look[beside].mean()))


HIDDEN = {
    "in no window": (_ramp(), 3, {"WindowCenter": "3000", "WindowWidth": "400"}),
    "no window at all": (_ramp(), 3, {}),
    "below a hot pixel": (_speck(), 30, {}),
    "a scale that falls": (_ramp(), 3, {"RescaleSlope": "-1", "RescaleIntercept": "4095"}),
    "white is zero": (_ramp(), 3, {"PhotometricInterpretation": "MONOCHROME1"}),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_text_that_no_window_tells_apart_is_in_a_further_look(case):
    ground, height, attributes = HIDDEN[case]
    strokes = _strokes()
    looks = _looks(ground + height * strokes, **attributes)
    assert _contrast(looks[0], strokes) < 5
    assert max(_contrast(look, strokes) for look in looks) > 80


def test_noise_and_what_the_windows_show_make_no_further_look():
    strokes = _strokes()
    assert len(_looks(_speck(12))) == 1
    assert len(_looks(1000 + 900 * strokes)) == 1
    # The window, and the full range.
    assert len(_looks(1000 + 30 * strokes, WindowCenter="1010", WindowWidth="60")) == 2


def test_a_constant_picture_has_one_look():
    assert len(_looks(np.full((ROWS, COLUMNS), 7.0))) == 1
