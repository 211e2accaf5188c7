from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deid.batch.reviewed import Waiting
from deid.errors import REASONS
from deid.review.queue import _WORST_FIRST, drawn, estimate, in_order
from deid.types import Finding, PhiCategory, Reason, Region, Status


def waiting(name, code, case="one", score=1.0):
    box = Finding(PhiCategory.NAME, Region.from_box((0, 0, 9, 9), (0, 1)), score, "rule:x")
    return Waiting(name, name, Path(name), "case", "png", case, Status.HELD, (Reason(code),), (box,))


def test_the_case_with_the_worst_file_comes_first_and_stays_together():
    files = [waiting("a", "face"), waiting("b", "leak", "two"), waiting("c", "unsure"), waiting("d", "review-all", "two")]
    assert [one.stem for one in in_order(files)] == ["b", "d", "c", "a"]


def test_of_equal_reasons_the_least_sure_box_comes_first():
    files = [waiting("a", "face", score=0.9), waiting("b", "face", score=0.4)]
    assert [one.stem for one in in_order(files)] == ["b", "a"]


def test_every_reason_that_holds_a_file_has_its_rank():
    held = {code for code, text in REASONS.items() if text.status is Status.HELD}
    assert held <= set(_WORST_FIRST)


def test_a_sample_is_a_share_and_at_least_one():
    files = [replace(waiting("a", "face"), stem=str(number)) for number in range(40)]
    assert len(drawn(files, 0.05)) == 2
    assert len(drawn(files, 0.001)) == 1
    assert len(set(drawn(files, 0.5))) == 20
    assert drawn([], 0.5) == ()


def test_the_interval_is_wilson_s():
    # Newcombe 1998, table I: 81 of 263 and 0 of 20.
    assert (estimate(263, 81).low, estimate(263, 81).high) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert estimate(20, 0).high == pytest.approx(0.1611, abs=1e-4)


@given(st.integers(1, 5000), st.data())
def test_the_interval_holds_the_share(looked_at, data):
    missed = data.draw(st.integers(0, looked_at))
    found = estimate(looked_at, missed)
    assert 0 <= found.low <= missed / looked_at + 1e-9
    assert missed / looked_at - 1e-9 <= found.high <= 1
