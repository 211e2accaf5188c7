from __future__ import annotations

import numpy as np

from deid.find.decoding import NOTHING, spell


def scores(*classes, count=4):
    return np.eye(count, dtype=np.float32)[list(classes)] * 0.9


def test_repeats_are_one_character_and_blanks_part_them():
    read = spell(scores(0, 1, 1, 0, 1, 2, 0), ("", "a", "b", " "), 8.0)
    assert "".join(read.characters) == "aab"


def test_characters_know_where_they_stand():
    read = spell(scores(0, 1, 1, 0, 0, 2), ("", "a", "b", " "), 8.0)
    assert read.middles == (16.0, 44.0)


def test_blanks_alone_are_nothing():
    assert spell(scores(0, 0, 0), ("", "a", "b", " "), 8.0) == NOTHING
