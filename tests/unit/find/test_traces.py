"""A curve is no text where it is alone in its box; a letter is, whatever it stands on."""

import cv2
import numpy as np
import pytest

from deid.find import find_text
from deid.find.traces import is_trace
from deid.policy import Policy
from deid.types import PhiText, TextLine


def beats(ground=0, colour=(0, 255, 0)):
    """A trace with a beat every 90 pixels, (200, 400, 3)."""
    picture = np.full((200, 400, 3), ground, np.uint8)
    x = np.arange(0, 400, 5)
    y = 100 - 60 * (x % 90 == 40) + 14 * (x % 90 == 45)
    cv2.polylines(picture, [np.stack([x, y], axis=1).astype(np.int32)], False, colour, 2, cv2.LINE_AA)
    return picture


def line(box, confidence=0.6, text="AVVA"):
    x0, y0, x1, y1 = box
    return TextLine(PhiText(text), ((x0, y0), (x1, y0), (x1, y1), (x0, y1)), (), confidence, (0, 1), "x")


ROW, PEAK = (20, 30, 380, 125), (120, 35, 142, 90)


@pytest.mark.parametrize("box", [ROW, PEAK])
@pytest.mark.parametrize(("ground", "colour"), [(0, (0, 255, 0)), (255, (200, 0, 0)), (240, (20, 20, 20))])
def test_a_curve_is_a_trace_whole_and_beat_by_beat(box, ground, colour):
    assert is_trace(line(box), beats(ground, colour))
    assert is_trace(line(box, 0.99, "V"), beats(ground, colour))


def test_a_curve_may_end_in_its_box_on_one_side_only():
    ended = beats()
    ended[:, 376:] = 0
    assert is_trace(line((20, 30, 384, 125)), ended)
    ended[:, :26] = 0
    assert not is_trace(line((20, 30, 384, 125)), ended)


def test_what_is_surely_read_is_text():
    assert not is_trace(line(ROW, 0.96), beats())


@pytest.mark.parametrize("level", [30, 60, 255])
def test_anything_else_in_the_box_makes_it_text(level):
    picture = beats()
    cv2.putText(picture, "DOE", (160, 70), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (level,) * 3, 1, cv2.LINE_AA)
    assert not is_trace(line(ROW), picture)


@pytest.mark.parametrize("text", ["F", "7", "12", "4471902", "Lu", "VVV"])
@pytest.mark.parametrize("rule", [0, 1, 5])
def test_a_letter_on_a_rule_is_text(text, rule):
    picture = np.full((80, 400, 3), 255, np.uint8)
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.8, 2)
    cv2.putText(picture, text, (150, 50), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 2, cv2.LINE_AA)
    cv2.line(picture, (0, 51 + rule), (400, 51 + rule), (0, 0, 0), 1)
    assert not is_trace(line((146, 26, 154 + width, 56 + rule), 0.8, text), picture)


def test_a_curve_on_a_grid_stays_in_doubt():
    picture = beats(255, (0, 0, 0))
    picture[::20][(picture[::20] == 255).all(axis=2)] = (255, 200, 200)
    assert not is_trace(line(ROW), picture)


def test_a_monitor_keeps_its_curves(rapidocr, instance):
    picture = np.zeros((240, 400, 3), np.uint8)
    picture[40:] = beats()
    cv2.putText(picture, "HR 88", (20, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2, cv2.LINE_AA)
    lines = find_text(instance(picture), rapidocr, Policy()).lines
    assert [one.text.reveal() for one in lines] == ["HR 88"]
