"""Killed at the worst moments, out of disk, interrupted: the next run goes on, and nothing unexplained stays in DIR."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys

import pytest

from deid.audit import AuditLog, check
from deid.batch import Options, run_with
from deid.batch.ledger import Ledger
from deid.errors import AuditBroken, FolderRefused
from deid.keys import load_key
from deid.policy import Policy
from tests.engines.paper_line import PAPER


class PowerCut(BaseException):
    """Stands for a kill: nothing may catch it."""


@pytest.fixture
def case(tmp_path):
    folder = tmp_path / "case"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.png").write_text(f"picture {number}")
    return folder


@pytest.fixture
def out(tmp_path):
    return tmp_path / "clean"


def go(case, out, **options):
    return list(run_with([case], out, Policy(), Options(work=PAPER, jobs=1, **options)))


def outputs(out):
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.txt")}


@contextlib.contextmanager
def cut_at(owner, name, call):
    """Make the given call of a method end the process."""
    real, calls = getattr(owner, name), []

    def cutting(*args, **kwargs):
        calls.append(name)
        if len(calls) == call:
            raise PowerCut
        return real(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(PowerCut):
        patch.setattr(owner, name, cutting)
        yield


@pytest.fixture
def unbroken(case, tmp_path):
    go(case, tmp_path / "unbroken")
    return outputs(tmp_path / "unbroken")


@pytest.mark.parametrize("call", [1, 3, 6])
def test_killed_between_rename_and_record(case, out, unbroken, call):
    with cut_at(AuditLog, "append", call):
        go(case, out)
    assert [fault.text for fault in check(out, load_key()).faults] in (
        ["No record explains this file."],
        ["There is no audit log in this folder."],
        ["No record explains this file."] * 2,
    )
    go(case, out)
    assert outputs(out) == unbroken
    report = check(out, load_key())
    assert report.sound
    assert (report.records, report.clean) == (6, 6)


@pytest.mark.parametrize("call", [1, 4])
def test_killed_between_record_and_ledger(case, out, unbroken, call):
    with cut_at(Ledger, "take_record", call):
        go(case, out)
    go(case, out)
    assert outputs(out) == unbroken
    report = check(out, load_key())
    assert report.sound
    assert report.clean == 6


def test_killed_between_draft_and_rename(case, out, unbroken):
    go(case, out)
    drafts = out.parent / "clean-held" / "drafts"
    (drafts / "0123456789abcdef-3.txt").write_text("half a picture")
    (case / "new.png").write_text("another")
    go(case, out)
    assert list(drafts.iterdir()) == []
    assert len(outputs(out)) == 7


def test_drafts_of_held_files_stay_for_a_person(case, out):
    (case / "unsure.png").write_text("hold")
    go(case, out)
    before = sorted((out.parent / "clean-held" / "drafts").iterdir())
    assert len(before) == 1
    go(case, out)
    assert sorted((out.parent / "clean-held" / "drafts").iterdir()) == before


def test_a_file_that_somebody_put_into_the_clean_folder_is_moved_out(case, out, unbroken):
    go(case, out)
    (out / "holiday.jpg").write_text("DOE")
    go(case, out)
    assert check(out, load_key()).sound
    assert (out.parent / "clean-held" / "unexplained" / "holiday.jpg").read_text() == "DOE"


@pytest.mark.parametrize("lost", ["state.db", "ledger.jsonl"])
def test_the_private_state_is_lost(case, out, unbroken, lost):
    go(case, out)
    (out.parent / "clean-held" / lost).unlink()
    go(case, out)
    assert outputs(out) == unbroken
    report = check(out, load_key())
    assert report.sound
    assert report.clean == 6


def test_the_clean_folder_is_lost(case, out, unbroken):
    go(case, out)
    subprocess.run(["rm", "-r", str(out)], check=True)
    go(case, out)
    assert outputs(out) == unbroken
    assert check(out, load_key()).sound


def test_a_broken_audit_log_stops_the_next_run(case, out):
    go(case, out)
    log = out / "audit.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"clean"', b'"CLEAN"', 1))
    with pytest.raises(AuditBroken, match="record 1 was changed"):
        go(case, out, fresh=True)


def test_two_runs_on_one_folder(case, out):
    first = run_with([case], out, Policy(), Options(work=PAPER, jobs=1))
    next(first)
    with pytest.raises(FolderRefused, match="Another run"):
        go(case, out)
    assert len(list(first)) == 5
    assert check(out, load_key()).sound


RUN = """
import resource, sys
from pathlib import Path
from deid.batch import Options, run_with
from deid.errors import DeidError
from deid.policy import Policy
from tests.engines.paper_line import PAPER
case, out, limit = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    for outcome in run_with([case], out, Policy(), Options(work=PAPER, jobs=2)):
        print(outcome.source.number, outcome.status.value, flush=True)
except DeidError as error:
    sys.exit(int(error.exit_code))
except KeyboardInterrupt:
    sys.exit(130)
"""


def start(case, out, limit=0):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", RUN, str(case), str(out), str(limit)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )


@pytest.mark.parametrize("limit", [300, 3_000, 60_000])
def test_a_full_disk(case, out, unbroken, limit):
    process = start(case, out, limit)
    _, error = process.communicate()
    assert process.returncode in (4, 6)
    assert error == ""
    go(case, out)
    assert outputs(out) == unbroken
    assert check(out, load_key()).sound


@pytest.mark.parametrize(
    "stop",
    [lambda process: process.send_signal(signal.SIGINT), lambda process: os.killpg(process.pid, signal.SIGTERM)],
    ids=["Ctrl-C", "a scheduler that tells the whole group"],
)
def test_a_wish_to_stop_finishes_what_is_in_hand(case, out, stop):
    for number in range(60):
        (case / f"slow{number}.png").write_text(f"slow {number}")
    process = start(case, out)
    process.stdout.readline()
    stop(process)
    rest = process.stdout.readlines()
    _, error = process.communicate(timeout=200)
    assert (process.returncode, error) == (130, "")
    report = check(out, load_key())
    assert report.sound
    assert report.clean == len(rest) + 1 < 66
    assert len((out.parent / "clean-held" / "ledger.jsonl").read_text().splitlines()) == report.clean


def test_killed_at_random_moments(case, out, unbroken, tmp_path):
    """A short form of tests/benchmark/faults.py."""
    chance = random.Random(7)
    done = False
    for _ in range(12):
        process = start(case, out)
        try:
            process.communicate(timeout=0.25 + chance.random())
            done = process.returncode == 0
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        assert all(text in unbroken.values() for text in outputs(out).values())
        if done:
            break
    go(case, out)
    assert outputs(out) == unbroken
    report = check(out, load_key())
    assert report.sound
    assert report.clean == 6
    records = [json.loads(line) for line in (out / "audit.jsonl").read_text().splitlines()]
    superseded = {record.get("supersedes") for record in records}
    assert len([record for record in records if record["seq"] not in superseded]) == 6


COMMAND = """
import functools, sys
import deid.batch
from tests.engines.paper_line import PAPER
deid.batch.Options = functools.partial(deid.batch.Options, work=PAPER)
from deid.cli import run
sys.argv[0] = "deid"
run()
"""


def test_what_the_command_says_at_ctrl_c(case, out):
    for number in range(60):
        (case / f"slow{number}.png").write_text(f"slow {number}")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", COMMAND, "redact", str(case), "--out", str(out), "--jobs", "1", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest = process.stdout.readlines()
    _, said = process.communicate(timeout=200)
    lines = said.splitlines()
    assert process.returncode == 130
    assert json.loads(first)["status"] == "clean"
    assert lines[0] == "Finishing what is in hand. Ctrl-C again stops at once."
    assert f"{1 + len(rest)} of 66 inputs in" in lines[-2]
    assert lines[-1].endswith("Run the same command again to go on.")
