"""What a ready-made process pool does in four situations of ours, beside `deid.batch.workers`.

    pip install pebble && python -m tests.benchmark.pools

Prints a line a situation and pool. Figures: docs/decisions/0004-own-workers.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

PEBBLE = "import multiprocessing, os, signal, time\nfrom pebble import ProcessPool\nspawn = multiprocessing.get_context('spawn')\n"
OURS = """
import os, signal, sys, time
from deid.batch.workers import Limits, Setup, Workers
from tests.engines import jobs
def pool(count=1, load=jobs.load, args=(1,), seconds=600.0):
    return Workers(count, Setup(load, args, jobs.describe), Limits(seconds, 2000))
"""

SITUATIONS = {
    "a script without `if __name__ == '__main__'`": (
        PEBBLE + "print(ProcessPool(1, context=spawn).schedule(abs, (-1,)).result(8))",
        OURS + "print(*pool().run(jobs.work, iter([('times', 1)])))",
    ),
    "a worker dies while it loads its models": (
        PEBBLE + "def die(): os.kill(os.getpid(), signal.SIGSEGV)\n"
        "if __name__ == '__main__':\n    print(ProcessPool(1, initializer=die, context=spawn).schedule(abs, (-1,)).result(8))",
        OURS + "print(pool(load=jobs.load_and_die, args=()).start())",
    ),
    "an idle worker of two is killed": (
        PEBBLE
        + "if __name__ == '__main__':\n    pool = ProcessPool(2, context=spawn)\n    pid = pool.schedule(os.getpid).result(8)\n"
        "    os.kill(pid, signal.SIGKILL)\n    time.sleep(1)\n    print(pool.schedule(abs, (-1,)).result(8))",
        OURS + "two = pool(2)\npid = next(two.run(jobs.work, iter([('sleep', 1)])))[1]\n"
        "os.kill(pid, signal.SIGKILL)\ntime.sleep(1)\nprint(*two.run(jobs.work, iter([('times', 1)])))",
    ),
    "the clock is set forward by an hour during a job with a limit of ten minutes": (
        PEBBLE + "if __name__ == '__main__':\n    job = ProcessPool(1, context=spawn).schedule(time.sleep, (2,), timeout=600)\n"
        "    time.sleep(1)\n    now = time.time\n    time.time = lambda: now() + 3600\n    print(job.result(8))",
        OURS + "now = time.time\ntime.time = lambda: now() + 3600\nprint(*pool().run(jobs.work, iter([('sleep', 2000)])))",
    ),
    "20,000 empty jobs, CPU microseconds of the parent for one": (
        PEBBLE + "if __name__ == '__main__':\n    pool = ProcessPool(2, context=spawn)\n    pool.schedule(abs, (-1,)).result()\n"
        "    begin = time.process_time()\n    jobs = [pool.schedule(abs, (-1,)) for _ in range(20000)]\n"
        "    [job.result() for job in jobs]\n    print(round((time.process_time() - begin) / 20000 * 1e6))",
        OURS + "two = pool(2)\ntwo.start()\nbegin = time.process_time()\n"
        "for _ in two.run(jobs.work, iter([('times', 1)] * 20000)): pass\n"
        "print(round((time.process_time() - begin) / 20000 * 1e6))",
    ),
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for situation, scripts in SITUATIONS.items():
            print(situation)
            for name, script in zip(("pebble", "ours"), scripts, strict=True):
                print(f"  {name:7} {outcome(Path(folder) / f'with_{name}.py', script)}")


def outcome(path: Path, script: str) -> str:
    path.write_text(script)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, str(path)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return "hangs for ever (stopped after 30 s)"
    last = (err.strip().splitlines() or [""])[-1]
    return textwrap.shorten(out.strip() if process.returncode == 0 else f"fails: {last}", 160)


if __name__ == "__main__":
    main()
