"""Rooms and stations in tables of patients, called by medical words alone."""

from __future__ import annotations

import pytest

from deid.phi import load_classifier
from deid.policy import Policy
from deid.types import KnownValue, PhiText, TextLine

NAMES = ["Abernathy, Quincy", "Lundgren, Elsa", "Kovacs, Istvan", "Petrosyan, Anahit", "Mukherjee, Sanjay", "Holloway, Tess"]
NUMBERS = ["4471190", "0931188", "2207719", "8812043", "5510927", "1188204"]
PROCEDURES = ["Cerebral angiogram", "Carotid stent", "Thrombectomy", "AVM embolization", "Spinal DSA", "Carotid stent"]


def _line(text, x, y, turn=0.0):
    width, height = 8 * len(text), 16
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    quad = tuple((round(px - turn * py), round(py + turn * px)) for px, py in corners)
    return TextLine(PhiText(text), quad, (), 0.97, (0, 1), "x")


def _table(*columns, turn=0.0):
    return [
        _line(text, 40 + 260 * number, 60 + 28 * row, turn)
        for number, column in enumerate(columns)
        for row, text in enumerate(column)
    ]


POSTING = Policy()


def _gone(lines, policy=POSTING):
    findings = load_classifier(policy).classify(lines, (), policy)
    return {finding.text.reveal() for finding in findings if finding.text}


@pytest.mark.parametrize(
    "rooms",
    [
        ["Neuro Biplane", "Vascular", "Neuro Biplane", "Vascular", "Neuro Biplane", "Neuro Biplane"],
        ["Neuro 1", "Neuro 2", "Cardiac 1", "Neuro 1", "Neuro 2", "Cardiac 3"],
        ["Angio A", "Angio B", "Angio A", "CT 2", "CT 1", "Angio B"],
        ["Biplane North", "Biplane South", "Biplane North", "MR West", "MR East", "MR East"],
        ["Interventional", "Hybrid", "Interventional", "Interventional", "Hybrid", "Hybrid"],
    ],
)
@pytest.mark.parametrize("turn", [0.0, 0.07])
def test_a_column_of_rooms_goes_without_a_heading(rooms, turn):
    assert set(rooms) <= _gone(_table(NAMES, NUMBERS, PROCEDURES, rooms, turn=turn))


@pytest.mark.parametrize(
    "column",
    [
        PROCEDURES,
        ["Completed", "Arrived", "Completed", "In progress", "Scheduled", "Scheduled"],
        ["XA", "CT", "XA", "XA", "MR", "XA"],
        ["F", "M", "F", "F", "M", "M"],
        ["Left ICA", "Right ICA", "Left ICA", "Left MCA", "Basilar", "Left ICA"],
        ["LAO 30", "LAO 30", "RAO 20", "LAO 30", "RAO 20", "AP 0"],
        ["Routine", "Stat", "Routine", "Routine", "Urgent", "Routine"],
        ["Geplant", "Fertig", "Geplant", "Geplant", "Fertig", "Befundet"],
    ],
)
def test_what_is_done_and_how_far_it_is_stays(column):
    assert not set(column) & _gone(_table(NAMES, NUMBERS, column))


def test_a_heading_that_says_what_a_column_holds_keeps_it():
    lines = _table(["Patient", *NAMES], ["MRN", *NUMBERS], ["Protocol", *["Neuro Biplane", "Vascular"] * 3])
    assert not {"Neuro Biplane", "Vascular"} & _gone(lines)


@pytest.mark.parametrize("heading", ["Room", "Station", "Location"])
def test_whatever_stands_under_room_or_station_goes(heading):
    rooms = ["Neuro Biplane", "Vascular", "Neuro Biplane", "Vascular", "Hybrid", "Vascular"]
    assert set(rooms) <= _gone(_table(["Patient", *NAMES], [heading, *rooms]))


def test_technical_words_beside_nobody_are_no_table():
    menu = ["Window", "Zoom", "Window", "Pan", "Zoom", "Pan"]
    assert not set(menu) & _gone(_table(PROCEDURES, menu))


def test_a_policy_that_keeps_institutions_keeps_rooms():
    rooms = ["Neuro Biplane", "Vascular"] * 3
    assert not set(rooms) & _gone(_table(NAMES, NUMBERS, rooms), Policy(redact_institution=False))


def test_a_known_word_frees_no_number_of_a_room():
    lines = _table(NAMES, NUMBERS, ["Neuro 2"] * 6)
    known = (KnownValue("PatientName", PhiText("Neuro")),)
    findings = load_classifier(POSTING).classify(lines, known, POSTING)
    assert sum(finding.text.reveal() == "Neuro 2" for finding in findings if finding.text) == 6
