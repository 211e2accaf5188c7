"""The caption check: what it flags, what it proposes, what it leaves alone, and what it asks."""

from __future__ import annotations

from itertools import pairwise

import pytest

from deid.phi.captions import check_caption
from deid.policy import Policy
from deid.types import PhiCategory


def flagged(text, **policy):
    return {text[flag.start : flag.end]: flag for flag in check_caption(text, Policy(**policy)).flags}


@pytest.mark.parametrize(
    ("caption", "wording"),
    [
        ("An 86-year-old man with a left M1 occlusion.", "An elderly man over 75 with a left M1 occlusion."),
        ("67M with SAH last night at St. Mary's.", "An older man with SAH at our centre."),
        ("A 45 yo F with SAH.", "A middle-aged woman with SAH."),
        ("A sixty-two-year-old woman, coiled.", "A middle-aged woman, coiled."),
        ("6-month-old with a fistula.", "An infant with a fistula."),
        ("Yesterday we coiled this one.", "We coiled this one."),
        ("Thanks to Dr. Jane Doe (@janedoe) for help.", "Thanks to a colleague for help."),
        ("Seen on March 3rd, 2024 with headache.", "Seen in 2024 with headache."),
        ("The case was done in Boston, MA, by us.", "The case was done, by us."),
    ],
)
def test_a_wording_that_says_as_much_as_may_be_said(caption, wording):
    reworded = check_caption(caption, Policy()).wording
    assert reworded[:1].upper() + reworded[1:] == wording


@pytest.mark.parametrize(
    ("caption", "words", "category"),
    [
        ("Patient J.D. with SAH", "J.D.", PhiCategory.NAME),
        ("DOE^JANE on the screen", "DOE^JANE", PhiCategory.NAME),
        ("Photo by Maria Gonzales here", "Maria Gonzales", PhiCategory.NAME),
        ("MRN 0048271, coiled", "MRN 0048271", PhiCategory.MRN),
        ("DOB 12/03/1950, coiled", "DOB 12/03/1950", PhiCategory.DATE),
        ("more at www.example.org/case now", "www.example.org/case", PhiCategory.NETWORK),
        ("write to jo@example.org please", "jo@example.org", PhiCategory.EMAIL),
        ("done at 3 am by us", "at 3 am", PhiCategory.TIME),
        ("in room 12 of ours", "room 12", PhiCategory.LOCATION),
        ("two days ago", "two days ago", PhiCategory.DATE),
        ("Treated at Riverside Methodist Hospital by us", "Riverside Methodist Hospital", PhiCategory.INSTITUTION),
    ],
)
def test_what_is_flagged_and_as_what(caption, words, category):
    flags = flagged(caption)
    assert words in flags
    assert flags[words].category is category
    assert flags[words].question == ""


@pytest.mark.parametrize(
    "caption",
    [
        "Stable at 5 years follow-up, no change after 24 hours.",
        "The Circle of Willis on a 3D rotational angiogram.",
        "A 5 mm aneurysm, 7 x 4 mm stent, 0.071 inch catheter, 12.5 f/s, WFNS 2, Hunt and Hess 3.",
        "Published as doi.org/10.1136/neurintsurg-2020-000001, trial NCT03805308.",
        "Treated in Texas and in Germany.",
        "Ruptured Basilar Tip Aneurysm Treated With Woven EndoBridge",
        "",
    ],
)
def test_medicine_is_left_alone(caption):
    report = check_caption(caption, Policy())
    assert report.clean
    assert report.wording == caption
    assert report.questions == ()


@pytest.mark.parametrize(
    "caption", ["Our mayor had a stroke.", "Note the IVC filter.", "Youngest patient so far.", "Identical twins."]
)
def test_what_only_the_author_can_judge_is_asked_and_not_reworded(caption):
    report = check_caption(caption, Policy())
    assert len(report.questions) == 1
    assert report.questions[0].endswith((".", "?"))
    assert report.wording == caption
    assert not report.clean


def test_flags_lie_in_order_and_apart():
    text = "Dr. Jane Doe of Mayo Clinic, Rochester, saw the 91-year-old woman on 12/03/2023 at 3 am, MRN 123456."
    flags = check_caption(text, Policy()).flags
    assert all(one.end <= two.start for one, two in pairwise(flags))
    assert all(0 <= flag.start < flag.end <= len(text) for flag in flags)
    assert len(flags) >= 6


def test_the_policy_may_keep_staff_institutions_and_ages_up_to_89():
    text = "Dr. Jane Doe of Riverside Hospital coiled a 67-year-old man and a 91-year-old woman."
    kept = flagged(text, redact_staff=False, redact_institution=False, redact_ages="over-89")
    assert list(kept) == ["a 91-year-old woman"]
    assert len(flagged(text)) == 4


def test_reports_print_without_the_text():
    report = check_caption("Mr. Henderson, 67M", Policy())
    assert "Henderson" not in repr(report)


def test_the_proposed_wording_raises_no_new_flag():
    text = "67M seen last night at St. Mary's by Dr. Jane Doe, MRN 1234567, in Boston."
    assert check_caption(check_caption(text, Policy()).wording, Policy()).flags == ()


def test_hostile_texts_end_soon():
    for text in ("A " * 3000, "a" * 20000, "A-" * 4000, "1 " * 5000, "@" * 5000, "." * 20000):
        check_caption(text, Policy())
