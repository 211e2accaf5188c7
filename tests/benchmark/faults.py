"""Faults in numbers: crashes, hangs, memory bombs, kills at random moments, many files, an idle watcher.

    python -m tests.benchmark.faults mixed            500 files, 10 of them crash, 10 hang, 10 take all memory
    python -m tests.benchmark.faults kills            1,000 files; the run is killed 100 times at random moments
    python -m tests.benchmark.faults many             100,000 files: memory and time of the bookkeeping
    python -m tests.benchmark.faults idle             CPU of a watcher with 10,000 files that are done
    python -m tests.benchmark.faults scaling          one worker against two
    python -m tests.benchmark.faults audit            records written and checked a second

The pictures are of paper (`tests/engines/paper_line.py`), the workers, the ledger, the audit log and the release are the real ones.
Each prints its figures and ends with status 1 where something was lost. Figures: docs/explain/threat-model.md, docs/guide/scale.md.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from deid.audit import AuditLog, RunFacts, check, record_from
from deid.batch import Options, run_with
from deid.keys import load_key
from deid.policy import Policy
from deid.types import Finding, Outcome, PhiCategory, PhiText, Plan, Reason, Region, Source, Status
from deid.watch import Times, WatchOptions, watch
from tests.engines.paper_line import PAPER

FAULTS = ("crash", "hang", "bomb")
# Limits are of the clock, and the machine may be busy.
POLICY = Policy(max_seconds=10.0, max_memory_mb=1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=sorted(COMMANDS))
    parser.add_argument("--files", type=int, default=0, help="another number of files")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=5, help="pairs of runs of `scaling`")
    parser.add_argument("--waiting", action="store_true", help="`scaling` with files that wait instead of files that compute")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DEID_STATE"] = f"{folder}/state"
        sys.exit(COMMANDS[chosen.what](Path(folder), chosen))


def mixed(folder: Path, chosen: argparse.Namespace) -> int:
    files = chosen.files or 500
    kinds = [*[fault for fault in FAULTS for _ in range(files // 50)]]
    kinds += ["good"] * (files - len(kinds))
    random.Random(chosen.seed).shuffle(kinds)
    make(folder / "case", [f"{kind} {number}" for number, kind in enumerate(kinds)])
    begin = time.monotonic()
    outcomes = list(run_with([folder / "case"], folder / "clean", POLICY, Options(work=PAPER, jobs=2)))
    seconds = time.monotonic() - begin
    wanted = Counter({"clean": kinds.count("good"), "crash": files // 50, "timeout": files // 50, "memory": files // 50})
    found = Counter(outcome.reasons[0].code if outcome.reasons else outcome.status.value for outcome in outcomes)
    blamed = sum(
        {"crash": "crash", "timeout": "hang", "memory": "bomb"}[outcome.reasons[0].code] == kinds[outcome.source.number - 1]
        for outcome in sorted(outcomes, key=lambda outcome: outcome.source.path.reveal())
        if outcome.reasons
    )
    sound = check(folder / "clean", load_key()).sound
    print(f"{files} files in {seconds:.0f} s: {dict(found)}; audit {'sound' if sound else 'BROKEN'}; {blamed} rightly named")
    return 0 if found == wanted and sound and blamed == 3 * (files // 50) else 1


def kills(folder: Path, chosen: argparse.Namespace) -> int:
    files = chosen.files or 1000
    texts = [f"picture {number}" for number in range(files)]
    make(folder / "case", texts)
    list(run_with([folder / "case"], folder / "unbroken", POLICY, Options(work=PAPER, jobs=2)))
    unbroken = outputs(folder / "unbroken")
    chance = random.Random(chosen.seed)
    wrong: set[str] = set()
    killed = finished = looks = 0
    clean = folder / "clean"
    with Looking(clean, set(unbroken.values())) as looking:
        while killed < chosen.kills:
            process = subprocess.Popen([sys.executable, "-m", "tests.benchmark.faults_run", str(folder / "case"), str(clean)])
            try:
                process.wait(timeout=0.4 + chance.random() * 1.2)
                finished += 1
                # All is done: begin anew, so that the kills that are left meet work.
                subprocess.run(["rm", "-rf", str(clean), f"{clean}-held"], check=True)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                killed += 1
        wrong, looks = looking.wrong, looking.looks
    list(run_with([folder / "case"], clean, POLICY, Options(work=PAPER, jobs=2)))
    report = check(clean, load_key())
    same = outputs(clean) == unbroken
    print(
        f"{files} files, {killed} kills, {finished} runs that came to their end meanwhile; outputs "
        f"{'byte-identical' if same else 'DIFFERENT'}; {report.clean} current clean records; audit "
        f"{'sound' if report.sound else 'BROKEN'}; {looks} looks at the clean folder, {len(wrong)} files not as they should be"
    )
    return 0 if same and report.sound and report.clean == files and not wrong else 1


class Looking:
    """Looks at the clean folder all the time: whatever file is there must be whole."""

    def __init__(self, clean: Path, wanted: set[bytes]) -> None:
        self._clean = clean
        self._wanted = wanted
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.looks = 0
        self.wrong: set[str] = set()

    def __enter__(self) -> Looking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(0.05):
            self.looks += 1
            for name, data in outputs(self._clean).items():
                if data not in self._wanted:
                    self.wrong.add(name)


def many(folder: Path, chosen: argparse.Namespace) -> int:
    files = chosen.files or 100_000
    make(folder / "case", (f"picture {number}" for number in range(files)), a_folder=1000)
    begin = time.process_time()
    peaks = []
    for done, _ in enumerate(run_with([folder / "case"], folder / "clean", POLICY, Options(work=PAPER, jobs=2)), start=1):
        if done % (files // 10) == 0:
            peaks.append(resident())
            print(f"{done} files: {peaks[-1]:.0f} MB in the parent", flush=True)
    used = time.process_time() - begin
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.process_time()
    again = sum(1 for _ in run_with([folder / "case"], folder / "clean", POLICY, Options(work=PAPER, jobs=2)))
    resumed = time.process_time() - begin
    print(
        f"{files} files: {used / files * 1e3:.2f} ms CPU a file in the parent, "
        f"{(children.ru_utime + children.ru_stime) / files * 1e3:.2f} ms in workers that draw nothing; "
        f"a second run over {again} files that are done: {resumed / files * 1e3:.2f} ms a file"
    )
    return 0 if peaks[-1] < peaks[0] * 1.5 + 20 else 1


def idle(folder: Path, chosen: argparse.Namespace) -> int:
    files = chosen.files or 10_000
    make(folder / "drop", (f"picture {number}" for number in range(files)))
    options = Options(work=PAPER, jobs=2)
    quick = Times(settle=0.5, settle_growing=0.5)
    for _ in watch(folder / "drop", folder / "clean", POLICY, WatchOptions(once=True, times=quick, batch=options)):
        pass
    stop = threading.Event()
    measured: list[float] = []

    def measure() -> None:
        time.sleep(20.0)
        begin = time.process_time()
        time.sleep(chosen.seconds)
        measured.append((time.process_time() - begin) / chosen.seconds)
        stop.set()

    threading.Thread(target=measure).start()
    for _ in watch(folder / "drop", folder / "clean", POLICY, WatchOptions(stop=stop, batch=options)):
        pass
    print(f"{files} files that are done: {measured[0]:.2%} of a core over {chosen.seconds:.0f} s")
    return 0 if measured[0] < 0.01 else 1


def scaling(folder: Path, chosen: argparse.Namespace) -> int:
    files = chosen.files or 200
    # Waiting needs no core: so the hand-out is measured where other programs have the cores.
    kind, what = ("slow", "0.3 s of waiting") if chosen.waiting else ("burn", "0.1 s CPU")
    make(folder / "case", (f"{kind} {number}" for number in range(files)))
    times = []
    for pair in range(chosen.pairs):
        seconds = {jobs: timed(folder / "case", folder / f"clean{jobs}-{pair}", jobs) for jobs in (1, 2)}
        times.append(seconds[1] / seconds[2])
        print(f"{files} files of {what}: {seconds[1]:.1f} s with one worker, {seconds[2]:.1f} s with two: {times[-1]:.2f} times")
    middle = statistics.median(times)
    print(f"{chosen.pairs} pairs: {min(times):.2f} to {max(times):.2f}, median {middle:.2f} times as fast with two workers")
    return 0 if middle >= 1.8 else 1


def timed(case: Path, clean: Path, jobs: int) -> float:
    """Seconds of a whole run, starts and all."""
    begin = time.monotonic()
    list(run_with([case], clean, POLICY, Options(work=PAPER, jobs=jobs)))
    return time.monotonic() - begin


def audit(folder: Path, chosen: argparse.Namespace) -> int:
    records = chosen.files or 20_000
    region = Region.from_box((10, 20, 110, 40), (0, 1))
    findings = tuple(Finding(PhiCategory.NAME, region, 0.98, "known:PatientName") for _ in range(8))
    outcome = Outcome(
        Source(1, PhiText("x")),
        Status.FAILED,
        "ab" * 32,
        "png",
        "c" * 12,
        plan=Plan(findings=findings),
        reasons=(Reason("broken"),),
    )
    begin = time.process_time()
    log = AuditLog(folder, load_key(), RunFacts(POLICY, "0"))
    for _ in range(records):
        log.append(record_from(outcome))
    log.close()
    written, begin = records / (time.process_time() - begin), time.process_time()
    report = check(folder, load_key())
    checked = records / (time.process_time() - begin)
    size = (folder / "audit.jsonl").stat().st_size / records
    print(f"{records} records of {size:.0f} bytes with 8 regions: {written:,.0f} written, {checked:,.0f} checked a second of CPU")
    return 0 if report.sound and checked > 20_000 else 1


def make(folder: Path, texts: object, a_folder: int = 10**9) -> None:
    for number, text in enumerate(texts):  # type: ignore[call-overload]
        place = folder / f"{number // a_folder:04}" if a_folder < 10**9 else folder
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:06}.png").write_text(text)


def outputs(clean: Path) -> dict[str, bytes]:
    found = {}
    for path in clean.rglob("*.txt") if clean.is_dir() else ():
        try:
            found[path.relative_to(clean).as_posix()] = path.read_bytes()
        except FileNotFoundError:
            continue
    return found


def resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


COMMANDS = {"audit": audit, "mixed": mixed, "kills": kills, "many": many, "idle": idle, "scaling": scaling}

if __name__ == "__main__":
    main()
