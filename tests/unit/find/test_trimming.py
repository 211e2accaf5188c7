"""Masks end where the ink of their words ends, and never before."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from deid.find.trimming import trimmed
from deid.types import PhiText, TextLine, Word

GROUND, INK = 40, 220
INKED = (80, 150)
"""Columns of the ink that `written` leaves."""


def box(x0, y0, x1, y1):
    return (x0, y0), (x1, y0), (x1, y1), (x0, y1)


def line(*quads):
    words = tuple(Word(PhiText("ab"), quad, 3 * index) for index, quad in enumerate(quads))
    corners = [point for quad in quads for point in quad]
    (x0, y0), (x1, y1) = np.min(corners, axis=0).tolist(), np.max(corners, axis=0).tolist()
    whole = quads[0] if len(quads) == 1 else box(x0, y0, x1, y1)
    return TextLine(PhiText(" ".join(["ab"] * len(quads))), whole, words, 0.99, (0, 1), "test")


def blank(rows=100, columns=300):
    return np.full((rows, columns, 3), GROUND, np.uint8)


def written(picture=None):
    """Letters like a comb, from row 44 to row 56."""
    picture = blank() if picture is None else picture
    picture[44:56, slice(*INKED, 3)] = INK
    picture[44, slice(*INKED)] = INK
    return picture


def ended(picture, *quads):
    return [word.quad for word in trimmed(line(*quads), [picture]).words]


MASK = box(59, 36, 176, 64)
CLOSE = box(79, 43, 151, 57)


def test_a_mask_ends_a_pixel_beside_the_ink():
    assert ended(written(), MASK) == [CLOSE]


@pytest.mark.parametrize("end", range(146, 151))
def test_the_length_of_a_mask_does_not_tell_that_of_its_word(end):
    picture = written()
    picture[:, end:] = GROUND
    assert ended(picture, MASK) == [CLOSE]


def test_the_line_keeps_its_quad():
    assert trimmed(line(MASK), [written()]).quad == MASK


def test_without_a_picture_nothing_is_trimmed():
    assert trimmed(line(MASK), []) == line(MASK)


def test_where_nothing_shows_nothing_is_trimmed():
    assert ended(blank(), MASK) == [MASK]


def test_where_all_that_shows_lies_beside_the_word_nothing_is_trimmed():
    picture = blank()
    picture[48:52, 178:180] = INK
    assert ended(picture, MASK) == [MASK]


@pytest.mark.parametrize("seed", range(100))
def test_only_ground_is_trimmed_away(seed):
    rng = np.random.default_rng(seed)
    picture = blank()
    for _ in range(int(rng.integers(1, 12))):
        x, y, width, height = rng.integers((0, 0, 1, 1), (299, 99, 7, 7))
        picture[y : y + height, x : x + width] = INK
    x0, y0 = rng.integers((0, 0), (200, 70)).tolist()
    mask = box(x0, y0, x0 + int(rng.integers(8, 100)), y0 + int(rng.integers(28, 31)))
    (left, top), _, (right, bottom), _ = ended(picture, mask)[0]
    assert mask[0][0] <= left < right <= mask[2][0] and mask[0][1] <= top < bottom <= mask[2][1]
    picture[top:bottom, left:right] = GROUND
    assert (picture[mask[0][1] : mask[2][1], mask[0][0] : mask[2][0]] == GROUND).all()


@pytest.mark.parametrize("levels", [3, 30])
def test_the_soft_edge_of_a_letter_is_ink(levels):
    picture = written()
    picture[50, 75:80] = GROUND + levels
    assert ended(picture, MASK) == [box(74, 43, 151, 57)]


def test_a_slow_fade_is_not_taken_for_ground():
    picture = written()
    picture[46:54, 66:80] += np.arange(1, 15, dtype=np.uint8)[:, None]
    assert ended(picture, MASK)[0][0][0] <= 68


def test_ground_that_nobody_sees_change_is_trimmed():
    picture = written()
    picture += np.random.default_rng(1).integers(0, 3, picture.shape).astype(np.uint8)
    assert ended(picture, MASK) == [CLOSE]


def test_noise_is_not_trimmed():
    noise = np.random.default_rng(1).integers(0, 9, (100, 300, 3)).astype(np.uint8)
    assert ended(written() + noise, MASK) == [MASK]


def test_what_shows_in_any_of_the_looks_is_ink():
    dim = blank()
    dim[50, 164] = INK
    words = trimmed(line(MASK), [written(), dim]).words
    assert words[0].quad == box(79, 43, 166, 57)


def test_the_accent_of_a_letter_stays_covered():
    picture = written()
    picture[38:40, 100:102] = INK
    assert ended(picture, MASK) == [box(79, 37, 151, 57)]


def test_the_stem_that_the_lower_edge_cuts_stays_covered():
    picture = written()
    picture[44:68, 100:102] = INK
    assert ended(picture, MASK)[0][2][1] == 64


def test_the_stroke_that_an_end_cuts_stays_covered():
    picture = written()
    picture[54:56, 150:180] = INK
    assert ended(picture, MASK)[0][1][0] == 176


@pytest.mark.parametrize("rows", [(36, 64), (20, 64), (36, 80)])
def test_a_stem_as_high_as_the_mask_stays_covered(rows):
    picture = written()
    picture[slice(*rows), 75:77] = INK
    assert ended(picture, MASK)[0][0][0] == 74


def test_a_letter_like_the_one_beside_the_mask_stays_covered():
    picture = written()
    picture[44:56, 52] = picture[44:56, 75] = INK
    assert ended(picture, MASK)[0][0][0] <= 74


@pytest.mark.parametrize("edge", [38, 60])
def test_the_edge_of_a_striped_row_is_ground(edge):
    picture = blank()
    picture[edge:] = GROUND + 20
    (x0, _), (x1, _), _, _ = ended(written(picture), MASK)[0]
    assert (x0, x1) == (79, 151)


@pytest.mark.parametrize("stripes", [False, True])
def test_the_borders_of_a_cell_are_not_ink(stripes):
    picture = blank()
    if stripes:
        picture[40:] = GROUND + 20
    picture[[40, 60]] = picture[:, [66, 174]] = 120
    assert ended(written(picture), MASK) == [CLOSE]


def test_words_are_trimmed_alone_and_keep_one_height():
    picture = written()
    picture[48:52, 217:236:3] = INK
    assert ended(picture, MASK, box(176, 36, 257, 64)) == [CLOSE, box(216, 43, 237, 57)]


def test_the_ink_of_the_next_word_is_not_trimmed_away():
    picture = written()
    picture[44:56, 172:190:3] = INK
    assert ended(picture, MASK)[0][1][0] == 176


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_lines_are_trimmed_and_begin_where_they_began(turns):
    def turned(quad):
        around = {1: lambda x, y: (100 - y, x), 2: lambda x, y: (300 - x, 100 - y), 3: lambda x, y: (y, 300 - x)}[turns]
        return tuple(around(x, y) for x, y in quad)

    assert ended(np.ascontiguousarray(np.rot90(written(), -turns)), turned(MASK)) == [turned(CLOSE)]


def leaning(lean):
    return (60, 36 - lean), (180, 36 + lean), (180, 64 + lean), (60, 64 - lean)


@pytest.mark.parametrize("lean", [1, 5])
def test_a_mask_that_leans_a_little_ends_level_where_its_ink_is_level(lean):
    (quad,) = ended(written(), leaning(lean))
    (x0, y0), _, (x1, y1), _ = quad
    assert quad == box(x0, y0, x1, y1)
    assert (y0, y1) == (43, 57) and 60 < x0 <= 79 and 151 <= x1 < 180


def test_a_mask_that_leans_like_its_ink_stays_where_no_box_is_smaller():
    picture = blank()
    cv2.line(picture, (65, 41), (175, 59), (INK,) * 3, 18)
    assert ended(picture, leaning(5)) == [leaning(5)]


def test_a_mask_that_leans_as_in_photos_stays():
    assert ended(written(), leaning(12)) == [leaning(12)]


def test_a_word_without_extent_leaves_its_line_as_it_was():
    quads = MASK, box(180, 36, 180, 64)
    assert ended(written(), *quads) == list(quads)


@pytest.mark.parametrize("quality", [60, 75, 95])
@pytest.mark.parametrize("ground", [30, 235])
def test_no_trace_of_the_ink_shows_outside_a_trimmed_mask(quality, ground):
    def coded(picture):
        return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)

    clean = np.full((100, 300, 3), ground, np.uint8)
    picture = clean.copy()
    cv2.putText(picture, "Mustermann", (80, 56), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255 - ground,) * 3, 1, cv2.LINE_AA)
    traces = cv2.absdiff(coded(picture), coded(clean)).max(axis=2) > 2
    (x0, y0), _, (x1, y1), _ = ended(coded(picture), box(50, 30, 240, 76))[0]
    assert (x1 - x0) * (y1 - y0) < 0.8 * 190 * 46
    traces[y0:y1, x0:x1] = False
    assert not traces.any()
