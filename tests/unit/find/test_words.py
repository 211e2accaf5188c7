from __future__ import annotations

import numpy as np

from deid.find.decoding import Spelling
from deid.find.words import column_ink, misses_letters, words


def crop(*inked):
    picture = np.full((48, 240, 3), 20, np.uint8)
    for first, past in inked:
        picture[12:36, first:past:2] = 230
    return picture


def spelling(text, middles):
    return Spelling(tuple(text), tuple(middles), 0.9)


QUAD = np.array([[0.0, 0.0], [240.0, 0.0], [240.0, 48.0], [0.0, 48.0]])


def test_a_wide_gap_is_a_space_even_where_none_was_read():
    picture = crop((10, 60), (90, 140))
    assert words(spelling("ab12", (20, 50, 100, 130)), column_ink(picture), 48, QUAD, (48, 240))[0] == "ab 12"


def test_air_beside_a_dash_parts_nothing():
    picture = crop((10, 60), (66, 69), (76, 140))
    assert words(spelling("ab-12", (20, 50, 67, 100, 130)), column_ink(picture), 48, QUAD, (48, 240))[0] == "ab-12"


def test_words_part_where_there_is_no_ink():
    picture = crop((10, 60), (90, 140))
    text, (first, second) = words(spelling("ab cd", (20, 55, 75, 95, 130)), column_ink(picture), 48, QUAD, (48, 240))
    assert text == "ab cd" and second.start == 3
    assert 60 <= max(x for x, _ in first.quad) <= 90
    assert 60 <= min(x for x, _ in second.quad) <= 90
    assert min(x for x, _ in first.quad) == 0 and max(x for x, _ in second.quad) == 240


def test_nothing_read_is_no_word():
    assert words(spelling("", ()), column_ink(crop()), 48, QUAD, (48, 240)) == ("", ())


def test_air_before_the_first_character_is_no_gap_between_words():
    picture = crop((40, 60), (75, 140))
    _, (first, second) = words(spelling("F 96", (22, 66, 90, 120)), column_ink(picture), 48, QUAD, (48, 240))
    assert 60 <= max(x for x, _ in first.quad) <= 75
    assert 60 <= min(x for x, _ in second.quad) <= 75


def test_letters_that_were_left_out_are_missed():
    picture = crop((10, 100), (120, 220))
    assert misses_letters(spelling("4711", (130, 155, 180, 205)), column_ink(picture), 48)
    assert misses_letters(spelling("47", (20, 80)), column_ink(picture), 48)
    assert not misses_letters(spelling("name 4711", (15, 40, 65, 90, 110, 130, 155, 180, 205)), column_ink(picture), 48)


def test_a_thin_rule_beside_what_was_read_is_no_letter():
    picture = crop()
    picture[12:36, 120:220:4] = picture[24:26, 10:100] = 230
    assert not misses_letters(spelling("4711", (130, 155, 180, 205)), column_ink(picture), 48)
