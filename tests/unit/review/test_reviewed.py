"""A folder in a person's hands: release through the batch's own lock, ledger and audit writer."""

import json

import pytest

from deid.audit import check
from deid.batch.decisions import Decisions
from deid.batch.reviewed import Reviewed
from deid.errors import FolderRefused, UsageError
from deid.keys import load_key
from deid.policy import Policy
from deid.types import Decision, Finding, PhiCategory, Region, Status
from tests.engines.coloured import COLOURED
from tests.unit.review.folder import go, outputs, put

BOX = Finding(PhiCategory.OTHER, Region.from_box((100, 100, 140, 120), (0, 1)), 1.0, "reviewer")


def approve(one, **changes):
    return Decision("RT", "2026-01-01T00:00:00Z", kept=one.boxes, consent="C-77", **changes)


@pytest.fixture
def held(tmp_path):
    case, out = put(tmp_path / "case", 3), tmp_path / "clean"
    assert {outcome.status for outcome in go(case, out)} == {Status.HELD}
    return case, out


def test_approved_files_are_released_with_the_decision_in_the_audit_log(held):
    _case, out = held
    with Reviewed(out, work=COLOURED) as reviewed:
        for one in reviewed.waiting():
            reviewed.confirm(one, approve(one))
            assert reviewed.carry_out(one).status is Status.CLEAN
        assert reviewed.waiting() == ()
    assert len(outputs(out)) == 3
    assert check(out, load_key()).sound
    records = [json.loads(line) for line in (out / "audit.jsonl").read_text().splitlines()]
    assert [record.get("supersedes") for record in records[-3:]] == [1, 2, 3]
    assert records[-1]["decisions"][0]["reviewer"] == "RT"
    assert records[-1]["decisions"][0]["consent"] == "C-77"


def test_released_files_are_those_of_the_line_with_the_same_boxes(held, tmp_path):
    case, out = held
    with Reviewed(out, work=COLOURED) as reviewed:
        for one in reviewed.waiting():
            reviewed.confirm(one, approve(one))
            reviewed.carry_out(one)
    go(case, tmp_path / "automatic", Policy())
    assert outputs(out) == outputs(tmp_path / "automatic")


def test_a_run_that_goes_on_does_not_undo_a_decision(held):
    case, out = held
    with Reviewed(out, work=COLOURED) as reviewed:
        first, second, _ = reviewed.waiting()
        reviewed.confirm(first, approve(first, added=(BOX,)))
        reviewed.confirm(second, approve(second, rejected=True))
        reviewed.carry_out(first)
        reviewed.carry_out(second)
    before = outputs(out)
    records = check(out).records
    statuses = [outcome.status for outcome in go(case, out)]
    assert (outputs(out), check(out).records) == (before, records)
    assert sorted(statuses) == [Status.CLEAN, Status.HELD, Status.HELD]


def test_a_fresh_run_and_another_policy_do_as_the_person_decided(held):
    case, out = held
    with Reviewed(out, work=COLOURED) as reviewed:
        first, second, _ = reviewed.waiting()
        reviewed.confirm(first, approve(first, added=(BOX,)))
        reviewed.confirm(second, approve(second, rejected=True))
        reviewed.carry_out(first)
        reviewed.carry_out(second)
    before = outputs(out)
    go(case, out, Policy(redact_years=True), fresh=True)
    after = outputs(out)
    assert {name: after.get(name) for name in before} == before
    assert len(after) == 2
    assert check(out, load_key()).sound


def test_a_decision_is_about_these_bytes_only(held):
    case, out = held
    with Reviewed(out, work=COLOURED) as reviewed:
        one = next(one for one in reviewed.waiting() if one.path.name == "screen-000.png")
        reviewed.confirm(one, approve(one))
        reviewed.carry_out(one)
    put(case, 1, ("A4471902",))
    outcome = next(outcome for outcome in go(case, out) if outcome.source.path.reveal().endswith("screen-000.png"))
    assert outcome.status is Status.HELD


def test_what_was_confirmed_before_the_end_is_known_after_it(held):
    _case, out = held
    with Reviewed(out, work=COLOURED) as reviewed:
        one = reviewed.waiting()[0]
        reviewed.confirm(one, approve(one, added=(BOX,)))
    with Reviewed(out, work=COLOURED) as reviewed:
        assert reviewed.pending() == ((one.input_id, one.stem),)
        (again,) = (other for other in reviewed.waiting() if other.stem == one.stem)
        assert again.decision.added == (BOX,)
        reviewed.carry_out(again)
        assert reviewed.pending() == ()
    assert len(outputs(out)) == 1


def test_decisions_are_private_and_hold_no_text(held):
    _case, out = held
    with Reviewed(out, work=COLOURED) as reviewed:
        for one in reviewed.waiting():
            reviewed.confirm(one, approve(one, added=(BOX,)))
    path = out.with_name("clean-held") / "decisions.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert not [word for word in ("DOE", "JANE", "A4471902", "screen-0") if word in text]


def test_an_unfinished_last_line_is_forgotten_and_a_broken_one_refused(tmp_path):
    decisions = Decisions(tmp_path)
    decisions.confirm("ab", "g/x", Decision("RT", "2026-01-01T00:00:00Z"))
    path = tmp_path / "decisions.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    again = Decisions(tmp_path)
    assert again.pending == (("ab", "g/x"),)
    assert path.read_bytes() == whole
    path.write_bytes(b"{}\n" + whole)
    with pytest.raises(FolderRefused):
        Decisions(tmp_path)


def test_the_second_reviewer_is_told(held):
    _, out = held
    with Reviewed(out, work=COLOURED), pytest.raises(FolderRefused, match="review"):
        Reviewed(out, work=COLOURED)


def test_a_folder_of_nobody_is_refused(tmp_path):
    (tmp_path / "clean").mkdir()
    with pytest.raises(UsageError):
        Reviewed(tmp_path / "clean", work=COLOURED)
    assert [path.name for path in tmp_path.iterdir()] == ["clean"]
