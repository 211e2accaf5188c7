from __future__ import annotations

import numpy as np
import pytest

from deid.find.covering import covering, covering_quad, reading_quad, rooms
from deid.find.geometry import degrees, outwards, sides
from deid.find.leaning import settled
from deid.find.lines import joined
from deid.find.passes import Sight
from deid.types import PhiText, TextLine, Word


def box(x0, y0, x1, y1):
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], float)


def rotated(points, lean):
    turn = np.deg2rad(lean)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return (points - points.mean(axis=0)) @ matrix + points.mean(axis=0)


def sight(*corners, by="plain"):
    return Sight(box(*corners), 0.9, by)


BLANK = np.full((200, 400, 3), 30, np.uint8)


def test_what_two_passes_saw_is_one_line_in_the_geometry_of_the_first():
    (line,) = joined([sight(50, 50, 150, 70), sight(48, 46, 154, 74, by="half")], BLANK)
    assert line.by == "plain" and line.points.tolist() == box(50, 50, 150, 70).tolist()


def test_what_a_pass_saw_further_on_lengthens_the_line():
    picture = BLANK.copy()
    picture[56:64, 55:215:4] = 255
    (line,) = joined([sight(50, 50, 150, 70), sight(60, 49, 220, 72, by="half")], picture)
    assert line.points[:, 0].max() == pytest.approx(220)
    assert sides(line.points)[1] == pytest.approx(20)


def test_a_leaning_line_that_the_edge_of_a_tile_cuts_is_one_line():
    # Both parts end upright at the edge of their tile, and each saw its lean a little off.
    left = np.array([[20, 140], [220, 106], [220, 126], [23, 160]], float)
    right = np.array([[170, 112], [380, 74], [384, 94], [170, 133]], float)
    picture = BLANK.copy()
    picture[70:165, 20:384:4] = 255
    (line,) = joined([Sight(left, 0.9, "plain"), Sight(right, 0.9, "plain")], picture)
    assert line.points[:, 0].min() < 24 and line.points[:, 0].max() > 378
    assert sides(line.points)[1] < 26
    assert len(joined([Sight(left, 0.9, "plain"), Sight(right + np.array((0, 24)), 0.9, "plain")], picture)) == 2


def test_lines_above_each_other_stay_apart():
    assert len(joined([sight(50, 50, 150, 70), sight(50, 72, 150, 92)], BLANK)) == 2


def test_a_block_around_known_lines_says_nothing_new_where_it_holds_no_other_ink():
    picture = BLANK.copy()
    picture[56:64, 55:145:4] = 255
    picture[96:104, 55:145:4] = 255
    lines = joined([sight(50, 50, 150, 70), sight(50, 90, 150, 110), sight(40, 30, 160, 130, by="quarter")], picture)
    assert len(lines) == 2


def test_a_block_with_other_ink_in_it_counts():
    picture = BLANK.copy()
    picture[56:64, 55:145:4] = 255
    picture[96:104, 55:145:4] = 255
    assert len(joined([sight(50, 50, 150, 70), sight(40, 30, 160, 130, by="quarter")], picture)) == 2


def test_masks_of_close_lines_meet_where_there_is_least_ink():
    picture = BLANK.copy()
    picture[52:64, 52:148:3] = 255
    picture[68:80, 52:148:3] = 255
    upper, lower = box(50, 46, 150, 70), box(50, 62, 150, 86)
    room = rooms([upper, lower], picture)
    above, below = covering_quad(upper, room[0]), covering_quad(lower, room[1])
    assert above[:, 1].max() <= 68.5 and below[:, 1].min() >= 63.5
    assert above[:, 1].max() >= 64 and below[:, 1].min() <= 68


def test_a_line_alone_grows_on_all_sides():
    points = box(50, 50, 150, 70)
    (room,) = rooms([points], BLANK)
    cover = covering_quad(points, room)
    assert cover[:, 1].min() <= 48 and cover[:, 1].max() >= 72 and cover[:, 0].min() < 48 and cover[:, 0].max() > 152


@pytest.mark.parametrize("turn", [0, 2])
def test_words_of_a_turned_line_cover_it_whole(turn):
    points = box(50, 50, 150, 70)
    (room,) = rooms([points], BLANK)
    sent = outwards(reading_quad(points, room))
    quad = sent[turn:] + sent[:turn]
    corners = np.array(quad, float)
    middle = [(corners[0] + corners[1]) / 2, (corners[3] + corners[2]) / 2]
    halves = (np.array([corners[0], middle[0], middle[1], corners[3]]), np.array([middle[0], corners[1], corners[2], middle[1]]))
    words = tuple(Word(PhiText("ab"), outwards(half), 3 * index) for index, half in enumerate(halves))
    line = TextLine(PhiText("ab ab"), quad, words, 0.9, (0, 1), "test")
    cover = covering_quad(points, room)
    done = covering(line, sent, cover, (200, 400))
    every = np.concatenate([np.array(word.quad) for word in done.words])
    assert every.min(axis=0).tolist() == np.floor(cover.min(axis=0)).tolist()
    assert every.max(axis=0).tolist() == np.ceil(cover.max(axis=0)).tolist()


def test_what_an_engine_passed_over_between_two_words_belongs_to_them():
    sent = ((50, 50), (150, 50), (150, 70), (50, 70))
    words = tuple(Word(PhiText("ab"), ((x, 50), (x + 20, 50), (x + 20, 70), (x, 70)), at) for x, at in ((60, 0), (120, 3)))
    line = TextLine(PhiText("ab ab"), sent, words, 0.9, (0, 1), "test")
    first, second = covering(line, sent, box(48, 46, 152, 74), (200, 400)).words
    assert first.quad[1][0] == second.quad[0][0] == 100


def test_a_line_that_nobody_could_read_has_no_words_to_cover():
    sent = ((50, 50), (150, 50), (150, 70), (50, 70))
    line = TextLine(PhiText(""), sent, (), 0.1, (0, 1), "test")
    assert covering(line, sent, box(48, 46, 152, 74), (200, 400)).words == ()


def test_a_short_box_leans_like_the_lines_around_it():
    long = rotated(box(50, 50, 250, 64), 8.0)
    short = rotated(box(60, 90, 90, 104), 2.0)
    _, word = settled([long, short])
    assert degrees(word) == pytest.approx(8.0, abs=0.5)


def test_a_box_of_some_length_knows_its_lean_better_than_lines_far_away():
    far = rotated(box(50, 350, 250, 364), 4.0)
    own = rotated(box(60, 90, 130, 104), 8.0)
    assert degrees(settled([far, own])[1]) == pytest.approx(8.0, abs=0.5)


def test_lettering_of_another_size_keeps_its_own_lean():
    long = rotated(box(50, 50, 250, 64), 8.0)
    board = rotated(box(60, 90, 200, 150), 0.0)
    assert degrees(settled([long, board])[1]) == pytest.approx(0.0, abs=0.5)
