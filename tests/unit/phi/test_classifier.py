"""Lines of a picture: neighbours explain each other, findings cover words and no more."""

from __future__ import annotations

import math

import pytest

from deid.phi import collect, load_classifier
from deid.policy import Policy
from deid.types import KnownValue, PhiCategory, PhiText, TextLine, Word


def line(text, x, y, *, height=20, angle=0.0, confidence=1.0, frames=(0, 1)):
    """A line of a fixed-width font, turned around the origin."""
    wide = height * 0.6

    def quad(first, past):
        corners = [(x + first * wide, y), (x + past * wide, y), (x + past * wide, y + height), (x + first * wide, y + height)]
        cos, sin = math.cos(angle), math.sin(angle)
        return tuple((round(px * cos - py * sin), round(px * sin + py * cos)) for px, py in corners)

    words, past = [], 0
    for part in text.split():
        start = text.index(part, past)
        past = start + len(part)
        words.append(Word(PhiText(part), quad(start, past), start))
    return TextLine(PhiText(text), quad(0, len(text)), tuple(words), confidence, frames, "test")


def findings(lines, known=(), policy=None):
    policy = policy or Policy()
    return load_classifier(policy).classify(lines, known, policy)


def gone(lines, known=(), policy=None):
    return sorted(finding.text.reveal() for finding in findings(lines, known, policy))


def test_a_finding_covers_its_words_and_not_the_line():
    mixed = line("067Y LAO 30", 100, 50)
    (finding,) = findings([mixed])
    assert finding.text.reveal() == "067Y"
    assert finding.region.box == (100, 50, 148, 70)
    assert finding.region.frames == (0, 1)


def test_words_that_an_engine_joined_are_cut_with_a_margin():
    words = "067Y LAO 30"
    joined = TextLine(
        PhiText(words),
        ((0, 0), (220, 0), (220, 20), (0, 20)),
        (Word(PhiText(words), ((0, 0), (220, 0), (220, 20), (0, 20)), 0),),
        1.0,
        (0, 1),
        "test",
    )
    (finding,) = findings([joined])
    x0, _, x1, _ = finding.region.box
    assert x0 == 0
    assert 80 < x1 < 130


def test_the_columns_of_a_worklist():
    rows = [
        [line("Patient", 10, 0), line("ID", 300, 0), line("Study date", 420, 0), line("Status", 640, 0)],
        [line("Rose, Mark", 10, 30), line("4711", 300, 30), line("3/4", 420, 30), line("Completed", 640, 30)],
        [line("Cobra, Page", 10, 60), line("4712", 300, 60), line("5/6", 420, 60), line("Scheduled", 640, 60)],
    ]
    cells = [cell for row in rows for cell in row]
    assert gone(cells) == sorted(["Rose, Mark", "4711", "3/4", "Cobra, Page", "4712", "5/6"])


@pytest.mark.parametrize("degrees", [0, 12, -9, 90, 178])
def test_key_and_value_in_a_tilted_photo(degrees):
    angle = math.radians(degrees)
    lines = [
        line(text, x, y, angle=angle) for text, x, y in (("Name", 10, 0), ("Rose", 140, 0), ("Zoom", 10, 30), ("200", 140, 30))
    ]
    assert gone(lines) == ["Rose"]


def test_a_value_stands_under_its_label():
    assert gone([line("Patient name", 10, 0), line("Mark", 10, 28), line("Zoom", 400, 0), line("Page", 400, 200)]) == [
        "Mark",
        "Page",
    ]
    assert gone([line("MRN", 10, 0), line("4711", 10, 26)]) == ["4711"]


def test_a_label_with_a_value_beside_it_does_not_claim_what_is_below():
    lines = [line("MRN", 10, 0), line("471199", 120, 0), line("120", 10, 28), line("kV", 120, 28)]
    assert gone(lines) == ["471199"]


def test_what_was_found_once_is_sought_everywhere():
    lines = [line("Name: Rose Weiss", 10, 0), line("Weiss LAO 30", 10, 300)]
    assert gone(lines) == ["Rose Weiss", "Weiss"]
    (again,) = [finding for finding in findings(lines) if finding.text.reveal() == "Weiss"]
    assert (again.category, again.evidence) == (PhiCategory.NAME, "known:CaseText")


def test_values_with_labels_are_worth_seeking_in_siblings():
    lines = [line("Patient: DOE JANE", 10, 0), line("MRN 471199", 10, 40), line("Unknownword", 10, 80)]
    values = collect(lines, findings(lines))
    assert {(value.keyword, value.value.reveal()) for value in values} == {
        ("CaseText.name", "DOE JANE"),
        ("CaseText.mrn", "471199"),
    }


def test_known_values_of_the_header_name_their_keyword():
    (finding,) = findings([line("D0E LAO 30", 0, 0)], [KnownValue("PatientName", PhiText("DOE^JANE"))])
    assert (finding.evidence, finding.category) == ("known:PatientName", PhiCategory.NAME)


def test_what_nobody_could_read_goes_whole():
    unread = line("", 0, 0)
    guessed = line("LAO 30", 0, 50, confidence=0.1)
    doubtful = line("IAQ 3Q", 0, 100, confidence=0.4)
    fair = line("LAO 30", 0, 150, confidence=0.4)
    found = findings([unread, guessed, doubtful, fair])
    assert [finding.evidence for finding in found] == ["unread"] * 3
    assert found[1].region.polygon == guessed.quad


def test_paranoid_masks_every_line_whole():
    lines = [line("LAO 30", 0, 0), line("CT HEAD", 0, 40)]
    found = findings(lines, policy=Policy(mask_all_text=True))
    assert [finding.evidence for finding in found] == ["mask-all-text"] * 2


@pytest.mark.parametrize("angle", [0.0, 0.4, math.pi / 2])
def test_paranoid_leaves_the_wide_gaps_between_the_cells_of_a_line(angle):
    row = line("LAO 30     CT HEAD", 0, 0, angle=angle)
    found = findings([row], policy=Policy(mask_all_text=True))
    assert [finding.text.reveal() for finding in found] == ["LAO 30", "CT HEAD"]
    first, last = (finding.region.polygon for finding in found)
    assert set(row.words[0].quad + row.words[1].quad) >= set(first) and set(row.words[2].quad + row.words[3].quad) >= set(last)


def test_paranoid_masks_words_that_meet_in_one_piece():
    words = tuple(Word(PhiText("ab"), ((x, 0), (x + 50, 0), (x + 50, 20), (x, 20)), at) for x, at in ((0, 0), (50, 3), (108, 6)))
    row = TextLine(PhiText("ab ab ab"), ((0, 0), (158, 0), (158, 20), (0, 20)), words, 0.99, (0, 1), "test")
    (finding,) = findings([row], policy=Policy(mask_all_text=True))
    assert finding.region.box == (0, 0, 158, 20)


def test_lines_of_other_frames_keep_their_frames():
    (finding,) = findings([line("DOE^JANE", 0, 0, frames=(3, 9))])
    assert finding.region.frames == (3, 9)


def test_nothing_of_the_picture_shows_in_a_finding():
    (finding,) = findings([line("DOE^JANE", 0, 0)])
    assert "DOE" not in repr(finding)


@pytest.mark.parametrize(
    ("text", "width", "goes"), [("A4", 400, True), ("DSA", 400, True), ("DSA", 70, False), ("LAO 30 CRAN 10", 260, False)]
)
def test_a_long_line_of_which_little_was_read_goes_whole(text, width, goes):
    wide = TextLine(PhiText(text), ((10, 10), (10 + width, 10), (10 + width, 30), (10, 30)), (), 0.95, (0, 1), "x")
    found = findings([wide])
    assert bool(found) is goes
    assert all(finding.region.polygon == wide.quad for finding in found)
