"""``python -m tests.benchmark make | run | score | hardest | fonts``: make the corpus, run systems over it, print the tables."""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmark import report
from tests.benchmark.corpus import PARTS, SUITES, make_corpus
from tests.benchmark.fonts import FontsMissing, packages
from tests.benchmark.gallery import write_gallery
from tests.benchmark.hardest import write_hardest
from tests.benchmark.score import Result, score_file
from tests.benchmark.systems import SYSTEMS, Run, finished_run, run_system
from tests.benchmark.truth import Truth, load_truth


def main() -> int:
    """Run the command line; return its exit status."""
    options = _options()
    if options.command == "fonts":
        print(" ".join(packages()))
        return 0
    work = options.work or Path(tempfile.mkdtemp(prefix="benchmark-"))
    if options.command == "score":
        _report(options, work, load_truth(work), finished_run)
        return 0
    if options.command == "hardest" and (work / "truth.json").exists():
        for system in options.systems:
            _hardest(system, work, load_truth(work), finished_run)
        return 0
    try:
        truths = make_corpus(work, options.seed, options.part, options.suites, options.limit)
    except FontsMissing as error:
        print(error, file=sys.stderr)
        return 3
    print(
        f"{len(truths)} pictures, {sum(line.identifying for truth in truths for line in truth.lines)} identifying lines in {work}"
    )
    if options.command == "run":
        _report(options, work, truths, _fresh_run)
    if options.command == "hardest":
        for system in options.systems:
            _hardest(system, work, truths, _fresh_run)
    return 0


Runner = Callable[[str, Path, Path], Run]


def _report(options: argparse.Namespace, work: Path, truths: list[Truth], runner: Runner) -> None:
    scored = [_scored(system, work, truths, runner) for system in options.systems]
    print(f"\nseed {options.seed}, part {options.part}, {dt.date.today().isoformat()}\n")
    print(report.table(scored) + "\n\n" + report.categories(scored))
    for one in scored:
        (work / f"{one.system}-worst.txt").write_text(report.worst(one, 400) + "\n", encoding="utf-8")
        if options.gallery:
            write_gallery(work, one, work / f"{one.system}-gallery")


def _hardest(system: str, work: Path, truths: list[Truth], runner: Runner) -> None:
    write_hardest(work, truths, runner(system, work / "input", work / system).results, work / f"{system}-hardest")


def _fresh_run(system: str, source: Path, work: Path) -> Run:
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    return run_system(system, source, work)


def _scored(system: str, work: Path, truths: list[Truth], runner: Runner) -> report.Scored:
    run = runner(system, work / "input", work / system)
    print(f"{system}: exit status {run.exit_status}, {run.cpu_seconds:.0f} CPU s", file=sys.stderr)
    scores = tuple(score_file(truth, work / "input" / truth.file, run.results.get(truth.file, Result("lost"))) for truth in truths)
    return report.Scored(system, scores, run.cpu_seconds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark", description=__doc__)
    parser.add_argument(
        "command",
        choices=("make", "run", "score", "hardest", "fonts"),
        help="score: what an earlier run left in --work; hardest: the same, or of a run of its own where there is none",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", choices=PARTS, default="measure", help="tune while building, measure for figures")
    parser.add_argument("--suites", type=lambda text: tuple(text.split(",")), default=tuple(SUITES), help=",".join(SUITES))
    parser.add_argument("--limit", type=int, help="most pictures of a suite")
    parser.add_argument("--systems", type=lambda text: text.split(","), default=["deid"], help=",".join(SYSTEMS))
    parser.add_argument("--work", type=Path, help="folder for corpus and outputs; a temporary one otherwise")
    parser.add_argument("--gallery", action="store_true", help="write before-and-after pictures with what was left marked")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
