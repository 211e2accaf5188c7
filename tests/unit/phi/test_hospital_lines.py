"""Three hundred lines as hospitals burn them in, each judged by a person."""

from __future__ import annotations

import pytest

from deid.policy import Policy
from tests.benchmark.hospital import GOES, HALVES, hospital_lines, tally
from tests.benchmark.line_pictures import Reading

LINES = hospital_lines()


def _tally(lines):
    return tally(lines, [Reading(line.text, 1.0) for line in lines], Policy())


@pytest.mark.parametrize("line", [line for line in LINES if line.half == HALVES[0]], ids=lambda line: line.text)
def test_a_line_that_was_built_on(line):
    count = _tally([line])
    assert count.caught == count.identifiers


def test_little_that_must_stay_is_lost_of_the_lines_that_were_built_on():
    assert _tally([line for line in LINES if line.half == HALVES[0]]).lost_share < 0.02


def test_the_lines_that_are_only_measured_get_no_worse():
    count = _tally([line for line in LINES if line.half == HALVES[1]])
    assert count.caught_share > 0.94
    assert count.lost_share < 0.10


def test_the_table_is_large_enough_to_mean_something():
    assert len(LINES) >= 300
    assert sum(kind == GOES for line in LINES for *_, kind in line.spans) > 250
