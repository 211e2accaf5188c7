"""Each switch of the policy does what it says, and no more."""

from __future__ import annotations

import pytest

from deid.errors import UsageError
from deid.phi import classify_text, load_classifier
from deid.policy import Policy, load_policy


def gone(text, policy=None, **context):
    return [text[span.start : span.end] for span in classify_text(text, policy=policy or Policy(), **context)]


@pytest.mark.parametrize(
    ("switches", "text", "before", "after"),
    [
        ({"redact_years": True}, "DSA 2019", [], ["2019"]),
        ({"redact_sex": True}, "067Y F LAO 30", ["067Y"], ["067Y", "F"]),
        ({"redact_sex": True}, "Sex: male", [], ["male"]),
        ({"redact_clock_times": False}, "LAO 30 14:33", ["14:33"], []),
        ({"redact_ages": "over-89"}, "067Y LAO 30", ["067Y"], []),
        ({"redact_ages": "over-89"}, "091Y LAO 30", ["091Y"], ["091Y"]),
        ({"redact_staff": False}, "Operator: Long", ["Long"], []),
        ({"redact_institution": False}, "Room 12", ["Room 12"], []),
        ({"redact_devices": False}, "S/N: 4711", ["4711"], []),
    ],
)
def test_a_switch(switches, text, before, after):
    assert gone(text) == before
    assert gone(text, Policy(**switches)) == after


def test_a_clock_time_beside_a_date_goes_whatever_the_switch_says():
    assert gone("12.03.2024 LAO 30 14:33", Policy(redact_clock_times=False)) == ["12.03.2024", "14:33"]


def test_unsure_words_stay_where_the_policy_keeps_them_and_names_go():
    keep = Policy(unsure="keep")
    assert gone("Xyzqography") == ["Xyzqography"]
    assert gone("Kowalczyk LAO 30", keep) == ["Kowalczyk"]
    assert gone("DOE^JANE", keep) == ["DOE^JANE"]


def test_the_research_policy_keeps_what_it_says():
    assert gone("067Y F LAO 30 14:33", load_policy("research")) == []


def test_words_of_the_site(tmp_path):
    always, never = tmp_path / "always.txt", tmp_path / "never.txt"
    always.write_text("# ours\ncoil embolization\n", encoding="utf-8")
    never.write_text("Kowalczyk\nMeyer\n", encoding="utf-8")
    policy = Policy(always_file=str(always), never_file=str(never))
    assert gone("Left coil  embolization", policy) == ["coil  embolization"]
    assert gone("Kowalczyk technique LAO 30") == ["Kowalczyk"]
    assert gone("Kowalczyk view LAO 30", policy) == []


def test_a_never_word_frees_no_known_value_and_no_labelled_name(tmp_path):
    never = tmp_path / "never.txt"
    never.write_text("Kowalczyk\n", encoding="utf-8")
    policy = Policy(never_file=str(never))
    assert gone("Kowalczyk LAO 30", policy, known=("KOWALCZYK^ANNA",)) == ["Kowalczyk"]
    assert gone("Name: Kowalczyk", policy) == ["Kowalczyk"]
    assert gone("Dr. Kowalczyk", policy) == ["Dr. Kowalczyk"]


def test_a_word_list_that_is_not_there_is_an_error_at_once(tmp_path):
    with pytest.raises(UsageError):
        load_classifier(Policy(always_file=str(tmp_path / "missing.txt")))
