"""What goes and what stays of one line."""

from __future__ import annotations

import pytest

from deid.phi import classify_text
from deid.policy import Policy
from deid.types import PhiCategory


def left_over(text, policy=None, **context):
    """The text with what goes replaced by spaces."""
    chars = list(text)
    for span in classify_text(text, policy=policy or Policy(), **context):
        chars[span.start : span.end] = " " * (span.end - span.start)
    return " ".join("".join(chars).split())


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("DOE^JANE  067Y  LAO 30", "LAO 30"),
        ("67Y F  LAO 30", "F LAO 30"),
        ("SMITH*JOHN", ""),
        ("Circle of Willis", "Circle of Willis"),
        ("Judkins", "Judkins"),
        ("LAO 30 CRA 15", "LAO 30 CRA 15"),
        ("12/64", "12/64"),
        ("512 x 512", "512 x 512"),
        ("Philips Azurion", "Philips Azurion"),
        ("M1", "M1"),
        ("vor 3 Tagen", ""),
        ("Dr. Willis", ""),
        ("Patient Name: Rose Mark", "Patient Name:"),
        ("Name: Cobra LAO 30", "Name: LAO 30"),
        ("ID 722626 -780", "ID"),
        ("D0B 12.03.1956", "D0B"),
        ("Fluoro time 12:34", "Fluoro time 12:34"),
        ("Circle of Willis 12.03.1956", "Circle of Willis"),
    ],
)
def test_line(text, stays):
    assert left_over(text) == stays


def test_labels_beside_and_above_claim_what_would_stay():
    assert left_over("Rose", above="Patient Name") == ""
    assert left_over("4711", left="MRN:") == ""
    assert left_over("4711") == "4711"


def test_a_known_value_is_found_as_an_engine_reads_it():
    assert left_over("CT HEAD for D0E JANE", known=("DOE^JANE",)) == "CT HEAD for"


@pytest.mark.parametrize(
    "name", ["Rossi", "CORTES", "MILLER", "Martin", "Nelson", "Green", "KLEIN", "Dixon", "Rao", "Ma", "Thi", "Marin", "Young"]
)
@pytest.mark.parametrize("line", ["CT HEAD {}", "{} LAO 30", "3D {}", "Left ICA {} run"])
def test_a_common_surname_goes_from_a_technical_line_too(line, name):
    text = line.format(name)
    (span,) = [span for span in classify_text(text, policy=Policy()) if span.category == "name"][:1]
    assert span.start <= text.index(name)
    assert span.end >= text.index(name) + len(name)


def test_the_sex_behind_carets_stays_and_a_second_initial_goes():
    assert left_over("DOE^JANE F").split() == ["F"]
    assert left_over("DOE^JANE^F").split() == []
    assert "F" not in left_over("DOE, JANE F")


def test_a_clock_behind_a_technical_label_is_a_duration():
    assert classify_text("00:12:34", policy=Policy(), left="Fluoro time") == ()
    assert [span.category for span in classify_text("00:12:34", policy=Policy(), left="Study time")] == [PhiCategory.TIME]
    assert classify_text("00:12:34", policy=Policy(), left="Fluoro time", known=("00:12:34",))


@pytest.mark.parametrize("text", ["MERCY GENERAL CVL", "Sinai General Hospital", "02/1 1/1949"])
def test_a_line_goes_whole(text):
    spans = classify_text(text, policy=Policy())
    assert "".join(text[span.start : span.end] for span in spans).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("text", ["CT General", "Abdomen General 2.0", "EP study", "SP H12.3", "SOMATOM Force"])
def test_a_technical_line_stays(text):
    assert classify_text(text, policy=Policy()) == ()
