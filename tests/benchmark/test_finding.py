from __future__ import annotations

import numpy as np
import pytest

from deid.find import load_engine
from tests.benchmark import films
from tests.benchmark.finding import filmed, measure, score
from tests.benchmark.finding_pictures import SUITES, Picture, corpus


@pytest.mark.parametrize("suite", SUITES)
def test_every_suite_draws_the_same_again(suite):
    first, again = (next(corpus("tune", 5, 1, [suite])) for _ in range(2))
    assert np.array_equal(first.pixels, again.pixels) and first.pixels.dtype == np.uint8
    assert bool(first.lines) is (suite not in ("free", "ghosts"))


@pytest.mark.parametrize("kind", films.KINDS)
def test_every_kind_of_film_has_its_text(kind):
    film = films.film("tune", kind, 0, count=48, side=256)
    assert film.frames.shape == (48, 256, 256, 3)
    assert all(0 <= line.frames[0] < line.frames[1] <= 48 for line in film.lines)


def test_a_line_counts_only_where_its_ink_is_covered():
    picture = next(corpus("tune", 5, 1, ["tiny"]))
    everything = score(picture, np.ones(picture.pixels.shape[:2], bool))
    nothing = score(picture, np.zeros(picture.pixels.shape[:2], bool))
    assert everything["all_found"] == everything["all"] == len(picture.lines) and everything["false"] == everything["free"]
    assert nothing["all_found"] == nothing["false"] == 0


@pytest.mark.slow
def test_the_whole_measure_of_a_picture_and_a_film():
    engine = load_engine("rapidocr")
    whole = next(corpus("tune", 5, 1, ["frames"]))
    count = measure(Picture(whole.name, whole.suite, whole.pixels, whole.lines), engine)
    assert count["legible_found"] == count["legible"] > 0 and count["first"] > 0 and count["again"] > 0
    count = filmed("tune", "brief", 0, engine)
    assert count["all_found"] == count["all"] > 0 and count["detection"] < count["cpu"]
