"""What stays visible after a plan."""

from deid.leftover import kept_text
from deid.types import HeaderCut, HeaderText, PhiCategory, PhiText, Plan, Region, TextLine, Word


def quad(x0, x1, y0=0, y1=10):
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def line(*words, frames=(0, 1)):
    made = tuple(Word(PhiText(text), quad(x, x + 10), 0) for text, x in words)
    text = " ".join(text for text, _ in words)
    return TextLine(PhiText(text), quad(0, 100), made, 0.9, frames, "still")


def left(lines, masks=(), header=(), cuts=()):
    return [text.reveal() for text in kept_text(lines, header, Plan(masks, cuts))]


def test_words_under_a_mask_are_gone_and_their_neighbours_stay():
    assert left([line(("DOE", 0), ("LAO", 20), ("30", 40))], [Region.from_box((0, 0, 12, 10), (0, 1))]) == ["LAO 30"]


def test_a_mask_on_other_frames_hides_nothing():
    assert left([line(("DOE", 0), frames=(0, 5))], [Region.from_box((0, 0, 12, 10), (0, 4))]) == ["DOE"]


def test_a_tilted_mask_counts_by_its_polygon_not_by_its_box():
    triangle = Region(((0, 0), (0, 40), (5, 40)), (0, 1))
    assert left([line(("DOE", 20))], [triangle]) == ["DOE"]


def test_cut_header_text_is_gone():
    header = [HeaderText("StudyDescription", PhiText("CT of DOE head"))]
    cuts = (HeaderCut("StudyDescription", 6, 9, PhiCategory.NAME, "known"), HeaderCut("Other", 0, 2, PhiCategory.NAME, "known"))
    assert left([], header=header, cuts=cuts) == ["CT of   head"]


def test_lines_without_words_and_without_text():
    bare = TextLine(PhiText("ROE"), quad(0, 30), (), 0.9, (0, 1), "still")
    unread = TextLine(PhiText(""), quad(0, 30), (), 0.1, (0, 1), "still")
    assert left([bare, unread]) == ["ROE"]
    assert left([bare], [Region.from_box((0, 0, 30, 10), (0, 1))]) == []
