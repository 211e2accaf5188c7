"""Peak memory of a worker for pictures at the limits, kind by kind.

    python -m tests.benchmark.memory                         every kind, 100 megapixels
    python -m tests.benchmark.memory png jpeg --megapixels 25
    python -m tests.benchmark.memory --after                 each kind after an ordinary screen: models keep what they once took

Every file is made by a process of its own, then surveyed and redacted by a real worker, which tells the largest resident set that
its kernel saw (VmHWM). Ends with status 1 where a worker took more than the 1,500 MB of docs/explain/threat-model.md.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from deid.batch.sandbox import Sandbox
from deid.batch.tasks import Task, describe, load
from deid.batch.workers import Limits, Lost, Setup, Workers
from deid.keys import load_key
from deid.policy import Policy
from deid.types import PhiText, Source
from tests.benchmark.vast import KINDS, make
from tests.engines.measured import done

PROMISED_MB = 1500
# An ordinary screen, of the size that takes the largest tiles.
SCREEN = "screen"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--megapixels", type=float, default=100.0)
    parser.add_argument("--after", action="store_true", help="an ordinary screen goes through the same worker first")
    chosen = parser.parse_args()
    most = 0.0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DEID_STATE"] = f"{folder}/state"
        print(f"{'kind':22}{'file':>9}{'survey':>9}{'redact':>9}{'CPU':>9}  became")
        for kind in chosen.kinds or KINDS:
            most = max(most, measured(kind, Path(folder), chosen.megapixels, after=chosen.after))
    print(f"the most of any kind: {most:.0f} MB")
    return int(most > PROMISED_MB)


def measured(kind: str, folder: Path, megapixels: float, *, after: bool = False) -> float:
    """Make a file, take it through a worker, print what that took; return the worker's peak in MB."""
    path, place = folder / "file", folder / "place"
    in_its_own_process(kind, path, megapixels)
    tasks = [task("survey", path, place), task("redact", path, place)]
    if after:
        in_its_own_process("png", folder / SCREEN, 1.6)
        tasks.insert(0, task("redact", folder / SCREEN, place))
    answers = through_a_worker(tasks, folder, place)
    size = path.stat().st_size / 1e6
    if isinstance(answers[-1], Lost):
        print(f"{kind:22}{size:6.0f} MB  lost: {answers[-1].code} {answers[-1].detail}", flush=True)
        return float("inf")
    (_, first, _), (status, peak, seconds) = answers[-2:]
    print(f"{kind:22}{size:6.0f} MB{first:6.0f} MB{peak:6.0f} MB{seconds:7.0f} s  {status}", flush=True)
    path.unlink()
    return float(peak)


def in_its_own_process(kind: str, path: Path, megapixels: float) -> None:
    process = multiprocessing.get_context("spawn").Process(target=make, args=(kind, path, megapixels))
    process.start()
    process.join()


def task(what: str, path: Path, place: Path) -> tuple[str, Task]:
    names = (PhiText("case"), PhiText(path.name))
    return what, Task(Source(1, PhiText(str(path))), names, (), "case", "output", place / "clean", place / "held")


def through_a_worker(tasks: list[tuple[str, Task]], folder: Path, place: Path) -> list[Any]:
    """Take tasks through one fresh worker; return what `done` tells of each."""
    for part in ("clean", "held"):
        (place / part).mkdir(parents=True, exist_ok=True)
    policy = Policy()
    sandbox = Sandbox(read=(str(folder),), write=(str(place),))
    setup = Setup(load, (policy, load_key()), describe, sandbox)
    with Workers(1, setup, Limits(policy.max_seconds, policy.max_memory_mb)) as workers:
        return [answer for _, answer in workers.run(done, iter(tasks))]


if __name__ == "__main__":
    sys.exit(main())
