from __future__ import annotations

import numpy as np
import pytest

from deid.find.cine import every, glances, runs, stands


@pytest.fixture
def film(instance):
    return lambda *pictures: instance(*pictures, cine=True).frames


def test_a_cut_splits_the_run(film, grey):
    assert [run.frames for run in runs(film(*[grey(level=40)] * 5, *[grey(level=160)] * 4))] == [(0, 5), (5, 9)]


def test_another_size_splits_the_run(film, grey):
    assert [run.frames for run in runs(film(grey(100, 100), grey(100, 100), grey(120, 100)))] == [(0, 2), (2, 3)]


def test_long_runs_are_split(film, grey):
    assert [run.frames for run in runs(film(*[grey(32, 32)] * 150))] == [(0, 64), (64, 128), (128, 150)]


def test_brief_text_stays_in_the_extremes_and_leaves_the_mean(film, grey):
    pictures = [grey(32, 32, 100) for _ in range(40)]
    pictures[7][10:14, 10:14] = 250
    pictures[9][20:24, 20:24] = 0
    (run,) = runs(film(*pictures))
    assert run.brightest[12, 12].tolist() == [250] * 3 and run.darkest[22, 22].tolist() == [0] * 3
    assert abs(int(run.mean[12, 12, 0]) - 100) < 6
    assert run.pack[12, 12].tolist() == [run.mean[12, 12, 0], 250, 100]
    assert np.array_equal(run.pack[0, 0], [100, 100, 100])


def test_glances_see_the_first_and_the_last_frame_three_at_a_time(film, grey):
    pictures = [grey(32, 32, 100 + number) for number in range(40)]
    frames = film(*pictures)
    (run,) = runs(frames)
    seen = [(three.packed[0, 0].tolist(), [int(one[0, 0, 0]) for one in three.shown]) for three in glances(frames, run)]
    assert [levels for _, levels in seen] == [packed for packed, _ in seen]
    levels = [level for _, three in seen for level in three]
    assert levels[0] == 100 and levels[-1] == 139 and max(np.diff(levels)) <= 11
    assert run.level[0, 0].tolist() == [run.pack[0, 0, 0]] * 3


def test_the_second_look_sees_other_frames_than_the_first(film, grey):
    frames = film(*[grey(32, 32, 100 + number) for number in range(40)])
    (run,) = runs(frames)
    first, second = (
        [int(one[0, 0, 0]) for three in glances(frames, run, between=between) for one in three.shown] for between in (False, True)
    )
    assert not set(first) & set(second) and len(second) == len(first) - 1


def test_every_frame_is_seen_once_beside_two_far_away(film, grey):
    frames = film(*[grey(32, 32, 100 + number) for number in range(41)])
    (run,) = runs(frames)
    seen = [[int(one[0, 0, 0]) for one in three.shown] for three in every(frames, run)]
    assert sorted(level for three in seen for level in three) == list(range(100, 141))
    assert all(np.diff(three).min() >= 13 for three in seen)


@pytest.mark.parametrize(("speed", "still"), [(0, True), (1, False), (6, False)])
def test_text_that_moves_is_told_from_text_that_shows_for_a_while(film, grey, write, speed, still):
    pictures = [grey(120, 200) for _ in range(30)]
    noise = np.random.default_rng(1)
    for number in range(8, 20):
        write(pictures[number], "DOE", (60, 40 + speed * (number - 8)))
    pictures = [np.clip(picture + noise.normal(0, 4, picture.shape), 0, 255).astype(np.uint8) for picture in pictures]
    frames = film(*pictures)
    (run,) = runs(frames)
    (three,) = glances(frames, run)
    assert three.numbers[1] in range(8, 20)
    y = 40 + speed * (three.numbers[1] - 8)
    assert stands((55, y - 18, 105, y + 6), three, frames, run) is still
