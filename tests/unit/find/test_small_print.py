import pytest

from deid.find import has_unread_print
from deid.types import PhiText, Reading, TextLine


def _line(text, confidence, height=14):
    return TextLine(PhiText(text), ((0, 0), (80, 0), (80, height), (0, height)), (), confidence, (0, 1), "x")


GOOD, UNREAD, GUESSED, TALL = _line("DOE", 0.9), _line("", 0.0), _line("D0", 0.85), _line("", 0.0, 40)


@pytest.mark.parametrize(
    ("photo", "lines", "wanted"),
    [
        (True, [GOOD, UNREAD, *[GUESSED] * 24], True),
        (True, [GOOD, UNREAD, *[GUESSED] * 23], False),
        (True, [TALL] * 99, False),
        (True, [GOOD] * 99, False),
        (False, [UNREAD] * 99, False),
    ],
)
def test_a_photo_with_many_small_badly_read_lines_has_more_of_them(photo, lines, wanted):
    assert has_unread_print(Reading(tuple(lines), (), photo)) is wanted
