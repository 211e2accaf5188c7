"""The profile table: its edition, its counts, and what the options make of a row."""

import csv
from collections import Counter

import pytest
from pydicom.tag import Tag

from deid.formats.dicom.make_profile import COLUMNS
from deid.formats.dicom.rules import OPTIONS, PROFILE, profile, rules
from deid.policy import Policy


def _rows():
    with PROFILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_the_table_holds_both_editions_and_every_basic_action():
    rows = _rows()
    assert Counter(row["edition"] for row in rows) == {"2024b": 621, "2026c": 35}
    old = Counter(row["basic"] for row in rows if row["edition"] == "2024b")
    assert old == {
        "X": 384, "D": 92, "U": 54, "Z": 42, "X/D": 22, "X/Z": 11, "X/Z/D": 8, "Z/D": 6, "X/Z/U*": 2,
    }  # fmt: skip
    assert tuple(rows[0]) == COLUMNS
    assert len({row["tag"] for row in rows}) == 656


def test_the_options_of_2024b_are_all_there():
    counts = {name: Counter(row[name] for row in _rows() if row["edition"] == "2024b" and row[name]) for name in OPTIONS}
    assert counts == {
        "retain_safe_private": {"C": 1},
        "retain_uids": {"K": 59},
        "retain_device": {"K": 46, "C": 11},
        "retain_institution": {"K": 10},
        "retain_patient_characteristics": {"K": 9, "C": 4},
        "retain_full_dates": {"K": 165},
        "retain_modified_dates": {"C": 165},
        "clean_descriptors": {"C": 125},
        "clean_structured_content": {"C": 3},
        "clean_graphics": {"C": 4},
    }


def test_rows_whose_options_are_our_own_say_so():
    assert all((row["derived"] == "derived") == (row["edition"] == "2026c") for row in _rows())


def test_every_option_is_a_field_of_the_policy():
    for name in OPTIONS:
        assert getattr(Policy().but(**{name: True}), name) is True


@pytest.mark.parametrize(
    ("keyword_tag", "vr", "options", "action"),
    [
        (0x00100010, "PN", {}, "Z"),
        (0x00100020, "LO", {}, "Z"),
        (0x0008103E, "LO", {}, "C"),
        (0x0008103E, "LO", {"clean_descriptors": False}, "X"),
        (0x00080020, "DA", {}, "Z"),
        (0x00080020, "DA", {"retain_modified_dates": True}, "C"),
        (0x00080020, "DA", {"retain_full_dates": True}, "K"),
        (0x00080020, "DA", {"retain_full_dates": True, "retain_modified_dates": True}, "C"),
        (0x00181203, "DT", {"retain_device": True}, "Z"),
        (0x00181000, "LO", {"retain_device": True}, "K"),
        (0x00080080, "LO", {"retain_institution": True}, "K"),
        (0x00100040, "CS", {"retain_patient_characteristics": True}, "C"),
        (0x0020000D, "UI", {}, "U"),
        (0x0020000D, "UI", {"retain_uids": True}, "K"),
        (0x00081140, "SQ", {}, "C"),
        (0x00080070, "LO", {}, "C"),
        (0x00280010, "US", {}, "K"),
        (0x00280010, "LO", {}, "X"),
        (0x00091001, "LO", {}, "X"),
        (0x60000022, "LO", {}, "X"),
        (0x50000022, "LO", {}, "X"),
        (0x00080000, "UL", {}, "X"),
        (0x00189999, "UN", {}, "X"),
        (0x00282000, "OB", {}, "X"),
    ],
)
def test_an_attribute_gets_the_action_of_table_and_policy(keyword_tag, vr, options, action):
    assert rules(Policy().but(**options), strict=False).action(Tag(keyword_tag), vr) == action


def test_an_object_that_demands_values_gets_dummies_instead_of_nothing():
    assert rules(Policy(), strict=True).action(Tag(0x00080023), "DA") == "D"
    assert rules(Policy(), strict=False).action(Tag(0x00080023), "DA") == "Z"


def test_no_row_names_an_option_that_the_policy_lacks():
    assert all(set(row.options) <= set(OPTIONS) for row in profile().values())
