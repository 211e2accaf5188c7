"""A folder that someone exported from a PACS: identifiers wherever DICOM lets one hide. The pixels are looked at elsewhere."""

import pytest

from tests.benchmark.hostile_dicom.folder import hostile_files
from tests.benchmark.hostile_dicom.score import score
from tests.benchmark.hostile_dicom.systems import header_only


@pytest.fixture(scope="module", params=["posting", "research"])
def result(request):
    files = hostile_files(3)
    outputs, _ = header_only(files, request.param)
    return score(files, outputs)


def test_no_planted_string_is_left_in_any_encoding(result):
    assert result.strings > 2000
    assert result.left == []


def test_every_readable_file_comes_out_and_no_other(result):
    assert (result.lost, result.wrongly_written, result.refused_rightly) == (0, 0, 4)


def test_what_research_needs_is_kept(result):
    assert result.lacking == []
    assert result.kept[True] > 100


def test_patients_references_and_intervals_stay_as_they_were(result):
    assert result.patients == "kept apart"
    assert result.relations[True] == result.relations.total() > 0
    assert result.intervals[False] == 0


def test_the_header_says_what_was_done(result):
    assert result.unstated == 0


def test_pixels_that_nobody_masked_are_the_same(result):
    assert result.changed_outside == []
