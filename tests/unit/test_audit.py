"""The audit log: what a record says, and that whatever happens to it shows."""

import hashlib
import json
import os

import pytest

from deid.audit import LOG_NAME, AuditLog, RunFacts, check, record_from
from deid.audit.chain import read_checkpoints, signed
from deid.errors import REASONS, AuditBroken
from deid.keys import load_key, state_folder
from deid.policy import Policy
from deid.types import (
    Finding,
    HeaderChange,
    Outcome,
    PhiCategory,
    PhiText,
    Plan,
    Reason,
    Region,
    Source,
    Status,
    Verification,
)

SECRET = "DOE^JANE"


def clean_outcome(number=1, output="group/aaaa.png", sha256="0" * 64):
    finding = Finding(PhiCategory.NAME, Region.from_box((1, 2, 30, 12), (0, 1)), 0.98765, "known:PatientName", PhiText(SECRET))
    return Outcome(
        Source(number, PhiText(f"/cases/{SECRET}.png")),
        Status.CLEAN,
        input_id="ab" * 32,
        kind="png",
        case="c" * 12,
        output=output,
        output_sha256=sha256,
        plan=Plan(findings=(finding,)),
        changes=(HeaderChange("PatientName", "Z"), HeaderChange("PatientName", "Z"), HeaderChange(f"Name={SECRET}", "X")),
        verification=Verification("rapidocr", ("full",), 0, (), 0.0, float("inf")),
    )


def failed_outcome(code="broken"):
    return Outcome(Source(2, PhiText("x")), Status.FAILED, reasons=(Reason(code),))


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "clean"
    place.mkdir()
    return place


def open_log(folder):
    return AuditLog(folder, load_key(), RunFacts(Policy(), "0.1.0", {"rapidocr": "3.10.0 sha256:1"}))


def write(folder, *bodies):
    log = open_log(folder)
    for body in bodies:
        log.append(body)
    log.close()


def put_clean(folder, name, data=b"picture"):
    import hashlib

    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return record_from(clean_outcome(output=name, sha256=hashlib.sha256(data).hexdigest()))


def lines(folder):
    return (folder / LOG_NAME).read_bytes().splitlines(keepends=True)


FIELDS = {
    *("schema", "seq", "time", "run", "tool", "tool_version", "policy", "policy_sha256", "models", "input_id", "input_kind"),
    *(
        "case",
        "status",
        "reason",
        "output",
        "output_sha256",
        "regions",
        "metadata",
        "warnings",
        "verified",
        "decisions",
        "key_id",
        "prev",
    ),
    "mac",
}


def test_a_record_has_every_field_of_the_contract_and_no_text_of_the_source(folder):
    write(folder, record_from(clean_outcome()))
    raw = (folder / LOG_NAME).read_text()
    record = json.loads(raw)
    assert set(record) == FIELDS
    assert SECRET not in raw
    assert record["regions"] == [
        {
            "frames": [0, 1],
            "polygon": [[1, 2], [30, 2], [30, 12], [1, 12]],
            "category": "name",
            "score": 0.988,
            "evidence": "known:PatientName",
            "source": "ocr",
        }
    ]
    assert record["metadata"] == [
        {"path": "PatientName", "action": "Z", "count": 2},
        {"path": "other", "action": "X", "count": 1},
    ]
    assert record["verified"]["psnr"] is None
    assert record["time"].endswith("Z")


def test_a_record_of_a_failed_file_names_its_reason_and_no_output():
    body = record_from(Outcome(Source(1, PhiText("x")), Status.FAILED, output="o.png", reasons=(Reason("broken"), Reason("leak"))))
    assert body["reason"] == {"code": "broken", "sentence": REASONS["broken"].sentence, "also": ["leak"]}
    assert body["output"] is None


def test_records_are_chained_and_go_on_after_a_restart(folder):
    write(folder, record_from(failed_outcome()))
    write(folder, record_from(failed_outcome()))
    first, second = (json.loads(line) for line in lines(folder))
    assert (first["seq"], second["seq"]) == (1, 2)
    assert first["prev"] == "0" * 64
    assert first["run"] != second["run"]
    assert check(folder, load_key()).sound


def test_a_sound_folder_is_sound_with_and_without_the_key(folder):
    write(folder, put_clean(folder, "g/a.png"), record_from(failed_outcome()))
    for key in (load_key(), None):
        report = check(folder, key)
        assert report.sound
        assert (report.records, report.clean) == (2, 1)
        assert report.tail_checked == (key is not None)


def test_a_flipped_byte_names_its_record(folder):
    write(folder, *[record_from(failed_outcome()) for _ in range(5)])
    changed = lines(folder)
    changed[2] = changed[2].replace(b'"failed"', b'"FAILED"')
    (folder / LOG_NAME).write_bytes(b"".join(changed))
    assert check(folder, load_key()).faults[0].seq == 3
    # Without the key a change shows in the link of the record after.
    assert check(folder).faults[0].seq == 4


@pytest.mark.parametrize("position", range(0, 1600, 97))
def test_any_flipped_bit_shows(folder, position):
    write(folder, *[record_from(clean_outcome()) for _ in range(2)])
    data = bytearray((folder / LOG_NAME).read_bytes())
    data[position] ^= 1
    (folder / LOG_NAME).write_bytes(bytes(data))
    assert not check(folder, load_key()).sound


def test_a_removed_line_shows(folder):
    write(folder, *[record_from(failed_outcome()) for _ in range(4)])
    kept = lines(folder)
    (folder / LOG_NAME).write_bytes(b"".join(kept[:1] + kept[2:]))
    assert check(folder).faults[0].seq == 2


def test_swapped_lines_show(folder):
    write(folder, *[record_from(failed_outcome()) for _ in range(4)])
    kept = lines(folder)
    (folder / LOG_NAME).write_bytes(b"".join([kept[0], kept[2], kept[1], kept[3]]))
    assert check(folder).faults[0].seq == 2


def test_a_tail_that_was_cut_off_shows_with_the_state_folder(folder):
    write(folder, *[record_from(failed_outcome()) for _ in range(4)])
    (folder / LOG_NAME).write_bytes(b"".join(lines(folder)[:2]))
    report = check(folder, load_key())
    assert [fault.seq for fault in report.faults] == [3]
    with pytest.raises(AuditBroken):
        open_log(folder)


def test_a_log_that_was_written_anew_by_someone_without_the_key_shows(folder, monkeypatch, tmp_path):
    write(folder, record_from(failed_outcome()))
    key = load_key()
    state = state_folder()
    monkeypatch.setenv("DEID_STATE", str(tmp_path / "other"))
    (folder / LOG_NAME).unlink()
    write(folder, record_from(failed_outcome()))
    assert "another key" in check(folder, key, state).faults[0].text


def test_a_log_that_was_written_anew_with_the_key_is_found_out_by_its_checkpoints(folder, monkeypatch):
    monkeypatch.setattr("deid.audit.log.CHECKPOINT", 10)
    write(folder, *[record_from(failed_outcome()) for _ in range(25)])
    key = load_key()
    log_id, *_ = sorted(path.name for path in (state_folder() / "heads").iterdir())
    assert sorted(read_checkpoints(state_folder(), log_id)) == [10, 20]
    forged = [json.loads(line) for line in lines(folder)]
    forged[13]["status"] = "skipped"
    data, prev = b"", "0" * 64
    for record in forged:
        line = signed({**{name: value for name, value in record.items() if name != "mac"}, "prev": prev}, key)
        data, prev = data + line + b"\n", hashlib.sha256(line).hexdigest()
    (folder / LOG_NAME).write_bytes(data)
    assert check(folder).sound
    (fault,) = check(folder, key).faults
    assert (fault.seq, fault.text) == (11, "record 11 or one of those up to 20 was written anew.")


def test_a_checkpoint_that_a_power_cut_left_unfinished_does_no_harm(folder, monkeypatch):
    monkeypatch.setattr("deid.audit.log.CHECKPOINT", 2)
    write(folder, *[record_from(failed_outcome()) for _ in range(4)])
    (kept,) = (state_folder() / "heads").glob("*.checkpoints")
    kept.write_bytes(kept.read_bytes()[:-30])
    write(folder, *[record_from(failed_outcome()) for _ in range(4)])
    assert check(folder, load_key()).sound
    assert sorted(read_checkpoints(state_folder(), kept.stem)) == [2, 6, 8]


def test_a_changed_a_missing_and_an_unexplained_file_show(folder):
    write(folder, put_clean(folder, "g/a.png"), put_clean(folder, "g/b.png"))
    (folder / "g/a.png").write_bytes(b"something else")
    (folder / "g/b.png").unlink()
    (folder / "stranger.txt").write_text("hello")
    (folder / "link").symlink_to("/etc")
    texts = [(fault.text, fault.file.reveal()) for fault in check(folder, load_key()).faults]
    assert texts == [
        ("A clean file was changed.", "g/a.png"),
        ("A clean file is missing.", "g/b.png"),
        ("No record explains this file.", "link"),
        ("No record explains this file.", "stranger.txt"),
    ]


def test_a_superseded_output_is_no_longer_explained(folder):
    log = open_log(folder)
    first = log.append(put_clean(folder, "g/a.png"))
    log.append(record_from(failed_outcome()), supersedes=first)
    log.close()
    assert [fault.file.reveal() for fault in check(folder).faults] == ["g/a.png"]


def test_a_record_can_only_take_the_place_of_a_current_one(folder):
    log = open_log(folder)
    first = log.append(record_from(failed_outcome()))
    log.append(record_from(failed_outcome()), supersedes=first)
    log.append(record_from(failed_outcome()), supersedes=first)
    log.close()
    assert check(folder).faults[0].seq == 3


def test_a_line_that_a_power_cut_left_unfinished_is_repaired_by_the_next_run(folder):
    write(folder, record_from(failed_outcome()))
    with (folder / LOG_NAME).open("ab") as file:
        file.write(b'{"schema":1,"seq":2')
    assert not check(folder, load_key()).sound
    write(folder, record_from(failed_outcome()))
    assert check(folder, load_key()).sound
    assert len(lines(folder)) == 2


def test_a_full_disk_leaves_no_half_record(folder, monkeypatch):
    log = open_log(folder)
    log.append(record_from(failed_outcome()))
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:10]))
    with pytest.raises(AuditBroken):
        log.append(record_from(failed_outcome()))
    monkeypatch.undo()
    assert len(lines(folder)) == 1


def test_the_head_in_the_state_folder_is_private(folder):
    write(folder, record_from(failed_outcome()))
    (head,) = (state_folder() / "heads").iterdir()
    assert head.stat().st_mode & 0o777 == 0o600
    assert head.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_without_a_log_says_so(folder):
    assert "no audit log" in check(folder).faults[0].text
