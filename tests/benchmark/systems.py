"""The systems under measure: each redacts a folder in a process of its own, and its ledger says what became of every file."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmark.score import Result

ROOT = Path(__file__).parents[2]
PEERS_PYTHON = "BENCHMARK_PEERS_PYTHON"
"""Environment variable: the interpreter of the environment in which the peers' packages are installed."""


@dataclass(frozen=True)
class Run:
    """What a system made of a corpus: a result for each file, CPU seconds of it and its children, its exit status.

    Kept as run.json in the work folder, so that it can be scored again.
    """

    results: dict[str, Result]
    cpu_seconds: float
    exit_status: int


def run_system(name: str, source: Path, work: Path) -> Run:
    """Run a system over a folder; `work` receives its outputs.

    Raises
    ------
    KeyError
        Where no system has this name.
    """
    command, mapped = SYSTEMS[name]
    before = _children()
    threads = {"OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"}
    environment = {**os.environ, **threads, "DEID_STATE": str(work / "state"), "PYTHONPATH": str(ROOT)}
    with (work.parent / f"{work.name}.log").open("w") as log:
        done = subprocess.run(command(source, work / "out"), cwd=ROOT, env=environment, stdout=log, stderr=log, check=False)
    spent = {"cpu_seconds": _children() - before, "exit_status": done.returncode}
    (work / "run.json").write_text(json.dumps(spent), encoding="utf-8")
    return Run(mapped(source, work / "out"), **spent)


def finished_run(name: str, source: Path, work: Path) -> Run:
    """Read what an earlier `run_system` left in `work`."""
    return Run(SYSTEMS[name][1](source, work / "out"), **json.loads((work / "run.json").read_text(encoding="utf-8")))


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _deid(*options: str) -> Callable[[Path, Path], list[str]]:
    return lambda source, out: [
        sys.executable,
        "-m",
        "deid",
        "redact",
        str(source),
        "--out",
        str(out),
        "--jobs",
        "1",
        "--quiet",
        *options,
    ]


def _peer(name: str, python: Callable[[], str]) -> Callable[[Path, Path], list[str]]:
    return lambda source, out: [python(), "-m", f"tests.benchmark.peers.{name}", str(source), str(out)]


def _deid_results(source: Path, out: Path) -> dict[str, Result]:
    """Map by the private ledger; masks come from the audit log."""
    masks = defaultdict(list)
    for record in _rows(out / "audit.jsonl"):
        for region in record.get("regions") or ():
            masks[record["output"]].append((tuple(region["frames"]), tuple(tuple(point) for point in region["polygon"])))
    results = {}
    held = out.with_name(f"{out.name}-held")
    for row in _rows(held / "ledger.jsonl"):
        path = Path(row["input"])
        name = str(path.relative_to(source) if path.is_absolute() else path)
        output = row.get("output")
        draft = next(iter((held / "drafts").glob(f"{row['input_id'][:16]}*")), None)
        results[name] = Result(row["status"], out / output if output else None, tuple(masks[output]) if output else None, draft)
    return results


def _peer_results(_source: Path, out: Path) -> dict[str, Result]:
    return {
        row["input"]: Result(row["status"], out / row["output"] if row["output"] else None) for row in _rows(out / "ledger.jsonl")
    }


def _rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _peers_python() -> str:
    return os.environ.get(PEERS_PYTHON, str(ROOT / ".venv-peers" / "bin" / "python"))


SYSTEMS = {
    "deid": (_deid(), _deid_results),
    "deid-paranoid": (_deid("--policy", "paranoid"), _deid_results),
    "tesseract": (_peer("tesseract", lambda: sys.executable), _peer_results),
    "presidio": (_peer("presidio", _peers_python), _peer_results),
}
"""Command and mapping of each system."""
