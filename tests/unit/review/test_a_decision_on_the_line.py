"""What a person decided goes through the line: settles what a look settles, and nothing else."""

from dataclasses import replace

import pytest

from deid.keys import Key
from deid.pipeline import Job, redact_file
from deid.policy import Policy
from deid.types import Decision, Finding, KnownValue, PhiCategory, PhiText, Region, Removal, Source, Status
from tests.engines.coloured import bars, load
from tests.pictures import png, read_png

KEY = Key(bytes(range(32)))
APPROVED = Decision("RT", "2026-01-01T00:00:00Z")


def line(tmp_path, texts, decision=None, policy=None, known=(), tools=None):
    path = tmp_path / "screen.png"
    path.write_bytes(png(bars(texts)))
    (tmp_path / "clean").mkdir(exist_ok=True)
    job = Job(Source(1, PhiText(str(path))), known, "case", "g/x", tmp_path / "clean", tmp_path / "clean-held", decision)
    outcome = redact_file(job, tools or load(policy or Policy(review="all"), KEY))
    return outcome, (tmp_path / "clean" / outcome.output).read_bytes() if outcome.output else None


def at(outcome, category):
    return next(finding for finding in outcome.plan.findings if finding.category is category)


def test_an_approval_that_changes_nothing_gives_the_bytes_of_the_line_itself(tmp_path):
    automatic, wanted = line(tmp_path, ("DOE^JANE", "LAO 30"), policy=Policy())
    held, nothing = line(tmp_path, ("DOE^JANE", "LAO 30"))
    assert (automatic.status, held.status, nothing) == (Status.CLEAN, Status.HELD, None)
    approved, got = line(tmp_path, ("DOE^JANE", "LAO 30"), replace(APPROVED, kept=held.plan.findings))
    assert approved.status is Status.CLEAN
    assert got == wanted


def test_an_added_box_is_black(tmp_path):
    box = Finding(PhiCategory.OTHER, Region(((150, 100), (200, 95), (205, 120), (152, 126)), (0, 1)), 1.0, "reviewer")
    outcome, got = line(tmp_path, ("LAO 30",), replace(APPROVED, added=(box,)))
    picture = read_png(got)
    assert (picture[105:115, 160:195] == 0).all()
    assert picture[140, 220].any()
    assert outcome.plan.findings[-1].source == "reviewer"


def test_a_box_that_was_taken_away_with_a_reason_leaves_its_text(tmp_path):
    held, _ = line(tmp_path, ("DOE^JANE", "A4471902"))
    name = at(held, PhiCategory.NAME)
    kept = tuple(finding for finding in held.plan.findings if finding is not name)
    outcome, got = line(tmp_path, ("DOE^JANE", "A4471902"), replace(APPROVED, kept=kept, removed=(Removal(name, "technical"),)))
    assert outcome.status is Status.CLEAN
    picture = read_png(got)
    assert picture[20, 50].any()
    assert not picture[50, 50].any()


def test_what_was_not_taken_away_stays_covered_whatever_the_decision_forgets(tmp_path):
    outcome, got = line(tmp_path, ("DOE^JANE",), APPROVED)
    assert outcome.status is Status.CLEAN
    assert not read_png(got)[20, 50].any()


def test_what_the_person_saw_covered_stays_covered_where_nobody_proposes_it_any_more(tmp_path):
    seen = Finding(PhiCategory.NAME, Region.from_box((100, 80, 160, 100), (0, 1)), 0.7, "model:phi-0")
    _, got = line(tmp_path, ("LAO 30",), replace(APPROVED, kept=(seen,)))
    assert not read_png(got)[80:100, 100:160].any()


def test_a_known_value_cannot_be_uncovered(tmp_path):
    known = (KnownValue("PatientName", PhiText("DOE^JANE")),)
    held, _ = line(tmp_path, ("DOE^JANE",), known=known)
    name = at(held, PhiCategory.NAME)
    assert name.evidence.startswith("known:")
    outcome, got = line(tmp_path, ("DOE^JANE",), replace(APPROVED, removed=(Removal(name, "technical"),)), known=known)
    assert outcome.status is Status.CLEAN
    assert not read_png(got)[20, 50].any()


def test_a_value_that_becomes_known_is_covered_though_its_box_was_taken_away(tmp_path):
    held, _ = line(tmp_path, ("DOE^JANE",))
    decision = replace(APPROVED, removed=(Removal(at(held, PhiCategory.NAME), "technical"),))
    outcome, got = line(tmp_path, ("DOE^JANE",), decision, known=(KnownValue("PatientName", PhiText("DOE^JANE")),))
    assert outcome.status is Status.CLEAN
    assert not read_png(got)[20, 50].any()


def test_a_rejected_file_is_held_and_never_written(tmp_path):
    outcome, got = line(tmp_path, ("LAO 30",), replace(APPROVED, rejected=True))
    assert (outcome.status, outcome.reasons[0].code, got) == (Status.HELD, "rejected", None)


def test_a_policy_can_want_a_consent_before_anything_is_released(tmp_path):
    policy = Policy(require_consent=True)
    held, _ = line(tmp_path, ("LAO 30",), policy=policy)
    without, _ = line(tmp_path, ("LAO 30",), APPROVED, policy)
    given, got = line(tmp_path, ("LAO 30",), replace(APPROVED, consent="C-77"), policy)
    assert [reason.code for reason in (*held.reasons, *without.reasons)] == ["consent", "consent"]
    assert given.status is Status.CLEAN
    assert got


@pytest.mark.parametrize("code", ["known-value", "strange-bytes", "changed-outside", "engine-failed"])
def test_no_approval_settles_what_the_second_look_proves(tmp_path, monkeypatch, code):
    from deid import pipeline
    from deid.types import Reason

    honest = pipeline.verify
    monkeypatch.setattr(pipeline, "verify", lambda *args: replace(honest(*args), reasons=(Reason(code),)))
    outcome, got = line(tmp_path, ("LAO 30",), APPROVED)
    assert outcome.status in (Status.HELD, Status.FAILED)
    assert outcome.reasons[0].code == code
    assert got is None


@pytest.mark.parametrize(("evidence", "released"), [("rule:mrn-label", False), ("known:PatientID", False), ("unread", True)])
def test_a_leak_with_strong_evidence_holds_an_approved_file(tmp_path, monkeypatch, evidence, released):
    from deid import pipeline

    honest = pipeline.verify
    leak = Finding(PhiCategory.MRN, Region.from_box((5, 130, 40, 150), (0, 1)), 0.9, evidence)
    monkeypatch.setattr(pipeline, "verify", lambda *args: replace(honest(*args), leaked=(leak,)))
    outcome, got = line(tmp_path, ("LAO 30",), APPROVED)
    assert (got is not None) is released
    if not released:
        assert outcome.reasons[0].code == "leak"
