from __future__ import annotations

from dataclasses import replace

import numpy as np

from deid.find import find_text, look_again
from deid.find.glimpses import is_glimpse
from deid.policy import Policy
from deid.protocols import TextBox
from deid.types import PhiText, TextLine
from tests.benchmark.anatomy import ultrasound_fan

QUAD = ((100, 60), (180, 60), (180, 80), (100, 80))
UNREAD = TextLine(PhiText(""), QUAD, (), 0.1, (0, 1), "x")


class Sees:
    """An engine that sees the same boxes wherever it looks."""

    def __init__(self, *boxes):
        self.boxes = boxes

    def detect(self, image):
        return self.boxes


def noise():
    return np.random.default_rng(5).integers(0, 255, (160, 300, 3)).astype(np.uint8)


def test_what_was_read_is_no_glimpse():
    assert not is_glimpse(replace(UNREAD, text=PhiText("DOE")), noise(), Sees())
    assert not is_glimpse(replace(UNREAD, text=PhiText("F"), confidence=0.95), noise(), Sees())


def test_what_is_seen_once_only_is_a_glimpse():
    assert is_glimpse(UNREAD, noise(), Sees())
    assert is_glimpse(UNREAD, noise(), Sees(TextBox(((0, 0), (20, 0), (20, 20), (0, 20)), 0.9)))


def test_what_is_seen_again_counts():
    # The surroundings begin 64 pixels before the box.
    again = tuple((x - 36, y) for x, y in QUAD)
    assert not is_glimpse(UNREAD, noise(), Sees(TextBox(again, 0.3)))


def test_the_speckle_of_ultrasound_is_not_text(rapidocr, instance):
    fan = ultrasound_fan(np.random.default_rng(20), 480, 480).clip(0, 255).astype(np.uint8)
    picture = np.repeat(fan[:, :, None], 3, axis=2)
    assert find_text(instance(picture), rapidocr, Policy()).lines == ()
    assert look_again(instance(picture), rapidocr, Policy(), (), photo=False).lines == ()
