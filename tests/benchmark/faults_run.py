"""One run with the line of paper, to be killed from outside: ``python -m tests.benchmark.faults_run CASE OUT``."""

from __future__ import annotations

import sys
from pathlib import Path

from deid.batch import Options, run_with
from tests.benchmark.faults import POLICY
from tests.engines.paper_line import PAPER

if __name__ == "__main__":
    for _ in run_with([Path(sys.argv[1])], Path(sys.argv[2]), POLICY, Options(work=PAPER, jobs=2)):
        pass
