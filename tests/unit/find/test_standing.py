from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deid.find import find_text, look_again
from deid.find.geometry import corners, outwards
from deid.find.standing import Standing, untouched
from deid.policy import Policy
from deid.types import PhiText, Region, TextLine

QUAD = ((100, 40), (220, 40), (220, 60), (100, 60))
LINE = TextLine(PhiText("LAO 30 CRA 15"), QUAD, (), 0.99, (0, 1), "rapidocr:plain")


@pytest.mark.parametrize(
    ("sight", "same"),
    [
        ((102, 41, 217, 59), True),
        ((100, 40, 160, 60), False),
        ((100, 40, 300, 60), False),
        ((100, 40, 220, 84), False),
        ((100, 52, 220, 72), False),
    ],
)
def test_a_sight_is_a_line_only_as_long_as_thick_and_where_it_was(sight, same):
    assert (Standing([LINE]).seen_again(corners(Region.from_box(sight, (0, 1)).polygon)) is LINE) is same


def test_a_line_that_leans_otherwise_is_another():
    points = corners(QUAD)
    lean = np.radians(12)
    turn = np.array(((np.cos(lean), -np.sin(lean)), (np.sin(lean), np.cos(lean))))
    turned = (points - points.mean(axis=0)) @ turn.T + points.mean(axis=0)
    assert Standing([LINE]).seen_again(corners(outwards(turned))) is None


@pytest.mark.parametrize(
    ("box", "more", "block"),
    [
        ((18, 8, 172, 98), "", True),
        ((18, 8, 172, 98), "DOE^JANE", False),
        ((18, 8, 172, 40), "", False),
    ],
)
def test_a_box_around_standing_lines_is_a_block_unless_other_ink_is_in_it(grey, write, box, more, block):
    picture = grey(120, 260)
    lines = []
    for row, text in enumerate(("TR 4500 ms", "TE 92 ms")):
        write(picture, text, (24, 30 + 30 * row))
        quad = tuple(Region.from_box((20, 12 + 30 * row, 170, 38 + 30 * row), (0, 1)).polygon)
        lines.append(replace(LINE, text=PhiText(text), quad=quad))
    if more:
        write(picture, more, (24, 90))
    assert Standing(lines).is_block(corners(Region.from_box(box, (0, 1)).polygon), picture) is block


def test_unsure_unread_and_masked_lines_are_read_again():
    others = (replace(LINE, confidence=0.94), replace(LINE, text=PhiText("")))
    assert untouched((LINE, *others), ()) == [LINE]
    assert untouched((LINE,), [Region.from_box((210, 50, 260, 90), (0, 1))]) == []
    assert untouched((LINE,), [Region.from_box((100, 60, 220, 80), (0, 1))]) == [LINE]


def test_the_second_look_reads_what_the_first_did_not(rapidocr, instance, grey, write):
    picture = grey(160, 420)
    write(picture, "LAO 30 CRA 15", (30, 40))
    first = find_text(instance(picture), rapidocr, Policy()).lines
    (line,) = (replace(line, text=PhiText("as the first look read it")) for line in first)
    write(picture, "DOE^JANE", (30, 110))
    texts = [line.text.reveal() for line in look_again(instance(picture), rapidocr, Policy(), (), photo=False, read=[line]).lines]
    assert sorted(texts) == ["DOE^JANE", "as the first look read it"]
