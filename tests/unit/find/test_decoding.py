from __future__ import annotations

import numpy as np
import pytest

from deid.find.decoding import NOTHING, spell


def spelled(*classes):
    return spell(np.array(classes), np.full(len(classes), 0.9, np.float32), ("", "a", "b", " "), 8.0)


def test_repeats_are_one_character_and_blanks_part_them():
    read = spelled(0, 1, 1, 0, 1, 2, 0)
    assert "".join(read.characters) == "aab"


def test_characters_know_where_they_stand():
    read = spelled(0, 1, 1, 0, 0, 2)
    assert read.middles == (16.0, 44.0)


def test_blanks_alone_are_nothing():
    assert spelled(0, 0, 0) == NOTHING


def test_a_character_is_as_sure_as_its_surest_step():
    read = spell(np.array([1, 1, 0, 2]), np.array([0.5, 0.9, 0.99, 0.7], np.float32), ("", "a", "b", " "), 8.0)
    assert read.confidence == pytest.approx(0.8)
