"""The batch, with a line of paper in real worker processes."""

import json

import pytest

from deid.audit import check
from deid.batch import Options, exit_code, run_with
from deid.errors import ExitCode, FolderRefused, UsageError
from deid.keys import load_key
from deid.policy import Policy
from deid.types import KnownValue, PhiText, Status
from tests.engines.paper_line import PAPER

# Limits are of the clock, and the machine may be busy: only where something hangs is the limit short.
FAST = Policy(max_seconds=120.0, max_memory_mb=1024)
HURRIED = FAST.but(max_seconds=5.0)


@pytest.fixture
def case(tmp_path):
    folder = tmp_path / "case"
    folder.mkdir()
    return folder


@pytest.fixture
def out(tmp_path):
    return tmp_path / "clean"


def put(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def go(case, out, policy=FAST, **options):
    return list(run_with([case], out, policy, Options(work=PAPER, **{"jobs": 2, **options})))


def statuses(outcomes):
    return {outcome.source.number: outcome.status.value for outcome in outcomes}


def reason_codes(outcomes):
    return {outcome.source.number: outcome.reasons[0].code for outcome in outcomes if outcome.reasons}


def outputs(out):
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.txt")}


def test_every_input_has_an_outcome_an_output_and_a_record(case, out):
    put(case, a="one", b="two", s__c="three")
    outcomes = go(case, out)
    assert statuses(outcomes) == {1: "clean", 2: "clean", 3: "clean"}
    assert sorted(outputs(out)) == sorted(outcome.output for outcome in outcomes)
    report = check(out, load_key())
    assert report.sound
    assert report.records == 3
    assert exit_code({outcome.status for outcome in outcomes}) is ExitCode.CLEAN


def test_a_crash_a_hang_and_a_memory_bomb_lose_their_own_file_only(case, out):
    put(case, a="crash", b="hang", c="bomb", **{f"ok{n}": f"good {n}" for n in range(8)})
    outcomes = go(case, out, policy=HURRIED)
    assert reason_codes(outcomes) == {1: "crash", 2: "timeout", 3: "memory"}
    assert len(outputs(out)) == 8
    assert check(out, load_key()).sound
    assert exit_code({outcome.status for outcome in outcomes}) is ExitCode.SOME_FAILED


def test_one_job_also_survives_a_crash(case, out):
    put(case, a="crash", b="good", c="survey-crash")
    assert statuses(go(case, out, jobs=1)) == {1: "failed", 2: "clean", 3: "failed"}


def test_a_worker_that_died_after_its_rename_leaves_nothing_in_the_clean_folder(case, out):
    put(case, a="die-after-release", b="good")
    outcomes = go(case, out)
    assert reason_codes(outcomes) == {1: "memory"}
    assert check(out, load_key()).sound
    assert len(outputs(out)) == 1


def test_a_second_run_does_nothing_but_says_the_same(case, out):
    put(case, a="one", b="hold", c="refuse", d="crash", e="not an image")
    first = go(case, out)
    records = check(out).records
    second = go(case, out)
    assert statuses(first) == statuses(second) == {1: "clean", 2: "held", 3: "failed", 4: "failed", 5: "skipped"}
    assert reason_codes(first) == reason_codes(second)
    assert check(out).records == records == 5


def test_what_cannot_be_surveyed_is_tried_once_a_run(case, out, tmp_path):
    put(case, a="one", b="two")
    (tmp_path / "denied").touch()
    assert [reason_codes([outcome]) for outcome in go(case, out)] == [{1: "permission"}, {2: "permission"}]
    go(case, out)
    assert check(out).records == 2
    (tmp_path / "denied").unlink()
    assert set(statuses(go(case, out)).values()) == {"clean"}
    assert (check(out).records, check(out).clean) == (4, 2)


def test_a_case_that_was_moved_is_known_again_with_what_failed_in_it(case, out, tmp_path):
    put(case, a="one", b="refuse", s__c="not an image", s__d="hold")
    go(case, out)
    moved = tmp_path / "elsewhere" / "case"
    moved.parent.mkdir()
    case.rename(moved)
    outcomes = go(moved, out)
    assert statuses(outcomes) == {1: "clean", 2: "failed", 3: "skipped", 4: "held"}
    report = check(out, load_key())
    assert report.sound
    assert report.records == 4
    ledger = (out.parent / "clean-held" / "ledger.jsonl").read_text().splitlines()
    assert [json.loads(line)["input"].startswith(str(moved)) for line in ledger] == [True] * 4


def test_fresh_and_another_policy_do_everything_again_with_the_same_bytes(case, out):
    put(case, a="one", b="two")
    go(case, out)
    before = outputs(out)
    go(case, out, fresh=True)
    go(case, out, policy=FAST.but(mask_all_text=True))
    assert outputs(out) == before
    report = check(out, load_key())
    assert report.sound
    assert (report.records, report.clean) == (6, 2)


def test_only_what_is_new_is_done(case, out):
    put(case, a="one")
    go(case, out)
    put(case, b="two")
    go(case, out)
    assert check(out).records == 2


def test_what_was_released_stays_when_its_source_becomes_another_file(case, out):
    put(case, a="one")
    go(case, out)
    put(case, a="other")
    go(case, out)
    assert sorted(outputs(out).values()) == [b"one", b"other"]
    assert check(out, load_key()).sound


def test_a_path_that_gets_its_first_content_back_has_its_output_already(case, out):
    for text in ("one", "other", "one"):
        put(case, a=text)
        assert statuses(go(case, out)) == {1: "clean"}
    assert sorted(outputs(out).values()) == [b"one", b"other"]
    assert check(out, load_key()).records == 2
    assert check(out, load_key()).sound


def test_what_was_released_and_then_replaced_stays_withdrawn_when_it_is_reopened(case, out):
    put(case, a="DOE here")
    go(case, out)
    put(case, a="other", b="patient DOE\n")
    outcomes = go(case, out)
    assert "withdrawn" in reason_codes(outcomes).values()
    assert not any(b"DOE" in text for text in outputs(out).values())
    assert check(out, load_key()).sound


def test_a_failed_file_that_was_repaired_has_one_current_record(case, out):
    put(case, a="refuse")
    go(case, out)
    put(case, a="good")
    go(case, out)
    lines = [json.loads(line) for line in (out / "audit.jsonl").read_text().splitlines()]
    assert [line.get("supersedes") for line in lines] == [None, 1]


def test_a_missing_or_changed_output_is_made_again(case, out):
    put(case, a="one", b="two")
    go(case, out)
    before = outputs(out)
    first, second = sorted(before)
    (out / first).unlink()
    (out / second).write_text("tampered")
    go(case, out)
    assert outputs(out) == before
    assert check(out, load_key()).sound


def test_names_of_outputs_do_not_depend_on_order_or_company(case, out, tmp_path):
    put(case, a="one", b="two", c="three")
    go(case, out)
    other = tmp_path / "elsewhere" / "case"
    put(other, b="two", zz="one")
    go(other, tmp_path / "clean2", jobs=1)
    assert set(outputs(tmp_path / "clean2")) < set(outputs(out))
    assert all(len(name.split("/")[1]) == len("aaaaaaaaaaaa.txt") for name in outputs(out))


def test_two_equal_files_of_one_folder_get_an_output_each(case, out):
    put(case, a="same", b="same")
    go(case, out)
    assert list(outputs(out).values()) == [b"same", b"same"]
    assert check(out, load_key()).sound


def test_ordered_names_keep_the_sequence(case, out):
    put(case, a="one", b="two", c="three")
    go(case, out, policy=FAST.but(names="ordered"))
    assert [text for _, text in sorted(outputs(out).items())] == [b"one", b"two", b"three"]
    put(case, b2="late")
    go(case, out, policy=FAST.but(names="ordered"))
    assert [text for _, text in sorted(outputs(out).items())][-1] == b"late"


def test_names_that_are_clean_may_be_kept(case, out):
    put(case, **{"lao30.png": "one", "lao30.jpg": "two", "DOE.png": "three"})
    names = sorted(name.split("/")[1] for name in outputs(go(case, out, policy=FAST.but(names="keep")) and out))
    assert "lao30.txt" in names
    assert not any("DOE" in name for name in names)
    assert len(names) == 3


def test_what_a_header_tells_is_sought_in_the_whole_case(case, out):
    put(case, a="photo of DOE", s__b="patient DOE\npicture", t__c="DOE again")
    go(case, out)
    assert not any(b"DOE" in text for text in outputs(out).values())


def test_patients_of_other_folders_are_not_sought(case, out):
    put(case, p1__a="patient ROE\nDOE", p2__b="patient DOE\nROE")
    go(case, out)
    assert sorted(outputs(out).values()) == [b"***\nDOE", b"***\nROE"]


def test_what_pixels_tell_is_sought_in_the_siblings_too(case, out):
    put(case, a="DOE here", b="label DOE", c="nothing")
    outcomes = go(case, out, jobs=1)
    assert outcomes[-1].source.number == 1
    assert not any(b"DOE" in text for text in outputs(out).values())
    report = check(out, load_key())
    assert report.sound
    assert (report.records, report.clean) == (5, 3)


def test_a_later_file_reopens_what_was_released(case, out):
    put(case, a="DOE here", b="nothing")
    go(case, out)
    assert b"DOE here" in outputs(out).values()
    put(case, c="patient DOE\n")
    outcomes = go(case, out)
    assert not any(b"DOE" in text for text in outputs(out).values())
    assert statuses(outcomes) == {1: "clean", 2: "clean", 3: "clean"}
    assert check(out, load_key()).sound


def test_a_reopened_file_without_its_source_stays_withdrawn(case, out):
    put(case, a="DOE here", b="nothing")
    go(case, out)
    (case / "a").unlink()
    put(case, c="patient DOE\n")
    outcomes = go(case, out)
    assert reason_codes(outcomes) == {3: "withdrawn"}
    assert not any(b"DOE" in text for text in outputs(out).values())
    assert len(list((out.parent / "clean-held" / "withdrawn").iterdir())) == 1


def test_values_of_the_user_are_sought_everywhere_and_reopen_too(case, out):
    put(case, a="DOE", s__b="DOE")
    go(case, out)
    go(case, out, known=(KnownValue("UserList", PhiText("DOE")),))
    assert list(outputs(out).values()) == [b"***", b"***"]


def test_a_dry_run_writes_nothing(case, out, monkeypatch):
    put(case, a="one")
    monkeypatch.setattr("deid.batch.session.plan", PAPER.survey.__globals__["planned"])
    outcomes = go(case, out, dry_run=True)
    assert statuses(outcomes) == {1: "clean"}
    assert not out.exists()
    assert not (out.parent / "clean-held").exists()


def test_the_ledger_lists_every_input_privately(case, out):
    put(case, a="one", b="refuse")
    go(case, out)
    ledger = out.parent / "clean-held" / "ledger.jsonl"
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert [(line["input"], line["status"], line["reason"]) for line in lines] == [
        (str(case / "a"), "clean", None),
        (str(case / "b"), "failed", "broken"),
    ]
    assert all(len(line["input_sha256"]) == 64 for line in lines)


@pytest.mark.parametrize(("place", "sentence"), [("case/out", "inside"), ("", "inside"), ("case", "inside")])
def test_an_output_folder_that_overlaps_an_input_is_refused(case, tmp_path, place, sentence):
    put(case, a="one")
    with pytest.raises(FolderRefused, match=sentence):
        go(case, tmp_path / place)


def test_a_folder_of_something_else_is_refused(case, out):
    put(case, a="one")
    out.mkdir()
    (out / "letter.txt").write_text("dear")
    with pytest.raises(FolderRefused, match="something else"):
        go(case, out)
    assert (out / "letter.txt").read_text() == "dear"


def test_an_input_that_is_not_there_and_an_empty_one_are_refused(case, out):
    with pytest.raises(UsageError, match="no file"):
        go(case, out)
    with pytest.raises(UsageError, match="does not exist"):
        go(case / "nothing", out)


def test_progress_is_told_for_every_file(case, out):
    put(case, a="one", b="two")
    seen = []
    go(case, out, progress=seen.append)
    assert [(step.phase, step.done, step.total) for step in seen] == [
        ("survey", 1, 2),
        ("survey", 2, 2),
        ("redact", 1, 2),
        ("redact", 2, 2),
    ]


def test_only_texts_in_the_input_is_wrong_usage(case, out):
    put(case, a="not an image")
    outcomes = go(case, out)
    assert [outcome.status for outcome in outcomes] == [Status.SKIPPED]
    assert exit_code({outcome.status for outcome in outcomes}) is ExitCode.USAGE
