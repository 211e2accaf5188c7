import pickle

import pytest

from deid.errors import REASONS, FileRefused, sentence
from deid.types import ALL_FRAMES, Finding, KnownValue, Outcome, PhiCategory, PhiText, Reason, Region, Source, Status

SECRET = PhiText("DOE^JANE")


@pytest.mark.parametrize("shown", [str(SECRET), repr(SECRET), f"{SECRET}", f"{SECRET:>20}", f"{SECRET!r}", f"{SECRET}"])
def test_identifying_text_shows_its_length_only(shown):
    assert "DOE" not in shown and "8 characters" in shown


def test_no_noun_prints_the_text_it_holds():
    held = [
        KnownValue("PatientName", SECRET),
        Finding(PhiCategory.NAME, Region.from_box((0, 0, 1, 1), (0, 1)), 1.0, "rule:x", SECRET),
        Outcome(Source(1, PhiText("/home/DOE/x.png")), Status.CLEAN, found=(KnownValue("CaseText", SECRET),)),
    ]
    assert not any("DOE" in repr(value) for value in held)


def test_identifying_text_survives_the_way_between_processes():
    assert pickle.loads(pickle.dumps(SECRET)).reveal() == "DOE^JANE"


def test_equal_texts_are_one_in_a_set():
    assert len({SECRET, PhiText("DOE^JANE"), PhiText("DOE")}) == 2


def test_a_region_on_all_frames_is_cut_to_those_there_are():
    assert Region.from_box((1, 2, 3, 4), ALL_FRAMES).clipped(30).frames == (0, 30)


def test_the_box_of_a_tilted_region_holds_every_corner():
    assert Region(((5, 0), (9, 4), (4, 9), (0, 5)), (0, 1)).box == (0, 0, 9, 9)


def test_a_refusal_survives_the_way_between_processes():
    refused = pickle.loads(pickle.dumps(FileRefused("codec-missing", "1.2.840.10008.1.2.4.51")))
    assert refused.reason == Reason("codec-missing", "1.2.840.10008.1.2.4.51")
    assert str(refused).endswith(REASONS["codec-missing"].next_step)


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_is_two_sentences(code):
    text = REASONS[code]
    assert text.sentence.endswith(".") and text.next_step.endswith(".")
    assert sentence(Reason(code, "detail")).endswith("(detail)")
    assert text.status is not Status.CLEAN
