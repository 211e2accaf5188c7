"""Workers: what dies, dies alone, and is named."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deid.batch.sandbox import Sandbox
from deid.batch.workers import Limits, Lost, Setup, Workers
from deid.errors import EnvironmentBroken
from deid.types import Reason
from tests.engines import jobs

# Limits are of the clock, and the machine may be busy: only where something hangs is the limit short.
LIMITS = Limits(seconds=120.0, memory_mb=600)
HURRIED = Limits(seconds=4.0, memory_mb=600)
SETUP = Setup(jobs.load, (7,), jobs.describe)


def results(items, count=2, limits=LIMITS, **more):
    with Workers(count, SETUP, limits) as workers:
        return list(workers.run(jobs.work, iter(items), **more))


def test_every_item_has_its_result():
    found = dict(results([("times", n) for n in range(50)]))
    assert found == {("times", n): 7 * n for n in range(50)}


def test_setup_tells_the_parent_what_was_loaded():
    with Workers(1, SETUP, LIMITS) as workers:
        assert workers.start() == {"value": "7"}


@pytest.mark.parametrize(
    ("item", "lost"),
    [
        (("signal", signal.SIGSEGV), Lost("crash", "SIGSEGV")),
        (("signal", signal.SIGABRT), Lost("crash", "SIGABRT")),
        (("signal", signal.SIGKILL), Lost("memory", "SIGKILL")),
        (("hang", 0), Lost("timeout")),
        (("allocate", 10**11), Lost("memory")),
        (("raise", 0), Lost("unexpected", "ValueError")),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, tuple) else "",
)
def test_a_fault_loses_its_own_item_and_nothing_else(item, lost):
    limits = HURRIED if lost.code == "timeout" else LIMITS
    found = dict(results([item, *(("times", n) for n in range(10))], limits=limits))
    assert found.pop(item) == lost
    assert found == {("times", n): 7 * n for n in range(10)}


def test_memory_beside_the_heap_counts_too():
    limits = Limits(seconds=120.0, memory_mb=150)
    assert results([("touch", 1 << 30)], limits=limits) == [(("touch", 1 << 30), Lost("memory"))]


def test_a_worker_that_was_killed_from_outside_gets_its_item_a_second_turn(tmp_path):
    flag = str(tmp_path / "flag")
    setup = Setup(jobs.load, (7,), jobs.describe, Sandbox(write=(str(tmp_path),)))
    with Workers(1, setup, LIMITS) as workers:
        assert list(workers.run(jobs.work, iter([("die-once", flag)]))) == [(("die-once", flag), 7)]


def test_items_are_taken_only_when_a_worker_is_free():
    taken = []

    def items():
        for number in range(20):
            taken.append(number)
            yield ("times", number)

    with Workers(2, SETUP, LIMITS) as workers:
        for seen, _ in enumerate(workers.run(jobs.work, items()), start=1):
            assert len(taken) <= seen + 3


def test_a_job_that_needs_room_gets_a_worker_that_did_nothing_before():
    found = results([("use", 0), ("use", 1), ("alone", 0), ("use", 2)], count=1)
    assert [item for item, _ in found] == [("use", 0), ("use", 1), ("alone", 0), ("use", 2)]
    pids = [pid for _, pid in found]
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_a_job_that_never_has_room_enough_is_lost():
    assert dict(results([("use", 0), ("alone", -1), ("times", 3)], count=1)).get(("alone", -1)) == Lost("memory")


def test_what_is_in_hand_is_finished_when_the_run_is_to_stop():
    stop = []
    with Workers(2, SETUP, LIMITS) as workers:
        workers.start()
        done = 0
        for _ in workers.run(jobs.work, iter([("sleep", 100)] * 50), lambda: bool(stop)):
            done += 1
            stop.append(True)
    assert 1 <= done <= 3


def test_a_worker_is_replaced_after_its_share():
    found = results([("sleep", 1)] * 12, count=1, limits=Limits(120.0, 600, recycle=4))
    assert len({pid for _, pid in found}) == 3


@pytest.mark.parametrize(("load", "text"), [(jobs.load_and_die, "SIGSEGV"), (jobs.load_and_raise, "ValueError")])
def test_workers_that_cannot_start_end_the_run(load, text):
    with Workers(2, Setup(load, (), jobs.describe), LIMITS) as workers, pytest.raises(EnvironmentBroken, match=text) as raised:
        workers.start()
    assert "DOE" not in str(raised.value)


def test_a_missing_model_is_told_in_its_own_words():
    setup = Setup(jobs.load_and_miss, (), jobs.describe)
    with Workers(1, setup, LIMITS) as workers, pytest.raises(EnvironmentBroken, match="The model is missing"):
        workers.start()


def test_an_idle_worker_that_is_killed_is_replaced():
    with Workers(1, SETUP, LIMITS) as workers:
        (_, pid), *_ = workers.run(jobs.work, iter([("sleep", 1)]))
        os.kill(pid, signal.SIGKILL)
        wait_until_gone(pid)
        assert list(workers.run(jobs.work, iter([("times", 3)]))) == [(("times", 3), 21)]


def test_workers_have_one_thread_and_leave_no_core():
    found = dict(results([("threads", 0), ("core", 0)]))
    assert found == {("threads", 0): 5, ("core", 0): (0, 0)}


def test_an_answer_that_is_not_of_the_vocabulary_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("DEID_STATE", str(tmp_path))
    ((_, lost),) = results([("foreign", 0)])
    assert lost == Lost("unexpected", "answer: UnpicklingError")
    assert list(tmp_path.iterdir()) == []


def test_what_codecs_print_goes_nowhere(capfd):
    assert results([("print", 0)]) == [(("print", 0), Reason("leak"))]
    assert capfd.readouterr() == ("", "")


SCRIPT = """
import sys
from tests.engines import jobs
from deid.batch.sandbox import Sandbox
from deid.batch.workers import Limits, Setup, Workers
workers = Workers(2, Setup(jobs.load, (7,), jobs.describe), Limits(60.0, 600))
for item, pid in workers.run(jobs.work, iter([("sleep", 1), ("sleep", 1), *[("sleep", 30_000)] * 2])):
    print(pid, flush=True)
"""


def test_a_script_needs_no_guard_and_its_workers_die_with_it(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environment)
    pids = {int(process.stdout.readline()) for _ in range(2)}
    time.sleep(0.3)
    process.kill()
    process.wait()
    process.stdout.close()
    for pid in pids:
        wait_until_gone(pid)


def wait_until_gone(pid):
    deadline = time.monotonic() + 60
    while is_running(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_nothing_stays_open():
    before = len(list(Path("/proc/self/fd").iterdir()))
    results([("signal", signal.SIGSEGV), ("times", 1)])
    assert len(list(Path("/proc/self/fd").iterdir())) == before
