from __future__ import annotations

import numpy as np
import pytest

from deid.find import find_text, look_again
from deid.find.passes import AT_SCREENS
from deid.policy import Policy
from deid.protocols import TextBox
from deid.types import PhiText, Region, TextLine
from tests.engines import Still, Wild


def covers(quad, box):
    xs, ys = [x for x, _ in quad], [y for _, y in quad]
    return min(xs) <= box[0] and min(ys) <= box[1] and max(xs) >= box[2] and max(ys) >= box[3]


def test_a_line_is_read_and_each_word_covers_its_own_ink_only(rapidocr, instance, grey, write):
    picture = grey()
    _, y0, x1, y1 = write(picture, "DOE^JANE LAO", (20, 50))
    left = write(grey(), "DOE^JANE", (20, 50))
    right = (x1 - (write(grey(), "LAO", (20, 50))[2] - 20), y0, x1, y1)
    (line,) = find_text(instance(picture), rapidocr, Policy(effort="fast")).lines
    assert line.text.reveal() == "DOE^JANE LAO"
    first, second = line.words
    assert covers(first.quad, left) and covers(second.quad, right)
    assert max(x for x, _ in first.quad) <= right[0] and min(x for x, _ in second.quad) >= left[2]
    assert line.text.reveal()[second.start :] == "LAO"


def test_words_end_beside_their_ink_in_every_look(rapidocr, instance, grey, write, monkeypatch):
    picture, other = grey(), grey()
    x0, y0, x1, y1 = write(picture, "DOE^JANE", (60, 50))
    other[40, x1 + 8] = 255

    def ended(*looks):
        shown = instance(picture)
        monkeypatch.setattr(type(shown.frames), "looks", lambda frames, index: looks)
        (line,) = find_text(shown, rapidocr, Policy(effort="fast")).lines
        return Region(line.words[0].quad, (0, 1)).box

    left, top, right, bottom = ended(picture)
    assert x0 - 8 < left < x0 and x1 < right < x1 + 8
    assert y0 - 3 < top < y0 and y1 < bottom < y1 + 3
    assert ended(picture, other)[2] > x1 + 8 >= right


def test_the_words_of_a_run_keep_their_growth(rapidocr, instance, grey, write):
    picture = grey()
    ink = write(picture, "DOE^JANE", (60, 50))
    (line,) = find_text(instance(*[picture] * 3, cine=True), rapidocr, Policy(effort="fast")).lines
    assert Region(line.words[0].quad, (0, 1)).box == Region(line.quad, (0, 1)).box
    assert covers(line.quad, (ink[0] - 3, ink[1] - 2, ink[2] + 3, ink[3] + 2))


def test_text_that_moves_down_a_run_is_covered_wherever_it_comes(rapidocr, instance, grey, write):
    pictures = [grey(200, 300) for _ in range(20)]
    places = [write(picture, "DOE^JANE", (60, 30 + 8 * number)) for number, picture in enumerate(pictures)]
    lines = find_text(instance(*pictures, cine=True), rapidocr, Policy()).lines
    assert all(line.frames == (0, 20) for line in lines)
    assert all(any(covers(line.quad, place) for line in lines) for place in places)


def test_the_slides_of_an_animation_are_pages(rapidocr, instance, grey, write):
    words = ["DOE JANE", "MRN 4711", "LAO 30", "Findings", "No bleeding", "DOB 1956", "Smith, John", "Run 12"]
    slides = [grey(220, 300, 240) for _ in range(6)]
    for number, slide in enumerate(slides):
        for row, word in enumerate(words[number:] + words[:number]):
            write(slide, word, (12 + 9 * number, 22 + 25 * row + 5 * (number % 3)), scale=0.5 + 0.02 * number, colour=(20, 20, 20))
    lines = find_text(instance(*slides, cine=True), rapidocr, Policy()).lines
    assert all(line.frames[1] - line.frames[0] == 1 for line in lines)
    read = [[line.text.reveal() for line in lines if line.frames[0] == number] for number in range(6)]
    assert all(len(texts) == 8 and {"Findings", "DOE JANE"} <= set(texts) for texts in read)


def test_pages_keep_their_own_lines(rapidocr, instance, grey, write):
    first, second = grey(), grey()
    write(second, "MRN 4711", (20, 60))
    reading = find_text(instance(first, second), rapidocr, Policy(effort="fast"))
    assert [line.frames for line in reading.lines] == [(1, 2)]


def test_text_on_a_few_frames_of_a_run_goes_for_the_whole_run(rapidocr, instance, grey, write):
    pictures = [grey() for _ in range(12)]
    for picture in pictures[5:8]:
        write(picture, "MRN 4711", (20, 60), colour=(230, 230, 230))
    reading = find_text(instance(*pictures, cine=True), rapidocr, Policy(effort="fast"))
    assert reading.lines and all(line.frames == (0, 12) for line in reading.lines)


def test_the_second_look_sees_what_was_left(rapidocr, instance, grey, write):
    picture = grey()
    ink = write(picture, "DOE^JANE 12/03/1957", (20, 60))
    reading = look_again(instance(picture), rapidocr, Policy(), (), photo=False)
    assert any(covers(line.quad, ink) for line in reading.lines)
    assert not set(reading.passes) & {by.name for by in AT_SCREENS}


def test_lettering_as_large_as_the_picture_is_seen_by_both_looks(rapidocr, instance, grey, write):
    picture = grey(400, 500)
    ink = write(picture, "JD 57", (20, 290), scale=6, colour=(230, 230, 230), thickness=18)
    assert ink[3] - ink[1] > 120
    for reading in (
        find_text(instance(picture), rapidocr, Policy()),
        look_again(instance(picture), rapidocr, Policy(), (), photo=False),
    ):
        assert any(covers(line.quad, ink) for line in reading.lines)


@pytest.mark.parametrize(("said", "kept"), [("DDDDDDDD", 0), ("accccccac", 0), ("8", 0), ("SMITH", 1), ("LILLI", 1)])
def test_one_character_again_and_again_in_a_coarse_look_is_no_lettering(instance, said, kept):
    class Coarse(Still):
        """Sees one box where a picture is shown small, and reads the same there."""

        def detect(self, image):
            return (TextBox(((10, 10), (90, 10), (90, 40), (10, 40)), 0.9),) if image.shape[1] == 100 else ()

        def read_text(self, image, quads):
            return tuple(TextLine(PhiText(said), quad, (), 0.9, (0, 1), self.name) for quad in quads)

    picture = np.random.default_rng(1).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    assert len(find_text(instance(picture), Coarse(), Policy()).lines) == kept


def test_a_picture_without_text_stays_untouched(rapidocr, instance):
    noise = np.random.default_rng(3).normal(120, 10, (160, 200, 1)).clip(0, 255).astype(np.uint8)
    assert find_text(instance(np.repeat(noise, 3, axis=2)), rapidocr, Policy(effort="fast")).lines == ()


def test_boxes_beyond_the_picture_do_no_harm(instance, grey):
    reading = find_text(instance(grey()), Wild(), Policy())
    for line in reading.lines:
        assert all(0 <= x <= 400 and 0 <= y <= 120 for x, y in line.quad)
